"""Buttons: which words mean which press, and whose alarms a press is meant for."""

import pytest

from hub.model import REAL
from hub.rules.casting import Cast, Taken
from hub.rules.engine import Engine
from hub.rules.pressing import Answer, Pressed, gesture, is_meant
from hub.rules.wording import Text
from servers.workers import usecases

RUN = "machine-vibration-20261124t080000-a1b2"
SIMULATED, MINE = "zigbee2mqtt:machine-sim-button", "shelly:shop"
CAST: Cast = {"machine_vibration": {"stop_button": Taken(device=MINE, channels={})}}
COMMENT = Text("Acquittée sur place : Bouton d'atelier.", "Acknowledged on the spot: Shop-floor button.")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("single", "single"),  # Zigbee2MQTT
        ("1_single", "single"),
        ("single_left", "single"),
        ("button_2_double", "double"),
        ("hold", "long"),
        ("single_push", "single"),  # Shelly
        ("long_push", "long"),
        ("S", "single"),  # an older Shelly
        ("SSS", "triple"),
        ("SINGLE", "single"),  # Tasmota
        ("press", "single"),  # BTHome
        ("button_short_press", "single"),  # Home Assistant
        ("btn_down", "btn_down"),  # a Shelly's finger on its way
        ("release", "release"),
        ("tariff_hc", "tariff_hc"),
        ("", ""),
    ],
)
def test_a_press_means_the_same_in_every_family(word: str, meant: str) -> None:
    """What is no press stays what it is, and means none."""
    assert gesture(word) == meant


def test_a_word_of_one_device_counts_exactly() -> None:
    """One of two buttons, or a word that no other family has; a double press is no single one."""
    assert is_meant("Toggle", ["toggle"])
    assert is_meant("2_single", ["2_single"])
    assert not is_meant("1_single", ["2_single"])
    assert not is_meant("double", ["single"])
    assert not is_meant("", ["single"])


@pytest.mark.parametrize(
    ("cast", "device", "run", "value", "line"),
    [
        ({}, SIMULATED, RUN, "single", RUN),
        ({}, SIMULATED, RUN, "double", None),
        ({}, SIMULATED, "replay-7", "single", None),
        ({}, MINE, REAL, "single_push", None),
        (CAST, MINE, REAL, "single_push", REAL),
        (CAST, MINE, REAL, "btn_up", None),
        (CAST, SIMULATED, RUN, "single", None),
        ({}, "zigbee2mqtt:another", RUN, "single", None),
    ],
)
def test_a_press_is_meant_for_the_use_case_in_which_its_device_plays(
    cast: Cast, device: str, run: str, value: str, line: str | None
) -> None:
    """On the timeline of the device that has the role; a replayed press is for nobody."""
    engine = Engine(usecases().values(), cast)
    expected = [] if line is None else [Answer("machine_vibration", line, COMMENT)]
    assert engine.answers(Pressed(device, run, value, 0)) == expected


def test_a_button_that_was_given_back_is_nobodys() -> None:
    """The rules forget it with its role."""
    engine = Engine(usecases().values(), CAST)
    assert MINE in engine.buttons
    engine.recast({}, 0)
    assert engine.buttons == {SIMULATED}


def test_the_simulated_button_keeps_a_real_machine_company() -> None:
    """At the wall's time its press is meant for the real timeline, as its values are."""
    sensor: Cast = {"machine_vibration": {"motor": Taken(device="shelly:mine", channels={"motor_power": "power"})}}
    engine = Engine(usecases().values(), sensor)
    engine.follow(RUN, is_now=True)
    assert [each.run for each in engine.answers(Pressed(SIMULATED, RUN, "single", 0))] == [REAL]
