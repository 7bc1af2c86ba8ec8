"""A real Mosquitto with the shipped file as it stands, but for its ports: the folder is made by `matinales secrets`."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hub import accounts, mosquitto, secretfiles
from servers.brokers import needs
from servers.ports import free_port, listens, until

SHIPPED = Path(__file__).parent.parent.parent / "mosquitto.conf"


@dataclass(frozen=True)
class Production:
    """A living Mosquitto.

    Attributes:
        folder: where it was started; `secrets` lies in it.
        port: for all.
        tls_port: the same over TLS.
        process: Mosquitto's.
    """

    folder: Path
    port: int
    tls_port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def accounts(self) -> Path:
        """The folder of its password file and its rights."""
        return self.folder / "secrets" / "mosquitto"

    @property
    def hub_url(self) -> str:
        """The address that the hub is given."""
        return (self.folder / "secrets" / "hub" / "broker-url").read_text(encoding="utf-8")

    def read_again(self) -> None:
        """Tell it to read passwords and rights again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def password(self, name: str) -> str:
        """Return the password of the hub or the simulator."""
        url = (self.folder / "secrets" / name / "broker-url").read_text(encoding="utf-8")
        return unquote(urlsplit(url).password or "")


@contextmanager
def production(
    folder: Path, text: str | None = None, reading: Sequence[str] = (), **others: str
) -> Iterator[Production]:
    """Lend a Mosquitto with the shipped file, or with `text` in its place.

    Args:
        folder: an empty one.
        text: another configuration; `{port}` in it is filled in.
        reading: which of the others are integrators.
        others: more accounts, name → password, whatever the name.
    """
    needs("mosquitto")
    lent = Production(folder, free_port(), free_port())
    secretfiles.make(
        folder / "secrets", broker=f"127.0.0.1:{lent.port}", hosts=["localhost", "127.0.0.1"], now=datetime.now(UTC)
    )
    for name, password in others.items():
        accounts.set_password(lent.accounts, name, password)
    for name in reading:
        accounts.grant_reading(lent.accounts, name)
    (folder / "data").mkdir()
    shipped = SHIPPED.read_text(encoding="utf-8")
    shipped = shipped.replace("listener 1883\n", f"listener {lent.port} 127.0.0.1\n")
    shipped = shipped.replace("listener 8883\n", f"listener {lent.tls_port} 127.0.0.1\n")
    file = folder / "mosquitto.conf"
    file.write_text((text or shipped).replace("{port}", str(lent.port)) + "\nuser root\n", encoding="utf-8")
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([mosquitto.program(), "-c", str(file)], cwd=folder, stderr=log, stdout=log) as process,
    ):
        try:
            until("Mosquitto listens", lambda: listens(lent.port) or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield replace(lent, process=process)
        finally:
            process.terminate()
