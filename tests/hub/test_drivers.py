"""The contract every driver keeps, generated over all of them (house.md §3.2)."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.commands import order
from hub.driver import CHANNEL_NAME, MODEL_NAME, Command, Commanding, Driver, Example, reach
from hub.drivercheck import (
    LEAVES,
    branches,
    check,
    check_commanding,
    check_example,
    check_payload,
    check_period,
    target_of,
    unshown,
)
from hub.errors import ConfigError, PayloadError
from hub.model import Kind, Message
from hub.registry import Registry, check_description, load_drivers
from hub.units import Unit

DRIVERS = load_drivers()
EXAMPLES = [
    pytest.param(driver, example, id=f"{model}-{number}")
    for model, driver in DRIVERS.items()
    for number, example in enumerate(driver.examples)
]
COMMANDINGS = [
    pytest.param(driver, proof, id=f"{model}-{proof.channel}")
    for model, driver in DRIVERS.items()
    for proof in driver.commandings
]
BYTE = st.sampled_from(b"\x00\x01\x7f\x80\xff") | st.integers(0, 255)  # extremes first: that is where decoders break
every_driver = pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)


def documents(driver: Driver) -> list[Example]:
    """Return the examples whose payload is JSON with something in it."""
    read = [each for each in driver.examples if each.payload[:1] in {b"{", b"["} and not each.refusal]
    return [each for each in read if list(branches(json.loads(each.payload)))]


SPEAK_JSON = {model: driver for model, driver in DRIVERS.items() if documents(driver)}
every_driver_of_json = pytest.mark.parametrize("driver", SPEAK_JSON.values(), ids=SPEAK_JSON)
every_example = pytest.mark.parametrize(("driver", "example"), EXAMPLES)


@every_example
def test_example_holds(driver: Driver, example: Example) -> None:
    """Each captured payload gives the values, or the refusal, its author wrote; heard again it changes nothing."""
    assert not list(check_example(driver, example))


@every_example
def test_example_belongs_to_its_driver(driver: Driver, example: Example) -> None:
    """Among all drivers its topic comes to the one that shows it."""
    registry, contexts = Registry(DRIVERS), {}  # type: ignore[var-annotated]
    for topic, payload in example.before:
        registry.decode(example.message(payload, topic=topic), contexts)
    assert registry.decode(example.message(), contexts).driver is driver


@pytest.mark.parametrize(("driver", "proof"), COMMANDINGS)
def test_a_command_goes_out_as_its_author_wrote_and_the_report_proves_it(driver: Driver, proof: Commanding) -> None:
    """Topic and payload to the byte, and the device's own report gives the value that was wanted."""
    assert not list(check_commanding(driver, proof))


@pytest.mark.parametrize(("driver", "proof"), COMMANDINGS)
@pytest.mark.parametrize("value", [-1.0, 0.5, 1e9, math.nan, math.inf])
def test_a_value_that_no_device_takes_is_refused_with_the_reason(
    driver: Driver, proof: Commanding, value: float
) -> None:
    """Half a switch, a dimmer at minus one: nothing goes out, and no other error comes."""
    target = target_of(driver, proof.before)
    try:
        due = order(driver, target, Command(proof.channel, value))
    except PayloadError:
        return
    taken = reach(driver, target, proof.channel)
    assert due.value == value
    assert taken is not None
    assert taken.low <= value <= taken.high
    assert (taken.low, taken.high) != (0, 1), "a switch is on or off"


@pytest.mark.parametrize(("driver", "proof"), COMMANDINGS)
def test_a_channel_nobody_can_set_is_refused(driver: Driver, proof: Commanding) -> None:
    """A measure is no set-point."""
    with pytest.raises(PayloadError, match="no_such_thing"):
        order(driver, target_of(driver, proof.before), Command("no_such_thing", 1.0))


@pytest.mark.parametrize(("driver", "proof"), COMMANDINGS)
def test_a_command_seen_passing_is_no_measure(driver: Driver, proof: Commanding) -> None:
    """The hub hears what it says itself: it must never take it for the device's own report."""
    registry, contexts = Registry(DRIVERS), {}  # type: ignore[var-annotated]
    for topic, payload in (*proof.before, *proof.sends):
        outcome = registry.decode(Message(topic, payload, 1), contexts)
    assert outcome.driver is driver
    assert outcome.decoded is not None
    assert outcome.decoded.kind is Kind.COMMAND
    assert outcome.decoded.samples == ()


@pytest.mark.parametrize("driver", [each for each in DRIVERS.values() if each.period], ids=lambda each: each.model)
def test_a_period_is_asked_for_set_and_taken_as_its_author_wrote(driver: Driver) -> None:
    """Topic and payload to the byte; question and order are commands to whoever hears them."""
    assert not list(check_period(driver))
    assert driver.period is not None
    target = target_of(driver, driver.period.proof.before)
    for topic, payload in (*driver.period.ask(target), *driver.period.set(target, driver.period.high)):
        assert driver.decode(Message(topic, payload, 1), target.context)[0].kind is Kind.COMMAND


@every_driver
def test_examples_show_every_channel_and_a_refusal(driver: Driver) -> None:
    """A reader learns the whole driver from its examples."""
    assert not list(unshown(driver))
    assert any(example.refusal for example in driver.examples)


@every_driver
def test_names_and_units_are_for_ever(driver: Driver) -> None:
    """kebab-case models, snake_case channels, units of the hub, ranges that are ranges."""
    assert MODEL_NAME.fullmatch(driver.model)
    assert re.fullmatch(r"[a-z0-9]+", driver.family)
    assert driver.source
    for channel in driver.channels:
        assert CHANNEL_NAME.fullmatch(channel.name)
        assert channel.unit is None or isinstance(channel.unit, Unit)
        assert channel.low < channel.high
        assert math.isfinite(channel.low)
        assert math.isfinite(channel.high)


def test_a_name_means_one_unit_in_all_families() -> None:
    """What resembles an existing name uses it: `temperature` is °C everywhere."""
    units: dict[str, set[str | None]] = {}
    for driver in DRIVERS.values():
        for channel in driver.channels:
            units.setdefault(channel.name, set()).add(channel.unit)
    unsaid = {"pm25", "pm10"}  # Zigbee2MQTT names no unit without exposes
    assert {name: each for name, each in units.items() if len(each) > 1 and name not in unsaid} == {}


@every_driver
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_damaged_payload_is_decoded_or_refused(driver: Driver, data: st.DataObject) -> None:
    """No payload, however broken, crashes the hub or invents a channel."""
    example = data.draw(st.sampled_from(driver.examples))
    start, stop = sorted(data.draw(st.integers(0, len(example.payload))) for _ in range(2))
    length = max(0, stop - start + data.draw(st.sampled_from([0, 0, 0, 1, -1])))
    damage = bytes(data.draw(st.lists(BYTE, min_size=length, max_size=length)))
    payload = example.payload[:start] + damage + example.payload[stop:]
    assert not list(check_payload(driver, example, payload))


@every_driver_of_json
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_one_wrong_leaf_spoils_nothing_else(driver: Driver, data: st.DataObject) -> None:
    """null, true, "", a word, a huge number, a list or an object in a leaf's place: read or refused, with a reason."""
    example = data.draw(st.sampled_from(documents(driver)))
    document: Any = json.loads(example.payload)
    holder, key = data.draw(st.sampled_from(list(branches(document))))
    holder[key] = data.draw(st.sampled_from(LEAVES))
    assert not list(check_payload(driver, example, json.dumps(document).encode()))


def any_json(driver: Driver) -> st.SearchStrategy[Any]:
    """Return any JSON there is; its keys are often those of the family."""
    found = {key for each in documents(driver) for _, key in branches(json.loads(each.payload)) if isinstance(key, str)}
    text = st.text(max_size=12)
    keys = st.sampled_from(sorted(found)) | text if found else text
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | text
    return st.recursive(leaves, lambda x: st.lists(x, max_size=4) | st.dictionaries(keys, x, max_size=5), max_leaves=20)


@every_driver
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_bytes_and_any_json_are_decoded_or_refused(driver: Driver, data: st.DataObject) -> None:
    """Nothing of an example is left but its topic and what came before."""
    example = data.draw(st.sampled_from(driver.examples))
    written = any_json(driver).map(lambda document: json.dumps(document).encode(errors="surrogatepass"))
    assert not list(check_payload(driver, example, data.draw(st.binary(max_size=300) | written)))


@every_driver
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_topic_it_claims_is_answered(driver: Driver, data: st.DataObject) -> None:
    """Names hold slashes, spaces, accents, `..` and quotes; none of them crashes a driver."""
    example = data.draw(st.sampled_from(driver.examples))
    levels = example.topic.split("/")
    levels[data.draw(st.integers(0, len(levels) - 1))] = data.draw(st.text(max_size=12).filter(lambda t: "\0" not in t))
    outcome = Registry({driver.model: driver}).decode(example.message(topic="/".join(levels)), {})
    assert outcome.reason is None or "failed" not in outcome.reason


@every_driver
def test_the_kit_finds_nothing(driver: Driver) -> None:
    """`matinales drivers test` says good."""
    assert not list(check(driver, damaged=10))


def sabotaged(**changes: Any) -> Driver:  # noqa: ANN401 — any field of a driver
    """Return a driver with a fault."""
    good = DRIVERS["zigbee2mqtt"]
    return Driver(**{name: getattr(good, name) for name in good.__struct_fields__} | changes)


def failing(*_: object) -> Any:  # noqa: ANN401 — never returns
    """Fail as a careless driver does."""
    msg = "unpack requires 7 bytes"
    raise KeyError(msg)


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"model": "Zigbee 2"}, "kebab-case"),
        ({"examples": ()}, "no refusal"),
        ({"channels": ()}, "channel"),
        ({"decode": failing}, "KeyError"),
        ({"topics": ()}, "claims no topic"),
    ],
)
def test_the_kit_finds_a_sabotaged_driver(changes: dict[str, Any], finding: str) -> None:
    """A check that cannot fail proves nothing."""
    driver = sabotaged(open_channels=False, **changes)
    try:
        check_description(driver, "here")
        found = " ".join(check(driver, damaged=4)) if "decode" not in changes else "KeyError" * bool(_crashes(driver))
    except ConfigError as error:
        found = str(error)
    assert finding in found


def _crashes(driver: Driver) -> bool:
    example = next(each for each in driver.examples if not each.before)
    return any("KeyError" in each for each in check_payload(driver, example, b"{}"))


@every_driver
def test_refusals_speak_plainly(driver: Driver) -> None:
    """A reason is a sentence for people: no class names, no traceback, no line break."""
    for example in driver.examples:
        for payload in (b"", b"\xff", b"[]", b"{", b"nonsense"):
            reason = refusal(driver, example.message(payload))
            assert reason is None or re.fullmatch(r"[^ .].*", reason)
            assert "Error" not in (reason or "")


def refusal(driver: Driver, message: Message) -> str | None:
    """Return why a message alone is refused."""
    try:
        driver.decode(message, driver.empty_context())
    except PayloadError as error:
        return str(error)
    return None
