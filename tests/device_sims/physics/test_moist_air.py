"""Humid air: hand-computed values and what must hold for any air."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_sims.physics import moist_air

temperatures = st.floats(-30, 50)
humidities = st.floats(1, 100)
pressures = st.floats(850, 1050)


@pytest.mark.parametrize(
    ("temperature", "humidity", "wet", "within"), [(3, 60, 0.378, 0.0005), (2, 80, 0.768, 0.0005), (20, 50, 13.8, 0.05)]
)
def test_the_wet_bulb_is_the_root(temperature: float, humidity: float, wet: float, within: float) -> None:
    """Use_cases.md §7: 0.378, 0.768 and 13.8 °C."""
    assert moist_air.wet_bulb_c(temperature, humidity) == pytest.approx(wet, abs=within)


def test_the_dew_point_is_worked_out_by_hand() -> None:
    """-4.02 °C at 3 °C and 60 %; 21.3 °C at 24 °C and 85 %."""
    assert moist_air.dew_point_c(3, 60) == pytest.approx(-4.02, abs=0.005)
    assert moist_air.dew_point_c(24, 85) == pytest.approx(21.3, abs=0.05)


@given(temperature=temperatures, humidity=humidities, pressure=pressures)
def test_the_wet_bulb_lies_between_dew_point_and_air(temperature: float, humidity: float, pressure: float) -> None:
    """All three meet in saturated air."""
    dew = moist_air.dew_point_c(temperature, humidity)
    wet = moist_air.wet_bulb_c(temperature, humidity, pressure)
    assert dew - 1e-6 <= wet <= temperature + 1e-6
    assert moist_air.wet_bulb_c(temperature, 100, pressure) == pytest.approx(temperature, abs=1e-6)


@given(temperature=temperatures, humidity=humidities, pressure=pressures)
def test_the_wet_bulb_solves_its_equation(temperature: float, humidity: float, pressure: float) -> None:
    """Within the bisection's 1e-6 K: the equation's slope there is below 10 hPa/K."""
    wet = moist_air.wet_bulb_c(temperature, humidity, pressure)
    vapour = moist_air.saturation_hpa(wet) - 6.62e-4 * pressure * (temperature - wet)
    assert vapour == pytest.approx(moist_air.saturation_hpa(temperature) * humidity / 100, abs=1e-5)


@given(temperature=temperatures, humidity=humidities)
def test_dew_point_and_humidity_are_inverse(temperature: float, humidity: float) -> None:
    """There and back."""
    dew = moist_air.dew_point_c(temperature, humidity)
    assert moist_air.humidity_pct(temperature, dew) == pytest.approx(humidity)


@given(temperature=temperatures, low=humidities, high=humidities)
def test_moister_air_is_nearer_to_its_dew_point(temperature: float, low: float, high: float) -> None:
    """Dew point and wet bulb rise with humidity."""
    low, high = sorted((low, high))
    assert moist_air.dew_point_c(temperature, low) <= moist_air.dew_point_c(temperature, high) + 1e-9
    assert moist_air.wet_bulb_c(temperature, low) <= moist_air.wet_bulb_c(temperature, high) + 1e-6


@pytest.mark.parametrize("humidity", [0.0, -1.0, 100.1, math.nan])
def test_air_that_cannot_be_is_refused(humidity: float) -> None:
    """The message names the humidity."""
    with pytest.raises(ValueError, match="humidity_pct"):
        moist_air.dew_point_c(10, humidity)
    with pytest.raises(ValueError, match="humidity_pct"):
        moist_air.wet_bulb_c(10, humidity)


@pytest.mark.parametrize("pressure", [0.0, -1.0, math.nan])
def test_a_pressure_that_cannot_be_is_refused(pressure: float) -> None:
    """The message names the pressure."""
    with pytest.raises(ValueError, match="pressure_hpa"):
        moist_air.wet_bulb_c(10, 50, pressure)
