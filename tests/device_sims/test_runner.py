"""A run from its announcement to its end, over a real broker, with a hub that only listens."""

import asyncio
import dataclasses
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from device_sims import backfill, door, notes, runner
from device_sims.errors import SimulationError
from device_sims.link import Connection, parse_url
from device_sims.options import Options, TimedFault, make_world
from device_sims.process import hours, options, timed_fault
from device_sims.runner import play
from servers.brokers import Broker
from servers.fake_hub import FakeHub, fake_hub

FIRST = b"tele/coldroom-sim-probe/LWT"
PROBE, COMPRESSOR, DOOR = "tele/coldroom-sim-probe", "coldroom-sim-compressor", "zigbee2mqtt/coldroom-sim-door"


class Heard(NamedTuple):
    """A message as a subscriber got it."""

    topic: str
    payload: bytes
    retained: bool


async def until(done: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so; TimeoutError says it never was."""
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 — what is waited for happens elsewhere
            await asyncio.sleep(0.01)


class Playing:
    """A runner that plays, and what a subscriber to everything heard."""

    def __init__(self, heard: list[Heard]) -> None:
        """Start with what was heard."""
        self.heard = heard
        self.stop = asyncio.Event()

    def topics(self, topic: str) -> list[dict[str, Any]]:
        """Return the JSON bodies heard on a topic."""
        return [json.loads(one.payload) for one in self.heard if one.topic == topic and one.payload.startswith(b"{")]

    def words(self, topic: str) -> list[bytes]:
        """Return the payloads heard on a topic."""
        return [one.payload for one in self.heard if one.topic == topic]

    def announcements(self) -> list[Heard]:
        """Return what was heard of runs, beats apart."""
        return [
            one for one in self.heard if one.topic.startswith("matinales/sim/") and not one.topic.endswith("/clock")
        ]

    def states(self, run: str = "") -> list[str]:
        """Return the announced states, of one run or of all, `cleared` where the announcement was taken off."""
        said = [one for one in self.announcements() if one.topic.endswith(run)]
        return [json.loads(one.payload)["state"] if one.payload else "cleared" for one in said]

    @property
    def run(self) -> str:
        """The id of the newest run."""
        return self.announcements()[-1].topic.split("/")[2]


@asynccontextmanager
async def playing(broker: Broker, data: Path | None = None, **wanted: Any) -> AsyncIterator[Playing]:  # noqa: ANN401 — options
    """Play a cold room beside a subscriber to everything."""
    heard: list[Heard] = []
    ear = Connection(
        parse_url(broker.url), "ear", subscribe=("#",), on_message=lambda *what: heard.append(Heard(*what))
    )
    ear.start()
    await ear.subscribed()
    asked = {"speed": 60.0, "seed": 7, **wanted}
    room = Playing(heard)
    task = asyncio.create_task(play(options("cold_room", broker=broker.url, data=data, **asked), room.stop))
    try:
        yield room
    finally:
        room.stop.set()
        await asyncio.wait_for(task, 30)
        await ear.close()


async def test_a_run_is_announced_before_it_speaks_and_beats_while_it_lives(broker: Broker) -> None:
    """Announcement first, then births, telemetry and beats; every topic is one that it announced."""
    async with playing(broker) as room:
        await until(lambda: len(room.topics(f"{PROBE}/SENSOR")) > 3 and len(room.heard) > 15)
    first = room.heard[0]
    said = json.loads(first.payload)
    assert first.topic == f"matinales/sim/{said['run']}"
    assert (said["scenario"], said["seed"], said["speed"], said["state"]) == ("cold_room", 7, 60.0, "running")
    assert datetime.fromisoformat(said["simulated"]).tzinfo is not None
    assert set(said["devices"]) == {
        "tasmota:coldroom-sim-probe",
        "shelly:coldroom-sim-compressor",
        "zigbee2mqtt:coldroom-sim-door",
        "ruuvi:a2636f6c6401",
    }
    prefixes = tuple(pattern.removesuffix("/#") for pattern in said["topics"])
    assert all("sim" in prefix for prefix in prefixes)
    others = {one.topic for one in room.heard if not one.topic.startswith("matinales/")}
    assert all(topic.startswith(prefixes) for topic in others)
    assert all(said["run"].encode() not in one.payload for one in room.heard if not one.topic.startswith("matinales/"))
    beats = room.topics(f"matinales/sim/{said['run']}/clock")
    assert beats[0]["simulated"] == said["simulated"]
    assert {beat["speed"] for beat in beats} == {60.0}


async def test_the_end_leaves_nothing_on_the_broker(broker: Broker) -> None:
    """`ended`, then every retained topic cleared: a new subscriber hears nothing."""
    async with playing(broker) as room:
        await until(lambda: len(room.topics(f"{PROBE}/SENSOR")) > 1)
        room.stop.set()  # while somebody listens
        await until(lambda: room.states() == ["running", "ended", "cleared"])
    late: list[Heard] = []
    ear = Connection(
        parse_url(broker.url), "late", subscribe=("#",), on_message=lambda *what: late.append(Heard(*what))
    )
    ear.start()
    await ear.subscribed()
    await asyncio.sleep(0.2)
    await ear.close()
    assert late == []


async def test_what_a_device_says_last_is_taken_off_the_broker_too(
    embedded: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is told while a device's first words are still on their way: they do not come after the farewell."""
    monkeypatch.setattr(runner, "LEAVE_S", 60)
    monkeypatch.setattr(runner, "FAREWELL_S", 30)
    way = SlowWay()
    async with way.to(embedded.port) as port, playing(dataclasses.replace(embedded, port=port)) as room:
        await asyncio.wait_for(way.speaks.wait(), 30)
        room.stop.set()
        await until(lambda: room.states() == ["running", "ended", "cleared"])
        await until(lambda: len([one for one in room.heard if one.topic.startswith("tasmota/discovery/")]) == 4)
    assert room.words(f"{PROBE}/LWT") == [b"Online", b""]
    last = {one.topic: one.payload for one in room.heard if one.topic.startswith("tasmota/discovery/")}
    assert set(last.values()) == {b""}


class SlowWay:
    """A way to a broker on which the probe's words wait until its farewell is said, by itself or by another."""

    def __init__(self) -> None:
        """Start with nothing said."""
        self.speaks = asyncio.Event()
        self._held = bytearray()
        self._free = False

    @asynccontextmanager
    async def to(self, broker: int) -> AsyncIterator[int]:
        """Lend the port of its begin."""
        tasks: set[asyncio.Task[None]] = set()
        ends: list[asyncio.StreamWriter] = []

        async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            back, there = await asyncio.open_connection("127.0.0.1", broker)
            ends.extend((there, writer))
            tasks.add(asyncio.create_task(self._go(reader, there)))
            tasks.add(asyncio.create_task(self._return(back, writer)))

        server = await asyncio.start_server(meet, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for end in ends:
                end.close()
            await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)

    async def _go(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        connect = await source.read(65_536)
        sink.write(connect)
        is_probe = b"coldroom-sim-probe-" in connect
        while data := await source.read(65_536):
            if is_probe:
                self._probe_says(data, sink)
                continue
            sink.write(data)
            if not self._free and FIRST in data:
                await asyncio.sleep(0.3)  # the broker has this before what waits
                self._free = True
                self._probe_says(b"", self._sink)
        sink.close()

    def _probe_says(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        self._held += data
        self._sink = sink
        times = self._held.count(FIRST)
        if times:
            self.speaks.set()
        self._free = self._free or times > 1
        if self._free or not times:
            sink.write(bytes(self._held))
            self._held.clear()

    async def _return(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            sink.write(data)
        sink.close()


async def test_the_same_seed_and_speed_give_the_same_payloads(embedded: Broker) -> None:
    """Two runs, one after the other: each device says the same values in the same order."""

    def said(room: Playing, topic: str) -> list[dict[str, Any]]:
        return [{**body, "Time": ""} for body in room.topics(topic)]

    rooms: list[Playing] = []
    for _ in range(2):
        async with playing(embedded) as room:
            await until(lambda: len(said(room, f"{PROBE}/SENSOR")) >= 12)
        rooms.append(room)
    for topic, count in ((f"{PROBE}/SENSOR", 12), (DOOR, 2)):
        first, second = (said(room, topic)[:count] for room in rooms)
        assert first == second


async def test_the_history_is_in_the_hub_before_the_first_live_word(embedded: Broker, tmp_path: Path) -> None:
    """24 h through the import door, at most 1 MiB a request, each with the announcement, ending at the run's start."""
    async with fake_hub(tmp_path) as hub, playing(embedded, tmp_path) as room:
        await until(lambda: room.topics(f"{PROBE}/SENSOR"))
        run = room.run
        lines = hub.lines[run]
        assert max(hub.sizes) <= 1024 * 1024
        assert hub.announced[run]["run"] == run
        start = datetime.fromisoformat(hub.announced[run]["simulated"])
        times = [datetime.fromisoformat(line["time"]) for line in lines]
        assert (start - times[0]).total_seconds() == 24 * 3600
        assert times == sorted(times)
        assert (start - times[-1]).total_seconds() <= 10
        probe = [line for line in lines if line["topic"] == f"{PROBE}/SENSOR"]
        assert len(probe) > 23 * 60
        assert room.topics(f"{PROBE}/SENSOR")[0]["Time"].startswith(f"{start.astimezone():%Y}")
        assert room.states()[:2] == ["paused", "running"]


async def test_a_long_history_says_how_far_it_is(
    embedded: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """On the terminal, and by a note on the page; what is asked for meanwhile waits until it is there."""
    monkeypatch.setattr(runner, "TELL_EVERY_S", 0.1)
    monkeypatch.setattr(runner, "LONG_S", 3600.0)
    monkeypatch.setattr(door, "MOST_BYTES", 65_536)
    monkeypatch.setattr(backfill, "AHEAD", 1)
    caplog.set_level(logging.INFO)
    async with fake_hub(tmp_path) as hub, playing(embedded, tmp_path, history="6h") as room:
        hub.taking.clear()  # it is being made for as long as this test likes
        await until(lambda: room.announcements() and hub.states.get(room.run))
        notes = [note["text"] for state in hub.states[room.run] for note in state["notes"]]
        assert any("Historique en préparation" in note["fr"] and "being made" in note["en"] for note in notes)
        assert (await hub.ask(room.run, "fault", name="door_open", active=True))["ok"]
        wrong = await hub.ask(room.run, "fault", name="nope", active=True)
        assert "no fault 'nope'" in wrong["reason"]
        assert "aucun défaut 'nope'" in wrong["fr"]
        assert hub.states[room.run][0]["state"] == "preparing"
        hub.taking.set()
        await until(lambda: hub.states[room.run][-1]["state"] == "running")
        assert hub.states[room.run][-1]["notes"] == []
        told = {fault["name"]: fault["active"] for fault in hub.states[room.run][-1]["faults"]}
        assert told["door_open"] is True
        assert (await hub.ask(room.run, "speed", speed=10))["ok"]
        first = min(line["time"] for line in hub.lines[room.run])
        start = datetime.fromisoformat(hub.announced[room.run]["simulated"])
        assert start - datetime.fromisoformat(first) == timedelta(hours=6)
    assert "history of 0.25 days" in caplog.text


async def test_without_a_history_a_run_begins_at_once(embedded: Broker, tmp_path: Path) -> None:
    """The hub is handed nothing of before."""
    async with fake_hub(tmp_path) as hub, playing(embedded, tmp_path, history="0") as room:
        await until(lambda: len(room.topics(f"{PROBE}/SENSOR")) > 1)
        assert hub.lines.get(room.run, []) == []


async def test_a_hub_that_starts_later_still_gets_its_history(embedded: Broker, tmp_path: Path) -> None:
    """The runner waits for run.json."""
    async with playing(embedded, tmp_path) as room:
        await until(room.announcements)
        await asyncio.sleep(0.5)
        assert not room.topics(f"{PROBE}/SENSOR")
        async with fake_hub(tmp_path) as hub:
            await until(lambda: room.topics(f"{PROBE}/SENSOR"))
            assert len(hub.lines[room.run]) > 3000


async def test_the_run_goes_on_when_the_hub_refuses_its_history(
    embedded: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live without a past, and a note says so; however long the history took, none says that it is still being made."""
    monkeypatch.setattr(runner, "TELL_EVERY_S", 0.01)
    async with fake_hub(tmp_path) as hub:
        hub.refuse = 413
        async with playing(embedded, tmp_path) as room:
            await until(lambda: room.topics(f"{PROBE}/SENSOR") and room.run in hub.states)
            (note,) = hub.states[room.run][-1]["notes"]
            assert "historique" in note["text"]["fr"]
            assert "history" in note["text"]["en"]


@asynccontextmanager
async def controlled(broker: Broker, data: Path, **wanted: Any) -> AsyncIterator[tuple[FakeHub, Playing]]:  # noqa: ANN401 — options
    """Lend a hub whose control socket a runner has opened, after its devices have spoken."""
    async with fake_hub(data) as hub, playing(broker, data, **wanted) as room:
        await until(lambda: room.announcements() and room.run in hub.states and room.topics(DOOR))
        yield hub, room


async def test_the_hub_is_told_the_state_at_once(embedded: Broker, tmp_path: Path) -> None:
    """Use case, run, time, speed, seed, and every fault with its titles."""
    async with controlled(embedded, tmp_path) as (hub, room):
        state = hub.states[room.run][0]
        assert (state["usecase"], state["run"], state["speed"], state["seed"]) == ("cold_room", room.run, 60.0, 7)
        assert state["state"] == "running"
        faults = {fault["name"]: fault for fault in state["faults"]}
        assert faults["door_open"]["title"] == {"fr": "Porte grande ouverte", "en": "Door wide open"}
        assert not any(fault["active"] for fault in faults.values())
        assert "product.sensor_unplugged" in faults


async def test_a_fault_pressed_in_the_hub_is_heard_at_once(embedded: Broker, tmp_path: Path) -> None:
    """The contact opens without waiting for its turn; the state says so; pressed again, it closes."""
    async with controlled(embedded, tmp_path, speed=1.0) as (hub, room):
        for active in (True, False):
            assert await hub.ask(room.run, "fault", name="door_open", active=active) == {
                "id": (not active) + 1,
                "ok": True,
            }
            # at ×1 the door itself speaks once an hour
            await until(lambda: room.topics(DOOR)[-1]["contact"] is not active)  # noqa: B023 — awaited within the loop
            await until(lambda: hub.faults(room.run)["door_open"] is active)  # noqa: B023


async def test_a_fault_of_the_hub_lasts_its_simulated_minutes(embedded: Broker, tmp_path: Path) -> None:
    """`duration` 1 is a minute of the run's own clock, at whatever speed."""
    async with controlled(embedded, tmp_path, speed=1.0) as (hub, room):
        assert (await hub.ask(room.run, "fault", name="door_open", active=True, duration=1))["ok"]
        await until(lambda: room.topics(DOOR)[-1]["contact"] is False)
        await until(lambda: hub.faults(room.run)["door_open"])
        await hub.ask(room.run, "speed", speed=60)
        await until(lambda: room.topics(DOOR)[-1]["contact"] is True)
        await until(lambda: hub.faults(room.run)["door_open"] is False)
        acts = [time for time, faults in hub.course(room.run) if faults["door_open"]]
        ended = next(time for time, faults in hub.course(room.run) if time > acts[-1] and not faults["door_open"])
        assert timedelta(minutes=1) <= ended - acts[0] < timedelta(minutes=5)  # the clock goes in steps of 2 at most


async def test_a_fault_that_ends_by_itself_is_told(embedded: Broker, tmp_path: Path) -> None:
    """A delivery of three simulated minutes lasts three seconds at ×60."""
    async with controlled(embedded, tmp_path) as (hub, room):
        await hub.ask(room.run, "fault", name="delivery", active=True)
        await until(lambda: any(faults["delivery"] for _, faults in hub.course(room.run)))
        await until(lambda: not hub.faults(room.run)["delivery"])


async def test_speed_changes_without_a_jump_and_is_announced(embedded: Broker, tmp_path: Path) -> None:
    """×60, pause, ×10: each announced again; beats never step back."""
    async with controlled(embedded, tmp_path) as (hub, room):
        for speed in (0.0, 10.0):
            assert (await hub.ask(room.run, "speed", speed=speed))["ok"]
            await asyncio.sleep(1.2)
        run = room.run
        await until(lambda: len(room.states()) == 4)
    said = [json.loads(one.payload) for one in room.announcements() if one.payload][:4]
    assert [(one["state"], one["speed"]) for one in said] == [
        ("paused", 0.0),
        ("running", 60.0),
        ("paused", 0.0),
        ("running", 10.0),
    ]
    times = [datetime.fromisoformat(beat["simulated"]) for beat in room.topics(f"matinales/sim/{run}/clock")]
    assert times == sorted(times)


NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    ("fault", {"name": "door_opne"}, "no fault 'door_opne'"),
    ("fault", {}, "give its name"),
    ("fault", {"name": "door_open", "intensity": -1}, "intensity is -1"),
    ("speed", {}, "which speed"),
    ("speed", {"speed": 1e9}, "between 0"),
    ("scenario", {"usecase": "warm_room"}, "no scenario 'warm_room'"),
    ("scenario", {"initial": "monday"}, "no initial state 'monday'"),
    ("scenario", {"clock": "25:00"}, "clock is '25:00'"),
    ("dance", {}, "not an order"),
    ("fault", {"name": "door_open", "duration": "long"}, "not an order"),
]


async def test_an_order_that_makes_no_sense_is_refused_and_the_run_goes_on(embedded: Broker, tmp_path: Path) -> None:
    """`ok` false with the reason."""
    async with controlled(embedded, tmp_path) as (hub, room):
        for number, (do, what, reason) in enumerate(NONSENSE):
            answer = await hub.say(room.run, json.dumps({"id": number, "do": do, **what}))
            assert not answer["ok"], (do, what)
            assert reason in answer["reason"]
            assert answer["id"] == number, "who asked need not wait"
            assert reason == "not an order" or answer["fr"] != answer["reason"], "people read it in their own language"
            assert (await hub.ask(room.run, "speed", speed=1))["ok"]


async def test_a_new_story_is_a_new_run(embedded: Broker, tmp_path: Path) -> None:
    """The old run ends and is cleared, the new one is announced, has its history and its own control."""
    async with controlled(embedded, tmp_path) as (hub, room):
        before = room.run
        assert (await hub.ask(before, "scenario", usecase="cold_room", seed=8))["ok"]
        await until(lambda: len(hub.states) == 2)
        after = next(run for run in hub.states if run != before)
        assert (hub.states[after][0]["seed"], hub.states[after][0]["state"]) == (8, "preparing")
        await until(lambda: hub.states[after][-1]["state"] == "running")
        assert len(hub.lines[after]) > 3000
        await until(lambda: room.states(before)[-1] == "cleared")
        assert room.states(before) == ["paused", "running", "ended", "cleared"]
        assert hub.lines[after] != hub.lines[before]


async def test_the_story_pressed_last_is_told_while_a_history_is_being_made(embedded: Broker, tmp_path: Path) -> None:
    """Nobody is asked to try again: the making is given up, and the speed that was asked for meanwhile is kept."""
    async with controlled(embedded, tmp_path) as (hub, room):
        runs = [room.run]
        hub.taking.clear()  # whatever history is made now is not there yet

        def following() -> set[str]:
            return hub.states.keys() - {*runs}

        for seed in (8, 9):
            assert (await hub.ask(runs[-1], "scenario", usecase="cold_room", seed=seed))["ok"]
            await until(following)
            runs += following()
            assert (await hub.ask(runs[-1], "speed", speed=10))["ok"]
            told = hub.states[runs[-1]]
            await until(lambda: told[-1]["speed"] == 10)  # noqa: B023 — awaited within the loop
            assert told[-1]["state"] == "preparing"
        hub.taking.set()
        await until(lambda: hub.states[runs[-1]][-1]["state"] == "running")
        await until(lambda: room.announcements()[-1].topic.endswith(runs[-1]))
        assert (hub.states[runs[-1]][-1]["seed"], hub.states[runs[-1]][-1]["speed"]) == (9, 10)
        assert {told["state"] for told in hub.states[runs[1]]} == {"preparing"}, "the one in between never lived"


async def test_a_lost_control_socket_is_opened_again(embedded: Broker, tmp_path: Path) -> None:
    """The hub may die and come back."""
    async with controlled(embedded, tmp_path) as (hub, room):
        told = len(hub.states[room.run])
        await hub.hang_up(room.run)
        await until(lambda: len(hub.states[room.run]) > told)
        assert (await hub.ask(room.run, "speed", speed=10))["ok"]


async def test_faster_than_sixty_goes_through_the_import_door(embedded: Broker, tmp_path: Path) -> None:
    """At ×600 the broker hears no more telemetry; the hub gets it in batches, with times; beats go on."""
    async with controlled(embedded, tmp_path) as (hub, room):
        past = len(hub.lines[room.run])
        assert (await hub.ask(room.run, "speed", speed=600))["ok"]
        await until(lambda: len(hub.lines[room.run]) > past + 20)
        quiet = len(room.topics(f"{PROBE}/SENSOR"))
        await until(lambda: len(hub.lines[room.run]) > past + 120)
        assert len(room.topics(f"{PROBE}/SENSOR")) == quiet
        times = [line["time"] for line in hub.lines[room.run] if line["topic"] == f"{PROBE}/SENSOR"]
        assert times == sorted(times)


async def test_a_power_cut_is_heard_as_two_wills(broker: Broker) -> None:
    """Probe and meter fall silent with their wills, and are born again when the power is back."""
    async with playing(broker, faults=("power_cut@1/1",)) as room:
        await until(lambda: (f"{PROBE}/LWT", b"Offline") in {one[:2] for one in room.heard})
        await until(lambda: room.words(f"{PROBE}/LWT")[-1] == b"Online")
        await until(lambda: room.words(f"{COMPRESSOR}/online")[:2] == [b"true", b"false"])


async def test_a_device_answers_the_hub_over_the_broker(broker: Broker) -> None:
    """`Status 8` and `Shelly.GetStatus` at once; a retained command is not obeyed."""
    async with playing(broker, speed=1.0) as room:
        await until(lambda: room.topics(f"{PROBE}/SENSOR"))
        hub = Connection(parse_url(broker.url), "hub")
        hub.start()
        from device_sims.devices import Packet  # noqa: PLC0415 — only here

        await hub.publish(Packet("cmnd/coldroom-sim-probe/Status", b"8"))
        await hub.publish(Packet(f"{COMPRESSOR}/rpc", b'{"id":1,"src":"hub-sim","method":"Shelly.GetStatus"}'))
        await until(lambda: room.topics("stat/coldroom-sim-probe/STATUS8") and room.topics("hub-sim/rpc"))
        await hub.close()


async def test_after_a_restart_of_the_broker_the_run_is_known_again(embedded: Broker) -> None:
    """Announcement and births are said again."""
    async with playing(embedded) as room:
        await until(lambda: room.topics(f"{PROBE}/SENSOR"))
        await asyncio.to_thread(embedded.kill)
        said = len(room.heard)
        await asyncio.to_thread(embedded.start)
        await until(lambda: any(one.topic == f"{PROBE}/LWT" for one in room.heard[said:]))
        await until(lambda: any(one in room.announcements() for one in room.heard[said:]))
        await until(lambda: any(one.topic == f"{PROBE}/SENSOR" for one in room.heard[said:]))


async def test_the_run_after_a_crash_clears_the_crashed_ones_announcement(embedded: Broker, tmp_path: Path) -> None:
    """Its id was left in the data folder, with a process that is no more; a neighbour's that lives is let alone."""
    crashed, neighbour = "cold-room-20261123t000000z-dead", "silo-20261123t000000z-beef"
    folder = tmp_path / notes.FOLDER
    folder.mkdir()
    (folder / crashed).write_text("no process", encoding="ascii")
    (folder / neighbour).write_text(str(os.getppid()), encoding="ascii")
    async with fake_hub(tmp_path), playing(embedded, tmp_path) as room:
        await until(lambda: room.topics(f"{PROBE}/SENSOR"))
        said = {one[:2] for one in room.heard}
        assert (f"matinales/sim/{crashed}", b"") in said
        assert (f"matinales/sim/{neighbour}", b"") not in said
        assert len([*folder.iterdir()]) == 2  # its own, and the neighbour's
    assert [note.name for note in folder.iterdir()] == [neighbour]


# options


@pytest.mark.parametrize(("text", "expected"), [("0", 0), ("24h", 24), ("36", 36), ("7d", 168), ("30d", 720)])
def test_a_span_of_history_is_read(text: str, expected: int) -> None:
    """Hours, or days."""
    assert hours(text) == expected


@pytest.mark.parametrize("text", ["", "31d", "721", "-1", "1.5d", "1w", "d"])
def test_a_span_written_otherwise_or_too_long_is_refused(text: str) -> None:
    """The message shows the form and the longest."""
    with pytest.raises(SimulationError, match=r"write hours or days, for instance 24h or 7d; at most 30d"):
        hours(text)


def test_above_sixty_needs_a_hub() -> None:
    """Over a broker alone the message says what to do."""
    wanted = options("cold_room", broker="mqtt://127.0.0.1", data=None, speed=61, seed=1)
    with pytest.raises(SimulationError, match=r"speed is 61.*above 60"):
        make_world(wanted, datetime.now(UTC))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("door_open@5", TimedFault("door_open", 5)),
        ("product.sensor_unplugged@2.5", TimedFault("product.sensor_unplugged", 2.5)),
        ("door_ajar@5:0.5", TimedFault("door_ajar", 5, 0.5)),
        ("door_ajar@5/20", TimedFault("door_ajar", 5, None, 20)),
        ("door_ajar@5:0.5/20", TimedFault("door_ajar", 5, 0.5, 20)),
    ],
)
def test_a_timed_fault_is_read(text: str, expected: TimedFault) -> None:
    """`NAME@MIN[:intensity][/duration]`."""
    assert timed_fault(text) == expected


@pytest.mark.parametrize(
    "text", ["door_open", "door_open@", "@5", "door_open@-5", "door_open@5:", "door_open@5/", "Door@5", "door_open@nan"]
)
def test_a_fault_written_otherwise_is_refused(text: str) -> None:
    """The message shows the form."""
    with pytest.raises(SimulationError, match="NAME@MIN"):
        timed_fault(text)


def test_options_default_to_a_random_short_seed() -> None:
    """Short enough to be told from one facilitator to another."""
    wanted: Options = options("cold_room", broker="mqtt://127.0.0.1", data=None, speed=1, seed=None)
    assert 0 <= wanted.seed < 10_000


async def test_a_twin_lives_on_the_walls_clock_at_its_speed(embedded: Broker) -> None:
    """Whatever speed was asked for: what it says may stand beside a real device."""
    async with playing(embedded, clock="now", speed=60.0) as room:
        await until(lambda: bool(room.topics(f"matinales/sim/{room.run}/clock")) if room.announcements() else False)
    said = json.loads(room.announcements()[0].payload)
    beat = room.topics(f"matinales/sim/{said['run']}/clock")[0]
    apart = datetime.fromisoformat(beat["wall"]) - datetime.fromisoformat(beat["simulated"])
    assert abs(apart) < timedelta(minutes=1)  # the story's own clock is hours or days away
    assert (said["speed"], beat["speed"]) == (1.0, 1.0)


@pytest.mark.long
async def test_a_story_plays_tables_beside_it(embedded: Broker, tmp_path: Path) -> None:
    """Each on a run and devices of its own, at the story's speed; one fault is one table's; all end with the story."""
    async with controlled(embedded, tmp_path, history="0") as (hub, room):
        story = room.run
        assert (await hub.ask(story, "tables", tables=[1, 2]))["ok"]
        assert hub.states[story][-1]["tables"] == [1, 2]
        refused = await hub.ask(story, "tables", tables=[100])
        assert (refused["ok"], "1 to 99" in refused["reason"]) == (False, True)

        def runs() -> dict[int, str]:
            live = {run: states[-1] for run, states in hub.states.items()}
            return {each["table"]: run for run, each in live.items() if each["state"] == "running"}

        await until(lambda: runs().keys() == {0, 1, 2}, 60)
        assert {table: hub.states[run][-1]["seed"] for table, run in runs().items()} == {0: 7, 1: 701, 2: 702}
        assert (await hub.ask(runs()[1], "fault", name="door_open", active=True))["ok"]
        await until(lambda: room.topics(f"{DOOR}-t1")[-1]["contact"] is False)
        assert room.topics(DOOR)[-1]["contact"] is True
        assert (await hub.ask(story, "speed", speed=10))["ok"]
        await until(lambda: {states[-1]["speed"] for states in hub.states.values()} == {10.0})
        assert not (await hub.ask(runs()[1], "tables", tables=[3]))["ok"]
    cleared = {one.topic for one in room.announcements() if not one.payload}
    assert len(cleared) == 3
