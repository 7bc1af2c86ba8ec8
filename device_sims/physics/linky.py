"""What a French Linky meter makes of the loads behind it: apparent power, current, tariff periods, indexes.

Equations (`use_cases.md` §3), loads i of active power P_i and power factor cos φ_i, all inductive:

    P = ΣP_i · Q = ΣP_i·tan φ_i · S = √(P² + Q²) · index = ∫P dt
    PAPP = S to 10 VA · IINST = S/U to the nearest ampere · indexes in whole Wh, by tariff period

Energy is kept in joules: whole watts over whole seconds add up without any rounding, other values within 10⁻¹⁶ of the
index a step. A whole Wh may show `EDGE_WH` early, so that rounding holds no tick back.

Source: Enedis-NOI-CPT_54E, Sorties de télé-information client des appareils de comptage Linky, historic mode (labels
and units); S from P and Q by Boucherot's theorem.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from device_sims.physics import require
from device_sims.physics.hours import Hours

AMPERES_PER_KVA = 5.0
"""ISOUSC of a subscription: 12 kVA are 60 A, at the 200 V that the tariff counts with."""
OFF_PEAK = Hours(((22.0, 6.0),))
EDGE_WH = 1e-6
J_PER_WH = 3600.0


@dataclass(frozen=True, slots=True)
class Load:
    """An appliance that is on.

    Attributes:
        power_w: active power P_i [W], 0 to 36 000.
        power_factor: cos φ_i [1], above 0, at most 1.
    """

    power_w: float
    power_factor: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a load that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.zero_or_more(self, "power_w")
        require.above_zero(self, "power_factor")
        require.within(self, 0.0, 1.0, "power_factor")


@dataclass(frozen=True, slots=True)
class Drawn:
    """What all loads draw together: active power P [W] and reactive power Q [var]."""

    active_w: float = 0.0
    reactive_var: float = 0.0

    @property
    def apparent_va(self) -> float:
        """Apparent power S = √(P² + Q²) [VA]."""
        return math.hypot(self.active_w, self.reactive_var)


@dataclass(frozen=True, slots=True)
class Contract:
    """What the meter was set to.

    Attributes:
        subscribed_va: subscribed power [VA], 3 000 to 36 000.
        volts: voltage U between phase and neutral [V], 207 to 253.
        off_peak: hours of the cheap tariff; the others are peak hours.
    """

    subscribed_va: float = 12_000.0
    volts: float = 230.0
    off_peak: Hours = OFF_PEAK

    def __post_init__(self) -> None:
        """Refuse a contract that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "subscribed_va", "volts")


@dataclass(frozen=True, slots=True)
class State:
    """What the meter counted, peak and off-peak [J], and its largest current so far, IMAX [A]."""

    peak_j: float = 0.0
    off_peak_j: float = 0.0
    largest_a: int = 0

    @property
    def peak_wh(self) -> int:
        """The index HCHP [Wh]: what was counted, without the Wh that is not complete."""
        return _whole_wh(self.peak_j)

    @property
    def off_peak_wh(self) -> int:
        """The index HCHC [Wh]."""
        return _whole_wh(self.off_peak_j)


def counted(peak_wh: float, off_peak_wh: float) -> State:
    """Return a meter that shows two indexes [Wh], the start of a run."""
    return State(peak_wh * J_PER_WH, off_peak_wh * J_PER_WH)


def drawn(loads: Iterable[Load]) -> Drawn:
    """Return what loads draw together: ΣP_i and ΣP_i·tan φ_i, by an exactly rounded sum in whatever order."""
    on = list(loads)
    tangents = (load.power_w * math.sqrt(1.0 - load.power_factor**2) / load.power_factor for load in on)
    return Drawn(math.fsum(load.power_w for load in on), math.fsum(tangents))


def papp_va(power: Drawn) -> int:
    """Return PAPP [VA]: the apparent power to 10 VA, halves upwards."""
    return math.floor(power.apparent_va / 10 + 0.5) * 10


def iinst_a(power: Drawn, contract: Contract) -> int:
    """Return IINST [A]: the apparent power over the voltage, to the nearest ampere, halves upwards."""
    return math.floor(power.apparent_va / contract.volts + 0.5)


def isousc_a(contract: Contract) -> int:
    """Return ISOUSC [A], the subscribed power as a current: 60 for 12 kVA."""
    return round(contract.subscribed_va / 1000 * AMPERES_PER_KVA)


def share(power: Drawn, contract: Contract) -> float:
    """Return the apparent power as a share of the subscribed one [1]."""
    return power.apparent_va / contract.subscribed_va


def ptec(contract: Contract, week_s: float) -> str:
    """Return PTEC, the tariff now: `HC..` off-peak, `HP..` peak."""
    return "HC.." if contract.off_peak.hold(week_s) else "HP.."


def step(state: State, contract: Contract, power: Drawn, week_s: float, dt_s: float) -> State:
    """Return the meter `dt_s` seconds later, the loads staying as they are; tariff changes within are cut exactly.

    Args:
        state: what was counted before.
        contract: the subscription.
        power: what is drawn all along.
        week_s: seconds after Monday midnight at which the step begins.
        dt_s: its length [s].

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    peak_s, off_peak_s = split_s(contract.off_peak, week_s, dt_s)
    largest_a = max(state.largest_a, iinst_a(power, contract)) if dt_s > 0 else state.largest_a
    return replace(
        state,
        peak_j=state.peak_j + power.active_w * peak_s,
        off_peak_j=state.off_peak_j + power.active_w * off_peak_s,
        largest_a=largest_a,
    )


def split_s(off_peak: Hours, week_s: float, dt_s: float) -> tuple[float, float]:
    """Return how much of a step is peak and how much off-peak [s]."""
    spent_s = {True: 0.0, False: 0.0}
    passed_s = 0.0
    while passed_s < dt_s:
        cheap = off_peak.hold(week_s + passed_s)
        piece_s = min(off_peak.until_change_s(week_s + passed_s), dt_s - passed_s)
        spent_s[cheap] += piece_s
        passed_s += piece_s
    return spent_s[False], spent_s[True]


def _whole_wh(energy_j: float) -> int:
    return math.floor(energy_j / J_PER_WH + EDGE_WH)
