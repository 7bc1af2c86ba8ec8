"""Workers that share a journal know the same: points, alarms, and what people did (reliability.md, S4)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub import deeds
from hub.acting import Acting
from hub.commander import Commander
from hub.deeds import Acknowledge, Choose, Forget, Gave, Hang, Seat, Shelve, Switch, ToDevice, ToRoom
from hub.doing import Doing, Noting, named
from hub.driver import Command
from hub.errors import NotFoundError, UsageError
from hub.model import NS, Action, AlarmState, Commanded, CommandState, Message, Source
from hub.registry import Registry, load_drivers
from hub.rules.casting import Taken
from hub.usecases.choosing import Choices
from hub.web.hub import Acts
from hub.workshop.wall import Wall
from servers.acme import AIR, PROBE, WALL, announcement, beat, said
from servers.workers import Hub

PRODUCT = "temperature_ds18b20_2"


class Shared(Hub):
    """A worker beside others."""

    shared = True


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    """Lend two workers with stores of their own and one journal."""
    one, two = Shared(tmp_path / "one"), Shared(tmp_path / "two")
    two.journal = one.journal
    two.kept.close()
    two.open()
    yield one, two
    for each in (one, two):
        each.kept.close()


def probe(second: float) -> Message:
    """Return the probe's message: too warm."""
    return said(PROBE, second, **{AIR: 9.0, PRODUCT: 5.0})  # type: ignore[arg-type]


def both(pair: tuple[Hub, Hub], *messages: Message) -> None:
    """Journal messages, and let both workers come to them, each at its own pace."""
    one, two = pair
    one.take(*messages)
    two.wall = one.wall
    two.take()


def alarming(pair: tuple[Hub, Hub]) -> None:
    """Let an alarm be raised, by the time that passes between two messages."""
    both(pair, announcement(), beat(0, 0), probe(1))
    for second in range(60, 2_400, 60):
        both(pair, beat(second, second), probe(second + 1))
        pair[second // 60 % 2].tick(second + 7)  # their ticks are not the same


def test_two_workers_that_see_the_same_redelivered_message_have_one_point_and_one_alarm(pair: tuple[Hub, Hub]) -> None:
    """And the same alarm, by its id, whichever raised it."""
    alarming(pair)
    one, two = pair
    before = len(one.rows())
    last = one.journal.records[-1]
    again = replace(last, position=last.position + 1, repeat=True)
    one.journal.records.append(again)
    one.take()
    two.take()
    assert len(one.rows()) == len(two.rows()) == before
    assert one.rows() == two.rows()
    raised = [[(each.id, each.raised_at) for each in hub.alarms()] for hub in pair]
    assert raised[0] == raised[1]
    assert len({name for name, _ in raised[0]}) == len(raised[0]) >= 1


def test_what_somebody_does_at_one_worker_is_done_at_all(pair: tuple[Hub, Hub]) -> None:
    """With the same name, comment and time."""
    alarming(pair)
    alarm = pair[0].alarms()[0].id
    both(pair, deeds.written(Acknowledge(alarm, "Léa", "seen"), WALL + 2_500 * NS))
    found = [next(each for each in hub.alarms() if each.id == alarm) for hub in pair]
    assert found[0] == found[1]
    assert (found[0].state, found[0].acknowledged_by, found[0].comment) == (AlarmState.ACKNOWLEDGED, "Léa", "seen")
    both(pair, deeds.written(Shelve(alarm, 300, "Marie"), WALL + 2_510 * NS))
    found = [next(each for each in hub.alarms() if each.id == alarm) for hub in pair]
    assert found[0] == found[1]
    assert found[0].state == AlarmState.SHELVED


def test_a_deed_for_an_alarm_that_nobody_knows_stops_nothing(pair: tuple[Hub, Hub]) -> None:
    """It was purged meanwhile."""
    both(pair, deeds.written(Acknowledge("gone", "Léa"), WALL), said(PROBE, 1, **{AIR: 3.0}))  # type: ignore[arg-type]
    assert [hub.worker.failures for hub in pair] == [0, 0]
    assert len(pair[1].rows()) == 1


def test_what_comes_from_a_broker_is_nobodys_deed() -> None:
    """Any device could say it."""
    true = deeds.written(Acknowledge("a", "Léa"), 1)
    assert deeds.read(true) == Acknowledge("a", "Léa")
    assert deeds.read(replace(true, source=Source.MQTT)) is None
    assert deeds.read(replace(true, payload=b"{")) is None
    assert deeds.read(replace(true, topic="a/b")) is None


class Acted:
    """Two workers, and what people do to devices at one of them."""

    def __init__(self, pair: tuple[Hub, Hub]) -> None:
        """Let both hear two devices."""
        self.pair = pair
        self.actings = [self._acting(each) for each in pair]
        self.doings = [Doing(acting, self._forget(acting)) for acting in self.actings]
        for hub, doing in zip(pair, self.doings, strict=True):
            hub.worker.doer = doing.do
        both(pair, said("a7", 0, temperature=20.5), said("b8", 1, temperature=3.5))

    @staticmethod
    def _acting(hub: Hub) -> Acting:
        return Acting(
            kept=hub.kept,
            understanding=lambda: hub.worker.understanding,
            deliver=hub.worker.tell,
            forgotten=hub.worker.read_back,
            recast=hub.worker.recast,
            wall=lambda: hub.wall,
        )

    def _forget(self, acting: Acting) -> Callable[[Sequence[str]], None]:
        def forget(hashes: Sequence[str]) -> None:
            for uid in ("tasmota:a7", "tasmota:b8"):
                if named([uid])[0] in hashes:
                    acting.forget(uid)

        return forget

    def ask(self, at: int, do: Callable[[Acts], Action]) -> tuple[Future[Action], ToDevice]:
        """Ask it at a worker; return what will come of it, and the deed to journal."""
        noting = Noting(self.actings[at])
        do(noting)
        assert noting.deed is not None
        return self.doings[at].asked(noting.deed), noting.deed

    def do(self, at: int, do: Callable[[Acts], Action]) -> Action:
        """Ask it at a worker, let both come to it, and return what came of it."""
        future, deed = self.ask(at, do)
        both(self.pair, deeds.written(deed, self.pair[0].wall + NS))
        return future.result(0)

    def names(self) -> list[list[tuple[str, str, str | None]]]:
        """Return what each worker knows of its devices: in the store, and in memory."""
        found = []
        for hub in self.pair:
            stored = sorted((each.uid, each.name, each.merged) for each in hub.kept.memory(hub.registry).devices)
            living = hub.worker.understanding.devices.values()
            assert sorted((each.uid, each.name, each.merged) for each in living) == stored
            found.append(stored)
        return found


@pytest.fixture
def acted(pair: tuple[Hub, Hub]) -> Acted:
    """Lend them."""
    return Acted(pair)


def test_a_device_renamed_at_one_worker_is_renamed_at_all(acted: Acted) -> None:
    """And back again from the other one by the same number, though that one has seen more actions."""
    for at in (1, 2):
        acted.pair[1].kept.act(Action(by="hub", at=at), [], None)
    done = acted.do(0, lambda acts: acts.change("tasmota:a7", {"name": "Oven", "room": "Bakery"}, "facilitator"))
    assert (done.id, done.after["name"], done.by) == (done.at // 1_000, "Oven", "facilitator")
    one, two = acted.names()
    assert one == two
    assert ("tasmota:a7", "Oven", None) in one
    assert [hub.kept.actions(1)[0].at for hub in acted.pair] == [done.at, done.at]
    undone = acted.do(1, lambda acts: acts.undo(done.id, "facilitator"))
    assert undone.undoes == done.id
    assert [each.id for each in acted.pair[0].kept.actions(2)] == [each.id for each in acted.pair[1].kept.actions(2)]
    one, two = acted.names()
    assert one == two
    assert ("tasmota:a7", "a7", None) in one


def test_devices_merged_at_one_worker_are_one_at_all_from_the_same_message_on(acted: Acted) -> None:
    """What comes after it, in the same step too, is the survivor's at both."""
    future, deed = acted.ask(0, lambda acts: acts.merge("tasmota:a7", "tasmota:b8", "facilitator"))
    both(
        acted.pair,
        said("a7", 2, temperature=21.0),
        deeds.written(deed, WALL + 3 * NS),
        said("a7", 4, temperature=22.0),
    )
    assert future.result(0).after == {"merged": "tasmota:b8"}
    assert acted.names()[0] == acted.names()[1]
    rows = [[(each.device, each.value) for each in hub.rows()] for hub in acted.pair]
    assert rows[0] == rows[1]
    assert {("tasmota:a7", 21.0), ("tasmota:b8", 22.0)} <= set(rows[0])
    acted.do(1, lambda acts: acts.unmerge("tasmota:a7", "facilitator"))
    assert acted.names()[0] == acted.names()[1]
    assert ("tasmota:a7", "a7", None) in acted.names()[0]


def test_a_role_given_and_a_use_case_turned_off_hold_at_all_workers(acted: Acted) -> None:
    """Topics that are ignored too."""
    taken = Taken(device="tasmota:a7", channels={"product": "temperature"})
    acted.do(0, lambda acts: acts.cast("cold_room", "probe", taken, "facilitator"))
    acted.do(1, lambda acts: acts.turn("greenhouse", "facilitator", off=True))
    acted.do(0, lambda acts: acts.ignore_topics(["noise/#"], "facilitator"))
    for hub in acted.pair:
        assert hub.kept.cast() == {"cold_room": {"probe": taken}}
        assert hub.kept.off() == {"greenhouse"}
        assert hub.worker.understanding.ignored_topics == ("noise/#",)
        assert hub.worker.played == {"cold_room": {"probe": taken}}


def test_what_cannot_be_done_is_refused_to_who_asked_and_changes_no_worker(acted: Acted) -> None:
    """The same words as with one worker."""
    before = acted.names()
    with pytest.raises(NotFoundError, match="no device is called 'tasmota:c9'"):
        acted.do(0, lambda acts: acts.change("tasmota:c9", {"name": "x"}, "facilitator"))
    with pytest.raises(UsageError, match="printable"):
        acted.do(1, lambda acts: acts.change("tasmota:a7", {"name": "x" * 200}, "facilitator"))
    assert acted.names() == before
    assert [hub.worker.failures for hub in acted.pair] == [0, 0]


def test_a_deed_that_was_done_before_a_kill_is_not_done_twice(acted: Acted) -> None:
    """Its effect was stored, its place was not: it comes again at the next start."""
    _, deed = acted.ask(0, lambda acts: acts.change("tasmota:a7", {"name": "Oven"}, "facilitator"))
    acted.doings[0].do(deed, WALL + 9 * NS)
    both(acted.pair, deeds.written(deed, WALL + 9 * NS))
    assert acted.names()[0] == acted.names()[1]
    assert [len(hub.kept.actions(10)) for hub in acted.pair] == [1, 1]


def test_a_device_erased_at_one_worker_is_erased_at_all_and_the_journal_does_not_name_it(acted: Acted) -> None:
    """Only a hash of its uid goes there."""
    deed = deeds.written(Forget(hashes=named(["tasmota:a7"])), WALL + 9 * NS)
    assert b"a7" not in deed.payload.replace(named(["tasmota:a7"])[0].encode(), b"")
    both(acted.pair, deed)
    assert [[uid for uid, *_ in each] for each in acted.names()] == [["tasmota:b8"]] * 2
    assert all({each.device for each in hub.rows()} == {"tasmota:b8"} for hub in acted.pair)


def test_what_is_chosen_hung_up_or_switched_off_at_one_worker_is_handed_to_all(pair: tuple[Hub, Hub]) -> None:
    """In the order of the journal: the last one holds everywhere."""
    heard: list[list[ToRoom]] = [[], []]
    for hub, each in zip(pair, heard, strict=True):
        hub.worker.doer = Doing(Acted._acting(hub), lambda _: None, each.append).do
    silent, loud = (Hang(key=f"{muted}", wall=Wall(muted=muted)) for muted in (True, False))
    chosen = Choose(key="c", usecase="cold_room", session="s1", table=0, choices=Choices(hypotheses={"stock": 4000.0}))
    seats = Seat(key="t", tables=(1, 2, 5), may_act=True)
    done: list[ToRoom] = [silent, chosen, loud, Switch(key="d", name="weather", on=False), seats]
    both(pair, *(deeds.written(each, WALL + number * NS) for number, each in enumerate(done, 1)))
    assert heard == [done] * 2


class Commanding:
    """Two workers that know a plug, and somebody who commands it at the second."""

    def __init__(self, pair: tuple[Hub, Hub]) -> None:
        """Let both hear the plug."""
        self.pair = pair
        for hub in pair:
            hub.registry = Registry(load_drivers())
            hub.restart()
            hub.worker.doer = Doing(Acted._acting(hub), lambda _: None, partial(self._take, hub)).do
        both(pair, self.plug(0, b'{"POWER":"OFF"}'))

    @staticmethod
    def plug(second: float, payload: bytes) -> Message:
        """Return what the plug says of its relay."""
        return Message("stat/plug/RESULT", payload, WALL + int(second * NS))

    @staticmethod
    def _take(hub: Hub, deed: ToRoom) -> None:
        assert isinstance(deed, Gave)
        hub.worker.hear_given(deed.command, deed.said)

    def give(self, value: float = 1.0, *, there: bool = True) -> Commanded:
        """Command the relay at the second worker, and journal what the hub journals of it."""
        two = self.pair[1]
        commander = Commander(kept=two.kept, worker=two.worker, consent=True, wall=lambda: two.wall)
        given = commander.give("tasmota:plug", Command("switch", value), "Léa", None, there=there)
        (outcome,) = [each for each in two.delivered if each.given is not None]
        two.delivered.clear()
        both(self.pair, deeds.written(Gave(key=given.id, command=given, said=[*outcome.asks]), two.wall))
        return given

    def listed(self) -> list[list[tuple[str, str, CommandState]]]:
        """Return what each worker lists: id, who gave it, how far it is."""
        return [[(each.id, each.by, each.state) for each in hub.kept.commands(10)] for hub in self.pair]


@pytest.fixture
def commanding(pair: tuple[Hub, Hub]) -> Commanding:
    """Lend them."""
    return Commanding(pair)


def test_a_command_given_at_one_worker_is_its_givers_at_all_and_is_sent_once(commanding: Commanding) -> None:
    """Known again on the wire, confirmed by the same report; not a stranger's that was seen passing."""
    given = commanding.give()
    assert commanding.listed() == [[(given.id, "Léa", CommandState.SENT)]] * 2
    both(commanding.pair, Message("cmnd/plug/Power", b"ON", WALL + NS))
    assert commanding.listed() == [[(given.id, "Léa", CommandState.SENT)]] * 2
    both(commanding.pair, commanding.plug(2, b'{"POWER":"ON"}'))
    assert commanding.listed() == [[(given.id, "Léa", CommandState.CONFIRMED)]] * 2
    sent = [ask for hub in commanding.pair for each in hub.delivered for ask in each.asks if ask[1] == b"ON"]
    assert sent == []  # what the second sent was taken away above: nobody sends it again
    both(commanding.pair, Message("cmnd/plug/Power", b"OFF", WALL + 3 * NS))
    assert [[state for _, _, state in each] for each in commanding.listed()] == [
        [CommandState.SEEN, CommandState.CONFIRMED]
    ] * 2


def test_a_command_that_is_refused_or_gets_no_report_is_so_at_every_worker(commanding: Commanding) -> None:
    """With the same reason."""
    refused = commanding.give(there=False)
    given = commanding.give()
    for hub in commanding.pair:
        hub.tick(60)
    told = [(given.id, "Léa", CommandState.TIMED_OUT), (refused.id, "Léa", CommandState.REFUSED)]
    assert [sorted(each) for each in commanding.listed()] == [sorted(told)] * 2
    assert [hub.kept.command(refused.id) for hub in commanding.pair] == [refused] * 2


def test_a_command_that_is_read_again_after_a_kill_is_noted_once(commanding: Commanding) -> None:
    """Killed between carrying a deed out and keeping its place."""
    given = commanding.give()
    commanding.pair[0].restart()
    commanding.pair[0].worker.hear_given(given, [])
    assert commanding.listed() == [[(given.id, "Léa", CommandState.SENT)]] * 2
