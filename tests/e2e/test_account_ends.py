"""An account that was given until the archive ends with it, in a running hub and at its broker (issue 10, item 3)."""

import contextlib
from pathlib import Path

import paho.mqtt.publish
import pytest

from servers.brokers import KINDS, needs
from servers.hostile import Visitor
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PATIENCE_S = 120.0


def is_let_in(hub: Demo, name: str, password: str) -> bool:
    """Tell whether the broker takes a message of this account."""
    auth = {"username": name, "password": password}
    with contextlib.suppress(Exception):  # whatever paho says of a refusal, or of a broker that is being started
        paho.mqtt.publish.single(
            f"{name}/t",
            "21.5",
            qos=1,
            hostname="127.0.0.1",
            port=hub.mqtt_port,
            auth=auth,  # type: ignore[arg-type]
        )
        return True
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
