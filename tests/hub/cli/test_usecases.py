"""`matinales usecases`: list, show and check, in a terminal and for a program."""

import json
import shutil
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.usecases.loader import HERE, names


def test_list_names_every_use_case(capsys: pytest.CaptureFixture[str]) -> None:
    """With its title in both languages."""
    assert main(["usecases", "list"]) == 0
    assert "cold_room" in (said := capsys.readouterr().out)
    assert "Chambre froide" in said
    assert main(["usecases", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed["usecases"]] == names()
    assert {"name": "cold_room", "title": {"fr": "Chambre froide", "en": "Cold room"}} in listed["usecases"]


def test_show_tells_the_story(capsys: pytest.CaptureFixture[str]) -> None:
    """Story, roles, rules and what it is worth, in one language; everything for a program."""
    assert main(["usecases", "show", "cold_room", "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert all(words in said for words in ("On Monday at 5", "air_high", "stock * loss_probability", "240"))
    assert main(["usecases", "show", "cold_room", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "cold_room"


def test_a_name_nobody_has_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The answer names those there are."""
    assert main(["usecases", "show", "bakery"]) == 2
    assert f"known: {', '.join(names())}" in capsys.readouterr().err
    assert main(["usecases", "check", "bakery"]) == 2
    assert "no such folder" in capsys.readouterr().err


def test_what_comes_with_the_hub_holds_together(capsys: pytest.CaptureFixture[str]) -> None:
    """Every role has a driver, every measure a channel with a unit that can be shown."""
    assert main(["usecases", "check", "--json"]) == 0
    assert {"name": "cold_room", "problems": []} in json.loads(capsys.readouterr().out)["usecases"]
    assert main(["usecases", "check", "cold_room"]) == 0


def test_check_finds_what_is_wrong_and_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the file, or between the file and the drivers."""
    folder = Path(shutil.copytree(HERE / "cold_room", tmp_path / "my_room"))
    text = (folder / "usecase.toml").read_text(encoding="utf-8")
    (folder / "usecase.toml").write_text(text.replace('unit = "W"', 'unit = "V"'), encoding="utf-8")
    assert main(["usecases", "check", str(folder)]) == 1
    assert "measures.power.unit: 'V' cannot be made from 'W'" in capsys.readouterr().out
    (folder / "usecase.toml").write_text(text.replace("limit = 4.0", "limit = true", 1), encoding="utf-8")
    assert main(["usecases", "check", str(folder), "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["usecases"]
    assert found["problems"][0].endswith("rules[0].limit: expected `float`, got `bool`")
