"""Named functions that make one measure of others: pure, each with its units and its source.

A folder's own rules.py may add some (`FUNCTIONS = {"name": function}`), with `@computation` where it has units.
"""

import math

from hub.rules.computing import ANY, PAST, Computation, computation

ABSOLUTE_ZERO_C = -273.15
PSYCHROMETRIC_PER_K = 6.62e-4
_WITHIN_K = 1e-6
_VAPOUR_G_K_PER_J = 2.16679
"""Molar mass of water over the gas constant [g·K/J]."""

# --- humid air (use_cases.md §7; WMO-No. 8, annex 4.B: Magnus form over water, Assmann's constant; −45 to 60 °C)


def saturation_hpa(temperature: float) -> float:
    """Return the saturation vapour pressure over water [hPa] at a temperature [°C]."""
    return 6.112 * math.exp(17.62 * temperature / (243.12 + temperature))


@computation("°C", temperature="°C", humidity="%")
def dew_point(*, temperature: float, humidity: float) -> float | None:
    """Dew point of air; 3 °C and 60 % give −4.02 °C."""
    if humidity <= 0:
        return None
    exponent = math.log(humidity / 100) + 17.62 * temperature / (243.12 + temperature)
    return 243.12 * exponent / (17.62 - exponent)


@computation("°C", temperature="°C", humidity="%")
def wet_bulb(*, temperature: float, humidity: float, pressure_hpa: float = 1000.0) -> float | None:
    """Wet-bulb temperature, by bisection within 1e-6 K; 3 °C and 60 % give 0.378 °C."""
    low, high = dew_point(temperature=temperature, humidity=humidity), temperature
    if low is None:
        return None
    vapour = saturation_hpa(temperature) * humidity / 100
    while high - low > _WITHIN_K:
        middle = (low + high) / 2
        wet = saturation_hpa(middle) - PSYCHROMETRIC_PER_K * pressure_hpa * (temperature - middle)
        low, high = (middle, high) if wet < vapour else (low, middle)
    return (low + high) / 2


@computation("kPa", temperature="°C", humidity="%")
def vapour_pressure_deficit(*, temperature: float, humidity: float) -> float:
    """Vapour pressure deficit (Tetens, 0.6108·exp(17.27·T/(T + 237.3))); 24 °C and 70 % give 0.895 kPa."""
    return 0.6108 * math.exp(17.27 * temperature / (temperature + 237.3)) * (1 - humidity / 100)


@computation("g/m³", temperature="°C", humidity="%")
def absolute_humidity(*, temperature: float, humidity: float) -> float:
    """Water in a cubic metre of air, by the ideal gas law; 20 °C and 50 % give 8.63 g/m³."""
    vapour_pa = saturation_hpa(temperature) * humidity
    return _VAPOUR_G_K_PER_J * vapour_pa / (temperature - ABSOLUTE_ZERO_C)


@computation(None, temperature="°C", humidity="%")
def thi(*, temperature: float, humidity: float) -> float:
    """Temperature–humidity index of dairy cows (use_cases.md §9); 30 °C and 60 % give 79.8."""
    warm = 1.8 * temperature
    return (warm + 32) - (0.55 - 0.0055 * humidity) * (warm - 26)


@computation("°C", humidity="%")
def frost_limit(
    *, humidity: float, humid: float = -2.0, dry: float = -4.0, from_humidity: float = 75.0, to_humidity: float = 60.0
) -> float:
    """Bud temperature that does damage: `humid` above 75 %, `dry` below 60 %, a line between (use_cases.md §7)."""
    return humid + (dry - humid) * _part(humidity, from_humidity, to_humidity)


# --- rooms and stocks


@computation("%", co2="ppm")
def rebreathed_share(*, co2: float, outside_ppm: float = 420.0, exhaled_ppm: float = 38_000.0) -> float:
    """Part of the air that was breathed before, (C − C_out)/38 000 (use_cases.md §2); 1 500 ppm gives 2.84 %."""
    return max(100 * (co2 - outside_ppm) / exhaled_ppm, 0.0)


@computation("m³/h", co2="ppm")
def fresh_air_per_person(*, co2: float, outside_ppm: float = 420.0, exhaled_l_per_h: float = 18.0) -> float | None:
    """Fresh air for each person in a settled room, 1000·G/(C − C_out); 1 000 ppm gives 31.0 m³/h."""
    return 1000 * exhaled_l_per_h / (co2 - outside_ppm) if co2 > outside_ppm else None


@computation("days", stock=ANY, daily_use=ANY)
def days_of_autonomy(*, stock: float, daily_use: float) -> float | None:
    """How long a stock lasts at a daily use; 2 500 kg at 214.3 kg a day give 11.7 days."""
    return max(stock, 0.0) / daily_use if daily_use > 0 else None


@computation("m", distance="m")
def level_below(*, distance: float, height_m: float) -> float:
    """Level under a sensor that hangs `height_m` above the outlet."""
    return max(height_m - distance, 0.0)


@computation("kg", distance="m")
def silo_mass(
    *,
    distance: float,
    diameter_m: float = 1.6,
    cylinder_m: float = 2.5,
    cone_m: float = 1.2,
    ullage_m: float = 0.3,
    density_kg_per_m3: float = 580.0,
) -> float:
    """Mass in a silo with a cone below, from the distance under its roof (use_cases.md §8); 1.06 m gives 2 500 kg."""
    level = min(max(cone_m + cylinder_m + ullage_m - distance, 0.0), cone_m + cylinder_m)
    area = math.pi * diameter_m**2 / 4
    cone = area * cone_m / 3
    volume = cone * (level / cone_m) ** 3 if level < cone_m else cone + area * (level - cone_m)
    return density_kg_per_m3 * volume


@computation("m³", level="m")
def tank_volume(*, level: float, radius_m: float, length_m: float) -> float:
    """Volume in a lying cylinder, a circular segment times its length; half full is half."""
    depth = min(max(level, 0.0), 2 * radius_m)
    segment = radius_m**2 * math.acos((radius_m - depth) / radius_m)
    return length_m * (segment - (radius_m - depth) * math.sqrt(max(2 * radius_m * depth - depth**2, 0.0)))


@computation("m", distance="m", temperature="°C")
def ultrasonic_distance(*, distance: float, temperature: float, set_c: float = 20.0) -> float:
    """True distance of an ultrasonic sensor set for `set_c`: sound runs at 331.3·√(1 + T/273.15) m/s."""
    return distance * math.sqrt((temperature - ABSOLUTE_ZERO_C) / (set_c - ABSOLUTE_ZERO_C))


@computation("cb", water="mm")
def soil_tension(*, water: float, capacity_mm: float = 100.0, at_capacity_cb: float = 15.0) -> float | None:
    """Soil water tension ψ = 15·(W/RU)^−2.4 (use_cases.md §9); half of the reserve gives 79.2 cb."""
    return at_capacity_cb * (water / capacity_mm) ** -2.4 if water > 0 else None


@computation("NL/min", slope="bar/min")
def air_leak(*, slope: float, volume_l: float, atmosphere_bar: float = 1.0) -> float:
    """Leak of a compressed-air net at rest, V·(−dP/dt)/p_atm; 500 L losing 0.283 bar/min give 141.6 NL/min."""
    return max(-slope, 0.0) * volume_l / atmosphere_bar


@computation(None, velocity="mm/s")
def vibration_zone(*, velocity: float, ab: float = 1.4, bc: float = 2.8, cd: float = 4.5) -> float:
    """Zone of ISO 20816-3 (indicative): 0 is A, 1 B, 2 C, 3 D."""
    return float(sum(velocity > bound for bound in (ab, bc, cd)))


# --- time to a limit


@computation("s", surroundings="°C", inside="°C")
def time_to_limit(
    *, surroundings: float, inside: float, limit: float, tau_s: float, falling: float = 0.0
) -> float | None:
    """Time until a first-order body reaches a limit, τ·ln((T_a − T)/(T_a − T_limit)); 0: beyond; None: never.

    use_cases.md §1: 7.2 and 3.4 °C with a limit of 4 °C and 40,000 s give 114.6 min. `falling = 1`: a lower limit.
    """
    sign = -1.0 if falling else 1.0
    if sign * (inside - limit) >= 0:
        return 0.0
    if sign * (surroundings - limit) <= 0:
        return None
    return tau_s * math.log((surroundings - inside) / (surroundings - limit))


# --- arithmetic, in whatever units the measures have


@computation(ANY, a=ANY, b=ANY)
def sum_of(*, a: float, b: float) -> float:
    """Sum a + b (two indices of one meter)."""
    return a + b


@computation(ANY, a=ANY, b=ANY)
def difference(*, a: float, b: float) -> float:
    """Difference a − b."""
    return a - b


@computation(ANY, a=ANY, b=ANY)
def ratio(*, a: float, b: float) -> float | None:
    """Ratio a / b; nothing where b is 0."""
    return a / b if b else None


@computation("%", part=ANY, of=ANY)
def share_of(*, part: float, of: float) -> float | None:
    """Part of another measure, in percent; nothing where that is 0."""
    return 100 * part / of if of else None


@computation("%", value=ANY)
def share_of_constant(*, value: float, whole: float) -> float:
    """Part of a constant, in percent (of the subscribed power)."""
    return 100 * value / whole


@computation(ANY, value=ANY)
def linear(*, value: float, factor: float = 1.0, offset: float = 0.0) -> float:
    """Linear function factor · value + offset (4–20 mA, kg less a tare, minutes times kg/min)."""
    return factor * value + offset


@computation(ANY, value=ANY)
def ramp(*, value: float, start: float, end: float, low: float = 0.0, high: float = 1.0) -> float:
    """A line from `low` at `start` to `high` at `end`, level beyond."""
    return low + (high - low) * _part(value, start, end)


@computation(ANY, a=ANY, b=ANY)
def higher(*, a: float, b: float) -> float:
    """Higher of two."""
    return max(a, b)


@computation(ANY, a=ANY, b=ANY)
def lower(*, a: float, b: float) -> float:
    """Lower of two."""
    return min(a, b)


@computation(ANY, x=ANY, y=ANY, z=ANY)
def magnitude(*, x: float, y: float, z: float) -> float:
    """Length of a vector, √(x² + y² + z²)."""
    return math.sqrt(x * x + y * y + z * z)


def _part(value: float, start: float, end: float) -> float:
    """Return how far value is from start to end, 0 to 1."""
    return min(max((value - start) / (end - start), 0.0), 1.0)


COMPUTATIONS: dict[str, Computation] = PAST | {
    name: each.computation for name, each in list(globals().items()) if hasattr(each, "computation")
}
"""Every computation of the hub by name: those that remember, and each function above that says its units."""
