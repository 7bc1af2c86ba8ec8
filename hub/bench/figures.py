"""All figures of the README, by the other benches in turn: about twenty minutes, and the table itself at the end.

`matinales bench figures --repeat 3 --file figures.jsonl` is how the README's were made. What cannot be measured here
(a program that is not installed, a bench that failed) is said, and has no figure.
"""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import Struct
from rich.console import Console

from hub.bench._machine import described
from hub.errors import HubError

ABSENT = "–"
_FILE = Path(__file__).with_suffix(".toml")


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the table (figures.toml)."""

    what: str
    figure: str
    unit: str
    peer: str = ""


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """A run of a bench, and what is told of it."""

    bench: str
    rows: tuple[Row, ...]
    options: dict[str, Any] = {}
    compare: bool = False

    @property
    def name(self) -> str:
        """What is typed behind `matinales bench`."""
        options = [f"--{name} {value}" for name, value in self.options.items()]
        return " ".join([self.bench, *(["--compare"] if self.compare else []), *options])

    @property
    def module(self) -> ModuleType:
        """The bench."""
        return importlib.import_module(f"hub.bench.{self.bench}")

    def key(self, row: Row) -> str:
        """Return the name of a row's figure among all figures."""
        return f"{self.name}: {row.figure}"

    def measured(self) -> Mapping[str, float]:
        """Measure; its own figures by their own names."""
        found: Mapping[str, float] = getattr(self.module, "compare" if self.compare else "measure")(**self.options)
        return found

    def missing(self, found: Mapping[str, float]) -> Iterator[str]:
        """Give what to say of rows that a run gave no figure for."""
        for row in self.rows:
            if row.figure not in found:
                why = f"{row.peer} is not installed" if row.peer else "the bench gives no such figure"
                yield f"{self.key(row)}: {why}"


class _Runs(Struct, frozen=True, forbid_unknown_fields=True):
    run: tuple[Run, ...]


@cache
def runs() -> tuple[Run, ...]:
    """Return what is run, in order."""
    return msgspec.toml.decode(_FILE.read_bytes(), type=_Runs).run


def _gates() -> dict[str, tuple[str, float]]:
    """Return what is promised of the rows' figures."""
    promised = ((run.key(row), run.module.GATES.get(row.figure)) for run in runs() for row in run.rows)
    return {key: gate for key, gate in promised if gate is not None}


GATES = _gates()


def measure(*, file: str = "") -> dict[str, float]:
    """Return the figures of the table, each by its bench and its name there.

    Args:
        file: where each run's whole result is added as a line of JSON, with the machine as it was then.
    """
    console = Console(stderr=True)
    figures: dict[str, float] = {}
    for run in runs():
        with console.status(f"matinales bench {run.name}"):
            try:
                found = run.measured()
            except Exception as error:  # noqa: BLE001 — the other figures are worth having
                told = str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}"
                console.print(f"{run.name}: {told}", style="yellow", markup=False)
                continue
        for reason in run.missing(found):
            console.print(reason, style="yellow", markup=False)
        figures |= {run.key(row): found[row.figure] for row in run.rows if row.figure in found}
        if file:
            with Path(file).open("ab") as lines:
                said = {"bench": run.name, "machine": described(), "figures": found}
                lines.write(msgspec.json.encode(said) + b"\n")
    return figures


def shown(figures: Mapping[str, tuple[float, float, float]], machine: Mapping[str, str]) -> str:
    """Return the table in Markdown: of each figure the median, least and most, and what is promised."""
    lines = ["| measured | median | least – most | promised |", "|---|---|---|---|"]
    for run in runs():
        for row in run.rows:
            found = figures.get(run.key(row))
            middle = span = ABSENT
            if found is not None:
                middle, span = f"{_number(found[1])} {row.unit}".strip(), f"{_number(found[0])} – {_number(found[2])}"
            sign, limit = GATES.get(run.key(row), ("", 0.0))
            promised = f"{'≤' if sign == '<=' else '≥'} {_number(limit)}" if sign else ""
            lines.append(f"| {row.what} | {middle} | {span} | {promised} |")
    told = "; ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join([*lines, "", f"On {told}."])


def _number(value: float) -> str:
    """Return a number as people read it: three digits, and never an exponent."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 — three digits
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
