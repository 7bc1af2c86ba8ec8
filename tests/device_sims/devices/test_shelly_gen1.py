"""The fake Shelly of the first generation: one value a topic, as the vendor prints them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled


def gen1(options: dict[str, Any] | None = None, /, **tails: str) -> Device:
    """Return a device; `tails`: channel → tail of its topic."""
    return make("shelly_gen1", "a-sim", {name: {"field": tail, "id": ""} for name, tail in tails.items()}, options)


def seen(order: dict[str, float] | None = None, /, **values: Sampled) -> View:
    """Return what it sees."""
    return View(Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60), values, order or {})


@pytest.mark.parametrize(
    ("tail", "value", "text"),
    [
        ("relay/0", 0.0, b"off"),
        ("relay/1", 1.0, b"on"),
        ("input/0", 0.0, b"0"),
        ("relay/0/power", 60.254, b"60.25"),
        ("relay/0/energy", 2000.0, b"120000"),
        ("emeter/0/power", 0.0, b"0.00"),
        ("emeter/0/pf", -0.001, b"0.00"),
        ("emeter/1/current", 0.01, b"0.01"),
        ("emeter/0/total", 0.0, b"0.0"),
        ("sensor/humidity", 54.5, b"54.5"),
        ("sensor/battery", 88.0, b"88"),
        ("sensor/ext_power", 1.0, b"true"),
        ("sensor/flood", 0.0, b"false"),
        ("sensor/state", 1.0, b"open"),
        ("sensor/state", 0.0, b"close"),
    ],
)
def test_a_value_is_the_documents_text(tail: str, value: float, text: bytes) -> None:
    """wire_formats.md §2; a relay's energy counts watt-minutes."""
    assert gen1(x=tail).report(seen(x=value)) == [Packet(f"shellies/a-sim/{tail}", text)]


def test_the_chips_temperature_comes_in_both_units() -> None:
    """`temperature` and `temperature_f`."""
    assert [packet.payload for packet in gen1(t="temperature").report(seen(t=41.5))] == [b"41.50", b"106.70"]


@pytest.mark.parametrize("lost", Lost)
def test_what_was_not_read_is_not_said(lost: Lost) -> None:
    """The first generation has no word for it; the others stay."""
    packets = gen1(t="sensor/temperature", rh="sensor/humidity").report(seen(t=lost, rh=50.0))
    assert [packet.topic for packet in packets] == ["shellies/a-sim/sensor/humidity"]


def test_it_comes_online_announces_itself_and_tells_its_signal() -> None:
    """The printed keys of `announce`; nothing on the topic that everybody shares."""
    online, announce, info, *_ = gen1({"model": "SHSW-1"}, on="relay/0", dbm="rssi").birth(seen(on=1.0, dbm=-58.0))
    assert online == Packet("shellies/a-sim/online", b"true", retain=True)
    body = json.loads(announce.payload)
    assert announce.topic == "shellies/a-sim/announce"
    assert list(body) == ["id", "model", "mac", "ip", "new_fw", "fw_ver"]
    assert (body["id"], body["model"], len(body["mac"])) == ("a-sim", "SHSW-1", 12)
    assert json.loads(info.payload)["wifi_sta"]["rssi"] == -58


def test_its_will_says_false() -> None:
    """Retained."""
    assert gen1(on="relay/0").will == Packet("shellies/a-sim/online", b"false", retain=True)


@pytest.mark.parametrize(
    ("payload", "was_on", "wanted"),
    [(b"on", False, 1.0), (b"off", True, 0.0), (b"toggle", True, 0.0), (b"on", True, 1.0)],
)
def test_a_relay_obeys_and_says_its_state_once(payload: bytes, wanted: float, *, was_on: bool) -> None:
    """`…/relay/0/command` → an order and `…/relay/0`."""
    device = gen1(on="relay/0", w="relay/0/power")
    reply = device.command(seen(on=float(was_on), w=10.0), "shellies/a-sim/relay/0/command", payload)
    assert reply.orders == {"on": wanted}
    assert reply.packets == (Packet("shellies/a-sim/relay/0", b"on" if wanted else b"off"),)
    after = seen({"on": wanted}, on=wanted, w=0.0)
    assert device.changed(after, frozenset({"on", "w"})) == [Packet("shellies/a-sim/relay/0/power", b"0.00")]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"ON", b"1", b"announce"])
def test_what_is_no_word_of_a_relay_moves_nothing(payload: bytes) -> None:
    """No order, no answer."""
    reply = gen1(on="relay/0").command(seen(on=1.0), "shellies/a-sim/relay/0/command", payload)
    assert (reply.orders, reply.packets) == ({}, ())


@pytest.mark.parametrize("topic", ["shellies/command", "shellies/a-sim/command"])
def test_everybody_is_asked_and_it_answers(topic: str) -> None:
    """`announce` → who it is, `update` → every value; anything else is ignored."""
    device, now = gen1(on="relay/0"), seen(on=1.0)
    answers = {
        word: [packet.topic for packet in device.command(now, topic, word.encode()).packets]
        for word in ("announce", "update", "explode")
    }
    assert answers == {
        "announce": ["shellies/a-sim/announce"],
        "update": ["shellies/a-sim/info", "shellies/a-sim/relay/0"],
        "explode": [],
    }
    assert topic in device.commands


@pytest.mark.parametrize("tail", ["power", "relay/0/colour", "relay/x/power", "sensor"])
def test_a_tail_that_is_none_is_refused(tail: str) -> None:
    """With the channel's name."""
    with pytest.raises(SimulationError, match=r"channels\.x\.field"):
        gen1(x=tail)
