"""What the supervisor tells of the parts it has started."""

import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub import broker, datafolder
from hub.cli import _start
from hub.datafolder import Living
from servers.ports import free_port


def test_a_broker_started_again_is_named_in_the_place_of_the_dead_one(tmp_path: Path) -> None:
    """Whoever reads run.json finds the process that runs; the other parts and the secret stay as they were told."""
    broker.write_config(tmp_path / "broker.toml", port=free_port())
    state = broker.start(tmp_path / "broker.toml")
    told = Living(url="http://127.0.0.1:8080/", pid=os.getpid(), secret="s", processes={"broker": -1, "hub": 7})
    datafolder.publish(tmp_path, told)
    try:
        _start._publish(tmp_path)
    finally:
        broker.stop(tmp_path)
    now = datafolder.living(tmp_path)
    assert now is not None
    assert (now.secret, now.processes) == ("s", {"broker": state.pid, "hub": 7})


def test_of_a_hub_that_is_not_up_yet_nothing_is_told(tmp_path: Path) -> None:
    """Its broker may be started again before its page is there."""
    _start._publish(tmp_path)
    assert datafolder.living(tmp_path) is None


def test_what_is_told_while_the_broker_is_started_again_stays_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part may be started again in the same moment: one writes after the other, and none what it read before."""
    before = Living(url="http://127.0.0.1:8080/", pid=os.getpid(), secret="s", processes={"hub": 7})
    datafolder.publish(tmp_path, before)
    other = threading.Thread(target=_start._publish, args=(tmp_path, replace(before, processes={"hub": 8})))

    def alive(_data: Path) -> None:
        if threading.current_thread() is not other:
            other.start()
            other.join(0.2)  # it has to wait

    monkeypatch.setattr(broker, "alive", alive)
    _start._publish(tmp_path)
    other.join()
    now = datafolder.living(tmp_path)
    assert now is not None
    assert now.processes == {"hub": 8}
