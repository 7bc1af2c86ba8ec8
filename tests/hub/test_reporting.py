"""The report of a session, out of its archive or the living store: what it says, and what stays after an erasing."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from hub.errors import NotFoundError
from hub.model import NS, REAL, Source
from hub.reporting import Reporter
from hub.rules.calendar import Calendar
from hub.storytelling import Known
from hub.usecases.choosing import NOTHING, Choices, Price
from hub.workshop.note import Place
from hub.workshop.people import Joining
from hub.workshop.report import page
from hub.workshop.report.content import Report, Whose
from hub.workshop.vote import Question
from servers.bytes_on_disk import on_disk
from servers.houses import WISH, House
from servers.workers import usecases

PROBE = "coldroom-sim-probe"


def probed(air: float, product: float = 3.0) -> bytes:
    """Return what the cold room's probe says."""
    return msgspec.json.encode({"DS18B20-1": {"Temperature": air}, "DS18B20-2": {"Temperature": product}})


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lend one in which a cold room warmed up for an hour of its own time."""
    with closing(House(tmp_path_factory.mktemp("report") / "data")) as opened:
        opened.plays(PROBE)
        opened.say(f"tele/{PROBE}/SENSOR", probed(3.0))
        yield opened


def reporter(house: House, chosen: Choices = NOTHING, own: Choices = NOTHING) -> Reporter:
    """Return who makes reports of it; `own`: what its tables chose."""
    known = Known(
        cases=usecases(),
        calendar=Calendar(ZoneInfo("Europe/Paris")),
        runs=house.hub.kept.runs,
        chosen=lambda _usecase, _session, table: own if table else chosen,
        cast=lambda _usecase: {},
        uids=lambda uid: (uid,),
        names=lambda: {"tasmota:kitchen": "La cuisine"},
        now=lambda: house.now,
    )
    return Reporter(house.sessions, house.hub.kept.history, known)


@pytest.fixture(scope="module")
def session(house: House) -> str:
    """Return an archived session: a vote, fifty minutes of warm air, a real sensor in the kitchen."""
    name = house.sessions.desk.start(WISH).id
    asked = house.sessions.ballot.ask(Question("Qui l'a vu en premier ?", ["La sonde", "Personne"]))
    house.sessions.ballot.answer(asked["id"], "phone", 0)
    house.sessions.notebook.add("Bac resté ouvert", "Odile", Place(run=REAL, time=house.now))
    for minute in range(50):
        house.say(f"tele/{PROBE}/SENSOR", probed(3.0 if minute < 5 else 9.0, 3.0 + minute / 100))
    for value in (20.0, 21.0):
        house.say("tele/kitchen/SENSOR", msgspec.json.encode({"DS18B20": {"Temperature": value}}))
    house.sessions.desk.archive(name)
    assert house.build() == 1
    return name


@pytest.fixture(scope="module")
def told(house: House, session: str) -> Report:
    """Return its report in French."""
    return reporter(house).report(session, "fr")


def test_it_says_which_session_it_is_of(told: Report) -> None:
    """Title, place, day, how long, until when."""
    assert (told.title, told.place, told.notice) == ("Anniversaire de Philibert", "Chez Gontran", "")
    assert told.when.startswith("27 novembre 2026, de 8\u00a0h\u00a0")
    assert told.facts[1:3] == ("3 alarmes ont sonné.", "La salle a répondu à une question.")
    assert told.facts[-1] == "Tout ce qui est gardé de la séance sera effacé le 27 décembre 2026."


def test_alarms_are_told_with_their_rule_and_regulation(told: Report) -> None:
    """In the words in which they were raised, marked as indicative, numbered as on the curves."""
    (part,) = told.stories[0].parts
    air = next(each for each in part.alarms if each.text.startswith("L’air est au-dessus"))
    assert "pendant 15\u00a0min" in air.rule
    assert air.law.endswith("(à titre indicatif)")
    assert "8 octobre 2013" in air.law
    assert air.lasted == "dure encore"
    assert [each.number for each in part.alarms] == [1, 2, 3]


def test_curves_have_their_limits_their_marks_and_a_sentence(told: Report) -> None:
    """And each says that it was simulated."""
    (curve,) = told.stories[0].parts[0].curves
    assert curve.mark == "simulé"
    assert "limite +8" in curve.svg
    assert curve.told.startswith("Air\u00a0: de 3,0\u202f°C à 9,0\u202f°C")


def test_the_formula_is_spelled_with_its_hypotheses_and_range(house: House, session: str) -> None:
    """What the room chose is told as chosen, in the language asked for; a price with the day it was found."""
    chosen = Choices(hypotheses={"stock": 4000.0}, prices={0: Price(12.0, 12.5, "2026-11-27")})
    story = reporter(house, chosen).report(session, "en").stories[0]
    goods = story.worth[0]
    assert goods.formula == "4,000\u00a0€ × 0.10\u00a0a year × 0.80 = 320\u00a0€/year"
    assert (goods.hypotheses[0].value, goods.hypotheses[0].origin) == ("4,000\u00a0€", "chosen in the room")
    assert goods.hypotheses[1].origin == "order of magnitude, 2026"
    assert goods.range.startswith("64\u00a0€/year to ")
    assert (story.bill[0].price, story.bill[0].date) == ("12\u00a0€ to 12.50\u00a0€", "found on 27 November 2026")
    assert story.bill[1].date == "November 2026"
    assert story.totals[0].startswith("For a trial: ")


def test_it_says_how_to_go_on_at_home_with_the_same_values(told: Report, session: str) -> None:
    """The use case that was played, and its recording."""
    commands = [step.command for step in told.home]
    assert "matinales demo --use-case cold_room" in commands[2]
    assert f"matinales replay {session}" in commands


def test_votes_notes_and_what_is_kept_are_in_it(told: Report) -> None:
    """With their results, and until when."""
    assert [(each.option, each.count) for each in told.votes[0].answers] == [
        ("La sonde", "1 voix"),
        ("Personne", "0 voix"),
    ]
    (note,) = told.notes
    assert (note.text, note.by) == ("Bac resté ouvert", "Odile")
    assert note.when.startswith("8")
    assert len(told.kept) > 3


def test_a_report_for_somebody_begins_with_their_own_curves(tmp_path: Path) -> None:
    """A participant's own phone; a table's, all of its phones; who left, or never came, has none."""
    with closing(House(tmp_path)) as house:
        name = house.sessions.desk.start(WISH).id
        people = [
            house.sessions.people.join(Joining(agreed=True, table=3, name=each), None)[0] for each in ("Léa", "", "Max")
        ]
        for person in people[:2]:
            for value in (10, 90):
                body = msgspec.json.encode({"slider": value})
                house.say(f"matinales-phone/{person.id}", body, source=Source.PHONE)
        told = reporter(house)
        own = told.report(name, "fr", Whose(participant=people[0].id))
        assert own.whose == "Table 3 · Léa"
        assert [(each.title, each.mark) for each in own.own] == [("Curseur", "réel")]
        table = told.report(name, "en", Whose(table=3))
        assert (table.whose, len(table.own)) == ("Table 3", 2)
        for nobody in (Whose(participant="nobody"), Whose(table=4)):
            with pytest.raises(NotFoundError, match="who leaves is forgotten"):
                told.report(name, "fr", nobody)


def test_a_table_that_played_by_itself_is_told_its_own_alarms_and_euros(tmp_path: Path) -> None:
    """Table 3 warmed up and the room did not; nobody joined there with a phone."""
    with closing(House(tmp_path)) as house:
        house.plays(PROBE)
        house.plays(f"{PROBE}-t3", table=3, plays={f"tasmota:{PROBE}-t3": f"tasmota:{PROBE}"})
        name = house.sessions.desk.start(WISH).id
        for minute in range(50):
            house.say(f"tele/{PROBE}/SENSOR", probed(3.0))
            house.say(f"tele/{PROBE}-t3/SENSOR", probed(3.0 if minute < 5 else 9.0))
        told = reporter(house, own=Choices(hypotheses={"stock": 4000.0}))
        room, table = told.report(name, "en"), told.report(name, "en", Whose(table=3))
        assert (room.whose, table.whose) == ("", "Table 3")
        assert [len(each.stories[0].parts[0].alarms) for each in (room, table)] == [0, 3]
        assert table.stories[0].parts[0].curves[0].told.startswith("Air: from 3.0\u00a0°C to 9.0\u00a0°C")
        assert [each.stories[0].worth[0].hypotheses[0].value for each in (room, table)] == [
            "3,000\u00a0€",
            "4,000\u00a0€",
        ]
        assert room.facts[1:3] == (
            "No alarm was raised.",
            "One table had a simulator of its own: its alarms and euros are in its report.",
        )
        assert table.facts[1] == "3 alarms were raised."


def test_a_session_without_a_reading_has_a_report(tmp_path: Path) -> None:
    """It says that there is nothing, and how to go on."""
    with closing(House(tmp_path)) as house:
        name = house.sessions.desk.start(WISH).id
        found = reporter(house).report(name, "en")
    assert found.stories == ()
    assert "not over" in found.notice
    assert "No alarm was raised." in found.facts
    assert "matinales demo --use-case cold_room" in [step.command for step in found.home]
    assert "No reading was recorded" in page.render(found)


def test_an_erased_session_has_none_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    """Reports that were made into the data folder go with it."""
    with closing(House(tmp_path)) as house:
        name = house.sessions.desk.start(WISH).id
        made = page.render(reporter(house).report(name, "fr")).encode()
        path = house.sessions.handouts.put(name, "report.html", made)
        assert b"Philibert" in path.read_bytes()
        house.now += NS
        house.sessions.purge(name)
        with pytest.raises(NotFoundError, match="once it is erased"):
            reporter(house).report(name, "fr")
        assert not path.exists()
    assert not on_disk(tmp_path, b"philibert")
