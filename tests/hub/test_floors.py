"""Versions below which something is known to be broken are refused by the package itself (reliability.md §3.6, X18)."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import apsw
import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {"aiohttp": (3, 14), "paho-mqtt": (2, 1), "apsw": (3, 51, 3)}
SQLITE = (3, 51, 3)


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a version."""
    return tuple(int(each) for each in re.findall(r"\d+", text.partition("+")[0])[:4])


def wanted(name: str) -> str:
    """Return what pyproject.toml says of a dependency."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dependencies: list[str] = project["dependencies"]
    return next(each for each in dependencies if re.match(rf"{name}\b", each))


@pytest.mark.parametrize(("name", "floor"), FLOORS.items(), ids=FLOORS)
def test_a_version_with_a_known_hole_cannot_be_installed(name: str, floor: tuple[int, ...]) -> None:
    """What pyproject.toml asks for, what is locked, and what runs here."""
    asked = re.search(r">=([\d.]+)", wanted(name))
    assert asked is not None
    assert numbers(asked[1]) >= floor
    locked = re.search(rf"(?m)^{name}==([\d.]+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    assert locked is not None
    assert numbers(locked[1]) >= floor
    assert numbers(version(name)) >= floor


def test_paho_s_minor_version_is_pinned() -> None:
    """The buffered read overrides a private method."""
    assert re.search(r">=2\.(\d+),<2\.(\d+)", wanted("paho-mqtt"))


def test_the_sqlite_that_runs_has_no_wal_reset_bug() -> None:
    """The one that apsw brings."""
    assert numbers(apsw.sqlite_lib_version()) >= SQLITE
