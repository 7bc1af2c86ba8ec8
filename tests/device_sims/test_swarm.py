"""The swarm's packets, byte by byte (MQTT 3.1.1 §3.3)."""

import pytest

from device_sims import swarm
from device_sims.devices import Packet
from device_sims.swarm import publish
from servers.parting import letting_in


@pytest.mark.parametrize(
    ("retain", "again", "head"), [(False, False, 0x32), (True, False, 0x33), (False, True, 0x3A), (True, True, 0x3B)]
)
def test_a_message_sent_again_says_so(retain: bool, again: bool, head: int) -> None:  # noqa: FBT001 — parameters
    """Bit 3 is DUP, bit 0 RETAIN, QoS 1 between them; topic, packet id and payload stay the same."""
    packet = publish("a/b", b"21.5", 258, retain=retain, again=again)
    assert packet == bytes([head, 11]) + b"\x00\x03a/b\x01\x0221.5"


@pytest.mark.parametrize(("broker_s", "ours_s", "heard"), [(0.1, 30.0, []), (30.0, 0.05, [b""])])
async def test_the_broker_hangs_up_first_unless_it_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, broker_s: float, ours_s: float, heard: list[bytes]
) -> None:
    """The built-in one says the will of whoever says farewell and hangs up in one moment."""
    monkeypatch.setattr(swarm, "HANG_UP_S", ours_s)
    async with letting_in(broker_s) as (address, said):
        await swarm.part(await swarm.gather(address, [("d", Packet("tele/d-sim/LWT", b"Offline", retain=True))]))
    assert said == heard
