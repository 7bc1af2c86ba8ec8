"""Whether anybody of the room ever came."""

import pytest

from hub.lan.reach import SILENT_S, Reach
from servers.clock import Clock

LAPTOP = frozenset({"192.168.1.12", "127.0.0.1"})


@pytest.fixture
def clock() -> Clock:
    """Lend a clock."""
    return Clock()


@pytest.fixture
def reach(clock: Clock) -> Reach:
    """Lend a room that nobody has seen yet, on a laptop with one network."""
    found = Reach(clock)
    found.moved(LAPTOP)
    return found


def test_a_room_that_was_invited_in_vain_for_two_minutes_is_told(reach: Reach, clock: Clock) -> None:
    """The laptop's own projector is no guest."""
    reach.invite(shown=True)
    reach.heard("192.168.1.12")
    clock.now = SILENT_S - 1
    assert not reach.is_vain
    clock.now = SILENT_S
    reach.invite(shown=True)
    assert reach.is_vain


def test_one_guest_is_proof_enough(reach: Reach, clock: Clock) -> None:
    """At any time before or after."""
    reach.heard("192.168.1.77")
    reach.invite(shown=True)
    clock.now = 10 * SILENT_S
    assert not reach.is_vain


def test_who_is_not_invited_is_not_missed(reach: Reach, clock: Clock) -> None:
    """Time counts from the last showing on."""
    reach.invite(shown=True)
    clock.now = SILENT_S - 1
    reach.invite(shown=False)
    clock.now = 2 * SILENT_S
    assert not reach.is_vain
    reach.invite(shown=True)
    assert not reach.is_vain


def test_another_network_begins_anew(reach: Reach, clock: Clock) -> None:
    """Who came on the old one says nothing of the new one; the same addresses again change nothing."""
    reach.invite(shown=True)
    reach.heard("192.168.1.77")
    reach.moved(frozenset(LAPTOP))
    assert reach.is_reached
    clock.now = SILENT_S
    reach.moved(frozenset({"10.0.0.5"}))
    assert not reach.is_vain
    clock.now = 2 * SILENT_S
    assert reach.is_vain


def test_a_request_without_an_address_is_nobody(reach: Reach) -> None:
    """A connection that has ended already."""
    reach.heard(None)
    assert not reach.is_reached
