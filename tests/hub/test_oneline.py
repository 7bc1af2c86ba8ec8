"""A name cannot forge a line of the log, redraw the terminal, or fill the disk (reliability.md §3.6, X17)."""

import logging
from io import StringIO

import pytest

from hub import oneline
from hub.oneline import Calm, OneLine

FORGED = "oven\r\n2026-11-27 08:00:00 WARNING hub: all is well\x1b[2J\x1b]0;owned\x07\u2028\u202egnp.exe\x00\x85"


class Log:
    """A logger of its own, and what it wrote."""

    def __init__(self) -> None:
        """Write into memory."""
        self.written = StringIO()
        self.now = 100.0
        handler = logging.StreamHandler(self.written)
        handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        handler.addFilter(Calm(monotonic=lambda: self.now))
        self.logger = logging.Logger("hub")  # noqa: LOG001 — of no family: nobody else hears it
        self.logger.addHandler(handler)

    @property
    def lines(self) -> list[str]:
        """What stands in the log."""
        return self.written.getvalue().splitlines()


def test_a_forged_name_is_one_line_and_redraws_nothing() -> None:
    """CR, LF, escape sequences, Unicode's own line ends, changes of direction: all are written, none works."""
    log = Log()
    log.logger.warning("device %s spoke", FORGED)
    log.logger.warning(FORGED)
    assert len(log.lines) == 2
    assert all(each.isprintable() for each in log.lines)
    assert "\\r\\n2026-11-27" in log.lines[0]
    assert "\\x1b[2J" in log.lines[0]
    assert "\\u202e" in log.lines[0]


def test_a_name_of_a_megabyte_is_cut_and_its_length_told() -> None:
    """The disk is for messages."""
    log = Log()
    log.logger.warning("device %r spoke", "x" * 1_000_000)
    assert len(log.lines) == 1
    assert len(log.lines[0]) < 2200
    assert "characters)" in log.lines[0]


def test_a_trace_keeps_its_lines_and_none_of_them_looks_like_a_record() -> None:
    """What an exception quotes is somebody's text too."""
    log = Log()
    try:
        int(FORGED)
    except ValueError:
        log.logger.exception("decoding failed")
    first, *rest = log.lines
    assert "ERROR hub: decoding failed" in first
    assert len(rest) > 3
    assert all(each.startswith("  | ") and each.isprintable() for each in rest)


def test_the_same_thing_again_and_again_is_counted() -> None:
    """Twenty lines a minute of one kind; then how many were kept back. Another kind is not held up."""
    log = Log()

    def say(name: str) -> None:
        log.logger.warning("device %r is odd", name)

    for number in range(1000):
        say(f"d{number}")
    assert len(log.lines) == oneline.AGAIN
    log.logger.warning("something else")
    assert len(log.lines) == oneline.AGAIN + 1
    log.now += oneline.WINDOW_S
    say("last")
    assert log.lines[-1].endswith("(and 980 more like it before)")
    log.now += oneline.WINDOW_S
    say("next")
    assert "more like it" not in log.lines[-1]


@pytest.mark.parametrize("text", ["", "plain", "é — « tél. » 😀", "a b"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Any language."""
    assert oneline.line(text) == text


def test_kinds_that_are_counted_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a library would make them up."""
    monkeypatch.setattr(oneline, "KINDS", 10)
    calm = Calm(monotonic=lambda: 0.0)
    for number in range(100):
        assert calm.filter(logging.LogRecord("x", logging.INFO, f"file-{number}", 1, "m", None, None))
    assert len(calm._said) == 10


def test_every_process_of_ours_writes_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers of a plain form get the new one; a form of their own stays."""
    plain, own = logging.StreamHandler(StringIO()), logging.StreamHandler(StringIO())
    plain.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    mine = type("Mine", (logging.Formatter,), {})("%(message)s")
    own.setFormatter(mine)
    monkeypatch.setattr(logging.getLogger(), "handlers", [plain, own])
    oneline.install()
    assert type(plain.formatter) is OneLine
    assert own.formatter is mine
