"""`matinales offline`: a folder for a USB key, from which the hub is installed without the internet."""

import shutil
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from hub.errors import ConfigError

SOURCE = Path(__file__).parent.parent.parent


def command(
    folder: Path,
    *,
    platform: list[str] | None = None,
    python: list[str] | None = None,
    wheel: Path | None = None,
    source: Path = SOURCE,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Fill a folder with everything that installs the hub without the internet, on Linux, macOS and Windows.

    Args:
        folder: a new one, or one made before, which is renewed.
        platform: linux-x86_64, linux-aarch64, macos-arm64, macos-x86_64, windows-amd64; all unless told.
        python: 3.11, 3.12 …; all supported ones unless told.
        wheel: the hub's own, built before; else it is built from the source.
        source: checkout with requirements.lock; the one this command runs from unless told.
        json: print `{"folder", "bytes", "wheels", "missing": [{"platform", "python", "package"}]}`.
    """
    import tomllib  # noqa: PLC0415 — not needed for --help

    import msgspec  # noqa: PLC0415 — likewise

    from hub.cli import _offline  # noqa: PLC0415 — likewise

    words = Console(stderr=json, highlight=False, soft_wrap=True)
    lock = source / "requirements.lock"
    if not lock.is_file():
        msg = f"{lock}: not there; run this in a checkout, or name one with --source"
        raise ConfigError(msg)
    if wheel is not None and not _offline.is_ours(wheel):
        msg = f"{wheel}: no wheel of matinales-hub; build one with pip wheel --no-deps ."
        raise ConfigError(msg)
    platforms, pythons = platform or [*_offline.PLATFORMS], sorted(python or _offline.PYTHONS)
    wanted = [*_offline.targets(platforms, pythons)]
    own: list[str] = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    wheels = _offline.prepare(folder)
    if wheel is None:
        words.print("Building the hub's own wheel …")
        _offline.build(source, wheels)
    else:
        shutil.copy(wheel, wheels)
    missing = []
    for name, version in wanted:
        versions = _offline.locked(lock.read_text(encoding="utf-8"), _offline.PLATFORMS[name].environment)
        packages = _offline.needed(_offline.PLATFORMS[name], version, versions, own)
        words.print(f"{_offline.PLATFORMS[name].title}, Python {version}: {len(packages)} packages")
        lacking = _offline.fetch(wheels, _offline.PLATFORMS[name], version, packages)
        missing += [{"platform": name, "python": version, "package": each} for each in lacking]
    shutil.copy(lock, folder)
    lines = [f"{each['package']}: {each['platform']}, Python {each['python']}" for each in missing]
    size = _offline.write_texts(folder, platforms, pythons, lines)
    count = len([*wheels.glob("*.whl")])
    if json:
        told = {"folder": str(folder), "bytes": size, "wheels": count, "missing": missing}
        print(msgspec.json.encode(told).decode())  # noqa: T201 — what a program reads
    for line in lines:
        words.print(f"[bold red]!![/]  no wheel of {line}; take a version that has one, or leave that machine out")
    words.print(f"{folder}: {count} wheels, {size / 1e6:.0f} MB; LISEZMOI-README.txt says what to type there")
    return 1 if missing else 0
