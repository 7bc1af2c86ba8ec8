"""The registry finds the driver of a message and lets nothing out but its outcome."""

import math
import tracemalloc
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import registry as module
from hub.driver import UNSAID, Carried, Channel, Content, Decoded, Driver, Example, Sample, topic_matches
from hub.errors import ConfigError, ForeignPayloadError, PayloadError
from hub.likeness import MAX_LEARNT
from hub.model import Kind, Message, Quality
from hub.registry import Alike, Contexts, Registry, check_description, decode_context, encode_context, load_drivers
from hub.units import Unit

DRIVERS = load_drivers()


def message(topic: str, payload: bytes = b"1") -> Message:
    """Return a message that arrived just now."""
    return Message(topic, payload, 1_790_000_000_000_000_000)


def driver(model: str, decode: Any, **more: Any) -> Driver:  # noqa: ANN401 — any function, any field
    """Return a small driver."""
    fields: dict[str, Any] = {
        "family": model,
        "title": model,
        "source": "here",
        "topics": ("#",),
        "channels": (Channel(name="temperature", unit=Unit.CELSIUS, low=-60, high=150),),
        "examples": (Example.refused("a/b", b"", because="x"),),
    }
    return Driver(model=model, decode=decode, **(fields | more))


def saying(value: float, **more: Any) -> Driver:  # noqa: ANN401 — any field
    """Return a driver that always gives one value."""
    decoded = Decoded(Kind.READINGS, "one:a", (Sample("temperature_x", value),))
    return driver("one", lambda _message, context: (decoded, context), **more)


@pytest.mark.parametrize(
    ("topic", "model"),
    [
        ("tele/kitchen/SENSOR", "tasmota"),
        ("tasmota/discovery/5CCF7F000000/config", "tasmota"),
        ("home/cellar/x/tele/STATE", "tasmota"),
        ("cmnd/kitchen/Power", "tasmota"),
        ("shellies/plus1pm/events/rpc", "shelly-gen2"),
        ("shellies/plus1pm/online", "shelly-gen1"),
        ("plus1pm/online", "shelly-gen2"),
        ("shellies/hall/relay/0", "shelly-gen1"),
        ("shellies/shellies/hall/emeter/0/power", "shelly-gen1"),
        ("shellies/hall/relay/0/command", "shelly-gen1"),
        ("shellies/hall/something", "generic"),
        ("a/b/c/status/switch:0", "shelly-gen2"),
        ("matinales-ask/plug/rpc", "shelly-gen2"),
        ("zigbee2mqtt/lamp", "zigbee2mqtt"),
        ("zigbee2mqtt/deep/name/online", "zigbee2mqtt"),
        ("z/bridge/devices", "zigbee2mqtt"),
        ("workshop/oven/temp", "generic"),
        ("tele/kitchen/other", "generic"),
        ("a/status/unknown", "generic"),
    ],
)
def test_a_topic_finds_its_family(topic: str, model: str) -> None:
    """The lowest rank that claims it, the more literal filter first; who only looks at payloads passes it on."""
    found = Registry(DRIVERS).decode(message(topic, b"1"), {}).driver
    assert found is not None
    assert found.model == model


@pytest.mark.parametrize("topic", ["$SYS/broker/uptime", "house/5/car/$nodes"])
def test_a_topic_of_nobody(topic: str) -> None:
    """Is listed with a reason in plain words."""
    outcome = Registry(DRIVERS).decode(message(topic), {})
    assert outcome.driver is None
    assert outcome.decoded is None
    assert outcome.reason == "no driver knows this topic"


def test_what_is_the_hubs_own_is_housekeeping() -> None:
    """Nothing below `matinales/` becomes a device."""
    outcome = Registry(DRIVERS).decode(message("matinales/sim/cold_room/clock"), {})
    assert outcome.driver is None
    assert outcome.decoded is not None
    assert outcome.decoded.kind is Kind.HOUSEKEEPING


def test_a_refused_native_message_goes_to_nobody_else() -> None:
    """A number on a Tasmota topic is a broken Tasmota, not a generic device."""
    outcome = Registry(DRIVERS).decode(message("tele/kitchen/SENSOR", b"21.5"), {})
    assert outcome.decoded is None
    assert outcome.driver is not None
    assert outcome.driver.model == "tasmota"


def test_a_driver_that_fails_is_counted_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """Its exception stays inside; the log says so once."""

    def broken(_message: Message, _context: None) -> Any:  # noqa: ANN401 — never returns
        msg = "unpack requires a buffer of 7 bytes"
        raise ValueError(msg)

    registry = Registry({"one": driver("one", broken)})
    for _ in range(3):
        outcome = registry.decode(message("a/b"), {})
        assert outcome.reason == "driver one failed: ValueError: unpack requires a buffer of 7 bytes"
    assert registry.failures["one"] == 3
    assert len([each for each in caplog.records if each.name == Registry.__module__]) == 1


def test_a_claim_that_fails_is_no_claim() -> None:
    """A driver whose claim raises is passed over."""

    def broken(_topic: str) -> bool:
        raise IndexError

    registry = Registry({"one": saying(1.0, claims=broken)})
    assert registry.decode(message("a/b"), {}).driver is None
    assert registry.failures["one"] == 1


@pytest.mark.parametrize(
    ("value", "quality"),
    [(20.0, Quality.GOOD), (150.0, Quality.GOOD), (150.1, Quality.UNCERTAIN), (-61.0, Quality.UNCERTAIN)],
)
def test_out_of_range_is_marked_never_clamped(value: float, quality: Quality) -> None:
    """The value stays as it came; the unit is its channel's, found by the base name."""
    registry = Registry({"one": saying(value)})
    outcome = registry.decode(message("a/b"), {})
    assert outcome.driver is not None
    assert outcome.decoded is not None
    ((sample, unit, marked),) = registry.complete(outcome.driver, outcome.decoded)
    assert (sample.value, unit, marked) == (value, "°C", quality)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_finite_is_no_sample(value: float) -> None:
    """Even from a driver that breaks its contract."""
    registry = Registry({"one": saying(value)})
    outcome = registry.decode(message("a/b"), {})
    assert outcome.driver is not None
    assert outcome.decoded is not None
    assert registry.complete(outcome.driver, outcome.decoded) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_no_sample_of_a_channel_that_nobody_lists_either(value: float) -> None:
    """A key of foreign JSON may name a unit that makes too much of a large number."""
    decoded = Decoded(Kind.READINGS, "one:a", (Sample("anything", value),))
    registry = Registry({"one": saying(1.0)})
    assert registry.complete(registry.drivers["one"], decoded) == []


def test_a_bad_probe_stays_bad() -> None:
    """The device's own fault code weighs more than the range."""
    decoded = Decoded(Kind.READINGS, "one:a", (Sample("temperature", -999.0, quality=Quality.BAD),))
    registry = Registry({"one": saying(1.0)})
    assert registry.complete(registry.drivers["one"], decoded)[0][2] is Quality.BAD


def test_a_samples_own_unit_wins() -> None:
    """What the message says beats what the channel usually is."""
    decoded = Decoded(Kind.READINGS, "one:a", (Sample("temperature", 1.0, unit="hPa"), Sample("other", 1.0)))
    registry = Registry({"one": saying(1.0)})
    assert [unit for _, unit, _ in registry.complete(registry.drivers["one"], decoded)] == ["hPa", None]


def test_a_flood_of_values_is_cut_and_says_so() -> None:
    """One message gives a bounded number of values and refusals."""
    samples = tuple(Sample(f"temperature_{n}", 1.0) for n in range(1000))
    decoded = Decoded(Kind.READINGS, "one:a", samples, rejected={str(n): "no" for n in range(1000)})
    registry = Registry({"one": driver("one", lambda _m, c: (decoded, c))})
    outcome = registry.decode(message("a/b"), {})
    assert outcome.decoded is not None
    assert len(outcome.decoded.samples) == 256
    assert "more fields" in outcome.decoded.rejected["…"]
    assert len(outcome.decoded.rejected) == 33


def test_a_context_is_kept_per_scope_and_said_to_have_changed() -> None:
    """Two bridges remember apart; a message that teaches nothing changes nothing."""
    registry, contexts = Registry(DRIVERS), Contexts()
    for base in ("one", "two"):
        first = registry.decode(message(f"{base}/bridge/state", b"online"), contexts)
        assert first.changed
        assert first.key == ("zigbee2mqtt", base)
        again = registry.decode(message(f"{base}/bridge/state", b"online"), contexts)
        assert not again.changed
    assert set(contexts) == {("zigbee2mqtt", "one"), ("zigbee2mqtt", "two")}


def test_a_base_topic_is_at_home_once_its_bridge_spoke() -> None:
    """Before, its devices are generic; after, or with the context restored, they are Zigbee."""
    registry, contexts = Registry(DRIVERS), Contexts()
    lamp = message("maison/z2m/lamp", b'{"temperature":20}')
    before = registry.decode(lamp, contexts)
    assert before.driver is DRIVERS["generic"]
    registry.decode(message("maison/z2m/bridge/state", b'{"state":"online"}'), contexts)
    assert registry.decode(lamp, contexts).driver is DRIVERS["zigbee2mqtt"]
    kept = {key: decode_context(DRIVERS[key[0]], encode_context(value)) for key, value in contexts.items()}
    assert Registry(DRIVERS).decode(lamp, kept).driver is DRIVERS["zigbee2mqtt"]
    assert registry.decode(lamp, {}).driver is DRIVERS["generic"]


def test_a_context_nobody_can_read_starts_anew(caplog: pytest.LogCaptureFixture) -> None:
    """A driver that changed its mind about the shape forgets, and the log says so."""
    context = decode_context(DRIVERS["zigbee2mqtt"], encode_context(["another shape"]))
    assert context == DRIVERS["zigbee2mqtt"].empty_context()
    assert "starts anew" in caplog.text


@given(st.text(max_size=30), st.binary(max_size=60))
def test_anything_has_an_outcome(topic: str, payload: bytes) -> None:
    """Any bytes on any topic: understood, or a reason; never an exception."""
    outcome = Registry(DRIVERS).decode(message(topic, payload), {})
    assert outcome.decoded is not None or outcome.reason
    assert outcome.reason is None or "failed" not in outcome.reason


def test_models_are_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second driver of the same model is refused, naming where it lies."""

    def twice() -> Iterator[tuple[str, Driver]]:
        yield "here", saying(1.0)
        yield "there", saying(2.0)

    monkeypatch.setattr(module, "_bundled", twice)
    with pytest.raises(ConfigError, match=r"there: there is already a driver with model 'one'"):
        load_drivers()


def test_a_package_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that fails says which package to mend."""
    point = EntryPoint("acme", "acme_not_there:DRIVER", module.GROUP)
    monkeypatch.setattr(module, "entry_points", lambda **_: (point,))
    with pytest.raises(ConfigError, match=r"acme_not_there:DRIVER cannot be loaded"):
        load_drivers()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"channels": (Channel(name="Temp", unit=None, low=0, high=1),)}, "snake_case"),
        ({"channels": (Channel(name="t", unit=None, low=1, high=1),)}, "below high"),
        ({"channels": (Channel(name="t", unit=None, low=0, high=1),) * 2}, "there twice"),
        ({"topics": ()}, "no topic"),
        ({"examples": ()}, "no refusal"),
    ],
)
def test_a_wrong_description_is_refused(changes: dict[str, Any], problem: str) -> None:
    """Names are checked on day one, with the place."""
    with pytest.raises(ConfigError, match=problem):
        check_description(saying(1.0, **changes), "acme.py")


def test_a_refusal_is_an_outcome() -> None:
    """PayloadError is the reason as it stands."""

    def refusing(_message: Message, _context: None) -> Any:  # noqa: ANN401 — never returns
        msg = "expected 6 bytes, got 2"
        raise PayloadError(msg)

    outcome = Registry({"one": driver("one", refusing)}).decode(message("a/b"), {})
    assert (outcome.decoded, outcome.reason) == (None, "expected 6 bytes, got 2")


def adopting(model: str, **more: Any) -> Driver:  # noqa: ANN401 — any field
    """Return a driver that takes every topic named on `<model>/add`, until it is named on `<model>/drop`."""

    def decode(got: Message, context: dict[str, int]) -> tuple[Decoded, dict[str, int]]:
        named = got.payload.decode()
        if got.topic == f"{model}/add":
            context = context | {named: 1}
        elif got.topic == f"{model}/drop":
            context = {topic: one for topic, one in context.items() if topic != named}
        return Decoded(Kind.DISCOVERY, f"{model}:a"), context

    fields: dict[str, Any] = {
        "topics": (f"{model}/#",),
        "context": dict,
        "adopts": lambda _scope, context: tuple(context),
        "rank": 1,
    }
    return driver(model, decode, **(fields | more))


def taker(registry: Registry, topic: str, contexts: Contexts) -> str | None:
    """Return the model of the driver that a topic comes to."""
    found = registry.decode(message(topic), contexts).driver
    return found.model if found else None


def test_a_topic_that_was_named_is_adopted_until_it_is_dropped() -> None:
    """A route found before the document is found anew; other topics keep theirs; a restored context knows it too."""
    registry, contexts = Registry({"one": saying(1.0, rank=2), "doc": adopting("doc")}), Contexts()
    assert taker(registry, "a/b", contexts) == "one"
    registry.decode(message("doc/add", b"a/b"), contexts)
    assert (taker(registry, "a/b", contexts), taker(registry, "a/c", contexts)) == ("doc", "one")
    kept = {key: decode_context(registry.drivers[key[0]], encode_context(value)) for key, value in contexts.items()}
    assert taker(Registry(registry.drivers), "a/b", kept) == "doc"
    assert taker(registry, "a/b", {}) == "one"
    assert taker(registry, "a/b", contexts) == "doc"
    registry.decode(message("doc/drop", b"a/b"), contexts)
    assert taker(registry, "a/b", contexts) == "one"


@pytest.mark.parametrize(
    ("claim", "taken_by"),
    [
        ({"rank": 0}, "one"),
        ({"rank": 0, "loose": lambda _topic: True}, "doc"),
        ({"rank": 1, "topics": ("a/b",)}, "doc"),
        ({"rank": 2, "topics": ("a/b",)}, "doc"),
    ],
)
def test_an_adopted_topic_comes_before_its_own_rank_and_after_firm_natives(
    claim: dict[str, Any], taken_by: str
) -> None:
    """A native topic stays native; a shape that others share yields to a document that names the topic."""
    registry, contexts = Registry({"one": saying(1.0, **claim), "doc": adopting("doc")}), Contexts()
    registry.decode(message("doc/add", b"a/b"), contexts)
    assert taker(registry, "a/b", contexts) == taken_by


def test_a_loose_claim_comes_before_the_generic() -> None:
    """It is still the better guess."""
    loose = driver("loose", lambda _m, c: (Decoded(Kind.HOUSEKEEPING, "loose:a"), c), loose=lambda _topic: True)
    assert taker(Registry({"one": saying(1.0, rank=2), "loose": loose}), "a/b", {}) == "loose"


def test_topics_of_the_hub_are_adopted_by_nobody() -> None:
    """A document that names one changes nothing."""
    registry, contexts = Registry({"doc": adopting("doc")}), Contexts()
    registry.decode(message("doc/add", b"matinales/sim/x"), contexts)
    assert taker(registry, "matinales/sim/x", contexts) is None


def passing(_message: Message, _context: None) -> Any:  # noqa: ANN401 — never returns
    """Say that the payload is another family's."""
    msg = "this is no word of ours"
    raise ForeignPayloadError(msg)


def test_a_foreign_payload_goes_to_the_next_driver() -> None:
    """A topic's shape can mislead; the payload tells."""
    registry = Registry({"first": driver("first", passing), "one": saying(21.0, rank=2)})
    outcome = registry.decode(message("a/b"), {})
    assert outcome.decoded is not None
    assert outcome.driver is registry.drivers["one"]


def test_a_foreign_payload_that_nobody_takes_is_refused_by_the_first() -> None:
    """With its reason."""
    registry = Registry({"first": driver("first", passing), "second": driver("second", passing, rank=2)})
    outcome = registry.decode(message("a/b"), {})
    assert outcome.driver is registry.drivers["first"]
    assert (outcome.decoded, outcome.reason) == (None, "this is no word of ours")


def test_a_driver_may_share_anothers_context() -> None:
    """What a document said is known to the driver whose values it explains; the topics stay that driver's."""

    def counting(_message: Message, context: dict[str, int]) -> tuple[Decoded, dict[str, int]]:
        return Decoded(Kind.READINGS, "one:a", (Sample("temperature", float(len(context))),)), context

    sharing = driver("one", counting, topics=("a/#",), context=dict, shares="doc")
    registry, contexts = Registry({"one": sharing, "doc": adopting("doc")}), Contexts()
    for topic in (b"x", b"y"):
        registry.decode(message("doc/add", topic), contexts)
    outcome = registry.decode(message("a/b"), contexts)
    assert outcome.decoded is not None
    assert outcome.decoded.samples[0].value == 2.0
    assert set(contexts) == {("doc", "")}


@pytest.mark.parametrize("others", [1, 50, 400])
@pytest.mark.parametrize("topic", ["tele/kitchen/SENSOR", "zigbee2mqtt/lamp", "some/where/else"])
def test_finding_a_topics_driver_costs_the_same_however_many_drivers_there_are(
    monkeypatch: pytest.MonkeyPatch, topic: str, others: int
) -> None:
    """At first sight only filters that begin alike are compared; from the third message on nobody is asked at all."""
    asked: list[str] = []

    def claims(model: str) -> Any:  # noqa: ANN401 — a driver's own function
        def claim(_topic: str) -> bool:
            asked.append(model)
            return True

        return claim

    def matches(pattern: str, topic: str) -> bool:
        asked.append(pattern)
        return topic_matches(pattern, topic)

    more = {
        f"other-{n}": driver(f"other-{n}", failing, topics=(f"other{n}/+/up",), claims=claims(f"other-{n}"))
        for n in range(others)
    }
    monkeypatch.setattr(module, "topic_matches", matches)
    few, many = Registry(DRIVERS), Registry(DRIVERS | more)
    found = few.route(topic)
    first = [*asked]
    asked.clear()
    assert many.route(topic) is found
    assert asked == first
    assert many.route(topic) is found
    asked.clear()
    assert many.route(topic) is found
    assert asked == []


def test_a_native_topic_names_its_device() -> None:
    """The first of a document's topics that a native driver knows; none for the others."""
    registry = Registry(DRIVERS)
    assert registry.named(["some/where", "tele/kitchen/SENSOR"]) == "tasmota:kitchen"
    assert registry.named(["zigbee2mqtt/hall/lamp"]) == "zigbee2mqtt:hall/lamp"
    assert registry.named(["zigbee2mqtt/bridge/state"]) is None
    assert registry.named(["plug/status/switch:0"]) == "shelly:plug"
    assert registry.named(["some/where", "plug/online"]) is None


# --- bytes that only the device's user can read


def carrying(data: bytes, **more: Any) -> Driver:  # noqa: ANN401 — any field
    """Return a driver whose messages carry bytes."""

    def decode(message: Message, context: None) -> tuple[Decoded, None]:
        return Decoded(
            Kind.AVAILABILITY, f"net:{message.topic}", aliases=("eui:1",), carried=Carried("data", data, 7)
        ), context

    return driver("net", decode, **more)


def reading(data: bytes) -> Content:
    """Read one byte as a temperature."""
    if not data:
        msg = "empty"
        raise PayloadError(msg)
    return Content((Sample("temperature", float(data[0])),), rejected={"end": "cut"})


def carried_by(registry: Registry) -> Decoded:
    """Return what becomes of the bytes of device net:a."""
    decoded = registry.decode(message("a"), {}).decoded
    assert decoded is not None
    return decoded


def failing(*_: object) -> Any:  # noqa: ANN401 — never returns
    """Fail as a careless driver does."""
    msg = "careless"
    raise KeyError(msg)


READER = driver("reader", failing, topics=("never",), reads=reading)


@pytest.mark.parametrize("name", ["net:a", "eui:1", "*"])
def test_the_chosen_format_reads_carried_bytes(name: str) -> None:
    """By uid, by another name, or for every device; unit, range and time are taken along."""
    registry = Registry({"net": carrying(b"\xff"), "reader": READER}, {name: "reader"})
    decoded = carried_by(registry)
    (sample,) = decoded.samples
    assert (sample.value, sample.unit, sample.measured, sample.quality) == (255, "°C", 7, Quality.UNCERTAIN)
    assert (decoded.kind, decoded.rejected) == (Kind.READINGS, {"data: end": "cut"})


@pytest.mark.parametrize(
    ("formats", "data", "reason"),
    [
        ({}, b"1", "no payload format is chosen for net:a"),
        ({"net:b": "reader"}, b"1", "no payload format is chosen for net:a"),
        ({"net:a": "reader"}, b"", "reader: empty"),
        ({"net:a": "broken"}, b"1", "driver broken failed: KeyError"),
    ],
)
def test_bytes_that_are_not_read_say_why(formats: dict[str, str], data: bytes, reason: str) -> None:
    """The rest of the message stands."""
    broken = driver("broken", failing, topics=("never",), reads=failing)
    registry = Registry({"net": carrying(data), "reader": READER, "broken": broken}, formats)
    decoded = carried_by(registry)
    assert (decoded.kind, decoded.samples) == (Kind.AVAILABILITY, ())
    assert reason in decoded.rejected["data"]


@pytest.mark.parametrize("model", ["nonsense", "net"])
def test_a_format_that_reads_no_bytes_is_refused(model: str) -> None:
    """With the device it was chosen for, and the formats there are."""
    with pytest.raises(ConfigError, match=r"net:a is to speak .* known: reader"):
        Registry({"net": carrying(b""), "reader": READER}, {"net:a": model})


def test_an_unsaid_unit_stays_unknown() -> None:
    """Though a channel of that name has one; and its range says nothing."""
    free = driver("free", lambda _m, c: (Decoded(Kind.READINGS, "free:a", (Sample("temperature", 999.0, UNSAID),)), c))
    registry = Registry({"free": free})
    decoded = registry.decode(message("a"), {}).decoded
    assert decoded is not None
    ((_, unit, quality),) = registry.complete(free, decoded)
    assert (unit, quality) == (None, Quality.GOOD)


def asked(rank: int, topic: str, times: int) -> int:
    """Return how often a driver is asked whether a topic is its own while so many messages come."""
    topics: list[str] = []

    def claims(each: str) -> bool:
        topics.append(each)
        return True

    found = Registry({"one": saying(1.0, rank=rank, claims=claims)})
    contexts: Contexts = {}
    for _ in range(times):
        assert found.decode(message(topic), contexts).decoded is not None
    return len(topics)


def test_the_way_of_a_known_familys_topic_is_looked_for_once() -> None:
    """It is a device, and speaks again."""
    assert asked(0, "a/b", 5) == 1


def test_the_way_of_any_other_topic_is_kept_once_it_speaks_again() -> None:
    """It costs a second look, and no memory where there is no second time."""
    assert asked(2, "a/b", 5) == 2


def test_a_driver_that_fails_the_second_time_it_is_asked_costs_no_message() -> None:
    """One of another package runs in a process of its own, which may end in between: it is asked once."""
    times: list[str] = []

    def loose(topic: str) -> bool:
        times.append(topic)
        if len(times) > 1:
            raise RuntimeError(topic)
        return False

    found = Registry({"one": saying(1.0, loose=loose)})
    assert found.decode(message("a/b"), {}).decoded is not None
    assert times == ["a/b"]


def test_a_message_that_is_prepared_and_then_decoded_is_one() -> None:
    """Where drivers of packages are on, each message is looked at twice: its stranger has spoken once all the same."""
    found, contexts = Registry({"one": saying(1.0, rank=2)}), Contexts()
    for topic in ("passing/1/by", "passing/2/by"):
        found.prepare([message(topic)], contexts)
        found.decode(message(topic), contexts)
    assert not found._routes


def test_strangers_that_speak_once_leave_nothing() -> None:
    """3,000 of them took 390 kB; what is left are the few that are taken for known."""
    found, contexts = Registry({"one": saying(1.0, rank=2)}), Contexts()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(3_000):
            found.decode(message(f"passing/{number}/by"), contexts)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 30_000


def learnt(registry: Registry, topic: str, payload: bytes) -> Alike | None:
    """Return how a topic's messages are read without their driver, once it has spoken a few times."""
    contexts: Contexts = {}
    registry._contexts = contexts
    said = message(topic, payload)
    outcomes = [registry.decode(said, contexts) for _ in range(3)]
    return registry.alike(said, outcomes[-1], contexts)


@pytest.mark.parametrize("payload", [b'{"temp":"21.5"}', b'"21.5"', b'{"air":{"temp":"21.5"},"time":1795510800}'])
def test_numbers_in_quotes_are_for_their_driver(payload: bytes) -> None:
    """It reads them; nothing is learnt of a telegram without a number, and nobody's code fails."""
    registry = Registry(DRIVERS)
    assert learnt(registry, "workshop/oven/said", payload) is None
    assert not registry.failures


def test_who_sends_another_make_on_each_topic_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic holds what reads it: when there are enough, others are read by their drivers until some are forgotten."""
    monkeypatch.setattr(module, "MAX_MAKES", 8)
    monkeypatch.setattr(module, "MAX_TRIED", 1)
    registry = Registry(DRIVERS)
    held = [learnt(registry, f"workshop/oven{n}/said", b'{"temp%d":21.5}' % n) for n in range(20)]
    assert len({id(each.shape) for each in held if each is not None}) == 8
    again = learnt(registry, "workshop/other/said", b'{"temp0":3}')
    assert again is not None
    assert held[0] is not None
    assert again.shape is held[0].shape
    held.clear()
    assert learnt(registry, "workshop/oven19/said", b'{"temp19":21.5}') is not None


def test_a_long_telegram_is_for_its_driver() -> None:
    """Its keys and words would be kept with its make."""
    text = b'{"temp":21.5,"note":"%s"}'
    assert learnt(Registry(DRIVERS), "workshop/oven/said", text % (b"x" * (MAX_LEARNT - len(text) + 2))) is not None
    assert learnt(Registry(DRIVERS), "workshop/oven/said", text % (b"x" * MAX_LEARNT)) is None
