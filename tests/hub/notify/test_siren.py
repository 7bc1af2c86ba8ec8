"""A device that rings (hub/notify/siren.py)."""

import pytest
from msgspec.structs import replace

from hub.model import NS, Alarm, Commanded, CommandState
from hub.notify.siren import AGAIN, BY, Siren, rings
from hub.notify.wishes import Wishes
from servers.mailing import ALARM


def command(value: float, by: str = BY, state: CommandState = CommandState.SENT, channel: str = "power") -> Commanded:
    """Return a command to the buzzer at second 1."""
    return Commanded(
        id="1", device="tasmota:buzzer", channel=channel, value=value, by=by, run="real", at=NS, wall=NS, state=state
    )


@pytest.mark.parametrize(
    ("alarm", "does"),
    [
        (ALARM, True),
        (replace(ALARM, acknowledged_at=2 * NS), False),
        (replace(ALARM, returned_at=2 * NS), False),
        (replace(ALARM, shelved_until=2 * NS), False),
        (replace(ALARM, past=True), False),
        (replace(ALARM, priority="low"), False),
    ],
)
def test_it_rings_while_an_alarm_waits_for_somebody(alarm: Alarm, *, does: bool) -> None:
    """Live, urgent, still true, and nobody has said that they saw it."""
    assert rings([alarm], Wishes()) is does


def test_it_is_told_once_each_way() -> None:
    """On with the first alarm, off after the last."""
    siren = Siren("power", [])
    assert siren.due(NS, rings=False) is None
    assert siren.due(NS, rings=True) == 1.0
    siren.given(command(1.0))
    assert siren.due(2 * NS, rings=True) is None
    assert siren.due(3 * NS, rings=False) == 0.0


def test_a_restart_rings_no_more_for_what_rang_already() -> None:
    """The newest command that an alarm gave is what stands, whatever a person did since."""
    siren = Siren("power", [command(0.0, by="facilitator"), command(0.0, channel="other"), command(1.0)])
    assert siren.due(NS, rings=True) is None
    assert siren.due(NS, rings=False) == 0.0


def test_a_refused_command_is_given_again_after_a_pause() -> None:
    """Each refusal is recorded; one a second would fill the record."""
    siren = Siren("power", [command(1.0, state=CommandState.REFUSED)])
    assert siren.due(NS, rings=True) == 1.0
    siren.given(command(1.0, state=CommandState.REFUSED))
    assert siren.due(NS + AGAIN - 1, rings=True) is None
    assert siren.due(NS + AGAIN, rings=True) == 1.0
