"""The part of Home Assistant's templates that discovery documents use, evaluated without a template engine.

`{{ value }}`, `{{ value_json.a.b }}`, `['a b']`, `[0]`, and the filters `float`, `int`, `round(n)`, `default(x)`,
`is_defined`. A template is foreign text: nothing of it is ever executed; what lies beyond gives no value.
Source: wire_formats.md §5; https://www.home-assistant.io/docs/configuration/templating/#processing-incoming-data
"""

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

from hub.errors import PayloadError
from hub.payload import decimal, json_value, number, word

SHOWN_TEMPLATE = 200
_STEP = r"""(?:\.\w+|\[\s*(?:'[^'\\]*'|"[^"\\]*"|-?[0-9]{1,6})\s*\])"""
_FILTER = r"""\|\s*[a-z_]+\s*(?:\([^(){}|]*\)\s*)?"""
_WHOLE = re.compile(rf"\{{\{{-?\s*(value_json|value)((?:{_STEP})*)\s*((?:{_FILTER})*)-?\}}\}}", re.ASCII)
_STEPS = re.compile(_STEP, re.ASCII)
_FILTERS = re.compile(r"\|\s*([a-z_]+)\s*(?:\(([^(){}|]*)\))?", re.ASCII)
_PLACES = re.compile(r"(?:precision\s*=\s*)?([0-9]{1,2})?\s*")

_HOLE = re.compile(r"\{\{-?(?P<inner>[^{}]*)-?\}\}")

_UNREAD = object()


class Template(Struct, frozen=True):
    """A template taken apart: from the text or its JSON, along a path, through filters (name, places to round to)."""

    from_json: bool
    path: tuple[str | int, ...]
    filters: tuple[tuple[str, int], ...]


class Payload:
    """A payload read once, as text or as JSON, however many templates look at it."""

    __slots__ = ("_json", "_payload", "_text")

    def __init__(self, payload: bytes) -> None:
        """Keep the bytes."""
        self._payload = payload
        self._text: str | None = None
        self._json: Any = _UNREAD

    def text(self) -> str:
        """Return the payload as text."""
        if self._text is None:
            self._text = word(self._payload)
        return self._text

    def json(self) -> Any:  # noqa: ANN401 — whatever JSON holds
        """Return the payload as JSON."""
        if self._json is _UNREAD:
            self._json = json_value(self._payload)
        return self._json


def render(template: str, payload: Payload) -> Any:  # noqa: ANN401 — whatever JSON holds
    """Return what a template makes of a payload; an empty template is the payload's text.

    Raises:
        PayloadError: where the payload holds no such value, or the template is beyond this evaluator (it is shown).
    """
    if not template:
        return payload.text()
    taken = parsed(template)
    if taken is None:
        msg = f"no value: the template {template[:SHOWN_TEMPLATE]} is beyond what the hub evaluates"
        raise PayloadError(msg)
    value = _at(payload.json(), taken.path) if taken.from_json else payload.text()
    for name, places in taken.filters:
        if name == "int":
            value = float(int(_number(value)))
        elif name == "float":
            value = _number(value)
        elif name == "round":
            value = round(_number(value), places)
    return value


def written_by(template: str, value: float | str) -> str:
    """Return what a command template makes of a value; an empty template is the value itself.

    Raises:
        PayloadError: where the template is beyond this evaluator (it is shown).
    """
    if not template:
        return _written(value)

    def fill(match: re.Match[str]) -> str:
        taken = parsed(f"{{{{{match['inner']}}}}}")
        if taken is None or taken.from_json:
            msg = f"the command template {template[:SHOWN_TEMPLATE]} is beyond what the hub evaluates"
            raise PayloadError(msg)
        return _filtered(value, taken.filters)

    text = _HOLE.sub(fill, template)
    if "{%" in template or "{{" in _HOLE.sub("", template):
        msg = f"the command template {template[:SHOWN_TEMPLATE]} is beyond what the hub evaluates"
        raise PayloadError(msg)
    return text


def _filtered(value: float | str, filters: tuple[tuple[str, int], ...]) -> str:
    """Return a value as the filters of a template write it: `int` without a point, `float` and `round` with one."""
    text = _written(value)
    for name, places in filters:
        if name == "int":
            value = int(_number(value))
            text = str(value)
        elif name == "float":
            value = float(_number(value))
            text = repr(value)
        elif name == "round":
            value = round(float(_number(value)), places)
            text = repr(value)
    return text


def _written(value: float | str) -> str:
    return value if isinstance(value, str) else decimal(value)


@lru_cache(maxsize=4096)
def parsed(template: str) -> Template | None:
    """Take a template apart; None: it is beyond this evaluator."""
    match = _WHOLE.fullmatch(template.strip())
    if match is None or (match[1] == "value" and match[2]):
        return None
    filters = []
    for name, argument in _FILTERS.findall(match[3]):
        places = _PLACES.fullmatch(argument.strip()) if name == "round" else None
        if name not in {"float", "int", "default", "is_defined"} and places is None:
            return None
        filters.append((name, int(places[1] or 0) if places else 0))
    return Template(match[1] == "value_json", tuple(map(_step, _STEPS.findall(match[2]))), tuple(filters))


def _step(text: str) -> str | int:
    if text.startswith("."):
        return text[1:]
    inner = text[1:-1].strip()
    return inner[1:-1] if inner[0] in "'\"" else int(inner)


def _at(value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 — whatever JSON holds
    """Return what lies at a path; a filter's default never takes the place of what is missing."""
    for step in path:
        try:
            if isinstance(value, dict):
                value = value[str(step)]
            elif isinstance(value, list):
                value = value[int(step)]
            else:
                raise KeyError
        except (LookupError, ValueError):
            msg = f"no value: the message holds no {'.'.join(map(str, path))[:SHOWN_TEMPLATE]}"
            raise PayloadError(msg) from None
    return value


def _number(value: object) -> float:
    """Return a number as the filters see it: true counts as 1."""
    return float(value) if isinstance(value, bool) else number(value)
