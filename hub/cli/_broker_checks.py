"""What the hub's own broker can hold devices to, and whether they may come by TLS: for `matinales doctor`."""

from collections.abc import Iterator
from pathlib import Path

from hub import broker, provisioned
from hub.cli._checks import Finding
from hub.config import Config
from hub.errors import ConfigError


def doors(config: Config, data: Path) -> Iterator[Finding]:
    """Tell it of a living broker of ours; somebody else's has its own rules.

    Args:
        config: for whose broker it is.
        data: data folder.
    """
    state = broker.alive(data)
    if config.broker_url is not None or state is None:
        return
    if state.listen.startswith("127."):
        yield Finding("broker.rights", ok=True, code="rights_closed")
        return
    file = _file_of(data, state.port)
    is_mosquitto = file is not None and file.suffix == ".conf"
    yield Finding(
        "broker.rights",
        ok=True if is_mosquitto else None,
        code="rights_mosquitto" if is_mosquitto else "rights_embedded",
        words={"count": _given(data)},
    )
    secure = None if file is None else broker.tls_of(file)
    if secure is None:
        yield Finding("broker.tls", ok=None, code="tls_none")
    else:
        authority = secure.file.with_name("authority.pem")
        yield Finding("broker.tls", ok=True, code="tls_served", words={"port": secure.port, "file": authority})


def _file_of(data: Path, port: int) -> Path | None:
    """Return the file of the broker that lives at this port."""
    for name in ("broker.toml", "broker.conf"):
        path = data / name
        try:
            if path.exists() and broker.address(path)[1] == port:
                return path
        except (ConfigError, OSError):
            continue
    return None


def _given(data: Path) -> int | str:
    try:
        return len(provisioned.listed(data))
    except ConfigError:
        return "?"
