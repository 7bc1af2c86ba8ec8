"""`matinales usecases new` writes a use case that holds together at once, in the hub or as a package."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.usecases.loader import load

ROOT = Path(__file__).parents[3]


def new(*options: str, name: str = "bread_oven") -> int:
    """Begin a use case."""
    return main(["usecases", "new", name, *options])


def test_what_it_writes_holds_together(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Story, scenario, drivers, both languages; the last line says what to type next."""
    assert new("--fr", "Four à pain", "--en", "Bread oven") == 0
    assert capsys.readouterr().out.endswith("next: matinales usecases check bread_oven\n")
    folder = checkout / "hub/usecases/bread_oven"
    assert main(["usecases", "check", str(folder)]) == 0
    assert main(["usecases", "check", "bread_oven"]) == 0, "as that line says, whatever hub is installed"
    usecase = load(folder)
    assert usecase.title.as_dict == {"fr": "Four à pain", "en": "Bread oven"}
    assert usecase.money
    assert usecase.materials
    assert {path.name for path in folder.iterdir()} == {"__init__.py", "README.md", "scenario.toml", "usecase.toml"}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"`{rule.id}`" in readme for rule in usecase.rules)


def test_a_title_is_not_needed(checkout: Path) -> None:
    """One language given stands for both until the other is written; none: the name."""
    assert new("--fr", "Four") == 0
    assert load(checkout / "hub/usecases/bread_oven").title.as_dict == {"fr": "Four", "en": "Four"}
    assert new(name="milk_tank") == 0
    assert load(checkout / "hub/usecases/milk_tank").title.fr == "Milk tank"


def test_the_hub_finds_an_installed_package(tmp_path: Path) -> None:
    """By the entry point that its pyproject names: story and simulation; its own tests pass."""
    place = tmp_path / "oven"
    assert new("--package", str(place)) == 0
    project = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = place / "src" / "oven-0.1.0.dist-info"  # what an installer writes
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(place / "src"), str(ROOT)])}

    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        line, cwd=place, env=environment, capture_output=True, text=True, timeout=100, check=False, encoding="utf-8"
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "options", "remedy"),
    [
        ("Oven", [], "snake_case"),
        ("bread-oven", [], "snake_case"),
        ("../oven", [], "snake_case"),
        ("_oven", [], "snake_case"),
        ("cold_room", [], "already a use case 'cold_room'"),
        ("oven", ["--fr", 'A"B'], "is no title"),
        ("oven", ["--en", " "], "is no title"),
    ],
)
def test_wrong_usage_names_the_remedy(
    checkout: Path, name: str, options: list[str], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and nothing is written."""
    before = sorted(checkout.rglob("*"))
    assert new(*options, name=name) == 2
    assert remedy in capsys.readouterr().err
    assert sorted(checkout.rglob("*")) == before


def test_nothing_is_overwritten(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file that is there keeps all others from being written."""
    there = checkout / "hub/usecases/bread_oven/README.md"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    assert new() == 2
    assert "is there already" in capsys.readouterr().err
    assert [*there.parent.iterdir()] == [there]


def test_outside_a_checkout_a_package_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody writes into an installed hub by mistake."""
    monkeypatch.chdir(tmp_path)
    assert new() == 2
    assert "--package" in capsys.readouterr().err
