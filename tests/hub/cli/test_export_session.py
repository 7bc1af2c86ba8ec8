"""`matinales export --session`: what came in a workshop session, in every format, archived or not."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from hub.__main__ import main
from servers.houses import RUN, WISH, House, celsius

PROBE, KITCHEN = "tele/sim-probe/SENSOR", "tele/kitchen/SENSOR"
INSIDE = [("tasmota:kitchen", 12.0), ("tasmota:sim-probe", 2.0), ("tasmota:sim-probe", 4.0)]


class Sat:
    """A house in which a session was held, with a pause in it, and its id."""

    def __init__(self, house: House) -> None:
        """Hold it; something comes before, in the pause, and afterwards."""
        self.house, desk = house, house.sessions.desk
        house.plays()
        house.say(PROBE, celsius(1))
        self.name = desk.start(WISH).id
        house.say(PROBE, celsius(2))
        house.say(KITCHEN, celsius(12))
        desk.pause(self.name)
        house.say(PROBE, celsius(3))
        desk.resume(self.name)
        house.say(PROBE, celsius(4))
        desk.archive(self.name)
        house.say(PROBE, celsius(5))

    def export(self, *options: str) -> int:
        """Export what was chosen of the session."""
        return main(["export", "--data", str(self.house.data), "--session", self.name, *options])


@pytest.fixture(scope="module")
def sat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sat]:
    """Lend one; its archive is not yet written."""
    with closing(House(tmp_path_factory.mktemp("house"))) as house:
        yield Sat(house)


@pytest.fixture(params=["in the store", "in its archive"])
def either(sat: Sat, request: pytest.FixtureRequest) -> Sat:
    """Lend it before, then after its archive was written."""
    if request.param == "in its archive":
        sat.house.build()
    return sat


def test_every_format_holds_the_session_and_nothing_else(either: Sat, tmp_path: Path) -> None:
    """Nothing of before, of afterwards, or of the pause; the same of store and archive."""
    for form in ("csv", "jsonl", "lines"):
        assert either.export(f"--{form}", str(tmp_path / form)) == 0
    texts = {path.name: path.read_text(encoding="utf-8").splitlines() for path in tmp_path.iterdir()}
    said = [json.loads(each) for each in texts["jsonl"]]
    assert sorted((each["device"], each["value"]) for each in said) == INSIDE
    rows = [each.split(",") for each in texts["csv"][1:]]
    assert sorted((row[0], float(row[4])) for row in rows) == INSIDE
    assert len(texts["lines"]) == len(INSIDE)


def test_a_spreadsheet_of_sqlite_too(either: Sat, tmp_path: Path) -> None:
    """With its view, and whose readings they are."""
    file = tmp_path / "copy.db"
    assert either.export("--sqlite", str(file)) == 0
    with closing(apsw.Connection(str(file))) as db:
        assert [*db.execute("SELECT device, value FROM measures ORDER BY device, value")] == INSIDE


def test_its_messages_too(either: Sat, tmp_path: Path) -> None:
    """As `matinales replay` plays them, chosen by topic and run."""
    file = tmp_path / "messages"
    for options, count in (([], 3), (["--run", RUN], 2), (["--topic", KITCHEN], 1), (["--run", "real"], 1)):
        assert either.export("--messages", str(file), *options) == 0
        found = [json.loads(each) for each in file.read_text(encoding="utf-8").splitlines()]
        assert len([each for each in found if each["topic"] in {PROBE, KITCHEN}]) == count, options


def test_it_is_chosen_further(either: Sat, capfd: pytest.CaptureFixture[str]) -> None:
    """By device, run and time: a span counts from the session's end."""
    for options, count in (
        (["--device", "tasmota:kitchen"], 1),
        (["--run", RUN], 2),
        (["--run", "real"], 1),
        (["--run", "real", "--start=-1h"], 1),
        (["--run", "real", "--stop=-1h"], 0),
        (["--run", "real", "--start", "2026-11-28T00:00:00Z"], 0),
    ):
        assert either.export("--csv", "-", *options) == 0
        assert capfd.readouterr().out.count("\n") - 1 == count, options


def test_its_alarms_too(sat: Sat, tmp_path: Path) -> None:
    """None was raised: there is the first line alone."""
    assert sat.export("--alarms", str(tmp_path / "alarms")) == 0
    assert (tmp_path / "alarms").read_text(encoding="utf-8").count("\n") == 1


def test_another_name_is_refused(sat: Sat, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the command that lists them; a folder without sessions says so."""
    assert main(["export", "--data", str(sat.house.data), "--session", "nobody", "--csv", "-"]) == 2
    assert "matinales session list" in capsys.readouterr().err
    assert main(["export", "--data", str(tmp_path), "--session", "nobody", "--csv", "-"]) == 2
    assert "no session was ever started" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
