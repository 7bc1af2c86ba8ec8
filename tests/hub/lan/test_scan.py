"""What a scanner of TLS finds at the page's door: sslyze, where its program is given."""

import asyncio
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.lan.keeper import Keeper

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
PLACE = "MATINALES_SSLYZE"
GET_IT = f"pip install sslyze into an environment of its own and set {PLACE} to the program in it"
OLD = ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1")
NEW = ("tls_1_2", "tls_1_3")


async def found(port: int, folder: Path) -> dict[str, Any]:
    """Return what the scanner says of a port, command by command."""
    program = os.environ.get(PLACE)
    if program is None:
        pytest.skip(f"needs sslyze: {GET_IT}")
    report = folder / "report.json"
    process = await asyncio.create_subprocess_exec(
        *(program, f"127.0.0.1:{port}", f"--json_out={report}", "--quiet"),
        *("--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--compression", "--heartbleed"),
        *("--openssl_ccs", "--robot", "--reneg"),
    )
    await process.wait()
    (server,) = json.loads(report.read_text())["server_scan_results"]
    assert server["scan_status"] == "COMPLETED", server
    return {name: each["result"] for name, each in server["scan_result"].items() if each["result"] is not None}


async def test_a_scanner_finds_modern_tls_and_nothing_else(tmp_path: Path) -> None:
    """TLS 1.2 and 1.3 with forward secrecy only, no known weakness."""
    keeper = Keeper(tmp_path, lambda: datetime.now(UTC))
    await asyncio.to_thread(keeper.renew, [])
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=keeper.context)
    async with server:
        said = await found(server.sockets[0].getsockname()[1], tmp_path)
    suites = {each: said[f"{each}_cipher_suites"]["accepted_cipher_suites"] for each in (*OLD, *NEW)}
    print({each: [one["cipher_suite"]["name"] for one in suites[each]] for each in NEW})  # noqa: T201 — long tier
    assert [each for each in OLD if suites[each]] == []
    assert all(one["cipher_suite"]["name"].startswith("TLS_ECDHE_") for one in suites["tls_1_2"])
    assert all(suites[each] for each in NEW)
    assert not said["tls_compression"]["supports_compression"]
    assert not said["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not said["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert "NOT_VULNERABLE" in said["robot"]["robot_result"]
    assert not said["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
