"""The programs that a bench starts (hub/bench/_processes.py)."""

import subprocess
import sys

import psutil
import pytest

from hub.bench import _processes
from servers.ports import until

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid, flush=True)
signal.pause()
"""
"""Does not end in order, and has started another one, as `matinales cluster` has its servers."""
DOZING = """
import threading, time
threading.Thread(target=lambda: [time.sleep(0.01) for _ in range(20)]).start()
input()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a program there cannot refuse to end")
def test_who_does_not_end_in_order_is_ended_with_all_that_it_had_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """A NATS server that outlives its bench goes on taking what the next one measures."""
    monkeypatch.setattr(_processes, "ORDERLY", 0.2)
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as stubborn:
        assert stubborn.stdout is not None
        started = int(stubborn.stdout.readline())
        _processes.end(stubborn)
    until("it is gone", lambda: not psutil.pid_exists(started) or psutil.Process(started).status() == "zombie")


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody counts who waited")
def test_each_thread_that_waits_and_goes_on_is_counted() -> None:
    """A process that only sleeps wakes as often as it sleeps, whichever of its threads does."""
    with subprocess.Popen([sys.executable, "-c", DOZING], stdin=subprocess.PIPE) as sleeper:
        watched = [psutil.Process(sleeper.pid)]
        until("it has slept in vain", lambda: _processes.wakes(watched) >= 20)
        assert sleeper.stdin is not None
        sleeper.stdin.close()
