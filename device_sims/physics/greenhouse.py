"""A greenhouse: warm moist air between a heater, the sun, plants that transpire, and vents.

Equations (a teaching model; `use_cases.md` §9, figures are orders of magnitude), both of one node:

    C·dT/dt = Q - (UA + ρc_p·q)·(T - T_out)             Q: heater and sun [W], q: air exchange [m³/s]
    V·dw/dt = E - q·(w - w_out)                          w: vapour in the air [g/m³], E: transpired [g/s]
    VPD = e_s(T)·(1 - RH/100),  e_s = 0.6108·exp(17.27·T/(T + 237.3)) kPa      (Tetens)
    T_leaf = T - offset, wet when below the dew point

Exact for constant inputs. Vapour beyond saturation shows as 100 %; the film that it leaves is not followed.

Reference: `use_cases.md` §9; FAO Irrigation and Drainage Paper 56, eq. 11 (Tetens); ideal gas for w.
"""

import math
from dataclasses import dataclass

from device_sims.physics import moist_air, require

AIR_J_PER_M3_K = 1206.0
"""Heat capacity of a cubic metre of air at 20 °C [J/(m³·K)]."""
VAPOUR_J_PER_KG_K = 461.5


@dataclass(frozen=True, slots=True)
class Greenhouse:
    """What a greenhouse is made of.

    Attributes:
        volume_m3: V [m³], 20 to 20 000.
        ua_w_per_k: glass UA [W/K], 50 to 50 000.
        heat_j_per_k: heat capacity C of air, benches and soil surface [J/K], above that of the air.
        closed_per_h: air changes with closed vents [1/h], 0.2 to 2.
        open_per_h: air changes with open vents [1/h], 5 to 60.
        leaf_below_k: how much colder the leaves are than the air [K], -3 (sun) to 3 (clear night).
    """

    volume_m3: float = 600.0
    ua_w_per_k: float = 1800.0
    heat_j_per_k: float = 3.0e6
    closed_per_h: float = 0.5
    open_per_h: float = 20.0
    leaf_below_k: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a greenhouse that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "volume_m3", "ua_w_per_k", "heat_j_per_k")
        require.zero_or_more(self, "closed_per_h")
        require.within(self, -10.0, 10.0, "leaf_below_k")
        if not (math.isfinite(self.open_per_h) and self.open_per_h >= self.closed_per_h):
            msg = f"open_per_h is {self.open_per_h}: it must be at least closed_per_h, {self.closed_per_h}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        heat_w: heater and sun [W], zero or more.
        vapour_g_per_h: what plants, or somebody's breath, give [g/h], zero or more.
        vent: opening of the vents [1], 0 closed to 1.
        outside_c: outside [°C], -30 to 50.
        outside_pct: relative humidity outside [%], above 0 to 100.
    """

    heat_w: float = 0.0
    vapour_g_per_h: float = 0.0
    vent: float = 0.0
    outside_c: float = 12.0
    outside_pct: float = 75.0

    def __post_init__(self) -> None:
        """Refuse what no weather and no vent gives.

        Raises:
            ValueError: naming the input.
        """
        require.zero_or_more(self, "heat_w", "vapour_g_per_h")
        require.within(self, 0.0, 1.0, "vent")
        require.within(self, -60.0, 60.0, "outside_c")
        require.humidity(self.outside_pct)


@dataclass(frozen=True, slots=True)
class State:
    """Air [°C] and the vapour in it [g/m³]."""

    air_c: float
    vapour_g_per_m3: float


def state(air_c: float, humidity_pct: float) -> State:
    """Return the state of air at a temperature [°C] and a relative humidity [%].

    Raises:
        ValueError: a humidity that cannot be.
    """
    require.humidity(humidity_pct)
    return State(air_c, saturated_g_per_m3(air_c) * humidity_pct / 100)


def saturated_g_per_m3(air_c: float) -> float:
    """Return the vapour that air can hold [g/m³]: e_s/(R_v·T)."""
    return 1000 * 100 * moist_air.saturation_hpa(air_c) / (VAPOUR_J_PER_KG_K * (air_c + 273.15))


def humidity_pct(now: State) -> float:
    """Return the relative humidity [%], 100 at most."""
    return min(100 * now.vapour_g_per_m3 / saturated_g_per_m3(now.air_c), 100.0)


def vpd_kpa(air_c: float, humidity: float) -> float:
    """Return the vapour pressure deficit [kPa] of air [°C] at a relative humidity [%], by Tetens; 0 to 50 °C."""
    return 0.6108 * math.exp(17.27 * air_c / (air_c + 237.3)) * (1 - humidity / 100)


def leaf_c(now: State, house: Greenhouse) -> float:
    """Return the temperature of the leaves [°C]."""
    return now.air_c - house.leaf_below_k


def leaf_wet(now: State, house: Greenhouse) -> bool:
    """Tell whether dew forms on the leaves: they are colder than the dew point."""
    humidity = humidity_pct(now)
    return humidity > 0 and leaf_c(now, house) < moist_air.dew_point_c(now.air_c, humidity)


def exchange_m3_per_s(house: Greenhouse, vent: float) -> float:
    """Return the air exchange q [m³/s], from closed to open in proportion to the opening."""
    return house.volume_m3 * (house.closed_per_h + vent * (house.open_per_h - house.closed_per_h)) / 3600


def vent_w(now: State, house: Greenhouse, regime: Regime) -> float:
    """Return the heat that leaves through the vents [W]."""
    return AIR_J_PER_M3_K * exchange_m3_per_s(house, regime.vent) * (now.air_c - regime.outside_c)


def settled(house: Greenhouse, regime: Regime) -> tuple[float, float]:
    """Return where the air tends to [°C], and its time constant C/(UA + ρc_p·q) [s]."""
    loss_w_per_k = house.ua_w_per_k + AIR_J_PER_M3_K * exchange_m3_per_s(house, regime.vent)
    return regime.outside_c + regime.heat_w / loss_w_per_k, house.heat_j_per_k / loss_w_per_k


def step(now: State, house: Greenhouse, regime: Regime, dt_s: float) -> State:
    """Return the greenhouse `dt_s` seconds later. Exact.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    exchange = exchange_m3_per_s(house, regime.vent)
    warm, tau_s = settled(house, regime)
    air = warm + (now.air_c - warm) * math.exp(-dt_s / tau_s)
    outside = saturated_g_per_m3(regime.outside_c) * regime.outside_pct / 100
    passed = exchange * dt_s / house.volume_m3
    gone = -math.expm1(-passed)  # share of the air replaced; also right when hardly any is
    transpired = regime.vapour_g_per_h / 3600 * dt_s / house.volume_m3 * (gone / passed if passed else 1.0)
    return State(air, now.vapour_g_per_m3 + (outside - now.vapour_g_per_m3) * gone + transpired)
