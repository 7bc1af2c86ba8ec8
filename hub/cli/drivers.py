"""`matinales drivers`: the device families the hub understands, and whether they keep their contract."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from hub.driver import Driver, Example
from hub.drivercheck import check
from hub.errors import NotFoundError, UsageError
from hub.registry import load_drivers
from hub.source import run_file

command = App(name="drivers", help="List, show and test device drivers.", result_action="return_value")
Json = Annotated[bool, Parameter(negative="")]
SHOWN_PAYLOAD = 160


@command.command(name="list")
def list_(*, json: Json = False) -> int:
    """List the device families the hub understands.

    Args:
        json: print them as a program reads them.
    """
    found = load_drivers().values()
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


def _named(name: str) -> Driver:
    drivers = load_drivers()
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
