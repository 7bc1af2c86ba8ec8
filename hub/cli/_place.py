"""Options that sub-commands share: whose data folder, and how to answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hub import datafolder
from hub.config import load

Flag = Annotated[bool, Parameter(negative="")]


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Whose hub, and how to answer."""

    data: Path | None = None
    """Data folder; the platform's own unless told."""
    config: Path | None = None
    """hub.toml."""
    json: Flag = False
    """Print the answer as a program reads it."""

    @property
    def folder(self) -> Path:
        """The data folder meant."""
        settings = load(self.config)
        return self.data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())


HERE = Place()
WIDE = 200
"""Columns of a list: names are never cut where a terminal can be scrolled or a file is written."""


def listed(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a list: what stands in a row is text, never markup."""
    table = Table(*titles, box=None, header_style="bold")
    for column in table.columns:
        column.no_wrap = True
    for row in rows:
        table.add_row(*map(escape, row))
    Console(highlight=False, width=WIDE).print(table)


def told(answer: Mapping[str, Any], place: Place, words: str) -> None:
    """Print an answer: as JSON where that was asked for, else these words."""
    if place.json:
        printed(answer)
    else:
        Console(soft_wrap=True, highlight=False).print(escape(words))


def printed(value: object) -> None:
    """Print an answer as a program reads it."""
    print(msgspec.json.encode(value).decode())  # noqa: T201 — the terminal is the interface
