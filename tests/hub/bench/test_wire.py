"""The recording proxy's reading of MQTT: packets however they are cut, and PUBACKs held against what was delivered."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bench._publisher import publish_packet
from hub.bench._wire import Packets, Recorded


@settings(max_examples=50, deadline=None)
@given(
    messages=st.lists(st.tuples(st.text(min_size=1, max_size=9), st.binary(max_size=300)), max_size=9),
    cuts=st.lists(st.integers(0, 400), max_size=20),
)
def test_packets_are_whole_however_the_stream_is_cut(messages: list[tuple[str, bytes]], cuts: list[int]) -> None:
    """Lengths of one byte and of several."""
    data = b"".join(publish_packet(topic, body, number + 1) for number, (topic, body) in enumerate(messages))
    packets, recorded = Packets(), Recorded()
    for size in [*cuts, len(data)]:
        for head, body in packets.feed(data[:size]):
            assert head == 0x32
            recorded.published(head, body)
        data = data[size:]
    assert recorded.heard == messages


def delivered(*numbers: int) -> Recorded:
    """Return a connection that delivered messages with these ids."""
    recorded = Recorded()
    for number in numbers:
        for head, body in Packets().feed(publish_packet("a", b"%d" % number, number)):
            recorded.published(head, body)
    return recorded


def acknowledged(recorded: Recorded, *numbers: int) -> tuple[list[bytes], int, int]:
    """Return what PUBACKs of these ids confirm, how many are out of order, and how many confirm nothing."""
    for number in numbers:
        recorded.confirmed(number.to_bytes(2, "big"))
    return [payload for _, payload in recorded.acknowledged], recorded.out_of_order, recorded.stray


def test_a_puback_confirms_the_message_of_its_id() -> None:
    """In order of arrival nothing is wrong; an id may be used again once it was confirmed."""
    assert acknowledged(delivered(7, 3, 9), 7, 3) == ([b"7", b"3"], 0, 0)
    assert acknowledged(delivered(7, 3, 7), 7, 3, 7) == ([b"7", b"3", b"7"], 0, 0)


def test_a_puback_before_its_turn_is_out_of_order() -> None:
    """The oldest message due is the next one (MQTT-4.6.0-2)."""
    assert acknowledged(delivered(1, 2, 3), 2, 1, 3) == ([b"2", b"1", b"3"], 1, 0)


def test_a_puback_of_another_connection_confirms_nothing() -> None:
    """A stale id, or one confirmed twice."""
    assert acknowledged(delivered(1), 5, 1, 1) == ([b"1"], 0, 2)
