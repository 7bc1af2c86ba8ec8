"""Zigbee2MQTT, sentence by sentence of wire_formats.md §4."""

import json
from typing import Any

import pytest

from hub.model import Availability, Kind
from servers.decoding import full, outcome, refusal, understood, values

IEEE = "0x00158d00018255df"
DEVICES = "zigbee2mqtt/bridge/devices"


def numeric(key: str, unit: str | None = None, **more: str) -> dict[str, object]:
    """Return how a number is exposed."""
    return {"type": "numeric", "property": key, "name": key, **({} if unit is None else {"unit": unit}), **more}


def listed(*exposes: object, name: str = "cellar/air", topic: str = DEVICES) -> tuple[str, str]:
    """Return the bridge's list with one device."""
    device = {
        "ieee_address": IEEE,
        "type": "EndDevice",
        "friendly_name": name,
        "definition": {"model": "X", "exposes": list(exposes)},
    }
    coordinator = {
        "ieee_address": "0x00124b0000000001",
        "type": "Coordinator",
        "friendly_name": "Coordinator",
        "definition": None,
    }
    unsupported = {"ieee_address": "0x00158d0000000002", "type": "Router", "friendly_name": "odd", "definition": None}
    return topic, json.dumps([coordinator, device, unsupported])


def test_a_device_gives_its_values() -> None:
    """Units by key name where exposes is not known."""
    assert full(
        "zigbee2mqtt/my_sensor",
        '{"temperature":27.34,"humidity":44.72,"illuminance":310,"co2":640,"power":5.5,"energy":1.25,"current":0.5}',
    ) == {
        "temperature": (27.34, "°C", "good"),
        "humidity": (44.72, "%", "good"),
        "illuminance": (310.0, "lx", "good"),
        "co2": (640.0, "ppm", "good"),
        "power": (5.5, "W", "good"),
        "energy": (1.25, "kWh", "good"),
        "current": (0.5, "A", "good"),
    }


@pytest.mark.parametrize(
    "name",
    ["lamp", "cellar/air", "a/b/c", "back door", "Küche", "..", "<b>x</b>", 'say "hi"', "set", "tv/set/left/lamp"],
)
def test_names_hold_anything(name: str) -> None:
    """Never a path, never split: all between base topic and a known last level."""
    before = listed(name=name)
    assert understood(f"zigbee2mqtt/{name}", '{"temperature":20}', before).device == f"zigbee2mqtt:{name}"


@pytest.mark.parametrize("tail", ["set", "get", "set/state", "get/brightness"])
@pytest.mark.parametrize("name", ["lamp", "hall/lamp"])
def test_commands_seen_passing(name: str, tail: str) -> None:
    """Whatever they carry."""
    decoded = understood(f"zigbee2mqtt/{name}/{tail}", '{"state":"ON"}')
    assert (decoded.kind, decoded.device, decoded.samples) == (Kind.COMMAND, f"zigbee2mqtt:{name}", ())


@pytest.mark.parametrize("payload", ["online", '{"state":"online"}', " ONLINE\n"])
@pytest.mark.parametrize("name", ["plug", "hall/plug"])
def test_both_forms_of_availability(name: str, payload: str) -> None:
    """A bare word before 2.0, an object since."""
    decoded = understood(f"zigbee2mqtt/{name}/availability", payload)
    assert (decoded.kind, decoded.availability, decoded.device) == (
        Kind.AVAILABILITY,
        Availability.ONLINE,
        f"zigbee2mqtt:{name}",
    )


@pytest.mark.parametrize("payload", ["offline", '{"state":"offline"}'])
def test_an_offline_bridge_takes_everything_behind_it_along(payload: str) -> None:
    """Listed or only heard; when it is back, they are too, but not who was away before."""
    before = (listed(), ("zigbee2mqtt/heard", '{"temperature":1}'), ("zigbee2mqtt/away/availability", "offline"))
    decoded = understood("zigbee2mqtt/bridge/state", payload, *before)
    assert decoded.availability is Availability.OFFLINE
    assert {a.device: a.availability for a in decoded.announces} == dict.fromkeys(
        ["zigbee2mqtt:cellar/air", "zigbee2mqtt:odd", "zigbee2mqtt:heard", "zigbee2mqtt:away"], Availability.OFFLINE
    )
    back = understood("zigbee2mqtt/bridge/state", "online", *before, ("zigbee2mqtt/bridge/state", payload))
    said = {a.device: a.availability for a in back.announces}
    assert said["zigbee2mqtt:heard"] is Availability.ONLINE
    assert said["zigbee2mqtt:away"] is Availability.OFFLINE


def test_a_bridge_that_was_never_away_announces_nobody() -> None:
    """The retained `online` at connection says nothing of the devices."""
    decoded = understood("zigbee2mqtt/bridge/state", '{"state":"online"}', listed())
    assert (decoded.availability, decoded.announces) == (Availability.ONLINE, ())


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        ("state", "online", Kind.AVAILABILITY),
        ("info", '{"version":"2.1.0"}', Kind.HOUSEKEEPING),
        ("groups", "[]", Kind.HOUSEKEEPING),
        (
            "event",
            '{"type":"device_announce","data":{"friendly_name":"my_plug","ieee_address":"0x00158d00018255df"}}',
            Kind.HOUSEKEEPING,
        ),
        ("logging", '{"level":"info","message":"MQTT publish"}', Kind.HOUSEKEEPING),
        ("request/permit_join", '{"value": true, "time": 20}', Kind.COMMAND),
        ("response/permit_join", '{"data":{"value":true},"status":"ok"}', Kind.HOUSEKEEPING),
        ("devices", "[]", Kind.DISCOVERY),
    ],
)
def test_the_bridge_is_never_a_device(topic: str, payload: str, kind: Kind) -> None:
    """What it says is understood, stores nothing and makes no device."""
    decoded = understood(f"zigbee2mqtt/bridge/{topic}", payload)
    assert (decoded.kind, decoded.samples, decoded.speaks_for_others) == (kind, (), True)


def test_the_list_names_devices_and_their_native_ids() -> None:
    """The coordinator is no sensor; a device without definition is a device all the same."""
    decoded = understood(*listed())
    assert [(a.device, a.aliases, a.name) for a in decoded.announces] == [
        ("zigbee2mqtt:cellar/air", (f"ieee:{IEEE}",), "cellar/air"),
        ("zigbee2mqtt:odd", ("ieee:0x00158d0000000002",), "odd"),
    ]
    assert understood("zigbee2mqtt/cellar/air", '{"temperature":20}', listed()).aliases == (f"ieee:{IEEE}",)


def test_a_device_without_a_name_of_its_own_is_its_address() -> None:
    """The default friendly name is the IEEE address."""
    assert understood(f"zigbee2mqtt/{IEEE}", '{"temperature":20}').aliases == (f"ieee:{IEEE}",)


def test_exposes_gives_the_unit_first() -> None:
    """Also of keys that only it knows; a unit that nobody knows rejects the value."""
    before = listed(
        numeric("temperature", "°F"),
        numeric("pressure", "kPa"),
        numeric("pm25", "µg/m³"),
        numeric("soil ph"),
        numeric("noise", "dB"),
        numeric("smell", "olf"),
        numeric("interval", "s", category="config"),
        {"type": "binary", "property": "valve", "value_on": "OPEN", "value_off": "CLOSE"},
        {"type": "climate", "features": [numeric("local_temperature", "°C")]},
    )
    payload = (
        '{"temperature":68,"pressure":100.12,"pm25":4,"soil ph":6.5,"noise":41,"smell":3,"interval":60,'
        '"valve":"OPEN","local_temperature":19}'
    )
    assert full("zigbee2mqtt/cellar/air", payload, before) == {
        "temperature": (20.0, "°C", "good"),
        "pressure": (1001.2, "hPa", "good"),
        "pm25": (4.0, "µg/m³", "good"),
        "soil_ph": (6.5, None, "good"),
        "noise": (41.0, "dB", "good"),
        "valve": (1.0, None, "good"),
        "local_temperature": (19.0, "°C", "good"),
    }
    assert "not a known unit" in understood("zigbee2mqtt/cellar/air", payload, before).rejected["smell"]


def test_without_exposes_an_unknown_key_makes_no_channel() -> None:
    """Nor does a unit appear where none was said."""
    assert full("zigbee2mqtt/x", '{"temperature":20,"foo":1,"pm25":4}') == {
        "temperature": (20.0, "°C", "good"),
        "pm25": (4.0, None, "good"),
    }


@pytest.mark.parametrize(
    ("body", "channel", "value"),
    [
        ({"voltage": 231.5}, "voltage", 231.5),
        ({"voltage": 3005, "battery": 97}, "battery_voltage", 3.005),
        ({"voltage": 900, "battery": 3}, "battery_voltage", 0.9),
        ({"voltage": 2995}, "battery_voltage", 2.995),
    ],
)
def test_voltage_is_in_millivolts_on_batteries(body: dict[str, float], channel: str, value: float) -> None:
    """A battery key beside it, or more than 1000, tells."""
    assert full("zigbee2mqtt/x", json.dumps(body))[channel] == (value, "V", "good")


@pytest.mark.parametrize(("said", "due"), [(True, 1), (False, 0), ("ON", 1), ("off", 0)])
@pytest.mark.parametrize("key", ["contact", "occupancy", "water_leak", "smoke", "vibration", "tamper"])
def test_flags_are_one_or_zero(key: str, said: object, due: float) -> None:
    """False is a value; a closed contact is 1."""
    assert full("zigbee2mqtt/x", json.dumps({key: said})) == {key: (due, None, "good")}


@pytest.mark.parametrize(("said", "due"), [(True, 1), (False, 0)])
def test_a_closed_contact_is_one_though_exposes_calls_false_on(said: bool, due: float) -> None:  # noqa: FBT001 — a table
    """For a contact `value_on` is false; true stays 1."""
    before = listed({"type": "binary", "property": "contact", "value_on": False, "value_off": True})
    assert values("zigbee2mqtt/cellar/air", json.dumps({"contact": said}), before) == {"contact": due}


def test_link_quality_and_brightness_have_no_unit() -> None:
    """0 to 255 and 0 to 254, whatever word exposes puts there."""
    before = listed(numeric("linkquality", "lqi"), numeric("brightness", "%"))
    assert full("zigbee2mqtt/cellar/air", '{"linkquality":116,"brightness":254,"state":"ON"}', before) == {
        "link_quality": (116.0, None, "good"),
        "brightness": (254.0, None, "good"),
        "switch": (1.0, None, "good"),
    }


def test_a_button_is_an_event_and_an_empty_action_is_nothing() -> None:
    """No number is invented for them."""
    single = understood("zigbee2mqtt/button", '{"action":"single","battery":80}')
    assert [(e.name, e.value) for e in single.events] == [("action", "single")]
    assert [s.channel for s in single.samples] == ["battery"]
    assert understood("zigbee2mqtt/button", '{"action":""}').events == ()


def test_endpoints_each_have_their_channel() -> None:
    """The endpoint's name is the suffix."""
    assert values(
        "zigbee2mqtt/x", '{"state_left":"ON","state_right":"OFF","power_l1":5,"temperature_2":20,"voltage_phase_b":231}'
    ) == {
        "switch_left": 1,
        "switch_right": 0,
        "power_l1": 5,
        "temperature_2": 20,
        "voltage_b": 231,
    }


@pytest.mark.parametrize("state", ["OPEN", "CLOSE", "STOP", "LOCK"])
def test_a_covers_state_is_no_switch(state: str) -> None:
    """Its position is the measure."""
    decoded = understood("zigbee2mqtt/blind", json.dumps({"state": state, "position": 30}))
    assert {s.channel: s.value for s in decoded.samples} == {"position": 30}
    assert decoded.rejected == {}


@pytest.mark.parametrize("bad", [None, "", "unavailable", "nan", True, [], {}, "21,5"])
def test_one_bad_field_never_spoils_its_neighbours(bad: object) -> None:
    """Rejected with field and reason."""
    decoded = understood("zigbee2mqtt/x", json.dumps({"temperature": bad, "humidity": 44}))
    assert [s.channel for s in decoded.samples] == ["humidity"]
    assert list(decoded.rejected) == ["temperature"]


def test_no_time_is_the_messages_own() -> None:
    """Arrival, even where last_seen is sent."""
    decoded = understood("zigbee2mqtt/x", '{"temperature":20,"last_seen":"2026-01-08T06:12:00Z"}')
    assert [s.measured for s in decoded.samples] == [None]


@pytest.mark.parametrize("base", ["z2m", "maison/zigbee", "zigbee2mqtt/upstairs"])
@pytest.mark.parametrize("spoken", [("state", '{"state":"online"}'), ("info", '{"version":"2"}'), ("devices", "[]")])
def test_the_base_topic_is_learnt_from_the_bridge(base: str, spoken: tuple[str, str]) -> None:
    """Then everything below it is Zigbee, slashes in names included, and two bases never mix."""
    before = (f"{base}/bridge/{spoken[0]}", spoken[1])
    found = outcome(f"{base}/hall/lamp", '{"state":"ON"}', before)
    assert found.driver is not None
    assert found.driver.model == "zigbee2mqtt"
    assert found.decoded is not None
    assert found.decoded.device == f"zigbee2mqtt:{base}/hall/lamp"
    assert understood(f"{base}/hall/lamp/availability", "offline", before).device == found.decoded.device


def test_renaming_keeps_the_native_id() -> None:
    """The new name comes with the old address, so the device stays one."""
    renamed = understood(*listed(name="new"), listed(name="old"))
    assert (renamed.announces[0].device, renamed.announces[0].aliases) == ("zigbee2mqtt:new", (f"ieee:{IEEE}",))


def test_a_list_of_hundreds_of_devices_is_read() -> None:
    """`bridge/devices` easily passes 100 KB."""
    many: list[dict[str, Any]] = json.loads(listed(*[numeric(f"key{n}", "W") for n in range(20)])[1])[1:2]
    payload = json.dumps([many[0] | {"friendly_name": f"d{n}", "ieee_address": f"0x{n:016x}"} for n in range(400)])
    assert len(payload) > 400_000
    assert len(understood(DEVICES, payload).announces) == 400


@pytest.mark.parametrize(
    ("topic", "payload", "because"),
    [
        ("zigbee2mqtt/x", "21.5", "a JSON object is due"),
        ("zigbee2mqtt/x", "", "empty payload"),
        ("zigbee2mqtt/x", "[1]", "a JSON object is due"),
        ("zigbee2mqtt/", '{"temperature":1}', "names no device"),
        ("zigbee2mqtt//availability", "online", "names no device"),
        ("zigbee2mqtt/x/availability", '{"status":"online"}', "neither online nor offline"),
        ("zigbee2mqtt/bridge/devices", '{"a":1}', "a list of devices is due"),
        ("zigbee2mqtt/bridge/state", "maybe", "neither online nor offline"),
        ("zigbee2mqtt/x", '{"temperature":null}', "temperature: no value (null)"),
    ],
)
def test_refusals(topic: str, payload: str, because: str) -> None:
    """Each with its reason."""
    assert because in refusal(topic, payload)
