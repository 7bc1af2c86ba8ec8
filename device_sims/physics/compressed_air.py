"""A compressed-air receiver that leaks and is used, and the compressor that fills it again.

Equations (`use_cases.md` §9; figures are orders of magnitude):

    V·dP/dt = (u·q_c - q)·p_atm          u ∈ {0, 1}; flows in normal litres, at p_atm = 1 bar and 20 °C
    u becomes 1 at P ≤ P_on, 0 at P ≥ P_off

Isothermal, constant rates: the instants at which the compressor switches are solved, not looked for, so a state does
not depend on the number of steps to it. A use that the compressor cannot feed empties the receiver, no further.

Reference: `use_cases.md` §9; ISO 1217, reference conditions 1 bar and 20 °C; 0.12 kWh/m³ at 7 bar is a trade figure.
"""

import math
from dataclasses import dataclass

from device_sims.physics import require

ATMOSPHERE_BAR = 1.0
SCFM_NL_PER_MIN = 28.3168
"""One standard cubic foot a minute [NL/min]."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the installation is made of.

    Attributes:
        volume_l: receiver and pipes V [L], 50 to 5 000.
        delivery_nl_per_min: what the running compressor gives q_c [NL/min], 100 to 10 000.
        on_bar: gauge pressure P_on at which it starts [bar], 4 to 12.
        off_bar: gauge pressure P_off at which it stops [bar], above P_on.
        kwh_per_m3: electricity for a normal cubic metre [kWh/m³], 0.10 to 0.16.
    """

    volume_l: float = 500.0
    delivery_nl_per_min: float = 850.0
    on_bar: float = 7.0
    off_bar: float = 8.0
    kwh_per_m3: float = 0.12

    def __post_init__(self) -> None:
        """Refuse an installation that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "volume_l", "delivery_nl_per_min", "on_bar", "off_bar", "kwh_per_m3")
        if self.off_bar <= self.on_bar:
            msg = f"off_bar is {self.off_bar}: it must be above on_bar, {self.on_bar}"
            raise ValueError(msg)

    @property
    def running_w(self) -> float:
        """Electrical power of the running compressor [W]."""
        return self.kwh_per_m3 * self.delivery_nl_per_min * 60


@dataclass(frozen=True, slots=True)
class State:
    """Gauge pressure [bar], whether the compressor runs, and for how long it has run in all [s]."""

    pressure_bar: float = 8.0
    running: bool = False
    ran_s: float = 0.0


def step(state: State, receiver: Receiver, use_nl_per_min: float, dt_s: float, *, powered: bool = True) -> State:
    """Return the receiver `dt_s` seconds later.

    Args:
        state: where it is now.
        receiver: its constants.
        use_nl_per_min: tools and leaks q [NL/min], zero or more.
        dt_s: length of the step [s].
        powered: the compressor may run.

    Error: rounding only, below 1e-9 bar a start of the compressor.

    Raises:
        ValueError: `dt_s` or the use is negative.
    """
    require.forward(dt_s)
    if not (math.isfinite(use_nl_per_min) and use_nl_per_min >= 0):
        msg = f"use_nl_per_min is {use_nl_per_min}: it must be zero or more"
        raise ValueError(msg)
    pressure, running, ran = state.pressure_bar, state.running, state.ran_s
    while True:
        running = powered and _called(pressure, receiver, running=running)
        rate = rate_bar_per_s(receiver, use_nl_per_min, running=running)
        goal = receiver.off_bar if running else receiver.on_bar if powered else -math.inf
        until = (goal - pressure) / rate if (goal - pressure) * rate > 0 else math.inf
        length = min(dt_s, until)
        ran += length * running
        dt_s -= length
        if dt_s <= 0:
            return State(max(pressure + rate * length, 0.0), running, ran)
        pressure = goal


def rate_bar_per_s(receiver: Receiver, use_nl_per_min: float, *, running: bool) -> float:
    """Return how fast the pressure rises [bar/s]."""
    delivered = receiver.delivery_nl_per_min if running else 0.0
    return (delivered - use_nl_per_min) * ATMOSPHERE_BAR / receiver.volume_l / 60


def duty(receiver: Receiver, use_nl_per_min: float) -> float:
    """Return the share of the time that the compressor runs [1] to feed a use: q / q_c, at most 1."""
    return min(use_nl_per_min / receiver.delivery_nl_per_min, 1.0)


def leak_kwh(receiver: Receiver, leak_nl_per_min: float, hours: float) -> float:
    """Return the electricity that a leak takes over so many hours under pressure [kWh]."""
    return leak_nl_per_min * 60 / 1000 * receiver.kwh_per_m3 * hours


def _called(pressure: float, receiver: Receiver, *, running: bool) -> bool:
    if pressure <= receiver.on_bar:
        return True
    return running and pressure < receiver.off_bar
