"""What the hub said itself and comes back is no command of somebody else's."""

import pytest

from hub.model import NS
from hub.overheard import OWN, OWN_FOR, REPEATED, OwnWords

WORD = ("cmnd/lamp/POWER", b"ON")


def test_a_word_comes_back_as_often_as_it_was_said() -> None:
    """The next one like it is somebody else's."""
    own = OwnWords()
    own.say([WORD, WORD], 0)
    assert [own.is_ours(*WORD, NS) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("other", [("cmnd/lamp/POWER", b"OFF"), ("cmnd/lamp", b"/POWERON"), ("cmnd/LAMP/POWER", b"ON")])
def test_another_topic_or_payload_is_not_ours(other: tuple[str, bytes]) -> None:
    """Nor one that reads the same when both are put together."""
    own = OwnWords()
    own.say([WORD], 0)
    assert not own.is_ours(*other, 0)


def test_a_word_is_ours_for_a_minute() -> None:
    """Each time it is said counts from then."""
    own = OwnWords()
    own.say([WORD], 0)
    own.say([WORD], 30 * NS)
    assert own.is_ours(*WORD, OWN_FOR + 1)
    assert not own.is_ours(*WORD, OWN_FOR + 1)
    own.say([WORD], OWN_FOR)
    assert not own.is_ours(*WORD, 2 * OWN_FOR + 1)


def test_a_flood_of_words_is_forgotten_from_its_beginning() -> None:
    """Ten thousand devices that are asked to speak, or one that is asked for ever, hold no memory beyond the cap."""
    own = OwnWords()
    own.say([WORD], 0)
    own.say([(f"cmnd/{number}/STATUS", b"") for number in range(OWN)], 1)
    assert not own.is_ours(*WORD, 2)
    assert own.is_ours(f"cmnd/{OWN - 1}/STATUS", b"", 2)
    own.say([WORD] * (REPEATED + 5), 3)
    assert sum(own.is_ours(*WORD, 4) for _ in range(REPEATED + 5)) == REPEATED
