"""Real brokers for tests: the embedded one through the hub's own start, and an installed Mosquitto.

def test_something(broker: Broker): ...        # tests/servers/brokers.py: both brokers, one after the other
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from hub import broker as hub_broker
from hub import mosquitto as hub_mosquitto
from hub.errors import ConfigError
from servers.ports import free_port

KINDS = ["embedded", "mosquitto"]


@dataclass(frozen=True)
class Broker:
    """A living broker.

    Attributes:
        kind: `embedded` or `mosquitto`.
        port: its port on loopback.
        window: messages it keeps in flight towards one subscriber.
        folder: its data folder.
    """

    kind: str
    port: int
    window: int
    folder: Path

    @property
    def url(self) -> str:
        """Where a client connects."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it again after `kill`, on the same port."""
        hub_broker.start(self._file, linger_s=5)

    def stop(self) -> None:
        """End it in order."""
        hub_broker.stop(self.folder)

    def kill(self) -> None:
        """End it without warning, as a power cut would."""
        kill(self.folder)

    @property
    def _file(self) -> Path:
        return self.folder / ("broker.toml" if self.kind == "embedded" else "broker.conf")


def needs(kind: str) -> None:
    """Skip where this broker cannot run, with the command that would provide it."""
    if kind == "mosquitto":
        try:
            hub_mosquitto.program()
        except ConfigError as error:
            pytest.skip(str(error))
    else:
        pytest.importorskip("iotcore", reason="needs the embedded broker: pip install iotcore")


def kill(folder: Path) -> None:
    """Kill the broker of this data folder, and what it started."""
    import psutil  # noqa: PLC0415 — only here

    state = hub_broker.alive(folder)
    assert state is not None, "no broker lives in this folder"
    process = psutil.Process(state.pid)
    family = [*process.children(recursive=True), process]
    for each in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # one may end with the other
            each.kill()
    psutil.wait_procs(family, timeout=30)


@contextmanager
def running(kind: str = "embedded", *, user: str | None = None, password: str | None = None) -> Iterator[Broker]:
    """Lend a broker on a free loopback port; its lock is held, so it lives as long as this test process."""
    needs(kind)
    folder = Path(tempfile.mkdtemp(prefix="broker-"))
    window = hub_broker.WINDOW if kind == "embedded" else hub_mosquitto.WINDOW
    lent = Broker(kind, free_port(), window, folder)
    hub_broker.write_config(lent._file, port=lent.port, user=user, password=password)
    with FileLock(folder / "lock", timeout=30):
        lent.start()
        try:
            yield lent
        finally:
            lent.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(
    params=[pytest.param(kind, marks=[pytest.mark.mosquitto] if kind == "mosquitto" else []) for kind in KINDS]
)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Lend each real broker in turn, fresh for each test."""
    with running(request.param) as lent:
        yield lent


@pytest.fixture
def embedded() -> Iterator[Broker]:
    """Lend the embedded broker, fresh for each test."""
    with running("embedded") as lent:
        yield lent
