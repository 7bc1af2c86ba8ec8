"""A folder from which the hub is installed without the internet: which packages, for which machines, and the texts.

pip fetches for another system, but asks this machine whether a package is needed there (`tzdata; sys_platform ==
"win32"`). So what is needed is worked out here, from the installed metadata and the target's own environment; the
versions are those of requirements.lock.
"""

import email
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata, resources
from pathlib import Path

from msgspec import Struct
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from hub import __version__
from hub.errors import ConfigError, HubError

NAME = "matinales-hub"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MANYLINUX = (
    *(f"manylinux_2_{minor}" for minor in range(28, 4, -1)),
    *("manylinux2014", "manylinux2010", "manylinux1", "linux"),
)
"""What a Linux of today (glibc 2.28, design.md §5) takes."""


class Platform(Struct, frozen=True):
    """A kind of machine.

    Attributes:
        title: for people.
        tags: of the wheels it takes, the best first.
        environment: what markers ask about it (PEP 508), without the Python version.
    """

    title: str
    tags: tuple[str, ...]
    environment: Mapping[str, str]


def _environment(os_name: str, sys_platform: str, system: str, machine: str) -> dict[str, str]:
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def _linux(machine: str) -> Platform:
    tags = tuple(f"{each}_{machine}" for each in MANYLINUX)
    return Platform(f"Linux {machine}", tags, _environment("posix", "linux", "Linux", machine))


def _mac(machine: str, oldest: int) -> Platform:
    tags = tuple(f"macosx_{major}_0_{kind}" for major in range(oldest, 10, -1) for kind in (machine, "universal2"))
    older = tuple(f"macosx_10_{minor}_{kind}" for minor in range(16, 8, -1) for kind in (machine, "universal2"))
    return Platform(f"macOS {machine}", (*tags, *older), _environment("posix", "darwin", "Darwin", machine))


PLATFORMS = {
    "linux-x86_64": _linux("x86_64"),
    "linux-aarch64": _linux("aarch64"),
    "macos-arm64": _mac("arm64", 14),
    "macos-x86_64": _mac("x86_64", 14),
    "windows-amd64": Platform("Windows x86-64", ("win_amd64",), _environment("nt", "win32", "Windows", "AMD64")),
}


def locked(text: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return name → version of requirements.lock, for a machine: what markers ask about it; this one unless told."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    asked = [Requirement(line) for line in lines if line]
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in asked
        if each.marker is None or each.marker.evaluate(dict(environment or {}))
    }


@cache
def required(name: str) -> list[str]:
    """Return what an installed distribution asks for; nothing where it is not installed: it is another system's."""
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


parsed = cache(Requirement)
"""One line is asked about for each system and Python."""


def needed(
    platform: Platform,
    python: str,
    versions: Mapping[str, str],
    own: Sequence[str],
    required: Callable[[str], Iterable[str]] = required,
) -> dict[str, str]:
    """Return name → version of everything the hub needs on a machine, itself left out.

    Args:
        platform: of the machine.
        python: its version, `3.12`.
        versions: of requirements.lock.
        own: what the hub itself asks for: of pyproject.toml, which what is installed may lag behind.
        required: distribution → what it asks for.

    Raises:
        ConfigError: requirements.lock lacks one.
    """
    environment = {**platform.environment, "python_version": python, "python_full_version": f"{python}.0"}
    found: dict[str, str] = {}
    due: list[tuple[str, frozenset[str]]] = [(NAME, frozenset())]
    seen: set[tuple[str, frozenset[str]]] = set()
    while due:
        name, extras = due.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for text in own if name == NAME else required(name):
            asked = parsed(text)
            wishes = [{**environment, "extra": extra} for extra in ("", *extras)]
            if asked.marker is None or any(asked.marker.evaluate(wish) for wish in wishes):
                other = canonicalize_name(asked.name)
                if other not in versions:
                    msg = f"requirements.lock lacks {other}, which {name} asks for: add its exact version"
                    raise ConfigError(msg)
                found[other] = versions[other]
                due.append((other, frozenset(asked.extras)))
    return found


def fetch(into: Path, platform: Platform, python: str, wanted: Mapping[str, str]) -> list[str]:
    """Download the wheels of a machine that are not there yet; return the `name==version` that have none for it.

    Raises:
        HubError: nothing could be fetched at all: no network, or no pip.
    """
    there = present(into, platform, python)
    lines = [f"{name}=={version}" for name, version in sorted(wanted.items()) if (name, version) not in there]
    missing: list[str] = []
    while lines and (complaint := _pip(into, platform, python, lines)):
        lacking = [line for line in lines if complaint.endswith(f" {line}")]
        lines = [line for line in lines if line not in lacking]
        missing += lacking
        if not lacking or not (lines or there):  # not a wheel that is missing: everything is
            msg = f"no wheel could be fetched: {complaint}; is there a network?"
            raise HubError(msg)
    return missing


def present(into: Path, platform: Platform, python: str) -> set[tuple[str, str]]:
    """Return (name, version) of the wheels in a folder that a machine takes as they are: what pip need not ask for.

    A wheel for every machine counts only where there is no other one of that package: a faster one may exist for this.
    """
    major, minor = map(int, python.split("."))
    taken = {*cpython_tags((major, minor), [f"cp{major}{minor}"], platform.tags)}
    taken |= {*compatible_tags((major, minor), f"cp{major}{minor}", platform.tags)}
    found: dict[tuple[str, str], list[tuple[Path, frozenset[Tag]]]] = defaultdict(list)
    for wheel in into.glob("*.whl"):
        name, version, _, tags = parse_wheel_filename(wheel.name)
        found[name, str(version)].append((wheel, tags))
    return {
        package
        for package, wheels in found.items()
        for wheel, tags in wheels
        if tags & taken
        and (len(wheels) == 1 or all(tag.platform != "any" for tag in tags))
        and _takes_python(wheel, python)
    }


def _takes_python(wheel: Path, python: str) -> bool:
    """Tell whether a wheel's own words let it on a Python (Requires-Python)."""
    with zipfile.ZipFile(wheel) as file:
        place = next(name for name in file.namelist() if name.count("/") == 1 and name.endswith(".dist-info/METADATA"))
        said = email.message_from_bytes(file.read(place))["Requires-Python"]
    return said is None or SpecifierSet(said).contains(f"{python}.0")


def _pip(into: Path, platform: Platform, python: str, lines: Sequence[str]) -> str:
    """Let pip fetch; return its complaint, empty when all is there."""
    tags = [option for tag in platform.tags for option in ("--platform", tag)]
    abi = f"cp{python.replace('.', '')}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--dest", str(into), "--python-version", python, "--implementation", "cp", *tags]
    command += ["--abi", abi, "--abi", "abi3", "--abi", "none", "--disable-pip-version-check", *lines]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 — our own words
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


def build(source: Path, into: Path) -> Path:
    """Build our wheel, page included, and return it.

    Raises:
        HubError: it was not built; the message has pip's last words.
    """
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--disable-pip-version-check"]
    done = subprocess.run([*command, "-w", str(into), str(source)], capture_output=True, text=True, check=False)  # noqa: S603 — likewise
    if done.returncode:
        msg = f"the wheel was not built: {done.stderr.strip()[-500:]}"
        raise HubError(msg)
    return next(into.glob("matinales_hub-*.whl"))


def is_ours(wheel: Path) -> bool:
    """Tell whether a file is a wheel of the hub."""
    try:
        return parse_wheel_filename(wheel.name)[0] == NAME
    except (ValueError, InvalidVersion):
        return False


def write_texts(folder: Path, platforms: Iterable[str], pythons: Sequence[str], missing: Sequence[str]) -> int:
    """Write scripts, words and fingerprints beside the wheels; return the size of all [byte]."""
    wheels = [*(folder / "wheels").glob("*.whl")]
    size = sum(each.stat().st_size for each in wheels)
    numbers = [python.partition(".")[2] for python in pythons]
    blanks = {
        "version": __version__,
        "platforms": ", ".join(PLATFORMS[name].title for name in platforms),
        "pythons": ", ".join(pythons),
        "size": f"{size / 1e6:.0f} MB",
        "oldest": numbers[0],
        "newest": numbers[-1],
        "pythons_sh": " ".join(f"python{python}" for python in reversed(pythons)),
        "pythons_ps": ", ".join(f'@("py", "-{python}")' for python in reversed(pythons)),
        "missing_fr": _listed("\nAbsents de cette clé (pas de paquet prêt) :", missing),
        "missing_en": _listed("\nMissing from this key (no wheel):", missing),
    }
    for file in sorted(resources.files("hub.cli").joinpath("usbkey").iterdir(), key=lambda each: each.name):
        name = file.name if file.name.startswith("LISEZMOI") else file.name.removesuffix(".txt")
        text = file.read_text(encoding="utf-8")
        for blank, value in blanks.items():  # not format(): shells have braces of their own
            text = text.replace(f"{{{blank}}}", value)
        windows = name.endswith((".ps1", ".txt"))  # notepad and PowerShell 5 want marks that Unix does not need
        (folder / name).write_bytes(("\ufeff" + text.replace("\n", "\r\n") if windows else text).encode())
    sums = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  wheels/{each.name}\n" for each in sorted(wheels)]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="ascii")
    return size


def _listed(title: str, lines: Sequence[str]) -> str:
    return "\n".join((title, *(f"  {each}" for each in lines), "")) if lines else ""


def targets(platforms: Iterable[str], pythons: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Give each (platform, python).

    Raises:
        ConfigError: a name that is none.
    """
    names, numbers = [*platforms], [*pythons]
    for name in names:
        if name not in PLATFORMS:
            msg = f"no platform {name!r}; there are: {', '.join(PLATFORMS)}"
            raise ConfigError(msg)
    for python in numbers:
        if not re.fullmatch(r"3\.(1[1-9]|[2-9]\d)", python):
            msg = f"Python {python!r}: write 3.11, 3.12 …"
            raise ConfigError(msg)
        yield from ((name, python) for name in names)


def prepare(folder: Path) -> Path:
    """Make the folder and its `wheels`; one that holds something else is left alone.

    Raises:
        ConfigError: it is not empty and not such a folder.
    """
    wheels = folder / "wheels"
    if folder.exists() and any(folder.iterdir()) and not wheels.is_dir():
        msg = f"{folder} holds something else; name a new folder"
        raise ConfigError(msg)
    shutil.rmtree(wheels, ignore_errors=True)
    wheels.mkdir(parents=True)
    return wheels
