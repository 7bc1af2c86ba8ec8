"""What people do to devices: recorded, idempotent, undone; merged devices are one; forgotten ones are nowhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hub.acting import Acting
from hub.errors import NotFoundError, UsageError
from hub.model import BY_HUB, Action, Device, Message, Record, Source
from hub.registry import Registry, load_drivers
from servers.acme import RUN, WALL, announcement, said
from servers.workers import Hub, working

A, B = "tasmota:a7", "tasmota:b8"
HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
"""[s]"""


class House:
    """A hub with two real devices, and somebody who acts on them."""

    def __init__(self, hub: Hub) -> None:
        """Let both devices speak."""
        self.hub = hub
        self.acting = self._acting()
        hub.take(said("a7", 0, temperature=20.5), said("b8", 1, temperature=3.5, humidity=40))

    def _acting(self) -> Acting:
        return Acting(
            kept=self.hub.kept,
            understanding=lambda: self.hub.worker.understanding,
            deliver=self.hub.delivered.append,
            forgotten=self.hub.worker.read_back,
            wall=lambda: self.hub.wall,
        )

    def restart(self) -> None:
        """Kill the hub and start it anew."""
        self.hub.restart()
        self.acting = self._acting()

    def device(self, uid: str) -> Device:
        """Return a device as the store has it; the living worker must know the same."""
        stored = {each.uid: each for each in self.hub.kept.memory(self.hub.registry).devices}[uid]
        assert self.hub.worker.understanding.devices[uid] == stored
        return stored

    def change(self, uid: str, **wish: object) -> Action:
        """Change a device."""
        return self.acting.change(uid, wish, "facilitator")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield House(hub)


@pytest.mark.parametrize(
    ("wish", "after"),
    [
        ({"name": "  Vitrine\tdu  fond "}, {"name": "Vitrine du fond", "named": True}),
        ({"room": "Cave"}, {"room": "Cave"}),
        ({"ignored": True}, {"ignored": True}),
        ({"locked": True}, {"locked": True}),
    ],
)
def test_an_action_changes_what_is_named_and_undo_puts_it_back(
    house: House, wish: dict[str, Any], after: dict[str, Any]
) -> None:
    """In the store and in memory, with the record that says who did it."""
    before = house.device(A)
    action = house.change(A, **wish)
    assert action.after == after
    assert action.by == "facilitator"
    changed = house.device(A)
    assert {key: getattr(changed, key) for key in after} == after
    assert house.acting.undo(action.id, "facilitator").undoes == action.id
    assert house.device(A) == before


def test_the_same_again_changes_and_records_nothing(house: House) -> None:
    """A button pressed twice is one action."""
    assert house.change(A, room="Cave").id == 1
    assert house.change(A, room="Cave").id == 0
    assert len(house.hub.kept.actions(10)) == 1


def test_undo_without_a_number_takes_back_the_newest_that_still_stands(house: House) -> None:
    """Three times back, then there is nothing left."""
    house.change(A, room="Cave")
    house.change(B, name="Frigo")
    house.acting.undo(None, "x")
    assert house.device(B).name == "b8"
    house.acting.undo(None, "x")
    assert house.device(A).room == ""
    with pytest.raises(NotFoundError, match="nothing to undo"):
        house.acting.undo(None, "x")


def test_an_action_is_undone_once_and_only_while_its_effect_stands(house: House) -> None:
    """Undo never overwrites what somebody did after it."""
    first = house.change(A, room="Cave")
    house.change(A, room="Grenier")
    with pytest.raises(UsageError, match="changed again since"):
        house.acting.undo(first.id, "x")
    second = house.hub.kept.actions(1)[0]
    house.acting.undo(second.id, "x")
    with pytest.raises(UsageError, match="undone already"):
        house.acting.undo(second.id, "x")


@pytest.mark.parametrize("text", ["x" * 81, "a\x1b[31mb", "a\x00b", "\u202eevil"])
def test_a_name_that_could_forge_a_line_is_refused(house: House, text: str) -> None:
    """Names travel into logs, CSV, terminals (reliability.md §2.15)."""
    with pytest.raises(UsageError, match="printable"):
        house.change(A, name=text)


def test_an_empty_name_gives_the_device_its_own_again(house: House) -> None:
    """And whatever a bridge calls it counts again."""
    house.change(A, name="Vitrine")
    house.change(A, name=None)
    assert (house.device(A).name, house.device(A).named) == ("a7", False)


def test_a_bridges_word_does_not_replace_a_persons_name(house: House) -> None:
    """Only one who was never named follows the bridge."""
    house.change(A, name="Vitrine")
    house.hub.take(said("bridge", 5, kind="discovery", others=True, devices=[{"id": "a7", "name": "0x01"}]))
    house.hub.take(said("bridge", 6, kind="discovery", others=True, devices=[{"id": "b8", "name": "0x02"}]))
    assert (house.device(A).name, house.device(B).name) == ("Vitrine", "0x02")


def test_an_action_survives_a_restart(house: House) -> None:
    """It is a record, not a mood of the process."""
    house.change(A, name="Vitrine", room="Cave")
    house.restart()
    assert house.hub.worker.understanding.devices[A].room == "Cave"


def test_an_ignored_device_is_journalled_and_no_more(house: House) -> None:
    """Until it is wanted again."""
    action = house.change(A, ignored=True)
    house.hub.take(said("a7", 10, temperature=21))
    assert [row.value for row in house.hub.rows() if row.device == A] == [20.5]
    house.acting.undo(action.id, "x")
    house.hub.take(said("a7", 20, temperature=22))
    assert [row.value for row in house.hub.rows() if row.device == A] == [20.5, 22.0]


def test_an_ignored_topic_is_never_decoded(house: House) -> None:
    """Nor does it make a device; undone, it does."""
    action = house.acting.ignore_topics(["acme/+/NOISE", "acme/c9/#"], "x")
    house.hub.take(said("c9", 10, t=1), said("a7", 11, what="NOISE", temperature=99))
    assert "tasmota:c9" not in house.hub.worker.understanding.devices
    assert 99.0 not in {row.value for row in house.hub.rows()}
    house.restart()
    assert house.hub.worker.understanding.ignored_topics == ("acme/+/NOISE", "acme/c9/#")
    house.acting.undo(action.id, "x")
    house.hub.take(said("c9", 20, t=1))
    assert "tasmota:c9" in house.hub.worker.understanding.devices


@pytest.mark.parametrize("pattern", ["#", "+/+", "", "a/#/b", "a/b#", "a+/b", "a\nb", "x" * 300])
def test_a_filter_that_is_none_or_takes_everything_is_refused(house: House, pattern: str) -> None:
    """Nobody silences the whole hub by a slip of the pen."""
    with pytest.raises(UsageError, match="no topic filter"):
        house.acting.ignore_topics([pattern], "x")


# merge


def test_a_merged_devices_words_are_the_others_and_nothing_is_rewritten(house: House) -> None:
    """Its names mean the other one; what was stored stays where it was."""
    house.acting.merge(A, B, "x")
    assert house.hub.worker.understanding.resolve(A) == B
    house.hub.take(said("a7", 100, pressure=1000))
    rows = [(row.device, row.channel, row.value) for row in house.hub.rows()]
    assert (A, "temperature", 20.5) in rows
    assert (B, "pressure", 1000.0) in rows
    assert house.hub.delivered[-1].batch.devices == [] or A not in {
        each.uid for each in house.hub.delivered[-1].batch.devices
    }


def test_of_two_that_say_the_same_one_wins_until_it_is_silent_for_three_periods(house: House) -> None:
    """Two sources of one channel are never stored beside each other; what only one gives is always taken."""
    house.acting.merge(A, B, "x")
    house.hub.take(said("b8", 10, temperature=4), said("a7", 11, temperature=30, pressure=1000))
    house.hub.take(said("b8", 20, temperature=5), said("a7", 21, temperature=31))
    house.hub.take(said("a7", 46, temperature=32), said("a7", 51, temperature=33), said("b8", 55, temperature=6))
    values = [row.value for row in house.hub.rows() if (row.device, row.channel) == (B, "temperature")]
    assert values == [3.5, 4.0, 5.0, 33.0]
    assert 1000.0 in {row.value for row in house.hub.rows()}


def temperatures(house: House) -> list[float]:
    """Return what was stored of the device that both say."""
    return [row.value for row in house.hub.rows() if (row.device, row.channel) == (B, "temperature")]


def test_a_clock_that_was_a_year_ahead_for_one_message_keeps_no_other_source_out(house: House) -> None:
    """Set back, it is as if the owner had just spoken; a restart in between changes nothing."""
    house.acting.merge(A, B, "x")
    house.hub.take(said("b8", 10, temperature=4), said("a7", 11, temperature=30))
    house.hub.take(said("b8", YEAR, temperature=5), said("a7", 60, temperature=31))
    house.restart()
    house.hub.take(said("a7", 239, temperature=32), said("a7", 241, temperature=33), said("b8", 250, temperature=6))
    assert sorted(temperatures(house)) == [3.5, 4.0, 5.0, 33.0]


def test_a_year_without_a_word_is_no_period(house: House) -> None:
    """The owner is back for one word, and ends: the other is heard three days later."""
    house.acting.merge(A, B, "x")
    house.hub.take(said("b8", 10, temperature=4), said("a7", 11, temperature=30))
    house.hub.take(said("b8", YEAR, temperature=5), said("a7", YEAR + 2 * DAY, temperature=31))
    house.hub.take(said("a7", YEAR + 3 * DAY + 1, temperature=32))
    assert temperatures(house) == [3.5, 4.0, 5.0, 32.0]


def test_what_is_imported_or_read_again_says_nothing_of_the_clock(house: House) -> None:
    """It is older by right, and its owner has not fallen silent since."""
    house.acting.merge(A, B, "x")
    house.hub.take(said("b8", HOUR, temperature=4), said("a7", HOUR + 1, temperature=30))
    old = said("b8", 100, temperature=5)
    house.hub.take(said("b8", HOUR + 10, temperature=6), replace(old, source=Source.IMPORT))
    house.hub.worker.take_again([Record(1, old)], lambda *_: None)
    house.hub.take(said("a7", HOUR + 15, temperature=31))
    assert 31.0 not in temperatures(house)


def test_unmerged_it_is_itself_again(house: House) -> None:
    """With its values, in the list, by its own names."""
    house.acting.merge(A, B, "x")
    house.acting.unmerge(A, "x")
    assert house.hub.worker.understanding.resolve(A) == A
    shown = house.hub.delivered[-1].batch
    assert A in {each.uid for each in shown.devices}
    assert [(each.device, each.value) for each in shown.readings] == [(A, 20.5)]
    house.hub.take(said("a7", 100, temperature=25))
    assert [row.value for row in house.hub.rows() if row.device == A] == [20.5, 25.0]


def test_a_merge_is_undone_and_survives_a_restart(house: House) -> None:
    """It is an action like the others."""
    action = house.acting.merge(A, B, "x")
    house.restart()
    assert house.hub.worker.understanding.resolve(A) == B
    house.acting.undo(action.id, "x")
    assert house.hub.worker.understanding.resolve(A) == A


def test_merged_twice_is_merged_once_and_no_circle_is_made(house: House) -> None:
    """A → B, then B → A would leave nobody."""
    house.acting.merge(A, B, "x")
    assert house.acting.merge(A, B, "x").id == 0
    with pytest.raises(UsageError, match="same device"):
        house.acting.merge(B, A, "x")
    with pytest.raises(UsageError, match="same device"):
        house.acting.merge(B, B, "x")


def test_undoing_a_separation_makes_no_circle(house: House) -> None:
    """A was B, A is itself, B is A: A cannot be B again."""
    house.acting.merge(A, B, "x")
    apart = house.acting.unmerge(A, "x")
    house.acting.merge(B, A, "x")
    with pytest.raises(UsageError, match="was merged into"):
        house.acting.undo(apart.id, "x")
    assert house.hub.worker.understanding.resolve(B) == A


def test_a_chain_of_merges_ends_at_the_last_one(house: House) -> None:
    """A is B and B is C: all three are C."""
    house.hub.take(said("c9", 5, t=1))
    house.acting.merge(A, B, "x")
    house.acting.merge(B, "tasmota:c9", "x")
    mind = house.hub.worker.understanding
    assert mind.resolve(A) == "tasmota:c9"
    assert set(mind.names.uids("tasmota:c9")) == {A, B, "tasmota:c9"}


def test_a_simulated_device_and_a_real_one_are_never_one(house: House) -> None:
    """Nothing on the page pretends."""
    house.hub.take(announcement(10), said("coldroom-sim-probe", 11, t=1))
    with pytest.raises(UsageError, match="never the same"):
        house.acting.merge("tasmota:coldroom-sim-probe", A, "x")


# forget


def test_a_forgotten_device_is_nowhere_and_the_others_are_as_before(house: House) -> None:
    """Readings, names, clocks, actions; merged ones go with it."""
    house.change(A, name="Vitrine")
    house.acting.merge(A, B, "x")
    house.hub.take(said("c9", 5, t=1), said("b8", 6, src="b8native", t=2))
    assert house.acting.forget(B) == 4
    assert {row.device for row in house.hub.rows()} == {"tasmota:c9"}
    everything = repr(house.hub.kept_state())
    for name in ("a7", "b8", "Vitrine", "b8native"):
        assert name not in everything
    assert house.hub.kept.actions(10) == []
    assert set(house.hub.worker.understanding.devices) == {"tasmota:c9"}


def test_no_byte_of_a_forgotten_device_stays_in_the_store(house: House) -> None:
    """Not in free pages, nor in the write-ahead log."""
    for second in range(300):
        house.hub.take(said("zzforgotten", 10 + second, temperature=second / 10), said("a7", 10 + second, t=1))
    house.hub.take(said("zzforgotten", 400, temperature=1, rejected={"x": "zzforgotten said so"}))
    house.acting.forget("tasmota:zzforgotten")
    for path in house.hub.folder.iterdir():
        assert b"zzforgotten" not in path.read_bytes(), path.name
    assert any(row.device == A for row in house.hub.rows())


def test_who_still_speaks_is_known_anew(house: House) -> None:
    """Without name, room or history."""
    house.change(A, name="Vitrine")
    house.acting.forget(A)
    house.hub.take(said("a7", 100, temperature=25))
    assert house.device(A).name == "a7"
    assert [row.value for row in house.hub.rows() if row.device == A] == [25.0]


def test_a_simulated_device_stays_simulated_when_it_is_forgotten(house: House) -> None:
    """Its living run announced it: it never comes back as a real one."""
    house.hub.take(announcement(10, topics=[]), said("coldroom-sim-probe", 11, t=1))
    house.acting.forget("tasmota:coldroom-sim-probe")
    house.hub.take(said("coldroom-sim-probe", 12, t=2))
    assert house.device("tasmota:coldroom-sim-probe").run == RUN


def test_an_unknown_device_is_told_with_the_place_to_look(house: House) -> None:
    """For every action."""
    for do in (
        lambda: house.change("nobody", room="x"),
        lambda: house.acting.merge("nobody", A, "x"),
        lambda: house.acting.merge(A, "nobody", "x"),
        lambda: house.acting.unmerge("nobody", "x"),
        lambda: house.acting.forget("nobody"),
    ):
        with pytest.raises(NotFoundError, match="matinales devices list"):
            do()


TOPIC = "homeassistant/sensor/kitchen/config"
ONE = '{"stat_t":"lab/x/state","unit_of_meas":"%","dev":{"ids":["123456"],"cns":[["mac","5C:CF:7F:12:34:56"]]}}'
SAME = (
    '{"stat_t":"tele/kitchen/SENSOR","unit_of_meas":"°C","dev":{"ids":["123456"],"cns":[["mac","5C:CF:7F:12:34:56"]]}}'
)
KITCHEN, GROUP = "tasmota:kitchen", "homeassistant:123456"


def in_two_conventions(house: House) -> Action:
    """Let two devices turn out to be one; return what the hub noted."""
    house.hub.registry = Registry(load_drivers())
    house.restart()
    heard = (
        ("homeassistant/sensor/soil/config", ONE),
        ("lab/x/state", "40"),
        ("tele/kitchen/SENSOR", '{"BME280":{"Temperature":21.5}}'),
        (TOPIC, SAME),
    )
    house.hub.take(*(Message(topic, payload.encode(), WALL) for topic, payload in heard))
    assert house.hub.worker.understanding.resolve(KITCHEN) == GROUP
    (done,) = [each for each in house.hub.kept.actions(10) if each.by == BY_HUB]
    return done


def test_a_merge_that_the_hub_made_is_an_action_and_undone_for_ever(house: House) -> None:
    """The same word again does not make them one: a person said that they are two."""
    done = in_two_conventions(house)
    assert (done.device, done.before["merged"], done.after["merged"]) == (KITCHEN, None, GROUP)
    house.acting.undo(done.id, "facilitator")
    assert house.hub.worker.understanding.resolve(KITCHEN) == KITCHEN
    house.hub.take(Message(TOPIC, SAME.encode(), WALL))
    assert house.device(KITCHEN).merged is None
    house.restart()
    assert house.hub.worker.understanding.resolve(KITCHEN) == KITCHEN


def test_undo_without_a_number_is_about_what_people_did(house: House) -> None:
    """Who takes back a name must not part two devices that the hub has just recognised."""
    house.change(A, name="Vitrine")
    in_two_conventions(house)
    house.acting.undo(None, "facilitator")
    assert not house.device(A).named
    assert house.hub.worker.understanding.resolve(KITCHEN) == GROUP
