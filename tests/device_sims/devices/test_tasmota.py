"""The fake Tasmota: topics, payloads and answers as the vendor documents them."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from device_sims.devices import Moment, View, make
from device_sims.sensing import Lost, Sampled

START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
FIELDS = {
    "air": {"field": "DS18B20-1", "id": "2A01143C75F2"},
    "product": {"field": "DS18B20-2", "id": "2A0114572B8D"},
    "signal": {"field": "Wifi", "id": ""},
}


def view(air: Sampled = 3.4, product: Sampled = 3.1, wrong_by_h: float | None = None) -> View:
    """Return a board ten seconds after the run's start."""
    moment = Moment(START, ZoneInfo("Europe/Paris"), 10, 93_784, wrong_by_h)
    return View(moment, {"air": air, "product": product, "signal": -61.0})


def sensors(one: View) -> dict[str, object]:
    """Return the SENSOR message."""
    topic, payload, retain = make("tasmota", "kitchen-sim", FIELDS).report(one)[-1]
    assert (topic, retain) == ("tele/kitchen-sim/SENSOR", False)
    body: dict[str, object] = json.loads(payload)
    return body


def test_sensor_is_the_vendors_object() -> None:
    """Time with offset, one object a probe with its Id, the unit at the end."""
    assert sensors(view()) == {
        "Time": "2026-11-23T08:30:10+01:00",
        "DS18B20-1": {"Id": "2A01143C75F2", "Temperature": 3.4},
        "DS18B20-2": {"Id": "2A0114572B8D", "Temperature": 3.1},
        "TempUnit": "C",
    }


def test_an_unplugged_probe_is_null_and_the_other_stays() -> None:
    """None may change other measures of the same device."""
    body = sensors(view(product=Lost.UNPLUGGED))
    assert body["DS18B20-1"] == {"Id": "2A01143C75F2", "Temperature": 3.4}
    assert body["DS18B20-2"] == {"Id": "2A0114572B8D", "Temperature": None}


def test_a_dropped_sample_is_absent() -> None:
    """The object of the probe is not there."""
    assert "DS18B20-2" not in sensors(view(product=Lost.DROPPED))


def test_nothing_is_said_when_every_sample_was_dropped() -> None:
    """A message without a value would say nothing."""
    assert make("tasmota", "kitchen-sim", FIELDS).report(view(Lost.DROPPED, Lost.DROPPED)) == []


@pytest.mark.parametrize(
    ("wrong_by_h", "time"),
    [(1.0, "2026-11-23T09:30:10+01:00"), (0.0, "1970-01-02T02:03:04")],
    ids=["ahead", "never set"],
)
def test_a_wrong_clock_shows_in_time_alone(wrong_by_h: float, time: str) -> None:
    """An hour ahead, or counting from 1970 and without offset."""
    assert {**sensors(view(wrong_by_h=wrong_by_h)), "Time": ""} == {**sensors(view()), "Time": ""}
    assert sensors(view(wrong_by_h=wrong_by_h))["Time"] == time


def test_it_is_born_online_and_its_will_says_offline() -> None:
    """Both retained on LWT."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    assert device.birth(view())[0] == ("tele/kitchen-sim/LWT", b"Online", True)
    assert device.will == ("tele/kitchen-sim/LWT", b"Offline", True)
    assert device.uid == "tasmota:kitchen-sim"


def test_state_tells_uptime_and_signal() -> None:
    """RSSI is a percentage, Signal dBm."""
    topic, payload, _ = make("tasmota", "kitchen-sim", FIELDS).birth(view())[1]
    body = json.loads(payload)
    assert topic == "tele/kitchen-sim/STATE"
    assert (body["Uptime"], body["UptimeSec"]) == ("1T02:03:04", 93_784)
    assert (body["Wifi"]["RSSI"], body["Wifi"]["Signal"]) == (78, -61)


@pytest.mark.parametrize("number", ["8", "10"])
def test_status_answers_with_the_sensors(number: str) -> None:
    """`cmnd/<t>/Status 8` → `stat/<t>/STATUS8 {"StatusSNS": …}`."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    (packet,) = device.command(view(), "cmnd/kitchen-sim/Status", number.encode()).packets
    assert packet.topic == f"stat/kitchen-sim/STATUS{number}"
    assert json.loads(packet.payload) == {"StatusSNS": sensors(view())}


@pytest.mark.parametrize(
    ("payload", "period_s"), [(b"", 60), (b"30", 30), (b"1", 10), (b"99999999", 3600), (b"often", 60), (b"0", 60)]
)
def test_tele_period_is_set_within_the_firmwares_bounds(payload: bytes, period_s: int) -> None:
    """An empty payload asks; 10 to 3600 s; anything else changes nothing."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    now = View(view().now, view().values, period_s=60)
    reply = device.command(now, "cmnd/kitchen-sim/TelePeriod", payload)
    assert json.loads(reply.packets[0].payload) == {"TelePeriod": period_s}
    assert reply.period_s == period_s


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"x" * 10_000])
def test_an_unknown_command_is_answered_so(payload: bytes) -> None:
    """As the firmware does."""
    reply = make("tasmota", "kitchen-sim", FIELDS).command(view(), "cmnd/kitchen-sim/Explode", payload)
    assert json.loads(reply.packets[0].payload) == {"Command": "Unknown"}
