"""Tokens: seen once, kept as hashes, revoked at once."""

import json
import stat
import sys
from pathlib import Path

import pytest

from hub import tokens
from hub.__main__ import main
from hub.errors import ConfigError, NotFoundError, UsageError


def test_only_the_hash_of_a_token_is_kept(tmp_path: Path) -> None:
    """Who reads the file can send nothing; only the owner reads it."""
    token = tokens.create(tmp_path, "oven", None)
    path = tmp_path / tokens.FILE
    assert token.encode() not in path.read_bytes()
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_names_are_unique_and_plain(tmp_path: Path) -> None:
    """A mistake says what to change."""
    tokens.create(tmp_path, "oven", None)
    with pytest.raises(UsageError, match="already a token"):
        tokens.create(tmp_path, "oven", None)
    for bad in ("", "a b", "a/b", "x" * 65, "\x1b[1m"):
        with pytest.raises(UsageError, match="write letters"):
            tokens.create(tmp_path, bad, None)
        with pytest.raises(UsageError, match="source"):
            tokens.create(tmp_path, "good", bad)


def test_a_token_nobody_knows_cannot_be_revoked(tmp_path: Path) -> None:
    """The message lists those there are, or says how one is made."""
    with pytest.raises(NotFoundError, match="no token 'lamp': none was made yet; `matinales tokens new NAME`"):
        tokens.revoke(tmp_path, "lamp")
    tokens.create(tmp_path, "oven", None)
    with pytest.raises(NotFoundError, match="no token 'lamp'; there are: oven"):
        tokens.revoke(tmp_path, "lamp")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / tokens.FILE).write_text("[]")
    with pytest.raises(ConfigError, match="remove it"):
        tokens.listed(tmp_path)


def test_the_command_makes_lists_and_revokes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a program reads."""
    data = ("--data", str(tmp_path))
    assert main(["tokens", "new", "oven", "--source", "oven", "--json", *data]) == 0
    made = json.loads(capsys.readouterr().out)
    known = tokens.Tokens(tmp_path)
    known.refresh()
    assert known.opens(made["token"], "oven")
    assert not known.opens(made["token"], "lamp")
    assert main(["tokens", "list", "--json", *data]) == 0
    out = capsys.readouterr().out
    assert [(each["name"], each["source"]) for each in json.loads(out)["tokens"]] == [("oven", "oven")]
    assert made["token"] not in out
    assert main(["tokens", "revoke", "oven", *data]) == 0
    assert capsys.readouterr().out == "oven opens nothing any more: whoever sends with it is answered 403.\n"
    assert main(["tokens", "revoke", "oven", *data]) == 2
    known.refresh()
    assert not known.opens(made["token"], "oven")
    assert main(["tokens", "new", "lamp", *data]) == 0
    capsys.readouterr()
    assert main(["tokens", "revoke", "lamp", "--json", *data]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "lamp", "revoked": True}


def test_the_token_alone_goes_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """So that a script can keep it."""
    assert main(["tokens", "new", "oven", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(tokens.PREFIX)
    assert main(["tokens", "list", "--data", str(tmp_path)]) == 0
    assert "any source" in capsys.readouterr().out
