"""Numbers, ages and sentences in French and English, rendered once for page, alarm and report.

French typography (../shared/stage/README.md): decimal comma, U+202F before °C % ? ! ; and inside « », U+00A0 before
the colon, € and units made of letters, typographic apostrophe, times "1 h 50".
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import Struct

from hub.model import NS

KNOWN = 4096
"""Texts whose typography is remembered: the parts of a sentence are the same a thousand times."""
NARROW = "\u202f"
HARD = "\u00a0"
MINUS = "\u2212"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
_LETTERS = (
    r"(?:h|min|s|ms|j|jours?|days?|kWh|Wh|kW|W|VA|K|V|A|Hz|ppm|ppb|lx|m³|mm|cm|cb|bar|kPa|kg|g|m|km|L|mL|hPa|dBm?|kB)\b"
)
_APOSTROPHE = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|(?<=\w)'")
"""An apostrophe, and what is quoted between two of them, which stays as it is."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")

FRENCH_UNITS: Mapping[str, str] = {"days": "jours", "kg/day": "kg/jour"}
"""Units that are words."""
_SINGULAR: Mapping[str, tuple[str, str]] = {"days": ("jour", "day")}
Plain = float | str | None
"""What a parameter of a sentence may be, so that it travels as JSON."""


@lru_cache(maxsize=KNOWN)
def french(text: str) -> str:
    """Return `text` with French spaces and apostrophes; doing it twice changes nothing."""
    text = _curved(text)
    text = re.sub(rf"«[ {HARD}{NARROW}]?", f"«{NARROW}", text)
    text = re.sub(rf"[ {HARD}{NARROW}]?»", f"{NARROW}»", text)
    text = re.sub(r" (?=[?!;%](?:\s|$|[).,»]))", NARROW, text)
    text = re.sub(r" (?=:(?:\s|$))", HARD, text)
    text = re.sub(r"(?<=\d) (?=°|\d{3}(?!\d))", NARROW, text)
    return _units(text)


@lru_cache(maxsize=KNOWN)
def english(text: str) -> str:
    """Return `text` with typographic apostrophes and unbreakable units; doing it twice changes nothing."""
    return _units(_curved(re.sub(r"(?<=\d) (?=°)", HARD, text)))


def _curved(text: str) -> str:
    return _APOSTROPHE.sub(lambda found: "’" if found[0] == "'" else found[0], text)


def _units(text: str) -> str:
    text = re.sub(r"(?<=[\d}]) (?=€)", HARD, text)
    text = re.sub(rf"(?<=\d) (?={_LETTERS})", HARD, text)
    return re.sub(rf"(?<=\d{HARD}h) (?=\d)", HARD, text)


class Text(Struct, frozen=True, forbid_unknown_fields=True):
    """The same thing said in French and in English; the typography is set right as it is made."""

    fr: str
    en: str

    def __post_init__(self) -> None:
        """Set the typography."""
        msgspec.structs.force_setattr(self, "fr", french(self.fr))
        msgspec.structs.force_setattr(self, "en", english(self.en))

    def each(self, change: Callable[[str], str]) -> "Text":
        """Return the text with `change` done to both languages."""
        return Text(change(self.fr), change(self.en))

    @property
    def as_dict(self) -> dict[str, str]:
        """`{"fr", "en"}`, as alarms carry it."""
        return {"fr": self.fr, "en": self.en}


class Sentence(Struct, frozen=True):
    """A sentence as the API carries it: which one, of what values (s, units of the measures), and its words."""

    code: str
    params: dict[str, Plain]
    text: Text


def number(value: float, decimals: int = 1, *, sign: bool = False) -> Text:
    """Return `value` as people write it: 1 234,5 and 1,234.5; a real minus sign; `sign` shows a plus too.

    Rounded as Python rounds: to the nearest by the number's exact binary value, a true half to the even digit. The page
    does the same (`web/src/lib/format.ts`), so that a sentence and the value beside it never differ.
    """
    plain = f"{abs(value):,.{decimals}f}"
    is_zero = float(plain.replace(",", "")) == 0
    before = MINUS if value < 0 and not is_zero else "+" if sign and not is_zero else ""
    return Text(before + plain.replace(",", NARROW).replace(".", ","), before + plain)


def quantity(value: float, unit: str | None = None, decimals: int = 1, *, sign: bool = False) -> Text:
    """Return a value with its unit: "7,2 °C", "62 %" in French, "62%" in English."""
    digits = number(value, decimals, sign=sign)
    if unit is None:
        return digits
    fr = NARROW if unit[0] in "°%" else HARD
    said = FRENCH_UNITS.get(unit, unit), unit
    if unit in _SINGULAR:  # French is singular below two, English at one alone
        few, one = _SINGULAR[unit]
        said = few if abs(round(value, decimals)) < 2 else said[0], one if digits.en == "1" else unit  # noqa: PLR2004
    return Text(f"{digits.fr}{fr}{said[0]}", f"{digits.en}{'' if unit == '%' else HARD}{said[1]}")


def limit(value: float, unit: str | None) -> Text:
    """Return a limit as it is spoken: "+4 °C", "50 W"; no decimals that say nothing."""
    decimals = next((places for places in range(3) if math.isclose(round(value, places), value)), 3)
    return quantity(value, unit, decimals, sign=unit is not None and unit.startswith("°C"))


def duration(seconds: float) -> Text:
    """Return a span: "12 s", "4 min", "1 h 50" (English "1 h 50 min"), from two days on "3 jours".

    Less than a second is "un instant", "a moment": "depuis 0 s" says nothing, and stands in an alarm's first second.
    """
    whole = max(int(seconds), 0)
    if whole == 0:
        return Text("un\u00a0instant", "a\u00a0moment")
    if whole < MINUTE_S:
        return Text(f"{whole} s", f"{whole} s")
    if whole < HOUR_S:
        return Text(f"{whole // 60} min", f"{whole // 60} min")
    if whole < 2 * DAY_S:
        hours, minutes = whole // HOUR_S, whole % HOUR_S // 60
        return Text(f"{hours} h {minutes:02}", f"{hours} h {minutes} min") if minutes else Text(*[f"{hours} h"] * 2)
    return Text(f"{whole // DAY_S} jours", f"{whole // DAY_S} days")


def span(nanoseconds: int) -> Text:
    """Return `duration` of a span in ns."""
    return duration(nanoseconds / NS)


def clock(local: datetime) -> Text:
    """Return a time of the day: "3 h 05" in French, "03:05" in English."""
    return Text(f"{local.hour} h {local.minute:02}", f"{local.hour:02}:{local.minute:02}")


def forecast_s(seconds: float) -> float:
    """Return a time forecast rounded down, to 10 min above one hour and to 5 min below (use_cases.md §0)."""
    seconds += 0.1  # an hour that a slope makes 3599.9999 s is an hour
    step = 600 if seconds >= HOUR_S else 300
    return seconds // step * step


def forecast(seconds: float) -> Text:
    """Return a forecast in words: rounded down, "moins de 5 min" where nothing is left of it."""
    rounded = forecast_s(seconds)
    return duration(rounded) if rounded else Text("moins de 5 min", "less than 5 min")


def placeholders(text: Text) -> set[str]:
    """Return the names that the text leaves open."""
    return {*PLACEHOLDER.findall(text.fr), *PLACEHOLDER.findall(text.en)}


def fill(text: Text, parts: Mapping[str, Text]) -> Text:
    """Return the text with its placeholders filled; a missing part shows as a dash, never as an error."""

    def one(words: str, language: str) -> str:
        return PLACEHOLDER.sub(lambda found: getattr(parts[found[1]], language) if found[1] in parts else "–", words)

    return Text(one(text.fr, "fr"), one(text.en, "en"))
