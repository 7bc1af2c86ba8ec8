"""What families whose devices describe themselves take and refuse; the usual case is each driver's own proof."""

import json

import pytest

from hub.commands import order
from hub.driver import Command, Driver, Order, Target
from hub.drivercheck import target_of
from hub.drivers._ha_context import Context
from hub.drivers._ha_template import written_by
from hub.drivers._protobuf import field, fields
from hub.drivers.sparkplug import IS_BOOLEAN, ROOT
from hub.errors import PayloadError
from hub.model import Message
from hub.registry import load_drivers
from hub.units import Conversion, Unit

DRIVERS = load_drivers()


def told(model: str, before: list[tuple[str, str | bytes]], channel: str, value: float) -> Order:
    """Return what goes out for a command."""
    driver: Driver = DRIVERS[model]
    said = [(topic, each.encode() if isinstance(each, str) else each) for topic, each in before]
    return order(driver, target_of(driver, said), Command(channel, value))


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("", "ON", "ON"),
        ("", 55.0, "55"),
        ("{{ value }}", 20.5, "20.5"),
        ("{{value|int}}", 20.9, "20"),
        ("{{ value | float }}", 55.0, "55.0"),
        ("{{ value | round(1) }}", 20.46, "20.5"),
        ('{"set": "{{ value }}", "unit": "C"}', 20.0, '{"set": "20", "unit": "C"}'),
        ("static", 1.0, "static"),
    ],
)
def test_a_command_template_is_filled(template: str, value: float | str, text: str) -> None:
    """The part of the language that discovery documents use; whole numbers have no point."""
    assert written_by(template, value) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ value * 10 }}",
        "{% if value %}1{% endif %}",
        "{{ value_json.a }}",
        "{{ states('x') }}",
        "{{ value",
        "{{ value | tojson }}",
    ],
)
def test_a_template_beyond_the_hub_is_shown_and_nothing_is_sent(template: str) -> None:
    """Never a guess, never executed."""
    document = json.dumps({"stat_t": "p/s", "cmd_t": "p/set", "cmd_tpl": template})
    with pytest.raises(PayloadError, match="command template"):
        told("homeassistant", [("homeassistant/switch/p/config", document), ("p/s", "OFF")], "switch", 1)


@pytest.mark.parametrize(
    ("document", "channel"),
    [
        ({"cmd_t": "p/set"}, "switch"),
        ({"stat_t": "p/s"}, "switch"),
        ({"stat_t": "p/s", "cmd_t": "p/set", "pl_on": "X", "pl_off": "X"}, "switch"),
    ],
    ids=["never says what it is", "takes no command", "one word for both"],
)
def test_an_entity_that_could_not_confirm_or_obey_cannot_be_set(document: dict[str, str], channel: str) -> None:
    """A button without a state is one of them."""
    before = [("homeassistant/switch/p/config", json.dumps(document)), ("p/s", "OFF")]
    driver = DRIVERS["homeassistant"]
    context = driver.empty_context()
    for topic, payload in before[:1]:
        context = driver.decode(Message(topic, payload.encode(), 1), context)[1]
    assert driver.settable is not None
    assert driver.settable(Target(uid="homeassistant:p", topic="p/s", context=context)) == ()
    with pytest.raises(PayloadError, match="cannot be set"):
        order(driver, Target(uid="homeassistant:p", topic="p/s", context=context), Command(channel, 1))


def test_an_esphome_number_takes_the_range_and_unit_of_its_discovery() -> None:
    """Told in its own unit; without discovery there is no unit to convert."""
    document = {
        "stat_t": "oven/number/sp/state",
        "cmd_t": "oven/number/sp/command",
        "unit_of_meas": "°F",
        "dev_cla": "temperature",
        "min": 100,
        "max": 500,
        "dev": {"ids": "a"},
        "name": "sp",
    }
    before: list[tuple[str, str | bytes]] = [
        ("homeassistant/number/oven/sp/config", json.dumps(document)),
        ("oven/number/sp/state", "200"),
    ]
    driver = DRIVERS["esphome"]
    context = DRIVERS["homeassistant"].decode(Message(before[0][0], str(before[0][1]).encode(), 1), Context())[1]
    context = driver.decode(Message("oven/number/sp/state", b"200", 1), context)[1]
    target = Target(uid="esphome:oven", topic="oven/number/sp/state", channels=frozenset({"sp"}), context=context)
    assert order(driver, target, Command("sp", 150)).messages == (("oven/number/sp/command", b"302"),)
    with pytest.raises(PayloadError, match="to 260 °C"):
        order(driver, target, Command("sp", 261))


def test_an_esphome_component_known_from_an_older_version_keeps_its_channel() -> None:
    """What was stored knew the type alone; the next state teaches where it listens."""
    driver = DRIVERS["esphome"]
    old = Context(owners={"esphome:zima\npump": "switch"})
    decoded, after = driver.decode(Message("zima/switch/pump/state", b"ON", 1), old)
    assert [each.channel for each in decoded.samples] == ["pump"]
    assert after.owners == {"esphome:zima\npump": "switch/pump"}
    assert driver.decode(Message("zima/switch/pump/state", b"ON", 1), after)[1] is after


def birth(
    name: bytes, *said: bytes, datatype: int = IS_BOOLEAN, alias: int | None = None
) -> list[tuple[str, str | bytes]]:
    """Return the birth of a node with one metric."""
    own = field(1, name) + (b"" if alias is None else field(2, alias)) + field(4, datatype) + b"".join(said)
    return [(f"{ROOT}/g/NBIRTH/n", field(2, own) + field(3, 0))]


def flag(name: bytes, value: int) -> bytes:
    """Return a property that is a boolean."""
    return field(9, field(1, name) + field(2, field(1, 11) + field(7, value)))


@pytest.mark.parametrize(
    ("name", "said", "obeys"),
    [
        (b"Pump", [field(14, 0)], False),
        (b"Pump", [field(14, 0), flag(b"writable", 1)], True),
        (b"Pump", [field(14, 0), flag(b"readOnly", 0)], True),
        (b"Outputs/Pump", [field(14, 0)], True),
        (b"Outputs/Pump", [field(14, 0), flag(b"readOnly", 1)], False),
        (b"Outputs/Pump", [field(14, 0), flag(b"Writable", 0)], False),
    ],
)
def test_a_sparkplug_metric_obeys_where_its_birth_says_so(name: bytes, said: list[bytes], *, obeys: bool) -> None:
    """By a property, else by the outputs' own branch; a measure is never written."""
    channel = name.decode().lower().replace("/", "_")
    if obeys:
        [(topic, payload)] = told("sparkplug", birth(name, *said), channel, 1).messages
        metric = dict(fields(dict(fields(payload))[0x12]))  # type: ignore[arg-type]
        assert (topic, metric[0x0A], metric[0x70]) == (f"{ROOT}/g/NCMD/n", name, 1)
    else:
        with pytest.raises(PayloadError, match="cannot be set"):
            told("sparkplug", birth(name, *said), channel, 1)


def test_a_sparkplug_command_carries_the_alias_alone_where_there_is_one_and_no_seq() -> None:
    """Chapter 6.4.6: with aliases the name is left out; a command has no sequence number."""
    [(_, payload)] = told("sparkplug", birth(b"Outputs/P", field(14, 0), alias=7), "outputs_p", 1).messages
    parts = dict(fields(payload))
    metric = dict(fields(parts[0x12]))  # type: ignore[arg-type]
    assert (metric[0x10], 0x0A in metric, 0x18 in parts) == (7, False, False)


def test_a_dead_sparkplug_node_is_told_nothing() -> None:
    """What it would obey, nobody knows before its next birth."""
    death = f"{ROOT}/g/NDEATH/n", field(2, field(1, b"bdSeq") + field(4, 8) + field(11, 0))
    with_seq = (
        field(2, field(1, b"bdSeq") + field(4, 8) + field(11, 0))
        + field(2, field(1, b"Outputs/P") + field(4, IS_BOOLEAN) + field(14, 0))
        + field(3, 0)
    )
    with pytest.raises(PayloadError, match="cannot be set"):
        told("sparkplug", [(f"{ROOT}/g/NBIRTH/n", with_seq), death], "outputs_p", 1)


def test_a_unit_is_undone_as_it_was_applied() -> None:
    """There and back again."""
    fahrenheit = Conversion(Unit.CELSIUS, 1 / 1.8, -32)
    assert (fahrenheit.apply(212), fahrenheit.undo(100)) == (100, 212)
    assert fahrenheit.undo(fahrenheit.apply(68.5)) == 68.5
    assert Conversion(Unit.PERCENT).undo(41) == 41
