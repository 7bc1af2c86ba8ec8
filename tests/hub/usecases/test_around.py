"""The chart around an alarm: the curves its rule looked at, from when to when, with which limits."""

from typing import Any

import pytest

from hub.model import NS, Alarm, Evidence
from hub.usecases import find, names
from hub.usecases.around import chart

RAISED = 1_800_000_000 * NS
LEVELS = {"limit_high", "limit_low", "forecast", "share", "every_period"}
"""Kinds of rules that compare a measure with a level: there is always a line to draw."""


def around(usecase: str, rule: str, **other: object) -> dict[str, Any]:
    """Return the chart around an alarm of a rule."""
    case = find(usecase)
    plain: dict[str, object] = {
        "id": f"{usecase}.{rule}-real-1",
        "usecase": usecase,
        "rule": rule,
        "measure": case.rule(rule).measure,
        "device": "tasmota:own",
        "run": "a-run",
        "priority": "medium",
        "raised_at": RAISED,
        "since": RAISED - 900 * NS,
        "texts": {"fr": "x", "en": "x"},
    }
    alarm = Alarm(**(plain | other))  # type: ignore[arg-type]
    return chart(case, case.rule(rule), alarm)


def bounds(usecase: str, rule: str, **other: object) -> list[tuple[str, float, bool]]:
    """Return (measure, value, low) of the limits drawn."""
    return [(each["measure"], each["value"], each["low"]) for each in around(usecase, rule, **other)["limits"]]


def test_a_limit_is_drawn_on_the_curve_it_is_about() -> None:
    """Title, unit and place of the curve; the limit with its words; an hour before the condition began."""
    found = around("cold_room", "air_high")
    (curve,) = found["series"]
    assert (curve["measure"], curve["unit"], curve["decimals"]) == ("air", "°C", 1)
    assert (curve["device"], curve["channel"]) == ("tasmota:own", "temperature_ds18b20_1")
    assert curve["title"] == {"fr": "Air", "en": "Air"}
    (limit,) = found["limits"]
    assert limit == {"measure": "air", "value": 4.0, "low": False, "label": limit["label"]}
    assert "4" in limit["label"]["fr"]
    assert (found["start"], found["stop"]) == ("2027-01-15T06:45:00Z", "2027-01-15T08:30:00Z")


def test_the_chart_goes_on_to_the_return() -> None:
    """What happened until it was well again, and half an hour of it."""
    assert around("cold_room", "air_high", returned_at=RAISED + 7200 * NS)["stop"] == "2027-01-15T10:30:00Z"


def test_a_state_shows_everything_it_looked_at() -> None:
    """Power and air, each from its own device and with its own limit: too little of one, too much of the other."""
    found = around("cold_room", "compressor_no_start")
    assert [each["device"] for each in found["series"]] == ["tasmota:own", "tasmota:coldroom-sim-probe"]
    assert bounds("cold_room", "compressor_no_start") == [("power", 50.0, True), ("air", 4.0, False)]


def test_the_limit_of_the_alarm_itself_is_drawn() -> None:
    """One that followed a measure stays what it was when the alarm was raised."""
    assert bounds("vineyard_frost", "bud_damage", params={"limit": -3.2}) == [("bud", -3.2, True)]


def test_a_forecast_falls_or_rises_to_its_limit() -> None:
    """Air of a room rises to 1500 ppm; the wet bulb of a night falls to 0.5 °C."""
    rising = bounds("room_co2", "soon_1500", evidence=(Evidence("co2", 1100.0, RAISED),))
    assert rising[0] == ("co2", 1500.0, False)
    falling = bounds("vineyard_frost", "get_up", evidence=(Evidence("wet", 1.9, RAISED),))
    assert falling[0] == ("wet", 0.5, True)


@pytest.mark.parametrize("usecase", names())
def test_every_rule_has_a_chart(usecase: str) -> None:
    """Its own measure first; every limit belongs to a curve that is drawn; what is compared with a level shows it."""
    case = find(usecase)
    for rule in case.all_rules:
        found = around(usecase, rule.id)
        drawn = [each["measure"] for each in found["series"]]
        assert drawn[0] == rule.measure, rule.id
        assert {each["measure"] for each in found["limits"]} <= {*drawn}, rule.id
        if type(rule).__struct_config__.tag in LEVELS and isinstance(getattr(rule, "limit", 0.0), float):
            assert found["limits"], rule.id
