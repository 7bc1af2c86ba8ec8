"""The log tells a story, one line an event, and nobody else can write into it."""

import ast
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import logs

ROOT = Path(__file__).parent.parent.parent
LEVELS = {"info", "warning", "error", "critical", "exception"}
SECRET = re.compile(r"(?i)\b\w*(password|secret|token|payload|(?<!\w)pin)\b")


class Log:
    """A logger of its own, and what it wrote."""

    def __init__(self, formatter: logging.Formatter, clock: Callable[[], float]) -> None:
        """Write with a formatter; repeats are counted by a clock."""
        self.stream = io.StringIO()
        handler = logging.StreamHandler(self.stream)
        handler.setFormatter(formatter)
        handler.addFilter(logs.Repeats(clock))
        self.logger = logging.Logger("hub.some.place", logging.DEBUG)  # noqa: LOG001 — one of nobody else's
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        """What was written, cut where a reader of lines cuts it."""
        return self.stream.getvalue().splitlines()


@pytest.fixture
def now() -> list[float]:
    """Lend a clock that stands; add to it to move it."""
    return [0.0]


@pytest.fixture
def words(now: list[float]) -> Log:
    """Lend a log in words."""
    return Log(logs.Words(), lambda: now[0])


@pytest.fixture
def objects(now: list[float]) -> Log:
    """Lend a log of JSON objects."""
    return Log(logs.Json("hub"), lambda: now[0])


def fails() -> None:
    """Raise what a device's name went into."""
    msg = "bad\r\nname \x1b[2J"
    raise ValueError(msg)


def test_in_words_an_event_is_time_level_place_and_message(words: Log) -> None:
    """RFC 3339, so that sorted lines are in order."""
    words.logger.warning("%r is silent for %d s", "a7", 180)
    (line,) = words.lines
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z WARNING hub\.some\.place: 'a7' is silent for 180 s", line)


def test_as_json_it_is_one_object_with_the_fields_of_its_own(objects: Log) -> None:
    """What a program reads."""
    objects.logger.info("%s is back", "a7", extra={"device": "acme:a7", "seconds": 180})
    (line,) = objects.lines
    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "info",
        "process": "hub",
        "logger": "hub.some.place",
        "message": "a7 is back",
        "fields": {"device": "acme:a7", "seconds": 180},
    }


@pytest.mark.parametrize("kind", ["words", "objects"])
def test_an_error_is_one_line_too_and_says_where(kind: str, request: pytest.FixtureRequest) -> None:
    """Its own text is foreign as well: it forges no second line, and moves no terminal."""
    log: Log = request.getfixturevalue(kind)
    try:
        fails()
    except ValueError:
        log.logger.exception("request failed: %s", "/a\nb")
    (line,) = log.lines
    assert "\x1b" not in line
    assert "fails" in line
    assert "ValueError" in line


foreign = st.text(alphabet=st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    ["a\r\nb", "\x1b]0;title\x07", "\u2028", "\x85", "\u202eevil", "\x00", "\x9b31m"]
)


@given(text=foreign)
def test_no_text_of_a_device_makes_a_second_line(text: str) -> None:
    """CR, LF, ANSI, the line breaks of Unicode, the turning of direction."""
    for formatter in (logs.Words(), logs.Json("hub")):
        log = Log(formatter, lambda: 0.0)
        log.logger.warning("%s says %s", text, text, extra={"name_of_it": text})
        assert len(log.lines) == 1
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", log.stream.getvalue())


@pytest.mark.parametrize(
    ("said", "never"),
    [
        ("mqtt://hub:s3cret@broker:1883 does not answer", "s3cret"),
        ("smtp://a:p:w@x refused", "p:w"),
        ("Authorization: Bearer abcdefgh12345", "abcdefgh"),
        ("Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
    ],
)
def test_a_password_that_slips_into_an_address_is_not_written(words: Log, said: str, never: str) -> None:
    """Whatever another library puts into its error."""
    words.logger.error("%s", said)
    assert never not in words.lines[0]
    assert "***" in words.lines[0]


def test_what_repeats_is_counted(words: Log, now: list[float]) -> None:
    """Twenty a minute of one wording, whoever it is about; then the next says how many were left out."""
    for number in range(100):
        words.logger.warning("%r says nothing that anybody understands", f"device {number}")
    words.logger.warning("another matter")
    assert len(words.lines) == logs.AT_MOST + 1
    now[0] += logs.WINDOW_S
    words.logger.warning("%r says nothing that anybody understands", "device 7")
    assert words.lines[-1].endswith("(80 more like this were left out)")


def test_a_wording_made_anew_each_time_fills_no_memory(now: list[float]) -> None:
    """A foreign library that formats before it logs."""
    repeats = logs.Repeats(lambda: now[0])
    for number in range(3 * logs.MOST_KINDS):
        assert repeats.filter(logging.makeLogRecord({"name": "x", "msg": f"n {number}"}))
    assert len(repeats._seen) == logs.MOST_KINDS


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Lend the root logger without handlers, and give it back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    logger.handlers.clear()
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"HUB_LOG_FORMAT": "json", "HUB_LOG": "info"}, '"message": "hello"'),
        ({"HUB_LOG": "INFO"}, "INFO root: hello"),
        ({"HUB_LOG": "loud"}, ""),
        ({}, ""),
    ],
)
def test_the_environment_says_how_and_how_much(
    environ: dict[str, str], line: str, root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A level that is none is as if none was given."""
    for name in (logs.FORMAT, logs.LEVEL):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    root.handlers.clear()  # pytest's own, set again since the fixture
    stream = io.StringIO()
    logs.configure("hub", stream=stream)
    root.info("hello")
    assert line in stream.getvalue()
    assert bool(stream.getvalue()) == bool(line)


def events() -> Iterator[tuple[str, ast.Call, Any]]:
    """Give (place, call, level) of every event that the code writes from INFO on."""
    for path in [*ROOT.glob("hub/**/*.py"), *ROOT.glob("device_sims/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "_LOG." in text else ():  # to read every file takes a second
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                whose = node.func.value
                if isinstance(whose, ast.Name) and whose.id == "_LOG":
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node, node.func.attr


EVENTS = [*events()]


def test_there_are_events() -> None:
    """Else the next tests hold nothing."""
    assert len(EVENTS) > 50


@pytest.mark.parametrize(("place", "call", "level"), EVENTS, ids=[place for place, *_ in EVENTS])
def test_an_event_keeps_the_rules_of_the_house(place: str, call: ast.Call, level: str) -> None:
    """Its wording is fixed and lazy, ends without a full stop, breaks no line; no secret and no payload goes in."""
    wording, *given_words = call.args
    assert isinstance(wording, ast.Constant), f"{place}: the wording is made before it is logged"
    text = str(wording.value)
    assert not text.endswith("."), f"{place}: a full stop"
    assert "\n" not in text, f"{place}: two lines"
    for each in given_words:
        shown = ast.unparse(each)
        assert not SECRET.search(shown), f"{place}: {level} writes {shown}"


def test_only_a_main_configures_logging() -> None:
    """A library that does takes it from everybody."""
    said = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("hub/**/*.py"), *ROOT.glob("device_sims/**/*.py")]
        if re.search(r"basicConfig\(|\bconfigure\(", path.read_text(encoding="utf-8"))
    }
    assert said <= {
        "hub/logs.py",
        "hub/process.py",
        "hub/keeper.py",
        "hub/ingest/__main__.py",
        "device_sims/__main__.py",
        "hub/cli/_start.py",
        "hub/cli/replay.py",
        "hub/cli/sim.py",
    }
