"""`kill -9` in the middle of a command, at each step: a file opened, renamed or removed, a statement, a request.

The command runs in a fork of the tests' own process, which ends itself by SIGKILL when it is about to take the step; so
each moment is hit for certain, and none by chance.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator

import apsw
import pytest

STEPS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "http.client.send", "shutil.rmtree"}
"""What `sys.audit` tells of that changes something, or can be what was changed last."""
PATIENCE = 30
"""Longest [s] that a command runs."""
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork: Windows has none")


def killed(work: Callable[[], object], stride: int = 1) -> Iterator[int]:
    """Run `work` again and again, each time killed some steps later, and yield the step; at last it runs to its end.

    Args:
        work: ends by itself within PATIENCE.
        stride: steps between two kills.
    """
    for step in itertools.count(1, stride):
        status = _run(work, step)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, f"it failed by itself when it was to be killed at step {step}"
            assert step > 1, "it took no step at all"
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
        yield step


def _run(work: Callable[[], object], step: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(PATIENCE)
            _die_at(step)
            code = 0 if work() in {None, 0} else 1
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _die_at(step: int) -> None:
    """End this process when it is about to take its step number `step`."""
    left = itertools.count(step, -1)

    def take() -> None:
        if next(left) <= 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if event in STEPS and not (event == "open" and _only_reads(arguments)):
            take()

    def traced(_said: object) -> None:
        take()

    def connected(db: apsw.Connection) -> None:
        db.trace_v2(apsw.SQLITE_TRACE_STMT, traced)

    sys.addaudithook(heard)
    apsw.connection_hooks.append(connected)


def _only_reads(arguments: tuple[object, ...]) -> bool:
    """Tell whether a file is opened for reading: `open` is told (path, mode, flags)."""
    flags = arguments[2]
    return isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
