"""What comes again is known by a bit (hub/doorstep.py)."""

from hub.doorstep import Doorstep


def test_who_comes_again_is_known() -> None:
    """Not the first time, and always afterwards."""
    door = Doorstep()
    assert not door.again("a/b")
    assert door.again("a/b")
    assert door.again("a/b")


def test_few_strangers_are_taken_for_known() -> None:
    """One in 25 once it is full; 50,000 of them pass, whatever seeds the hashes."""
    door = Doorstep()
    assert sum(door.again(f"a/{number}") for number in range(50_000)) < 50_000 / 25


def test_after_many_strangers_it_begins_anew() -> None:
    """Or in the end everybody would be known."""
    door = Doorstep(most=2)
    assert not any(door.again(name) for name in ("a", "b", "c"))
    assert not door.again("a")
