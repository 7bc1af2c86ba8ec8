"""Euros: the figures of use_cases.md, what people chose, what a session measured, and what is to be bought."""

import ast
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hub.errors import NotFoundError, UsageError
from hub.measured import Looking
from hub.model import NS, Quality, Reading, TimeSource
from hub.rules.calendar import Calendar
from hub.usecases import find, names
from hub.usecases import money as money_module
from hub.usecases.choosing import NOTHING, Price, bill, choose, price
from hub.usecases.costing import Told, money
from hub.usecases.money import extent, spelled, worth
from hub.usecases.schema import Card
from servers.web import FakeHistory

STATED = {
    ("cold_room", "goods"): 240,
    ("cold_room", "gasket"): 89,
    ("cold_room", "readings"): 487,
    ("cold_room", "electricity"): 5.28 * 365 * 0.245,
    ("room_co2", "useless_air"): 660,
    ("workshop_energy", "forgotten"): 612,
    ("machine_vibration", "stop"): 900,
    ("beehive", "trips"): 480,
    ("beehive", "flow"): 2.34 * 12,
    ("vineyard_frost", "false_alarm"): 480,
    ("silo", "emergencies"): 400,
    ("water_leak", "leak"): 950,
    ("compressed_air", "leak"): 2190,
}
"""(use case, card) → € of use_cases.md, §1 to §9."""
STORIES = (
    "cold_room",
    "room_co2",
    "workshop_energy",
    "machine_vibration",
    "water_leak",
    "beehive",
    "vineyard_frost",
    "silo",
)
RUN = "air-20261124t000000z-0000"
NIGHT = 1_795_478_400 * NS  # 2026-11-24, midnight


@pytest.mark.parametrize(("case", "card"), STATED)
def test_the_defaults_give_the_euros_of_the_document(case: str, card: str) -> None:
    """Within one percent: the document rounds."""
    (found,) = (each for each in find(case).money if each.id == card)
    assert worth(found) == pytest.approx(STATED[case, card], rel=0.01)


@pytest.mark.parametrize("name", names())
def test_each_card_is_spelled_out_and_has_a_range(name: str) -> None:
    """With the numbers in it, in both languages; what it gives lies within."""
    for card in find(name).money:
        low, high = extent(card)
        assert low <= worth(card) <= high
        said = spelled(card)
        assert said.fr.partition(" = ")[2].endswith(card.unit.fr)
        assert said.en.partition(" = ")[2].endswith(card.unit.en)
        assert "_" not in said.en + said.fr


@pytest.mark.parametrize("reading", [worth, extent, spelled])
def test_a_formula_is_read_by_one_thread_at_a_time_and_once(
    monkeypatch: pytest.MonkeyPatch, reading: Callable[[Card], object]
) -> None:
    """CPython 3.11 raises SystemError where two threads read Python's grammar at once: a report was refused."""
    money_module._parsed.cache_clear()
    card = msgspec.structs.replace(find("cold_room").money[0], formula="stock * 2 + stock * 0.5")
    parse, locked = ast.parse, list[bool]()

    def seen(*source: Any, **how: Any) -> Any:  # noqa: ANN401 — as `ast.parse`
        locked.append(money_module._READING.locked())
        return parse(*source, **how)

    monkeypatch.setattr(ast, "parse", seen)
    reading(card)
    reading(card)
    assert locked == [True]


def test_a_formula_is_spelled_with_the_numbers_in_it() -> None:
    """Brackets stay, and what was chosen is in it."""
    goods = find("cold_room").money[0]
    assert spelled(goods, {"stock": 1500}).fr == "1\u202f500\u00a0€ × 0,10\u00a0par an × 0,80 = 120\u00a0€/an"
    repair = find("machine_vibration").money[1]
    assert spelled(repair).en.startswith("(2,000\u00a0€ − 80\u00a0€) × 0.25\u00a0a year = 480")


def test_a_hypothesis_is_chosen_within_its_bounds_and_given_back() -> None:
    """By its id, for all cards; others stay."""
    room = find("cold_room")
    chosen = choose(room, choose(room, NOTHING, "stock", 5000), "minutes", 3)
    assert chosen.hypotheses == {"stock": 5000, "minutes": 3}
    assert choose(room, chosen, "stock", None).hypotheses == {"minutes": 3}
    with pytest.raises(UsageError, match="stock is 5001: give a number from 1500 to 5000"):
        choose(room, NOTHING, "stock", 5001)
    with pytest.raises(UsageError):
        choose(room, NOTHING, "stock", float("nan"))
    with pytest.raises(NotFoundError, match="no hypothesis 'luck'; it has stock, "):
        choose(room, NOTHING, "luck", 1)


def test_what_people_chose_comes_before_what_was_measured_and_that_before_the_default() -> None:
    """A measured figure has no range of its own."""
    leak, told = find("water_leak"), {"min_flow": Told(4.0, NIGHT, NIGHT + 3600 * NS)}
    (card,) = money(leak, NOTHING, told)["cards"]
    assert card["value"] == pytest.approx(4 * 8.76 * 4.34)
    assert card["low"] == pytest.approx(card["value"] * 0.1)
    (card,) = money(leak, choose(leak, NOTHING, "min_flow", 80), told)["cards"]
    assert card["value"] == pytest.approx(3040, rel=0.01)
    assert money(leak, NOTHING, {})["cards"][0]["value"] == pytest.approx(950, rel=0.01)


def looking(*said: tuple[str, str, str | None, float, int], name: str = "compressed_air") -> Looking:
    """Return the past of a use case, of (role, channel, unit, value, second of the night)."""
    case, history = find(name), FakeHistory()
    for role, channel, unit, value, at in said:
        time, uid = NIGHT + at * NS, case.roles[role].device
        history.write([Reading(uid, channel, unit, value, time, time, TimeSource.DEVICE, Quality.GOOD, RUN, 0)])
    return Looking(history, case, RUN, devices={}, uids=lambda uid: (uid,), calendar=Calendar())


def test_a_hypothesis_is_measured_by_the_readings_of_the_session() -> None:
    """A compressor that runs a third of the night leaks 850/3 NL/min: 17 m³/h, 4 400 € a year."""
    turns = [("compressor", "power", "W", 4000.0 if at % 180 < 60 else 0.0, at) for at in range(0, 7200, 20)]
    told = looking(*turns).told(NIGHT + 3600 * NS, NIGHT + 7200 * NS)
    assert told["leak_m3_per_h"].value == pytest.approx(17.0, rel=0.05)
    (card,) = money(find("compressed_air"), NOTHING, told)["cards"]
    assert card["value"] == pytest.approx(2 * 2190, rel=0.06)


def measured(name: str, hours: float, *said: tuple[str, str, str | None, float, int]) -> dict[str, float]:
    """Return hypothesis → what so many hours of readings say of it."""
    told = looking(*said, name=name).told(NIGHT, NIGHT + int(hours * 3600 * NS))
    return {each: found.value for each, found in told.items()}


def test_a_cold_room_tells_what_it_uses_and_how_long_its_door_was_open() -> None:
    """220 Wh an hour are the 5.28 kWh a day of use_cases.md §1; a door open for 6 min of 12.1 h is open 0.198 h a day.

    It has been closed ever since its last word.
    """
    index = [("compressor", "energy", "Wh", 1000 + 220.0 * hour, 3600 * hour) for hour in range(13)]
    told = measured("cold_room", 12.1, *index)
    assert told["energy_per_day"] == pytest.approx(5.28)
    door = [
        ("door", "contact", None, 1.0, 0),
        ("door", "contact", None, 0.0, 3600),
        ("door", "contact", None, 1.0, 3960),
    ]
    told = measured("cold_room", 12.1, *door, ("door", "contact", None, 1.0, 43200))
    open_hours = 0.1 * 24 / 12.1
    assert told["open_hours"] == pytest.approx(open_hours)
    room = find("cold_room")
    (card,) = (each for each in room.money if each.id == "door")
    assert worth(card, told) == pytest.approx(open_hours * 0.78 * 365 * 0.245)


def test_a_fan_tells_how_long_it_ran_for_nobody() -> None:
    """Half of the hours in a room at 500 ppm, though it speaks on change only: 4 380 h a year."""
    air = [("air", "co2", "ppm", 500.0, at) for at in range(0, 8 * 3600, 60)]
    fan = [("fan", "switch", None, float(at == 4 * 3600), at) for at in (0, 4 * 3600, 8 * 3600 - 60)]
    told = measured("room_co2", 8, *sorted([*air, *fan], key=lambda each: each[-1]))
    assert told["useless_hours"] == pytest.approx(4380, rel=0.01)


def test_a_hive_tells_what_it_brings_in() -> None:
    """From evening to evening, so that foragers that are out count for nothing."""
    out = [0.5 if 18 <= half_hour % 48 < 40 else 0.0 for half_hour in range(5 * 48)]  # kg of foragers, 9:00 to 20:00
    said = [
        ("scale", "analog_in_1", None, 37.5 + 2.34 * (half_hour // 48) - away, half_hour * 1800)
        for half_hour, away in enumerate(out)
    ]
    told = measured("beehive", 24 * 5, *said)
    assert told["daily_gain"] == pytest.approx(2.34, abs=0.01)


def test_a_machine_tells_how_long_it_stood_still() -> None:
    """The motor's power says it; a stop of two hours at 150 € an hour."""
    power = [("motor", "power", "W", 0.0 if 3600 <= at < 10_800 else 2200.0, at) for at in range(0, 14_400, 60)]
    told = measured("machine_vibration", 4, *power)
    assert told["stopped_hours"] == pytest.approx(2.0, abs=0.05)


def test_a_night_tells_how_many_hours_there_were_to_protect() -> None:
    """At 100 % of humidity the wet bulb is the air: three hours at 0 °C, the others at 5 °C."""
    said = [
        ("mast", channel, unit, value, at)
        for at in range(0, 8 * 3600, 300)
        for channel, unit, value in (
            ("temperature_1", "°C", 0.0 if 2 * 3600 <= at < 5 * 3600 else 5.0),
            ("humidity_2", "%", 100.0),
        )
    ]
    told = measured("vineyard_frost", 8, *said)
    assert told["cold_hours"] == pytest.approx(3.0, abs=0.2)
    (card,) = (each for each in find("vineyard_frost").money if each.id == "watch")
    assert worth(card, {"cold_hours": 4}) == 4 * 4 * 20


@pytest.mark.parametrize("name", STORIES)
def test_each_of_the_eight_measures_euros(name: str) -> None:
    """Something of what each is worth comes from its readings, not from hypotheses alone."""
    assert any(each.measured is not None for card in find(name).money for each in card.hypotheses)


def test_a_session_that_has_hardly_begun_says_nothing_of_a_year() -> None:
    """Nor does one of which nothing was heard, or whose hours do not count."""
    assert looking().told(NIGHT, NIGHT + 7200 * NS) == {}
    few = [("compressor", "power", "W", 4000.0, at) for at in range(0, 500, 20)]
    assert looking(*few).told(NIGHT, NIGHT + 7200 * NS) == {}
    noon = [("compressor", "power", "W", 4000.0, 12 * 3600 + at) for at in range(0, 3600, 20)]
    assert looking(*noon).told(NIGHT, NIGHT + 20 * 3600 * NS) == {}


def test_the_bill_tells_what_a_demonstration_and_a_lasting_installation_cost() -> None:
    """What is for one of them counts there; what somebody typed counts, with its day, until it is given back."""
    room = find("cold_room")
    before = bill(room)
    assert before["demo"] == [63, 120]
    assert before["robust"] == [98, 180]
    assert {line["date"] for line in before["lines"]} == {room.prices_of}
    typed = price(room, NOTHING, 0, Price(20, 20, "2026-11-27"))
    assert bill(room, typed)["demo"] == [68, 110]
    assert (bill(room, typed)["lines"][0]["date"], bill(room, typed)["lines"][0]["typed"]) == ("2026-11-27", True)
    assert price(room, typed, 0, None) == NOTHING
    with pytest.raises(UsageError, match="no price range"):
        price(room, NOTHING, 0, Price(30, 15, "2026-11-27"))
    with pytest.raises(NotFoundError, match="no material 6; it has 6"):
        price(room, NOTHING, 6, None)


@pytest.mark.parametrize("name", names())
def test_both_kits_of_each_use_case_cost_something(name: str) -> None:
    """A demonstration is the cheaper one: the same total twice would say nothing."""
    found = bill(find(name))
    assert 0 < found["demo"][0] < found["robust"][0]
    assert found["demo"][1] < found["robust"][1]
