"""Finds the drivers, finds the one a message belongs to, and lets no exception of a driver out.

Drivers lie in `hub/drivers`, one file each with a `DRIVER`; other packages add theirs by the entry point group
`matinales.drivers`, which the hub runs in a process of their own (`hub.guests`). The lowest rank that claims a topic
takes it; a message it refuses goes to nobody else, unless it says that the payload is another family's.
"""

import importlib
import logging
import pkgutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from itertools import takewhile
from math import isfinite
from sys import float_info
from typing import Any
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct, structs

import hub.drivers
from hub.doorstep import Doorstep
from hub.driver import (
    BELIEVED,
    CHANNEL_NAME,
    MODEL_NAME,
    UNSAID,
    Announced,
    Carried,
    Content,
    Decoded,
    Driver,
    Likeness,
    Sample,
    Value,
    base_name,
    topic_matches,
)
from hub.errors import ConfigError, DriverFaultError, ForeignPayloadError, PayloadError
from hub.likeness import MAX_LEARNT, MAX_MAKES, Said, Shape, Told, members_of
from hub.model import Kind, Message, Quality
from hub.units import conversion

GROUP = "matinales.drivers"
OWN = "matinales/"
"""Topics of the hub itself: never a device (design.md §1)."""
FAHRENHEIT = "fahrenheit"
"""Among the payload formats: the device states temperatures in °F without saying so."""
EVERY_DEVICE = "*"
"""Among the chosen payload formats: every device that none is named for."""
ANY_LEVEL = "+"
MAX_ROUTES = 20_000
"""How many topics' routes are remembered; a swarm of made-up topics must not fill the memory."""
ADOPTED = 1000
"""Counts as that many literal levels: an adopted topic is spelt out whole."""
MAX_CHANNELS = 20_000
"""How many (driver, channel) pairs are remembered."""
MAX_CONTEXTS = 20_000
"""How many contexts are remembered; beyond them a made-up topic teaches nothing."""
MAX_TRIED = 64
"""Makes known though no topic may be read by them: many devices that fault alike cost one type, not many."""
MAX_SAMPLES = 256
MAX_REJECTED = 32
"""What one message may give; hostile ones hold tens of thousands, and each would be a line somewhere."""

_LOG = logging.getLogger(__name__)
_ENCODER = msgspec.msgpack.Encoder()
_DECODE = msgspec.json.Decoder().decode

Contexts = dict[tuple[str, str], Any]
"""(model, scope) → the context of a driver there."""

Route = tuple[Driver, tuple[str, str]]
"""Who takes a topic, and the key of the context it uses."""
LOOSE = 1.5
"""The rank of a claim by a shape that others use too: behind what a discovery document says, before the generic."""


class Outcome(Struct, frozen=True, gc=False):
    """What became of one message.

    Attributes:
        driver: who took it; None: nobody claims the topic, or it is the hub's own.
        decoded: what it means; None: refused.
        reason: why it was refused, in plain words.
        key: (model, scope) of the context it used.
        changed: whether that context is another one now.
        asks: of a refused message: what would make its sender say what is missing.
        fault: it was refused by the fault of a driver of another package, which may be repaired.
    """

    driver: Driver | None
    decoded: Decoded | None
    reason: str | None = None
    key: tuple[str, str] = ("", "")
    changed: bool = False
    asks: tuple[tuple[str, bytes], ...] = ()
    fault: bool = False


_OWN = Outcome(None, Decoded(Kind.HOUSEKEEPING, ""))
_UNKNOWN = Outcome(None, None, "no driver knows this topic")


class Remote(Driver, frozen=True, kw_only=True, eq=False):
    """A driver that decodes elsewhere, so that asking it for each message alone is dear.

    Attributes:
        prepare: (messages in order, context before them): what will probably be decoded next.
    """

    prepare: Callable[[Sequence[Message], Any], None]


class Alike(Struct, frozen=True, gc=False):
    """How the messages of a topic are read while it is theirs who read the last one, and knows what he knew.

    Attributes:
        routes: of the topic.
        key, context: of its driver there; None: it has heard nothing.
        shape: reads them.
    """

    routes: tuple[Route, ...]
    key: tuple[str, str]
    context: Any
    shape: Shape


class Registry:
    """Decodes any message by the driver that its topic belongs to."""

    def __init__(self, drivers: Mapping[str, Driver], formats: Mapping[str, str] = {}) -> None:
        """Take drivers by model, as `load_drivers` returns them, and the payload formats that the user chose.

        Args:
            drivers: by model.
            formats: uid or other name of a device, or EVERY_DEVICE → model of a driver that reads bare bytes, or
                FAHRENHEIT.

        Raises:
            ConfigError: naming the format that does not exist.
        """
        self.drivers = dict(drivers)
        self.has_remote = any(isinstance(driver, Remote) for driver in self.drivers.values())
        """Whether `prepare` is of use."""
        self._formats = {name: self._format(name, model) for name, model in formats.items() if model != FAHRENHEIT}
        self._fahrenheit = frozenset(name for name, model in formats.items() if model == FAHRENHEIT)
        self.failures: Counter[str] = Counter()
        """model → how often its code failed (which is a fault of the driver, not of the payload)."""
        self._by_level = _by_level(self.drivers.values())
        self._routes: dict[str, tuple[Route, ...]] = {}
        self._strangers = Doorstep(MAX_ROUTES)
        self._unscoped: dict[str, Route] = {
            model: (driver, (driver.shares or model, "")) for model, driver in self.drivers.items()
        }
        """One for all topics of a driver without scopes: thousands of equal ones fill the memory."""
        self._roots: dict[str, Driver] = {}
        self._adopted: dict[tuple[str, str], frozenset[str]] = {}
        self._adopters: dict[str, dict[tuple[str, str], Driver]] = {}
        self._contexts: Contexts | None = None
        self._channels: dict[str, dict[str, Told]] = {model: {} for model in drivers}
        self._shapes = WeakValueDictionary[Hashable, Shape]()
        """Those that are held: by the topics that are read by them, and the last ones by `_tried`."""
        self._tried: deque[Shape] = deque(maxlen=MAX_TRIED)

    def decode(self, message: Message, contexts: Contexts) -> Outcome:
        """Decode a message; a context that it changes is replaced in `contexts`. Never raises."""
        if contexts is not self._contexts:
            self._take(contexts)
        topic = message.topic
        try:
            routes = self._routes[topic]
        except KeyError:
            routes = self._find(topic)
        refused = _UNKNOWN if not topic.startswith(OWN) else _OWN
        for route in routes:
            try:
                return self._by(route, message, contexts)
            except ForeignPayloadError as error:
                refused = Outcome(route[0], None, str(error), route[1]) if refused is _UNKNOWN else refused
        return refused

    def prepare(self, messages: Iterable[Message], contexts: Contexts) -> None:
        """Let drivers that decode elsewhere take their next messages by the batch: quicker, and never needed."""
        if contexts is not self._contexts:
            self._take(contexts)
        batches: dict[tuple[str, str], tuple[Remote, list[Message]]] = {}
        for message in messages:
            topic = message.topic
            routes = self._routes[topic] if topic in self._routes else self._find(topic, speaks=False)
            driver, key = routes[0] if routes else (None, ("", ""))
            if isinstance(driver, Remote):
                batches.setdefault((driver.model, key[1]), (driver, []))[1].append(message)
        for (model, scope), (remote, mine) in batches.items():
            remote.prepare(mine, contexts.get((remote.shares or model, scope)) or remote.empty_context())

    def _by(self, route: Route, message: Message, contexts: Contexts) -> Outcome:
        """Decode by one driver; nothing leaves but its word that the payload is another family's."""
        driver, key = route
        before = contexts.get(key)
        if before is None:
            before = driver.empty_context()
        try:
            decoded, after = driver.decode(message, before)
        except ForeignPayloadError:
            raise
        except PayloadError as error:
            changed = error.context is not None and self._remember(driver, key, error.context, contexts)
            return Outcome(driver, None, str(error), key, changed, error.asks, isinstance(error, DriverFaultError))
        except Exception as error:  # noqa: BLE001 — a driver's fault must not stop the others
            return self._failed(driver, key, error)
        if decoded.unsaid and not self._fahrenheit.isdisjoint((decoded.device, *decoded.aliases, EVERY_DEVICE)):
            decoded = _in_celsius(decoded)
        if decoded.carried is not None or len(decoded.samples) > MAX_SAMPLES or len(decoded.rejected) > MAX_REJECTED:
            decoded = self._settled(decoded)
        if after is before:
            return Outcome(driver, decoded, None, key)
        return Outcome(driver, decoded, None, key, self._remember(driver, key, after, contexts))

    def complete(self, driver: Driver, decoded: Decoded) -> list[tuple[Sample, str | None, Quality]]:
        """Return each sample with its unit (its own, else its channel's) and quality.

        Out of the channel's plausible range is uncertain, never clamped; what is not finite is no sample.
        """
        done: list[tuple[Sample, str | None, Quality]] = []
        known, good = self._channels[driver.model], Quality.GOOD
        for sample in decoded.samples:
            value, quality = sample.value, sample.quality
            channel = known.get(sample.channel) or self._channel(driver, sample.channel)
            unit = channel.unit if sample.unit is None else sample.unit or None
            if quality is good and not channel.low <= value <= channel.high:
                if not isfinite(value):
                    continue
                if unit == channel.unit:  # the range of another unit says nothing
                    quality = Quality.UNCERTAIN
            done.append((sample, unit, quality))
        return done

    def alike(self, message: Message, outcome: Outcome, contexts: Contexts) -> Alike | None:
        """Return how messages like one that was decoded are read without its driver; None: only the driver can.

        Tried on the message itself: what does not give what the driver gave is not learnt.
        """
        driver, decoded, routes = outcome.driver, outcome.decoded, self._routes.get(message.topic, ())
        if driver is None or driver.alike is None or decoded is None or len(message.payload) > MAX_LEARNT:
            return None
        asked = [*takewhile(lambda route: route[0] is not driver, routes)]  # before it, who refused
        if len(asked) == len(routes) or not all(each.foreign_by_members for each, _ in asked):
            return None
        context = contexts.get(outcome.key)
        try:
            root = _DECODE(message.payload)
            likeness = driver.alike(message, root, driver.empty_context() if context is None else context)
            shape = self._shape(driver, root, likeness) if likeness is not None and likeness.values else None
        except (msgspec.DecodeError, PayloadError, ValueError):
            return None  # no JSON, or of no kind that is read so
        except Exception as error:  # noqa: BLE001 — as when it decodes
            self._failed(driver, outcome.key, error)
            return None
        if shape is None or not self._gives(shape, message.payload, driver, decoded):
            return None
        return Alike(routes, outcome.key, context, shape)

    def read(self, alike: Alike, message: Message, contexts: Contexts) -> Said | None:
        """Return what a message says, read as one of its topic was; None: it is to be decoded."""
        if self._routes.get(message.topic) is not alike.routes or contexts.get(alike.key) is not alike.context:
            return None
        return alike.shape.read(message.payload)

    def _shape(self, driver: Driver, root: object, likeness: Likeness) -> Shape | None:
        """Return what reads a make of telegram: devices of one make share it. None: enough others are known.

        Raises:
            ValueError: there is none.
        """
        members = members_of(root)
        make = driver.model, members, likeness
        shape = self._shapes.get(make)
        if shape is None and len(self._shapes) < MAX_MAKES:
            shape = Shape(members, likeness, [self._told(driver, each) for each in likeness.values])
            self._shapes[make] = shape
            self._tried.append(shape)
        return shape

    def _told(self, driver: Driver, value: Value) -> Told:
        """Return what is known of a value: as `complete` does of a sample."""
        channel = self._channel(driver, value.channel)
        unit = channel.unit if value.unit is None else value.unit or None
        return channel if unit == channel.unit else Told(unit, -float_info.max, float_info.max)

    def _gives(self, shape: Shape, payload: bytes, driver: Driver, decoded: Decoded) -> bool:
        """Tell whether a message's shape gives what its driver gave, and that was nothing but good values.

        One a channel: which is the second of a name depends on the order of members, which a shape does not keep.
        """
        said, found = shape.read(payload), self.complete(driver, decoded)
        if said is None or decoded.unsaid or decoded.carried is not None or decoded.events:
            return False
        measured, local, values = said
        return (
            len(found) == len(values)
            and all(
                (sample.measured, sample.local, sample.historical, quality) == (measured, local, False, Quality.GOOD)
                for sample, _, quality in found
            )
            and {(sample.channel, unit): sample.value for sample, unit, _ in found}
            == dict(zip(shape.channels, values, strict=True))
        )

    def route(self, topic: str) -> Driver | None:
        """Return the driver that a topic belongs to."""
        found = self._routes[topic] if topic in self._routes else self._find(topic)
        return found[0][0] if found else None

    def takes(self, model: str, topic: str) -> bool:
        """Tell whether a driver is among those that a topic comes to."""
        routes = self._routes[topic] if topic in self._routes else self._find(topic)
        return any(driver.model == model for driver, _key in routes)

    def named(self, topics: Iterable[str]) -> str | None:
        """Return the uid that the native driver of one of these topics gives it; None where there is none."""
        for topic in topics:
            driver = self.route(topic)
            found = driver.names(topic) if driver is not None and driver.names is not None else None
            if found is not None:
                return found
        return None

    def believed(self, family: str) -> float:
        """Return how long [s] a value of a family counts until its channel's own period is known."""
        known = (driver.believed for driver in self.drivers.values() if driver.family == family)
        return max(known, default=BELIEVED)

    def describes(self, driver: Driver, topic: str) -> bool:
        """Tell whether what a driver's documents say of a topic's values counts: no other family reads them."""
        found = self.route(topic)
        return found is None or found.rank >= driver.rank or found.shares == driver.model

    def about(self, names: Collection[str], topic: str, contexts: Contexts) -> Iterator[tuple[Driver, Announced]]:
        """Give what documents, and the bridge of its topic, said of a device before it spoke, by any of its names."""
        for driver in self.drivers.values():
            if driver.about is None:
                continue
            _, key = self.place(topic, driver.family)
            context = contexts.get(key if key[0] == driver.model else (driver.model, ""))
            if context is None:
                continue
            try:
                found = driver.about(names, context)
            except Exception as error:  # noqa: BLE001 — as when it decodes
                self._failed(driver, ("", ""), error)
                continue
            if found is not None:
                yield driver, found

    def _remember(self, driver: Driver, key: tuple[str, str], context: Any, contexts: Contexts) -> bool:  # noqa: ANN401 — each driver has its own type
        """Keep what a message taught, where there is room; tell whether it is kept."""
        if key not in contexts and len(contexts) >= MAX_CONTEXTS:
            return False
        contexts[key] = context
        if driver.rooted and key[1] and self._roots.get(key[1]) is not driver:
            self._take(contexts)
        elif driver.adopts is not None:
            self._adopt(driver, key, context)
        return True

    def _format(self, device: str, model: str) -> Driver:
        """Return the driver that reads a payload format."""
        found = self.drivers.get(model.replace("_", "-"))
        if found is None or found.reads is None:
            models = {each.model for each in self.drivers.values() if each.reads is not None}
            known = ", ".join([*sorted(models), FAHRENHEIT])
            msg = f"payload_formats: {device} is to speak {model!r}, which is no payload format; known: {known}"
            raise ConfigError(msg)
        return found

    def _settled(self, decoded: Decoded) -> Decoded:
        """Return a message with its carried bytes read, and no longer than any may be."""
        if decoded.carried is not None:
            decoded = self._with_carried(decoded, decoded.carried)
        if len(decoded.samples) > MAX_SAMPLES or len(decoded.rejected) > MAX_REJECTED:
            decoded = _cut(decoded)
        return decoded

    def _with_carried(self, decoded: Decoded, carried: Carried) -> Decoded:
        """Read the device's own bytes by the format chosen for it; without one, say so: nothing is guessed."""
        chosen = self._chosen(decoded) if self._formats else None
        if chosen is None or chosen.reads is None:
            reason = (
                f"no payload format is chosen for {decoded.device}; name one in payload_formats (HUB_PAYLOAD_FORMATS)"
            )
            return structs.replace(decoded, rejected={**decoded.rejected, carried.field: reason})
        try:
            content = chosen.reads(carried.data)
        except PayloadError as error:
            return structs.replace(decoded, rejected={**decoded.rejected, carried.field: f"{chosen.model}: {error}"})
        except Exception as error:  # noqa: BLE001 — as when it decodes
            reason = self._failed(chosen, ("", ""), error).reason or ""
            return structs.replace(decoded, rejected={**decoded.rejected, carried.field: reason})
        return self._joined(decoded, carried, chosen, content)

    def _chosen(self, decoded: Decoded) -> Driver | None:
        """Return what reads a device's bytes: the format of any of its names, else that of every device."""
        names = (decoded.device, *decoded.aliases, EVERY_DEVICE)
        return next((self._formats[name] for name in names if name in self._formats), None)

    def _joined(self, decoded: Decoded, carried: Carried, chosen: Driver, content: Content) -> Decoded:
        """Return a message with what its bytes hold; units and ranges are the payload format's."""
        taken = {sample.channel for sample in decoded.samples}
        found = self.complete(chosen, Decoded(Kind.READINGS, decoded.device, content.samples))
        samples = [
            Sample(each.channel, each.value, unit or UNSAID, carried.measured, carried.local, quality)
            for each, unit, quality in found
            if each.channel not in taken
        ]
        return structs.replace(
            decoded,
            kind=Kind.READINGS if samples else decoded.kind,
            samples=(*samples, *decoded.samples),
            events=(*decoded.events, *content.events),
            rejected={**decoded.rejected, **{f"{carried.field}: {k}": v for k, v in content.rejected.items()}},
        )

    def place(self, topic: str, family: str) -> tuple[Driver | None, tuple[str, str]]:
        """Return the driver of a family that a topic belongs to, and the key of its context there."""
        routes = self._routes[topic] if topic in self._routes else self._find(topic)
        return next((route for route in routes if route[0].family == family), (None, ("", "")))

    def _failed(self, driver: Driver, key: tuple[str, str], error: Exception) -> Outcome:
        self.failures[driver.model] += 1
        if self.failures[driver.model] == 1:
            _LOG.error("driver %s failed; further failures are counted", driver.model, exc_info=error)
        return Outcome(driver, None, f"driver {driver.model} failed: {type(error).__name__}: {error}"[:300], key)

    def _take(self, contexts: Contexts) -> None:
        """Learn which topics are a driver's by what it heard before: below a base topic, or adopted one by one."""
        self._contexts = contexts
        self._roots = {
            scope: self.drivers[model]
            for model, scope in contexts
            if scope and model in self.drivers and self.drivers[model].rooted
        }
        self._adopted.clear()
        self._adopters.clear()
        for key, context in contexts.items():
            driver = self.drivers.get(key[0])
            if driver is not None and driver.adopts is not None:
                self._adopt(driver, key, context)
        self._routes.clear()

    def _adopt(self, driver: Driver, key: tuple[str, str], context: Any) -> None:  # noqa: ANN401 — a driver's own type
        """Note which topics a context makes a driver's own; only their routes are found anew."""
        now = frozenset(driver.adopts(key[1], context)) if driver.adopts is not None else frozenset()
        before = self._adopted.get(key, frozenset())
        for topic in before - now:
            self._adopters[topic].pop(key)
            self._routes.pop(topic, None)
        for topic in now - before:
            self._adopters.setdefault(topic, {})[key] = driver
            self._routes.pop(topic, None)
        self._adopted[key] = now

    def _find(self, topic: str, *, speaks: bool = True) -> tuple[Route, ...]:
        """Look for a topic's routes. A known family's are kept; a stranger's once it speaks again."""
        found: tuple[Route, ...] = ()
        rank = LOOSE
        if not topic.startswith(OWN):
            found = self._rooted(topic)
            found, rank = (found, 0.0) if found else self._claimed(topic)
        if rank < LOOSE or (speaks and self._strangers.again(topic)):
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[topic] = found
        return found

    def _rooted(self, topic: str) -> tuple[Route, ...]:
        roots = [root for root in self._roots if topic.startswith(f"{root}/")]
        if not roots:
            return ()
        root = max(roots, key=len)
        driver = self._roots[root]
        return ((driver, (driver.model, root)),)

    def _claimed(self, topic: str) -> tuple[tuple[Route, ...], float]:
        """Return who claims a topic, the lowest rank first, then what was adopted, then the more literal filter.

        And that rank, of nobody LOOSE.
        """
        claims: list[tuple[float, int, str, str]] = [
            (driver.rank, -ADOPTED, driver.model, scope)
            for (_model, scope), driver in self._adopters.get(topic, {}).items()
        ]
        for driver in self._candidates(topic):
            fit = [_literal(each) for each in driver.topics if topic_matches(each, topic)]
            try:
                if fit and (driver.claims is None or driver.claims(topic)):
                    rank = driver.rank if driver.loose is None or not driver.loose(topic) else LOOSE
                    claims.append((rank, -max(fit), driver.model, driver.scope(topic)))
            except Exception as error:  # noqa: BLE001 — as when it decodes
                self._failed(driver, ("", ""), error)
        routes: dict[str, Route] = {}
        for _rank, _levels, model, scope in sorted(claims):
            driver = self.drivers[model]
            route = (driver, (driver.shares or model, scope)) if scope else self._unscoped[model]
            routes.setdefault(model, route)
        return tuple(routes.values()), min(claims)[0] if claims else LOOSE

    def _candidates(self, topic: str) -> Iterable[Driver]:
        """Return the drivers whose filters may match by their first level, however many others there are."""
        return dict.fromkeys((*self._by_level.get(topic.partition("/")[0], ()), *self._by_level.get(ANY_LEVEL, ())))

    def _channel(self, driver: Driver, name: str) -> Told:
        known = self._channels[driver.model]
        if len(known) >= MAX_CHANNELS:
            known.clear()
        base = base_name(name, [channel.name for channel in driver.channels])
        found = next((channel for channel in driver.channels if channel.name == base), None)
        complete = Told(found.unit, found.low, found.high) if found else Told(None, -float_info.max, float_info.max)
        known[name] = complete
        return complete


def _in_celsius(decoded: Decoded) -> Decoded:
    """Return a message of a device that speaks °F without saying so."""
    known = conversion("°F")
    if known is None:
        return decoded
    samples = tuple(structs.replace(sample, value=known.apply(sample.value)) for sample in decoded.samples)
    return structs.replace(decoded, samples=samples)


def _cut(decoded: Decoded) -> Decoded:
    """Return the first samples and refusals, and say how many more there were."""
    more = max(0, len(decoded.samples) - MAX_SAMPLES) + max(0, len(decoded.rejected) - MAX_REJECTED)
    rejected = dict(list(decoded.rejected.items())[:MAX_REJECTED])
    rejected["…"] = f"{more} more fields: one message may give {MAX_SAMPLES} values"
    return structs.replace(decoded, samples=decoded.samples[:MAX_SAMPLES], rejected=rejected)


def _by_level(drivers: Iterable[Driver]) -> dict[str, list[Driver]]:
    """Return the drivers by the first level of their filters; a wildcard there is ANY_LEVEL."""
    found: dict[str, list[Driver]] = {}
    for driver in drivers:
        for first in {pattern.partition("/")[0] for pattern in driver.topics}:
            found.setdefault(ANY_LEVEL if first == "#" else first, []).append(driver)
    return found


def _literal(pattern: str) -> int:
    """Return how many levels of a filter are spelt out: the more, the more it is this driver's topic."""
    return sum(level not in {"+", "#"} for level in pattern.split("/"))


def load_drivers() -> dict[str, Driver]:
    """Return every driver by its model, bundled ones first; those of other packages run in this process.

    Raises:
        ConfigError: naming the driver whose description is wrong, or two that share a model.
    """
    return _checked([*_bundled(), *_of_packages()])


def load_bundled() -> dict[str, Driver]:
    """Return the drivers that the hub brings, by their models.

    Raises:
        ConfigError: as `load_drivers`.
    """
    return _checked(_bundled())


def _checked(places: Iterable[tuple[str, Driver]]) -> dict[str, Driver]:
    found: dict[str, Driver] = {}
    for place, driver in places:
        check_description(driver, place)
        if driver.model in found:
            msg = f"{place}: there is already a driver with model {driver.model!r}; a model name is unique"
            raise ConfigError(msg)
        found[driver.model] = driver
    return found


def _bundled() -> Iterator[tuple[str, Driver]]:
    for info in pkgutil.iter_modules(hub.drivers.__path__):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"hub.drivers.{info.name}")
            yield module.__name__, module.DRIVER


def _of_packages() -> Iterator[tuple[str, Driver]]:
    for point in entry_points(group=GROUP):
        try:
            yield f"{GROUP}: {point.value}", point.load()
        except Exception as error:  # a foreign package
            msg = f"{GROUP}: {point.value} cannot be loaded ({type(error).__name__}: {error}); mend or remove it"
            raise ConfigError(msg) from error


def check_description(driver: Driver, place: str) -> None:
    """Check what a driver says of itself; names are for ever, so they are checked on day one.

    Raises:
        ConfigError: naming the place and what to change.
    """
    problem = next(_problems(driver), None)
    if problem is not None:
        msg = f"{place}: {problem}"
        raise ConfigError(msg)


def _problems(driver: Driver) -> Iterator[str]:
    if not isinstance(driver, Driver):
        yield "DRIVER is not a hub.driver.Driver"
        return
    if not MODEL_NAME.fullmatch(driver.model):
        yield f"model {driver.model!r} is not kebab-case"
    names = [channel.name for channel in driver.channels]
    yield from (f"channel {name!r} is there twice" for name in {n for n in names if names.count(n) > 1})
    for channel in driver.channels:
        if not CHANNEL_NAME.fullmatch(channel.name):
            yield f"channel {channel.name!r} is not snake_case"
        if not channel.low < channel.high:
            yield f"channel {channel.name!r}: low must lie below high"
    if not driver.topics:
        yield "it claims no topic"
    if not any(example.refusal for example in driver.examples):
        yield "its examples hold no refusal"
    yield from (f"command of {name!r}, which is no channel" for name in driver.commands if name not in names)
    if driver.commands and driver.settable is not None:
        yield "commands and settable exclude each other: channels are listed, or the device says which"
    which = bool(driver.commands) or driver.settable is not None
    if len({which, driver.command is not None, bool(driver.commandings)}) > 1:
        yield "commands (or settable), command and commandings go together: which channels, how, and the proof"


def encode_context(context: Any) -> bytes:  # noqa: ANN401 — each driver has its own type
    """Return a context as the store keeps it."""
    return _ENCODER.encode(context)


def decode_context(driver: Driver, blob: bytes) -> Any:  # noqa: ANN401 — each driver has its own type
    """Return a context as the store kept it; the empty one where the driver has changed its mind about the shape."""
    try:
        return msgspec.msgpack.decode(blob, type=driver.context)
    except msgspec.DecodeError as error:
        _LOG.warning("driver %s cannot read what it remembered (%s) and starts anew", driver.model, error)
        return driver.empty_context()
