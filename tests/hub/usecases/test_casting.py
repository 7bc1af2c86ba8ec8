"""Which channels of a real device give a role's measures, and what is said about it."""

import pytest

from hub.errors import NotFoundError, ObjectionError, UsageError
from hub.rules.casting import Taken
from hub.usecases import find
from hub.usecases.casting import Offer, chosen, fit_view, guessed

COLD, HIVE = find("cold_room"), find("beehive")
TWO = [Offer("temperature_ds18b20_1", "°C", 3.1), Offer("temperature_ds18b20_2", "°C", 3.0)]
LINK = Offer("signal", "dBm", -61.0, health=True)
DEVICE = "tasmota:kitchen"

PAIRED: list[tuple[list[Offer], dict[str, str]]] = [
    (TWO, {"air": "temperature_ds18b20_1", "product": "temperature_ds18b20_2"}),
    (TWO[::-1], {"air": "temperature_ds18b20_1", "product": "temperature_ds18b20_2"}),
    ([Offer("temperature", "°C", 3.1), LINK], {"air": "temperature"}),
    (
        [Offer("temperature", "°C", 3), Offer("temperature2", "°C", 3)],
        {"air": "temperature", "product": "temperature2"},
    ),
    ([Offer("humidity", "%", 60), Offer("temperature", "°C", 3)], {"air": "temperature"}),
    ([Offer("oven", "°C", 3)], {"air": "oven"}),
    ([Offer("t", None, 3)], {"air": "t"}),
]


@pytest.mark.parametrize(("offers", "channels"), PAIRED)
def test_the_likeliest_channels_are_proposed(offers: list[Offer], channels: dict[str, str]) -> None:
    """By name, by an instance of it, by quantity, by unit; each channel once."""
    fit = guessed(COLD, "probe", DEVICE, offers)
    assert fit is not None
    assert fit.taken.channels == channels


@pytest.mark.parametrize(
    "offers", [[], [Offer("humidity", "%", 60)], [LINK], [Offer("temperature", "hPa", 276, "good")]]
)
def test_who_measures_nothing_of_it_is_not_proposed(offers: list[Offer]) -> None:
    """A wrong unit, or health only."""
    assert guessed(COLD, "probe", DEVICE, offers) is None


def test_a_switch_is_no_thermometer() -> None:
    """Yes or no measures nothing that has a unit; nobody may choose it either."""
    switch = Offer("switch", None, 1.0, flag=True)
    assert guessed(COLD, "probe", DEVICE, [switch]) is None
    fit = guessed(COLD, "probe", DEVICE, [switch, TWO[0]])
    assert fit is not None
    assert fit_view(COLD, "probe", [switch, TWO[0]], fit)["options"]["product"] == ["temperature_ds18b20_1"]
    with pytest.raises(ObjectionError):
        chosen(COLD, "probe", DEVICE, [switch], {"air": "switch"})


def test_a_relay_counts_nothing() -> None:
    """The unit of a count is the measure's own; a counter that another family calls otherwise may be it."""
    assert guessed(HIVE, "scale", DEVICE, [Offer("pulses", None, 41.0)]) is not None
    assert guessed(HIVE, "scale", DEVICE, [Offer("switch", None, 1.0, flag=True)]) is None


def test_a_contact_is_told_by_its_name_alone() -> None:
    """Any other number without unit would open the door."""
    assert guessed(COLD, "door", DEVICE, [Offer("counter", None, 4), Offer("contact_2", None, 1)]) is not None
    assert guessed(COLD, "door", DEVICE, [Offer("counter", None, 4)]) is None


def test_the_better_fit_costs_less() -> None:
    """A whole probe before half of one, a temperature before something in °C."""
    courses = [TWO, [Offer("temperature", "°C", 3)], [Offer("oven", "°C", 3)], [Offer("t", None, 3)]]
    costs = [fit.cost for each in courses if (fit := guessed(COLD, "probe", DEVICE, each)) is not None]
    assert costs == sorted(costs)
    assert len(set(costs)) == 4


def test_what_is_odd_is_said_in_both_languages() -> None:
    """A missing measure, an unknown unit, a value that nobody believes, none at all, a fault."""
    offers = [Offer("weight", None, 900), Offer("temperature", "°C", None)]
    fit = guessed(HIVE, "scale", DEVICE, offers)
    assert fit is not None
    assert [(each.code, each.measure) for each in fit.warnings] == [("range", "weight"), ("silent", "brood_temp")]
    assert "900,0\u00a0kg" in fit.warnings[0].text.fr
    assert "hardly plausible" in fit.warnings[0].text.en
    half = guessed(COLD, "probe", DEVICE, [Offer("t", None, 3, "bad")])
    assert half is not None
    assert [(each.code, each.measure) for each in half.warnings] == [
        ("unit", "air"),
        ("bad", "air"),
        ("missing", "product"),
    ]
    assert half.taken.assumed == ["air"]


def test_an_optional_measure_may_be_missing_without_a_word() -> None:
    """A scale needs no thermometer."""
    fit = guessed(HIVE, "scale", DEVICE, [Offer("weight", "kg", 41)])
    assert fit is not None
    assert fit.warnings == ()


def test_a_person_may_choose_other_channels() -> None:
    """All of them are named: what is not is not heard."""
    fit = chosen(COLD, "probe", DEVICE, TWO, {"air": "temperature_ds18b20_2", "product": None})
    assert fit.taken == Taken(device=DEVICE, channels={"air": "temperature_ds18b20_2"})
    assert chosen(COLD, "probe", DEVICE, TWO, None).taken.channels == PAIRED[0][1]


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ({"air": "state"}, "gives no number called “state”; it gives temperature_ds18b20_1 (°C)"),
        ({"air": "signal"}, "signal (tasmota:kitchen) is in dBm, never °C"),
        ({"power": "signal"}, "measures no “power”; it measures air, product"),
        ({"air": None}, "at least one of air, product"),
        ({}, "at least one of air, product"),
    ],
)
def test_what_cannot_be_is_refused_with_what_there_is(channels: dict[str, str | None], said: str) -> None:
    """A text, a unit that never converts, a measure of another role, nothing at all."""
    with pytest.raises(UsageError) as refused:
        chosen(COLD, "probe", DEVICE, [*TWO, LINK], channels)
    assert said in str(refused.value)


def test_a_refusal_is_told_in_both_languages() -> None:
    """With a word for it, so that a page in French says it in French."""
    with pytest.raises(ObjectionError) as refused:
        chosen(COLD, "probe", DEVICE, [*TWO, LINK], {"air": "signal"})
    assert refused.value.code == "role_unit"
    assert "signal (tasmota:kitchen) est en dBm, jamais en °C\u202f; il donne" in refused.value.texts["fr"]
    assert refused.value.texts["en"] == str(refused.value)
    with pytest.raises(ObjectionError) as useless:
        chosen(COLD, "probe", DEVICE, [], None)
    assert "il ne donne aucun nombre" in useless.value.texts["fr"]
    assert "il faut Air [°C] ou Produit [°C]" in useless.value.texts["fr"]


def test_a_device_without_numbers_is_refused() -> None:
    """It may only have said text so far."""
    with pytest.raises(UsageError, match=r"gives no numbers yet, and Air \[°C\] or Product \[°C\] is needed"):
        chosen(COLD, "probe", DEVICE, [], None)
    with pytest.raises(NotFoundError, match="there are: probe, compressor, door"):
        chosen(COLD, "oven", DEVICE, TWO, None)


def test_the_page_may_offer_every_channel_that_converts() -> None:
    """And no other."""
    offers = [*TWO, LINK, Offer("x", None, 1)]
    fit = guessed(COLD, "probe", DEVICE, offers)
    assert fit is not None
    shown = fit_view(COLD, "probe", offers, fit)
    assert shown["options"]["air"] == ["temperature_ds18b20_1", "temperature_ds18b20_2", "x"]
    assert shown["channels"]["product"] == "temperature_ds18b20_2"


def test_a_button_need_not_measure_anything() -> None:
    """A wall switch on the mains has no battery to show; in any other role such a device is refused."""
    machine = find("machine_vibration")
    fit = chosen(machine, "stop_button", "shelly:wall", [], None)
    assert fit.taken == Taken(device="shelly:wall", channels={})
    assert not fit.warnings
    with pytest.raises(ObjectionError):
        chosen(machine, "motor", "shelly:wall", [], None)
