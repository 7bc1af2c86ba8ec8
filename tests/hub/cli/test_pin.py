"""`matinales pin`: shown in the terminal, and another one when somebody saw it."""

from pathlib import Path

import pytest

from hub import credentials
from hub.cli import main


def test_the_pin_is_shown_and_another_one_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a hub that lives; one that does is told (`PUT /login/pin`)."""
    before = credentials.pin(tmp_path)
    assert main(["pin", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == before
    while credentials.pin(tmp_path) == before:  # one in a million is the same
        assert main(["pin", "--new", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip().splitlines()[-1] == credentials.pin(tmp_path)


def test_a_folder_mistyped_has_no_pin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One made for it would open nothing, and leave a folder behind."""
    assert main(["pin", "--data", str(tmp_path / "matinals")]) == 2
    told = capsys.readouterr()
    assert (told.out, "no hub has run here" in told.err, "--data" in told.err) == ("", True, True)
    assert list(tmp_path.iterdir()) == []


def test_a_pin_in_a_file_of_the_operator_is_changed_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the file."""
    monkeypatch.setenv("HUB_PIN_FILE", "/run/secrets/pin")
    assert main(["pin", "--new", "--data", str(tmp_path)]) == 2
    assert "/run/secrets/pin" in capsys.readouterr().err
