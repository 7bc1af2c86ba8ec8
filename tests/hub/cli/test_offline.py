"""`matinales offline` works out what each machine needs, and says what has no wheel."""

import json
import subprocess
import tomllib
import zipfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.cli import _offline
from hub.errors import ConfigError, HubError

ROOT = Path(__file__).parent.parent.parent.parent
VERSIONS = {"web": "3.0", "tz": "2026.1", "fast": "1.0", "old-typing": "4.0", "extra-part": "2.0", "tests": "9"}
OWN = [
    "web>=2; python_version >= '3.11'",
    'tz; sys_platform == "win32"',
    'fast; platform_machine == "x86_64" or platform_machine == "AMD64"',
    'tests; extra == "test"',
]
ASKED = {
    "web": ["Old_Typing>=4; python_version < '3.13'", "web[more]"],
    "extra-part": [],
}
MORE = ["extra.part; extra == 'more'"]


def required(name: str) -> list[str]:
    """Return what a distribution asks for."""
    return [*ASKED.get(name, []), *(MORE if name == "web" else [])]


@pytest.mark.parametrize(
    ("platform", "python", "names"),
    [
        ("linux-x86_64", "3.11", {"web", "fast", "old-typing", "extra-part"}),
        ("linux-aarch64", "3.13", {"web", "extra-part"}),
        ("macos-arm64", "3.12", {"web", "old-typing", "extra-part"}),
        ("windows-amd64", "3.14", {"web", "tz", "fast", "extra-part"}),
    ],
)
def test_what_is_needed_is_asked_of_the_machine_it_is_for(platform: str, python: str, names: set[str]) -> None:
    """Markers, extras, spellings; a test's packages are left out."""
    found = _offline.needed(_offline.PLATFORMS[platform], python, VERSIONS, OWN, required)
    assert found == {name: VERSIONS[name] for name in names}


def test_a_package_without_an_exact_version_is_named() -> None:
    """The lock is the list; a hole in it is found before anything is fetched."""
    with pytest.raises(ConfigError, match="lacks tz"):
        _offline.needed(_offline.PLATFORMS["windows-amd64"], "3.12", {"web": "1"}, ["tz"])


def test_the_lock_of_this_hub_has_all_that_each_machine_needs() -> None:
    """Every platform, every Python."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    for name, python in _offline.targets(_offline.PLATFORMS, _offline.PYTHONS):
        versions = _offline.locked(lock, _offline.PLATFORMS[name].environment)
        found = _offline.needed(_offline.PLATFORMS[name], python, versions, own)
        assert {"aiohttp", "msgspec", "apsw"} <= found.keys()
        assert ("tzdata" in found) >= (name == "windows-amd64")
        assert "pytest" not in found


@pytest.mark.parametrize(
    ("platform", "version"), [("macos-x86_64", "1.0"), ("macos-arm64", "2.0"), ("linux-x86_64", "2.0")]
)
def test_a_machine_may_need_an_older_version(platform: str, version: str) -> None:
    """The last one with a wheel for it, by a marker in the lock."""
    lock = """# exact versions
fast==2.0; sys_platform != 'darwin' or platform_machine == 'arm64'
fast==1.0; sys_platform == 'darwin' and platform_machine != 'arm64'  # the last one
Plain_Name==3
"""
    found = _offline.locked(lock, _offline.PLATFORMS[platform].environment)
    assert found == {"fast": version, "plain-name": "3"}


def test_a_wheel_that_there_is_not_is_told_and_the_rest_is_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pip names one at a time and fetches nothing then: the rest is asked for again."""

    def pip(_into: Path, _platform: _offline.Platform, _python: str, lines: list[str]) -> str:
        lacking = [line for line in lines if "sdist-only" in line]
        return f"ERROR: No matching distribution found for {lacking[0]}" if lacking else ""

    monkeypatch.setattr(_offline, "_pip", pip)
    platform = _offline.PLATFORMS["linux-x86_64"]
    assert _offline.fetch(tmp_path, platform, "3.12", {"web": "1", "sdist-only": "2"}) == ["sdist-only==2"]
    assert _offline.fetch(tmp_path, platform, "3.12", {"web": "1"}) == []
    with pytest.raises(HubError, match="is there a network"):
        _offline.fetch(tmp_path, platform, "3.12", {"sdist-only": "2"})
    wheel(tmp_path, "web-1-py3-none-any.whl")
    assert _offline.fetch(tmp_path, platform, "3.12", {"web": "1", "sdist-only": "2"}) == ["sdist-only==2"]


def wheel(folder: Path, name: str, requires: str = ">=3.9") -> None:
    """Put a wheel into a folder."""
    with zipfile.ZipFile(folder / name, "w") as file:
        place = "-".join(name.split("-")[:2])
        file.writestr(f"{place}.dist-info/METADATA", f"Metadata-Version: 2.1\nRequires-Python: {requires}\n")
        file.writestr("vendored/other.dist-info/METADATA", "Requires-Python: <3\n")


@pytest.mark.parametrize(
    ("platform", "python", "names"),
    [
        ("linux-x86_64", "3.12", {"plain", "stable", "built"}),
        ("linux-x86_64", "3.13", {"plain", "stable"}),
        ("linux-x86_64", "3.14", {"stable"}),
        ("windows-amd64", "3.12", {"plain"}),
    ],
)
def test_a_wheel_that_suits_several_machines_is_fetched_once(
    tmp_path: Path, platform: str, python: str, names: set[str]
) -> None:
    """Of a package that has wheels of its own for some machines, another's is asked for."""
    wheel(tmp_path, "plain-1.0-py3-none-any.whl", "<3.14")
    wheel(tmp_path, "stable-1.0-cp311-abi3-manylinux2014_x86_64.whl")
    wheel(tmp_path, "built-1.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    wheel(tmp_path, "both-1.0-py3-none-any.whl")
    wheel(tmp_path, "both-1.0-cp312-cp312-macosx_11_0_arm64.whl")
    found = _offline.present(tmp_path, _offline.PLATFORMS[platform], python)
    assert found == {(name, "1.0") for name in names}


@pytest.mark.parametrize(("platforms", "pythons"), [(["solaris"], ["3.12"]), (["linux-x86_64"], ["3.10"])])
def test_a_machine_that_is_none_is_named(platforms: list[str], pythons: list[str]) -> None:
    """With those that there are."""
    with pytest.raises(ConfigError):
        [*_offline.targets(platforms, pythons)]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    """Only a folder made by this command is renewed."""
    (tmp_path / "holidays.jpg").write_bytes(b"")
    with pytest.raises(ConfigError, match="something else"):
        _offline.prepare(tmp_path)
    wheels = _offline.prepare(tmp_path / "key")
    (wheels / "old.whl").write_bytes(b"")
    assert [*_offline.prepare(tmp_path / "key").iterdir()] == []


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, missing: list[str]
) -> tuple[int, Mapping[str, object]]:
    """Make a folder for one machine without a network; return the status and what was said."""

    def fetch(into: Path, *_: object) -> list[str]:
        (into / "web-3.0-py3-none-any.whl").write_bytes(b"x" * 1000)
        return missing

    monkeypatch.setattr(_offline, "fetch", fetch)
    wheel = tmp_path / "matinales_hub-0.1.0-py3-none-any.whl"
    wheel.write_bytes(b"y" * 500)
    machine = ["--platform", "windows-amd64", "--python", "3.12"]
    status = main(["offline", str(tmp_path / "key"), "--wheel", str(wheel), *machine, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_the_folder_says_in_two_languages_what_to_type(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Scripts, words, fingerprints, the lock."""
    status, said = run(monkeypatch, capsys, tmp_path, [])
    key = tmp_path / "key"
    assert (status, said["bytes"], said["wheels"], said["missing"]) == (0, 1500, 2, [])
    names = {each.name for each in key.iterdir()}
    assert names == {"wheels", "install.sh", "install.ps1", "LISEZMOI-README.txt", "SHA256SUMS", "requirements.lock"}
    words = (key / "LISEZMOI-README.txt").read_text(encoding="utf-8-sig")
    assert "sans internet" in words
    assert "without the internet" in words
    assert "Windows x86-64" in words
    for name in names - {"wheels", "requirements.lock"}:
        assert "{" not in (key / name).read_text(encoding="utf-8-sig").replace("{ ", "").replace("${", "") or (
            name.startswith("install")
        )
    assert subprocess.run(["sh", "-n", key / "install.sh"], check=False).returncode == 0
    checked = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=key, check=False, capture_output=True)
    assert checked.returncode == 0


def test_on_windows_a_python_that_is_not_there_does_not_end_the_script() -> None:
    """PowerShell 5 makes an error of what a program says on stderr; each program is judged by its exit instead."""
    text = resources.files("hub.cli").joinpath("usbkey", "install.ps1.txt").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.replace("`\n", "").splitlines() if not line.startswith("#")]
    assert not [line for line in lines if "ErrorActionPreference" in line and "Continue" not in line]
    programs = [number for number, line in enumerate(lines) if line.startswith("& ")]
    assert len(programs) == 3
    assert all(lines[number + 1].startswith("if ($LASTEXITCODE -ne 0)") for number in programs)


def test_a_package_without_a_wheel_is_a_problem_that_the_folder_tells_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Exit 1, with the machine it is missing for."""
    status, said = run(monkeypatch, capsys, tmp_path, ["typst==0.15.2"])
    assert status == 1
    assert said["missing"] == [{"platform": "windows-amd64", "python": "3.12", "package": "typst==0.15.2"}]
    words = (tmp_path / "key" / "LISEZMOI-README.txt").read_text(encoding="utf-8-sig")
    assert words.count("typst==0.15.2: windows-amd64, Python 3.12") == 2


def test_without_a_checkout_the_remedy_is_to_name_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An installed hub has no lock; another file is no wheel of ours."""
    assert main(["offline", str(tmp_path / "key"), "--source", str(tmp_path)]) != 0
    assert "--source" in capsys.readouterr().err
    other = tmp_path / "numpy-1.0-py3-none-any.whl"
    other.write_bytes(b"")
    assert main(["offline", str(tmp_path / "key"), "--wheel", str(other)]) != 0
    assert "no wheel of matinales-hub" in capsys.readouterr().err
