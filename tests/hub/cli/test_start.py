"""What the supervisor tells of the parts it has started."""

import os
from pathlib import Path

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
        _start._publish(tmp_path, datafolder.living(tmp_path))
    finally:
        broker.stop(tmp_path)
    now = datafolder.living(tmp_path)
    assert now is not None
    assert (now.secret, now.processes) == ("s", {"broker": state.pid, "hub": 7})


def test_of_a_hub_that_is_not_up_yet_nothing_is_told(tmp_path: Path) -> None:
    """Its broker may be started again before its page is there."""
    _start._publish(tmp_path, None)
    assert datafolder.living(tmp_path) is None
