"""Every 10 s during a session: a Tasmota board at a real broker, a demo that ends in order, and one that is killed.

The broker is somebody else's for the demo, so that it, and the board, live on when the demo ends.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servers.brokers import Broker
from servers.hubs import Demo, demo, start, until
from servers.tasmota import Board, board

pytestmark = pytest.mark.timeout(180)
BOARD = "tasmota:cellar"


def pace(hub: Demo) -> dict[str, Any]:
    """Return how far the wish is."""
    found: dict[str, Any] = (hub.device(BOARD) or {}).get("pace") or {}
    return found


def known(hub: Demo, lent: Board) -> None:
    """Let the hub know the board."""
    until(lambda: hub.get("health")["parts"]["broker"]["status"] == "ok")
    lent.speak()
    until(lambda: hub.device(BOARD))


def every(data: Path, *words: str) -> tuple[int, str]:
    """Run `matinales devices every …`."""
    run = subprocess.run(
        [sys.executable, "-m", "hub", "devices", "every", BOARD, *words, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_it_gets_its_own_period_back_by_action_and_at_the_ordinary_stop(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for first, shown with its own, taken back on the command line, and when the hub ends in order."""
    monkeypatch.setenv("HUB_COMMANDS", "on")
    data = tmp_path / "data"
    with board(broker.port) as lent:
        with demo(data, "--broker", broker.url) as hub:
            known(hub, lent)
            answer = hub.ask("PUT", "api/v1/devices/tasmota%3Acellar/period", {"every": 10})
            assert answer["pace"]["state"] == "asking"
            until(lambda: pace(hub).get("state") == "held")
            assert (pace(hub)["original"], lent.period, lent.told) == (300, 10, ["", "10"])
            assert every(data, "--off")[0] == 0
            until(lambda: lent.period == 300 and not pace(hub))
            assert every(data, "20")[0] == 0
            until(lambda: pace(hub).get("state") == "held")
            assert lent.period == 20
            assert every(data, "2") == (2, "matinales: from 10 to 3600 s\n")
            hub.stop()
        until(lambda: lent.period == 300)
        assert every(data)[0] == 2, "without a hub nobody gives it back"


def test_after_a_crash_the_next_start_gives_it_back(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at any moment the hub still knows whom it owes what."""
    monkeypatch.setenv("HUB_COMMANDS", "on")
    data = tmp_path / "data"
    with board(broker.port) as lent:
        first = start(data, "--broker", broker.url)
        try:
            known(first, lent)
            first.ask("PUT", "api/v1/devices/tasmota%3Acellar/period", {"every": 10})
            until(lambda: lent.period == 10)
        finally:
            first.kill()
        assert lent.period == 10
        with demo(data, "--broker", broker.url) as second:
            until(lambda: lent.period == 300)
            until(lambda: not pace(second))


def test_on_somebody_elses_broker_it_needs_consent(broker: Broker, tmp_path: Path) -> None:
    """Nothing is said to the board."""
    with board(broker.port) as lent, demo(tmp_path / "data", "--broker", broker.url) as hub:
        known(hub, lent)
        answer = hub.ask("PUT", "api/v1/devices/tasmota%3Acellar/period", {"every": 10})
        assert (answer["pace"]["state"], answer["code"]) == ("refused", "consent")
        assert "HUB_COMMANDS" in every(tmp_path / "data")[1]
        assert lent.told == []
