"""systemd is told what it waits for, and nobody else is told anything."""

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import systemd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="systemd is Linux's")


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Lend a socket that listens as systemd does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield door


def test_it_is_told_ready_and_stopping(manager: socket.socket) -> None:
    """Before and after what is watched."""
    with systemd.watched(lambda: True):
        assert manager.recv(100) == b"READY=1"
    assert manager.recv(100) == b"STOPPING=1"


def test_the_watchdog_is_fed_only_while_the_hub_answers(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that hangs is started again by systemd."""
    answers, asked = [True, False], threading.Event()

    def is_alive() -> bool:
        if not answers:
            asked.set()
            return False
        return answers.pop(0)

    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    with systemd.watched(is_alive):
        assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
        assert asked.wait(30)
    assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "nowhere", "/no/such/place", "@nobody-listens-here"])
def test_without_systemd_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor where it has gone."""
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    monkeypatch.setenv("WATCHDOG_USEC", "no number")
    with systemd.watched(lambda: True):
        pass
