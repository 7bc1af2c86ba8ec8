"""A report as one HTML file that needs nothing else: no script, no font, no address on the network."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from hub.workshop.report.content import Report

TEMPLATE = "page.html.jinja"


def render(report: Report) -> str:
    """Return the whole page. What was typed is escaped; drawings are `hub.workshop.report.curve`'s own."""
    return _rendering()(report=report, words=report.words)


@cache
def _rendering() -> Callable[..., str]:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 — only where a report is made

    source = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.from_string(source).render
