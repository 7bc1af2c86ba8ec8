"""The relay that speaks TLS before the embedded broker."""

import os
from datetime import UTC, datetime
from pathlib import Path

from hub.lan.keeper import FOLDER, SERVER, Keeper
from hub.tlsrelay import Relay


def test_a_handshake_under_way_never_sees_half_a_certificate(tmp_path: Path) -> None:
    """A renewed one is taken into a context of its own: certificate and key are loaded one after the other."""
    keeper = Keeper(tmp_path, lambda: datetime.now(UTC))
    keeper.renew(["10.0.0.4"])
    file = tmp_path / FOLDER / SERVER
    relay = Relay(file, ("127.0.0.1", 1))
    before = relay.context
    relay.refresh()
    assert relay.context is before
    keeper.renew(["10.0.0.5"])
    os.utime(file, ns=(1, 1))
    relay.refresh()
    assert relay.context is not before
