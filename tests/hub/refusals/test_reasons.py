"""Reasons in French: every reason that the code can give has its French, and what is filled in stays as it is."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from msgspec import json

from hub.driver import Driver, Example
from hub.model import Message
from hub.refusals.explain import Explainer, load
from hub.refusals.reasons import Reasons
from hub.registry import Contexts, Registry, load_drivers

HUB = Path(__file__).parent.parent.parent.parent / "hub"
GIVING = [HUB / "payload.py", HUB / "timeline.py", HUB / "ingest/csv_import.py", *sorted(HUB.glob("drivers/*.py"))]
DRIVERS = load_drivers()
EXPLAINER = Explainer(DRIVERS.values())
UNTOLD = re.compile(r"mac:|^\{.*\}$|^[^ ]*$")
"""Ids and names that are put together like reasons."""
ENDS = {"where", "hint"}
"""Blanks that may stay empty; the reasons that fill them are tried by what is damaged below."""


def texts(node: ast.expr) -> Iterator[str]:
    """Return what a string expression may say, each blank filled with a value of its own."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from map("".join, product(*([*blank(each, place)] for place, each in enumerate(node.values))))
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def blank(node: ast.expr, place: int) -> Iterator[str]:
    """Return what may stand at one place of a reason."""
    if not isinstance(node, ast.FormattedValue):
        yield from texts(node)
    elif isinstance(node.value, ast.IfExp):
        yield from texts(node.value)
    else:
        yield "" if ast.unparse(node.value) in ENDS else f"X{place}"


def takes_a_command(node: ast.AST) -> bool:
    """Tell whether a function encodes commands: why one is refused is not on the list of what was not understood."""
    if not isinstance(node, ast.FunctionDef):
        return False
    return any(each.annotation and ast.unparse(each.annotation) in {"Command", "Target"} for each in node.args.args)


def given(path: Path) -> Iterator[str]:
    """Return the reasons that a file raises: what is handed to PayloadError, or called `msg`; no command's."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    commands = {inner for each in ast.walk(tree) if takes_a_command(each) for inner in ast.walk(each)}
    for node in ast.walk(tree):
        if node in commands:
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"PayloadError", "ForeignPayloadError"}:
            yield from (text for argument in node.args for text in texts(argument))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"msg", "reason"}:
            yield from texts(node.value)


@pytest.mark.parametrize("path", GIVING, ids=lambda path: path.stem)
def test_every_reason_that_stands_in_the_code_has_its_french(path: Path) -> None:
    """Beside its driver, in hub/drivers/refused/<driver>.toml, or in hub/refusals/common.toml."""
    untold = [each for each in given(path) if not UNTOLD.search(each) and EXPLAINER.french(each) is None]
    assert not untold


def mutations(example: Example) -> Iterator[bytes]:
    """Return an example with one leaf replaced, or cut."""
    yield example.payload[: len(example.payload) // 2]
    yield from (b"", b"warm", b"\xff\x00", b"[]", b"{}", b"null", b"[1,")
    for leaf in re.finditer(rb'"[^"]*"(?!\s*:)|-?\d+(?:\.\d+)?|true|false|null', example.payload):
        for other in (b"null", b"true", b'""', b'"unavailable"', b"1e400", b"[]", b"{}", b'"warm"'):
            yield example.payload[: leaf.start()] + other + example.payload[leaf.end() :]


@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_every_reason_of_a_damaged_example_has_its_french(driver: Driver) -> None:
    """Whatever a device may send, the page says in French why it is not understood."""
    untold = set()
    for example in driver.examples:
        registry, contexts = Registry(DRIVERS), Contexts()
        for topic, payload in example.before:
            registry.decode(Message(topic, payload, 1), contexts)
        for payload in mutations(example):
            outcome = registry.decode(Message(example.topic, payload, 1), dict(contexts))
            said = [outcome.reason] if outcome.decoded is None else outcome.decoded.rejected.values()
            untold |= {each for each in said if each and EXPLAINER.french(each) is None}
    assert not untold


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("'warm' is not a number", "'warm' n’est pas un nombre"),
        ("a JSON object is due here, not a list", "un objet JSON est attendu ici, pas une liste"),
        (
            "no value in it; a.b: 'x; y: z' is not a number; c: no value (null)",
            "aucune valeur dedans\u202f; a.b\u00a0: 'x; y: z' n’est pas un nombre\u202f; c\u00a0: pas de valeur (null)",
        ),
        (
            "driver acme of package acme-hub took longer than 1 s: strike 2 of 3",
            "le pilote acme du paquet acme-hub a fauté (il a mis plus de 1 s)\u00a0: faute 2 sur 3",
        ),
        (
            "not JSON: invalid character at byte 4",
            "ce n’est pas du JSON\u00a0: caractère inattendu à l’octet 4",
        ),
    ],
)
def test_what_is_filled_in_is_kept_or_translated_itself(english: str, french: str) -> None:
    """A quoted value stays as the device sent it."""
    assert EXPLAINER.french(english) == french


def test_a_reason_that_nobody_translated_is_none() -> None:
    """Another package's driver: its English is shown."""
    assert EXPLAINER.french("the flux capacitor is cold") is None


def test_reasons_that_differ_by_a_value_have_one_shape() -> None:
    """So that a list of them is short, also for reasons that nobody knows."""
    shape = EXPLAINER._reasons.shape
    assert shape("'a' is not a number") == shape("'b' is not a number") != shape("'a' is neither on nor off")
    assert shape("x: 'a' is not a number") == shape("y: 'b' is not a number")
    assert shape("flux 7 of 'k'") == shape("flux 88 of 'm'") != shape("flow 7 of 'k'")


def test_a_quoted_value_of_any_content_takes_no_time() -> None:
    """A hostile value is matched once, not a million times."""
    assert EXPLAINER.french(f"'{chr(92) * 900}' is not a numbe") is None
    assert EXPLAINER.french("a: " * 600 + "b") is None


def test_a_blank_that_its_english_has_not_is_named() -> None:
    """A slip in a file is found when it is read."""
    with pytest.raises(ValueError, match="has a blank that it has not"):
        Reasons({"{a} is odd": "{b} est impair"})


def test_no_two_files_translate_one_reason_differently() -> None:
    """Which one won would be chance."""
    seen: dict[str, str] = {}
    for words in load().values():
        for english, said in words.reasons.items():
            assert seen.setdefault(english, said) == said, english
    assert json.encode(seen)
