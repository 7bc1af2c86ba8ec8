"""The silo as its devices see it: stairs down by batches, deliveries, and what each fault makes of them."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.models import Active, Begin
from device_sims.models.silo import KIND, Bucket, Delivery, Effect, Flour, Initial, Parameters
from device_sims.physics.silo import Silo, mass_kg

MINUTE, HOUR, DAY = 60, 3600, 86_400
MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


def flour(
    *,
    clock_h: float = 0.0,
    weekday: int = MONDAY,
    initial: Initial | None = None,
    start_s: int = 0,
    faults: Sequence[Active] = (),
) -> Flour:
    """Return a silo at the beginning of a history, Monday midnight and 2 500 kg unless told."""
    begin = Begin(int(clock_h * HOUR), weekday, 74, random.Random)
    made: Flour = KIND.make(Parameters(), initial or Initial(), begin)
    made.act(faults, {}, start_s)
    return made


def fault(effect: Effect, intensity: float = 1.0) -> Active:
    """Return a fault that acts since the start."""
    return Active(effect, intensity, 0)


def play(model: Flour, start_s: int, end_s: int, stride_s: int = DAY) -> None:
    """Run the model from one second to another, at most `stride_s` at a time."""
    time_s = start_s
    while time_s < end_s:
        passed, _ = model.advance(time_s, min(stride_s, end_s - time_s))
        time_s += passed


def read_kg(model: Flour) -> float:
    """Return the mass that the level sensor's distance stands for."""
    silo = Silo()
    return mass_kg(silo, silo.cone_m + silo.cylinder_m + silo.ullage_m - model.values()["distance"])


def test_a_working_day_takes_five_batches_of_fifty_kilos() -> None:
    """03:00, 03:30 … 05:00: 250 kg, nothing before, nothing after."""
    model = flour()
    masses = []
    for minute in range(0, 6 * 60, 30):
        play(model, minute * MINUTE, (minute + 30) * MINUTE)
        masses.append(round(model.state.mass_kg, 6))
    assert masses == [2500.0] * 6 + [2450.0, 2400.0, 2350.0, 2300.0, 2250.0, 2250.0]


def test_a_week_takes_six_days_and_leaves_sunday_flat() -> None:
    """1 500 kg from Monday to Saturday, then nothing."""
    model = flour()
    play(model, 0, 6 * DAY)
    assert model.state.mass_kg == pytest.approx(1000.0)
    play(model, 6 * DAY, 7 * DAY)
    assert model.state.mass_kg == pytest.approx(1000.0)


def test_the_start_of_a_run_has_its_hour_and_its_weekday() -> None:
    """A run from Saturday 02:00 draws at 03:00, the same hours from Sunday do not."""
    for weekday, left in ((SATURDAY, 2450.0), (SUNDAY, 2500.0)):
        model = flour(clock_h=2.0, weekday=weekday)
        play(model, 0, HOUR + MINUTE)
        assert model.state.mass_kg == pytest.approx(left)


def test_the_history_before_a_run_belongs_to_the_days_before() -> None:
    """Fourteen days before a Thursday 02:00 hold twelve working days: 3 000 kg."""
    model = flour(clock_h=2.0, weekday=THURSDAY, initial=Initial(mass_kg=3300.0), start_s=-14 * DAY)
    play(model, -14 * DAY, 0)
    assert model.state.mass_kg == pytest.approx(300.0)


def test_2500_kilos_read_106_centimetres() -> None:
    """use_cases.md §8: level 2.94 m, distance 1.06 m; a missing 120 kg are 103 mm."""
    model = flour()
    full = model.values()["distance"]
    assert full == pytest.approx(1.06, abs=0.005)
    model.state = type(model.state)(2380.0)
    assert model.values()["distance"] - full == pytest.approx(0.103, abs=0.0005)


def test_the_auger_takes_750_watts_for_a_minute_a_batch() -> None:
    """On from 03:00:00 to 03:01:00; five batches are 62.5 Wh."""
    model = flour(clock_h=3.0)
    assert model.values()["auger_power"] == 750.0
    assert model.advance(0, HOUR)[0] == MINUTE
    assert model.values()["auger_power"] == 0.0
    play(model, MINUTE, 3 * HOUR)
    assert model.values()["auger_energy"] == pytest.approx(5 * 750 / 60)


def test_the_auger_obeys_its_relay() -> None:
    """Switched off it draws nothing; switched on again in the middle of a batch it draws the rest."""
    model = flour(clock_h=3.0)
    model.act([], {"switch": 0.0}, 0)
    play(model, 0, 30)
    assert model.values()["auger_power"] == 0.0
    assert model.state.mass_kg == 2500.0
    model.act([], {"switch": 1.0}, 30)
    play(model, 30, HOUR // 2)
    assert model.state.mass_kg == pytest.approx(2475.0)


def test_a_delivery_of_the_history_fills_through_the_open_hatch() -> None:
    """2 500 kg within half an hour, the hatch open as long."""
    model = flour(clock_h=12.0, initial=Initial(mass_kg=500.0, deliveries=(Delivery(at_h=-2.0),)), start_s=-3 * HOUR)
    play(model, -3 * HOUR, -2 * HOUR)
    assert model.values()["hatch_open"] == 1.0
    play(model, -2 * HOUR, -2 * HOUR + 15 * MINUTE)
    assert model.state.mass_kg == pytest.approx(1750.0)
    play(model, -2 * HOUR + 15 * MINUTE, -2 * HOUR + 30 * MINUTE)
    assert model.values()["hatch_open"] == 0.0
    assert model.state.mass_kg == pytest.approx(3000.0)


def test_a_forgotten_order_brings_nothing() -> None:
    """The delivery planned for an hour later does not come."""
    planned = Initial(deliveries=(Delivery(at_h=1.0),))
    model = flour(clock_h=12.0, initial=planned, faults=[fault(Effect(forgotten=True))])
    play(model, 0, 3 * HOUR)
    assert model.state.mass_kg == 2500.0
    assert model.values()["hatch_open"] == 0.0


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=5),
    st.floats(0, 3380),
    st.floats(0, 5000),
    st.floats(0, 5000),
)
@settings(max_examples=40, deadline=None)
def test_the_mass_does_not_depend_on_how_the_time_is_cut(
    strides: list[int], start_kg: float, fill: float, drop: float
) -> None:
    """From midnight to 06:00 with a delivery and a leak: the same mass, within what a silo can hold."""
    initial = Initial(mass_kg=start_kg, deliveries=(Delivery(at_h=2.0, kg=800.0),))
    faults = [fault(Effect(drop_kg_per_h=drop)), fault(Effect(fill_kg_per_h=fill))]
    whole, cut = (flour(initial=initial, faults=faults) for _ in range(2))
    play(whole, 0, 6 * HOUR)
    time_s, number = 0, 0
    while time_s < 6 * HOUR:
        stride = min(strides[number % len(strides)], 6 * HOUR - time_s)
        play(cut, time_s, time_s + stride)
        time_s, number = time_s + stride, number + 1
    assert 0 <= cut.state.mass_kg <= Silo().full_kg
    assert cut.state.mass_kg == pytest.approx(whole.state.mass_kg, abs=3.0)  # a second of the auger at an end


def test_flour_is_neither_made_nor_lost() -> None:
    """A day: what is there is what was there, plus the delivery, less five batches and the thief's 120 kg."""
    model = flour(initial=Initial(mass_kg=1200.0, deliveries=(Delivery(at_h=10.0, kg=900.0),)))
    thief = [Active(Effect(drop_kg_per_h=360.0), 1.0, HOUR)]
    play(model, 0, HOUR)
    model.act(thief, {}, HOUR)
    play(model, HOUR, HOUR + 20 * MINUTE)
    model.act([], {}, HOUR + 20 * MINUTE)
    play(model, HOUR + 20 * MINUTE, DAY)
    assert model.state.mass_kg == pytest.approx(1200 + 900 - 250 - 120)


@pytest.mark.parametrize("intensity", [0.5, 1.0, 2.0])
def test_a_drop_has_its_intensity(intensity: float) -> None:
    """360 kg/h for 20 min are 120 kg, the auger at rest."""
    model = flour(clock_h=1.0, faults=[fault(Effect(drop_kg_per_h=360.0), intensity)])
    play(model, 0, 20 * MINUTE)
    assert model.state.mass_kg == pytest.approx(2500 - 120 * intensity)
    assert model.values()["auger_power"] == 0.0


def test_an_arch_holds_the_surface_while_the_auger_draws() -> None:
    """Two batches go, the sensor sees none of it; when the arch falls, it sees both."""
    model = flour(clock_h=2.9, faults=[fault(Effect(arching=True))])
    play(model, 0, 40 * MINUTE)
    assert read_kg(model) == pytest.approx(2500.0)
    assert model.state.mass_kg == pytest.approx(2400.0)
    model.act([], {}, 40 * MINUTE)
    assert read_kg(model) == pytest.approx(2400.0)


@pytest.mark.parametrize(("intensity", "gain"), [(1.0, 2200.0), (0.5, 1100.0)])
def test_a_short_delivery_brings_less_than_the_note_says(intensity: float, gain: float) -> None:
    """4 400 kg/h for half an hour with the hatch open."""
    model = flour(clock_h=10.0, initial=Initial(mass_kg=700.0), faults=[fault(Effect(fill_kg_per_h=4400.0), intensity)])
    assert model.values()["hatch_open"] == 1.0
    play(model, 0, 30 * MINUTE)
    assert model.state.mass_kg == pytest.approx(700 + gain)
    model.act([], {}, 30 * MINUTE)
    assert model.values()["hatch_open"] == 0.0


def test_a_dusty_sensor_reads_its_blind_zone() -> None:
    """0.25 m, full, with the hatch shut and the flour where it was."""
    model = flour(faults=[fault(Effect(dusty=True))])
    assert model.values()["distance"] == 0.25
    assert model.state.mass_kg == 2500.0


def test_an_auger_without_flour_turns_dry() -> None:
    """All is gone at once: 300 W instead of 750 at the next batch, and it stays gone when the fault ends."""
    model = flour(clock_h=3.0, faults=[fault(Effect(lost=1.0))])
    assert model.values()["auger_power"] == 300.0
    assert read_kg(model) == 0.0
    model.act([], {}, 10)
    assert model.state.mass_kg == 0.0


def test_a_loss_happens_once_however_often_faults_are_told() -> None:
    """Half of 2 500 kg, not a quarter, when another fault begins beside it."""
    half = fault(Effect(lost=1.0), 0.5)
    model = flour(faults=[half])
    model.act([half, fault(Effect(dusty=True))], {}, 60)
    assert model.state.mass_kg == 1250.0


def test_the_auger_turns_dry_at_the_second_the_flour_ends() -> None:
    """25 kg last half a batch."""
    model = flour(clock_h=3.0, initial=Initial(mass_kg=25.0))
    assert model.advance(0, HOUR)[0] == 30
    assert model.values()["auger_power"] == 300.0


def test_the_bucket_runs_out_litre_by_litre() -> None:
    """2 L/min out of 0.04 m²: 5 cm a minute, and never below its bottom."""
    bucket = Bucket()
    model = flour(faults=[fault(Effect(bucket_l_per_min=2.0))])
    before = model.values()["bucket_distance"]
    play(model, 0, MINUTE)
    assert model.values()["bucket_distance"] - before == pytest.approx(0.05)
    play(model, MINUTE, HOUR)
    assert model.values()["bucket_distance"] == pytest.approx(bucket.gap_m + bucket.depth_m)


def test_a_history_of_fourteen_days_takes_few_steps() -> None:
    """The model stops at batches and deliveries, not each second."""
    model = flour(start_s=-14 * DAY)
    time_s, steps = -14 * DAY, 0
    while time_s < 0:
        time_s += model.advance(time_s, -time_s)[0]
        steps += 1
    assert steps < 200


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Effect(fill_kg_per_h=-1.0), "fill_kg_per_h"),
        (lambda: Effect(lost=1.5), "lost"),
        (lambda: Delivery(at_h=0.0, kg=0.0), "kg"),
        (lambda: Bucket(depth_m=0.0), "depth_m"),
        (lambda: Initial(mass_kg=-1.0), "mass_kg"),
    ],
)
def test_what_cannot_be_is_refused(make: type, name: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=name):
        make()
