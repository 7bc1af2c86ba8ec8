"""What a report says of a use case, in the reader's words."""

import pytest

from hub.model import Alarm
from hub.reported import alarm_lines
from hub.rules.calendar import Calendar
from hub.usecases import find
from hub.workshop.report.words import Language


@pytest.mark.parametrize(
    ("language", "by", "said"),
    [
        ("fr", "facilitator", "Je ferme. (l’animateur)"),
        ("en", "facilitator", "Je ferme. (the facilitator)"),
        ("fr", "Gudrun", "Je ferme. (Gudrun)"),
        ("fr", None, "Je ferme."),
    ],
)
def test_who_acknowledged_is_told_in_the_language_of_the_report(language: Language, by: str | None, said: str) -> None:
    """A role by its word, a person by the name they gave."""
    alarm = Alarm(
        id="a",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device="tasmota:probe",
        run="real",
        priority="medium",
        raised_at=0,
        texts={"fr": "Chaud.", "en": "Warm."},
        acknowledged_at=1,
        acknowledged_by=by,
        comment="Je ferme.",
    )
    line = alarm_lines(find("cold_room"), [alarm], Calendar(), language)[0]
    assert line.noted == said
