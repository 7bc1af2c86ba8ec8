"""Simulated devices and a real hub: everything at once, and a day in seconds."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from device_sims import door, playbill, scenario
from device_sims.announce import announcement, run_id
from device_sims.ensemble import Ensemble
from device_sims.schedule import Expect, seconds
from servers import hubs, rehearsal
from servers.hubs import Demo, until
from servers.workers import usecases

NOISE = 0.1
"""As in test_expected_alarms: what noise and rounding may do to a slow crossing."""


def simulated(demo: Demo) -> dict[str, dict[str, Any]]:
    """Return uid → device of all that the page shows as simulated."""
    return {each["id"]: each for each in demo.get("api/v1/devices")["devices"] if each["simulated"]}


def test_everything_at_once_is_shown_once(tmp_path: Path) -> None:
    """Each fake device is one device on the page, marked, online or of a family that cannot tell, with values."""
    cast = playbill.load("everything", 1)
    everybody = Ensemble(cast, seed=7, start=rehearsal.WALL, zone=rehearsal.ZONE).players.values()
    uids = {player.device.uid for player in everybody}
    silent = {player.device.uid for player in everybody if not player.settings.channels}  # a bridge has no values
    with hubs.demo(tmp_path / "data", "--use-case", "everything", "--history", "1h", "--speed", "60") as demo:
        until(lambda: set(simulated(demo)) >= uids - silent)
        shown = {each["id"]: each for each in demo.get("api/v1/devices")["devices"]}
        assert set(shown) - silent == uids - silent
        assert all(each["simulated"] for each in shown.values())
        until(lambda: all(each["channels"] for uid, each in simulated(demo).items() if uid not in silent))
        assert {each["availability"] for each in simulated(demo).values()} <= {"online", None, "unknown"}
        assert demo.get("api/v1/scenario")["usecase"] == "cold_room"


def alarms(demo: Demo, run: str) -> dict[str, float]:
    """Return rule → when it was first raised on a run [s since 1970]."""
    found: dict[str, float] = {}
    for each in demo.get("api/v1/alarms?limit=1000")["alarms"]:
        if each["id"].split(f"-{run}-")[1:]:
            at = datetime.fromisoformat(each["raised_at"]).timestamp()
            found[each["rule"]] = min(at, found.get(each["rule"], at))
    return found
