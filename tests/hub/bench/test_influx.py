"""An InfluxDB of a bench's own (hub/bench/_influx.py)."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from hub.bench._influx import influxdb
from hub.store import influx_setup
from hub.store.influx_client import Client
from servers.influx import HOW


def test_without_influxd_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bench then measures SQLite alone."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    with influxdb(tmp_path) as place:
        assert place is None


def test_an_influxd_on_path_is_started_set_up_and_ended(tmp_path: Path) -> None:
    """Nothing of it is left running."""
    if shutil.which("influxd") is None:
        pytest.skip(HOW)
    with influxdb(tmp_path) as place:
        assert place is not None
        with closing(Client(place)) as client:
            assert place.bucket not in influx_setup.look(client).missing
    with closing(Client(place, timeout=1)) as client, pytest.raises(influx_setup.SetupError, match="does not answer"):
        influx_setup.look(client)
