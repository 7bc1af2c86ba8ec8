"""Ports that are picked before they are bound."""

import os
import socket

import pytest

from hub import freeport
from hub.errors import ConfigError
from hub.freeport import LOOPBACK, free_port, lane


def test_no_outgoing_connection_takes_it_meanwhile() -> None:
    """It lies below the ports that systems give to connections."""
    assert all(freeport.FIRST <= free_port() < 32_768 for _ in range(50))


def test_who_asks_for_several_gets_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is bound before all are asked for: a cluster's servers would take each other's."""
    monkeypatch.setattr(freeport, "MANY", 20)
    monkeypatch.setattr(freeport, "TRIES", 10_000)
    assert len({free_port() for _ in range(7)}) == 7


def test_processes_that_start_side_by_side_look_in_different_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """None has bound its port when the next one picks: by chance two hubs would have taken the same one."""
    for name, value in (("LANE", 100), ("MANY", 12_000)):  # pytest's workers have a part each
        monkeypatch.setattr(freeport, name, value)
    lanes = [lane(process) for process in range(1000, 1050)]
    assert {len(each) for each in lanes} == {100}
    assert len({port for each in lanes for port in each}) == 50 * 100
    assert all(freeport.FIRST <= port < freeport.FIRST + freeport.MANY for each in lanes for port in each)
    assert free_port() in lane(os.getpid())


def test_a_lane_without_a_free_port_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others have one."""
    monkeypatch.setattr(freeport, "LANE", 1)
    free_port()
    assert free_port() not in lane(os.getpid())


def test_a_taken_one_is_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one port to choose from, which somebody holds, the message says what to do."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        monkeypatch.setattr(freeport, "FIRST", holder.getsockname()[1])
        monkeypatch.setattr(freeport, "MANY", 1)
        with pytest.raises(ConfigError, match="--port"):
            free_port()
