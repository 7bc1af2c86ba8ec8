"""What to write where a file is not of the shape: msgspec says what and where, this adds which table and the remedy."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

from hub.usecases.schema import Document

_STEP = re.compile(r"\.(\w+)|\[(\d+)\]|\[(\.\.\.)\]")
_WRITE = {
    ("float", "str"): "write a number without quotes and with a decimal point, such as 8.0",
    ("int", "str"): "write a whole number without quotes",
    ("object", "str"): 'write both languages: { fr = "…", en = "…" }',
    ("array", "str"): 'write a list: ["…"]',
    ("array", "object"): "write a list: double brackets [[…]] around the table's name, or [{ … }]",
    ("str", "int"): 'write a text in quotes: "…"',
    ("str", "float"): 'write a text in quotes: "…"',
    ("bool", "str"): "write true or false, without quotes",
}
"""(expected, got) → the remedy."""


class Place:
    """A place in a file: what is written there, of which type it should be, and in which table it stands."""

    def __init__(self, document: Mapping[str, Any], path: str) -> None:
        """Follow msgspec's path ("rules[0].limit"); `[...]`, which it says for any key, is looked for."""
        self.raw: Any = document
        self.type: inspect.Type | None = inspect.type_info(Document)
        self.path, self.table = "", ""
        for name, index, anyone in _STEP.findall("." + path if path and not path.startswith("[") else path):
            self.step(name, index, anyone)

    def step(self, name: str, index: str, anyone: str) -> None:
        """Go one step down."""
        if anyone:
            name = self._culprit()
        self.type = next(self._below(name), None)
        self.path += f"[{index}]" if index else f".{name}" if self.path else name
        known = self.raw[int(index)] if index and isinstance(self.raw, list) else None
        self.raw = self.raw.get(name) if isinstance(self.raw, dict) else known
        if isinstance(self.raw, dict) and isinstance(self.raw.get("id"), str):
            self.table = self.raw["id"]

    def _below(self, name: str) -> Iterator[inspect.Type]:
        for each in self.types():
            match each:
                case inspect.StructType(fields=fields):
                    yield from (field.type for field in fields if field.encode_name == name)
                case inspect.DictType(value_type=value):
                    yield value
                case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
                    yield item

    def types(self) -> list[inspect.Type]:
        """Return the types that may stand here: of rules, those of the kind that is written."""
        found = [*self.type.types] if isinstance(self.type, inspect.UnionType) else [self.type] if self.type else []
        kind = self.raw.get("kind") if isinstance(self.raw, dict) else None
        mine: list[inspect.Type] = [each for each in found if isinstance(each, inspect.StructType) and each.tag == kind]
        return mine or found

    def _culprit(self) -> str:
        """Return the first key of a table whose content is not of its type."""
        value = next((each.value_type for each in self.types() if isinstance(each, inspect.DictType)), None)
        for name, raw in self.raw.items() if isinstance(self.raw, dict) else ():
            try:
                msgspec.convert(raw, value.cls if isinstance(value, inspect.StructType) else Any)
            except msgspec.ValidationError:
                return str(name)
        return "..."

    def keys(self) -> list[str]:
        """Return the keys that a table may have here."""
        structs = [each for each in self.types() if isinstance(each, inspect.StructType)]
        own = [field.encode_name for each in structs for field in each.fields]
        return list(dict.fromkeys([*(["kind"] if any(each.tag for each in structs) else []), *own]))

    def choices(self) -> list[str]:
        """Return the values that may stand here, where they can be counted."""
        said = [str(value) for each in self.types() if isinstance(each, inspect.LiteralType) for value in each.values]
        return said or [str(each.tag) for each in self.types() if isinstance(each, inspect.StructType) and each.tag]


def told(message: str, document: Mapping[str, Any]) -> str:
    """Return msgspec's "Expected `float`, got `str` - at `$.rules[0].limit`" with its place first, then the remedy."""
    said, _, where = message.partition(" - at `$")
    said = said.replace("`float | object`", "`float`")
    is_tag = said.startswith("Invalid value")  # of a rule's kind: its choices are the rules'
    place = Place(document, where.rstrip("`").lstrip("."))
    path = place.path or "the file"
    above = Place(document, where.rstrip("`").lstrip(".").removesuffix(".kind")) if is_tag else place
    remedy = _remedy(said, above)
    table = f" (in {place.table!r})" if place.table and remedy else ""
    return f"{path}: {said[0].lower()}{said[1:]}{f'; {remedy}' if remedy else ''}{table}"


def _remedy(said: str, place: Place) -> str:
    found = re.findall(r"`([^`]*)`|'([^']*)'", said)
    words = [one or other for one, other in found]
    match said.split()[:2]:
        case ["Expected", _] if len(words) > 1:
            return _WRITE.get((words[0].removesuffix(" | null"), words[1]), "")
        case ["Object", "contains"]:
            return _meant(words[0], place.keys())
        case ["Object", "missing"]:
            return f"write {words[0]} = …, which has no default"
        case ["Invalid", _]:
            return _meant(words[0] if words else said.rsplit(maxsplit=1)[-1], place.choices())
    return ""


def _meant(word: str, known: list[str]) -> str:
    """Return which of the known words may be meant, or all of them."""
    near = get_close_matches(word, known, 1, 0.7)
    listed = f"known: {', '.join(known)}" if known else ""
    return f"{near[0]!r} is meant? {listed}".strip() if near else listed


def of_toml(text: str, error: str) -> str:
    """Return what a TOML parser says with the line that it means, and what is mostly wrong with such a line."""
    found = re.search(r"at line (\d+)", error)
    lines = text.splitlines()
    if found is None or not 0 < int(found[1]) <= len(lines):
        return error
    line = lines[int(found[1]) - 1].strip()
    hint = ""
    if re.search(r"=\s*-?\d+,\d", line):
        hint = "; write a decimal point, not a comma"
    elif "overwrite" in error:
        hint = "; the key is there twice in its table: leave one"
    elif "Invalid value" in error:
        hint = '; a text stands in quotes: "…"'
    elif line.count('"') % 2:
        hint = "; a quote is not closed"
    return f"{error}: {line[:80]}{hint}"
