"""What the processes of a hub import when they start, and how the hub's own begins."""

import os
import ssl
import subprocess
import sys

import pytest

from hub.serving import AUTHORITIES, without_authorities

HEAVY = {"arro3", "cryptography", "influxdb_client", "jinja2", "PIL", "segno", "typst", "zeroconf"}
"""Libraries of single tasks, imported where they are used."""
SMALL = HEAVY | {"aiohttp", "asyncio", "hub.worker"}


@pytest.mark.parametrize(
    ("process", "without"),
    [
        ("hub.process", HEAVY),
        ("hub.ingest.__main__", SMALL | {"http.client", "urllib.request"}),
        ("hub.broker", SMALL),
        ("hub.cli._start", SMALL),
        (
            "hub.keeper",
            SMALL | {"cyclopts", "filelock", "hub.broker", "hub.config", "msgspec", "psutil", "rich", "socket"},
        ),
        ("device_sims.__main__", SMALL - {"asyncio"} | {"hub.drivers", "hub.registry"}),
    ],
)
def test_a_process_imports_only_what_its_start_needs(process: str, without: set[str]) -> None:
    """Each library that it does without is milliseconds of the first value and megabytes for as long as it runs."""
    code = f"import sys, {process}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & without


@pytest.mark.parametrize("told", [None, "/etc/own.pem"])
def test_the_authorities_are_back_once_the_hub_is_imported(told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes a context afterwards trusts what the machine, or its owner, trusts."""
    monkeypatch.delenv(AUTHORITIES, raising=False)
    if told is not None:
        monkeypatch.setenv(AUTHORITIES, told)
    with without_authorities():
        assert not ssl.create_default_context().get_ca_certs()
    assert os.environ.get(AUTHORITIES) == told
