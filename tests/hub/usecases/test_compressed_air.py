"""What the compressed-air net says: the leak with its euros, and a compressor that does not start."""

import msgspec
import pytest

from device_sims import scenario
from hub.rules.wording import Sentence
from hub.usecases import find
from hub.usecases.compressed_air.rules import leak_cost
from servers.rehearsal import after, ideal

CASE = find("compressed_air")
WHOLE = ideal(scenario.load("compressed_air"))
LOADED = WHOLE._replace(scenario=msgspec.structs.replace(WHOLE.scenario, history_h=1))


def said_after(minutes: float, *faults: str) -> Sentence:
    """Return the sentence so many minutes after faults began, in the evening."""
    assert CASE.sentence is not None
    return CASE.sentence(CASE, after(LOADED, minutes, *faults).view())


def test_a_leak_all_year_has_its_price() -> None:
    """use_cases.md §9: 141.6 NL/min are 8.50 m³/h, 8 930 kWh, 2 190 €."""
    assert leak_cost(CASE, 141.6) == pytest.approx(2190, abs=5)


def test_the_sentence_tells_the_leak_of_the_night_with_its_euros() -> None:
    """First since when, then what it costs in a year."""
    leaking, alarm = said_after(40, "leak"), said_after(90, "leak")
    assert leaking.code == "leaking"
    assert alarm.code == "night_duty"
    assert "\u00a0€ par an" in alarm.text.fr
    assert "NL/min" in alarm.text.en


@pytest.mark.parametrize(
    ("faults", "minutes", "code"),
    [
        ((), 10, "calm"),
        (("compressor_dead",), 10, "no_start_now"),
        (("compressor_dead",), 6, "no_start"),
        (("compressor_dead",), 30, "pressure_low"),
        (("net.radio_loss",), 10, "net_silent"),
        (("compressor.radio_loss",), 15, "compressor_silent"),
    ],
)
def test_the_sentence_says_the_worst_first(faults: tuple[str, ...], minutes: float, code: str) -> None:
    """With every value in place, in both languages."""
    said = said_after(minutes, *faults)
    assert said.code == code
    assert "–" not in said.text.fr + said.text.en


def test_the_sentence_waits_for_the_pressure() -> None:
    """Before anything was heard."""
    assert CASE.sentence is not None
    assert CASE.sentence(CASE, None).code == "waiting"
