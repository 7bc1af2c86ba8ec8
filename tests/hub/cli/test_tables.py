"""`matinales tables`: what the command asks of the living hub, and what it says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main
from hub.cli import tables

Asked = list[tuple[str, str, Any]]
PREPARING = {"table": 2, "state": "preparing", "usecase": None, "value": None, "alarm": None, "worth": None}
ALARM = {"state": "unacknowledged", "texts": {"fr": "Trop chaud.", "en": "Too warm."}}
PLAYING = {
    "table": 1,
    "state": "running",
    "usecase": "cold_room",
    "value": {"value": 7.25, "unit": "°C", "decimals": 1},
    "alarm": ALARM,
    "worth": {"value": 240.0, "unit": {"fr": "€/an", "en": "€/year"}},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Lend what a hub with two tables was asked."""
    heard: Asked = []

    class Hub:
        """Knows two tables."""

        def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
            """Note it."""
            heard.append((method, path, body))
            return {"may_act": bool((body or {}).get("may_act")), "tables": [PLAYING, PREPARING]}

    @contextmanager
    def opened(_data: Path) -> Iterator[Hub]:
        yield Hub()

    monkeypatch.setattr(tables, "opened", opened)
    return heard


def test_the_tables_are_listed_side_by_side(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is changed by looking."""
    assert main(["tables"]) == 0
    said = capsys.readouterr().out
    assert "7.2 °C" in said
    assert "unacknowledged: Too warm." in said
    assert "240 €/year" in said
    assert "may look and not act" in said
    assert asked == [("GET", "/tables", None)]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        (["8"], {"count": 8}),
        (["0"], {"count": 0}),
        (["--table", "2", "--table", "5"], {"tables": [2, 5]}),
        (["--may-act"], {"may_act": True}),
        (["4", "--may-not-act"], {"count": 4, "may_act": False}),
    ],
)
def test_tables_get_their_simulators(asked: Asked, words: list[str], wish: dict[str, Any]) -> None:
    """In one command; who may act is said with it or by itself."""
    assert main(["tables", *words]) == 0
    assert asked == [("PUT", "/tables", wish)]


def test_a_count_and_numbers_say_the_same(asked: Asked, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage: nothing is asked."""
    assert main(["tables", "3", "--table", "2"]) == 2
    assert "give one of them" in capsys.readouterr().err
    assert asked == []
