"""`matinales bench`: measures this machine. Each file of `hub/bench` is one bench, found without being listed.

A bench defines `measure(**options) -> dict[str, float]`, whose options all have defaults and whose names end in their
unit, and may define `GATES`: figure → (`>=` or `<=`, the value promised). Its first line says what it measures.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

import hub.bench
from hub.errors import UsageError


def command(
    name: str | None = None,
    /,
    *,
    json: Annotated[bool, Parameter(negative="")] = False,
    **options: str,
) -> int:
    """Measure this machine: what it holds out, beside what is promised.

    Args:
        name: which bench; without it they are listed.
        json: print one JSON object of figures.
        options: of the bench itself, such as --seconds 60.
    """
    if name is None:
        for each in names():
            print(f"{each:10} {_about(_load(each))}")  # noqa: T201 — the terminal is the interface
        return 0
    bench = _load(name)
    figures = bench.measure(**converted(bench, options))
    verdicts = judged(figures, getattr(bench, "GATES", {}))
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(figures) + b"\n")
    else:
        _show(_about(bench), figures, verdicts)
    return 0 if all(good for _, good in verdicts.values()) else 1


def names() -> list[str]:
    """Return the benches, by the files that lie in hub/bench."""
    return sorted(info.name for info in pkgutil.iter_modules(hub.bench.__path__) if info.name[0] != "_")


def converted(bench: ModuleType, options: Mapping[str, str]) -> dict[str, object]:
    """Return the options as the bench's own types.

    Raises:
        UsageError: an option that it has not, or a value that does not fit; the message names those it has.
    """
    known = inspect.signature(bench.measure).parameters
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


def _about(bench: ModuleType) -> str:
    return (bench.__doc__ or "").partition("\n")[0]


def _show(title: str, figures: Mapping[str, float], verdicts: Mapping[str, tuple[str, bool]]) -> None:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name, value in figures.items():
        promise, good = verdicts.get(name, ("", True))
        table.add_row(name, f"{value:,.5g}", f"[{'green' if good else 'bold red'}]{promise}[/]" if promise else "")
    Console(soft_wrap=True).print(table)
