"""A reason that the code gave in English, in French: by templates that lie as data beside the drivers.

A template is an English reason with `{names}` where the code fills something in. A name stands for a quoted value or a
few words without `: ` and `; `, `{rest}` for anything. What is filled in is translated where it is a reason itself.
"""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache

from msgspec import Struct

LONGEST = 2000
"""Characters of a reason that are looked at."""
REMEMBERED = 2048
REST = "rest"
NARROW, HARD = "\u202f", "\u00a0"
"""No-break spaces before `;` and `:` in French."""
_NAME = re.compile(r"\{(\w+)\}")
_VALUE = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|(?:(?!; |: ).)+?)"""
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")""")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class Template(Struct, frozen=True):
    """An English reason with its blanks, and its French."""

    english: str
    pattern: re.Pattern[str]
    french: str


class Reasons:
    """All the reasons that anybody has put into French."""

    def __init__(self, french: Mapping[str, str]) -> None:
        """Take English template → French template; of two that fit, the one that says more wins.

        Raises:
            ValueError: a French template has a blank that its English one has not.
        """
        self._french_of = dict(sorted(french.items(), key=lambda each: (-len(_NAME.sub("", each[0])), each[0])))
        for english, said in french.items():
            if set(_NAME.findall(said)) - set(_NAME.findall(english)):
                msg = f"{english!r}: its French has a blank that it has not"
                raise ValueError(msg)
        self.french = lru_cache(REMEMBERED)(self._french)
        """`french(reason)`: the reason in French, None where nobody has said it so far."""
        self._shape_of = lru_cache(REMEMBERED)(self._shape)

    @cached_property
    def _known(self) -> list[Template]:
        """The templates, the wordiest first; made when first wanted, for it takes a while."""
        return [Template(english, _compiled(english), said) for english, said in self._french_of.items()]

    def _french(self, reason: str) -> str | None:
        reason = reason[:LONGEST]
        found = self._find(reason)
        if found is not None:
            template, match = found
            return _NAME.sub(lambda blank: self._filled(match[blank[1]]), template.french)
        parts = _parts(reason)
        if len(parts) > 1:
            said = [self._french(part) for part in parts]
            return (
                f"{NARROW}; ".join(said or part for said, part in zip(said, parts, strict=True)) if any(said) else None
            )
        field, after = self._after_field(reason)
        return None if after is None else f"{field}{HARD}: {self._french(after)}"

    def shape(self, reason: str) -> str:
        """Return what reasons have in common that differ by what is filled in only; quick, for every message asks."""
        return self._shape_of(_NUMBER.sub("0", _QUOTED.sub("'…'", reason[:LONGEST])))

    def _shape(self, reason: str) -> str:
        found = self._find(reason)
        if found is not None:
            return found[0].english
        _, after = self._after_field(reason)
        return f"…: {self._shape(after)}" if after is not None else reason

    def _find(self, reason: str) -> tuple[Template, re.Match[str]] | None:
        for template in self._known:
            match = template.pattern.fullmatch(reason)
            if match is not None:
                return template, match
        return None

    def _after_field(self, reason: str) -> tuple[str, str | None]:
        """Return the field that a reason begins with, and the known reason after it; None where there is none."""
        for colon in re.finditer(": ", _masked(reason)):
            after = reason[colon.end() :]
            if self._find(after) is not None:
                return reason[: colon.start()], after
        return "", None

    def _filled(self, value: str) -> str:
        return value if value[:1] in {"'", '"'} else self._french(value) or value


def _masked(reason: str) -> str:
    """Return a reason of the same length in which no quoted value can be taken for its words."""
    return _QUOTED.sub(lambda quoted: "'" * len(quoted[0]), reason)


def _parts(reason: str) -> list[str]:
    """Return the reasons that one holds, which `; ` keeps apart."""
    ends = [(each.start(), each.end()) for each in re.finditer("; ", _masked(reason))]
    starts = [0, *(end for _, end in ends)]
    return [reason[start:stop] for start, stop in zip(starts, [*(start for start, _ in ends), None], strict=True)]


def _compiled(english: str) -> re.Pattern[str]:
    """Return the pattern that a template stands for; a blank that comes twice is filled twice with the same."""
    seen: set[str] = set()
    pattern = ""
    at = 0
    for blank in _NAME.finditer(english):
        name = blank[1]
        pattern += re.escape(english[at : blank.start()])
        pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{'.+' if name == REST else _VALUE})"
        seen.add(name)
        at = blank.end()
    return re.compile(pattern + re.escape(english[at:]), re.DOTALL)
