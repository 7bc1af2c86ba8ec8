"""Schemathesis asks everything that openapi.json allows, and much that it does not, as each role.

No request makes the hub fail, answers what is not described, or does what its role may not.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from hub.web.app import make_app
from hub.web.security import COOKIE, Security
from servers.web import SECRET, FakeHub

CONFIG = """
continue-on-failure = true
color = false

[checks]
# two members that go together, a text that can be printed, a key that came before: no schema says so
positive_data_acceptance.expected-statuses = ["2xx", 304, 400, 401, 403, 404, 409, 413, 415, 422, 429, 503]
"""
HOOKS = """
import schemathesis

@schemathesis.serializer("application/x-ndjson", "image/png", "image/jpeg", "image/webp", "image/svg+xml")
def as_bytes(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
"""
FEWEST = 1_000
"""Cases that hold: each of a hundred addresses is asked many times."""
RUN = "from schemathesis.cli import schemathesis; schemathesis()"


# missing_required_header: none is required but Authorization, for which that check knows 401 alone; design.md §4 says
# 403, and ignored_auth asks for it
async def conforming(address: str, folder: Path, headers: dict[str, str], *, examples: int, auth: bool) -> str:
    """Return what Schemathesis says of a server; fails where it found something."""
    (folder / "schemathesis.toml").write_text(CONFIG)
    (folder / "hooks.py").write_text(HOOKS)
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    left_out = ["missing_required_header"] if auth else ["missing_required_header", "ignored_auth"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, "--config-file", "schemathesis.toml", "run", f"{address}api/v1/openapi.json"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)),
        *("--exclude-checks", ",".join(left_out), "--seed", "7", "--request-timeout", "30", *given),
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said[-20_000:]
    return said


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
        said = await conforming(str(server.make_url("/")), tmp_path, secrets[role], examples=5, auth=role == "viewer")
    passed = re.search(r"generated, (\d+) passed", said)
    assert passed, said[-2_000:]
    print(f"{role}: {passed[1]} cases")  # noqa: T201 — what it is run for
    assert int(passed[1]) > FEWEST
