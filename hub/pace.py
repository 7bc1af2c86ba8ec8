"""How often a device reports during a session: its own period is asked for, stored, changed, and given back.

Pure: what was said and the time are arguments. A record is stored before anything goes out for it, so that a crash at
any moment leaves what the next start needs to give the period back.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from hub.model import NS, Paced, PaceState

PATIENCE = 10 * NS
"""How long a device may take to answer."""
AGAIN = 30 * NS
"""How long a device that did not take its own period back is left alone."""
CHANGED = {PaceState.SETTING, PaceState.HELD, PaceState.RESTORING}
"""States in which the device may report otherwise than by itself."""


def after_a_start(kept: Iterable[Paced]) -> list[Paced]:
    """Return what a new start owes: every device that may still be changed gets its own period back."""
    return [replace(each, state=PaceState.RESTORING, at=0) for each in kept if each.state in CHANGED]


def heard(each: Paced, seconds: int, wall: int) -> Paced:
    """Return what a device's own word of its period [s] makes of a record."""
    if each.state is PaceState.ASKING:
        state = PaceState.HELD if seconds == each.every else PaceState.SETTING
        return replace(each, state=state, original=seconds, at=wall)
    if each.state is PaceState.SETTING and seconds == each.every:
        return replace(each, state=PaceState.HELD)
    if each.state is PaceState.RESTORING and seconds == each.original:
        return replace(each, state=PaceState.RESTORED)
    return each


def given_back(each: Paced, wall: int) -> Paced:
    """Return a record whose device gets its own period back; where nothing was changed, that is all."""
    if each.state in CHANGED and each.original is not None:
        return replace(each, state=PaceState.RESTORING, at=wall, code=None, reason=None)
    return replace(each, state=PaceState.RESTORED)


def waited(each: Paced, seen: int, wall: int) -> Paced | None:
    """Return what time makes of a record; None: it goes on waiting. The same record with a new `at` is said again.

    Args:
        each: the record.
        seen: when its device spoke last [ns, wall clock].
        wall: now [ns].
    """
    since = wall - each.at
    if each.state is PaceState.ASKING and since > PATIENCE:
        reason = "it does not say how often it reports, so nothing was changed"
        return replace(each, state=PaceState.FAILED, code="no_answer", reason=reason)
    if each.state is PaceState.SETTING and since > PATIENCE:
        reason = "it does not confirm; it gets its own period back"
        return replace(each, state=PaceState.RESTORING, at=wall, code="no_answer", reason=reason)
    if each.state is PaceState.RESTORING and since > AGAIN and (each.at == 0 or seen > each.at):
        return replace(each, at=wall)
    if each.state is PaceState.POLLED and since >= each.every * NS:
        return replace(each, at=wall)
    return None
