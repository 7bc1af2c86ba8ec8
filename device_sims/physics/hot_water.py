"""Hot water: a stratified tank of three layers and the loop that keeps the taps warm.

Equations (`use_cases.md` §9; figures are orders of magnitude), per litre of water, flows in litres a second:

    V_1·dT_1/dt = f·(T_set - T_1) + m·(T_2 - T_1) - k·(T_1 - T_amb)          top, where water departs
    V_2·dT_2/dt = m·(T_3 - T_2) + n·(T_1 - T_2) - k·(T_2 - T_amb)
    V_3·dT_3/dt = n·(T_2 - T_3) + d·(T_cold - T_3) + p·(T_r - T_3) - k·(T_3 - T_amb)
    V_l·dT_r/dt = p·(T_1 - T_r) - (V_l/τ)·(T_r - T_amb)                       the loop's return

The heater takes f from the bottom and gives it back to the top at T_set; taps draw d, the pump moves p round the
loop; what is left over goes through the layers, n = max(f - d - p, 0) down or m = max(d + p - f, 0) up. Linear while
flows hold: solved by `linear.propagator`, whatever the step.

Reference: `use_cases.md` §9; Duffie and Beckman, Solar Engineering of Thermal Processes, ch. 8, multinode storage.
"""

from dataclasses import dataclass

from device_sims.physics import linear, require

LAYERS = 3
J_PER_L_K = 4180.0
"""Heat capacity of a litre of water [J/(L·K)]."""


@dataclass(frozen=True, slots=True)
class Plant:
    """What the installation is made of.

    Attributes:
        tank_l: content of the tank [L], 100 to 5 000.
        loop_l: water in the loop V_l [L], 5 to 500.
        loop_h: time constant τ of the loop at rest [h], 0.5 to 10.
        tank_w_per_k: heat loss of the whole tank [W/K], 0.5 to 20.
        set_c: what the heater gives T_set [°C], 45 to 80.
        cold_c: cold water T_cold [°C], 5 to 25.
        ambient_c: around tank and loop T_amb [°C], 5 to 35.
    """

    tank_l: float = 500.0
    loop_l: float = 40.0
    loop_h: float = 2.45
    tank_w_per_k: float = 3.0
    set_c: float = 60.0
    cold_c: float = 12.0
    ambient_c: float = 20.0

    def __post_init__(self) -> None:
        """Refuse an installation that cannot exist.

        Raises:
            ValueError: naming the parameter.
        """
        require.above_zero(self, "tank_l", "loop_l", "loop_h")
        require.zero_or_more(self, "tank_w_per_k")
        require.within(self, 0.0, 100.0, "set_c", "cold_c", "ambient_c")

    @property
    def loop_w_per_k(self) -> float:
        """Heat loss of the loop [W/K]."""
        return self.loop_l * J_PER_L_K / (3600 * self.loop_h)


@dataclass(frozen=True, slots=True)
class Regime:
    """What holds constant over a step.

    Attributes:
        heater_l_per_s: flow f through the heater [L/s], 0 when it rests.
        pump_l_per_s: flow p round the loop [L/s], 0 when the pump is stopped.
        taps_l_per_s: hot water drawn d [L/s].
    """

    heater_l_per_s: float = 0.2
    pump_l_per_s: float = 0.04
    taps_l_per_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse water that flows backwards.

        Raises:
            ValueError: naming the flow.
        """
        require.zero_or_more(self, "heater_l_per_s", "pump_l_per_s", "taps_l_per_s")


@dataclass(frozen=True, slots=True)
class State:
    """Top (the departure), middle and bottom of the tank, and the loop's return [°C]."""

    top_c: float = 60.0
    middle_c: float = 60.0
    bottom_c: float = 60.0
    return_c: float = 55.0


def propagator(plant: Plant, regime: Regime, dt_s: float) -> linear.Matrix:
    """Return the step of `dt_s` seconds; made once for a regime, `linear.apply` does the rest.

    Raises:
        ValueError: `dt_s` is negative.
    """
    require.forward(dt_s)
    heater, pump, taps = regime.heater_l_per_s, regime.pump_l_per_s, regime.taps_l_per_s
    down, up = max(heater - taps - pump, 0.0), max(taps + pump - heater, 0.0)
    loss = plant.tank_w_per_k / LAYERS / J_PER_L_K
    layer = plant.tank_l / LAYERS
    loop_loss = plant.loop_l / (3600 * plant.loop_h)
    rates = (
        (-(heater + up + loss) / layer, up / layer, 0.0, 0.0),
        (down / layer, -(up + down + loss) / layer, up / layer, 0.0),
        (0.0, down / layer, -(down + taps + pump + loss) / layer, pump / layer),
        (pump / plant.loop_l, 0.0, 0.0, -(pump + loop_loss) / plant.loop_l),
    )
    sources = (
        (heater * plant.set_c + loss * plant.ambient_c) / layer,
        loss * plant.ambient_c / layer,
        (taps * plant.cold_c + loss * plant.ambient_c) / layer,
        loop_loss * plant.ambient_c / plant.loop_l,
    )
    return linear.propagator(rates, sources, dt_s)


def step(state: State, plant: Plant, regime: Regime, dt_s: float) -> State:
    """Return tank and loop `dt_s` seconds later, within 1e-8 K.

    Raises:
        ValueError: `dt_s` is negative.
    """
    before = (state.top_c, state.middle_c, state.bottom_c, state.return_c)
    return State(*linear.apply(propagator(plant, regime, dt_s), before))


def heater_w(state: State, plant: Plant, regime: Regime) -> float:
    """Return the heat that the heater gives now [W]: what it takes from the bottom, brought to T_set."""
    return regime.heater_l_per_s * J_PER_L_K * (plant.set_c - state.bottom_c)
