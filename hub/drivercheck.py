"""What every driver keeps, as `matinales drivers test` and the tests ask it.

Names for ever, examples that hold, a refusal among them, no exception whatever the payload, no invented channel,
the same context back when nothing is new, a context that survives being stored.
"""

import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.driver import CHANNEL_NAME, Command, Commanding, Decoded, Driver, Example, Target, base_name, reach
from hub.errors import ConfigError, PayloadError
from hub.model import Message
from hub.registry import check_description, decode_context, encode_context

LEAVES: tuple[Any, ...] = (
    None,
    True,
    "",
    "unavailable",
    "NaN",
    -1,
    0,
    1.5,
    10**400,
    [],
    {},
    [1],
    {"a": 1},
    "\ud7ff\x00",
)
"""What replaces one leaf of a JSON example."""

LATEST = 2**63
"""Nanoseconds that 64 bits hold."""
RECEIVED = 1_753_430_400_000_000_000


class Damage:
    """Makes broken payloads of good ones; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        """Start at a seed."""
        self._random = random.Random(seed)  # noqa: S311 — repeatable on purpose

    def bytes_of(self, payload: bytes) -> bytes:
        """Return a payload with a stretch replaced by other bytes, extremes first."""
        start, stop = sorted(self._random.randint(0, len(payload)) for _ in range(2))
        length = max(0, stop - start + self._random.choice([0, 0, 0, 1, -1]))
        middle = bytes(
            self._random.choice([0, 1, 0x7F, 0x80, 0xFF, self._random.randrange(256)]) for _ in range(length)
        )
        return payload[:start] + middle + payload[stop:]

    def leaf_of(self, payload: bytes) -> bytes:
        """Return a JSON payload with one leaf or branch replaced; bytes damage where it is no JSON."""
        try:
            document = json.loads(payload)
        except ValueError:
            return self.bytes_of(payload)
        places = list(branches(document))
        if not places:
            return self.bytes_of(payload)
        holder, key = self._random.choice(places)
        holder[key] = self._random.choice(LEAVES)
        return json.dumps(document).encode()


def branches(document: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 — whatever JSON holds
    """Return (holder, key) of everything inside a document."""
    pairs = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in list(pairs):
        yield document, key
        yield from branches(value)


def context_before(driver: Driver, example: Example) -> Any:  # noqa: ANN401 — each driver has its own type
    """Return what the messages before an example leave in its context."""
    context = driver.empty_context()
    for topic, payload in example.before:
        context = driver.decode(Message(topic, payload, example.message().received), context)[1]
    return context


def check(driver: Driver, *, damaged: int = 200, seed: int = 0) -> Iterator[str]:
    """Return every breach of the contract, in words; `damaged` broken payloads are tried per example."""
    try:
        check_description(driver, driver.model)
    except ConfigError as error:
        yield str(error)
        return
    for example in driver.examples:
        yield from check_example(driver, example)
    for commanding in driver.commandings:
        yield from check_commanding(driver, commanding)
    yield from check_period(driver)
    yield from unshown(driver)
    damage = Damage(seed)
    for example in driver.examples:
        for make in (damage.bytes_of, damage.leaf_of):
            for _ in range(damaged // 2):
                yield from check_payload(driver, example, make(example.payload))


def target_of(driver: Driver, before: Iterable[tuple[str, bytes]]) -> Target:
    """Return the device that the messages make known: the last one's."""
    context, topics = driver.empty_context(), dict[str, str]()
    channels, names, uid, topic = set[str](), set[str](), "", ""
    for topic, payload in before:
        decoded, context = driver.decode(Message(topic, payload, RECEIVED), context)
        uid = decoded.device
        topics.setdefault(uid, topic)
        channels |= {sample.channel for sample in decoded.samples}
        names |= {decoded.device, *decoded.aliases}
        names |= {alias for each in decoded.announces if each.device == uid for alias in each.aliases}
    known = topics.get(uid, topic)
    return Target(uid=uid, topic=known, names=tuple(sorted(names)), channels=frozenset(channels), context=context)


def check_commanding(driver: Driver, proof: Commanding) -> Iterator[str]:
    """Return where a command does not go out as its author wrote, or is not proved by the device's report."""
    where = f"command {proof.channel}={proof.value:g}"
    target = target_of(driver, proof.before)
    if driver.command is None or reach(driver, target, proof.channel) is None:
        yield f"{where}: the driver does not say that this channel can be set"
        return
    try:
        order = driver.command(target, Command(proof.channel, proof.value))
    except PayloadError as error:
        yield f"{where}: refused because {error}"
        return
    if order.messages != proof.sends:
        yield f"{where}: sends {order.messages}, not {proof.sends}"
    if order.qos != proof.qos or order.qos not in {0, 1}:
        yield f"{where}: goes out at QoS {order.qos}, not {proof.qos}; 0 and 1 are possible"
    if any("+" in topic or "#" in topic or topic.startswith("matinales/") for topic, _ in order.messages):
        yield f"{where}: publishes to a filter, or to the hub itself"
    decoded, _ = driver.decode(Message(*proof.report, RECEIVED), target.context)
    values = {sample.channel: sample.value for sample in decoded.samples}
    if decoded.device != target.uid or order.channel not in values:
        yield f"{where}: the report is of {decoded.device}, {sorted(values)}; {target.uid} {order.channel} is due"
    elif abs(values[order.channel] - order.value) > order.tolerance:
        yield f"{where}: reported is {values[order.channel]:g}, {order.value:g} ± {order.tolerance:g} is due"


def check_period(driver: Driver) -> Iterator[str]:
    """Return where a device is not told how often to report as its author wrote, or does not say that it took it."""
    if driver.period is None:
        return
    proof = driver.period.proof
    seconds, target = int(proof.value), target_of(driver, proof.before)
    if not driver.period.low <= seconds <= driver.period.high:
        yield f"period: {seconds} s of the proof is not from {driver.period.low} to {driver.period.high}"
    if (sent := driver.period.set(target, seconds)) != proof.sends:
        yield f"period: sends {sent}, not {proof.sends}"
    if not driver.period.ask(target):
        yield "period: a device is not asked for its own before it is changed"
    decoded, _ = driver.decode(Message(*proof.report, RECEIVED), target.context)
    if (decoded.device, decoded.period) != (target.uid, seconds):
        yield f"period: the report is of {decoded.device}, {decoded.period} s; {target.uid}, {seconds} s is due"


def unshown(driver: Driver) -> Iterator[str]:
    """Return the channels that no example shows: a reader learns the whole driver from its examples."""
    names = [channel.name for channel in driver.channels]
    shown = {base_name(name, names) for example in driver.examples for name in example.values}
    yield from (f"no example shows channel {name!r}" for name in names if name not in shown)


def check_example(driver: Driver, example: Example) -> Iterator[str]:
    """Return where an example does not hold."""
    where = f"example {example.topic} {example.payload[:40]!r}"
    context = context_before(driver, example)
    behind_a_base = driver.rooted and example.before  # what it heard before makes the topic its own
    adopted = driver.adopts is not None and example.topic in driver.adopts(driver.scope(example.topic), context)
    if driver.claims is not None and not behind_a_base and not adopted and not driver.claims(example.topic):
        yield f"{where}: the driver does not claim the topic"
    try:
        decoded, after = driver.decode(example.message(), context)
    except PayloadError as error:
        if example.refusal is None or example.refusal not in str(error):
            yield f"{where}: refused because {error}"
        return
    if example.refusal is not None:
        yield f"{where}: should be refused because {example.refusal!r}"
        return
    yield from (f"{where}: {each}" for each in _differences(example, decoded))
    yield from (f"{where}: {each}" for each in broken(driver, decoded))
    again, last = driver.decode(example.message(), after)
    if last is not after:
        yield f"{where}: the same message again changes the context"
    if decode_context(driver, encode_context(after)) != after:
        yield f"{where}: the context does not survive being stored"
    if again.device != decoded.device:
        yield f"{where}: heard again it is {again.device!r}, not {decoded.device!r}"


def _differences(example: Example, decoded: Decoded) -> Iterator[str]:
    values = {sample.channel: sample.value for sample in decoded.samples}
    if not _close(values, example.values):
        yield f"gives {values}, not {dict(example.values)}"
    wanted: list[tuple[str, object, object]] = [
        ("device", example.device, decoded.device),
        ("kind", example.kind, decoded.kind),
        ("availability", example.availability, decoded.availability),
    ]
    yield from (f"{name} is {got!r}, not {due!r}" for name, due, got in wanted if due is not None and due != got)
    yield from (f"{field!r} is not rejected" for field in example.rejected if field not in decoded.rejected)


def _close(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return one.keys() == other.keys() and all(math.isclose(one[k], other[k], rel_tol=1e-9, abs_tol=1e-9) for k in one)


def check_payload(driver: Driver, example: Example, payload: bytes) -> Iterator[str]:
    """Return what is wrong when a payload, however broken, takes an example's place."""
    problems, _ = tried(driver, example.message(payload), context_before(driver, example))
    yield from (f"{example.topic} {payload[:200]!r}: {each}" for each in problems)


def tried(driver: Driver, message: Message, context: Any) -> tuple[list[str], Any]:  # noqa: ANN401 — a driver's own type
    """Decode any message; return what is wrong with the answer, and the context afterwards."""
    try:
        decoded, after = driver.decode(message, context)
    except PayloadError as error:
        problems = [] if str(error).strip() else ["refused without a reason"]
        return problems, context if error.context is None else error.context
    except Exception as error:  # noqa: BLE001 — that none escapes is what is checked
        return [f"{type(error).__name__}: {error}"], context
    problems = list(broken(driver, decoded))
    if decode_context(driver, encode_context(after)) != after:
        problems.append("the context does not survive being stored")
    return problems, after


def broken(driver: Driver, decoded: Decoded) -> Iterator[str]:
    """Return what no decoded message may hold."""
    names = [channel.name for channel in driver.channels]
    if not decoded.device.startswith(f"{driver.family}:"):
        yield f"device {decoded.device!r} is not of family {driver.family!r}"
    moments = [(sample.channel, sample.measured) for sample in decoded.samples]
    yield from (f"channel {name!r} twice in one moment" for name, at in set(moments) if moments.count((name, at)) > 1)
    for sample in decoded.samples:
        if type(sample.value) is not float or not math.isfinite(sample.value):
            yield f"{sample.channel} is {sample.value!r}, not a finite float"
        if sample.measured is not None and not 0 <= sample.measured < LATEST:
            yield f"{sample.channel} was measured at {sample.measured}, which no store holds"
        if not CHANNEL_NAME.fullmatch(sample.channel):
            yield f"{sample.channel!r} is not snake_case"
        if base_name(sample.channel, names) is None and not driver.open_channels:
            yield f"invents channel {sample.channel!r}"
