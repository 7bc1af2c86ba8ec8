"""Schemathesis asks a running hub, with its broker, simulators, journal and store, as each role (X15)."""

import json
from pathlib import Path

import pytest

from servers.conformance import conforming
from servers.hostile import Visitor
from servers.hubs import demo

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("role", ["viewer", "facilitator", "hub"])
async def test_every_operation_of_a_running_hub_conforms(role: str, tmp_path: Path) -> None:
    """What is made up in tests/hub/web/test_conformance.py is real here, and all of it goes on afterwards."""
    with demo(tmp_path / "data", "--lan") as hub:
        visitor = Visitor(hub.page)
        if role == "facilitator":
            visitor.told("POST", "login", {"pin": str(hub.said["pin"])})
        secret = json.loads((hub.data / "run.json").read_text())["secret"]
        headers = {
            "viewer": {},
            "facilitator": {"Cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())},
            "hub": {"Authorization": f"Bearer {secret}"},
        }
        before = hub.parts()
        held = await conforming(hub.page, tmp_path, headers[role], examples=3, auth=role == "viewer")
        still = Visitor(hub.page, headers[role]).told("GET", "login")["role"]
        assert still == ("viewer" if role == "viewer" else "facilitator"), "the rest was asked as somebody else"
        print(f"{role}: {held} cases")  # noqa: T201 — what it is run for
        assert hub.parts() == before, "a part was started again"
        assert hub.get("health")["status"] in {"ok", "degraded"}
