"""A button on the shop floor acknowledges what rings: from its message to the journal of alarms."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.model import NS, REAL, Alarm, AlarmState, Message, Record, Source
from hub.registry import Registry, load_drivers
from hub.rules.casting import Taken, role_record
from hub.rules.measures import Role
from hub.rules.wording import Text
from hub.store.alarms import Step, Transition
from hub.usecases.schema import UseCase
from servers.acme import AIR, FAMILY, PROBE, RUN, WALL, announcement, beat, imported, said
from servers.acme import registry as acme
from servers.workers import Hub, usecases

PRODUCT = "temperature_ds18b20_2"
BUTTON = "zigbee2mqtt:sim-button"
ROLE = Role(
    title=Text("Bouton", "Button"),
    kind=Text("Zigbee", "Zigbee"),
    family="zigbee2mqtt",
    simulated="sim-button",
    acknowledges=("single",),
)


def cases() -> Mapping[str, UseCase]:
    """Return the cold room with a button beside its door."""
    room = usecases()["cold_room"]
    return {"cold_room": replace(room, roles=room.roles | {"button": ROLE})}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Lend a hub whose simulated cold room has a known button, and whose product alarm rings."""
    lent = Hub(tmp_path, cases())
    lent.registry = Registry({**acme().drivers, "zigbee2mqtt": load_drivers()["zigbee2mqtt"]})
    lent.restart()
    filters = [f"acme/{PROBE}/#", "zigbee2mqtt/sim-button"]
    lent.take(announcement(devices=[f"{FAMILY}:{PROBE}", BUTTON], topics=filters), pressed(0, '"battery":90'))
    lent.take(probe(10, product=5.0))
    yield lent
    lent.kept.close()


def probe(second: float, air: float = 3.0, product: float = 3.0) -> Message:
    """Return the probe's message."""
    return said(PROBE, second, **{AIR: air, PRODUCT: product})  # type: ignore[arg-type]


def pressed(second: float, content: str = '"action":"single","battery":90', name: str = "sim-button") -> Message:
    """Return what the button says."""
    return Message(f"zigbee2mqtt/{name}", f"{{{content}}}".encode(), WALL + int(second * NS))


def steps(hub: Hub, alarm: Alarm) -> list[Step]:
    """Return the journal of an alarm."""
    return [each.step for each in told(hub, alarm)]


def told(hub: Hub, alarm: Alarm) -> list[Transition]:
    """Return the journal of an alarm with its words."""
    found = hub.kept.alarm_journal(alarm.id)
    assert found is not None
    return [*found[1]]


def test_a_press_acknowledges_what_rings(hub: Hub) -> None:
    """By the device's name, at the time of its run, with words in both languages; the pages hear it at once."""
    hub.take(beat(20, 20), pressed(20))
    (alarm,) = hub.alarms()
    assert (alarm.state, alarm.acknowledged_by) == (AlarmState.ACKNOWLEDGED, "sim-button")
    assert alarm.comments == {
        "fr": "Acquittée sur place\u00a0: Bouton.",
        "en": "Acknowledged on the spot: Button.",
    }
    assert alarm.acknowledged_at == alarm.raised_at + 10 * NS
    assert hub.delivered[-1].batch.alarms == [alarm]
    assert told(hub, alarm)[-1].noted("en") == "Acknowledged on the spot: Button."


def test_the_wake_of_a_press_presses_nothing(hub: Hub) -> None:
    """An empty `action` follows each press, and the first acknowledgement stays whoever presses later."""
    hub.take(pressed(20), pressed(20.1, '"action":"","battery":90'), pressed(30))
    (alarm,) = hub.alarms()
    assert steps(hub, alarm) == [Step.RAISED, Step.ACKNOWLEDGED]


@pytest.mark.parametrize("word", ['"action":"double"', '"action":""', '"action":null', '"battery":89'])
def test_what_the_role_does_not_name_acknowledges_nothing(hub: Hub, word: str) -> None:
    """Another press, none, or only a battery."""
    hub.take(pressed(20, word))
    assert hub.alarms()[0].state == AlarmState.UNACKNOWLEDGED


def test_only_what_is_said_now_presses(hub: Hub) -> None:
    """Not what the broker kept, nor history, nor a backlog, nor a message that came again."""
    live = pressed(20)
    past = {"source": Source.IMPORT, "run": RUN, "time": WALL}
    for change in ({"retained": True}, past):
        hub.take(replace(live, **change))
    hub.journal.records += [Record(hub.journal.end + 1, live, late=True)]
    hub.journal.records += [Record(hub.journal.end + 1, live, repeat=True)]
    hub.take()
    assert hub.alarms()[0].state == AlarmState.UNACKNOWLEDGED


def test_a_device_in_no_role_presses_nothing(hub: Hub) -> None:
    """Anybody may have a Zigbee button."""
    hub.take(pressed(20, name="of-the-lamp"))
    assert hub.alarms()[0].state == AlarmState.UNACKNOWLEDGED


def test_a_press_meets_what_was_raised_before_it_and_nothing_else(hub: Hub) -> None:
    """However many messages waited with it: nobody has seen the alarm that came a second later."""
    hub.take(pressed(20), said("kitchen", 20.5, t=20.0), probe(21, product=2.0), probe(400, product=2.0))
    hub.take(pressed(500, '"battery":90'), probe(600, product=6.0))
    newest, older = hub.alarms()
    assert (newest.state, older.state) == (AlarmState.UNACKNOWLEDGED, AlarmState.NORMAL)


def test_an_alarm_and_the_press_after_it_may_come_together(hub: Hub) -> None:
    """Taken in one step, both are journalled, in their order."""
    hub.take(probe(20, air=9.0, product=5.0), probe(400, air=9.0, product=5.0), pressed(401))
    assert {each.rule for each in hub.alarms()} >= {"product_high", "air_very_high"}
    for alarm in hub.alarms():
        assert alarm.state == AlarmState.ACKNOWLEDGED
        assert steps(hub, alarm) == [Step.RAISED, Step.ACKNOWLEDGED]


def test_what_came_back_to_normal_by_itself_is_acknowledged_too(hub: Hub) -> None:
    """Though its rule has raised another since: on the page, too, it still waits for somebody."""
    hub.take(probe(20, product=2.0), probe(400, product=2.0), probe(500, product=6.0))
    assert [each.state for each in hub.alarms()] == [AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED]
    hub.take(pressed(510))
    assert [each.state for each in hub.alarms()] == [AlarmState.ACKNOWLEDGED, AlarmState.NORMAL]


def test_an_alarm_that_is_set_aside_stays_so(hub: Hub) -> None:
    """Somebody decided that, until a stated end."""
    hub.worker.shelve(hub.alarms()[0].id, 600, "Marie")
    hub.take(pressed(20))
    assert hub.alarms()[0].state == AlarmState.SHELVED


def test_the_same_word_within_two_seconds_is_one_press(hub: Hub) -> None:
    """A radio or a second gateway says it again: an alarm raised in between has been seen by nobody."""
    hub.take(pressed(20), probe(21, product=2.0), probe(330, product=2.0))
    hub.take(pressed(331), probe(331.5, product=6.0), pressed(332))
    assert hub.alarms()[0].state == AlarmState.UNACKNOWLEDGED
    hub.take(pressed(335))
    assert hub.alarms()[0].state == AlarmState.ACKNOWLEDGED


def test_a_press_is_journalled_once_whenever_the_hub_is_killed(hub: Hub) -> None:
    """Before its step was committed it is taken again, after that not."""
    hub.journal.append(pressed(20))
    hub.restart()  # the press is journalled, and not yet taken
    hub.take()
    hub.restart()
    hub.take(said("kitchen", 30, t=20.0))
    (alarm,) = hub.alarms()
    assert steps(hub, alarm) == [Step.RAISED, Step.ACKNOWLEDGED]
    assert alarm.acknowledged_at is not None
    assert alarm.acknowledged_at >= alarm.raised_at


def test_a_real_button_that_was_given_the_role_works(hub: Hub) -> None:
    """On the real timeline, for the alarms of the real cold room; the simulation's stay as they are."""
    mine = Taken(device=f"{FAMILY}:mine", channels={"product": PRODUCT, "air": AIR})
    wall = Taken(device="zigbee2mqtt:wall", channels={})
    hub.take(said("mine", 20, **{AIR: 3.0, PRODUCT: 3.0}), pressed(20, '"battery":90', "wall"))  # type: ignore[arg-type]
    cast = {"cold_room": {"probe": mine, "button": wall}}
    assert role_record("cold_room", "button", wall)["taken"]["device"] == wall.device
    hub.worker.recast(cast, ())
    hub.take(said("mine", 30, **{AIR: 3.0, PRODUCT: 6.0}), pressed(31, name="wall"))  # type: ignore[arg-type]
    by_run = {alarm.run: alarm for alarm in hub.alarms()}
    assert by_run[REAL].state == AlarmState.ACKNOWLEDGED
    assert by_run[REAL].acknowledged_by == "wall"
    assert by_run[RUN].state == AlarmState.UNACKNOWLEDGED


def test_the_history_of_a_run_presses_nothing(hub: Hub) -> None:
    """Though what is filled in afterwards may hold a press."""
    hub.take(imported("sim-button", WALL, {"action": "single"}), probe(30, product=5.0))
    assert hub.alarms()[0].state == AlarmState.UNACKNOWLEDGED
