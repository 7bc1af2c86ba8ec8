"""ESPHome over MQTT, sentence by sentence of wire_formats.md §6."""

import json

import pytest

from hub.drivers.esphome import names
from hub.model import Availability, Kind
from hub.registry import Contexts
from servers.decoding import full, outcome, refusal, understood, values

MAC = "246f28aabbcc"


def discovery(name: str, kind: str = "sensor", *, prefix: str = "fazole", **more: object) -> tuple[str, str]:
    """Return the discovery message of one component, as ESPHome writes it."""
    body = {
        "name": name,
        "stat_t": f"{prefix}/{kind}/{name}/state",
        "avty_t": f"{prefix}/status",
        "uniq_id": f"ESP{kind}{name}",
        "dev": {"ids": MAC, "name": "fazole", "sw": "esphome v2024.6.0", "mf": "espressif"},
    }
    return f"homeassistant/{kind}/fazole/{name}/config", json.dumps(body | more)


def model(topic: str, payload: str) -> str | None:
    """Return who takes a message that nothing came before."""
    found = outcome(topic, payload).driver
    return found.model if found else None


def test_a_state_is_bare_text_without_unit() -> None:
    """A name is not enough to invent one; the channel is the component's name."""
    assert full("fazole/sensor/uptime_sensor/state", "465") == {"uptime_sensor": (465.0, None, "good")}
    assert full("fazole/sensor/room_temperature/state", "21.5") == {"room_temperature": (21.5, None, "good")}


@pytest.mark.parametrize("prefix", ["zima", "site/north/tank", "sensor", "a/sensor/b", "é '<x", "status"])
def test_prefixes_have_several_levels(prefix: str) -> None:
    """Parsed from the right."""
    assert understood(f"{prefix}/sensor/t/state", "1").device == f"esphome:{prefix}"
    assert understood(f"{prefix}/status", "online").device == f"esphome:{prefix}"
    assert understood(f"{prefix}/switch/pump/command", "ON").device == f"esphome:{prefix}"
    assert names(f"{prefix}/sensor/t/state") == f"esphome:{prefix}"


@pytest.mark.parametrize(("word", "said"), [("online", Availability.ONLINE), ("offline", Availability.OFFLINE)])
def test_status_is_availability(word: str, said: Availability) -> None:
    """The last will, retained."""
    decoded = understood("zima/status", word)
    assert (decoded.kind, decoded.availability) == (Kind.AVAILABILITY, said)


@pytest.mark.parametrize("payload", ["nan", "NaN", "None", "", "unavailable", "21,5", "inf", "1_0", "3 °C"])
def test_a_failed_sensor_is_refused(payload: str) -> None:
    """Never stored as 0."""
    assert refusal("greenhouse/sensor/soil/state", payload)


@pytest.mark.parametrize("kind", ["binary_sensor", "switch", "light", "fan"])
@pytest.mark.parametrize(("word", "value"), [("ON", 1), ("OFF", 0), ("off", 0)])
def test_on_and_off_are_one_and_zero(kind: str, word: str, value: float) -> None:
    """OFF is a value."""
    assert values(f"greenhouse/{kind}/door/state", word) == {"door": value}


def test_a_lock_and_a_light_have_words_of_their_own() -> None:
    """A light says its state as JSON."""
    assert values("hall/lock/front/state", "UNLOCKED") == {"front": 0}
    assert values("hall/light/lamp/state", '{"state":"ON","brightness":128}') == {"lamp": 1, "lamp_brightness": 128}
    assert values("hall/light/lamp/state", '{"state":"OFF","brightness":null}') == {"lamp": 0}
    assert "neither on nor off" in refusal("hall/light/lamp/state", '{"state":7}')


def test_parts_of_a_climate_and_a_cover() -> None:
    """ESPHome fixes °C and percent (`mqtt_cover.cpp` publishes `round(position * 100)`); a mode is a word."""
    assert full("hall/climate/heat/target_temperature/state", "19.5") == {
        "heat_target_temperature": (19.5, "°C", "good")
    }
    assert full("hall/cover/blind/position/state", "75") == {"blind_position": (75.0, "%", "good")}
    assert understood("hall/climate/heat/mode/state", "heat").kind is Kind.HOUSEKEEPING
    assert understood("hall/select/program/state", "eco").samples == ()


def test_two_components_of_one_name_are_two_channels() -> None:
    """The first type heard keeps the plain name, whatever comes later."""
    contexts: Contexts = {}
    for _ in range(2):
        channels = [
            understood(f"zima/{kind}/pump/state", payload, contexts=contexts).samples[0].channel
            for kind, payload in (("switch", "ON"), ("sensor", "60"), ("switch", "OFF"))
        ]
        assert channels == ["pump", "pump_sensor", "pump"]


@pytest.mark.parametrize("line", ["\x1b[0;36m[D][sensor:093]: 'x'\x1b[0m", "[I][app:102] 5", "booting"])
def test_the_log_is_ignored(line: str) -> None:
    """Coloured text."""
    assert understood("zima/debug", line).kind is Kind.HOUSEKEEPING


@pytest.mark.parametrize(
    ("topic", "payload", "taker"),
    [
        ("machine/status", "3", "generic"),
        ("machine/status", '{"temp":3}', "generic"),
        ("machine/debug", "5", "generic"),
        ("a/sensor/b/state", '{"t":1}', "generic"),
        ("homeassistant/sensor/x/state", "3", "homeassistant"),
        ("tele/a/sensor/STATE", '{"UptimeSec":3}', "tasmota"),
        ("a/sensor/b/state", "3", "esphome"),
    ],
)
def test_it_swallows_no_foreign_topic(topic: str, payload: str, taker: str) -> None:
    """A shape that others use too is ESPHome's only with its payload."""
    assert model(topic, payload) == taker


def test_units_come_through_discovery() -> None:
    """Converted and judged; the device and the channel stay what they were."""
    before = (discovery("uptime_sensor", unit_of_meas="s"), discovery("air", unit_of_meas="°F", dev_cla="temperature"))
    assert full("fazole/sensor/uptime_sensor/state", "465", *before) == {"uptime_sensor": (465.0, "s", "good")}
    assert full("fazole/sensor/air/state", "68", *before) == {"air": (20.0, "°C", "good")}
    assert full("fazole/sensor/air/state", "999", *before)["air"][2] == "uncertain"
    found = outcome("fazole/sensor/air/state", "68", *before)
    assert found.driver is not None
    assert found.decoded is not None
    assert (found.driver.model, found.decoded.device) == ("esphome", "esphome:fazole")
    assert understood("fazole/status", "offline", *before).device == "esphome:fazole"


def test_an_unknown_unit_word_rejects_the_value() -> None:
    """It never falls back to a default."""
    assert "not a known unit" in refusal("fazole/sensor/x/state", "1", discovery("x", unit_of_meas="furlong"))


def test_discovery_of_an_esphome_names_its_mac() -> None:
    """The document leads from MAC to node by the topics it names."""
    (announced,) = understood(*discovery("air", unit_of_meas="°C")).announces
    assert announced.aliases == (f"mac:{MAC}",)
    assert announced.topics[0] == "fazole/sensor/air/state"


def test_a_topic_without_prefix_is_nobodys() -> None:
    """An empty name is refused."""
    assert names("//status") is None
    assert "names no node" in refusal("//sensor/x/state", "1")
