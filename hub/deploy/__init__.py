"""Manifests for Kubernetes: the files of `kubernetes/` with an installation's own names, sizes and secrets.

Secrets are those of `matinales secrets` (`hub.secretfiles`), kept in a folder so that rendering again changes none.
"""

import base64
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from hub import accounts, mosquitto, secretfiles
from hub.datafolder import prepare, write_private
from hub.errors import ConfigError

SOURCES = Path(__file__).parent / "kubernetes"
SERVERS = 3
NATS, NATS_PASSWORD, JOURNAL_URL = "nats", "password", "journal-url"
SECRETS = "secrets.json"
_SERVICES = frozenset({"ClusterIP", "NodePort", "LoadBalancer"})


class Wanted(Struct, frozen=True, kw_only=True):
    """What is an installation's own.

    Attributes:
        image: of the hub (`docker build -f hub/Dockerfile .`), with its tag.
        public_url: what people type, and what the QR code says.
        workers: hubs.
        mqtt_service: how devices reach the broker: ClusterIP, NodePort or LoadBalancer.
        tz, lang: of the workshop.
        journal_storage, store_storage, worker_storage: disks of each NATS server, of InfluxDB, of each worker.
    """

    image: str
    public_url: str
    workers: int = 2
    mqtt_service: str = "LoadBalancer"
    tz: str = "Europe/Paris"
    lang: str = "fr"
    journal_storage: str = "20Gi"
    store_storage: str = "50Gi"
    worker_storage: str = "10Gi"


def write(folder: Path, wanted: Wanted, now: datetime) -> list[Path]:
    """Write the manifests into a folder, secrets into `secrets/` of it and one file that holds them; return the files.

    Args:
        folder: what is there of ours is replaced, but no secret.
        wanted: the installation's own.
        now: for the broker's certificate.

    Raises:
        ConfigError: something of it cannot be, or the folder cannot be written.
    """
    _check(wanted)
    made = _secrets(prepare(folder), wanted, now)
    told = {name: f"{value}" for name, value in msgspec.structs.asdict(wanted).items()}
    files = []
    for source in sorted(SOURCES.glob("*.yaml")):
        path = folder / source.name
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(told), encoding="utf-8")
        files.append(path)
    write_private(folder / SECRETS, _listed(made))
    return [*files, folder / SECRETS]


def _check(wanted: Wanted) -> None:
    if ":" not in wanted.image.rpartition("/")[2] or wanted.image.endswith(":latest"):
        msg = f"image {wanted.image!r}: write it with its version, as registry.example/matinales-hub:0.1.0"
        raise ConfigError(msg)
    if urlsplit(wanted.public_url).scheme not in {"http", "https"} or not urlsplit(wanted.public_url).hostname:
        msg = f"public-url {wanted.public_url!r}: write what people type, as https://hub.example.org"
        raise ConfigError(msg)
    if wanted.workers < 1 or wanted.mqtt_service not in _SERVICES:
        msg = (
            f"workers is {wanted.workers} and mqtt-service {wanted.mqtt_service!r}: 1 or more,"
            f" and one of {', '.join(sorted(_SERVICES))}"
        )
        raise ConfigError(msg)


def _secrets(folder: Path, wanted: Wanted, now: datetime) -> Mapping[str, Mapping[str, bytes]]:
    """Return secret → file → content, made where they are not there yet; and the broker's own file."""
    place = folder / "secrets"
    host = urlsplit(wanted.public_url).hostname or ""
    secretfiles.make(place, broker="mosquitto:1883", hosts=["mosquitto", host], now=now)
    password = prepare(place / NATS) / NATS_PASSWORD
    if not password.exists():
        accounts.put(password, secrets.token_urlsafe(24).encode())
    word = password.read_text()
    found = {
        each: {path.name: path.read_bytes() for path in sorted((place / each).iterdir()) if path.is_file()}
        for each in (secretfiles.MOSQUITTO, secretfiles.HUB, secretfiles.INFLUXDB)
    }
    hosts = ",".join(f"nats-{number}.nats:4222" for number in range(SERVERS))
    found[secretfiles.HUB][JOURNAL_URL] = f"nats://hub:{word}@{hosts}/matinales?replicas={SERVERS}".encode()
    found[NATS] = {"nats.conf": nats_settings(word).encode()}
    return found


def nats_settings(password: str) -> str:
    """Return the file of a NATS server, the same for each; it asks clients and other servers for the password."""
    login = f'authorization {{ user: hub, password: "{password}" }}'
    routes = ", ".join(f'"nats-route://hub:{password}@nats-{number}.nats:6222"' for number in range(SERVERS))
    lines = [
        "server_name: $SERVER",
        "listen: 0.0.0.0:4222",
        "http: 0.0.0.0:8222",
        "pid_file: /data/nats.pid",
        "lame_duck_grace_period: 5s",
        "lame_duck_duration: 30s",
        "max_payload: 8MB",
        "ping_interval: 5s",
        "ping_max: 2",
        "jetstream { store_dir: /data, sync_interval: always }",
        f"cluster {{ name: matinales, listen: 0.0.0.0:6222, {login}, routes: [{routes}] }}",
        login,
    ]
    return "\n".join([*lines, ""])


def _listed(found: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """Return the secrets, and the broker's file, as one list that kubectl takes."""
    conf = next(place for place in mosquitto.PLACES if place.exists()).read_text(encoding="utf-8")
    items: list[Mapping[str, object]] = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name},
            "type": "Opaque",
            "data": {file: base64.b64encode(content).decode() for file, content in files.items()},
        }
        for name, files in found.items()
    ]
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "mosquitto"},
        "data": {"mosquitto.conf": conf},
    }
    return msgspec.json.format(msgspec.json.encode({"apiVersion": "v1", "kind": "List", "items": [*items, config]}))
