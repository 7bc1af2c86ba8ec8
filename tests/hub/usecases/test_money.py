"""Euros: the figures of use_cases.md, what people chose, what a session measured, and what is to be bought."""

import pytest

from hub.errors import NotFoundError, UsageError
from hub.measured import Looking
from hub.model import NS, Quality, Reading, TimeSource
from hub.rules.calendar import Calendar
from hub.usecases import find, names
from hub.usecases.choosing import NOTHING, Price, bill, choose, price
from hub.usecases.costing import Told, money
from hub.usecases.money import extent, spelled, worth
from servers.web import FakeHistory

STATED = {
    ("cold_room", "goods"): 240,
    ("cold_room", "gasket"): 89,
    ("cold_room", "readings"): 487,
    ("room_co2", "useless_air"): 660,
    ("workshop_energy", "forgotten"): 612,
    ("machine_vibration", "stop"): 900,
    ("beehive", "trips"): 480,
    ("vineyard_frost", "false_alarm"): 480,
    ("silo", "emergencies"): 400,
    ("water_leak", "leak"): 950,
    ("compressed_air", "leak"): 2190,
}
"""(use case, card) → € of use_cases.md, §1 to §9."""
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


def looking(*said: tuple[str, str, str | None, float, int]) -> Looking:
    """Return the past of the compressed air, of (role, channel, unit, value, second of the night)."""
    case, history = find("compressed_air"), FakeHistory()
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
    """A demonstration is the cheaper one."""
    found = bill(find(name))
    assert 0 < found["demo"][0] <= found["robust"][0]
