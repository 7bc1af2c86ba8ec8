"""The command becomes a keeper once all is up: the same process, with next to nothing in memory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from filelock import FileLock, Timeout

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot become another program")

COMMAND = """
import os, sys
from pathlib import Path
from hub import datafolder, keeper
from hub.supervisor import Supervisor

data = Path(sys.argv[1])
with datafolder.owned(data) as lock:
    supervisor = Supervisor()
    supervisor.add("part", [sys.executable, "-c", sys.argv[2]])
    print(supervisor.pids["part"], flush=True)
    supervisor.wait_for("part", "ready", 30)
    told = {"data": str(data), "url": "http://127.0.0.1:1/", "secret": "word", "broker": None, "file": None}
    keeper.hand_over(supervisor, told | {"order": [["part"]], "temporary": sys.argv[3] == "fresh", "words": 1}, lock)
    print("not handed over", flush=True)
"""
PART = "import sys; print('{\"ready\": 1}', flush=True); sys.stdin.read()"


def seen(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("kind", ["kept", "fresh"])
def test_the_keeper_starts_again_what_dies_and_ends_everything(kind: str, tmp_path: Path) -> None:
    """It keeps process, lock and parts of the command that it was; a temporary folder goes with it."""
    data = tmp_path / "data"
    data.mkdir()
    command = [sys.executable, "-c", COMMAND, str(data), PART, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = int(process.stdout.readline())
        seen(lambda: "hub.keeper" in psutil.Process(process.pid).cmdline())
        os.kill(first, signal.SIGKILL)
        seen((data / "run.json").exists)
        seen(lambda: "part" in json.loads((data / "run.json").read_text())["processes"])
        living = json.loads((data / "run.json").read_text())
        second = living["processes"]["part"]
        assert (living["pid"], living["url"], living["secret"]) == (process.pid, "http://127.0.0.1:1/", "word")
        assert second != first
        with pytest.raises(Timeout):
            FileLock(data / "lock", timeout=0).acquire()
        process.terminate()
        assert process.stdout.read() == "Ending …\n"
    assert process.returncode == 0
    assert not psutil.pid_exists(second)
    assert not (data / "run.json").exists()
    assert data.exists() == (kind == "kept")
    if kind == "kept":
        FileLock(data / "lock", timeout=0).acquire().lock.release()


def test_who_ends_the_command_while_it_becomes_the_keeper_is_heard(tmp_path: Path) -> None:
    """Another thread of the command may be given the signal: what it noted was gone with the program."""
    at_once = """
import signal, threading, time
from hub.supervisor import on_end

def become(*arguments, real=os.execv):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)
    real(*arguments)

os.execv = become
"""
    code = COMMAND.replace("data = Path", at_once + "data = Path").replace(
        "    supervisor.add", "    on_end(supervisor.stop)\n    supervisor.add"
    )
    command = [sys.executable, "-c", code, str(tmp_path), PART, "kept"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=True)
    assert done.stdout.splitlines()[1:] == ["Ending …"]


def test_a_part_that_is_being_started_again_is_not_handed_over(tmp_path: Path) -> None:
    """Who has just died is the command's to start again: it stays what it is, and says nothing of it."""
    dies = "import sys; print('{\"ready\": 1}', flush=True); sys.exit(3)"
    code = COMMAND.replace("    told =", "    supervisor.parts['part'].end()\n    told =")
    command = [sys.executable, "-c", code, str(tmp_path), dies, "kept"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=True)
    assert done.stdout.splitlines()[1:] == ["not handed over"]
