"""Several worlds in one run."""

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from device_sims import playbill
from device_sims.ensemble import Ensemble
from device_sims.errors import SimulationError
from device_sims.stage import Stage
from servers.rehearsal import WALL

PARIS = ZoneInfo("Europe/Paris")


def everything() -> Ensemble:
    """Return all at its start, a short history behind."""
    made = Ensemble(playbill.load("everything", 0), Stage(7, WALL, PARIS))
    list(made.advance(0))
    return made


def test_all_devices_of_all_scenarios_play() -> None:
    """Each role once, after its scenario's name."""
    played = everything()
    assert {"probe", "compressor", "door", "dialects.tasmota"} <= set(played.players)
    assert len({player.device.uid for player in played.players.values()}) == len(played.players)


def test_words_come_in_the_order_of_the_runs_seconds() -> None:
    """Whoever says them; and everybody does."""
    played = everything()
    said = [*played.without_broker(played.advance(4000))]
    assert all(before.time_s <= after.time_s for before, after in pairwise(said))
    assert set(played.players) - {one.role for one in said} <= {
        "dialects.zigbee_bridge",
        "beehive.button",
    }  # their births say all
    assert played.time_s == 4000


def test_a_scenario_says_the_same_alone_and_in_company() -> None:
    """Byte for byte: who plays beside it changes nothing."""
    alone = Ensemble(playbill.load("cold_room", 2), Stage(7, WALL, PARIS, clock="08:30"))
    company = Ensemble(playbill.load("everything", 2), Stage(7, WALL, PARIS))
    expected = [*alone.advance(1200)]
    assert [one for one in company.advance(1200) if one.role in alone.players] == expected


def test_faults_are_named_after_their_scenario_but_for_the_first() -> None:
    """Live and on the agenda; titles name the scenario."""
    played = everything()
    assert played.titles()["door_open"].en == "Door wide open"
    assert played.titles()["dialects.hot"].en == "One device of each dialect · Everything warms by 20 K"
    said = played.fault("door_open", active=True)
    assert {one.role for one in said} == {"door"}
    played.schedule(60, "dialects.hot")
    list(played.advance(120))
    assert set(played.acting) == {"door_open", "dialects.hot"}
    played.fault("dialects.hot", active=False)
    assert set(played.acting) == {"door_open"}


@pytest.mark.parametrize("name", ["door_opne", "dialects.cold", "nowhere.hot"])
def test_an_unknown_fault_is_refused(name: str) -> None:
    """As in a world alone."""
    with pytest.raises(SimulationError, match="no fault"):
        everything().fault(name, active=True)


def test_a_device_of_another_scenario_obeys_and_is_born() -> None:
    """Through its full role."""
    played = everything()
    topic, request = (
        "dialect-sim-shelly/rpc",
        b'{"id":1,"src":"hub","method":"Switch.Set","params":{"id":0,"on":false}}',
    )
    said = played.command("dialects.shelly", topic, request)
    assert [one.role for one in said] == ["dialects.shelly"] * 2
    assert {one.role for one in played.birth("dialects.shelly")} == {"dialects.shelly"}


def test_a_power_cut_is_heard_as_wills_of_its_own_devices() -> None:
    """Without a broker the broken connection becomes its will."""
    played = everything()
    said = [*played.without_broker(played.fault("power_cut", active=True))]
    assert {one.role for one in said} == {"probe", "compressor"}


def test_the_speed_is_everybodys() -> None:
    """And the stretched roles are named in full."""
    played = everything()
    played.speed = 600
    assert played.speed == 600
    assert "water_leak.tap" in played.stretched()  # every 2 s is more than 10 messages a wall second at ×60


def test_the_next_second_is_the_earliest_of_all() -> None:
    """So that a clock wakes in time."""
    played = everything()
    assert played.next_s() == min(world.next_s() for world in played.worlds.values())
    assert played.begin_s == 0
