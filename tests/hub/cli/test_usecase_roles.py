"""`matinales usecases take`, `give-back`, `on` and `off`: what the command asks of the living hub, and what it says."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main
from hub.cli import _roles

Asked = list[tuple[str, str, Any]]
WARNING = {"code": "missing", "measure": "product", "text": {"fr": "…", "en": "Product: is not measured by it."}}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Lend what a hub was asked, which says yes to everything."""
    heard: Asked = []

    class Hub:
        """Says yes."""

        def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
            """Note it."""
            heard.append((method, path, body))
            if method == "PATCH":
                return {"name": "cold_room", "off": (body or {})["off"], "action": 4}
            taken = method == "PUT"
            return {
                "usecase": "cold_room",
                "name": "probe",
                "device": "tasmota:kitchen" if taken else None,
                "channels": {"air": "temperature"} if taken else {},
                "warnings": [WARNING] if taken else [],
                "action": 3 if taken else None,
            }

    @contextmanager
    def opened(_data: Path) -> Iterator[Hub]:
        yield Hub()

    monkeypatch.setattr(_roles, "opened", opened)
    return heard


def test_a_device_takes_a_role(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """What is odd about it is said, and how it is taken back."""
    assert main(["usecases", "take", "cold_room", "probe", "tasmota:kitchen"]) == 0
    said = capsys.readouterr()
    assert said.out == "cold_room, probe: tasmota:kitchen (air=temperature); take it back: matinales devices undo 3\n"
    assert said.err == "! Product: is not measured by it.\n"
    assert asked == [("PUT", "/usecases/cold_room/roles/probe", {"device": "tasmota:kitchen"})]


def test_its_channels_may_be_named(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """One `--channel` each."""
    words = ["--channel", "air=temperature", "--channel", "product=temperature_2", "--json"]
    assert main(["usecases", "take", "cold_room", "probe", "kitchen", *words]) == 0
    assert asked[0][2] == {"device": "kitchen", "channels": {"air": "temperature", "product": "temperature_2"}}
    assert json.loads(capsys.readouterr().out)["action"] == 3


def test_a_channel_without_its_measure_is_wrong_usage(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is asked."""
    assert main(["usecases", "take", "cold_room", "probe", "kitchen", "--channel", "temperature"]) == 2
    assert "write MEASURE=CHANNEL" in capsys.readouterr().err
    assert asked == []


def test_a_role_is_given_back(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """Again changes nothing, and says so."""
    assert main(["usecases", "give-back", "cold_room", "probe"]) == 0
    assert capsys.readouterr().out == "cold_room, probe: its simulated device: nothing was changed\n"
    assert asked == [("DELETE", "/usecases/cold_room/roles/probe", None)]


@pytest.mark.parametrize("word", ["off", "on"])
def test_a_use_case_is_turned_off_and_on(asked: Asked, capsys: pytest.CaptureFixture[str], word: str) -> None:
    """By its name."""
    assert main(["usecases", word, "cold_room"]) == 0
    assert capsys.readouterr().out == f"cold_room: {word}; take it back: matinales devices undo 4\n"
    assert asked == [("PATCH", "/usecases/cold_room", {"off": word == "off"})]
