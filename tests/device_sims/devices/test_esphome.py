"""The fake ESPHome node: bare text states, discovery as the firmware publishes it, commands."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.devices.esphome import hashed
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled


def node(options: dict[str, Any] | None = None, /, **fields: str) -> Device:
    """Return a node; `fields`: channel → `<type>/<name>`."""
    return make("esphome", "a-sim", {name: {"field": field, "id": ""} for name, field in fields.items()}, options)


def seen(order: dict[str, float] | None = None, /, **values: Sampled) -> View:
    """Return what it sees."""
    return View(Moment(datetime(2026, 11, 23, tzinfo=UTC), UTC, 0, 60), values, order or {})


GREENHOUSE = {
    "up": "sensor/uptime_sensor",
    "t": "sensor/temperature",
    "door": "binary_sensor/door",
    "on": "switch/pump",
}
VALUES: dict[str, Sampled] = {"up": 465.0, "t": 21.26, "door": 0.0, "on": 1.0}


def test_states_are_bare_text_retained_below_type_and_name() -> None:
    """wire_formats.md §6: `…/sensor/uptime_sensor/state 465`, `…/binary_sensor/door/state OFF`."""
    options = {"sensors": {"uptime_sensor": {"decimals": 0}}, "discovery": False}
    packets = node(options, **GREENHOUSE).birth(seen(**VALUES))
    assert packets == [
        Packet("a-sim/status", b"online", retain=True),
        Packet("a-sim/sensor/uptime_sensor/state", b"465", retain=True),
        Packet("a-sim/sensor/temperature/state", b"21.3", retain=True),
        Packet("a-sim/binary_sensor/door/state", b"OFF", retain=True),
        Packet("a-sim/switch/pump/state", b"ON", retain=True),
    ]


def test_its_will_says_offline() -> None:
    """Retained, on the topic of its birth."""
    assert node(**GREENHOUSE).will == Packet("a-sim/status", b"offline", retain=True)


def test_only_sensors_speak_at_the_period() -> None:
    """A door and a pump tell their changes."""
    packets = node(**GREENHOUSE).report(seen(**VALUES))
    assert [packet.topic for packet in packets] == [
        "a-sim/sensor/uptime_sensor/state",
        "a-sim/sensor/temperature/state",
    ]


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        (Lost.UNPLUGGED, {}, [b"nan"]),
        (Lost.UNPLUGGED, {"none_on_failure": True}, [b"None"]),
        (Lost.DROPPED, {}, []),
        (-0.04, {}, [b"0.0"]),
    ],
)
def test_a_failed_sensor_says_nan_and_a_dropped_sample_nothing(
    value: Sampled, options: dict[str, Any], said: list[bytes]
) -> None:
    """By default; recent firmware may say None."""
    assert [packet.payload for packet in node(options, t="sensor/temperature").report(seen(t=value))] == said


# What Home Assistant's document allows a discovery message to hold (https://www.home-assistant.io/integrations/mqtt/,
# …/sensor.mqtt/, …/binary_sensor.mqtt/, …/switch.mqtt/: abbreviations and types), as a schema of its own.

Topic = Annotated[str, Meta(pattern=r"^[^+#\0]+$")]
Word = Annotated[str, Meta(min_length=1)]


class Owner(Struct, forbid_unknown_fields=True):
    """`dev`: one of `ids` and `cns` is needed."""

    ids: Word | list[Word]
    name: Word
    sw: Word
    mdl: Word
    mf: Word
    sa: str = ""


class SensorConfig(Struct, forbid_unknown_fields=True):
    """`homeassistant/sensor/…/config`."""

    stat_t: Topic
    avty_t: Topic
    uniq_id: Word
    name: Word
    dev: Owner
    stat_cla: Literal["measurement", "total", "total_increasing"] = "measurement"
    unit_of_meas: Word | None = None
    dev_cla: Word | None = None


class FlagConfig(Struct, forbid_unknown_fields=True):
    """`homeassistant/binary_sensor/…/config`; its defaults are ON and OFF."""

    stat_t: Topic
    avty_t: Topic
    uniq_id: Word
    name: Word
    dev: Owner


class SwitchConfig(FlagConfig, forbid_unknown_fields=True, kw_only=True):
    """`homeassistant/switch/…/config`."""

    cmd_t: Topic


SCHEMAS = {"sensor": SensorConfig, "binary_sensor": FlagConfig, "switch": SwitchConfig}


def configs(options: dict[str, Any] | None = None) -> dict[str, tuple[Packet, Any]]:
    """Return discovery: name → message and its JSON."""
    packets = [
        packet for packet in node(options, **GREENHOUSE).birth(seen(**VALUES)) if packet.topic.endswith("/config")
    ]
    return {packet.topic.split("/")[3]: (packet, json.loads(packet.payload)) for packet in packets}


def test_discovery_is_what_home_assistants_document_allows() -> None:
    """Every key known, every needed key there, topics legal, retained."""
    found = configs()
    assert list(found) == ["uptime_sensor", "temperature", "door", "pump"]
    for packet, _ in found.values():
        prefix, kind, owner, _, last = packet.topic.split("/")
        assert (prefix, owner, last, packet.retain) == ("homeassistant", "a-sim", "config", True)
        msgspec.json.decode(packet.payload, type=SCHEMAS[kind])


def test_discovery_names_topics_units_and_one_device() -> None:
    """Units of usual names; `dev.ids` is the MAC as text; ids are unique."""
    found = {name: body for name, (_, body) in configs({"friendly_name": "Greenhouse"}).items()}
    assert (found["temperature"]["unit_of_meas"], found["temperature"]["dev_cla"]) == ("°C", "temperature")
    assert "unit_of_meas" not in found["uptime_sensor"]
    assert found["pump"]["cmd_t"] == "a-sim/switch/pump/command"
    assert {body["avty_t"] for body in found.values()} == {"a-sim/status"}
    assert len({body["uniq_id"] for body in found.values()}) == 4
    (owner,) = {json.dumps(body["dev"]) for body in found.values()}
    assert json.loads(owner)["name"] == "Greenhouse"
    assert len(json.loads(owner)["ids"]) == 12


def test_ids_end_with_the_fnv_1_hash_of_the_name() -> None:
    """Test vectors of the hash's own page (FNV-1, 32 bits): empty, `a`, `foobar`."""
    assert [hashed(name) for name in ("", "a", "foobar")] == [0x811C9DC5, 0x050C5D7E, 0x31F0B262]


@pytest.mark.parametrize(
    ("payload", "was_on", "orders"),
    [(b"ON", False, 1.0), (b"off", True, 0.0), (b"TOGGLE", True, 0.0), (b"toggle", False, 1.0)],
)
def test_a_switch_obeys_and_says_its_state_once(payload: bytes, orders: float, *, was_on: bool) -> None:
    """`…/command` → an order and `…/state`, not repeated when the pump has moved."""
    device = node(pump="switch/pump")
    reply = device.command(seen(pump=float(was_on)), "a-sim/switch/pump/command", payload)
    assert reply.orders == {"pump": orders}
    assert reply.packets == (Packet("a-sim/switch/pump/state", b"ON" if orders else b"OFF", retain=True),)
    assert device.changed(seen({"pump": orders}, pump=orders), frozenset({"pump"})) == []


def test_a_switch_that_a_model_moves_is_told() -> None:
    """Without any command."""
    device = node(pump="switch/pump")
    device.birth(seen(pump=0.0))
    assert [packet.payload for packet in device.changed(seen(pump=1.0), frozenset({"pump"}))] == [b"ON"]


@pytest.mark.parametrize("payload", [b"", b"\xff", b"perhaps", b"1"])
def test_what_is_no_word_of_a_switch_is_ignored(payload: bytes) -> None:
    """As the node does."""
    reply = node(pump="switch/pump").command(seen(pump=1.0), "a-sim/switch/pump/command", payload)
    assert (reply.orders, reply.packets) == ({}, ())


@pytest.mark.parametrize(
    ("options", "field", "reason"),
    [
        ({}, "temperature", "channels.x.field is 'temperature'"),
        ({}, "light/lamp", "channels.x.field is 'light/lamp'"),
        ({"sensors": {"humidity": {}}}, "sensor/temperature", "options.sensors.humidity: no channel"),
        ({"sensors": {"temperature": {"decimals": 12}}}, "sensor/temperature", "decimals"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(options: dict[str, Any], field: str, reason: str) -> None:
    """A field without type, a type it does not play, an option for nobody."""
    with pytest.raises(SimulationError, match=reason):
        node(options, x=field)
