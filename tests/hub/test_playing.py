"""A real device in a role: its use case on the real timeline, whatever is killed, merged, forgotten or taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.acting import Acting
from hub.errors import StoreError, UsageError
from hub.kept import Kept
from hub.model import NS, REAL, Alarm, AlarmState, Message
from hub.rules.case import View
from hub.rules.casting import Taken
from servers.acme import AIR, FAMILY, PROBE, RUN, WALL, announcement, said
from servers.workers import Hub, working

KITCHEN = f"{FAMILY}:kitchen"
TAKEN = Taken(device=KITCHEN, channels={"air": "temperature"})
MINUTE = 60


class Stage:
    """A hub, a real thermometer, and a cold room that is simulated on another day, or now."""

    def __init__(self, hub: Hub) -> None:
        """Let everybody speak."""
        self.hub = hub
        self.acting = self._acting()
        hub.take(announcement(0), self.simulated(0, air=3.0), said("kitchen", 0, temperature=20.5))

    def _acting(self) -> Acting:
        return Acting(
            kept=self.hub.kept,
            understanding=lambda: self.hub.worker.understanding,
            deliver=self.hub.worker.tell,
            forgotten=self.hub.worker.read_back,
            recast=self.hub.worker.recast,
            wall=lambda: self.hub.wall,
        )

    def restart(self) -> None:
        """Kill the hub and start it anew."""
        self.hub.restart()
        self.acting = self._acting()

    def simulated(self, second: float, air: float) -> Message:
        """Return what the simulated probe says."""
        return said(PROBE, second, **{AIR: air})  # type: ignore[arg-type]

    def play_now(self, second: float = 0) -> None:
        """Let the simulation's clock be the wall's."""
        self.hub.take(announcement(second, simulated=WALL / NS + second))

    def take_role(self, taken: Taken | None = TAKEN, role: str = "probe") -> int:
        """Give the role; return the action's number."""
        return self.acting.cast("cold_room", role, taken, "facilitator").id

    def view(self) -> View:
        """Return what is known of the cold room on its timeline."""
        return self.hub.worker.views(self.hub.wall)["cold_room"]

    def alarm(self, rule: str) -> Alarm:
        """Return the newest alarm of a rule, as the store has it."""
        return next(each for each in self.hub.alarms() if each.rule == rule)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield Stage(hub)


def test_a_real_device_takes_the_role_and_its_last_word_counts_at_once(stage: Stage) -> None:
    """On the real timeline, judged by its own readings only; the simulated one in its place is not listened to."""
    assert stage.view().run == RUN
    stage.take_role()
    view = stage.view()
    assert (view.run, view.devices["probe"], view.measures["air"].good) == (REAL, KITCHEN, 20.5)
    stage.play_now(1)
    stage.hub.take(said("kitchen", 2, temperature=21.0), stage.simulated(3, air=3.0))
    assert stage.view().measures["air"].good == 21.0
    stage.hub.take(*(said("kitchen", 2 + 30 * n, temperature=21.0) for n in range(1, 12)))
    alarm = stage.alarm("air_very_high")
    assert (alarm.run, alarm.device, alarm.past) == (REAL, KITCHEN, False)


def test_the_simulated_devices_of_the_other_roles_play_along_while_their_clock_is_the_walls(stage: Stage) -> None:
    """In the same view; what they said on another day is no company, nor is their history."""
    other = Taken(device=KITCHEN, channels={"power": "temperature"})
    stage.take_role(other, "compressor")
    stage.hub.take(stage.simulated(1, air=4.0))
    assert stage.hub.worker.views(stage.hub.wall) == {}
    stage.play_now(2)
    stage.hub.take(stage.simulated(3, air=5.0))
    view = stage.view()
    assert (view.devices, view.measures["air"].good) == ({"probe": f"{FAMILY}:{PROBE}"}, 5.0)
    stage.hub.take(announcement(4, simulated=WALL / NS - 3600), stage.simulated(5, air=6.0))
    assert stage.view().measures["air"].good == 5.0


def test_a_measure_that_the_device_does_not_give_is_no_silence(stage: Stage) -> None:
    """Nobody waits for the product of a probe that has none; for its air they do."""
    stage.take_role()
    stage.hub.tick(30 * MINUTE)
    rules = {each.rule for each in stage.hub.alarms()}
    assert "silence_air" in rules
    assert "silence_product" not in rules


def test_a_role_outlives_a_kill_with_what_its_rules_remember(stage: Stage) -> None:
    """Neither the choice nor a delay under way is lost."""
    stage.take_role()
    stage.hub.take(said("kitchen", 200, temperature=21.0))
    stage.restart()
    assert stage.view().devices["probe"] == KITCHEN
    stage.hub.take(said("kitchen", 301, temperature=21.0))
    assert stage.alarm("air_very_high").raised_at == WALL + 300 * NS


def test_giving_back_restores_the_simulation_and_ends_what_rang(stage: Stage) -> None:
    """Nobody watches the condition any more."""
    stage.take_role()
    stage.hub.take(said("kitchen", 299, temperature=21.0), said("kitchen", 301, temperature=21.0))
    assert stage.alarm("air_very_high").state is AlarmState.UNACKNOWLEDGED
    assert stage.take_role(None) == 2
    assert stage.alarm("air_very_high").state is AlarmState.RETURNED
    stage.hub.take(stage.simulated(302, air=3.5))
    assert (stage.view().run, stage.view().measures["air"].good) == (RUN, 3.5)
    stage.hub.tick(3600)
    assert {each.run for each in stage.hub.alarms() if each.rule == "silence_air"} <= {RUN}


def test_the_same_again_is_no_news_and_undo_takes_the_role_back(stage: Stage) -> None:
    """Also after somebody else has restarted the hub; never over what was done since."""
    first = stage.take_role()
    assert (first, stage.take_role()) == (1, 0)
    stage.restart()
    assert stage.acting.undo(first, "x").undoes == 1
    assert stage.hub.kept.cast() == {}
    again = stage.take_role()
    second = stage.take_role(replace(TAKEN, channels={"product": "temperature"}))
    with pytest.raises(UsageError, match="changed again since"):
        stage.acting.undo(again, "x")
    stage.acting.undo(second, "x")
    assert stage.hub.kept.cast() == {"cold_room": {"probe": TAKEN}}


def test_a_failed_commit_changes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: the use case stays where it was."""

    def full(*_: object) -> None:
        msg = "disk full"
        raise StoreError(msg)

    with monkeypatch.context() as patched:
        patched.setattr(Kept, "act", full)
        with pytest.raises(StoreError):
            stage.take_role()
    assert (stage.view().run, stage.hub.kept.cast()) == (RUN, {})


def test_other_channels_or_another_device_begin_afresh(stage: Stage) -> None:
    """What one thermometer measured says nothing of another."""
    stage.take_role()
    stage.take_role(replace(TAKEN, channels={"product": "temperature"}))
    view = stage.view()
    assert (view.measures["air"].good, view.measures["product"].good) == (None, 20.5)


def test_who_is_merged_plays_under_the_name_of_the_one_it_is(stage: Stage) -> None:
    """And under its own again once it is itself."""
    stage.take_role()
    stage.hub.take(said("cellar", 1, temperature=12.0))
    stage.acting.merge(KITCHEN, f"{FAMILY}:cellar", "x")
    stage.hub.take(said("kitchen", 2, temperature=13.0))
    assert stage.view().devices["probe"] == f"{FAMILY}:cellar"
    stage.restart()
    assert stage.view().measures["air"].good == 13.0
    stage.acting.unmerge(KITCHEN, "x")
    stage.hub.take(said("kitchen", 3, temperature=14.0))
    assert stage.view().devices["probe"] == KITCHEN


def test_a_forgotten_device_plays_no_more(stage: Stage) -> None:
    """Nor does any record name it."""
    stage.take_role()
    stage.take_role(replace(TAKEN, device=f"{FAMILY}:cellar"))
    stage.acting.forget(KITCHEN)
    assert stage.hub.kept.cast() == {"cold_room": {"probe": replace(TAKEN, device=f"{FAMILY}:cellar")}}
    assert stage.hub.kept.actions(10) == []


# --- off


def test_a_use_case_that_is_off_raises_nothing_on_any_run_also_after_a_kill(stage: Stage) -> None:
    """IEC 62682: suppressed by design. It still listens."""
    stage.acting.turn("cold_room", "facilitator", off=True)
    stage.restart()
    stage.take_role()
    stage.hub.take(said("kitchen", 299, temperature=21.0), said("kitchen", 302, temperature=21.0))
    stage.hub.tick(400)
    assert stage.hub.alarms() == []
    assert (stage.view().suppressed, stage.view().measures["air"].good) == (True, 21.0)


def test_on_again_its_delays_start_there_and_undo_turns_it_off_again(stage: Stage) -> None:
    """The same again is no news."""
    stage.acting.turn("cold_room", "facilitator", off=True)
    assert stage.acting.turn("cold_room", "facilitator", off=True).id == 0
    stage.take_role()
    stage.hub.take(said("kitchen", 600, temperature=21.0))
    on = stage.acting.turn("cold_room", "facilitator", off=False)
    stage.hub.take(said("kitchen", 700, temperature=21.0), said("kitchen", 901, temperature=21.0))
    assert stage.alarm("air_very_high").raised_at == WALL + 900 * NS
    stage.acting.undo(on.id, "x")
    assert stage.view().suppressed
