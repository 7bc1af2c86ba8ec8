"""What was typed in one workshop is not the next one's."""

import pytest
from msgspec import structs

from hub.model import Alarm
from hub.workshop.session import Span
from hub.workshop.veil import Veil

SPOKEN = Alarm(
    id="cold_room.air_high-r1-20",
    usecase="cold_room",
    rule="air_high",
    measure="air",
    device="tasmota:probe",
    run="r1",
    raised_at=20,
    priority="high",
    texts={"en": "Too warm"},
    acknowledged_at=30,
    acknowledged_by="Sidonie",
    comment="I close the door",
)
VEIL = Veil(["s1"], [Span("r1", 10, 25), Span("r2", 0, 99)])


def test_who_acknowledged_and_what_they_wrote_stay_in_their_session() -> None:
    """That it rang, and that it was seen, is no secret."""
    shown = VEIL(SPOKEN)
    assert shown == structs.replace(SPOKEN, comment=None, acknowledged_by=None)
    assert VEIL(structs.replace(SPOKEN, shelved_by="Sidonie", unshelved_by="Sidonie")) == shown


@pytest.mark.parametrize("other", [{"raised_at": 25}, {"raised_at": 9}, {"run": "r3"}])
def test_what_is_said_outside_is_shown(other: dict[str, object]) -> None:
    """Before it, after it, or on another timeline."""
    alarm = structs.replace(SPOKEN, **other)
    assert VEIL(alarm) is alarm


def test_where_nobody_said_anything_the_alarm_is_the_same() -> None:
    """So that no page hears of it again."""
    silent = structs.replace(SPOKEN, comment=None, acknowledged_by=None)
    assert VEIL(silent) is silent
    assert Veil()(SPOKEN) is SPOKEN
