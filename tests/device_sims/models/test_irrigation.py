"""A field as its probes see it: the tensions of use_cases.md §9, and water that is all accounted for."""

import random
from collections.abc import Mapping

import pytest

from device_sims.models import Active, Begin, Kind, kind
from device_sims.models.irrigation import Effect, Field, Initial, Parameters

HOUR, DAY = 3600, 86_400
MODEL: Kind = kind("irrigation")
DRY = Parameters(rain_share=0.0)


def field(parameters: Parameters = DRY, initial: Initial | None = None, *, seed: int = 7) -> Field:
    """Return a field whose run's time zero is midnight of 20 July."""
    begin = Begin(0, 0, 200, lambda name: random.Random(f"{seed}/{name}"))
    made = Field(parameters, initial or Initial(), begin)
    made.act([], {}, 0)
    return made


def pass_time(model: Field, start_s: int, stop_s: int) -> Mapping[str, float]:
    """Let time pass; return the measures at its end."""
    while start_s < stop_s:
        start_s += model.advance(start_s, stop_s - start_s)[0]
    return model.values()


def test_half_the_reserve_is_gone_after_twelve_days_and_a_half() -> None:
    """4 mm a day of 100 mm: 79.2 cb, by noon of the sun; 50 cb on the tenth day."""
    model = field()
    assert pass_time(model, 0, 9 * DAY)["a_30"] < 50 < pass_time(model, 9 * DAY, 10 * DAY)["a_30"]
    assert pass_time(model, 10 * DAY, 12 * DAY + 13 * HOUR)["a_30"] == pytest.approx(79.2, abs=0.1)


def test_roots_drink_by_day() -> None:
    """Nothing before sunrise."""
    model = field()
    assert pass_time(model, 0, 6 * HOUR)["a_30"] == pytest.approx(15)
    assert pass_time(model, 6 * HOUR, DAY)["a_30"] > 16


def test_no_water_is_lost() -> None:
    """Rain of the year and irrigation: what is there, what drained, what was drunk."""
    model = field(Parameters(), Initial(upper_mm=(60.0, 60.0, 60.0), lower_mm=80.0))
    model.act([], {"valve": 1.0}, 0)
    pass_time(model, 0, 2 * DAY)
    model.act([], {"valve": 0.0}, 2 * DAY)
    values = pass_time(model, 2 * DAY, 20 * DAY)
    brought = values["rain"] + values["watered"]
    upper, lower = model.upper[0], model.lower[0]
    assert values["rain"] > 0
    assert values["watered"] == pytest.approx(288)
    assert 60 + brought == pytest.approx(upper.water_mm + upper.drained_mm + 20 * 4 - upper.lacked_mm)
    assert 80 + upper.drained_mm == pytest.approx(lower.water_mm + lower.drained_mm + 20 * 4 * 0.3 - lower.lacked_mm)


def test_the_valve_obeys_and_no_field_is_watered_evenly() -> None:
    """Reported on, 6 mm an hour; point b gets the least."""
    model = field(initial=Initial(upper_mm=(50.0, 50.0, 50.0)))
    model.act([], {"valve": 1.0}, 0)
    values = pass_time(model, 0, HOUR)
    assert values["valve"] == 1
    assert values["watered"] == pytest.approx(6)
    assert values["c_30"] < values["a_30"] < values["b_30"]


def test_a_hand_at_the_box_waters_until_somebody_orders_otherwise() -> None:
    """The relay says on; an order goes first."""
    model = field()
    model.act([Active(Effect(watering=True), 1.0, 0)], {}, 0)
    assert pass_time(model, 0, HOUR)["watered"] == pytest.approx(6)
    assert model.values()["valve"] == 1
    model.act([Active(Effect(watering=True), 1.0, 0)], {"valve": 0.0}, HOUR)
    assert pass_time(model, HOUR, 2 * HOUR)["watered"] == pytest.approx(6)
    assert model.values()["valve"] == 0


@pytest.mark.parametrize(
    ("effect", "order", "brought"), [(Effect(valve_shut=True), 1.0, 0), (Effect(valve_open=True), 0.0, 6)]
)
def test_a_stuck_valve_does_not_do_what_its_relay_says(effect: Effect, order: float, brought: float) -> None:
    """Shut though on, open though off."""
    model = field()
    model.act([Active(effect, 1.0, 0)], {"valve": order}, 0)
    values = pass_time(model, 0, HOUR)
    assert values["valve"] == order
    assert values["watered"] == pytest.approx(brought)


def test_a_clogged_line_leaves_one_point_dry() -> None:
    """Point b alone."""
    model = field(initial=Initial(upper_mm=(50.0, 50.0, 50.0)))
    model.act([Active(Effect(dry_line="b"), 1.0, 0)], {"valve": 1.0}, 0)
    values = pass_time(model, 0, 4 * HOUR)
    assert values["b_30"] == pytest.approx(79.2, abs=0.1)
    assert values["a_30"] < 50


def test_a_shower_and_a_hot_wind_scale_with_their_intensity() -> None:
    """10 mm/h twice as strong for an hour; 3 mm/day more."""
    model = field(initial=Initial(upper_mm=(50.0, 50.0, 50.0)))
    model.act([Active(Effect(rain_mm_per_h=10.0), 2.0, 0)], {}, 0)
    assert pass_time(model, 0, HOUR)["rain"] == pytest.approx(20)
    model.act([Active(Effect(extra_et0_mm_per_day=3.0), 1.0, HOUR)], {}, HOUR)
    pass_time(model, HOUR, DAY)
    assert model.upper[0].water_mm == pytest.approx(70 - 7)


def test_a_pot_is_watered_once() -> None:
    """20 mm at once, never more than it holds, and the field does not know."""
    model = field()
    dry = model.values()["pot"]
    model.act([Active(Effect(pot_mm=12.0), 1.0, 0)], {}, 0)
    wet = model.values()["pot"]
    model.act([Active(Effect(pot_mm=12.0), 1.0, 0)], {}, 60)
    assert model.values()["pot"] == wet < dry
    assert model.values()["a_30"] == pytest.approx(15)


def test_the_lower_probe_follows_later() -> None:
    """After a dry week 60 cm down is wetter than 30 cm."""
    values = pass_time(field(), 0, 7 * DAY)
    assert values["a_60"] < values["a_30"]
