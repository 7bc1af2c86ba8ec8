"""A scenario as a table has it: devices of its own that nobody mistakes for another's, values of its own."""

import re
from datetime import UTC, datetime
from itertools import combinations

import pytest

from device_sims import copies, devices, playbill, scenario
from device_sims.ensemble import Ensemble
from device_sims.link import parse_url
from device_sims.options import NOW, Options, for_table
from device_sims.stage import Stage
from device_sims.world import Emission
from hub.driver import topic_matches

WALL = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
STORIES = [name for name in scenario.folders() if name not in scenario.beside()]
STORY = Options(scenario="cold_room", broker=parse_url("mqtt://127.0.0.1:1"), seed=7, speed=10.0)


def made(cast: playbill.Cast) -> list[devices.Device]:
    """Return the devices of a cast's first scenario."""
    settings = next(iter(cast.parts.values())).scenario.devices.values()
    return [devices.make(each.kind, each.id, each.fields, each.options) for each in settings]


def said(table: int, seed: int = 7) -> list[tuple[str, bytes]]:
    """Return what a table's cold room says in its first ten minutes, births apart."""
    cast = copies.of_table(playbill.load("cold_room", 0), table)
    world = Ensemble(cast, Stage(copies.seed_of(seed, table), WALL, UTC))
    return [(one.packet.topic, one.packet.payload) for one in world.advance(600) if isinstance(one, Emission)]


@pytest.mark.parametrize("name", STORIES)
def test_no_device_of_a_table_is_anybody_elses(name: str) -> None:
    """Neither by its name, nor by its addresses, nor by a topic that both would match."""
    room = playbill.load(name)
    casts = [made(room), *(made(copies.of_table(room, table)) for table in (1, 11, 12))]
    for some, others in combinations(casts, 2):
        assert not {each.uid for each in some} & {each.uid for each in others}
        mine = [pattern for each in some for pattern in each.filters]
        theirs = [pattern.removesuffix("/#") for each in others for pattern in each.filters]
        assert not [topic for topic in theirs for pattern in mine if "+" not in topic and topic_matches(pattern, topic)]


@pytest.mark.parametrize("name", STORIES)
def test_a_tables_devices_are_simulated_ones_in_the_roles_of_the_story(name: str) -> None:
    """They say so in their topics, are written as all simulators are, and each stands for one of the room's."""
    room = playbill.load(name)
    cast = copies.of_table(room, 3)
    for device in made(cast):
        assert re.fullmatch(r"[A-Za-z0-9:_/@-]+", device.uid)
        assert all("sim" in pattern for pattern in device.filters)
    assert [*cast.plays] == [each.uid for each in made(cast)]
    assert [*cast.plays.values()] == [each.uid for each in made(room)]


def test_a_table_says_the_same_again_and_no_two_tables_the_same() -> None:
    """The same seed and table: the same payloads; another table: other values, under other names."""
    assert said(3) == said(3)
    one, other = said(3), said(4)
    assert len(one) > 20
    assert not {topic for topic, _ in one} & {topic for topic, _ in other}
    assert [payload for _, payload in one] != [payload for _, payload in other]


def test_every_table_has_a_seed_of_its_own() -> None:
    """Of two stories with other seeds too."""
    seeds = [copies.seed_of(seed, table) for seed in (0, 7, 8) for table in range(1, copies.MOST + 1)]
    assert len({*seeds}) == len(seeds)


def test_of_several_scenarios_a_table_plays_the_one_on_the_projector() -> None:
    """`everything` would be too much for eight tables."""
    everything = playbill.load("everything", 0)
    assert copies.of_table(everything, 1).name == next(iter(everything.parts.values())).scenario.name


def test_a_table_plays_the_story_at_its_speed_with_little_history_and_no_fault() -> None:
    """Nor is it a twin of real devices: it has a day of its own."""
    own = for_table(STORY, 3, scenario="cold_room", speed=60.0)
    assert (own.table, own.seed, own.speed, own.history_h, own.faults) == (3, 703, 60.0, copies.HISTORY_H, ())
    twin = Options(scenario="cold_room", broker=STORY.broker, clock=NOW)
    assert for_table(twin, 3, scenario="cold_room", speed=1.0).clock is None
