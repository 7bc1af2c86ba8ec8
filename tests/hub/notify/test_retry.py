"""How long telling is tried (hub/notify/retry.py)."""

from hypothesis import given
from hypothesis import strategies as st

from hub.model import NS
from hub.notify.retry import FIRST_S, LONGEST_S, MOST_TRIES, pause


@given(st.integers(1, MOST_TRIES - 1), st.floats(0, 1))
def test_pauses_grow_to_a_longest_with_chance_in_them(tries: int, chance: float) -> None:
    """Never none, never more than a quarter of an hour."""
    wait = pause(tries, chance)
    assert wait is not None
    assert FIRST_S / 2 <= wait / NS <= LONGEST_S
    assert wait <= (pause(tries, 1.0) or 0)
    assert (pause(tries, 0.5) or 0) <= (pause(tries + 1, 0.5) or 2**63)


def test_it_ends() -> None:
    """Within some hours: later nobody is helped."""
    pauses = [pause(tries, 1.0) for tries in range(1, MOST_TRIES + 1)]
    assert pauses[-1] is None
    assert 3600 < sum(each or 0 for each in pauses) / NS < 3 * 3600
