"""The secrets of a production installation: made at random when first asked for, each where only its user reads it.

```
secrets/mosquitto/  passwords, acl, server.crt, server.key     Mosquitto
secrets/hub/        pin, broker-url, influx-token              the hub
secrets/simulator/  broker-url                                 simulators
secrets/influxdb/   password, token                            InfluxDB's first start
```
What exists is never changed: the command may run at every start.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from hub import accounts
from hub.certificate import self_signed
from hub.credentials import DIGITS, PIN
from hub.datafolder import prepare

MOSQUITTO, HUB, SIMULATOR, INFLUXDB = "mosquitto", "hub", "simulator", "influxdb"
BROKER_URL, INFLUX_TOKEN, TOKEN, PASSWORD = "broker-url", "influx-token", "token", "password"
CERTIFICATE, KEY = "server.crt", "server.key"
TOKEN_BYTES = 48


def make(folder: Path, *, broker: str, hosts: Sequence[str], now: datetime) -> list[Path]:
    """Make what is missing and return it.

    Args:
        folder: where; one folder in it for each program.
        broker: Mosquitto's `host:port` as the hub reaches it.
        hosts: names and addresses by which devices reach Mosquitto, for the certificate.
        now: for the certificate.

    Raises:
        ConfigError: a folder cannot be written.
    """
    places = {name: prepare(folder / name) for name in (MOSQUITTO, HUB, SIMULATOR, INFLUXDB)}
    made = []

    def missing(path: Path, content: bytes) -> bytes:
        if path.exists():
            return path.read_bytes()
        accounts.put(path, content)
        made.append(path)
        return content

    rights = places[MOSQUITTO] / accounts.RIGHTS
    if not rights.exists():
        accounts.write_rights(places[MOSQUITTO])
        made.append(rights)
    for name in (HUB, SIMULATOR):
        url = missing(places[name] / BROKER_URL, _url(name, broker))
        _account(places[MOSQUITTO], name, url.decode().strip())
    missing(places[HUB] / PIN, f"{secrets.randbelow(10**DIGITS):0{DIGITS}}\n".encode())
    token = missing(places[INFLUXDB] / TOKEN, secrets.token_urlsafe(TOKEN_BYTES).encode())
    missing(places[HUB] / INFLUX_TOKEN, token)
    missing(places[INFLUXDB] / PASSWORD, secrets.token_urlsafe().encode())
    certificate, key = places[MOSQUITTO] / CERTIFICATE, places[MOSQUITTO] / KEY
    if not (certificate.exists() and key.exists()):
        for path, content in zip((certificate, key), self_signed(hosts, now), strict=True):
            accounts.put(path, content)
            made.append(path)
    return made


def _url(name: str, broker: str) -> bytes:
    return f"mqtt://{name}:{quote(accounts.new_password(), safe='')}@{broker}".encode()


def _account(folder: Path, name: str, url: str) -> None:
    """See to it that Mosquitto knows the account that an address names."""
    if not (folder / accounts.PASSWORDS).exists() or name not in accounts.names(folder):
        accounts.set_password(folder, name, unquote(urlsplit(url).password or ""))
