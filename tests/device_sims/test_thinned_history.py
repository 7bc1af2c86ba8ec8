"""Old history is thinned (design.md §1): never so far that a rule misses something, or rings for want of news."""

from collections.abc import Iterator

import msgspec
import pytest

from device_sims import scenario
from device_sims.player import in_role
from device_sims.tables import Device, Scenario
from hub.model import NS
from hub.rules.watch import MISSED, SPARSE
from hub.usecases.schema import UseCase
from servers import rehearsal
from servers.workers import usecases

NAMES = [name for name in scenario.folders() if name in usecases()]
DENSEST_S = 60.0
"""Back-fill older than an hour is generated at 1 to 15 min per channel: no limit asks for more."""
SHORT_H = 24
"""Every commit plays the last day of a field's dry spell, whose meter once rang every half hour; nights do the rest."""


def heard(case: UseCase, name: str) -> Iterator[str]:
    """Return the heard measures that a measure is made of."""
    measure = case.measures[name]
    if not measure.computed:
        yield name
    for source in measure.sources:
        yield from heard(case, source)


def judged(case: UseCase) -> Iterator[tuple[str, float]]:
    """Return (heard measure, limit [s]) of every silence limit, delay and window on it; back-fill is silent later."""
    for name, measure in case.measures.items():
        silence_s = measure.silence(simulated=True)
        if silence_s is not None and not measure.computed:
            yield name, max(silence_s, MISSED * SPARSE / NS)
        if measure.window_s is not None:
            yield from ((each, measure.window_s) for each in heard(case, name))
    for rule in case.all_rules:
        sources = {each for condition in getattr(rule, "conditions", ()) for each in condition.measures}
        for limit in (rule.on_delay_s, rule.off_delay_s, getattr(rule, "window_s", None)):
            if limit:
                yield from ((each, limit) for source in {rule.measure, *sources} for each in heard(case, source))


def thinned(played: Scenario, case: UseCase, measure: str) -> Device | None:
    """Return the device whose samples give a measure in the history; None: none does, or it tells changes at once."""
    uid = case.roles[case.measures[measure].role].device
    for device in played.devices.values():
        speaks = rehearsal.made(device).uid == uid and device.history
        if speaks and not any(channel.on_change or channel.order for channel in device.channels.values()):
            return device
    return None


def too_sparse(played: Scenario, case: UseCase) -> Iterator[str]:
    """Say which measures the history gives more rarely than a third of what judges them."""
    for measure, limit_s in judged(case):
        device = thinned(played, case, measure)
        if device is None:
            continue
        period_s = max(device.period_s, device.history_period_s or played.history_period_s)
        if period_s > max(limit_s / 3, DENSEST_S, device.period_s):
            yield f"{measure}: every {period_s} s in the history, and judged within {limit_s:g} s"


@pytest.mark.parametrize("name", NAMES)
def test_history_is_never_sparser_than_a_third_of_what_judges_it(name: str) -> None:
    """Of every silence limit, delay and window of the use case."""
    assert [*too_sparse(scenario.load(name).scenario, usecases()[name])] == []


def test_a_history_that_is_too_sparse_is_named() -> None:
    """So that the test above is able to fail: half an hour between the readings of a meter that is silent after ten."""
    field = scenario.load("irrigation").scenario
    station = msgspec.structs.replace(field.devices["station"], history_period_s=1800)
    sparse = msgspec.structs.replace(field, devices={**field.devices, "station": station})
    assert "water: every 1800 s in the history, and judged within 600 s" in [
        *too_sparse(sparse, usecases()["irrigation"])
    ]


def test_what_lies_further_back_is_thinner_and_yesterday_is_as_dense_as_ever() -> None:
    """A meter every 3 min last week, every minute since the day before yesterday's night, every 10 s just now."""
    energy = scenario.load("workshop_energy").scenario
    meter = in_role("meter", energy.devices["meter"], seed=7, begin_s=0)
    yesterday = -energy.far_h * 3600
    periods = [meter.period_at_s(second, 60, energy) for second in (yesterday - 1, yesterday, -energy.recent_s)]
    assert periods == [energy.far_period_s, energy.history_period_s, 10]


def test_a_room_does_not_wait_for_last_week() -> None:
    """Eight days of a workshop are fewer than 15,000 messages; every minute of five devices was 59,065."""
    energy = rehearsal.world(scenario.load("workshop_energy"))
    assert sum(1 for _ in energy.without_broker(energy.advance(-1))) < 15_000


@pytest.mark.long
@pytest.mark.timeout(300)
def test_last_week_adds_up_to_the_same_however_thin_it_is() -> None:
    """The night's base, working and closed days, the meter: what is told and paid does not depend on thinning."""
    thin = scenario.load("workshop_energy")
    devices = {
        role: msgspec.structs.replace(device, history_period_s=60) if device.period_s <= 60 else device
        for role, device in thin.scenario.devices.items()
    }
    dense = thin._replace(scenario=msgspec.structs.replace(thin.scenario, devices=devices, far_h=0, far_period_s=0))
    learned = []
    for loaded in (thin, dense):
        played = rehearsal.Rehearsal(rehearsal.world(loaded))
        played.birth(history=True)
        played.play(-1)
        view = played.view()
        assert view is not None
        names = ("base", "open_day", "day_energy", "index_hp", "index_hc", "mean_power")
        rung = [(alarm.rule, alarm.raised_at) for alarm in played.alarms()]
        learned.append(({name: view.measures[name].good for name in names}, rung))
    assert learned[0] == learned[1]


def histories() -> Iterator[object]:
    """Return each scenario with each of its initial states, and how much of the history to play [h]."""
    for name in NAMES:
        played = scenario.load(name).scenario
        for initial in played.initial:
            marks = [pytest.mark.long, pytest.mark.timeout(300)]
            yield pytest.param(name, initial, played.history_h, id=f"{name}-{initial}", marks=marks)
    yield pytest.param("irrigation", "normal", SHORT_H, id="irrigation-last-day")


@pytest.mark.parametrize(("name", "initial", "hours"), [*histories()])
def test_nobody_is_silent_in_an_undisturbed_history(name: str, initial: str, hours: int) -> None:
    """Thinning is no silence, and no measure of it is worth waking anybody."""
    loaded = scenario.load(name)
    loaded = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=hours))
    played = rehearsal.Rehearsal(rehearsal.world(loaded, initial=initial))
    played.birth(history=True)
    played.play(-1)
    rung = {alarm.rule for alarm in played.alarms() if alarm.rule.startswith("silence") or alarm.priority == "critical"}
    assert rung == set()
