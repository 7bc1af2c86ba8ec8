"""The viewers of `bench fanout` read a server's frames as RFC 6455 §5.2 lays them out."""

import socket
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.bench import _viewers

DELTA = b'{"seq":1,"type":"delta","values":[{"device":"generic:bench/stamp","channel":"sent","value":1000.5}]}'


def framed(kind: int, payload: bytes) -> bytes:
    """Return a server's frame."""
    if len(payload) < 126:
        return struct.pack(">BB", 0x80 | kind, len(payload)) + payload
    if len(payload) < 65_536:
        return struct.pack(">BBH", 0x80 | kind, 126, len(payload)) + payload
    return struct.pack(">BBQ", 0x80 | kind, 127, len(payload)) + payload


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([0, 1, 125, 126, 65_535, 65_536]), max_size=4), st.integers(3_001, 70_000))
def test_frames_are_found_wherever_the_stream_is_cut(sizes: list[int], piece: int) -> None:
    """Every length form, whole, in order, and nothing left."""
    payloads = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    stream = b"".join(framed(_viewers.TEXT, each) for each in payloads)
    found: list[bytes] = []
    rest = b""
    for at in range(0, len(stream), piece):
        frames, rest = _viewers.cut(rest + stream[at : at + piece])
        found += [payload for _, payload in frames]
    assert found == payloads
    assert rest == b""


def test_a_stamp_is_counted_once_with_its_age() -> None:
    """The same value in the next frame is no new one; a whole frame shows old values and counts as a frame only."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        viewer = _viewers.Viewer(ours)
        ours.settimeout(0)
        for payload in (DELTA, DELTA, DELTA.replace(b"delta", b"full").replace(b"1000.5", b"900")):
            theirs.sendall(framed(_viewers.TEXT, payload))
        viewer.read(1_012.5)
        assert viewer.late == [12.0]
        figures = _viewers.taken([viewer])
        assert (figures["frames"], figures["stamps"], figures["in_time"]) == (3, 1, 1)
        assert _viewers.taken([viewer])["frames"] == 0


def test_a_ping_is_answered_and_a_close_is_seen() -> None:
    """Else the hub would take the viewer for gone, or the bench a viewer that was let go for one that watches."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        viewer = _viewers.Viewer(ours)
        theirs.sendall(framed(_viewers.PING, b"there?"))
        viewer.read(0)
        answer = theirs.recv(64)
        mask, body = answer[2:6], answer[6:]
        assert answer[:2] == bytes([0x80 | _viewers.PONG, 0x80 | 6])
        assert bytes(byte ^ mask[place % 4] for place, byte in enumerate(body)) == b"there?"
        assert not viewer.closed
        theirs.sendall(framed(_viewers.CLOSE, b""))
        viewer.read(0)
        assert viewer.closed
