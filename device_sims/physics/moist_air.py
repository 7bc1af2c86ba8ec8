"""Humid air: saturation, dew point, relative humidity and wet bulb.

Equations (`use_cases.md` §7):

    e_s(T) = 6.112·exp(17.62·T / (243.12 + T))      saturation over water [hPa]
    e = e_s(T_d), RH = 100·e / e_s(T)
    e_s(T_w) - 6.62e-4·p·(T - T_w) = e              wet bulb T_w

Valid from -45 to 60 °C, within 0.6 % there. The wet bulb is the root by bisection, within 1e-6 K.

Reference: WMO-No. 8, Guide to Meteorological Instruments, annex 4.B (Magnus form, Sonntag 1990; Assmann's constant).
"""

import math

from device_sims.physics import require

PSYCHROMETRIC_PER_K = 6.62e-4
WITHIN_K = 1e-6


def saturation_hpa(temperature_c: float) -> float:
    """Return the saturation vapour pressure e_s over water [hPa] at -45 to 60 °C."""
    return 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))


def dew_point_c(temperature_c: float, humidity_pct: float) -> float:
    """Return the dew point T_d [°C]: the inverse of e_s, exact.

    Args:
        temperature_c: of the air [°C].
        humidity_pct: relative humidity [%], above 0 to 100.

    Raises:
        ValueError: air without vapour has no dew point.
    """
    require.humidity(humidity_pct)
    exponent = math.log(humidity_pct / 100) + 17.62 * temperature_c / (243.12 + temperature_c)
    return 243.12 * exponent / (17.62 - exponent)


def humidity_pct(temperature_c: float, dew_c: float) -> float:
    """Return the relative humidity [%]; 100 when the air is at its dew point or below."""
    return min(100 * saturation_hpa(dew_c) / saturation_hpa(temperature_c), 100.0)


def wet_bulb_c(temperature_c: float, humidity_pct: float, pressure_hpa: float = 1000.0) -> float:
    """Return the wet-bulb temperature T_w [°C], within 1e-6 K.

    Args:
        temperature_c: of the air [°C], -40 to 60.
        humidity_pct: relative humidity [%], above 0 to 100.
        pressure_hpa: of the air p [hPa], 500 to 1100.

    Raises:
        ValueError: air without vapour, or a pressure that is not above zero.
    """
    require.humidity(humidity_pct)
    if not pressure_hpa > 0:
        msg = f"pressure_hpa is {pressure_hpa}: it must be above zero"
        raise ValueError(msg)
    vapour = saturation_hpa(temperature_c) * humidity_pct / 100
    low, high = dew_point_c(temperature_c, humidity_pct), temperature_c
    while high - low > WITHIN_K:
        middle = (low + high) / 2
        evaporated = PSYCHROMETRIC_PER_K * pressure_hpa * (temperature_c - middle)
        if saturation_hpa(middle) - evaporated < vapour:
            low = middle
        else:
            high = middle
    return (low + high) / 2
