"""A report as one HTML file that needs nothing else: no script, no font, no address on the network."""

from functools import cache
from importlib.resources import files

from hub.workshop.report.content import Report

TEMPLATE = "page.html.jinja"


def render(report: Report) -> str:
    """Return the whole page. What was typed is escaped; drawings are `hub.workshop.report.curve`'s own."""
    return _template().render(report=report, words=report.words)


@cache
def _template():  # noqa: ANN202 — typed where it is imported
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 — only where a report is made

    source = files(__package__).joinpath(TEMPLATE).read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(source)
