"""`matinales drivers`: the device families the hub understands, whether they keep their contract, a new one."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from hub.cli._house import opened
from hub.cli._place import HERE, Place
from hub.driver import Driver, Example
from hub.drivercheck import check
from hub.driverkit.message import First, captured, check_topic, topic_filter
from hub.driverkit.sketch import Plan, as_package, in_hub, known_channels
from hub.driverkit.writing import checkout, new_name, new_title, write
from hub.errors import NotFoundError, UsageError
from hub.guests.proxy import lodged
from hub.registry import Registry, load_drivers
from hub.source import run_file

command = App(
    name="drivers",
    help="List, show, test and begin device drivers; switch those of other packages on and off.",
    result_action="return_value",
)
Json = Annotated[bool, Parameter(negative="")]
SHOWN_PAYLOAD = 160
INVENTED = '{"temperature":21.5,"battery":87}'
"""Payload that a driver starts from where no message was captured yet."""
GENERIC = 2
"""Rank of a driver that takes what nobody else claims."""


@command.command(name="list")
def list_(*, json: Json = False) -> int:
    """List the device families the hub understands.

    Args:
        json: print them as a program reads them.
    """
    found = _installed().values()
    if json:
        _say(msgspec.json.encode({"drivers": [_summary(each) for each in found]}).decode())
        return 0
    for each in found:
        _say(f"{each.model:<14} {each.title}")
        _say(f"{'':<14} {len(each.channels)} channels, {len(each.examples)} examples · {each.source}")
    return 0


@command.command
def show(name: str, *, json: Json = False) -> int:
    """Show a driver: topics, channels with unit and plausible range, examples.

    Args:
        name: its model, as `drivers list` prints it.
        json: print it as a program reads it.
    """
    driver = _named(name)
    if json:
        _say(msgspec.json.encode(_whole(driver)).decode())
        return 0
    for line in _lines(driver):
        _say(line)
    return 0


@command.command(name="test")
def try_out(path: Path | None = None, *, damaged: int = 200, seed: int = 0, json: Json = False) -> int:
    """Test drivers against the contract: examples, names, ranges, broken payloads, contexts.

    Args:
        path: a driver's file or a folder of them; without it every driver installed.
        damaged: broken payloads tried per example.
        seed: the same seed breaks them in the same way.
        json: print the findings as a program reads them.
    """
    findings = {driver.model: list(check(driver, damaged=damaged, seed=seed)) for driver in _chosen(path)}
    if json:
        _say(msgspec.json.encode({"drivers": [{"name": k, "problems": v} for k, v in findings.items()]}).decode())
    else:
        for model, problems in findings.items():
            _say(f"{model}: {'good' if not problems else f'{len(problems)} problems'}")
            for problem in problems:
                _say(f"  {problem}")
    return 1 if any(findings.values()) else 0


@command.command
def new(
    name: str,
    *,
    package: Path | None = None,
    topic: str | None = None,
    payload: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    title: str | None = None,
) -> int:
    """Write a first driver that keeps its contract: driver, example, capture, what to type on the device.

    Args:
        name: its permanent model name, kebab-case, as acme-cr1; its first word is the family.
        package: folder of a package of its own; without it the checkout of the hub you stand in.
        topic: MQTT topic of a message the device sent.
        payload: that message's payload as text; its numbers become channels.
        from_: a capture file that holds the message, instead of --topic and --payload.
        title: what people call the device.
    """
    with lodged() as drivers:
        return _begin(drivers, name, package, _first(name, topic, payload, from_), title)


def _begin(drivers: Mapping[str, Driver], name: str, package: Path | None, first: First, title: str | None) -> int:
    """Write the files of a new driver beside those that there are."""
    new_name(name, drivers)
    title = name.replace("-", " ").capitalize() if title is None else title
    new_title(title)
    plan = Plan(
        model=name,
        title=title,
        first=first,
        today=datetime.now(UTC).date(),
        known=known_channels(drivers.values()),
    )
    owner = Registry(drivers).route(plan.first.topic)
    if package is None:
        root, made, tried = checkout(Path()), in_hub(plan), f"hub/drivers/{plan.module}.py"
    else:
        root, made, tried = package, as_package(plan), f"src/matinales_driver_{plan.module}"
    for path in write(root, made):
        _say(f"wrote {path}")
    if owner is not None and owner.rank < GENERIC and not (owner.loose and owner.loose(plan.first.topic)):
        _say(f"note: {owner.model} claims {plan.first.topic} too; narrow the filter {topic_filter(plan.first.topic)}")
    _say(f"next: matinales drivers test {root / tried}")
    return 0


@command.command
def enable(name: str, *, place: Place = HERE) -> int:
    """Switch a driver of another package on again: the hub reads again what it missed, from its journal.

    Args:
        name: its model.
        place: whose hub, and how to answer.
    """
    return _switch(name, "enable", place)


@command.command
def disable(name: str, *, place: Place = HERE) -> int:
    """Switch a driver of another package off: its messages are listed, and stay in the journal for it.

    Args:
        name: its model.
        place: whose hub, and how to answer.
    """
    return _switch(name, "disable", place)


def _switch(name: str, how: str, place: Place) -> int:
    with opened(place.folder) as house:
        found = house.ask("POST", f"/drivers/{quote(name, safe='')}/{how}")
    if place.json:
        _say(msgspec.json.encode(found).decode())
    else:
        reason = f": it {found['reason']}" if found["reason"] else ""
        _say(f"{found['name']} ({found['package']}): {found['state'].replace('_', ' ')}{reason}")
    return 0


def _first(name: str, topic: str | None, payload: str | None, capture: Path | None) -> First:
    """Return the message that the options give; without any an invented one to begin with.

    Raises:
        UsageError: they contradict each other, or only half is there.
    """
    if capture is not None:
        if topic is not None or payload is not None:
            msg = "give --from, or --topic with --payload, not both"
            raise UsageError(msg)
        found, option = captured(capture), "--from"
    elif (topic is None) != (payload is None):
        msg = f"{'--payload' if payload is None else '--topic'} is missing: a message is --topic with --payload"
        raise UsageError(msg)
    else:
        text = INVENTED if payload is None else payload
        found = First(f"{name}/a7/up" if topic is None else topic, text.encode(errors="surrogateescape"))
        option = "--topic"
    check_topic(found.topic, option)
    return found


def _chosen(path: Path | None) -> Iterator[Driver]:
    if path is None:
        yield from load_drivers().values()
        return
    files = sorted(each for each in path.glob("*.py") if each.name[0] != "_") if path.is_dir() else [path]
    if not files:
        msg = f"{path}: no driver file in it; a driver is a file with a DRIVER"
        raise UsageError(msg)
    for each in files:
        yield _loaded(each)


def _loaded(path: Path) -> Driver:
    """Import one driver file that is not installed.

    Raises:
        UsageError: naming the file and what is wrong with it.
    """
    if path.suffix != ".py" or not path.is_file():
        msg = f"{path}: no such Python file"
        raise UsageError(msg)
    try:
        driver = run_file(path, f"matinales_driver_{path.stem}").DRIVER
    except Exception as error:
        msg = f"{path}: cannot be imported ({type(error).__name__}: {error})"
        raise UsageError(msg) from error
    if not isinstance(driver, Driver):
        msg = f"{path}: DRIVER is not a hub.driver.Driver"
        raise UsageError(msg)
    return driver


def _installed() -> dict[str, Driver]:
    """Return every driver for what it says of itself: those of packages can be asked nothing any more."""
    with lodged() as drivers:
        return drivers


def _named(name: str) -> Driver:
    drivers = _installed()
    if name not in drivers:
        msg = f"no driver {name!r}; there are {', '.join(drivers)}"
        raise NotFoundError(msg)
    return drivers[name]


def _summary(driver: Driver) -> dict[str, Any]:
    return {
        "name": driver.model,
        "family": driver.family,
        "title": driver.title,
        "source": driver.source,
        "topics": driver.topics,
        "rank": driver.rank,
    }


def _whole(driver: Driver) -> dict[str, Any]:
    return {
        **_summary(driver),
        "channels": [
            {"name": c.name, "unit": c.unit, "low": c.low, "high": c.high, "health": c.health} for c in driver.channels
        ],
        "open_channels": driver.open_channels,
        "asks": driver.ask is not None,
        "examples": [_example(each) for each in driver.examples],
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "topic": example.topic,
        "payload": example.payload.decode(errors="backslashreplace"),
        "before": [{"topic": t, "payload": p.decode(errors="backslashreplace")} for t, p in example.before],
        "kind": example.kind,
        "device": example.device,
        "values": example.values,
        "availability": example.availability,
        "refusal": example.refusal,
    }


def _lines(driver: Driver) -> Iterator[str]:
    """Return what people read of a driver."""
    yield f"{driver.model} — {driver.title}"
    yield f"source: {driver.source}"
    yield f"topics: {', '.join(driver.topics)}"
    if driver.claims is not None and driver.claims.__doc__:
        yield f"        {driver.claims.__doc__.splitlines()[0]}"
    if driver.channels:
        yield "channels (unit, plausible range):"
    for channel in driver.channels:
        unit = channel.unit or "—"
        yield f"  {channel.name:<22} {unit:<6} {channel.low:g} … {channel.high:g}{'  health' if channel.health else ''}"
    if driver.open_channels:
        yield "  and names that come from the message, with the unit it states"
    yield "examples:"
    for example in driver.examples:
        payload = example.payload.decode(errors="backslashreplace")
        yield f"  {example.topic} {payload[:SHOWN_PAYLOAD]}{'…' if len(payload) > SHOWN_PAYLOAD else ''}"
        if example.refusal is not None:
            yield f"    → refused: {example.refusal}"
        else:
            said = [f"{name} {value:g}" for name, value in example.values.items()]
            said += [str(each.value) for each in (example.kind, example.availability) if each and not said]
            yield f"    → {' · '.join(said)}"


def _say(line: str) -> None:
    print(line)  # noqa: T201 — the terminal is the interface
