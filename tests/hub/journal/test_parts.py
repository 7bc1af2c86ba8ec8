"""A group commit cut into parts and put together again (hub/journal/parts.py)."""

from hypothesis import given
from hypothesis import strategies as st

from hub.journal.parts import LARGEST, grouped, packed, partition, records, split, unpacked, whole
from hub.model import Message, Record

TOPICS = st.sampled_from(["a", "a/b", "a/b/c", "tele/x/SENSOR", "tele/y/SENSOR", "é/ü"])
MESSAGES = st.lists(st.builds(Message, TOPICS, st.binary(max_size=20), st.integers(1, 10**18)), min_size=1, max_size=30)


@given(messages=MESSAGES, many=st.integers(1, 64), repeats=st.integers(0, 30), after=st.integers(0, 140))
def test_all_parts_together_are_the_group_in_its_order(
    messages: list[Message], many: int, repeats: int, after: int
) -> None:
    """Each message once, at its position, with its marks; one of the parts missing, it is not whole."""
    made = split(messages, first=100, epoch=3, repeats=repeats, late=True, partitions=many)
    parts = [part for _, part in made]
    wanted = [Record(100 + at, message, 3, at < repeats, late=True) for at, message in enumerate(messages)]
    assert records(reversed(parts), after) == [each for each in wanted if each.position > after]
    assert whole(parts)
    assert not whole(parts[1:])
    assert all(where == partition(message.topic, many) for where, part in made for message in part.messages)
    assert [unpacked(packed(part)) for part in parts] == parts


def test_no_part_is_larger_than_a_server_takes() -> None:
    """A message that is larger has one of its own."""
    sizes = [LARGEST // 2, LARGEST // 2, LARGEST // 4, LARGEST + 5, 1]
    made = split(
        [Message("a/b", bytes(size), 1) for size in sizes], first=1, epoch=0, repeats=0, late=False, partitions=8
    )
    assert [[len(each.payload) for each in part.messages] for _, part in made] == [
        [sizes[0]],
        [sizes[1], sizes[2]],
        [sizes[3]],
        [1],
    ]


def test_a_damaged_part_is_known_by_its_checksum() -> None:
    """Whatever byte it is that is another."""
    ((_, part),) = split([Message("a/b", b"1" * 50, 1)], first=1, epoch=0, repeats=0, late=False, partitions=8)
    data = packed(part)
    for at in range(len(data)):
        assert unpacked(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) in (None, part), at
    assert unpacked(data[:-1]) is None
    assert unpacked(b"") is None


@given(
    marks=st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 2), st.booleans(), st.booleans()), min_size=1, max_size=40
    )
)
def test_any_journal_can_be_cut_into_groups_and_comes_back_as_it_was(
    marks: list[tuple[int, int, bool, bool]],
) -> None:
    """Holes, other connections, late ones, and repeats that come after what is none."""
    found, position = list[Record](), 0
    for step, epoch, repeat, late in marks:
        position += step
        found.append(Record(position, Message("a/b", b"1", position), epoch, repeat, late))
    back: list[Record] = []
    for group in grouped(found, most=7):
        first = group[0]
        parts = split(
            [each.message for each in group],
            first=first.position,
            epoch=first.epoch,
            repeats=sum(each.repeat for each in group),
            late=first.late,
            partitions=3,
        )
        back += records((part for _, part in parts), 0)
    assert back == found
