"""The package as people get it: built twice the same, installed from a USB key with the network off, and running."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.cli import _offline
from servers.trees import source

ROOT = Path(__file__).parent.parent
EPOCH = "1764201600"
"""2025-11-27: any fixed time."""
PYTHONS = [pytest.param(version, marks=pytest.mark.timeout(1200)) for version in _offline.PYTHONS]
pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
NO_NETWORK = ["unshare", "--map-root-user", "--net", "sh", "-euc", 'ip link set lo up; exec "$@"', "sh"]
"""A network namespace of its own that has nothing but loopback."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Lend two wheels of the same source, built in two places."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", EPOCH)
        found = []
        for place in ("here", "some/where/else"):
            folder = tmp_path_factory.mktemp("build")
            found.append(_offline.build(source(folder / place), folder))
        yield found


def test_two_builds_in_different_places_are_equal(wheels: list[Path]) -> None:
    """Byte by byte: who doubts the wheel builds it again and compares."""
    one, other = wheels
    assert one.name == other.name
    assert one.read_bytes() == other.read_bytes()


def interpreter(version: str) -> str:
    """Return a Python of this version; pyenv's where PATH has none."""
    homes = [*Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob(f"versions/{version}*/bin")]
    path = os.pathsep.join([*map(str, homes), os.environ["PATH"]])
    found = shutil.which(f"python{version}", path=path)
    if found is None or subprocess.run([found, "-c", ""], check=False).returncode:
        pytest.skip(f"needs Python {version}: pyenv install {version}")
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="a network namespace is Linux's")
@pytest.mark.parametrize("version", PYTHONS)
def test_the_usb_key_installs_and_runs_the_demo_with_the_network_off(
    version: str, wheels: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On each Python there is: help, a decoded message, a demo until all is up."""
    python = interpreter(version)
    if subprocess.run([*NO_NETWORK, "true"], check=False).returncode:
        pytest.skip("needs unshare and ip: apt install util-linux iproute2")
    key, home = tmp_path / "my key", tmp_path / "my hub"
    machine = ["--platform", f"linux-{os.uname().machine}", "--python", version]
    assert main(["offline", str(key), "--wheel", str(wheels[0]), *machine, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == []
    environ = os.environ | {"PYTHON": python, "HOME": str(tmp_path)}
    environ.pop("PYTHONPATH", None)

    def off(*command: str | Path) -> str:
        done = subprocess.run(
            [*NO_NETWORK, *map(str, command)], cwd=tmp_path, env=environ, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert f'"{home}/bin/matinales" demo' in off("sh", key / "install.sh", home)
    hub = home / "bin" / "matinales"
    assert f"Python {version}" in off(home / "bin" / "python", "--version")
    assert "demo" in off(hub, "--help")
    telegram = '{"Time":"2026-11-24T09:00:00","DS18B20":{"Temperature":4.2},"TempUnit":"C"}'
    read = json.loads(off(hub, "decode", "tele/fridge/SENSOR", telegram, "--json"))
    assert read["readings"][0]["value"] == 4.2
    demo = (
        f"'{hub}' demo --fresh --no-browser --json --port 0 --mqtt-port 0 >up & hub=$!; "
        "while [ ! -s up ]; do kill -0 $hub; sleep 0.2; done; kill -TERM $hub; wait $hub; cat up"
    )
    assert json.loads(off("sh", "-euc", demo))["page"].startswith("http://127.0.0.1:")


def small(wheels: Path, name: str, version: str, word: str, *asked: str) -> None:
    """Write a wheel with a module of its name that says a word, and that asks for packages."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    head = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    texts = {
        f"{module}.py": f"WORD = {word!r}\n",
        f"{info}/METADATA": "\n".join([*head, *(f"Requires-Dist: {each}" for each in asked)]),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in (*texts, f"{info}/RECORD"))
    with zipfile.ZipFile(wheels / f"{module}-{version}-py3-none-any.whl", "w") as file:
        for place, text in texts.items():
            file.writestr(place, text)


def test_a_renewed_key_of_the_same_version_replaces_what_is_installed(tmp_path: Path) -> None:
    """With what it asks for now; pip by itself takes the version for all there is to know."""
    key, home = tmp_path / "key", tmp_path / "home"
    (key / "wheels").mkdir(parents=True)
    (key / "requirements.lock").write_text("extra-part==2.0\n")

    def installed() -> str:
        _offline.write_texts(key, ["linux-x86_64"], [f"3.{sys.version_info.minor}"], [])
        subprocess.run(["sh", key / "install.sh", home], check=True, env=os.environ | {"PYTHON": sys.executable})
        words = "import matinales_hub; print(matinales_hub.WORD)"
        return subprocess.run(
            [home / "bin" / "python", "-c", words], check=True, capture_output=True, text=True
        ).stdout.strip()

    small(key / "wheels", "matinales-hub", "1.0", "old")
    assert installed() == "old"
    small(key / "wheels", "matinales-hub", "1.0", "new", "extra-part")
    small(key / "wheels", "extra-part", "2.0", "")
    assert installed() == "new"
    assert [*home.glob("lib/*/site-packages/extra_part.py")]
