"""What people are told of a message that was refused; the words lie as data beside the drivers, found by their name.

`hub/drivers/refused/<driver>.toml` says what a family expects, its remedies (`[[hint]]`, the first whose conditions all
hold) and its reasons in French; `common.toml` beside this file says what belongs to none.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct, field

from hub.driver import Driver
from hub.errors import ConfigError
from hub.refusals.nearest import GENERIC, LOOKED_AT, Nearest
from hub.refusals.reasons import Reasons
from hub.setup import instructions

Text = dict[str, str]
"""The same words by language: `fr`, `en`."""
FOLDER = Path(__file__).parent.parent / "drivers" / "refused"
COMMON = Path(__file__).parent / "common.toml"
AROUND = 16
"""Bytes shown on each side of the place where a payload cannot be read."""
HIDDEN = "·"
"""Stands for what cannot be shown."""
REMEMBERED = 1024
_PLACE = re.compile(r"\bbyte (\d{1,9})\b")
_LAST = re.compile(r"after (\d{1,9}) bytes")


class Hint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A remedy, and when it is one: every pattern that is given is found.

    Attributes:
        say: the remedy.
        topic, payload, reason: regular expressions; the reason's English is searched.
    """

    say: Text
    topic: str | None = None
    payload: str | None = None
    reason: str | None = None

    def fits(self, topic: str, payload: str, reason: str) -> bool:
        """Tell whether it helps here."""
        asked = ((self.topic, topic), (self.payload, payload), (self.reason, reason))
        return all(pattern is None or re.search(pattern, text) for pattern, text in asked)

    @property
    def recognises(self) -> bool:
        """Whether it knows its family by the message itself, wherever it was heard."""
        return self.payload is not None


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """One file: what a family expects, its hints in order, its reasons (English template → French).

    `title` where its driver's is no brand and no file says what to type on it (`hub.setup`).
    """

    title: Text | None = None
    expects: Text | None = None
    hints: tuple[Hint, ...] = field(default=(), name="hint")
    reasons: dict[str, str] = {}


NOTHING = Words()


class Kind(NamedTuple):
    """What refusals have in common that one line of a list can stand for; attributes as in `Explanation`."""

    shape: str
    nearest: str | None
    remedy: Text | None


class Explanation(Struct, frozen=True):
    """Why a message was refused.

    Attributes:
        reasons: the reason; French is the English one where nobody has put it into French.
        shape: what it has in common with reasons that differ by what is filled in.
        nearest: model of the family it belongs to or looks like; None: none.
        expected: what that family, or the hub, would have understood.
        where: the payload around the place where it fails, that place marked `▸`.
        remedy: what to do.
    """

    reasons: Text
    shape: str
    nearest: str | None
    expected: Text | None
    where: str | None
    remedy: Text | None


def load(folder: Path = FOLDER, common: Path = COMMON) -> dict[str, Words]:
    """Return the words of every family by its driver's model, the common ones as ``.

    Raises:
        ConfigError: a file is wrong; the message names it and the place.
    """
    return {"": _read(common)} | {path.stem.replace("_", "-"): _read(path) for path in sorted(folder.glob("*.toml"))}


def _read(path: Path) -> Words:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Words)
    except msgspec.DecodeError as error:
        msg = f"{path.name}: {error}; see hub/drivers/README.md"
        raise ConfigError(msg) from None


class Explainer:
    """Explains refusals; safe to share between threads."""

    def __init__(self, drivers: Iterable[Driver], words: Mapping[str, Words] | None = None) -> None:
        """Take the drivers and the words; those that ship with the hub unless told. Blocks: it reads them."""
        self._drivers = {each.model: each for each in drivers}
        self._words = load() if words is None else words
        self._reasons = Reasons({key: said for each in self._words.values() for key, said in each.reasons.items()})
        self._nearest = Nearest(self._drivers.values())
        self._remembered = lru_cache(REMEMBERED)(self._explained)
        self._kinds = lru_cache(2 * REMEMBERED)(self._kind)
        self.titles: Mapping[str, Text] = {model: self._title(each) for model, each in self._drivers.items()}
        """What people call each driver's family, by its model."""

    def explain(self, topic: str, payload: bytes, reason: str, driver: str | None) -> Explanation:
        """Return everything there is to say of a refusal.

        Args:
            topic: it was heard on.
            payload: its beginning, at least.
            reason: as the code gave it.
            driver: model that refused it; None: nobody's.
        """
        return self._remembered(topic, payload[:LOOKED_AT], reason, driver)

    def _title(self, driver: Driver) -> Text:
        own = self._words[driver.model].title if driver.model in self._words else None
        return own or instructions(driver.model.replace("-", "_")).title or {"fr": driver.title, "en": driver.title}

    def french(self, reason: str) -> str | None:
        """Return a reason in French; None where nobody has said it so far."""
        return self._reasons.french(reason)

    def kind(self, topic: str, payload: bytes, reason: str, driver: str | None) -> Kind:
        """Return what a refusal has in common with others; as `explain`, without the words."""
        return self._kinds(topic, payload[:LOOKED_AT], reason, driver)

    def _kind(self, topic: str, payload: bytes, reason: str, driver: str | None) -> Kind:
        text = payload.decode(errors="replace")
        own = driver if driver is not None and self._is_native(driver) else None
        nearest = own or self._recognised(topic, text, reason) or self._nearest.of(topic, payload)
        hints = [*self._of(nearest).hints, *(self._of(None).hints if nearest else ())]
        hint = next((each for each in hints if each.fits(topic, text, reason)), None)
        return Kind(self._reasons.shape(reason), nearest, None if hint is None else hint.say)

    def _explained(self, topic: str, payload: bytes, reason: str, driver: str | None) -> Explanation:
        shape, nearest, remedy = self.kind(topic, payload, reason, driver)
        return Explanation(
            reasons={"en": reason, "fr": self._reasons.french(reason) or reason},
            shape=shape,
            nearest=nearest,
            expected=self._of(nearest).expects or self._of(None).expects,
            where=where(payload, reason),
            remedy=remedy,
        )

    def _of(self, model: str | None) -> Words:
        """Return the words of a family, or those of none."""
        return self._words.get(model or "", NOTHING)

    def _is_native(self, model: str) -> bool:
        """Tell whether a driver takes topics of its own convention only."""
        return model in self._drivers and self._drivers[model].rank < GENERIC

    def _recognised(self, topic: str, text: str, reason: str) -> str | None:
        """Return the family whose hint knows this message by its content."""
        return next(
            (
                model
                for model, words in self._words.items()
                if model and any(hint.recognises and hint.fits(topic, text, reason) for hint in words.hints)
            ),
            None,
        )


def where(payload: bytes, reason: str) -> str | None:
    """Return the payload around the byte that a reason names; None where it names none, or that byte is not there."""
    found = _PLACE.search(reason) or _LAST.search(reason)
    place = int(found[1]) if found else -1
    if not 0 <= place <= len(payload) or not payload:
        return None
    start, stop = max(place - AROUND, 0), place + AROUND
    before, after = (_shown(each) for each in (payload[start:place], payload[place:stop]))
    if not (before + after).strip(HIDDEN):
        return None  # bytes through and through: the reason shows them in hexadecimal
    return f"{'…' if start else ''}{before}▸{after}{'…' if stop < len(payload) else ''}"


def _shown(part: bytes) -> str:
    """Return bytes as text on one line; what cannot be shown is hidden."""
    text = part.decode(errors="replace")
    return "".join(char if char.isprintable() and char != "\N{REPLACEMENT CHARACTER}" else HIDDEN for char in text)
