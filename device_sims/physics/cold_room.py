"""A cold room as two nodes: the air with its shelves, and the goods.

Equations (a teaching model; `use_cases.md` §1, figures are orders of magnitude):

    C_a · dT_a/dt = (UA + G_d) · (T_out - T_a) + Q_f + h · (T_p - T_a) - u · Q_c
    C_p · dT_p/dt = h · (T_a - T_p)

The door is an exchange conductance G_d, not a heat flow: the air then never passes T_out + Q_f / (UA + G_d).
Solved exactly, `x(t+Δ) = x* + e^{AΔ}·(x(t) - x*)`, with the closed form of a 2×2 exponential by its two eigenvalues,
so the length of a step is a display choice and never a physical one.

Reference: Incropera, Fundamentals of Heat and Mass Transfer, lumped-capacitance method, written for two nodes.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColdRoom:
    """What a room is made of.

    Attributes:
        ua_w_per_k: wall conductance UA [W/K], 15 to 25.
        air_j_per_k: heat capacity C_a of air, shelves and inner skin [J/K], 60 000 to 150 000.
        product_j_per_k: heat capacity C_p of the goods [J/K], 300 000 to 800 000.
        exchange_w_per_k: exchange h between air and goods [W/K], 10 to 30.
        cooling_w: cooling Q_c0 of the running compressor [W], 1 500 to 2 500.
        cop: coefficient of performance [1], 1.5 to 3.
        internal_w: fan and light Q_f [W], 30 to 150.
        outside_c: temperature of the store room T_out [°C], 15 to 35.
        set_c: set point T_set of the thermostat [°C], -20 to +8.
        band_k: half width ΔT of its band [K], 0.5 to 2.
    """

    ua_w_per_k: float = 20.0
    air_j_per_k: float = 120_000.0
    product_j_per_k: float = 600_000.0
    exchange_w_per_k: float = 15.0
    cooling_w: float = 2000.0
    cop: float = 2.0
    internal_w: float = 60.0
    outside_c: float = 22.0
    set_c: float = 3.0
    band_k: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a room that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        for name in ("ua_w_per_k", "air_j_per_k", "product_j_per_k", "exchange_w_per_k", "cop", "band_k"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                msg = f"{name} is {value}: it must be above zero"
                raise ValueError(msg)
        for name in ("cooling_w", "internal_w"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                msg = f"{name} is {value}: it must be zero or more"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        door_w_per_k: door conductance G_d [W/K]: 0 closed, 42 strip curtain, 110 ajar, 400 wide open.
        cooling: share of Q_c0 that reaches the room [1], 0 to 1; 0 for a dead compressor, less than 1 for an iced fan.
        internal: share of Q_f that is there [1]; 0 in a power cut.
        extra_ua_w_per_k: added to UA [W/K]; a worn gasket.
        forced_off: the thermostat is not obeyed; a defrost.
    """

    door_w_per_k: float = 0.0
    cooling: float = 1.0
    internal: float = 1.0
    extra_ua_w_per_k: float = 0.0
    forced_off: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Air T_a and goods T_p [°C], and whether the thermostat calls for cold."""

    air_c: float
    product_c: float
    running: bool = False


@dataclass(frozen=True, slots=True)
class Propagator:
    """One exact step of a length and a regime: `x* + M·(x - x*)`, both nodes settling at `settled_c` [°C]."""

    air_air: float
    air_product: float
    product_air: float
    product_product: float
    settled_c: float


def settled_c(room: ColdRoom, regime: Regime, *, running: bool) -> float:
    """Return where air and goods both end [°C]: T_out + (Q_f - u·Q_c) / (UA + G_d)."""
    heat_w = regime.internal * room.internal_w - running * regime.cooling * room.cooling_w
    return room.outside_c + heat_w / (room.ua_w_per_k + regime.extra_ua_w_per_k + regime.door_w_per_k)


def rates_per_s(room: ColdRoom, regime: Regime) -> tuple[float, float]:
    """Return the two eigenvalues of A [1/s], both negative, the fast one (door, walls) first.

    A = [[-(UA + G_d + h)/C_a, h/C_a], [h/C_p, -h/C_p]]; trace² - 4·det is above zero for any room.
    """
    walls = room.ua_w_per_k + regime.extra_ua_w_per_k + regime.door_w_per_k
    air = (walls + room.exchange_w_per_k) / room.air_j_per_k
    product = room.exchange_w_per_k / room.product_j_per_k
    fast = (air + product + math.sqrt((air + product) ** 2 - 4 * walls * product / room.air_j_per_k)) / 2
    return -fast, -walls * product / room.air_j_per_k / fast  # det / fast: no cancellation


def propagator(room: ColdRoom, regime: Regime, dt_s: float, *, running: bool) -> Propagator:
    """Return the exact step of `dt_s` seconds.

    e^{AΔ} = (e^{λ1Δ}·(A - λ2·I) - e^{λ2Δ}·(A - λ1·I)) / (λ1 - λ2).

    Raises:
        ValueError: `dt_s` is negative.
    """
    if dt_s < 0:
        msg = f"dt_s is {dt_s}: time does not run backwards"
        raise ValueError(msg)
    fast, slow = rates_per_s(room, regime)
    walls = room.ua_w_per_k + regime.extra_ua_w_per_k + regime.door_w_per_k
    a11 = -(walls + room.exchange_w_per_k) / room.air_j_per_k
    a12 = room.exchange_w_per_k / room.air_j_per_k
    a21 = room.exchange_w_per_k / room.product_j_per_k
    e_fast = math.exp(fast * dt_s) / (fast - slow)
    e_slow = math.exp(slow * dt_s) / (fast - slow)
    return Propagator(
        air_air=e_fast * (a11 - slow) - e_slow * (a11 - fast),
        air_product=(e_fast - e_slow) * a12,
        product_air=(e_fast - e_slow) * a21,
        product_product=e_fast * (-a21 - slow) - e_slow * (-a21 - fast),
        settled_c=settled_c(room, regime, running=running),
    )


def step(state: State, room: ColdRoom, regime: Regime, dt_s: float) -> State:
    """Return the room `dt_s` seconds later, the compressor staying as it is.

    Raises:
        ValueError: `dt_s` is negative.
    """
    one = propagator(room, regime, dt_s, running=state.running and not regime.forced_off)
    air, product = state.air_c - one.settled_c, state.product_c - one.settled_c
    return State(
        one.settled_c + one.air_air * air + one.air_product * product,
        one.settled_c + one.product_air * air + one.product_product * product,
        state.running,
    )


def thermostat(air_c: float, room: ColdRoom, *, running: bool) -> bool:
    """Return whether the compressor is called: on at T_set + ΔT, off at T_set - ΔT, unchanged between."""
    if air_c >= room.set_c + room.band_k:
        return True
    return running and air_c > room.set_c - room.band_k


@dataclass(frozen=True, slots=True)
class Seconds:
    """The exact one-second steps of a regime, made once: a day of history then takes a tenth of a second."""

    room: ColdRoom
    forced_off: bool
    off: Propagator
    on: Propagator


def seconds(room: ColdRoom, regime: Regime) -> Seconds:
    """Prepare the one-second steps of a regime."""
    return Seconds(
        room=room,
        forced_off=regime.forced_off,
        off=propagator(room, regime, 1.0, running=False),
        on=propagator(room, regime, 1.0, running=True),
    )


def advance(state: State, steps: Seconds, count: int) -> tuple[State, list[float], list[float]]:
    """Run up to `count` seconds with the thermostat tested each second; stop after the second in which it acts.

    Returns:
        The state reached, and the air and product temperatures [°C] at the end of each second that passed.
    """
    running = False if steps.forced_off else thermostat(state.air_c, steps.room, running=state.running)
    if running != state.running:
        return State(state.air_c, state.product_c, running), [], []
    one = steps.on if running else steps.off
    low = steps.room.set_c - steps.room.band_k if running else -math.inf
    high = math.inf if running or steps.forced_off else steps.room.set_c + steps.room.band_k
    aa, ap, pa, pp = one.air_air, one.air_product, one.product_air, one.product_product
    air, product, rest = state.air_c - one.settled_c, state.product_c - one.settled_c, one.settled_c
    low, high = low - rest, high - rest
    airs: list[float] = []
    products: list[float] = []
    for _ in range(count):
        air, product = aa * air + ap * product, pa * air + pp * product
        airs.append(air + rest)
        products.append(product + rest)
        if not low < air < high:
            running = not running
            break
    return State(air + rest, product + rest, running), airs, products


def electric_w(room: ColdRoom, *, running: bool) -> float:
    """Return the electrical power of the compressor [W]: u·Q_c0/COP, also when ice keeps its cold from the room."""
    return room.cooling_w / room.cop if running else 0.0


def iced(elapsed_s: float, decay_s: float) -> float:
    """Return the share of the cooling that an icing fan still delivers: e^{-t/τ}, τ = 6 h in the use case.

    Raises:
        ValueError: `decay_s` is not above zero.
    """
    if decay_s <= 0:
        msg = f"decay_s is {decay_s}: it must be above zero"
        raise ValueError(msg)
    return math.exp(-max(elapsed_s, 0.0) / decay_s)


def in_defrost(day_s: float, starts_s: tuple[float, ...], length_s: float) -> bool:
    """Tell whether an off-cycle defrost runs at `day_s` seconds after midnight, each `length_s` long."""
    return any((day_s - start) % 86_400 < length_s for start in starts_s)
