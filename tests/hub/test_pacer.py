"""Every 10 s during a session, with the real drivers, a store on disk and a restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.commander import Commander
from hub.errors import NotFoundError
from hub.model import NS, Message, Paced, PaceState
from hub.pacer import Pacer
from hub.registry import Registry, load_drivers
from servers.acme import WALL, announcement
from servers.workers import Hub, working

PLUG = "tasmota:plug"
ASK, SET, BACK = (("cmnd/plug/TelePeriod", each) for each in (b"", b"10", b"300"))


class House:
    """A hub with a real plug, and who asks it to report more often."""

    def __init__(self, hub: Hub) -> None:
        """Let the plug speak."""
        self.hub = hub
        self.there = self.consent = True
        hub.registry = Registry(load_drivers())
        self.restart()
        self.say("stat/plug/RESULT", '{"POWER":"ON"}', 0)

    def restart(self) -> None:
        """Kill the hub and start it anew."""
        self.hub.restart()
        worker, kept = self.hub.worker, self.hub.kept
        commander = Commander(kept=kept, worker=worker, consent=self.consent, wall=lambda: self.hub.wall)
        self.pacer = Pacer(
            kept=kept, worker=worker, commander=commander, there=lambda: self.there, wall=lambda: self.hub.wall
        )
        worker.follower = self.pacer
        self.hub.delivered.clear()

    def say(self, topic: str, payload: str, second: float, *, retained: bool = False) -> None:
        """Let somebody say something."""
        self.hub.take(Message(topic, payload.encode(), WALL + int(second * NS), retained=retained))

    def period(self, seconds: int, second: float) -> None:
        """Let the plug say its period."""
        self.say("stat/plug/RESULT", f'{{"TelePeriod":{seconds}}}', second)

    def published(self) -> list[tuple[str, bytes]]:
        """Return what went out since last asked."""
        found = [each for outcome in self.hub.delivered for each in outcome.asks]
        self.hub.delivered.clear()
        return found

    @property
    def kept(self) -> list[tuple[PaceState, int | None]]:
        """State and own period of each record in the store."""
        return [(each.state, each.original) for each in self.hub.kept.paces()]

    def held(self) -> None:
        """Bring the plug to ten seconds."""
        self.pacer.begin(PLUG, 10, "facilitator")
        self.period(300, 1)
        self.period(10, 2)
        self.published()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield House(hub)


def test_its_own_period_is_asked_for_and_stored_before_it_is_changed(house: House) -> None:
    """Then it reports every ten seconds until it gets its own back."""
    house.published()
    assert house.pacer.begin(PLUG, 10, "facilitator").state is PaceState.ASKING
    assert house.published() == [ASK]
    house.period(300, 1)
    assert house.kept == [(PaceState.SETTING, 300)]
    assert house.published() == [SET]
    house.period(10, 2)
    assert house.kept == [(PaceState.HELD, 300)]
    assert house.pacer.end(PLUG).state is PaceState.RESTORING
    assert house.published() == [BACK]
    house.period(300, 3)
    assert house.kept == []


def test_after_a_crash_the_next_start_gives_it_back(house: House) -> None:
    """Also where the crash came between storing and setting; a hub that never changed anything owes nothing."""
    house.held()
    house.restart()
    assert house.published() == []
    house.hub.tick(3)
    assert house.published() == [BACK]
    house.hub.tick(4)
    assert house.published() == [], "not every second"
    house.period(300, 5)
    assert house.kept == []
    house.restart()
    house.hub.tick(6)
    assert house.published() == []


def test_a_device_that_is_away_gets_it_back_when_it_speaks_again(house: House) -> None:
    """What is said to nobody is said again."""
    house.held()
    house.restart()
    house.hub.tick(3)
    assert house.published() == [BACK]
    house.hub.tick(600)
    assert house.published() == []
    house.say("tele/plug/LWT", "Online", 700)
    house.published()
    house.hub.tick(701)
    assert house.published() == [BACK]


def test_while_the_broker_is_away_nothing_is_said(house: House) -> None:
    """It would be dropped; it is owed until the broker is back."""
    house.held()
    house.restart()
    house.there = False
    house.hub.tick(3)
    assert house.published() == []
    house.there = True
    house.hub.tick(4)
    assert house.published() == [BACK]


def test_an_ordinary_stop_gives_everybody_theirs(house: House) -> None:
    """And says whether there is anybody to wait for."""
    assert not house.pacer.end_all()
    house.held()
    assert house.pacer.end_all()
    assert house.published() == [BACK]
    assert house.kept == [(PaceState.RESTORING, 300)]


def test_a_second_wish_keeps_the_first_ones_own_period(house: House) -> None:
    """Asked again it would answer with ours."""
    house.held()
    house.pacer.begin(PLUG, 60, "facilitator")
    assert house.published() == [("cmnd/plug/TelePeriod", b"60")]
    assert house.kept == [(PaceState.SETTING, 300)]
    assert house.pacer.begin(PLUG, 5, "facilitator").code == "range"
    assert house.published() == []


def test_who_does_not_answer_is_left_as_it_is(house: House) -> None:
    """And the page is told."""
    house.pacer.begin(PLUG, 10, "facilitator")
    house.published()
    house.hub.tick(11)
    [failed] = [each for outcome in house.hub.delivered for each in outcome.batch.paces]
    assert (failed.state, failed.code) == (PaceState.FAILED, "no_answer")
    assert house.published() == []
    assert house.kept == []


def test_a_retained_answer_says_nothing(house: House) -> None:
    """It is the past."""
    house.pacer.begin(PLUG, 10, "facilitator")
    house.say("stat/plug/RESULT", '{"TelePeriod":300}', 1, retained=True)
    assert house.kept == [(PaceState.ASKING, None)]


def test_a_family_that_cannot_be_told_is_asked_by_the_hub(house: House) -> None:
    """Nothing on the device is changed, so nothing is owed."""
    house.say("shellies/shelly1/relay/0", "on", 0)
    house.published()
    assert house.pacer.begin("shelly:shelly1", 10, "facilitator").state is PaceState.POLLED
    first = house.published()
    assert ("shellies/shelly1/command", b"update") in first
    house.hub.tick(9)
    assert house.published() == []
    house.hub.tick(10)
    assert house.published() == first
    assert house.pacer.end("shelly:shelly1").state is PaceState.RESTORED
    house.hub.tick(30)
    assert (house.published(), house.kept) == ([], [])


@pytest.mark.parametrize(
    ("device", "every", "code"),
    [
        ("esphome:hall", 10, "no_period"),
        (PLUG, 5, "range"),
        (PLUG, 4000, "range"),
        ("tasmota:sim-probe", 10, "simulated"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(house: House, device: str, every: int, code: str) -> None:
    """Nothing goes out, nothing is kept."""
    house.hub.take(announcement(0, devices=["tasmota:sim-probe"], topics=["+/sim-probe/#"]))
    house.say("hall/sensor/t/state", "21", 1)
    house.say("tele/sim-probe/STATE", '{"POWER":"ON"}', 1)
    house.published()
    refused: Paced = house.pacer.begin(device, every, "facilitator")
    assert (refused.state, refused.code) == (PaceState.REFUSED, code)
    assert refused.reason
    assert (house.published(), house.kept) == ([], [])


def test_never_on_a_foreign_broker_without_consent(house: House) -> None:
    """Not even to give back what an earlier hub, which had it, changed."""
    house.held()
    house.consent = False
    house.restart()
    assert house.pacer.begin(PLUG, 10, "facilitator").code == "consent"
    house.hub.tick(3)
    assert not house.pacer.end_all() or house.published() == []
    assert house.published() == []
    assert house.kept == [(PaceState.RESTORING, 300)]


def test_a_forgotten_device_gets_its_own_period_back_first(house: House) -> None:
    """Nothing of it stays in the store."""
    house.held()
    house.pacer.let_go([PLUG])
    assert house.published() == [BACK]
    assert house.kept == []


def test_an_unknown_device_is_told_and_one_without_a_wish_refused(house: House) -> None:
    """With the place to look."""
    with pytest.raises(NotFoundError, match="api/v1/devices"):
        house.pacer.begin("tasmota:nobody", 10, "facilitator")
    assert house.pacer.end(PLUG).code == "unknown"
