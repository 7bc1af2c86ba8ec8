"""Manifests for Kubernetes: rendered, then held against Kubernetes's own schemas and each other; no cluster needed."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from msgspec.structs import replace

from hub import deploy
from hub.cli import cluster
from hub.deploy import Wanted
from hub.errors import ConfigError
from hub.journal.nats_link import Url
from servers import nats

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WANTED = Wanted(image="registry.example/matinales-hub:0.1.0", public_url="https://hub.example.org")
SCHEMAS = ("1.31", "1.34")
Item = Mapping[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lend a folder of rendered manifests."""
    found = tmp_path_factory.mktemp("manifests")
    deploy.write(found, WANTED, NOW)
    return found


@pytest.fixture(scope="module")
def items(folder: Path) -> list[Item]:
    """Return everything that kubectl would apply."""
    found: list[Item] = [
        item for path in sorted(folder.glob("*.yaml")) for item in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    return [*found, *json.loads((folder / deploy.SECRETS).read_bytes())["items"]]


def of(items: list[Item], kind: str) -> dict[str, Item]:
    """Return the items of a kind, by name."""
    return {each["metadata"]["name"]: each for each in items if each["kind"] == kind}


def pods(items: list[Item]) -> Iterator[tuple[str, Item]]:
    """Yield the name of each set, and its pod."""
    for name, each in of(items, "StatefulSet").items():
        yield name, each["spec"]["template"]


@pytest.mark.parametrize("version", SCHEMAS)
def test_every_item_is_what_kubernetes_takes(items: list[Item], version: str) -> None:
    """Held against the schemas of two versions, strictly: an unknown field is an error."""
    for each in items:
        kubernetes_validate.validate(dict(each), version, strict=True)


def test_all_parts_are_there_three_servers_and_two_workers(items: list[Item]) -> None:
    """Each with a service of its name, and disks of its own."""
    sets = of(items, "StatefulSet")
    assert {name: each["spec"]["replicas"] for name, each in sets.items()} == {
        "nats": 3,
        "hub": 2,
        "influxdb": 1,
        "mosquitto": 1,
    }
    for name, each in sets.items():
        assert each["spec"]["serviceName"] in of(items, "Service")
        assert each["spec"]["volumeClaimTemplates"], name
    assert {*of(items, "PodDisruptionBudget")} == {"nats", "hub"}


def test_every_selector_finds_the_pods_that_it_is_meant_for(items: list[Item]) -> None:
    """A word written otherwise selects nothing, and Kubernetes does not say so."""
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(items)}
    wanted: list[tuple[str, Mapping[str, str]]] = [
        (f"service {name}", each["spec"]["selector"]) for name, each in of(items, "Service").items()
    ]
    for kind in ("PodDisruptionBudget", "StatefulSet"):
        wanted += [
            (f"{kind} {name}", each["spec"]["selector"]["matchLabels"]) for name, each in of(items, kind).items()
        ]
    for name, each in of(items, "NetworkPolicy").items():
        wanted.append((name, each["spec"]["podSelector"]["matchLabels"]))
        froms = [peer for rule in each["spec"].get("ingress", []) for peer in rule.get("from", [])]
        wanted += [(name, peer["podSelector"]["matchLabels"]) for peer in froms]
    for what, selector in wanted:
        assert [name for name, own in labels.items() if selector.items() <= own.items()], what


def test_every_file_and_port_that_is_named_is_there(items: list[Item]) -> None:
    """Secrets are mounted where the settings look for them, with that file in them; probes ask a port by name."""
    secrets, configs = of(items, "Secret"), of(items, "ConfigMap")
    for _, pod in pods(items):
        volumes = {each["name"]: each for each in pod["spec"].get("volumes", [])}
        (box,) = pod["spec"]["containers"]
        files: set[str] = set()
        for mount in box["volumeMounts"]:
            volume = volumes.get(mount["name"], {})
            held = secrets[volume["secret"]["secretName"]] if "secret" in volume else {}
            held = configs[volume["configMap"]["name"]] if "configMap" in volume else held
            files |= {f"{mount['mountPath']}/{name}" for name in held.get("data", {})}
        named = [each["value"] for each in box["env"] if each["name"].endswith("_FILE")] if "env" in box else []
        named += [word for word in [*box.get("args", []), *box.get("command", [])] if word.startswith("/")]
        assert {*named} <= files
        ports = {each["name"] for each in box["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert (box[probe].get("httpGet") or box[probe]["tcpSocket"])["port"] in ports


def test_nobody_gets_rights_it_does_not_need(items: list[Item]) -> None:
    """No root, no new rights, a limit of memory, a pinned image; nobody is reached but as written."""
    for name, pod in pods(items):
        (box,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert box["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert box["securityContext"]["allowPrivilegeEscalation"] is False
        assert box["resources"]["limits"]["memory"]
        assert re.search(r":\d+\.\d+\.\d+$", box["image"])
        assert pod["metadata"]["labels"]["part-of"] == "matinales"
    nobody = of(items, "NetworkPolicy")["nobody"]["spec"]
    assert nobody["podSelector"]["matchLabels"] == {"part-of": "matinales"}
    assert "ingress" not in nobody


def test_images_are_those_of_the_compose_file(items: list[Item]) -> None:
    """One version of each program, whichever way it is started."""
    compose = (Path(__file__).parents[2] / "docker-compose.yml").read_text(encoding="utf-8")
    images = {pod["spec"]["containers"][0]["image"] for _, pod in pods(items)} - {WANTED.image}
    assert [each for each in images if f"image: {each}\n" not in compose] == []


def test_the_servers_take_their_file_and_the_hub_knows_where_they_are(items: list[Item], tmp_path: Path) -> None:
    """nats-server itself reads it; the hub's address has all three, with the password that they ask for."""
    secrets = of(items, "Secret")
    text = base64.b64decode(secrets["nats"]["data"]["nats.conf"]).decode()
    file = tmp_path / "nats.conf"
    file.write_text(text.replace("/data", str(tmp_path)))
    environ = {"SERVER": "nats-0"}
    done = subprocess.run([nats.needs(), "-t", "-c", file], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    url = Url.parsed(base64.b64decode(secrets["hub"]["data"]["journal-url"]).decode())
    assert url.servers == tuple(f"nats://nats-{number}.nats:4222" for number in range(3))
    assert f'password: "{url.password}"' in text
    assert url.replicas == 3


def test_rendered_again_it_keeps_every_secret_and_takes_new_wishes(folder: Path) -> None:
    """What runs already has them; nobody but their owner reads them."""
    before = (folder / deploy.SECRETS).read_bytes()
    deploy.write(folder, replace(WANTED, workers=3), NOW)
    assert (folder / deploy.SECRETS).read_bytes() == before
    assert "replicas: 3" in (folder / "hub.yaml").read_text()
    deploy.write(folder, WANTED, NOW)
    assert (folder / deploy.SECRETS).stat().st_mode & 0o077 == 0


def test_two_installations_share_no_secret(folder: Path, tmp_path: Path) -> None:
    """Passwords are random."""
    deploy.write(tmp_path, WANTED, NOW)
    found = []
    for place in (folder, tmp_path):
        secrets = of(json.loads((place / deploy.SECRETS).read_bytes())["items"], "Secret")
        found.append({data for each in secrets.values() for name, data in each["data"].items() if name != "acl"})
    assert found[0] & found[1] == set()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"image": "matinales-hub"}, "with its version"),
        ({"image": "matinales-hub:latest"}, "with its version"),
        ({"public_url": "hub.example.org"}, "write what people type"),
        ({"workers": 0}, "1 or more"),
        ({"mqtt_service": "Ingress"}, "ClusterIP, LoadBalancer, NodePort"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(wrong: dict[str, Any], says: str, tmp_path: Path) -> None:
    """With what to write."""
    with pytest.raises(ConfigError, match=says):
        deploy.write(tmp_path, replace(WANTED, **wrong), NOW)
    assert [*tmp_path.iterdir()] == []


def test_the_command_writes_them_and_says_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the settings that `run` would take."""
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org")
    assert cluster.command(manifests=tmp_path, image=WANTED.image, workers=4) == 0
    assert f"kubectl -n matinales apply -f {tmp_path}" in capsys.readouterr().out
    text = (tmp_path / "hub.yaml").read_text()
    assert "replicas: 4" in text
    assert f"image: {WANTED.image}" in text
    assert 'value: "https://hub.example.org"' in text
