"""Which of the media types on offer a request wants (RFC 9110 §12.5.1)."""

from collections.abc import Iterator, Sequence

from aiohttp import web

from hub.web.gives import CSV, JSON, given
from hub.web.problems import Problem

LONGEST = 1000
"""Of the header, in characters; browsers send some hundred."""


def wants_table(request: web.Request) -> bool:
    """Tell whether a list is wanted as CSV: by `format` (for a link, which sets no header), else by Accept."""
    named = request.query.get("format")
    return named == "csv" if named is not None else best(request.headers.get("Accept"), (JSON, CSV)) == CSV


def check(request: web.Request) -> None:
    """Refuse what asks for types that its address does not give.

    Raises:
        Problem: naming those that it gives.
    """
    said = given(request.match_info.handler)
    accept = request.headers.get("Accept")
    if said is None or said.kind is None or accept is None or "format" in request.query or request.method != "GET":
        return
    offers = (JSON, *said.media)
    if best(accept, offers) is None:
        raise Problem("accept", path=request.path, accept=repr(accept[:80]), offers=", ".join(offers))


def best(header: str | None, offers: Sequence[str]) -> str | None:
    """Return the offer that is wanted most, the first of those wanted alike; None: none is acceptable."""
    if header is None or not header.strip():
        return offers[0]
    ranges = [*_ranges(header[:LONGEST])]
    wanted = {offer: _quality(offer, ranges) for offer in offers}
    found = max(offers, key=lambda offer: wanted[offer])  # max keeps the first
    return found if wanted[found] > 0 else None


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return how much an offer is wanted: by the most specific range that means it."""
    kind = offer.partition("/")[0]
    for name in (offer, f"{kind}/*", "*/*"):
        found = [quality for each, quality in ranges if each == name]
        if found:
            return max(found)
    return 0.0


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Yield media range and quality; parameters other than q make no difference here, nonsense is left out."""
    for part in header.split(","):
        name, *parameters = (each.strip().lower() for each in part.split(";"))
        said = [each.removeprefix("q=") for each in parameters if each.startswith("q=")]
        try:
            quality = float(said[0]) if said else 1.0
        except ValueError:
            continue
        if "/" in name and 0 <= quality <= 1:
            yield name, quality
