"""A frost night as the devices of a vineyard see it: the times of use_cases.md §7, through the model."""

import random
from collections.abc import Mapping
from itertools import pairwise

import pytest

from device_sims.models import Active, Begin, Kind, kind
from device_sims.models.vineyard_frost import Effect, Initial, Parameters, Vineyard
from device_sims.physics.vineyard_frost import Night

HOUR = 3600
MODEL: Kind = kind("vineyard_frost")
BLACK = Initial(air_c=7.0, dew_c=-12.0)


def vineyard(initial: Initial | None = None, *, clock_h: float = 0, parameters: Parameters | None = None) -> Vineyard:
    """Return a vineyard of 12 April, a day before its start."""
    begin = Begin(round(clock_h * HOUR), 0, 101, lambda name: random.Random(f"7/{name}"))
    made = Vineyard(parameters or Parameters(), initial or Initial(), begin)
    made.act([], {}, -24 * HOUR)
    return made


def pass_time(model: Vineyard, start_s: int, stop_s: int, step_s: int = 60) -> list[tuple[int, Mapping[str, float]]]:
    """Let time pass; return second and measures after each step."""
    seen: list[tuple[int, Mapping[str, float]]] = []
    while start_s < stop_s:
        passed, _ = model.advance(start_s, min(step_s, stop_s - start_s))
        start_s += passed
        seen.append((start_s, dict(model.values())))
    return seen


def night(model: Vineyard, **faults: tuple[float, Effect]) -> list[tuple[int, Mapping[str, float]]]:
    """Return the night before a start at midnight, from 21:00 to noon; each fault: (hour, effect)."""
    pass_time(model, -24 * HOUR, -3 * HOUR, 600)
    seen, now = [], -3 * HOUR
    acting: list[Active] = []
    for hour, effect in sorted(faults.values(), key=lambda each: each[0]):
        at = round(hour * HOUR)
        seen += pass_time(model, now, at)
        acting.append(Active(effect, 1.0, at))
        model.act(acting, {}, at)
        now = at
    return seen + pass_time(model, now, 12 * HOUR)


def first(seen: list[tuple[int, Mapping[str, float]]], name: str, at_most: float) -> float:
    """Return the hour at which a measure is first at most a value."""
    return next(second for second, values in seen if values[name] <= at_most) / HOUR


def minutes_of(hours: str) -> float:
    """Return `03:31` in minutes after midnight; 21:00 and later lie before it."""
    hour, minute = (int(part) for part in hours.split(":"))
    return 60 * hour + minute - (1440 if hour >= 21 else 0)


# the night of use_cases.md


@pytest.mark.parametrize(
    ("initial", "name", "at_most", "hours"),
    [
        (Initial(), "wet_probe", 0.5, "03:31"),
        (Initial(), "bud", 0.0, "03:10"),
        (Initial(), "bud", -2.0, "05:10"),
        (BLACK, "wet_probe", 0.5, "21:38"),
        (BLACK, "bud", -2.0, "04:10"),
        (BLACK, "bud", -4.0, "06:10"),
    ],
)
def test_the_night_passes_its_limits_at_the_computed_minute(
    initial: Initial, name: str, at_most: float, hours: str
) -> None:
    """White and black frost: wet bulb and bud, within the minute in which they are looked at."""
    assert 60 * first(night(vineyard(initial)), name, at_most) == pytest.approx(minutes_of(hours), abs=1.1)


def test_the_coldest_bud_is_the_computed_one() -> None:
    """−3.34 °C in the white night, −4.86 °C in the black one, −1.88 °C where the air cools more slowly."""

    def coldest(model: Vineyard) -> float:
        return min(values["bud"] for _, values in night(model))

    assert coldest(vineyard()) == pytest.approx(-3.34, abs=0.01)
    assert coldest(vineyard(BLACK)) == pytest.approx(-4.86, abs=0.02)
    slower = Parameters(night=Night(cooling_k_per_h=0.8))
    assert coldest(vineyard(parameters=slower)) == pytest.approx(-1.88, abs=0.01)


def test_a_run_that_starts_in_the_afternoon_has_its_night_before_it() -> None:
    """At 8 p.m. the night is one hour away, and it is the same one."""
    seen = pass_time(vineyard(clock_h=20), -24 * HOUR, 12 * HOUR)
    tonight = [(second, values) for second, values in seen if second >= HOUR]
    assert first(tonight, "bud", -2.0) - 4 == pytest.approx(minutes_of("05:10") / 60, abs=0.02)


def test_other_nights_are_those_of_the_year() -> None:
    """The night before differs with the seed and with the day, the scenario's does not."""

    def two_nights(yearday: int, seed: int) -> tuple[float, float]:
        begin = Begin(0, 0, yearday, lambda name: random.Random(f"{seed}/{name}"))
        model = Vineyard(Parameters(), Initial(), begin)
        model.act([], {}, -24 * HOUR)
        seen = dict(pass_time(model, -24 * HOUR, 4 * HOUR))
        return seen[-20 * HOUR]["air"], seen[4 * HOUR]["air"]

    usual = two_nights(101, 7)
    assert usual == two_nights(101, 7)
    for other in (two_nights(101, 8), two_nights(192, 7)):
        assert other[0] != usual[0]
        assert other[1] == pytest.approx(usual[1], abs=1e-9)


def test_a_day_hangs_together() -> None:
    """From ordinary weather into the night and out of it: no measure jumps by more than half a kelvin a minute."""
    seen = [values for _, values in pass_time(vineyard(), -24 * HOUR, 36 * HOUR)]
    for name in ("air", "bud", "air_10m", "wet_probe"):
        assert max(abs(after[name] - before[name]) for before, after in pairwise(seen)) < 0.5
    assert all(0 < values["humidity"] <= 100 for values in seen)


def test_the_state_does_not_depend_on_the_steps() -> None:
    """One second at a time or ten minutes at a time."""
    coarse, fine = vineyard(), vineyard()
    assert pass_time(coarse, -24 * HOUR, 0, 600)[-1][1] == pytest.approx(
        pass_time(fine, -24 * HOUR, 0, 7)[-1][1], abs=1e-6
    )


def test_a_trace_has_a_value_a_second() -> None:
    """For each measure that a slow sensor follows, ending where the model stands."""
    passed, traces = (model := vineyard()).advance(-24 * HOUR, 95)
    assert passed == 95
    for name, trace in traces.items():
        assert len(trace) == 95
        assert trace[-1] == pytest.approx(model.values()[name])


# faults


def test_clouds_keep_the_buds_alive() -> None:
    """At 3:00: the bud gets to 1/6 K and no lower.

    The document says 0.12 °C; its equations say that the bud stands 1/6 K above T − δ, which is 0 °C at 3:00.
    """
    seen = night(vineyard(), cloud=(3, Effect(cloud=0.8)))
    assert min(values["bud"] for _, values in seen) == pytest.approx(1 / 6, abs=0.01)


def test_a_wind_machine_brings_down_part_of_the_inversion() -> None:
    """At 3:31, +1.2 K: −2.14 °C, 27 min below −2; without an inversion it does nothing."""
    machine = (3.5167, Effect(wind_machine=1.0))
    seen = night(vineyard(), machine=machine)
    assert min(values["bud"] for _, values in seen) == pytest.approx(-2.14, abs=0.02)
    assert sum(values["bud"] <= -2 for _, values in seen) == pytest.approx(27, abs=1)
    useless = night(vineyard(), lost=(3, Effect(inversion_lost=1.0)), machine=machine)
    assert min(values["bud"] for _, values in useless) == pytest.approx(-3.34, abs=0.01)
    assert useless[-400][1]["air_10m"] == useless[-400][1]["air"]


def test_candles_and_wind_warm_a_bud() -> None:
    """+2 K of candles, and no radiation loss with wind."""
    still = night(vineyard())
    for effect in (Effect(candles_k=2.0), Effect(windy=True)):
        warmer = night(vineyard(), help=(1, effect))
        assert warmer[-420][1]["bud"] > still[-420][1]["bud"] + 1.5


def test_intensity_scales_a_fault() -> None:
    """Half a cloud lets half the cooling through."""
    whole, half = vineyard(), vineyard()
    for model, intensity in ((whole, 1.0), (half, 0.5)):
        pass_time(model, -24 * HOUR, 3 * HOUR, 600)
        model.act([Active(Effect(cloud=0.8), intensity, 3 * HOUR)], {}, 3 * HOUR)
    before = whole.values()["air"]
    pass_time(whole, 3 * HOUR, 4 * HOUR)
    pass_time(half, 3 * HOUR, 4 * HOUR)
    assert before - whole.values()["air"] == pytest.approx(0.2, abs=0.01)
    assert before - half.values()["air"] == pytest.approx(0.6, abs=0.01)


def test_a_cold_spray_reaches_the_desk_probe_alone() -> None:
    """−20 °C within seconds, and no measure of the vineyard moves."""
    model = vineyard()
    before = dict(model.values())
    model.act([Active(Effect(spray_k=41.0), 1.0, -24 * HOUR)], {}, -24 * HOUR)
    model.advance(-24 * HOUR, 10)
    assert model.values()["desk_temp"] == pytest.approx(-20, abs=0.5)
    assert model.values()["bud"] == pytest.approx(before["bud"], abs=0.05)


# the pump


def test_the_pump_obeys_and_holds_the_buds() -> None:
    """On by the relay's order at 3:41: never below −0.5 °C while it runs; off again: reported off."""
    model = vineyard()
    pass_time(model, -24 * HOUR, 3 * HOUR, 600)
    model.act([], {"sprinkling": 1.0}, 3 * HOUR)
    assert model.values()["sprinkling"] == 1
    seen = pass_time(model, 3 * HOUR, 7 * HOUR)
    assert min(values["bud"] for _, values in seen) >= -0.5 - 1e-9
    model.act([], {"sprinkling": 0.0}, 7 * HOUR)
    assert model.values()["sprinkling"] == 0


def test_a_pump_that_runs_dry_still_says_on() -> None:
    """At 5:00: the relay says on, evaporation takes the bud from −0.5 to −2 °C in 12.3 min."""
    seen = night(vineyard(Initial(sprinkling_from_h=3.5)), dry=(5, Effect(pump_dry=True)))
    after = [(second, values) for second, values in seen if second >= 5 * HOUR]
    assert 60 * (first(after, "bud", -2.0) - 5) == pytest.approx(12.3, abs=1)
    assert all(values["sprinkling"] == 1 for second, values in after if second <= 9 * HOUR)


def test_the_pump_of_an_initial_state_starts_at_its_hour_and_ends_with_the_night() -> None:
    """3:30 until 11:00, told at that second."""
    seen = night(vineyard(Initial(sprinkling_from_h=3.5)))
    on = [second for second, values in seen if values["sprinkling"] == 1]
    assert (on[0], on[-1]) == (3.5 * HOUR, 11 * HOUR - 60)
