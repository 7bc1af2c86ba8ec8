"""A report as PDF, by typst: tagged, its fonts embedded, readable by a text extractor. The one place that knows typst.

What was typed reaches typst as JSON and nothing else, so no word of it is ever read as markup (`paper.typ`).
"""

import re
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from hub.errors import HubError
from hub.workshop.report.content import Report

TEMPLATE = "paper.typ"
LONGEST_WORD = 28
"""Characters of a word that a narrow column still holds; longer ones may be broken anywhere."""
FOOT = 70
"""Characters of the title at the foot of each page."""
ANYWHERE = "\u200b"


def render(report: Report) -> bytes:
    """Return the PDF. Takes a processor for a fraction of a second and lets other threads run meanwhile.

    Raises:
        HubError: typst refuses it: a fault of the template, for no text can cause it.
    """
    import typst  # noqa: PLC0415 — large, and only where a report is made

    source = {"main.typ": _template(), "report.json": msgspec.json.encode(told(report))}
    try:
        return bytes(typst.compile(source, font_paths=_fonts()))
    except typst.TypstError as error:
        msg = f"the report cannot be set as PDF ({error}); take the HTML one, and tell us"
        raise HubError(msg) from error


def told(report: Report) -> dict[str, Any]:
    """Return what the template reads: the report, long words breakable, and its title short enough for a foot."""
    plain: dict[str, Any] = msgspec.to_builtins(report)
    short = report.title if len(report.title) <= FOOT else f"{report.title[: FOOT - 1]}…"
    return {**_breakable(plain), "short": _broken(short), "plain": report.title}


def _breakable(value: Any) -> Any:  # noqa: ANN401 — plain values of any shape
    if isinstance(value, dict):
        return {key: each if key in {"svg", "command"} else _breakable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_breakable(each) for each in value]
    return _broken(value) if isinstance(value, str) else value


def _broken(text: str) -> str:
    return re.sub(rf"\S{{{LONGEST_WORD + 1},}}", lambda found: ANYWHERE.join(found[0]), text)


@cache
def _fonts() -> Any:  # noqa: ANN401 — typst's own
    """Return typst's own fonts, and behind them those of this machine: a first name may be written in any letters."""
    import typst  # noqa: PLC0415 — as above

    return typst.Fonts()


@cache
def _template() -> bytes:
    return files(__package__).joinpath(TEMPLATE).read_bytes()
