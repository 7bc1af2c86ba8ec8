"""Memory goes back to the system after a flood, not while it lasts."""

import sys

import pytest

from hub.givingback import GivingBack, trimmer


def test_it_is_given_back_once_much_was_done_and_nothing_waits() -> None:
    """Not in the middle of a backlog, and not after every step."""
    told: list[int] = []
    memory = GivingBack(100, told.append)
    memory.took(99, more=False)
    memory.took(500, more=True)
    assert told == []
    memory.took(0, more=False)
    memory.took(99, more=False)
    assert told == [0]


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_the_system_takes_it() -> None:
    """The name exists and answers; musl has none."""
    trim = trimmer()
    assert trim is None or trim(0) in {0, 1}


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_nothing_is_asked(platform: str) -> None:
    """They give back by themselves."""
    assert trimmer(platform) is None
