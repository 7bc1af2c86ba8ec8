"""Ports that are picked before they are bound."""

import socket

import pytest

from hub import freeport
from hub.errors import ConfigError
from hub.freeport import LOOPBACK, free_port


def test_no_outgoing_connection_takes_it_meanwhile() -> None:
    """It lies below the ports that systems give to connections."""
    assert all(freeport.FIRST <= free_port() < 32_768 for _ in range(50))


def test_who_asks_for_several_gets_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is bound before all are asked for: a cluster's servers would take each other's."""
    monkeypatch.setattr(freeport, "MANY", 20)
    monkeypatch.setattr(freeport, "TRIES", 10_000)
    assert len({free_port() for _ in range(7)}) == 7


def test_a_taken_one_is_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one port to choose from, which somebody holds, the message says what to do."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        monkeypatch.setattr(freeport, "FIRST", holder.getsockname()[1])
        monkeypatch.setattr(freeport, "MANY", 1)
        with pytest.raises(ConfigError, match="--port"):
            free_port()
