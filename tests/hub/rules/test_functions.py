"""Named functions against the check values of ../shared/use_cases.md and by hand."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.rules import functions as f
from hub.rules.computing import ANY, computation, described
from hub.rules.functions import COMPUTATIONS
from hub.rules.shown import between, change

CHECKS: list[tuple[float | None, float]] = [
    (f.dew_point(temperature=3, humidity=60), -4.02),
    (f.dew_point(temperature=24, humidity=85), 21.3),
    (f.wet_bulb(temperature=3, humidity=60), 0.378),
    (f.wet_bulb(temperature=2, humidity=80), 0.768),
    (f.wet_bulb(temperature=20, humidity=50), 13.8),
    (f.vapour_pressure_deficit(temperature=24, humidity=70), 0.895),
    (f.vapour_pressure_deficit(temperature=24, humidity=85), 0.448),
    (f.absolute_humidity(temperature=20, humidity=50), 8.63),
    (f.thi(temperature=30, humidity=60), 79.8),
    (f.frost_limit(humidity=90), -2.0),
    (f.frost_limit(humidity=67.5), -3.0),
    (f.frost_limit(humidity=40), -4.0),
    (f.rebreathed_share(co2=1500), 2.84),
    (f.rebreathed_share(co2=380), 0.0),
    (f.fresh_air_per_person(co2=800), 47.4),
    (f.fresh_air_per_person(co2=1000), 31.0),
    (f.days_of_autonomy(stock=2500, daily_use=214.3), 11.67),
    (f.silo_mass(distance=1.06), 2500.0),
    (f.silo_mass(distance=4.0 - 1.72), 1071.0),
    (f.silo_mass(distance=4.0 - 1.2), 466.0),
    (f.silo_mass(distance=0.0), 3380.0),
    (f.silo_mass(distance=9.0), 0.0),
    (f.tank_volume(level=0.6, radius_m=0.6, length_m=2), math.pi * 0.36),
    (f.tank_volume(level=1.2, radius_m=0.6, length_m=2), math.pi * 0.72),
    (f.tank_volume(level=-1, radius_m=0.6, length_m=2), 0.0),
    (f.ultrasonic_distance(distance=1.0785, temperature=10), 1.06),
    (f.soil_tension(water=50), 79.2),
    (f.air_leak(slope=-1 / 3.53, volume_l=500), 141.6),
    (f.time_to_limit(surroundings=7.2, inside=3.4, limit=4, tau_s=40_000), 114.6 * 60),
    (f.ramp(value=7, start=4, end=20, low=0, high=10), 1.875),
    (f.share_of_constant(value=11_640, whole=12_000), 97.0),
    (f.vibration_zone(velocity=3.2), 2.0),
]


@pytest.mark.parametrize(("found", "expected"), CHECKS)
def test_a_check_value_is_met(found: float | None, expected: float) -> None:
    """To the digits that the document gives."""
    assert found == pytest.approx(expected, rel=0.002, abs=0.005)


def test_what_nobody_can_say_is_not_said() -> None:
    """No vapour, no use, a room emptier than outside, an empty reserve, a division by zero."""
    assert f.dew_point(temperature=20, humidity=0) is None
    assert f.wet_bulb(temperature=20, humidity=0) is None
    assert f.days_of_autonomy(stock=10, daily_use=0) is None
    assert f.fresh_air_per_person(co2=400) is None
    assert f.soil_tension(water=0) is None
    assert f.ratio(a=1, b=0) is None
    assert f.share_of(part=1, of=0) is None


def test_time_to_a_limit_knows_both_sides() -> None:
    """Beyond is now, towards nothing is never; a cold room and a cooling soup."""
    assert f.time_to_limit(surroundings=3, inside=3.4, limit=4, tau_s=1) is None
    assert f.time_to_limit(surroundings=9, inside=4, limit=4, tau_s=1) == 0
    assert f.time_to_limit(surroundings=3, inside=63, limit=10, tau_s=55.9 * 60, falling=1) == pytest.approx(7200, 0.01)
    assert f.time_to_limit(surroundings=20, inside=63, limit=10, tau_s=1, falling=1) is None
    assert f.time_to_limit(surroundings=3, inside=9, limit=10, tau_s=1, falling=1) == 0


@given(temperature=st.floats(-20, 45), humidity=st.floats(1, 100))
def test_a_wet_bulb_lies_between_dew_point_and_air(temperature: float, humidity: float) -> None:
    """Whatever the air."""
    dew, wet = (
        f.dew_point(temperature=temperature, humidity=humidity),
        f.wet_bulb(temperature=temperature, humidity=humidity),
    )
    assert dew is not None
    assert wet is not None
    assert dew - 1e-6 <= wet <= temperature + 1e-6


def test_a_function_says_what_it_takes() -> None:
    """Its arguments with their units, its parameters with their defaults, those that must be given."""
    wet = COMPUTATIONS["wet_bulb"]
    assert (dict(wet.takes), wet.gives) == ({"temperature": "°C", "humidity": "%"}, "°C")
    assert (dict(wet.parameters), wet.required) == ({"pressure_hpa": 1000.0}, frozenset())
    assert COMPUTATIONS["share_of_constant"].required == {"whole"}
    assert COMPUTATIONS["duration_above"].required == {"above"}


def test_a_folders_own_function_needs_no_units() -> None:
    """What has no default is taken from measures; with `@computation` units are known too."""

    def litres(*, pulses: float, weight: float = 10.0) -> float:
        return pulses * weight

    plain = described(litres)
    assert (dict(plain.takes), plain.gives, dict(plain.parameters)) == ({"pulses": ANY}, ANY, {"weight": 10.0})
    assert dict(described(computation("L", pulses=None)(litres)).takes) == {"pulses": None}


def test_the_readme_lists_every_function() -> None:
    """By name, with its arguments."""
    readme = (Path(f.__file__).parent.parent / "usecases" / "README.md").read_text(encoding="utf-8")
    for name, each in COMPUTATIONS.items():
        assert f"| `{name}` |" in readme, name
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{name}` |")]
        assert all(f"`{argument}`" in row for argument in (*each.takes, *each.parameters) if each.nature == "plain"), (
            row
        )


@pytest.mark.parametrize(
    ("value", "given_unit", "wanted", "expected"),
    [
        (1500.0, "W", "kW", 1.5),
        (0.35, "m³/h", "L/h", 350.0),
        (10.8, "km/h", "m/s", 3.0),
        (20.0, "°C", "°F", 68.0),
        (0.895, "kPa", "hPa", 8.95),
        (1.5, "days", "days", 1.5),
    ],
)
def test_units_convert(value: float, given_unit: str, wanted: str, expected: float) -> None:
    """Between any two that the hub knows for one quantity."""
    by = between(given_unit, wanted)
    assert by is not None
    assert change(value, by) == pytest.approx(expected, 1e-9)


@pytest.mark.parametrize(("one", "other"), [("W", "V"), (None, "W"), ("days", "h"), ("°C", None)])
def test_units_of_different_things_do_not_meet(one: str | None, other: str | None) -> None:
    """A label that is no unit meets itself only."""
    assert between(one, other) is None
