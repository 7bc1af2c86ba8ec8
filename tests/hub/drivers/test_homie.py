"""Homie: what a device says of itself gives its values their meaning; its state, and its root's, say who is there."""

import json
from typing import Any

import pytest

from hub.driver import Decoded
from hub.model import Availability, Kind, Message
from hub.registry import Contexts
from servers.decoding import NOW, REGISTRY, full, outcome, refusal, understood, values

CAR = "homie/5/super-car"
OFFLINE, ONLINE = Availability.OFFLINE, Availability.ONLINE


def described(device: str = "super-car", domain: str = "homie", **more: Any) -> tuple[str, str]:  # noqa: ANN401 — any JSON
    """Return a description with two nodes that both have a temperature."""
    nodes = {
        "engine": {
            "properties": {
                "temperature": {"unit": "°C", "datatype": "float", "format": "-20:120"},
                "speed": {"datatype": "integer"},
                "on": {"datatype": "boolean", "unit": "%"},
                "oil": {"datatype": "float", "unit": "kPa"},
                "count": {"datatype": "integer", "unit": "#"},
                "odd": {"datatype": "float", "unit": "furlong"},
                "mass": {"datatype": "float", "unit": "g"},
                "strange": {"datatype": "number"},
                "word": {"datatype": "string"},
                "gear": {"datatype": "enum", "format": "P,R,D"},
                "paint": {"datatype": "color"},
                "since": {"datatype": "datetime"},
                "trip": {"datatype": "duration"},
                "raw": {"datatype": "json"},
            }
        },
        "cabin": {"properties": {"temperature": {"unit": "°F", "datatype": "float"}}},
    }
    return f"{domain}/5/{device}/$description", json.dumps({"homie": "5.0", "version": 1, "nodes": nodes} | more)


def told(what: str, payload: str | bytes) -> Decoded:
    """Return what a value means after the description."""
    return understood(f"{CAR}/engine/{what}", payload, described())


# --- values


def test_a_value_means_what_the_description_says() -> None:
    """Its unit is converted; the node that came first has the plain name."""
    assert full(f"{CAR}/engine/temperature", "21.5", described()) == {"temperature": (21.5, "°C", "good")}
    assert full(f"{CAR}/cabin/temperature", "68", described()) == {"temperature_cabin": (20, "°C", "good")}
    assert full(f"{CAR}/engine/oil", "250", described()) == {"oil": (2500, "hPa", "good")}
    assert told("speed", "42").samples[0].measured is None


def test_the_plain_name_stays_with_its_first_node() -> None:
    """Whatever order a later description has."""
    turned = json.loads(described()[1])
    turned["nodes"] = dict(reversed(turned["nodes"].items()))
    later = (described()[0], json.dumps(turned))
    assert values(f"{CAR}/cabin/temperature", "68", described(), later) == {"temperature_cabin": 20}


def test_no_unit_is_no_unit() -> None:
    """A name is not enough, and a count has none."""
    for what in ("speed", "count"):
        assert full(f"{CAR}/engine/{what}", "7", described()) == {what: (7, None, "good")}


def test_out_of_its_format_a_value_is_marked() -> None:
    """Kept, uncertain."""
    assert full(f"{CAR}/engine/temperature", "121", described()) == {"temperature": (121, "°C", "uncertain")}


@pytest.mark.parametrize(("payload", "value"), [("true", 1), ("false", 0)])
def test_booleans(payload: str, value: float) -> None:
    """A false is a reading of 0; a unit there means nothing."""
    assert full(f"{CAR}/engine/on", payload, described()) == {"on": (value, None, "good")}


@pytest.mark.parametrize("payload", ["True", "ON", "on", "1", "0", "FALSE", "", "true ", b"\x00", "yes"])
def test_no_other_booleans(payload: str | bytes) -> None:
    """Homie is strict."""
    assert "neither true nor false" in refusal(f"{CAR}/engine/on", payload, described())


@pytest.mark.parametrize(
    ("what", "payload", "because"),
    [
        ("temperature", "NaN", "no value"),
        ("temperature", "Infinity", "not a number"),
        ("temperature", "21,5", "decimal comma"),
        ("temperature", "", "no value"),
        ("temperature", b"\x00", "no value"),
        ("temperature", "1e999", "too large"),
        ("temperature", b"\xff", "not UTF-8"),
        ("speed", "4.2", "no whole number"),
        ("speed", "9" * 19, "no whole number"),
        ("speed", "9" * 5000, "too large"),
        ("speed", "fast", "not a number"),
        ("odd", "1", "not a known unit"),
        ("mass", "1", "a mass or an acceleration"),
        ("strange", "1", "no datatype"),
        ("gear", "N", "none of"),
        ("paint", "255,0,0", "no colour"),
        ("since", "noon", "not a time"),
        ("trip", "12 h", "no duration"),
        ("raw", "{", "ends too early"),
        ("word", "", "empty payload"),
    ],
)
def test_values_that_are_none(what: str, payload: str | bytes, because: str) -> None:
    """In plain words."""
    assert because in refusal(f"{CAR}/engine/{what}", payload, described())


@pytest.mark.parametrize(
    ("what", "payload"),
    [
        ("word", "42"),
        ("word", b"\x00"),
        ("gear", "D"),
        ("paint", "rgb,100,100,100"),
        ("since", "2026-11-24T09:00:00Z"),
        ("trip", "PT12H5M46S"),
        ("raw", '{"a":1}'),
    ],
)
def test_texts_colours_and_times_are_no_measures(what: str, payload: str | bytes) -> None:
    """They are understood; an empty text is one byte 0x00."""
    assert (told(what, payload).kind, told(what, payload).samples) == (Kind.HOUSEKEEPING, ())


def test_a_value_alone_says_what_it_lacks() -> None:
    """Its meaning depends on the description."""
    assert "$description of device 'super-car' was not heard" in refusal(f"{CAR}/engine/temperature", "21.5")
    assert "names no datatype" in refusal(f"{CAR}/engine/other", "21.5", described())
    assert "$datatype was not heard" in refusal("homie/super-car/engine/temperature", "21.5")


def test_what_carries_a_dollar_is_never_a_measure() -> None:
    """`$target` is where a value is going, `set` a command."""
    assert told("temperature/$target", "30").kind is Kind.HOUSEKEEPING
    assert told("temperature/set", "30").kind is Kind.COMMAND
    assert understood(f"{CAR}/$log/info", "12").kind is Kind.HOUSEKEEPING
    assert understood("homie/5/$broadcast/alert", "12").speaks_for_others
    alert = understood(f"{CAR}/$alert/battery", "Battery is low")
    assert (alert.kind, [event.value for event in alert.events]) == (Kind.HOUSEKEEPING, ["battery: Battery is low"])


# --- states


@pytest.mark.parametrize(
    ("state", "there"),
    [("init", None), ("ready", ONLINE), ("sleeping", None), ("disconnected", OFFLINE), ("lost", OFFLINE)],
)
def test_states(state: str, there: Availability | None) -> None:
    """`init` is not yet online, `sleeping` neither offline nor an alarm."""
    said = understood(f"{CAR}/$state", state)
    assert (said.kind, said.availability) == (Kind.AVAILABILITY, there)


def test_alert_is_a_state_of_version_4_only() -> None:
    """It is online."""
    assert understood("homie/old/$state", "alert").availability is ONLINE
    assert "no state of Homie 5" in refusal(f"{CAR}/$state", "alert")
    assert "no state" in refusal(f"{CAR}/$state", "READY")


FAMILY = [
    described("bridge", children=["lamp"]),
    described("lamp", root="bridge", parent="bridge"),
    described("plug", root="bridge"),
    ("homie/5/bridge/$state", "ready"),
    ("homie/5/lamp/$state", "ready"),
    ("homie/5/plug/$state", "disconnected"),
    ("homie/5/other/$state", "ready"),
]


def announced(said: Decoded) -> dict[str, Availability | None]:
    """Return what a message says of others."""
    return {each.device: each.availability for each in said.announces}


def test_a_lost_root_makes_every_child_lost() -> None:
    """And their own retained word does not bring them back."""
    lost = ("homie/5/bridge/$state", "lost")
    assert announced(understood(*lost, *FAMILY)) == {"homie:lamp": OFFLINE, "homie:plug": OFFLINE}
    assert understood("homie/5/lamp/$state", "ready", *FAMILY, lost).availability is OFFLINE


def test_a_root_that_is_back_brings_back_who_was_there() -> None:
    """By their own states."""
    lost = ("homie/5/bridge/$state", "lost")
    back = understood("homie/5/bridge/$state", "ready", *FAMILY, lost)
    assert announced(back) == {"homie:lamp": ONLINE, "homie:plug": OFFLINE}
    assert announced(understood("homie/5/bridge/$state", "disconnected", *FAMILY)) == {}


def test_an_empty_state_removes_the_device() -> None:
    """Its description is forgotten with it."""
    gone = (f"{CAR}/$state", "")
    said = understood(*gone, described(), (f"{CAR}/$state", "ready"))
    assert (said.kind, said.removed, said.availability) == (Kind.DISCOVERY, True, OFFLINE)
    assert "was not heard" in refusal(f"{CAR}/engine/temperature", "21", described(), gone)


# --- descriptions


def test_a_description_names_the_device() -> None:
    """It is discovery, not a measure."""
    said = understood(*described(name="Super Car"))
    assert (said.kind, said.device, said.samples) == (Kind.DISCOVERY, "homie:super-car", ())
    assert [each.name for each in said.announces] == ["Super Car"]


@pytest.mark.parametrize(
    ("payload", "because"),
    [
        ('{"version":1}', "homie is missing"),
        ('{"homie":"5.0"}', "version is missing"),
        ("[]", "a JSON object is due"),
        ("{", "ends too early"),
    ],
)
def test_bad_descriptions(payload: str, because: str) -> None:
    """Are refused, and the one before holds."""
    assert because in refusal(f"{CAR}/$description", payload)
    assert values(f"{CAR}/engine/speed", "1", described(), (f"{CAR}/$description", payload)) == {"speed": 1}


def test_a_bad_branch_spoils_nothing_else() -> None:
    """It is rejected with its place."""
    body = json.loads(described()[1])
    body["nodes"] |= {"bad": 5, "odd": {"properties": [1]}, "worse": {"properties": {"x": None}}}
    said = understood(described()[0], json.dumps(body))
    assert set(said.rejected) == {"nodes.bad", "nodes.odd.properties", "nodes.worse.properties.x"}


def test_an_empty_description_is_forgotten() -> None:
    """Its values mean nothing from then on."""
    assert "was not heard" in refusal(f"{CAR}/engine/speed", "1", described(), (f"{CAR}/$description", ""))


def test_what_is_remembered_stays_small() -> None:
    """However many properties and devices a hostile sender makes up."""
    contexts: Contexts = {}
    many = {"n": {"properties": {f"p{n}": {"datatype": "float"} for n in range(8000)}}}
    for n in range(12):
        REGISTRY.decode(Message(f"homie/5/d{n}/$description", described(nodes=many)[1].encode(), NOW), contexts)
    ((_, context),) = contexts.items()
    assert sum(len(each.properties) for each in context.devices.values()) <= 50_000


# --- version 4, other domains


OLD = "homie/old-car"
FOUR = [
    (f"{OLD}/$homie", "4.0.0"),
    (f"{OLD}/$nodes", "engine,cabin"),
    (f"{OLD}/engine/$properties", "temperature"),
    (f"{OLD}/engine/temperature/$unit", "°F"),
    (f"{OLD}/engine/temperature/$datatype", "float"),
    (f"{OLD}/engine/temperature/$format", "-20:120"),
    (f"{OLD}/engine/temperature/$settable", "false"),
    (f"{OLD}/cabin/temperature/$datatype", "integer"),
    (f"{OLD}/cabin/paint/$datatype", "color"),
]


def test_version_4_says_it_word_by_word() -> None:
    """Each word is discovery; then values have a meaning."""
    assert {understood(*each).kind for each in FOUR} == {Kind.DISCOVERY}
    assert full(f"{OLD}/engine/temperature", "68", *FOUR) == {"temperature": (20, "°C", "good")}
    assert full(f"{OLD}/cabin/temperature", "68", *FOUR) == {"temperature_cabin": (68, None, "good")}
    assert understood(f"{OLD}/cabin/paint", "100,100,100", *FOUR).kind is Kind.HOUSEKEEPING
    assert understood(f"{OLD}/engine/temperature/set", "1").kind is Kind.COMMAND


def test_a_name_and_a_mac() -> None:
    """The MAC is another name of the device."""
    assert understood(f"{OLD}/$mac", "DE:AD:BE:EF:FE:ED").aliases == ("mac:deadbeeffeed",)
    assert [each.name for each in understood(f"{OLD}/$name", "Old car").announces] == ["Old car"]
    assert understood(f"{OLD}/$stats/uptime", "120").samples == ()


def test_any_other_domain() -> None:
    """Once its first device is discovered, everything below is Homie's."""
    alone = outcome("lab/5/probe/air/t", "21")
    assert alone.driver is not None
    assert alone.driver.model == "generic"
    state = ("lab/5/probe/$state", "ready")
    assert "$description" in refusal("lab/5/probe/air/t", "21", state)
    said = understood("lab/5/probe/engine/speed", "21", described("probe", "lab"))
    assert (said.device, [sample.value for sample in said.samples]) == ("homie:lab/probe", [21])
    old = [("lab/old/$homie", "4.0.0"), ("lab/old/air/t/$datatype", "float")]
    assert values("lab/old/air/t", "21", *old) == {"t": 21}


@pytest.mark.parametrize(
    ("topic", "because"),
    [
        ("homie", "names no device"),
        ("homie/5", "names no device"),
        ("homie/5/car", "names no device"),
        ("homie/car", "names no device"),
        ("homie/5//a/b", "names no device"),
        ("homie/5/car/a", "is no property"),
        ("homie/5/car/a/b/c/d", "is no property"),
    ],
)
def test_topics_that_are_none(topic: str, because: str) -> None:
    """In plain words."""
    assert because in refusal(topic, "1")
