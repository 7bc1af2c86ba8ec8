"""A use case as the API gives it."""

import json

import msgspec
import pytest

from hub.model import NS, REAL, Quality, Reading, TimeSource, rfc3339
from hub.rules.casting import Taken
from hub.rules.engine import Engine
from hub.usecases import find
from hub.usecases.describe import describe, summary

START = 1_763_969_400 * NS
RUN = "cold_room-20251124t073000-abcd"
PROBE = "tasmota:coldroom-sim-probe"
KEYS = (
    "name title story place who hurts gesture run now speed simulated twin fixed off roles measures panels rules"
    " sentence faults money materials limits_to_say guide"
)


def reading(channel: str, value: float, run: str = RUN, device: str = PROBE) -> Reading:
    """Return a reading of the probe."""
    return Reading(device, channel, "°C", value, START, START, TimeSource.DEVICE, Quality.GOOD, run, 0)


def test_a_use_case_that_nobody_plays_is_told_all_the_same() -> None:
    """Its roles are missing, its values unknown, and the sentence waits."""
    told = describe(find("cold_room"), None)
    assert list(told) == KEYS.split()
    assert {role["state"] for role in told["roles"]} == {"missing"}
    assert {measure["value"] for measure in told["measures"]} == {None}
    assert told["sentence"]["code"] == "waiting"
    assert (told["run"], told["simulated"], told["now"]) == (REAL, False, None)
    assert list(json.loads(msgspec.json.encode(told))) == KEYS.split()


def test_what_was_heard_is_in_it() -> None:
    """Values with their time and quality, roles with their device, faults as the runner states them."""
    usecase = find("cold_room")
    engine = Engine([usecase])
    engine.step([reading("temperature_ds18b20_1", 3.1), reading("temperature_ds18b20_2", 3.0)])
    fault = {"name": "door_open", "title": {"fr": "Porte", "en": "Door"}, "active": True}
    view = engine.view("cold_room", RUN, START + 4 * NS)
    told = describe(usecase, view, speed=60, faults=[fault])
    assert told["roles"][0] == {
        "name": "probe",
        "title": {"fr": "Sonde", "en": "Probe"},
        "kind": {"fr": "Tasmota, deux DS18B20", "en": "Tasmota, two DS18B20"},
        "state": "simulated",
        "device": PROBE,
        "acknowledges": [],
        "channels": {},
        "time": rfc3339(START),
        "quality": "good",
        "silent": [],
    }
    assert told["roles"][1]["state"] == "missing"
    assert told["measures"][0] == {
        "name": "air",
        "title": {"fr": "Air", "en": "Air"},
        "role": "probe",
        "device": PROBE,
        "computed": False,
        "factor": 1.0,
        "offset": 0.0,
        "channel": "temperature_ds18b20_1",
        "unit": "°C",
        "decimals": 1,
        "silence_s": 600,
        "primary": True,
        "inverted": False,
        "value": 3.1,
        "time": "2025-11-24T07:30:00Z",
        "quality": "good",
        "believed": True,
    }
    assert told["panels"][0]["limits"][0] == {
        "rule": "air_high",
        "value": 4.0,
        "label": {"fr": "+4\u202f°C", "en": "+4\u00a0°C"},
    }
    assert (told["speed"], told["simulated"], told["now"]) == (60, True, "2025-11-24T07:30:04Z")
    assert told["faults"] == [fault]


def test_a_computed_value_is_believed_as_long_as_its_shortest_source() -> None:
    """The flour in a silo is worth what the radar's last word is worth; a habit of a week does not age."""
    silo = find("silo")
    believed = {measure["name"]: measure["silence_s"] for measure in describe(silo, None)["measures"]}
    assert believed["mass"] == believed["level"] == silo.measures["distance"].silence_s
    assert believed["daily_use"] is None


def test_rules_say_what_they_follow_and_what_suspends_them() -> None:
    """The law with its date and "indicative", the limit with its unit, the mask while it lasts."""
    usecase = find("cold_room")
    engine = Engine([usecase])
    defrost = Reading(
        "shelly:coldroom-sim-compressor", "input", None, 1.0, START, START, TimeSource.DEVICE, Quality.GOOD, RUN, 0
    )
    engine.step([defrost])
    rules = {rule["id"]: rule for rule in describe(usecase, engine.view("cold_room", RUN, START))["rules"]}
    assert rules["air_high"]["source"]["fr"].startswith("Arrêtés du 21 décembre 2009")
    assert rules["air_high"]["indicative"]
    assert rules["air_high"]["mask"]["until"] == "2025-11-24T08:05:00Z"
    assert rules["compressor_no_start"]["mask"]["until"] is None
    assert rules["product_high"]["mask"] is None
    figures = {name: (rule["kind"], rule["limit"], rule["unit"]) for name, rule in rules.items()}
    assert figures["door_rate"] == ("rate", 0.8, "°C/min")
    assert figures["duty_high"] == ("share", 50.0, "%")
    assert figures["product_forecast"] == ("forecast", 4.0, "°C")
    assert figures["defrost_long"] == ("state", None, None)
    assert figures["silence_air"] == ("silence", 600.0, "s")


def test_the_list_says_which_run_each_plays_on() -> None:
    """Name, title, whom it concerns, run and its state."""
    roles = [{"name": "probe", "state": "real", "device": "a:b", "title": {}}]
    assert summary(find("cold_room"), RUN, "running", roles=roles, off=True) == {
        "name": "cold_room",
        "title": {"fr": "Chambre froide", "en": "Cold room"},
        "who": find("cold_room").who.as_dict,
        "run": RUN,
        "state": "running",
        "off": True,
        "roles": [{"name": "probe", "state": "real", "device": "a:b"}],
    }


def test_a_real_device_is_said_to_be_real() -> None:
    """Once it has the role."""
    usecase = find("cold_room")
    taken = Taken(device="tasmota:kitchen", channels={"air": "temperature_ds18b20_1"})
    engine = Engine([usecase], {"cold_room": {"probe": taken}})
    engine.step([reading("temperature_ds18b20_1", 3.1, REAL, "tasmota:kitchen")])
    told = describe(usecase, engine.view("cold_room", REAL, START), cast={"probe": taken})
    assert (told["roles"][0]["state"], told["roles"][0]["device"]) == ("real", "tasmota:kitchen")
    assert not told["simulated"]


def test_a_measure_says_how_it_comes_from_the_channel() -> None:
    """The hub's m³/h are shown in L/min, pulses in litres, millimetres in metres; a computed one has no factor."""
    water = {each["name"]: each for each in describe(find("water_leak"), None)["measures"]}
    silo = {each["name"]: each for each in describe(find("silo"), None)["measures"]}
    assert (water["tap_flow"]["factor"], water["tap_flow"]["offset"]) == (pytest.approx(1000 / 60), 0.0)
    assert water["coarse_index"]["factor"] == 10.0
    assert silo["distance"]["factor"] == 0.001
    assert (silo["mass"]["computed"], silo["mass"]["role"], silo["mass"]["factor"]) == (True, "level", 1.0)
