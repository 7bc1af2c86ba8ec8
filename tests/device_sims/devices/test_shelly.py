"""The fake Shelly Plus 1PM: JSON-RPC notifications, partial, and its answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.sensing import Lost, Sampled

FIELDS = {
    "power": {"field": "apower", "id": ""},
    "energy": {"field": "aenergy", "id": ""},
    "defrost": {"field": "input", "id": ""},
    "switch": {"field": "output", "id": ""},
    "voltage": {"field": "voltage", "id": ""},
    "chip": {"field": "temperature", "id": ""},
    "rssi": {"field": "rssi", "id": ""},
}
VALUES: dict[str, Sampled] = {
    "power": 1001.5,
    "energy": 1234.5,
    "defrost": 0.0,
    "switch": 1.0,
    "voltage": 231.0,
    "chip": 41.0,
    "rssi": -58.0,
}


def device() -> Device:
    """Return a relay."""
    return make("shelly", "pump-sim", FIELDS)


def view(wrong_by_h: float | None = None, *, on: bool = True, **values: Sampled) -> View:
    """Return the relay on 2026-11-23 at 07:30:00 UTC, a minute after its boot."""
    moment = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, 0, 60, wrong_by_h)
    return View(moment, VALUES | values, {"switch": float(on)})


def body(packet: Packet) -> dict[str, Any]:
    """Return a packet's JSON."""
    found: dict[str, Any] = json.loads(packet.payload)
    return found


def test_it_is_born_online_with_a_full_status() -> None:
    """`online` true retained, then NotifyFullStatus with every component."""
    online, full = device().birth(view())
    assert online == ("pump-sim/online", b"true", True)
    assert device().will == ("pump-sim/online", b"false", True)
    assert full.topic == "pump-sim/events/rpc"
    assert body(full)["method"] == "NotifyFullStatus"
    assert body(full)["src"] == "pump-sim"
    assert {"switch:0", "input:0", "sys", "wifi"} <= body(full)["params"].keys()


def test_a_minute_brings_the_meter_and_the_counter() -> None:
    """NotifyStatus with ts in run time, apower, voltage, current, aenergy in Wh and by_minute in mWh."""
    one = device()
    one.report(view(energy=1217.8))
    (packet,) = one.report(view())
    params = body(packet)["params"]
    assert params["ts"] == datetime(2026, 11, 23, 7, 30, tzinfo=UTC).timestamp()
    switch = params["switch:0"]
    assert (switch["apower"], switch["voltage"], switch["current"]) == (1001.5, 231.0, 4.335)
    assert switch["aenergy"]["total"] == 1234.5
    assert switch["aenergy"]["by_minute"][0] == pytest.approx(16_700, abs=0.1)
    assert switch["temperature"] == {"tC": 41.0, "tF": 105.8}
    assert "output" not in switch


@pytest.mark.parametrize(
    ("channel", "component", "keys"),
    [("power", "switch:0", {"id", "apower", "voltage", "current"}), ("defrost", "input:0", {"id", "state"})],
)
def test_a_change_tells_only_what_changed(channel: str, component: str, keys: set[str]) -> None:
    """Partial: the other components are not there."""
    (packet,) = device().changed(view(), frozenset({channel}))
    params = body(packet)["params"]
    assert params.keys() == {"ts", component}
    assert params[component].keys() == keys


def test_a_clock_never_set_counts_seconds_since_boot() -> None:
    """A small `ts`, as before the clock is set."""
    (packet,) = device().report(view(wrong_by_h=0))
    assert body(packet)["params"]["ts"] == 60


def test_a_failed_meter_is_null_with_errors() -> None:
    """As the vendor says a failed probe."""
    (packet,) = device().report(view(power=Lost.UNPLUGGED))
    switch = body(packet)["params"]["switch:0"]
    assert switch["apower"] is None
    assert switch["errors"] == ["power_meter_failure"]
    assert switch["voltage"] == 231.0


def ask(payload: object) -> list[Packet]:
    """Return the answers to a request."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(device().command(view(), "pump-sim/rpc", raw).packets)


def test_get_status_is_answered_on_the_askers_topic() -> None:
    """`{"id":1,"src":"hub","method":"Shelly.GetStatus"}` → `hub/rpc`."""
    (answer,) = ask({"id": 1, "src": "hub-7", "method": "Shelly.GetStatus"})
    assert answer.topic == "hub-7/rpc"
    assert (body(answer)["id"], body(answer)["src"], body(answer)["dst"]) == (1, "pump-sim", "hub-7")
    assert body(answer)["result"]["switch:0"]["apower"] == 1001.5


def test_switch_set_answers_and_orders_the_actuator() -> None:
    """The report follows when the actuator has obeyed."""
    request = json.dumps({"id": 2, "src": "hub", "method": "Switch.Set", "params": {"id": 0, "on": False}}).encode()
    reply = device().command(view(), "pump-sim/rpc", request)
    assert body(reply.packets[0])["result"] == {"was_on": True}
    assert reply.orders == {"switch": 0.0}
    (report,) = device().changed(view(on=False, power=0.0), frozenset({"switch", "power"}))
    assert body(report)["params"]["switch:0"]["output"] is False


@pytest.mark.parametrize(
    ("request_body", "code"),
    [
        ({"id": 3, "src": "hub", "method": "Switch.Set", "params": {"id": 0, "on": "yes"}}, -103),
        ({"id": 3, "src": "hub", "method": "Switch.Set", "params": {"id": 1, "on": True}}, -103),
        ({"id": 3, "src": "hub", "method": "Shelly.Explode"}, 404),
    ],
)
def test_a_wrong_request_is_answered_with_an_error(request_body: object, code: int) -> None:
    """JSON-RPC error object."""
    (answer,) = ask(request_body)
    assert body(answer)["error"]["code"] == code


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"id":1}',
        b'{"method":1}',
        b'{"id":1,"method":"Shelly.GetStatus"}',
        b'{"id":1,"src":"a/#","method":"Shelly.GetStatus"}',
    ],
)
def test_what_is_no_request_gets_no_answer(payload: bytes) -> None:
    """Broken JSON, no `src`, or one that is no topic."""
    assert ask(payload) == []
