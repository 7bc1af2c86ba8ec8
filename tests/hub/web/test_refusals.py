"""Why a request is refused is told in French too: every sentence that the code has for it, and what is filled in."""

import ast
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from hub.errors import UsageError
from hub.web.problems import REFUSALS
from servers.houses import WISH, House
from servers.web import Client

HUB = Path(__file__).parent.parent.parent.parent / "hub"
COMMANDS_ONLY = (
    *("cli", "driverkit", "usecasekit", "bench", "backup", "tokens.py", "config.py", "usecases/loader.py"),
    *("store/export.py", "store/transfer.py", "store/parquet.py", "store/file.py"),
    "ingest/csv_import.py",  # hub/refusals tells these, beside the messages that nobody understood
)
ERRORS, RAISED = {"UsageError", "NotFoundError"}, {"UsageError", "NotFoundError", "Problem", "bad_parameter"}
"""Errors that become a refusal, and all that takes a sentence of one."""


def files() -> list[Path]:
    """Return the files whose refusals a request may meet."""
    left_out = [HUB / each for each in COMMANDS_ONLY]
    found = (each for each in HUB.rglob("*.py") if not any(each.is_relative_to(one) for one in left_out))
    return sorted(each for each in found if any(sentences(each)))


def sentences(path: Path) -> Iterator[str]:
    """Return the English sentences in a file, each blank filled."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if any(each in text for each in RAISED) else ():
        for name in ("body", "orelse"):
            for before, after in pairwise(block if isinstance(block := getattr(node, name, []), list) else []):
                if isinstance(before, ast.Assign) and isinstance(after, ast.Raise) and is_refusal(after.exc):
                    yield from told(before.value)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISED:
            words = [each.value for each in node.keywords if each.arg in {"reason", "remedy", "what"}]
            yield from (text for each in (*node.args, *words) for text in told(each) if " " in text)


def is_refusal(raised: ast.expr | None) -> bool:
    """Tell whether what is raised takes the message that was just put together."""
    return isinstance(raised, ast.Call) and ast.unparse(raised) in {f"{each}(msg)" for each in ERRORS}


def told(node: ast.expr) -> Iterator[str]:
    """Return what a string expression says."""
    if isinstance(node, ast.IfExp):
        yield from (*told(node.body), *told(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(each.value) if isinstance(each, ast.Constant) else "7" for each in node.values)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(HUB)))
def test_every_refusal_that_stands_in_the_code_has_its_french(path: Path) -> None:
    """In hub/web/refusals.toml."""
    assert not [each for each in sentences(path) if REFUSALS.french(each) is None]


class Wish(msgspec.Struct, forbid_unknown_fields=True):
    """A body with one of each that can be wrong."""

    count: int
    name: str = ""


@pytest.mark.parametrize(
    "body", ["{", "[]", "{}", '{"count": "a"}', '{"count": 1, "more": 2}', '{"count": 1} x', "nul"]
)
def test_what_is_wrong_with_a_body_is_told_in_french(body: str) -> None:
    """The library says it in English."""
    with pytest.raises(msgspec.MsgspecError) as wrong:
        msgspec.json.decode(body, type=Wish)
    assert REFUSALS.french(f"{wrong.value}") is not None


async def test_a_french_reader_is_refused_in_french_alone(client: Client) -> None:
    """Detail and remedy; who reads English gets the sentence of the code."""
    said = {}
    for lang in ("fr", "en"):
        async with client.get("/api/v1/readings?start=abc", headers={"Accept-Language": lang}) as answer:
            problem = await answer.json(content_type=None)
        said[lang] = problem["detail"], problem["remedy"].partition(" ")[0]
    assert said["fr"] == ("start est 'abc' : ni une heure ni une durée.", "écrivez")
    assert said["en"] == ("start is 'abc': neither a time nor a span.", "write")


async def test_an_unknown_session_is_not_blamed_on_the_cursor(client: Client) -> None:
    """Both are in the question."""
    async with client.get("/api/v1/alarms?session=none&cursor=1700000000000000000~3") as answer:
        problem = await answer.json(content_type=None)
    assert (answer.status, "cursor" in problem["detail"]) == (404, False)


def refused(act: Callable[[], object]) -> str:
    """Return why something is refused, in French."""
    with pytest.raises(UsageError) as why:
        act()
    french = REFUSALS.french(f"{why.value}")
    assert french is not None
    return french


@pytest.mark.parametrize(
    "fault",
    [
        "took longer than 1.5 s",
        "took more than 256 MiB of memory",
        "spoiled its answer (x - at byte 3)",
        "ended its process (code -9)",
        "ended its process after it had answered",
        "closed its output, or gave more than 16 MiB",
    ],
)
def test_why_a_driver_stays_off_is_told_in_french(fault: str) -> None:
    """What `hub.guests` says of it, inside the sentence."""
    french = REFUSALS.french(f"driver 'demo' stays off: it {fault}; repair package demo and try again")
    assert french is not None
    assert fault.split(" (", maxsplit=1)[0] not in french


def test_a_session_that_goes_on_or_is_over_is_told_without_a_word_of_the_code(tmp_path: Path) -> None:
    """Open, paused, archived: each state in the words of its language."""
    with closing(House(tmp_path)) as house:
        desk = house.sessions.desk
        first = desk.start(WISH).id
        said = [refused(lambda: desk.start(WISH))]
        desk.pause(first)
        said.append(refused(lambda: desk.start(WISH)))
        desk.archive(first)
        said.append(refused(lambda: desk.pause(first)))
    for french, word in zip(said, ("est ouverte", "est en pause", "est archivée"), strict=True):
        assert word in french
        assert not {"open", "paused", "archived"}.intersection(french.split())
