"""Home Assistant discovery, sentence by sentence of wire_formats.md §5."""

import json
from typing import Any

import pytest

from hub.drivers import _ha_context
from hub.drivers._ha_context import Context
from hub.drivers._ha_template import Payload, render
from hub.errors import PayloadError
from hub.model import Availability, Kind
from hub.registry import Contexts
from servers.decoding import full, outcome, refusal, understood, values

STATE = "cellar/probe/state"


def config(name: str = "probe", component: str = "sensor", /, **fields: object) -> tuple[str, str]:
    """Return the discovery message of one entity."""
    return f"homeassistant/{component}/{name}/config", json.dumps({"stat_t": STATE} | fields)


def device(name: str = "kitchen", /, **fields: object) -> tuple[str, str]:
    """Return a device discovery message."""
    body = {"dev": {"ids": "ea33", "name": "Kitchen"}, "o": {"name": "bla2mqtt"}, "stat_t": STATE}
    return f"homeassistant/device/{name}/config", json.dumps(body | fields)


def part(value: str, unique: str, **fields: object) -> dict[str, object]:
    """Return a component of a device discovery."""
    return {"p": "sensor", "val_tpl": f"{{{{ value_json.{value} }}}}", "uniq_id": unique} | fields


def model(topic: str, *before: tuple[str, str]) -> str | None:
    """Return whose a topic is after these messages."""
    found = outcome(topic, "1", *before).driver
    return found.model if found else None


# --- the two manners of discovery


def test_two_entities_share_a_state_topic() -> None:
    """The vendor's example: one message, one device, two measures with their units; no time of its own."""
    topic = "homeassistant/sensor/sensorBedroom/state"
    before = (
        config(
            "sensorBedroomT",
            device_class="temperature",
            name="Temperature",
            state_topic=topic,
            unit_of_measurement="°C",
            value_template="{{ value_json.temperature}}",
        ),
        config(
            "sensorBedroomH",
            device_class="humidity",
            name="Humidity",
            state_topic=topic,
            unit_of_measurement="%",
            value_template="{{ value_json.humidity}}",
        ),
    )
    assert full(topic, '{ "temperature": 23.20, "humidity": 43.70 }', *before) == {
        "temperature": (23.2, "°C", "good"),
        "humidity": (43.7, "%", "good"),
    }
    assert understood(topic, '{"temperature":1,"humidity":2}', *before).samples[0].measured is None
    assert "no discovery document" in refusal(topic, '{"temperature":23.2}')


@pytest.mark.parametrize("key", ["components", "cmps", "cmp"])
def test_a_device_document_describes_many(key: str) -> None:
    """Keys at the root are shared; abbreviated or not."""
    cmps = {
        "a": part("temperature", "t1", device_class="temperature", unit_of_measurement="°C"),
        "b": part("humidity", "h1", dev_cla="humidity", unit_of_meas="%"),
    }
    topic, payload = device(**{key: cmps})
    decoded = understood(topic, payload)
    assert (decoded.kind, decoded.device, decoded.rejected) == (Kind.DISCOVERY, "homeassistant:ea33", {})
    assert decoded.announces[0].name == "Kitchen"
    assert values(STATE, '{"temperature":21.5,"humidity":0}', (topic, payload)) == {"temperature": 21.5, "humidity": 0}


@pytest.mark.parametrize(
    ("missing", "word"), [("dev", "device (dev)"), ("o", "origin (o)"), ("cmps", "components (cmps)")]
)
def test_a_device_document_without_what_is_mandatory_is_refused(missing: str, word: str) -> None:
    """The reason names it."""
    topic, payload = device(cmps={"a": part("t", "t1")})
    body = {key: value for key, value in json.loads(payload).items() if key != missing}
    assert word in refusal(topic, json.dumps(body))


def test_a_component_without_platform_or_unique_id_spoils_no_other() -> None:
    """It is listed; alone it refuses the document."""
    bad: dict[str, Any] = {"a": {"p": "sensor"} | {"val_tpl": "{{ value }}"}, "b": {"uniq_id": "x"}, "c": 5}
    decoded = understood(*device(cmps={"good": part("t", "t1"), **bad}))
    assert set(decoded.rejected) == {"components.a", "components.b", "components.c"}
    assert "unique_id" in refusal(*device(cmps={"a": bad["a"]}))


@pytest.mark.parametrize("ids", ["ea33", ["ea33", "other"], ["ea33"]])
def test_ids_are_a_string_or_a_list(ids: object) -> None:
    """The first names the device, the others lead to it."""
    assert understood(*config(dev={"ids": ids})).device == "homeassistant:ea33"


def test_vendor_ids_become_the_aliases_that_all_families_share() -> None:
    """MAC as id or as connection, IEEE address behind a prefix."""
    decoded = understood(
        *config(dev={"ids": ["zigbee2mqtt_0x00158D00018255DF"], "cns": [["mac", "AA:BB:CC:DD:EE:FF"], ["x"]]})
    )
    assert set(decoded.announces[0].aliases) >= {"ieee:0x00158d00018255df", "mac:aabbccddeeff"}


# --- taking back


def test_an_empty_payload_takes_an_entity_back() -> None:
    """What still comes on its topic is understood as nobody's: no other family makes a device of it."""
    one = config(unit_of_meas="°C")
    assert model(STATE, one) == "homeassistant"
    assert model(STATE, one, (one[0], "")) == "homeassistant"
    late = understood(STATE, "21", one, (one[0], ""))
    assert (late.kind, late.device, late.samples) == (Kind.HOUSEKEEPING, "homeassistant:cellar/probe", ())
    assert "taken back" in late.rejected["payload"]
    assert values(STATE, "21", one, (one[0], ""), one) == values(STATE, "21", one)
    decoded = understood(one[0], "", one)
    assert (decoded.kind, decoded.device) == (Kind.DISCOVERY, "homeassistant:cellar/probe")
    assert understood(one[0], "").kind is Kind.DISCOVERY


def test_a_component_with_its_platform_alone_is_taken_back() -> None:
    """One that is merely left out stays."""
    both = device(cmps={"a": part("a", "a1", name="a"), "b": part("b", "b1", name="b")})
    without = device(cmps={"a": {"p": "sensor"}, "b": part("b", "b1", name="b")})
    left_out = device(cmps={"b": part("b", "b1", name="b")})
    assert values(STATE, '{"a":1,"b":2}', both, without) == {"b": 2}
    assert values(STATE, '{"a":1,"b":2}', both, without, left_out) == {"b": 2}
    assert values(STATE, '{"a":1,"b":2}', both, left_out) == {"a": 1, "b": 2}


def test_migration_keeps_one_entity_and_its_name() -> None:
    """The old topic is told, the device document takes over, the old topic is emptied."""
    old = config(unique_id="t1", val_tpl="{{ value_json.t }}", dev_cla="temperature", dev={"ids": "ea33"})
    new = device(cmps={"x": part("t", "t1", dev_cla="temperature")})
    migrating = [old, (old[0], '{"migrate_discovery": true}'), new, (old[0], "")]
    for length in (1, 3, 4):
        assert values(STATE, '{"t":21}', *migrating[:length]) == {"temperature": 21}
    assert values(STATE, '{"t":21}', old, new) == {"temperature": 21}


# --- topics and keys


@pytest.mark.parametrize(
    ("topic", "wanted"),
    [("~/state", "base/x/state"), ("a/~", "a/base/x"), ("a/~/b", "a/~/b"), ("plain", "plain")],
)
@pytest.mark.parametrize("key", ["state_topic", "stat_t"])
def test_a_tilde_is_the_base_at_either_end(key: str, topic: str, wanted: str) -> None:
    """Of every key that ends in `_topic`, abbreviated or not; in the middle it is a name."""
    sent = ("homeassistant/sensor/x/config", json.dumps({"~": "base/x", key: topic, "avty_t": "~/on", "name": "t"}))
    assert values(wanted, "5", sent) == {"t": 5}
    assert understood("base/x/on", "online", sent).availability is Availability.ONLINE


def test_a_tilde_works_in_a_list_of_availability_and_in_components() -> None:
    """A component may have its own base."""
    sent = device(
        **{"~": "base", "avty": [{"t": "~/on"}], "cmps": {"a": part("a", "a1", **{"~": "own", "stat_t": "~/s"})}}
    )
    assert model("own/s", sent) == "homeassistant"
    assert understood("base/on", "offline", sent).availability is Availability.OFFLINE


@pytest.mark.parametrize(
    ("topic", "taker"),
    [
        ("homeassistant/sensor/node/x/config", "homeassistant"),
        ("ha/sensor/x/config", "homeassistant"),
        ("a/b/sensor/node/x/config", "homeassistant"),
        ("a/thing/x/config", "generic"),
        ("homeassistant/status", "homeassistant"),
    ],
)
def test_discovery_topics(topic: str, taker: str) -> None:
    """Any prefix where the component is a known one."""
    found = outcome(topic, '{"stat_t":"a/b","n":1}')
    assert found.driver is not None
    assert found.decoded is not None
    assert found.driver.model == taker


def test_below_another_prefix_a_config_may_be_anything() -> None:
    """What is no document goes to the next driver."""
    assert values("plant/number/x/config", "5") == {"config": 5}
    assert values("plant/sensor/x/config", '{"limit":5}') == {"limit": 5}
    assert "empty payload" in refusal("plant/sensor/x/config", "")


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("homeassistant/sensor/a b/config", '{"stat_t":"x"}', "no discovery topic"),
        ("homeassistant/sensor/config", '{"stat_t":"x"}', "no discovery topic"),
        ("homeassistant/sensor/a/b/c/config", '{"stat_t":"x"}', "no discovery topic"),
        ("homeassistant/toaster/a/config", '{"stat_t":"x"}', "no component"),
        ("homeassistant/sensor/a/config", '{"name":"x"}', "without state_topic"),
        ("homeassistant/sensor/a/config", "[]", "a JSON object is due"),
        ("homeassistant/sensor/a/config", '{"stat_t":', "ends too early"),
        ("homeassistant/device/a/config", '{"dev":{},"o":{},"cmps":{}}', "identifiers"),
    ],
)
def test_a_wrong_document_is_refused(topic: str, payload: str, reason: str) -> None:
    """With what is wrong."""
    assert reason in refusal(topic, payload)


# --- values


@pytest.mark.parametrize(
    ("unit", "sent", "value", "hub"),
    [
        ("°F", 71.6, 22, "°C"),
        ("K", 300, 26.85, "°C"),
        ("Pa", 100_120, 1001.2, "hPa"),
        ("kPa", 100.1, 1001, "hPa"),
        ("kW", 1.5, 1500, "W"),
        ("Wh", 1500, 1.5, "kWh"),
        ("mV", 2980, 2.98, "V"),
        ("L", 12, 0.012, "m³"),
        ("g", 1500, 1.5, "kg"),
        ("m/s", 10, 36, "km/h"),
        ("μg/m³", 5, 5, "µg/m³"),
        (None, 5, 5, None),
    ],
)
def test_units_are_converted(unit: str | None, sent: float, value: float, hub: str | None) -> None:
    """Home Assistant's words mean one quantity each; what is not stated stays unknown."""
    assert full(STATE, str(sent), config(name="x", unit_of_meas=unit)) == {"x": (value, hub, "good")}


def test_millimetres_depend_on_the_class() -> None:
    """Rain stays in mm, a distance becomes metres."""
    assert full(STATE, "12", config(dev_cla="precipitation", unit_of_meas="mm"))["precipitation"][:2] == (12, "mm")
    assert full(STATE, "12", config(dev_cla="distance", unit_of_meas="mm"))["distance"][:2] == (0.012, "m")


def test_an_unknown_unit_rejects_the_value() -> None:
    """It never falls back to a default."""
    assert "'furlong' is not a known unit" in refusal(STATE, "5", config(unit_of_meas="furlong"))


def test_out_of_range_is_kept_and_marked() -> None:
    """By the class."""
    assert full(STATE, "127.5", config(dev_cla="humidity", unit_of_meas="%"))["humidity"] == (127.5, "%", "uncertain")


@pytest.mark.parametrize("payload", ["", "unknown", "unavailable", "nan", "None", "21,5", "warm", "[1]"])
def test_what_is_no_number_is_refused(payload: str) -> None:
    """Never 0, never the last value again."""
    assert refusal(STATE, payload, config(unit_of_meas="°C"))


def test_one_bad_value_spoils_no_other() -> None:
    """Each entity is read alone; broken JSON gives nothing at all."""
    both = device(cmps={"a": part("a", "a1", name="a"), "b": part("b", "b1", name="b")})
    decoded = understood(STATE, '{"a":null,"b":0}', both)
    assert ({s.channel: s.value for s in decoded.samples}, set(decoded.rejected)) == ({"b": 0}, {"a"})
    assert "ends too early" in refusal(STATE, '{"a":1,"b":', both)


def test_the_first_of_a_quantity_has_the_plain_name() -> None:
    """Later ones carry their own name, however often and in whatever message they come."""
    contexts: Contexts = {}
    for name in ("Air", "Water", "Air"):
        understood(
            *config(name, name=name, dev_cla="temperature", val_tpl=f"{{{{ value_json.{name} }}}}"), contexts=contexts
        )
    decoded = understood(STATE, '{"Air":1,"Water":2}', contexts=contexts)
    assert {s.channel: s.value for s in decoded.samples} == {"temperature": 1, "temperature_water": 2}


def test_a_class_nobody_knows_that_begins_with_a_digit_makes_a_name_all_the_same() -> None:
    """Found by the fuzzer: a channel begins with a letter."""
    assert values(STATE, "21.5", config(dev_cla="5temperature")) == {"n5temperature": 21.5}


@pytest.mark.parametrize(
    ("component", "fields", "payload", "value"),
    [
        ("binary_sensor", {}, "ON", 1),
        ("binary_sensor", {}, "OFF", 0),
        ("binary_sensor", {"pl_on": "open", "pl_off": "closed"}, "closed", 0),
        ("binary_sensor", {"pl_on": "open", "pl_off": "closed"}, "OPEN", 1),
        ("binary_sensor", {"payload_on": "1", "payload_off": "0"}, "1", 1),
        ("binary_sensor", {"pl_on": True, "pl_off": False, "val_tpl": "{{ value_json.c }}"}, '{"c":false}', 0),
        ("binary_sensor", {"pl_on": "false", "pl_off": "true"}, "false", 1),
        ("switch", {"stat_on": "an", "stat_off": "aus", "pl_on": "an!"}, "aus", 0),
        ("switch", {"pl_on": "an", "pl_off": "aus"}, "an", 1),
        ("light", {"schema": "json"}, '{"state":"ON"}', 1),
        ("light", {"stat_val_tpl": "{{ value_json.s }}"}, '{"s":"OFF"}', 0),
        ("lock", {}, "LOCKED", 1),
        ("number", {}, "7", 7),
    ],
)
def test_flags_have_their_own_words(component: str, fields: dict[str, object], payload: str, value: float) -> None:
    """Two words, stated or usual."""
    assert list(values(STATE, payload, config("x", component, **fields)).values()) == [value]


def test_another_word_than_the_two_is_refused() -> None:
    """The reason shows both."""
    assert "neither 'open' nor 'closed'" in refusal(
        STATE, "ajar", config("x", "binary_sensor", pl_on="open", pl_off="closed")
    )


def test_a_button_has_no_state_and_its_command_is_a_command() -> None:
    """Nothing is stored of what is sent to it."""
    sent = ("homeassistant/button/x/config", '{"cmd_t":"x/press"}')
    assert understood(*sent).kind is Kind.DISCOVERY
    decoded = understood("x/press", "PRESS", sent)
    assert (decoded.kind, decoded.samples) == (Kind.COMMAND, ())


def test_an_event_is_no_level() -> None:
    """Recorded as what happened."""
    decoded = understood(STATE, '{"event_type":"press"}', config("x", "event", name="bell"))
    assert ([(e.name, e.value) for e in decoded.events], decoded.samples) == ([("bell", "press")], ())


def test_a_climate_has_several_measures() -> None:
    """What it measures and what it aims at."""
    sent = config("x", "climate", curr_temp_t="c/now", temp_stat_t="c/aim", temp_unit="F")
    assert full("c/now", "68", sent) == {"temperature": (20, "°C", "good")}
    assert full("c/aim", "71.6", sent) == {"target_temperature": (22, "°C", "good")}


# --- templates


@pytest.mark.parametrize(
    ("template", "payload", "value"),
    [
        ("", " 21.5\r\n", "21.5"),
        ("{{ value }}", "21.5", "21.5"),
        ("{{value}}", "21.5", "21.5"),
        ("{{ value | float }}", "21.5", 21.5),
        ("{{ value_json }}", "3", 3),
        ("{{ value_json.a.b }}", '{"a":{"b":0}}', 0),
        ("{{ value_json['a b'] }}", '{"a b":2}', 2),
        ('{{ value_json["a"].b[1] }}', '{"a":{"b":[1,2]}}', 2),
        ("{{ value_json[0] }}", "[7]", 7),
        ("{{ value_json.a | float | round(1) }}", '{"a":"21.25"}', 21.2),
        ("{{ value_json.a|round }}", '{"a":21.7}', 22),
        ("{{ value_json.a | int }}", '{"a":-21.7}', -21),
        ("{{ value_json.a | int }}", '{"a":true}', 1),
        ("{{ value_json.a | default(0) | float(0) }}", '{"a":4}', 4),
        ("{{- value_json.a | is_defined -}}", '{"a":4}', 4),
    ],
)
def test_templates_are_evaluated(template: str, payload: str, value: object) -> None:
    """Paths, indexes and the filters that discovery documents use."""
    assert render(template, Payload(payload.encode())) == value


@pytest.mark.parametrize(
    ("template", "payload"),
    [
        ("{{ value_json.b }}", '{"a":1}'),
        ("{{ value_json.a.b }}", '{"a":1}'),
        ("{{ value_json[3] }}", "[1]"),
        ("{{ value_json.b | default(0) }}", '{"a":1}'),
        ("{{ value_json.a | float(0) }}", '{"a":"nan"}'),
        ("{{ value_json.a }}", "21.5 C"),
    ],
)
def test_what_is_missing_is_no_value(template: str, payload: str) -> None:
    """A template's default is no measure."""
    with pytest.raises(PayloadError):
        render(template, Payload(payload.encode()))


@pytest.mark.parametrize(
    "template",
    [
        "{{ value_json.a * 1.8 }}",
        "{% if value_json.a %}1{% endif %}",
        "{{ states('x') }}",
        "{{ value.__class__ }}",
        "{{ value_json.a }} °C",
        "{{ value_json.a | timestamp_local }}",
        "{{ value_json.a | round(1, 'floor') }}",
        "{{ value_json['a'",
    ],
)
def test_beyond_them_the_reason_shows_the_template(template: str) -> None:
    """No value, though the configuration itself is accepted."""
    sent = config(val_tpl=template)
    assert understood(*sent).kind is Kind.DISCOVERY
    assert template in refusal(STATE, '{"a":1}', sent)


# --- availability


def said(payload: str, *before: tuple[str, str], topic: str = "a/on") -> Availability | None:
    """Return what a message says of availability."""
    return understood(topic, payload, *before).availability


def test_availability_has_default_and_own_words() -> None:
    """Another word is refused and changes nothing."""
    usual, own = config(avty_t="a/on"), config(avty_t="a/on", pl_avail="1", pl_not_avail="0")
    assert said("online", usual) is Availability.ONLINE
    assert said("offline", usual) is Availability.OFFLINE
    assert said("0", own) is Availability.OFFLINE
    assert "neither '1' nor '0'" in refusal("a/on", "online", own)
    assert model("a/on", usual) == "homeassistant"


def test_availability_may_have_a_template() -> None:
    """In a list, an object or beside the topic."""
    for shape in (
        {"avty": [{"t": "a/on", "val_tpl": "{{ value_json.state }}"}]},
        {"availability": {"topic": "a/on", "value_template": "{{ value_json.state }}"}},
        {"avty_t": "a/on", "avty_tpl": "{{ value_json.state }}"},
    ):
        assert said('{"state":"online"}', config(**shape)) is Availability.ONLINE


@pytest.mark.parametrize(
    ("mode", "words", "wanted"),
    [
        ("latest", ["offline", "online"], Availability.ONLINE),
        ("latest", ["online", "offline"], Availability.OFFLINE),
        ("all", ["online", "online"], Availability.ONLINE),
        ("all", ["offline", "online"], Availability.OFFLINE),
        ("any", ["online", "offline"], Availability.ONLINE),
        ("any", ["offline", "offline"], Availability.OFFLINE),
    ],
)
def test_of_several_topics_the_mode_decides(mode: str, words: list[str], wanted: Availability) -> None:
    """All, any, or the latest word."""
    sent = config(avty=[{"t": "a/on"}, {"t": "b/on"}], avty_mode=mode)
    assert said(words[1], sent, ("a/on", words[0]), topic="b/on") is wanted


def test_a_bridge_speaks_for_all_that_watch_it() -> None:
    """One topic, several devices: the others are announced."""
    sent = [config(name, stat_t=f"{name}/s", avty_t="a/on", dev={"ids": name}) for name in ("one", "two")]
    decoded = understood("a/on", "offline", *sent)
    assert (decoded.device, decoded.availability) == ("homeassistant:one", Availability.OFFLINE)
    assert [(each.device, each.availability) for each in decoded.announces] == [
        ("homeassistant:two", Availability.OFFLINE)
    ]


def test_expire_after_is_kept() -> None:
    """With the entity; what is no number is none."""
    for sent, seconds in ((60, 60.0), ("x", 0.0), (None, 0.0)):
        contexts: Contexts = {}
        understood(*config(exp_aft=sent), contexts=contexts)
        context: Context = contexts["homeassistant", ""]
        assert next(iter(context.entities.values())).expires == seconds


# --- natives keep their topics; nothing grows without end


def test_topics_of_native_families_stay_theirs() -> None:
    """Discovery only names the device."""
    tele, z2m = "tele/kitchen/SENSOR", "zigbee2mqtt/lamp"
    assert model(tele, config(stat_t=tele)) == "tasmota"
    assert model(z2m, config(stat_t=z2m)) == "zigbee2mqtt"
    assert model("plug/online", config(stat_t="plug/s", avty_t="plug/online")) == "homeassistant"
    assert model("plug/online", config(stat_t="plug/status/switch:0")) == "shelly-gen2"


def test_the_same_document_again_is_nothing_new() -> None:
    """Retained documents come again at each connection."""
    contexts: Contexts = {}
    sent = device(cmps={"a": part("a", "a1"), "b": part("b", "b1")})
    assert outcome(*sent, contexts=contexts).changed
    assert not outcome(*sent, contexts=contexts).changed


def test_a_flood_of_documents_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known stays known."""
    monkeypatch.setattr(_ha_context, "MANY", 2)
    sent = [config(f"x{n}", stat_t=f"x/{n}") for n in range(3)]
    assert "entity cap" in refusal(*sent[2], *sent[:2])
    assert values("x/1", "5", *sent) == {"x1": 5}


@pytest.mark.parametrize(
    ("unit", "value", "quality"), [("%", 78, "good"), ("dBm", 78, "uncertain"), ("dBm", -61, "good")]
)
def test_a_signal_is_a_percentage_or_a_power_and_each_has_its_range(unit: str, value: float, quality: str) -> None:
    """A percentage is never dBm."""
    found = full(STATE, str(value), config(dev_cla="signal_strength", unit_of_meas=unit))
    assert found == {"signal_strength": (value, unit, quality)}
