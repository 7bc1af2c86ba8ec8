"""The words that all answers share: times, texts in two languages, figures."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Time = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC",
        examples=["2026-11-24T09:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Day = Annotated[str, Meta(examples=["2026-12-24"], extra_json_schema={"format": "date"})]
Language = Literal["fr", "en"]
Told = dict[str, str]
"""A sentence by language, as far as somebody wrote it."""
Json = dict[str, Any]
"""An object whose members are its author's own."""


class Shape(Struct, kw_only=True):
    """An object of the API."""


class Words(Shape):
    """The same thing said in French and in English."""

    fr: str
    en: str


class Clock(Shape):
    """A timeline: its now, simulated seconds a second, and whether it goes on."""

    now: Time
    speed: float
    state: str
