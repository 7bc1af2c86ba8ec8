"""The two forms in which a report is handed out."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from hub.workshop.report import page, paper
from hub.workshop.report.content import Report

Form = Literal["html", "pdf"]


class Made(NamedTuple):
    """A form: its media type, and what makes it.

    Raises:
        HubError: `render`: it cannot be made.
    """

    content_type: str
    render: Callable[[Report], bytes]


def _page(report: Report) -> bytes:
    return page.render(report).encode()


FORMS: Mapping[Form, Made] = {
    "html": Made("text/html; charset=utf-8", _page),
    "pdf": Made("application/pdf", paper.render),
}
