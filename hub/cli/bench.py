"""`matinales bench`: measures this machine. Each file of `hub/bench` is one bench, found without being listed.

A bench defines `measure(**options) -> dict[str, float]`, whose options all have defaults and whose names end in their
unit, and may define `GATES`: figure → (`>=` or `<=`, the value promised), `compare(**options)`, which measures what a
user would pick instead beside it, `NOTES`, lines that are told below the table, and `shown(figures, machine)`, a text
of its own in the table's place. Its first line says what it measures.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from types import ModuleType
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter, validators
from rich.console import Console
from rich.table import Table

import hub.bench
from hub.bench._machine import described
from hub.errors import UsageError


def command(
    name: str | None = None,
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    compare: Annotated[bool, Parameter(negative="")] = False,
    repeat: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    **options: str,
) -> int:
    """Measure this machine: what it holds out, beside what is promised.

    Args:
        name: which bench; without it they are listed.
        json: print the figures as one JSON object a run; repeated, a last one holds least, median and most, and the
            machine.
        compare: measure what is installed that does the same work, on the same broker in the same run.
        repeat: how often.
        options: of the bench itself, such as --seconds 60.
    """
    if name is None:
        for each in names():
            print(f"{each:10} {_about(_load(each))}")  # noqa: T201 — the terminal is the interface
        return 0
    bench = _load(name)
    measure = _measure(bench, name, compare=compare)
    chosen = converted(measure, options)
    runs: list[dict[str, float]] = []
    for _ in range(repeat):
        runs.append(measure(**chosen))
        if json:
            _write(runs[-1])
    figures = spread(runs)
    verdicts = judged({each: middle for each, (_, middle, _) in figures.items()}, getattr(bench, "GATES", {}))
    if not json and hasattr(bench, "shown"):
        print(bench.shown(figures, described()))  # noqa: T201 — the terminal is the interface
    elif not json:
        _show(_about(bench), figures, verdicts, getattr(bench, "NOTES", ()), repeated=repeat > 1)
    elif repeat > 1:
        columns = zip(("least", "median", "most"), zip(*figures.values(), strict=True), strict=True)
        told = {each: dict(zip(figures, values, strict=True)) for each, values in columns}
        _write({"bench": name, "machine": described(), **told})
    return 0 if all(good for _, good in verdicts.values()) else 1


def spread(runs: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Return least, median and most of each figure that every run has."""
    shared = [each for each in runs[0] if all(each in run for run in runs)]
    values = {each: [run[each] for run in runs] for each in shared}
    return {each: (min(found), median(found), max(found)) for each, found in values.items()}


def names() -> list[str]:
    """Return the benches, by the files that lie in hub/bench."""
    return sorted(info.name for info in pkgutil.iter_modules(hub.bench.__path__) if info.name[0] != "_")


def converted(measure: Callable[..., Any], options: Mapping[str, str]) -> dict[str, object]:
    """Return the options as the bench's own types.

    Raises:
        UsageError: an option that it has not, or a value that does not fit; the message names those it has.
    """
    known = inspect.signature(measure).parameters
    found: dict[str, object] = {}
    for option, text in options.items():
        key = option.replace("-", "_")
        if key not in known:
            msg = f"this bench has no option --{option}; it has: {', '.join(f'--{each}' for each in known) or 'none'}"
            raise UsageError(msg)
        try:
            found[key] = msgspec.convert(text, known[key].annotation, strict=False)
        except msgspec.ValidationError as error:
            msg = f"--{option} is {text!r}: {error}"
            raise UsageError(msg) from None
    return found


def judged(figures: Mapping[str, float], gates: Mapping[str, tuple[str, float]]) -> dict[str, tuple[str, bool]]:
    """Return, for each figure that is promised, the promise and whether it is kept."""
    return {
        name: (f"{sign} {value:,.5g}", figures[name] >= value if sign == ">=" else figures[name] <= value)
        for name, (sign, value) in gates.items()
        if name in figures
    }


def _load(name: str) -> ModuleType:
    if name not in names():
        msg = f"there is no bench {name!r}; there are: {', '.join(names())}"
        raise UsageError(msg)
    return importlib.import_module(f"hub.bench.{name}")


def _measure(bench: ModuleType, name: str, *, compare: bool) -> Callable[..., dict[str, float]]:
    found: Callable[..., dict[str, float]] | None = getattr(bench, "compare" if compare else "measure", None)
    if found is None:
        able = [each for each in names() if hasattr(_load(each), "compare")]
        msg = f"bench {name} has nothing to compare itself with; those that have: {', '.join(able)}"
        raise UsageError(msg)
    return found


def _write(what: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.flush()


def _about(bench: ModuleType) -> str:
    return (bench.__doc__ or "").partition("\n")[0]


def _show(
    title: str,
    figures: Mapping[str, tuple[float, float, float]],
    verdicts: Mapping[str, tuple[str, bool]],
    notes: Sequence[str],
    *,
    repeated: bool,
) -> None:
    table = Table(title=title, title_justify="left", show_header=repeated, box=None, padding=(0, 2))
    table.add_column()
    for heading in ("least", "median", "most") if repeated else ("",):
        table.add_column(heading, justify="right")
    table.add_column()
    for name, values in figures.items():
        promise, good = verdicts.get(name, ("", True))
        shown = values if repeated else values[1:2]
        mark = f"[{'green' if good else 'bold red'}]{promise}[/]" if promise else ""
        table.add_row(name, *(f"{value:,.5g}" for value in shown), mark)
    console = Console(soft_wrap=True)
    console.print(table)
    for note in notes:
        console.print(note, markup=False, highlight=False)
    console.print("on " + "; ".join(f"{name} {value}" for name, value in described().items()), style="dim")
