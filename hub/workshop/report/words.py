"""The sentences that a report says by itself, French and English (`words.toml`)."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from msgspec import Struct

from hub.rules.wording import Plain, Sentence, Text, fill

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
_MONTHS: Mapping[str, str] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """What words.toml holds: headings of the layouts, names of channels, and sentences with {placeholders}."""

    heading: dict[str, Text]
    channel: dict[str, Text]
    say: dict[str, Text]


@cache
def words() -> Words:
    """Return them, read once."""
    return msgspec.convert(tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8")), Words)


def headings(language: Language) -> dict[str, str]:
    """Return code → heading or label."""
    return {code: said(text, language) for code, text in words().heading.items()}


def channel(name: str, language: Language) -> str:
    """Return what a channel is called: in plain words where it is a phone's."""
    known = words().channel.get(name)
    return name if known is None else said(known, language)


def sentence(code: str, parts: Mapping[str, Text] | None = None, params: Mapping[str, Plain] | None = None) -> Sentence:
    """Return the sentence `code` with its placeholders filled, in the shape in which the page gets its own."""
    return Sentence(code, dict(params or {}), fill(words().say[code], parts or {}))


def say(code: str, language: Language, **parts: Text | str) -> str:
    """Return the words of the sentence `code`; a `str` part is the same in both languages and stays as it is."""
    texts = {name: part if isinstance(part, Text) else Text(_hold(name), _hold(name)) for name, part in parts.items()}
    found = said(sentence(code, texts).text, language)
    for name, part in parts.items():
        if isinstance(part, str):
            found = found.replace(_hold(name), part)
    return found


def said(text: Text, language: Language) -> str:
    """Return a text in one language."""
    return text.fr if language == "fr" else text.en


def _hold(name: str) -> str:
    """Return what stands for typed text while typography is set: an apostrophe in a name is the person's own."""
    return f"\ue000{name}\ue001"


def day(local: date) -> Text:
    """Return a date: "27 novembre 2026", "27 November 2026"; the first of a month is "1er" in French."""
    fr, en = (_MONTHS[language].split()[local.month - 1] for language in ("fr", "en"))
    first = "1er" if local.day == 1 else str(local.day)
    return Text(f"{first} {fr} {local.year}", f"{local.day} {en} {local.year}")


def month(text: str) -> Text:
    """Return "novembre 2026" for `2026-11`; a whole date as `day` says it; anything else as it is."""
    try:
        if len(text) > len("2026-11"):
            return day(date.fromisoformat(text[:10]))
        when = datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 — a month has no zone
    except ValueError:
        return Text(text, text)
    said_day = day(when)
    return Text(said_day.fr.partition(" ")[2], said_day.en.partition(" ")[2])
