"""Who may command what, and when a command is refused: X16, with the real drivers and a journal in memory."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.commander import Commander
from hub.driver import Command
from hub.errors import NotFoundError
from hub.model import NS, Commanded, CommandState, Message, Source
from hub.registry import Registry, load_drivers
from servers.acme import RUN, WALL, announcement, beat
from servers.workers import Hub, working

PLUG, SIM = "tasmota:plug", "tasmota:coldroom-sim-plug"
OFF, ON = b'{"POWER":"OFF"}', b'{"POWER":"ON"}'


def state(name: str, second: float, payload: bytes, **more: object) -> Message:
    """Return what a Tasmota plug says of its relay."""
    return Message(f"stat/{name}/RESULT", payload, WALL + int(second * NS), **more)  # type: ignore[arg-type]


class House:
    """A hub with a real plug and a simulated one, and somebody who commands them."""

    def __init__(self, hub: Hub) -> None:
        """Let both speak."""
        self.hub = hub
        hub.registry = Registry(load_drivers())
        hub.restart()
        self.consent = True
        announced = announcement(0, devices=[SIM], topics=["+/coldroom-sim-plug/#"])
        hub.take(announced, state("plug", 0, OFF), state("coldroom-sim-plug", 0, OFF))
        hub.delivered.clear()

    def give(self, device: str = PLUG, value: float = 1.0, key: str | None = None, **more: object) -> Commanded:
        """Command a relay."""
        commander = Commander(
            kept=self.hub.kept, worker=self.hub.worker, consent=self.consent, wall=lambda: self.hub.wall
        )
        wanted = Command(str(more.get("channel", "switch")), value)
        there, again = bool(more.get("there", True)), bool(more.get("again", False))
        return commander.give(device, wanted, "facilitator", key, there=there, again=again)

    def hear(self, message: Message) -> None:
        """Let somebody say something."""
        self.hub.take(message)

    @property
    def published(self) -> list[tuple[str, bytes]]:
        """What went out."""
        return [each for outcome in self.hub.delivered for each in outcome.asks if each[0].endswith("/Power")]

    def states(self) -> list[CommandState]:
        """Return the states of all commands, oldest first, as the store has them."""
        return [each.state for each in reversed(self.hub.kept.commands(100))]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield House(hub)


@pytest.mark.parametrize("device", [PLUG, SIM])
def test_sent_then_confirmed_by_the_devices_own_report(house: House, device: str) -> None:
    """Stored before it goes out; the value on the page is still the old one until the plug says so."""
    given = house.give(device)
    name = device.partition(":")[2]
    assert given.state is CommandState.SENT
    assert house.published == [(f"cmnd/{name}/Power", b"ON")]
    assert house.hub.latest()[device, "switch"].value == 0.0
    house.hear(state(name, 1, ON))
    assert house.states() == [CommandState.CONFIRMED]
    assert house.hub.latest()[device, "switch"].value == 1.0


def test_the_hubs_own_command_coming_back_confirms_nothing(house: House) -> None:
    """It hears what it says itself, as everybody does."""
    house.give()
    house.hear(Message("cmnd/plug/Power", b"ON", WALL + NS))
    assert house.states() == [CommandState.SENT]


@pytest.mark.parametrize(
    "message",
    [
        state("plug", 1, ON, retained=True),
        state("plug", 1, ON, source=Source.IMPORT, run="old-run", time=WALL),
        state("plug", -5, ON),
        state("plug", 1, OFF),
        state("other", 1, ON),
    ],
    ids=["retained", "imported", "said before", "still off", "another plug"],
)
def test_what_is_not_its_own_later_live_word_confirms_nothing(house: House, message: Message) -> None:
    """Retained and replayed reports are the past."""
    house.hub.wall = WALL
    house.give()
    house.hear(message)
    assert house.states() == [CommandState.SENT]


def test_without_a_report_it_times_out_after_ten_seconds(house: House) -> None:
    """And a report that comes later only moves the value."""
    house.give()
    house.hub.tick(10)
    assert house.states() == [CommandState.SENT]
    house.hub.tick(10.1)
    assert house.states() == [CommandState.TIMED_OUT]
    house.hear(state("plug", 12, ON))
    assert house.states() == [CommandState.TIMED_OUT]


def test_a_restart_neither_repeats_nor_forgets_a_command(house: House) -> None:
    """Sent once; the report after the restart confirms it."""
    house.give()
    house.hub.delivered.clear()
    house.hub.restart()
    house.hear(state("plug", 2, ON))
    assert house.published == []
    assert house.states() == [CommandState.CONFIRMED]


def test_the_same_command_again_is_a_replay(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """By the sender's own id, also after a restart: refused, logged, sent once; the first one's record stays."""
    house.give(key="nonce-1")
    house.hub.restart()
    with caplog.at_level(logging.WARNING):
        again = house.give(key="nonce-1")
    assert again.state is CommandState.REFUSED
    assert "replay" in (again.reason or "")
    assert "replay" in caplog.text
    assert house.published == [("cmnd/plug/Power", b"ON")]
    assert house.states() == [CommandState.SENT]


def test_a_command_that_another_worker_had_is_a_replay(house: House) -> None:
    """This one has never seen it."""
    again = house.give(key="nonce-2", again=True)
    assert (again.state, again.code) == (CommandState.REFUSED, "replay")
    assert house.published == []


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"channel": "temperature"}, "cannot be set"),
        ({"channel": "no\nsuch"}, "cannot be set"),
        ({"value": 0.5}, "a switch is 1 or 0"),
        ({"value": 2.0}, "from 0 to 1"),
        ({"value": float("nan")}, "is expected"),
        ({"value": float("inf")}, "is expected"),
        ({"there": False}, "never sent late"),
    ],
)
def test_what_cannot_be_done_is_refused_recorded_and_logged(
    house: House, caplog: pytest.LogCaptureFixture, more: dict[str, object], because: str
) -> None:
    """With the reason; nothing goes out."""
    with caplog.at_level(logging.WARNING):
        given = house.give(**more)  # type: ignore[arg-type]
    assert given.state is CommandState.REFUSED
    assert because in (given.reason or "")
    assert given.code == ("cannot" if house.consent and more.get("there", True) else "away")
    assert house.states() == [CommandState.REFUSED]
    assert house.published == []
    assert "refused" in caplog.text
    assert len(caplog.text.splitlines()) == 1, "one line, whatever the channel is called"


@pytest.mark.parametrize(
    ("change", "because"),
    [({"locked": True}, "locked"), ({"ignored": True}, "ignored"), ({"proposed": True}, "proposed")],
)
def test_a_locked_ignored_or_proposed_device_obeys_nobody(house: House, change: dict[str, bool], because: str) -> None:
    """The facilitator's lock holds for the facilitator too, until it is taken away."""
    mind = house.hub.worker.understanding
    device = mind.devices[PLUG]
    mind.change(type(device)(**{**{key: getattr(device, key) for key in device.__struct_fields__}, **change}))
    assert because in (house.give().reason or "")
    assert house.published == []


def test_on_somebody_elses_broker_real_devices_need_the_operators_consent(house: House) -> None:
    """Simulated ones are the hub's own."""
    house.consent = False
    assert "HUB_COMMANDS" in (house.give().reason or "")
    assert house.give(SIM).state is CommandState.SENT


def test_a_run_that_is_over_obeys_nobody(house: House) -> None:
    """A replay's devices, or those of yesterday's story."""
    house.hear(Message(f"matinales/sim/{RUN}", b"", WALL + NS))
    assert "not playing" in (house.give(SIM).reason or "")
    assert house.published == []


def test_a_simulated_device_has_its_ten_seconds_on_its_own_clock(house: House) -> None:
    """A paused story times nothing out."""
    house.hear(beat(1, 1, speed=0))
    house.give(SIM)
    house.hub.tick(3600)
    assert house.states() == [CommandState.SENT]
    house.hub.take(beat(3600, 1, speed=60), beat(3601, 61, speed=60))
    house.hub.tick(3601)
    assert house.states() == [CommandState.TIMED_OUT]


def test_the_newest_command_of_a_channel_names_its_last_writer(house: House) -> None:
    """Who gave it is recorded, refused or not."""
    house.give()
    assert [each.by for each in house.hub.kept.commands(1, PLUG)] == ["facilitator"]
    assert house.hub.kept.commands(1, SIM) == []


def test_an_unknown_device_is_told(house: House) -> None:
    """With the place to look."""
    with pytest.raises(NotFoundError, match="api/v1/devices"):
        house.give("tasmota:nobody")


def test_commands_of_others_make_no_device_and_no_reading(house: House) -> None:
    """What is heard on `cmnd/` is a command, retained or not, and the hub obeys none."""
    house.hear(Message("cmnd/ghost/Power", b"ON", WALL + NS, retained=True))
    payload = json.dumps({"id": 1, "src": "x", "method": "Switch.Set", "params": {"on": True}}).encode()
    house.hear(Message("ghost/rpc", payload, WALL + NS))
    assert not any("ghost" in uid for uid in house.hub.worker.understanding.devices)
    assert house.published == []
