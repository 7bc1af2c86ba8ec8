"""What was typed in one workshop is not the next one's."""

import pytest
from msgspec import structs

from hub.workshop.session import Span
from hub.workshop.veil import Veil
from servers.alarms import spoken

SPOKEN = spoken(30, raised_at=20)
VEIL = Veil(["s1"], [Span("r1", 10, 31), Span("r2", 0, 99)])


def test_who_acknowledged_and_what_they_wrote_stay_in_their_session() -> None:
    """That it rang, and that it was seen, is no secret."""
    silent = structs.replace(SPOKEN, comment=None, acknowledged_by=None)
    assert VEIL(SPOKEN) == silent
    assert VEIL(structs.replace(SPOKEN, shelved_at=12, shelved_by="Sidonie")) == structs.replace(silent, shelved_at=12)
    assert VEIL(structs.replace(silent, unshelved_at=13, unshelved_by="Sidonie")).unshelved_by is None


@pytest.mark.parametrize("other", [{"acknowledged_at": 32}, {"raised_at": 5, "acknowledged_at": 9}, {"run": "r3"}])
def test_what_is_said_outside_is_shown(other: dict[str, object]) -> None:
    """Before it, after it (though it rang inside), or on another timeline."""
    alarm = structs.replace(SPOKEN, **other)
    assert VEIL(alarm) is alarm


def test_what_is_said_while_the_story_is_paused_stays_in_its_session() -> None:
    """Its clock stands at the very end of the session, or has not moved in all of it."""
    assert VEIL(structs.replace(SPOKEN, acknowledged_at=31)).comment is None
    assert Veil(["s1"], [Span("r1", 30, 30)])(SPOKEN).comment is None


def test_where_nobody_said_anything_the_alarm_is_the_same() -> None:
    """So that no page hears of it again."""
    silent = structs.replace(SPOKEN, comment=None, acknowledged_by=None)
    assert VEIL(silent) is silent
    assert Veil()(SPOKEN) is SPOKEN
