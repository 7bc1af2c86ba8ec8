"""What a sensor makes of the truth."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.sensing import Figures, Lost, Sensor, quantised, sensor

NAMES = (7, "coldroom-sim-probe", "air")


def settled(figures: Figures, value: float = 20.0) -> Sensor:
    """Return a sensor that has seen one value for long."""
    one = sensor(figures, NAMES)
    one.follow([value] * 1000)
    return one


def test_a_lag_has_seen_63_percent_after_its_time_constant() -> None:
    """From 0 towards 1 with τ = 30 s: 0.632 after 30 s."""
    one = sensor(Figures(lag_s=30), NAMES)
    one.follow([0.0])
    one.follow([1.0] * 30)
    assert one.sample(0) == pytest.approx(1 - math.exp(-1))


def test_noise_has_its_standard_deviation() -> None:
    """σ 0.05 is 0.05."""
    one = settled(Figures(sigma=0.05))
    values = [value for value in (one.sample(0) for _ in range(4000)) if isinstance(value, float)]
    assert statistics.stdev(values) == pytest.approx(0.05, rel=0.05)
    assert statistics.mean(values) == pytest.approx(20.0, abs=0.005)


@given(value=st.floats(-1000, 1000), resolution=st.sampled_from([0.005, 0.1, 0.5, 1.0, 5.0]))
def test_rounding_moves_by_half_a_step_at_most(value: float, resolution: float) -> None:
    """Q_r gives a multiple of r, printed as people write it."""
    rounded = quantised(value, resolution)
    assert abs(rounded - value) <= resolution / 2 + 1e-9
    assert rounded / resolution == pytest.approx(round(rounded / resolution), abs=1e-6)
    assert len(f"{rounded!r}") <= 9
    assert not f"{rounded!r}".startswith("-0.0") or rounded


def test_some_samples_are_dropped() -> None:
    """Probability 0.01 drops about one in a hundred, and says so."""
    one = settled(Figures(drop=0.01))
    lost = [one.sample(0) for _ in range(10_000)].count(Lost.DROPPED)
    assert 60 < lost < 150


def test_a_meter_below_its_starting_current_reads_zero() -> None:
    """No noise on a load that is off."""
    assert settled(Figures(sigma=5, floor=3), 0.0).sample(0) == 0.0
    assert settled(Figures(sigma=5, floor=3), 1000.0).sample(0) != 0.0


def test_another_device_changes_nobody_elses_noise() -> None:
    """A generator belongs to (seed, device, channel)."""

    def ten(names: tuple[object, ...]) -> list[object]:
        one = sensor(Figures(sigma=1), names)
        one.follow([0.0])
        return [one.sample(0) for _ in range(10)]

    assert ten(NAMES) == ten(NAMES)
    assert ten(NAMES) != ten((8, *NAMES[1:]))
    assert ten(NAMES) != ten((*NAMES[:2], "product"))


@pytest.mark.parametrize("fault", ["unplugged", "frozen"])
def test_a_fault_changes_nothing_of_what_comes_after(fault: str) -> None:
    """A healed sensor goes on with the noise it would have had."""
    healthy, faulty = (settled(Figures(sigma=1, drop=0.1)) for _ in range(2))
    expected = [healthy.sample(second) for second in range(20)]
    got = [faulty.sample(second) for second in range(5)]
    setattr(faulty.faults, fault, True)
    for second in range(5, 10):
        faulty.sample(second)
    setattr(faulty.faults, fault, False)
    got += expected[5:10] + [faulty.sample(second) for second in range(10, 20)]
    assert got == expected


def test_an_unplugged_probe_gives_nothing() -> None:
    """Its value is lost, not a number."""
    one = settled(Figures())
    one.faults.unplugged = True
    assert one.sample(0) is Lost.UNPLUGGED


def test_a_frozen_sensor_repeats_its_last_value() -> None:
    """A flat line."""
    one = settled(Figures(sigma=1))
    last = one.sample(0)
    one.faults.frozen = True
    one.follow([99.0] * 100)
    assert [one.sample(second) for second in range(3)] == [last] * 3


def test_a_drift_is_a_ramp() -> None:
    """One unit an hour."""
    one = settled(Figures())
    one.faults.drift_per_s, one.faults.drift_since_s = 1 / 3600, 100
    assert one.sample(100 + 1800) == pytest.approx(20.5)


def test_a_bias_is_drawn_once() -> None:
    """The same wrong value each time."""
    one = settled(Figures(bias=1.0))
    assert one.sample(0) == one.sample(1) != 20.0


def test_a_relative_noise_grows_with_what_is_measured() -> None:
    """2 % of 100 is 2; of nothing, nothing; beside an absolute one the two add as squares."""

    def spread(value: float, figures: Figures) -> float:
        one = settled(figures, value)
        return statistics.stdev(read for read in (one.sample(0) for _ in range(4000)) if isinstance(read, float))

    assert spread(100.0, Figures(relative=0.02)) == pytest.approx(2.0, rel=0.05)
    assert spread(0.0, Figures(relative=0.02)) == 0.0
    assert spread(100.0, Figures(relative=0.03, sigma=4.0)) == pytest.approx(5.0, rel=0.05)


@pytest.mark.parametrize(("truth", "read"), [(-5.0, 0.0), (0.0, 0.0), (50.0, 50.0), (100.0, 100.0), (250.0, 100.0)])
def test_a_sensor_saturates_at_its_ends(truth: float, read: float) -> None:
    """From 0 to 100, whatever lies beyond."""
    assert settled(Figures(low=0.0, high=100.0), truth).sample(0) == read


def test_a_saturated_sensor_shows_no_noise_beyond_its_end() -> None:
    """Noise may bring it back inside, never outside."""
    one = settled(Figures(sigma=5.0, high=100.0), 100.0)
    read = [value for value in (one.sample(0) for _ in range(500)) if isinstance(value, float)]
    assert max(read) == 100.0
    assert min(read) < 95.0


def test_a_drift_ends_where_the_sensor_saturates() -> None:
    """A ramp of ten units an hour on a sensor that ends at 25."""
    one = settled(Figures(high=25.0))
    one.faults.drift_per_s = 10 / 3600
    assert one.sample(3600) == 25.0
