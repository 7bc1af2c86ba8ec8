"""The parts end in their order."""

import sys
import threading
from typing import Any, cast

import pytest

from hub.supervisor import Part, Supervisor, module


class Noting:
    """A part that notes what it is told."""

    def __init__(self, name: str, notes: list[str]) -> None:
        """Note in a list."""
        self._name, self._notes = name, notes

    def let_go(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} may go")

    def end(self) -> None:
        """Note it."""
        self._notes.append(f"{self._name} has gone")


def test_those_named_together_end_at_once_and_the_next_when_they_have_gone() -> None:
    """What simulators and hub still say reaches the journal; a part that never started is passed over."""
    notes: list[str] = []
    supervisor = Supervisor()
    supervisor.parts = {name: cast("Part", Noting(name, notes)) for name in ("hub", "ingest", "sim")}
    supervisor.close(("sim", "hub"), ("other", "ingest"))
    assert notes == ["sim may go", "hub may go", "sim has gone", "hub has gone", "ingest may go", "ingest has gone"]


def test_a_part_that_is_being_started_again_at_the_end_ends_with_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not live on beside nobody: the end waits until it is there, and ends it."""
    supervisor = Supervisor()
    supervisor.add("part", module("platform"))
    part = supervisor.parts["part"]
    begun, may, is_there = threading.Event(), threading.Event(), threading.Event()
    start = part.start

    def slowly(*what: Any) -> None:  # noqa: ANN401 — whatever a start takes
        begun.set()
        may.wait(30)
        start(*what)
        is_there.set()

    monkeypatch.setattr(part, "start", slowly)
    monkeypatch.setattr(part, "_command", [sys.executable, "-c", "import sys; sys.stdin.read()"])
    running = threading.Thread(target=supervisor.run, args=(lambda *_: None,))
    running.start()
    assert begun.wait(30)
    closing = threading.Thread(target=supervisor.close, args=(["part"],))
    closing.start()
    closing.join(0.1)
    may.set()
    assert is_there.wait(30)
    closing.join(30)
    supervisor.stop()
    running.join(30)
    has_ended = part.status is not None
    part.let_go()
    part.end()
    assert has_ended
