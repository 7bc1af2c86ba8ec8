"""Every actuator of every scenario obeys the hub's own commands in its dialect and reports back, unless it is stuck."""

from collections.abc import Iterator

import msgspec
import pytest

from device_sims import scenario
from device_sims.errors import SimulationError
from hub.driver import Command, topic_matches
from hub.errors import HubError
from hub.model import Reading
from servers.rehearsal import Rehearsal, world


def actuators() -> Iterator[object]:
    """Return scenario and role of each device with a channel that obeys."""
    for name in scenario.folders():
        for role, device in scenario.load(name).scenario.devices.items():
            if any(channel.order for channel in device.channels.values()):
                yield pytest.param(name, role, id=f"{name}-{role}")


class Stage:
    """A scenario that plays before the hub's decoders."""

    def __init__(self, name: str, role: str) -> None:
        """Let it speak for a while."""
        loaded = scenario.load(name)
        short = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=0))
        self.rehearsal = Rehearsal(world(short))
        self.role = role
        self.player = self.rehearsal.world.players[role]
        self.readings: dict[str, float] = {}
        self.note([each for history in (True, False) for each in self.rehearsal.birth(history=history)])
        self.pass_by()

    def pass_by(self) -> list[Reading]:
        """Let two periods go by, so that a sleeping device has listened; return what the hub read of the device."""
        played = self.rehearsal.world
        found = self.rehearsal.play(played.time_s + 2 * self.player.period_s + 2)
        return self.note(found)

    def note(self, readings: list[Reading]) -> list[Reading]:
        """Remember the newest values of the device."""
        own = [each for each in readings if each.device == self.player.device.uid]
        self.readings |= {each.channel: each.value for each in own}
        return own

    def order(self, channel: str, value: float) -> bool:
        """Tell the device as the hub does; tell whether there is such a command."""
        driver, target = self.rehearsal.mind.target(self.player.device.uid)
        if driver is None or driver.command is None:
            return False
        try:
            messages = driver.command(target, Command(channel, value, id="1")).messages
        except (HubError, ValueError, KeyError):
            return False
        heard = False
        for topic, payload in messages:
            if any(topic_matches(pattern, topic) for pattern in self.player.device.commands):
                heard = True
                self.note(self.rehearsal.hear(self.rehearsal.world.command(self.role, topic, payload)))
        return heard

    def obeyed(self) -> set[str]:
        """Turn every channel over, what is not 0 to 0; return those that the device then reports as wanted."""
        found = set()
        for channel, value in dict(self.readings).items():
            wanted = 0.0 if value else 1.0
            if self.order(channel, wanted):
                self.pass_by()
                if self.readings[channel] == wanted:
                    found.add(channel)
        return found


@pytest.mark.parametrize(("name", "role"), [*actuators()])
def test_an_actuator_obeys_the_hub_and_reports_back(name: str, role: str) -> None:
    """At least one of its channels can be turned over, and the model has the order."""
    stage = Stage(name, role)
    before = dict(stage.rehearsal.world.orders)
    assert stage.obeyed()
    assert stage.rehearsal.world.orders != before
    assert stage.rehearsal.refused == []


@pytest.mark.parametrize(("name", "role"), [*actuators()])
def test_a_stuck_actuator_stays_as_it_is(name: str, role: str) -> None:
    """The command is understood, the model has no order, and no report says otherwise."""
    stage = Stage(name, role)
    stage.rehearsal.world.fault(f"{role}.stuck", active=True)
    before = dict(stage.rehearsal.world.orders)
    assert stage.obeyed() == set()
    assert stage.rehearsal.world.orders == before


def test_what_is_no_actuator_has_no_such_fault() -> None:
    """The message lists what there is."""
    with pytest.raises(SimulationError, match=r"no fault 'probe.stuck'"):
        Stage("cold_room", "probe").rehearsal.world.fault("probe.stuck", active=True)
