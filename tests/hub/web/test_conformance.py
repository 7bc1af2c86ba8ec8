"""Schemathesis asks everything that openapi.json allows, and much that it does not, as each role.

No request makes the hub fail, answers what is not described, or does what its role may not.
"""

import asyncio
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from hub.web.app import make_app
from hub.web.security import COOKIE, Security
from servers.conformance import conforming
from servers.hostile import Visitor
from servers.web import SECRET, FakeHub


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("role", ["viewer", "facilitator", "hub"])
async def test_every_operation_conforms(role: str, tmp_path: Path) -> None:
    """With a handful of examples each, beside those at the edges of every parameter.

    That what needs a role needs it is asked as nobody: who bears a valid secret is known, whatever else is sent along.
    """
    hub = FakeHub()
    hub.speak("tasmota:kitchen", "temperature", 21.5)
    security = Security(hub.config, demo=True, lan=True, secret=SECRET, pin="042042")
    app = await asyncio.to_thread(make_app, hub, security, tmp_path)
    secrets = {
        "viewer": {},
        "facilitator": {"Cookie": f"{COOKIE}={security.sessions.open()}"},
        "hub": {"Authorization": f"Bearer {SECRET}"},
    }
    async with TestServer(app) as server:
        page = str(server.make_url("/"))
        held = await conforming(page, tmp_path, secrets[role], examples=5, auth=role == "viewer")
        still = (await asyncio.to_thread(Visitor(page, secrets[role]).told, "GET", "login"))["role"]
    assert still == ("viewer" if role == "viewer" else "facilitator"), "the rest was asked as somebody else"
    print(f"{role}: {held} cases")  # noqa: T201 — what it is run for
