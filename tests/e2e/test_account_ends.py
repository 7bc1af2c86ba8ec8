"""An account that was given until the archive ends with it, in a running hub and at its broker (issue 10, item 3)."""

import contextlib
import socket
from pathlib import Path

import pytest

from servers.brokers import KINDS, needs
from servers.hostile import Visitor
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PATIENCE_S = 120.0
ANSWER_S = 10.0


def text(said: str) -> bytes:
    """Return a text as MQTT writes it (3.1.1 §1.5.3)."""
    return len(said.encode()).to_bytes(2, "big") + said.encode()


def is_let_in(hub: Demo, name: str, password: str) -> bool:
    """Tell whether the broker takes a message of this account; one that hangs up without a word does not.

    By hand, for paho comes back for ever to a broker that refuses so, as the embedded one does.
    """
    hello = b"\x00\x04MQTT\x04\xc2\x00\x3c" + text("") + text(name) + text(password)
    says = text(f"{name}/t") + b"\x00\x0121.5"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", hub.mqtt_port), ANSWER_S) as line:
        line.sendall(bytes([0x10, len(hello)]) + hello)
        if line.recv(4) == b"\x20\x02\x00\x00":
            line.sendall(bytes([0x32, len(says)]) + says)
            return line.recv(4) == b"\x40\x02\x00\x01"
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_an_account_until_the_archive_is_refused_after_it_and_one_that_stays_is_not(kind: str, tmp_path: Path) -> None:
    """Given by the facilitator, used, ended by the archive; nobody restarts anything."""
    needs(kind)
    with demo(tmp_path / "data", "--lan", *(("--broker", kind) if kind == "mosquitto" else ())) as hub:
        facilitator = Visitor(hub.page)
        facilitator.told("POST", "login", {"pin": str(hub.said["pin"])})
        session = facilitator.told("POST", "sessions", {"title": "Room 3"})["id"]
        guest = facilitator.told("POST", "accounts", {"name": "oven", "until_archive": True})["password"]
        stays = facilitator.told("POST", "accounts", {"name": "fridge"})["password"]
        until(lambda: is_let_in(hub, "oven", guest) and is_let_in(hub, "fridge", stays), PATIENCE_S)
        facilitator.told("POST", f"sessions/{session}/archive")
        until(lambda: not is_let_in(hub, "oven", guest) and is_let_in(hub, "fridge", stays), PATIENCE_S)
        assert [each["name"] for each in facilitator.told("GET", "accounts")["accounts"]] == ["fridge"]
