"""Simulated devices and a real hub: everything at once, and a day through the import door in seconds."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest

from device_sims import announce, door, playbill, scenario
from device_sims.day import DAY_S
from device_sims.ensemble import Ensemble
from device_sims.schedule import Expect, seconds
from device_sims.stage import Stage
from device_sims.world import World
from servers import hubs, rehearsal
from servers.hubs import Demo, until
from servers.workers import usecases

NOISE = 0.1
"""As in test_expected_alarms: what noise and rounding may do to a slow crossing."""
NAMES = [name for name in scenario.folders() if name in usecases()]
FASTEST = 3600
PREPARED_S = 120.0
"""How long a history may take on a busy machine."""


def simulated(demo: Demo) -> dict[str, dict[str, Any]]:
    """Return uid → device of all that the page shows as simulated."""
    return {each["id"]: each for each in demo.get("api/v1/devices")["devices"] if each["simulated"]}


@pytest.mark.timeout(120)
def test_everything_at_once_is_shown_once(tmp_path: Path) -> None:
    """Each fake device is one device on the page, marked, with values; a bridge has none of its own."""
    cast = playbill.load("everything", 1)
    everybody = Ensemble(cast, Stage(7, rehearsal.WALL, rehearsal.ZONE)).players.values()
    speaking = {player.device.uid for player in everybody if player.settings.channels}
    mute = {player.device.uid for player in everybody} - speaking
    with hubs.demo(tmp_path / "data", "--use-case", "everything", "--history", "1h", "--speed", "60") as demo:
        until(lambda: not speaking - {uid for uid, each in simulated(demo).items() if each["channels"]})
        shown = {each["id"]: each["simulated"] for each in demo.get("api/v1/devices")["devices"]}
        assert set(shown) - mute == speaking
        assert all(shown.values())
        assert demo.get("api/v1/scenario")["usecase"] == "cold_room"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend a hub whose own simulators are those of no use case."""
    with hubs.demo(tmp_path_factory.mktemp("day") / "data", "--use-case", "dialects", "--history", "0") as running:
        yield running


def raised(demo: Demo, run: str, since: float) -> dict[str, float]:
    """Return rule → minutes from `since` [s since 1970] until it was first raised on a run."""
    found = demo.get(f"api/v1/alarms?run={run}&limit=10000")["alarms"]
    return first_after(((each["rule"], each["raised_at"]) for each in found), since)


def first_after(alarms: Iterable[tuple[str, str]], since: float) -> dict[str, float]:
    """Return rule → minutes from `since` [s since 1970] until its first alarm (rule, RFC 3339) that is not before."""
    first: dict[str, float] = {}
    for rule, raised_at in alarms:
        at = (datetime.fromisoformat(raised_at).timestamp() - since) / 60
        if at >= 0:
            first[rule] = min(at, first.get(rule, at))
    return first


def test_an_alarm_of_the_history_hides_none_of_the_day() -> None:
    """The meeting of the day before rang too; what counts is the first one after the fault, whatever the order."""
    since = datetime(2026, 11, 24, 7, 40, tzinfo=UTC).timestamp()
    told = [("objective", "2026-11-24T09:00:00Z"), ("objective", "2026-11-24T07:50:00Z")]
    before = [("objective", "2026-11-23T13:10:00Z"), ("flatline", "2026-11-23T13:10:00Z")]
    assert first_after([*told, *before], since) == {"objective": 10.0}


def hand_over(demo: Demo, played: World, hours: float) -> tuple[str, int, float]:
    """Take a run through the import door, history and hours; return its id, how many messages, how long it took [s]."""
    run = announce.run_id(played.scenario.name, datetime.now(UTC), 0xD00B)
    said = announce.announcement(
        run,
        played.scenario.name,
        seed=rehearsal.SEED,
        speed=FASTEST,
        state="running",
        wall=datetime.now(UTC),
        simulated=played.start,
        devices=(player.device for player in played.players.values()),
    )
    words = played.without_broker(played.advance(round(3600 * hours)))
    bodies = door.requests(said, played.start, (line for one in words for line in door.lines([one])))
    begun = time.monotonic()
    took = door.post(lambda: door.find(demo.data), run, bodies, patience_s=5, stopped=lambda: False)
    until(lambda: demo.get("health")["counters"]["journal_behind"] == 0)
    return run, took, time.monotonic() - begun


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", NAMES)
def test_a_day_goes_through_the_import_door_with_its_alarms(hub: Demo, name: str) -> None:
    """24 simulated hours of the first fault that rings, faster than ×3600, alarms where the use case says."""
    loaded = scenario.load(name)
    expect = next(each for each in loaded.scenario.expect if each.fault and each.alarms)
    played = rehearsal.world(loaded, initial=expect.initial, clock=expect.clock, wall=datetime.now(UTC))
    since_s = round(60 * expect.at_min)
    played.schedule(since_s, expect.fault or "", expect.intensity, seconds(expect.duration_min))
    run, took, elapsed_s = hand_over(hub, played, 24)
    assert took > 1000
    assert elapsed_s < 48 * 3600 / FASTEST * 2  # a day and its history; twice, for a busy machine
    found = raised(hub, run, played.start.timestamp() + since_s)
    within = {rule: at for rule, at in found.items() if rule in expect.alarms}
    only = Expect(fault=expect.fault, alarms=expect.alarms)
    assert [*rehearsal.misses(loaded.scenario, usecases()[name], only, within, NOISE)] == []


def fault_option(expect: Expect) -> str:
    """Return `NAME@MIN[:intensity][/duration]` of an expectation's fault."""
    strong = "" if expect.intensity is None else f":{expect.intensity:g}"
    lasting = "" if expect.duration_min is None else f"/{expect.duration_min:g}"
    return f"{expect.fault}@{expect.at_min:g}{strong}{lasting}"


@contextmanager
def sim(demo: Demo, name: str, expect: Expect) -> Iterator[tuple[str, psutil.Process]]:
    """Play a scenario's expectation beside a demo with the command at its fastest; lend run and process."""
    command = [sys.executable, "-m", "hub", "sim", name, "--data", str(demo.data), "--seed", str(rehearsal.SEED)]
    command += ["--broker", f"mqtt://127.0.0.1:{demo.mqtt_port}", "--speed", str(FASTEST)]
    command += ["--fault", fault_option(expect)]
    command += ["--initial", expect.initial] if expect.initial else []
    command += ["--clock", expect.clock] if expect.clock else []
    command += [] if expect.history_h is None else ["--history", f"{expect.history_h}h"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield until(lambda: run_of(demo, name), PREPARED_S), psutil.Process(process.pid)
    finally:
        process.terminate()
        said = process.communicate(timeout=hubs.PATIENCE)[1]
        assert process.returncode == 0, said


def run_of(demo: Demo, name: str) -> str:
    """Return the run of a scenario once it lives; empty before."""
    told = demo.get("api/v1/scenario")
    return str(told["run"]) if told.get("usecase") == name and told.get("state") == "running" else ""


def heard(demo: Demo, run: str) -> float:
    """Return until when the hub has heard a run's devices [s since 1970]: its clock may be ahead of its messages."""
    devices = [each for each in demo.get("api/v1/devices")["devices"] if each["run"] == run]
    times = [channel["time"] for each in devices for channel in each["channels"] if channel["time"]]
    return max((datetime.fromisoformat(each).timestamp() for each in times), default=0.0)


def cpu_s(processes: dict[str, psutil.Process]) -> dict[str, float]:
    """Return part → what its process has cost so far [CPU s]."""
    spent = {part: process.cpu_times() for part, process in processes.items()}
    return {part: times.user + times.system for part, times in spent.items()}


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", NAMES)
def test_the_command_plays_a_day_at_its_fastest_with_its_alarms(
    hub: Demo, name: str, record_property: Callable[[str, object], None]
) -> None:
    """`matinales sim NAME --speed 3600 --fault …`: 24 simulated hours in 24 s; each alarm when the use case says.

    A machine that cannot follow takes longer, and the alarms come at the same simulated times: what the processes
    cost [CPU s] tells a quiet machine's speed from a busy one's.
    """
    loaded = scenario.load(name)
    expect = next(each for each in loaded.scenario.expect if each.fault and each.alarms)
    start = rehearsal.world(loaded, initial=expect.initial, clock=expect.clock, wall=datetime.now(UTC)).start
    begin, end = start.timestamp(), start.timestamp() + DAY_S
    with sim(hub, name, expect) as (run, simulators):
        costly = {"sim": simulators, **{part: psutil.Process(hub.pid(part)) for part in ("hub", "ingest")}}
        begun, before = time.monotonic(), cpu_s(costly)
        until(lambda: heard(hub, run) >= end, 10 * DAY_S / FASTEST)
        speed = DAY_S / (time.monotonic() - begun)
        until(lambda: hub.get("health")["counters"]["journal_behind"] == 0)
        cost = {part: round(spent - before[part], 1) for part, spent in cpu_s(costly).items()}
        found = raised(hub, run, begin + 60 * expect.at_min)
    record_property("speed", round(speed))
    record_property("cpu_s", cost)
    print(f"{name}: ×{speed:.0f}, CPU s {cost}, {found}")  # noqa: T201 — the figures of the closing note
    within = {rule: at for rule, at in found.items() if rule in expect.alarms}
    only = Expect(fault=expect.fault, alarms=expect.alarms, noise_min=expect.noise_min)
    assert [*rehearsal.misses(loaded.scenario, usecases()[name], only, within, NOISE)] == []


@pytest.mark.timeout(180)
def test_a_story_begins_at_a_named_state_and_hour_and_stays_simulated_whoever_dies(tmp_path: Path) -> None:
    """A guide's step loads state and clock; a killed hub, killed simulators and a word without them change no mark."""
    paris = ZoneInfo("Europe/Paris")
    probe = "tasmota:coldroom-sim-probe"
    with hubs.demo(tmp_path / "data", "--seed", "7", "--history", "1h") as demo:

        def begins(story: dict[str, str], hour: str) -> None:
            told = demo.ask("PUT", "api/v1/scenario", story)
            assert f"{datetime.fromisoformat(told['time']).astimezone(paris):%H:%M}" == hour

        begins({"initial": "saturday_night"}, "23:00")
        begins({"initial": "saturday_night", "clock": "02:00"}, "02:00")
        begins({"clock": "14:05"}, "14:05")
        refused = demo.ask("PUT", "api/v1/scenario", {"initial": "monday"})
        assert "saturday_night" in refused["detail"]

        def marked() -> bool:
            try:
                found = demo.device(probe)
            except OSError:  # the hub is being started again
                return False
            assert found is None or (found["simulated"] and found["run"] != "real"), found
            return found is not None

        for part in ("sim", "hub"):
            before = demo.pid(part)
            psutil.Process(before).kill()
            until(lambda: demo.parts().get(part, before) != before)  # noqa: B023 — awaited within the loop
            until(marked)
        demo.publish("tele/coldroom-sim-probe/LWT", "Online", retain=True)
        demo.publish("tele/coldroom-sim-probe/SENSOR", '{"DS18B20-1":{"Id":"2A01143C75F2","Temperature":4.4}}')
        until(marked)
        real = demo.get(f"api/v1/readings?device={probe}&run=real&start=-24h")["readings"]
        assert real == []
