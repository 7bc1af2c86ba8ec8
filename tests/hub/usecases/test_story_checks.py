"""`matinales usecases check` names what the simulators do not play and the page does not draw, with its file."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.cli._stories import problems
from hub.usecases.loader import HERE

USECASE, SCENARIO = "usecase.toml", "scenario.toml"
GATE = """
[roles.gate]
title = { fr = "Portail", en = "Gate" }
kind = { fr = "Carte", en = "Board" }
family = "tasmota"
simulated = "sim-gate"

"""
FAILING = "def sentence(usecase, view):\n    return view.now\n"
OPEN = """
from hub.rules.wording import Sentence, Text
def sentence(usecase, view):
    return Sentence("x", {}, Text("{a}", "b"))
"""
WRONG = [
    (USECASE, 'rings = ["door_rate"]', 'rings = ["door_rat"]', "guide[1].rings: there is no rule 'door_rat'"),
    (
        USECASE,
        'ends = ["*"]\nfaults',
        'ends = ["delivry"]\nfaults',
        "guide[5].ends: scenario.toml has no fault 'delivry'",
    ),
    (USECASE, 'faults = ["delivery"]', 'faults = ["delivry"]', "guide[1].faults: scenario.toml has no fault 'delivry'"),
    (USECASE, "minute = 2\nspeed = 10", "minute = 2\nspeed = 11", "guide[1].speed: invalid enum value 11"),
    (
        USECASE,
        "minute = 2\n",
        'minute = 2\ninitial = "sunday"\n',
        "guide[1].initial: scenario.toml has no state 'sunday'",
    ),
    (USECASE, "minute = 2\n", 'minute = 2\nclock = "26:00"\n', "guide[1].clock: '26:00' is no hour of the day"),
    (USECASE, "minute = 2\n", "minute = 0\n", None),
    (USECASE, "minute = 4\n", "minute = 1\n", "guide[2].minute: 1 comes before 2, the step above"),
    (
        USECASE,
        'simulated = "coldroom-sim-door"',
        'simulated = "coldroom-sim-gate"',
        "roles.door.simulated: the hub knows the device of scenario.toml as 'zigbee2mqtt:coldroom-sim-door'",
    ),
    (
        USECASE,
        "[roles.door]",
        GATE + "[roles.door]",
        "roles.gate: scenario.toml has no [devices.gate]; it plays compressor, door, probe",
    ),
    (
        USECASE,
        'channel = "temperature_ds18b20_2"',
        'channel = "temperature_ds18b20_3"',
        "temperature_ds18b20_1, temperature_ds18b20_2, uptime, not 'temperature_ds18b20_3'",
    ),
    (USECASE, 'kind = "trend"', 'kind = "pie"', "panels[0].kind: the page draws no 'pie'; known: "),
    (USECASE, 'en = "Cold room"', 'en = ""', "title.en: is empty; say it in both languages"),
    (
        USECASE,
        'say.en = "{air} in the cold room: act now."',
        'say.en = "In the cold room: act now."',
        "rules[1].say.en: does not say {air}, which the other language does",
    ),
    (USECASE, 'say.en = "{air} in', 'say.en = "{air in', "rules[1].say.en: has a brace that closes nothing"),
    (
        USECASE,
        '  "An air probe placed near the evaporator lies.",\n',
        "",
        "limits_to_say: 5 sentences in French and 4 in English; translate the rest",
    ),
    (SCENARIO, "alarms = { door_rate", "alarms = { gate_rate", "there is no rule 'gate_rate'; known: air_high"),
    (SCENARIO, 'model = "cold_room"', 'model = "freezer"', "scenario.toml: "),
    (SCENARIO, 'kind = "tasmota"', 'kind = "tasmotta"', "scenario.toml: devices.probe: "),
    (SCENARIO, "period_s = 10", 'period_s = "ten"', "scenario.toml: Expected `int`, got `str`"),
]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """Return a copy of the cold room that a test may spoil."""
    yield Path(shutil.copytree(HERE / "cold_room", tmp_path / "cold_room"))
    shutil.rmtree(tmp_path / "cold_room")


@pytest.mark.parametrize("row", WRONG, ids=[f"{row[0]}: {row[3]}"[:60] for row in WRONG])
def test_a_mistake_is_named_with_its_file_and_place(
    room: Path, row: tuple[str, str, str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else is: one mistake is told once."""
    file, old, new, message = row
    monkeypatch.setattr("hub.cli._stories.drawn", lambda _folder, _what: frozenset({"trend"}))
    text = (room / file).read_text(encoding="utf-8")
    assert old in text
    (room / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    found = list(problems(room, "cold_room"))
    assert len(found) == (message is not None), found
    assert all(each.startswith(str(room / file)) and message in each for each in found if message), found


def test_all_mistakes_are_told_at_once(room: Path) -> None:
    """Nobody corrects one to be shown the next."""
    story = room / USECASE
    text = story.read_text(encoding="utf-8")
    story.write_text(text.replace("({air})", "({airs})").replace('series = ["air"', 'series = ["gas"'), "utf-8")
    scenario = room / SCENARIO
    scenario.write_text(scenario.read_text("utf-8").replace("alarms = { door_rate", "alarms = { x", 1), "utf-8")
    found = list(problems(room, "cold_room"))
    assert [each.partition(": ")[0].rpartition("/")[2] for each in found] == [USECASE, USECASE, SCENARIO]


def test_a_folder_without_a_scenario_is_told_how_to_get_one(room: Path) -> None:
    """Its story alone cannot be played."""
    (room / SCENARIO).unlink()
    (found,) = problems(room, "cold_room")
    assert "scenario.toml: no such file" in found
    assert "matinales usecases new" in found


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (FAILING, "rules.py: sentence fails while nothing is heard"),
        (OPEN, "rules.py: sentence says '{a}' in fr while nothing is heard"),
    ],
)
def test_a_sentence_that_fails_before_the_first_value_is_found(room: Path, code: str, message: str) -> None:
    """Whatever the folder's own code does."""
    rules = room / "rules.py"
    functions = 'FUNCTIONS = {"time_to_limit": lambda *, air, product, limit, tau_s: None}\n'
    rules.write_text(functions + code, encoding="utf-8")
    (found,) = problems(room, "cold_room")
    assert message in found
