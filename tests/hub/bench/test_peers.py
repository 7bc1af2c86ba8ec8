"""Peers are lent while they run, whatever way they start."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hub.bench import _arena
from hub.bench import _compare as compare
from hub.bench._peers import Peer, _end_all
from servers.ports import until

LAUNCHER = """
import subprocess, sys
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", CHILD])
Path(sys.argv[1]).write_text(str(child.pid))
child.wait()
"""
CHILD = """
import socket, sys, threading
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
    threading.Event().wait(60)
"""


def test_a_launcher_is_connected_and_ended_with_what_it_started(tmp_path: Path) -> None:
    """Node-RED 5 is one: its own process has no connection, and leaves the other behind."""
    told, code = tmp_path / "pid", f"CHILD = {CHILD!r}\n{LAUNCHER}"
    process = subprocess.Popen([sys.executable, "-c", code, str(told)])
    _arena.until_connected(process, tmp_path)
    child = int(told.read_text())
    _end_all(process)
    assert process.returncode is not None
    until("the other one is gone", lambda: not psutil.pid_exists(child))


def test_a_peer_that_does_not_start_is_left_out_with_its_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Node-RED says on standard output that it wants a newer Node.js; the others are measured all the same."""
    says = "print('requires Node.js v22.9'); raise SystemExit(1)"
    peer = Peer("old", lambda program, _folder, _port: ([program, "-c", says], lambda: 0))

    def run() -> compare.Run:
        with peer.running(tmp_path / "peer", 1):
            pytest.fail("it runs")

    assert compare._unless_absent("old", run) is None
    assert "old is left out" in (said := " ".join(capsys.readouterr().err.split()))
    assert "requires Node.js v22.9" in said
