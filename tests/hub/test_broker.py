"""The broker beside the hub: started, taken over, ended; and what it says when it cannot."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from hub import broker, mosquitto
from hub.errors import ConfigError
from servers.brokers import KINDS, Broker, kill, needs, running
from servers.ports import free_port, listens, until
from servers.production import SHIPPED
from servers.publisher import Publisher

FILES = {"embedded": "broker.toml", "mosquitto": "broker.conf"}


@pytest.fixture(params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Lend the configuration file of each kind of broker, for a free port on loopback."""
    needs(request.param)
    file = tmp_path / FILES[request.param]
    broker.write_config(file, port=free_port())
    return file


def test_a_living_broker_with_equal_configuration_is_taken_over(path: Path) -> None:
    """The hub that comes back finds the same process; after a change it gets another."""
    first = broker.start(path)
    try:
        assert broker.start(path) == first
        broker.write_config(path, port=first.port)
        assert broker.start(path) == first
        broker.write_config(path, port=free_port())
        second = broker.start(path)
        assert second.pid != first.pid
        assert not psutil.pid_exists(first.pid)
        assert not listens(first.port)
    finally:
        broker.stop(path.parent)
    assert broker.alive(path.parent) is None


HUB = """
import sys
from pathlib import Path
from filelock import FileLock
from hub import broker
path = Path(sys.argv[1])
with FileLock(path.parent / "lock"):
    print(broker.start(path, linger_s=1).pid, flush=True)
    sys.stdin.read()
"""


def test_it_outlives_a_killed_hub_and_ends_by_itself_later(path: Path) -> None:
    """Killed, the hub's lock is free: the broker goes on, is taken over by a hub that comes soon, and else ends."""
    with subprocess.Popen([sys.executable, "-c", HUB, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hub:
        assert hub.stdout is not None
        pid = int(hub.stdout.readline())
        hub.kill()
        hub.wait()
    with FileLock(path.parent / "lock", timeout=30):
        state = broker.start(path, linger_s=1)
        assert state.pid == pid
        with pytest.raises(TimeoutError):
            until("it ends", lambda: broker.alive(path.parent) is None, timeout_s=1.5)
    until("it ends", lambda: broker.alive(path.parent) is None)
    until("its port is free", lambda: not listens(state.port))


def test_a_crashed_broker_is_started_again(path: Path) -> None:
    """The guard notices within a second, and tells whoever says which process it is."""
    broker.start(path)
    told: list[broker.State | None] = []
    end = broker.guard(path, every_s=0.1, restarted=lambda: told.append(broker.alive(path.parent)))
    try:
        kill(path.parent)
        until("it is back and told of", lambda: bool(told))
        assert told == [broker.alive(path.parent)]
    finally:
        end()
        broker.stop(path.parent)


def test_a_port_in_use_is_named_with_its_remedy(path: Path, tmp_path: Path) -> None:
    """The message says which port, and what to do; nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        broker.write_config(path, port=port)
        with pytest.raises(ConfigError, match=rf"port {port} .*--mqtt-port"):
            broker.start(path)
    assert broker.alive(tmp_path) is None


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_password_nobody_else_connects(kind: str) -> None:
    """As soon as the hub is open to the room."""
    with running(kind, user="matinales", password='p"w\\ é') as lent:
        with Publisher(lent.port, "a", user="matinales", password='p"w\\ é') as publisher:
            assert publisher.say_all(iter([("a", b"1")])) == 1
        for user, password in ((None, None), ("matinales", "no"), ("other", 'p"w\\ é')):
            with pytest.raises(ConnectionError), Publisher(lent.port, "b", user=user, password=password):
                pass


def test_the_configuration_is_its_owners_only(path: Path) -> None:
    """It holds the password."""
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0


def test_it_listens_on_loopback_only(path: Path) -> None:
    """Nobody in the room reaches it before the facilitator opens it."""
    state = broker.start(path)
    try:
        found = psutil.Process(state.pid)
        family = [found, *found.children()]
        listening = [each.laddr.ip for one in family for each in one.net_connections() if each.status == "LISTEN"]
        assert listening == ["127.0.0.1"]
    finally:
        broker.stop(path.parent)


def test_its_log_is_capped_and_silent_about_packets(tmp_path: Path) -> None:
    """A thousand messages leave not one line each."""
    with running("embedded") as lent, Publisher(lent.port, "p") as publisher:
        publisher.say_all(("a", b"1") for _ in range(1_000))
        assert len((lent.folder / "broker.log").read_text().splitlines()) < 20
    assert not list(tmp_path.iterdir())


def test_each_door_of_mosquitto_has_room_for_as_many_as_the_shipped_file_says(tmp_path: Path) -> None:
    """Those who never say who they are would else take all of its memory, or the system's files."""
    file = tmp_path / "broker.conf"
    broker.write_config(file, port=1883, tls=broker.Tls(8883, tmp_path / "server.pem"))
    shipped = SHIPPED.read_text(encoding="utf-8")
    for text in (file.read_text(encoding="utf-8"), shipped):
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        doors = [number for number, line in enumerate(lines) if line.startswith("listener ")]
        assert [lines[number + 1] for number in doors] == [f"max_connections {mosquitto.CONNECTIONS}"] * 2


def test_the_shipped_mosquitto_file_loads(tmp_path: Path) -> None:
    """The file at the top of the tree, as a user tries it."""
    needs("mosquitto")
    with running("mosquitto") as lent:
        assert isinstance(lent, Broker)
        assert listens(lent.port)
        text = (lent.folder / "broker.conf").read_text()
    assert "max_queued_messages 600000" in text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("deaf", [0, 2])
def test_what_changes_while_mosquitto_starts_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaf: int
) -> None:
    """An account given at that moment opens: whether it read the list before or after, nobody knows.

    It is told until it answers, and until then nobody takes it for read.
    """
    passwords, again = tmp_path / mosquitto.PASSWORDS, threading.Event()
    answers = iter([*[False] * deaf, True])
    noted: list[list[tuple[int, int] | None]] = []
    passwords.write_text("before")

    class Started:
        """Mosquitto, which ends once it has read its lists again."""

        def __init__(self, *_: object, **__: object) -> None:
            """Begin while the list is being replaced."""
            passwords.write_text("given meanwhile")

        @property
        def stderr(self) -> Iterator[str]:
            """Say nothing."""
            again.wait(30)
            return iter(())

        def terminate(self) -> None:
            """End."""

        def wait(self) -> None:
            """Have ended."""

    def note(path: Path, stamps: list[tuple[int, int] | None]) -> None:
        noted.append(stamps)
        if path.exists() and len(noted) > 1:
            again.set()

    monkeypatch.setattr(mosquitto, "program", lambda: "mosquitto")
    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.setattr(broker, "LISTS_S", 0.01)
    monkeypatch.setattr(broker, "_read_again", lambda *_: next(answers))
    monkeypatch.setattr(broker, "_note_read", note)
    (tmp_path / "broker.conf").write_text("listener 1883 127.0.0.1")
    broker._serve_mosquitto(tmp_path / "broker.conf", threading.Event())
    assert again.is_set()
    assert next(answers, None) is None
    assert noted[0] != noted[1] == broker._stamps(broker._lists(tmp_path / "broker.conf"))


def test_mosquitto_that_nobody_reaches_has_not_read_its_lists(tmp_path: Path) -> None:
    """Whoever revoked must not hear that it has."""

    class Deaf:
        """Takes signals and gives no answer."""

        def send_signal(self, _: int) -> None:
            """Be told to read."""

        def terminate(self) -> None:
            """End."""

    (tmp_path / "broker.conf").write_text(f"listener {free_port()} 127.0.0.1")
    assert broker._read_again(Deaf(), tmp_path / "broker.conf") is False  # type: ignore[arg-type]
