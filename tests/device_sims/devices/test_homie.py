"""The fake Homie device: how both versions of the convention describe, report, and are told."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

ENGINE = {"engine/temperature": {"unit": "°C", "format": "-20:120"}}
every_version = pytest.mark.parametrize("version", [4, 5])


def homie(version: int, properties: dict[str, Any] | None = None, /, **fields: str) -> Device:
    """Return a device; `fields`: channel → `<node>/<property>`."""
    settings = {name: {"field": field, "id": ""} for name, field in fields.items()}
    return make("homie", "car-sim", settings, {"version": version, "properties": properties or {}})


def seen(order: dict[str, float] | None = None, /, **values: Sampled) -> View:
    """Return what it sees."""
    return View(Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60), values, order or {})


def texts(packets: list[Packet]) -> dict[str, str]:
    """Return topic below the device → text; all of it is retained."""
    assert all(packet.retain for packet in packets)
    return {packet.topic.split("car-sim/")[1]: packet.payload.decode() for packet in packets}


def test_version_4_describes_each_attribute_on_its_topic() -> None:
    """wire_formats.md §8: `$unit` °C, `$datatype` float, `$format` -20:120, `$settable` false."""
    packets = homie(4, ENGINE, t="engine/temperature", on="lights/on").birth(seen(t=21.5, on=0.0))
    assert packets[0] == Packet("homie/car-sim/$state", b"init", retain=True)
    assert packets[-1] == Packet("homie/car-sim/$state", b"ready", retain=True)
    found = texts(packets)
    assert {name: text for name, text in found.items() if name.startswith("engine/temperature/$")} == {
        "engine/temperature/$name": "Temperature",
        "engine/temperature/$datatype": "float",
        "engine/temperature/$unit": "°C",
        "engine/temperature/$format": "-20:120",
        "engine/temperature/$settable": "false",
    }
    assert (found["$homie"], found["$nodes"], found["$extensions"]) == ("4.0.0", "engine,lights", "")
    assert found["lights/on/$settable"] == "true"
    assert (found["engine/temperature"], found["lights/on"]) == ("21.5", "false")


def test_version_5_describes_itself_in_one_document() -> None:
    """`homie` and `version` are required; the property is the convention's own example."""
    packets = homie(5, ENGINE, t="engine/temperature").birth(seen(t=21.5))
    assert [packet.topic for packet in packets] == [
        f"homie/5/car-sim/{name}" for name in ("$state", "$description", "engine/temperature", "$state")
    ]
    described = json.loads(packets[1].payload)
    assert described["homie"] == "5.0"
    assert isinstance(described["version"], int)
    assert described["nodes"]["engine"]["properties"]["temperature"] == {
        "name": "Temperature",
        "datatype": "float",
        "unit": "°C",
        "format": "-20:120",
    }


def test_another_description_has_another_version() -> None:
    """And the same one has the same."""
    versions = [
        json.loads(homie(5, None, t=field).birth(seen(t=1.0))[1].payload)["version"]
        for field in ("engine/temperature", "engine/temperature", "engine/humidity")
    ]
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize(("version", "topic"), [(4, "homie/car-sim/$state"), (5, "homie/5/car-sim/$state")])
def test_its_will_says_lost(version: int, topic: str) -> None:
    """Retained, on `$state`."""
    assert homie(version, None, t="engine/temperature").will == Packet(topic, b"lost", retain=True)


@every_version
def test_only_numbers_speak_at_the_period(version: int) -> None:
    """A boolean tells its changes."""
    device = homie(version, None, t="engine/temperature", open="hood/open")
    device.birth(seen(t=20.0, open=0.0))
    assert texts(device.report(seen(t=20.5, open=0.0))) == {"engine/temperature": "20.5"}
    assert texts(device.changed(seen(t=20.5, open=1.0), frozenset({"open"}))) == {"hood/open": "true"}


@every_version
def test_what_is_set_is_reported_once(version: int) -> None:
    """`…/set` → an order and the value; version 5 says first where it is going."""
    device = homie(version, None, on="lights/on")
    device.birth(seen(on=0.0))
    reply = device.command(seen(on=0.0), device.commands[0], b"true")
    assert reply.orders == {"on": 1.0}
    assert [packet.topic.split("car-sim/")[1] for packet in reply.packets] == [
        *(["lights/on/$target"] if version == 5 else []),
        "lights/on",
    ]
    assert device.changed(seen({"on": 1.0}, on=1.0), frozenset({"on"})) == []


@pytest.mark.parametrize("payload", [b"", b"TRUE", b"on", b"1", b"\xff"])
def test_nothing_but_true_and_false_is_a_boolean(payload: bytes) -> None:
    """The convention is strict, and so is the device."""
    device = homie(4, None, on="lights/on")
    assert device.command(seen(on=0.0), device.commands[0], payload) == ((), {}, None)


@pytest.mark.parametrize(
    ("datatype", "payload", "order"),
    [
        ("float", b"21.5", 21.5),
        ("float", b"2.15e1", 21.5),
        ("float", b"31", None),
        ("float", b"nan", None),
        ("float", b"1_0", None),
        ("float", b"1" * 400, None),
        ("integer", b"20", 20.0),
        ("integer", b"21.5", None),
    ],
)
def test_a_number_is_set_within_its_datatype_and_format(datatype: str, payload: bytes, order: float | None) -> None:
    """`5:30`; what does not fit is ignored."""
    device = homie(4, {"heater/goal": {"datatype": datatype, "format": "5:30", "settable": True}}, goal="heater/goal")
    reply = device.command(seen(goal=19.0), "homie/car-sim/heater/goal/set", payload)
    assert reply.orders == ({} if order is None else {"goal": order})


def test_a_measure_is_scaled_there_and_back() -> None:
    """Wh inside, kWh on the wire."""
    device = homie(4, {"meter/energy": {"scale": 0.001, "decimals": 3, "settable": True}}, wh="meter/energy")
    assert texts(device.report(seen(wh=1234.0))) == {"meter/energy": "1.234"}
    assert device.command(seen(wh=0.0), "homie/car-sim/meter/energy/set", b"2.5").orders == {"wh": 2500.0}


def test_a_failing_probe_is_an_alert_until_it_answers() -> None:
    """Version 4: `$state`; version 5: `$alert/…`, taken back by an empty payload. Said once each time."""
    four, five = homie(4, None, t="engine/temperature"), homie(5, None, t="engine/temperature")
    failed, well = seen(t=Lost.UNPLUGGED), seen(t=20.0)
    said = [[texts(device.report(view)) for view in (failed, failed, well)] for device in (four, five)]
    assert said[0] == [{"$state": "alert"}, {}, {"engine/temperature": "20.0", "$state": "ready"}]
    alert = "$alert/engine-temperature"
    assert said[1] == [{alert: "engine/temperature does not answer"}, {}, {"engine/temperature": "20.0", alert: ""}]
    assert f"homie/5/car-sim/{alert}" in five.retained


def test_a_dropped_sample_is_no_failure() -> None:
    """It says nothing."""
    assert homie(4, None, t="engine/temperature").report(seen(t=Lost.DROPPED)) == []


@pytest.mark.parametrize(
    ("properties", "field", "reason"),
    [
        ({}, "temperature", "channels.x.field is 'temperature'"),
        ({}, "Engine/temperature", "channels.x.field is 'Engine/temperature'"),
        ({"engine/speed": {}}, "engine/temperature", "options.properties.'engine/speed': no channel"),
        ({"engine/temperature": {"datatype": "colour"}}, "engine/temperature", "datatype"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(properties: dict[str, Any], field: str, reason: str) -> None:
    """A field without a node, a name in capitals, an option for nobody, a datatype it does not play."""
    with pytest.raises(SimulationError, match=reason):
        homie(4, properties, x=field)
