"""Which JSON is read: by cases of our own at each commit, by JSONTestSuite where it is (reliability.md §3.6, X9)."""

import os
from pathlib import Path

import pytest

from hub.errors import PayloadError
from hub.payload import json_value

PLACE = "MATINALES_JSON_SUITE"
GET_IT = f"git clone https://github.com/nst/JSONTestSuite and set {PLACE} to its folder test_parsing"
POLICY = {"number": True, "structure_UTF-8_BOM": True, "structure_500": False, "object_key": False, "string": False}
"""What the standard leaves open: numbers beyond a double are read and then refused one by one, a byte order mark is
skipped; lone surrogates, what is no UTF-8, and more than 64 levels are refused whole."""

READ = [b"[]", b" {} ", b'"\\u0000"', b"-0", b"1E-2", b'{"a":1,"a":2}', b"\xef\xbb\xbf[1]", b"[1e999]", b"[-1e999]"]
REFUSED = [
    b"",
    b" ",
    b"[1,]",
    b"[,1]",
    b"{a:1}",
    b"{'a':1}",
    b"[01]",
    b"[+1]",
    b"[.5]",
    b"[5.]",
    b"[1e]",
    b"[0x1]",
    b"[NaN]",
    b"[Infinity]",
    b"[True]",
    b"[1]x",
    b"[1][2]",
    b'["\t"]',
    b'["\\x"]',
    b'["\\ud800"]',
    b'["\\udc00\\ud800"]',
    b'["a]',
    b'{"a" 1}',
    b'{"a":1,}',
    b"[1 2]",
    b"/*c*/[]",
    b"\xff[]",
    b"[" * 65 + b"]" * 65,
    b"[" * 100_000,
    '["é"]'.encode("latin-1"),
    "[]".encode("utf-16"),
]


def is_read(text: bytes) -> bool:
    """Tell whether the hub reads a text; nothing else than the refusal may be raised."""
    try:
        json_value(text)
    except PayloadError:
        return False
    return True


@pytest.mark.parametrize("text", READ)
def test_json_is_read(text: bytes) -> None:
    """Whatever the standard allows."""
    assert is_read(text)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:20]))
def test_what_only_resembles_json_is_refused(text: bytes) -> None:
    """With a reason, and nothing but the contract's error."""
    assert not is_read(text)


@pytest.mark.long
def test_the_whole_suite_is_judged_as_it_should_be() -> None:
    """95 are read, 188 are refused, 35 by the policy written above."""
    place = os.environ.get(PLACE)
    if place is None:
        pytest.skip(f"needs JSONTestSuite: {GET_IT}")
    found = {"y": 0, "n": 0, "i": 0}
    wrong = []
    for path in sorted(Path(place).glob("*.json")):
        kind, _, name = path.stem.partition("_")
        due = {"y": True, "n": False}.get(kind)
        if due is None:
            due = next(judged for begins, judged in POLICY.items() if name.startswith(begins))
        found[kind] += 1
        if is_read(path.read_bytes()) is not due:
            wrong.append(path.name)
    assert wrong == []
    assert found == {"y": 95, "n": 188, "i": 35}
