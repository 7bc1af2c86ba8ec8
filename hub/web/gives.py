"""What an address answers, said beside what answers: `@gives(DeviceList)`. `openapi.json` is made of it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

JSON, CSV, HTML, PDF = "application/json", "text/csv", "text/html", "application/pdf"
NDJSON = "application/x-ndjson"
PICTURES = ("image/png", "image/jpeg", "image/webp", "image/svg+xml")
LIMIT: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
"""Of lists that people read."""
FORM: Mapping[str, Any] = {"enum": ["html", "pdf"], "default": "html"}
SEAT: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 99}
"""A table that people sit at."""
NEXT = 'of CSV: `<address>; rel="next"`, where there is more'
BUSY = ("no_scenario", "no_answer", "refused", "real_role", "fault")
"""What can go wrong with what a simulation is asked."""
Handler = TypeVar("Handler")


class Given(Struct, frozen=True, kw_only=True):
    """An address's answers.

    Attributes:
        kind: type of the JSON, or several; None: there is none.
        status: where all is well.
        media: other media types that it gives, by Accept or by `format`; their content is described by no schema.
        also: further statuses that are an answer and no problem → type of their JSON; None: an empty one.
        problems: names in problems.toml of what can go wrong here, beside what can anywhere.
        narrowed: parameter → its schema here, where it is another than elsewhere.
        body: media types of a body that is no JSON.
        headers: of the answer, name → what it says.
        tagged: it bears an ETag, and answers 304 where that has not changed.
        once: `Idempotency-Key` makes it act once (`hub.web.once`); durable: across a restart, too.
        socket: a WebSocket, which `asyncapi.json` describes.
    """

    kind: Any = None
    status: int = 200
    media: tuple[str, ...] = ()
    also: Mapping[int, Any] = {}
    problems: tuple[str, ...] = ()
    narrowed: Mapping[str, Mapping[str, Any]] = {}
    body: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    tagged: bool = False
    once: bool = False
    durable: bool = False
    socket: bool = False


_KNOWN: dict[object, Given] = {}


def gives(kind: Any = None, status: int = 200, **more: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401 — see Given
    """Say what a handler answers; arguments as in `Given`."""
    said = Given(kind=kind, status=status, **more)

    def declare(handler: Handler) -> Handler:
        _KNOWN[handler] = said
        return handler

    return declare


def given(handler: object) -> Given | None:
    """Return what a handler said that it answers; None: it said nothing."""
    return _KNOWN.get(handler)
