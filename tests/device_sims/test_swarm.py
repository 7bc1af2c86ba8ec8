"""The swarm's packets, byte by byte (MQTT 3.1.1 §3.3)."""

import pytest

from device_sims.swarm import publish


@pytest.mark.parametrize(
    ("retain", "again", "head"), [(False, False, 0x32), (True, False, 0x33), (False, True, 0x3A), (True, True, 0x3B)]
)
def test_a_message_sent_again_says_so(retain: bool, again: bool, head: int) -> None:  # noqa: FBT001 — parameters
    """Bit 3 is DUP, bit 0 RETAIN, QoS 1 between them; topic, packet id and payload stay the same."""
    packet = publish("a/b", b"21.5", 258, retain=retain, again=again)
    assert packet == bytes([head, 11]) + b"\x00\x03a/b\x01\x0221.5"
