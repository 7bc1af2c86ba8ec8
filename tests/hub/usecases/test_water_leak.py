"""The water leak's sentence, its euros, and a valve that says closed while water flows."""

import json

import msgspec
import pytest

from device_sims import scenario
from hub.model import NS, Quality, Reading, TimeSource
from hub.rules.engine import Engine
from hub.usecases import find
from hub.usecases.money import worth
from servers import rehearsal

LOADED = scenario.load("water_leak")
SHORT = LOADED._replace(scenario=msgspec.structs.replace(LOADED.scenario, history_h=2))
METER, TAP, VALVE = "chirpstack:0253494d57410001", "esphome:water-sim-tap", "shelly:water-sim-valve"
RUN = "water-leak-20261124t150000z-abcd"
START = 1_795_449_600 * NS
CASE = find("water_leak")


def reading(device: str, channel: str, value: float, at_s: float, unit: str | None = None) -> Reading:
    """Return a reading of a simulated device, `at_s` seconds after the start."""
    time = START + int(at_s * NS)
    return Reading(device, channel, unit, value, time, time, TimeSource.DEVICE, Quality.GOOD, RUN, 0)


def closing(*, stuck: bool) -> dict[str, float]:
    """Return rule → minutes after the order to close the valve, while the tap runs at 6 L/min in the evening."""
    world = rehearsal.world(SHORT, initial="tap_running")
    if stuck:
        world.schedule(0, "valve_stuck")
    run = rehearsal.Rehearsal(world)
    run.birth(history=True)
    run.play(0)
    run.birth(history=False)
    run.play(300)
    order = json.dumps({"id": 1, "src": "hub", "method": "Switch.Set", "params": {"id": 0, "on": False}}).encode()
    for one in world.without_broker(world.command("valve", "water-sim-valve/rpc", order)):
        run.say(one)
    run.play(900)
    since = (world.start.timestamp() + 300) * NS
    return {alarm.rule: (alarm.raised_at - since) / NS / 60 for alarm in run.alarms()}


def test_a_stuck_valve_is_told_two_minutes_after_the_order() -> None:
    """It says closed, the tap runs on: use_cases.md §5."""
    assert closing(stuck=True) == {"valve_disobeys": pytest.approx(2.0, abs=0.1)}


def test_a_valve_that_closes_is_no_alarm() -> None:
    """The tap stands still with it."""
    assert closing(stuck=False) == {}


@pytest.mark.parametrize(("flow", "euros"), [(4, 152), (25, 950), (80, 3040)])
def test_a_leak_all_year_has_its_price(flow: float, euros: float) -> None:
    """use_cases.md §5: 4, 25 and 80 L/h at 4.34 €/m³, to the nearest ten euros."""
    (card,) = CASE.money
    assert worth(card, {"min_flow": flow}) == pytest.approx(euros, abs=5)


def test_the_sentence_waits_for_the_meter() -> None:
    """Before anything was heard."""
    assert CASE.sentence is not None
    assert CASE.sentence(CASE, None).code == "waiting"


def test_the_sentence_tells_since_when_the_water_never_stopped_and_what_it_costs() -> None:
    """Six hours at 25 L/h after closing: since 6 h, at least 25 L/h, 950 € a year."""
    engine = Engine([CASE])
    for quarter in range(20 * 4, 27 * 4 + 1):  # the engine's clock is UTC here: 20:00 to 03:00
        engine.step([reading(METER, "pulses", 1000 + 25 * quarter / 4, (quarter - 16 * 4) * 900)], past=True)
    at = START + 11 * 3600 * NS
    engine.tick(RUN, at, past=True)
    view = engine.view("water_leak", RUN, at)
    assert CASE.sentence is not None
    said = CASE.sentence(CASE, view)
    assert said.code == "never_zero"
    assert "25\u00a0L/h" in said.text.fr
    assert "950\u00a0€" in said.text.fr
    assert "jamais cessé de couler" in said.text.fr
    assert "never stopped" in said.text.en


def test_the_sentence_tells_a_running_tap_and_then_calm() -> None:
    """With the meter heard and nothing wrong."""
    assert CASE.sentence is not None
    engine = Engine([CASE])
    engine.step([reading(METER, "pulses", 412_350, 0)])
    engine.step([reading(TAP, "flow", 0.36, 10, "m³/h")])
    running = CASE.sentence(CASE, engine.view("water_leak", RUN, START + 10 * NS))
    engine.step([reading(TAP, "flow", 0.0, 20, "m³/h")])
    calm = CASE.sentence(CASE, engine.view("water_leak", RUN, START + 20 * NS))
    assert (running.code, running.text.en) == ("tap", "The tap runs at 6.0\u00a0L/min.")
    assert calm.code == "calm"
