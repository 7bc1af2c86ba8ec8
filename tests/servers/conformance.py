"""Schemathesis as a program, asking a server all that its openapi.json allows, and much that it does not."""

import asyncio
import os
import re
import sys
from pathlib import Path

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
async def conforming(address: str, folder: Path, headers: dict[str, str], *, examples: int, auth: bool) -> int:
    """Let Schemathesis ask a server with all its checks; fail where it finds something, else return what held.

    Whoever comes by a cookie does not log out: all that came after would be asked as a viewer; nor asks faster than a
    session may, for a 429 says nothing of what lies behind it.
    """
    (folder / "schemathesis.toml").write_text(CONFIG)
    (folder / "hooks.py").write_text(HOOKS)
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    left_out = ["missing_required_header"] if auth else ["missing_required_header", "ignored_auth"]
    stays = ["--exclude-path", "/api/v1/logout", "--rate-limit", "50/s"] if "Cookie" in headers else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", RUN, "--config-file", "schemathesis.toml", "run", f"{address}api/v1/openapi.json"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples)),
        *("--exclude-checks", ",".join(left_out), "--seed", "7", "--request-timeout", "30", *stays, *given),
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said[-20_000:]
    passed = re.search(r"generated, (\d+) passed", said)
    assert passed, said[-2_000:]
    assert int(passed[1]) > FEWEST
    return int(passed[1])
