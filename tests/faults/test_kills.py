"""`kill -9` under load: nothing acknowledged is lost, doubled, invented or altered (reliability.md §3.2, R1)."""

from pathlib import Path

import pytest

from hub.bench import ledger
from servers.brokers import KINDS, needs

WRONG = ("lost", "dup", "ghost", "mismatch")


def faults(figures: dict[str, float]) -> dict[str, float]:
    """Return what spoils the two verdicts and the order of the acknowledgements; empty: nothing does."""
    names = [f"{who}_{what}" for who in ("hub", "device") for what in WRONG]
    return {name: figures[name] for name in [*names, "pubacks_out_of_order", "pubacks_stray"] if figures[name]}


@pytest.mark.parametrize("kind", ["embedded", pytest.param("mosquitto", marks=pytest.mark.long)])
def test_three_kills_of_ingest_and_hub_cost_nothing(kind: str, tmp_path: Path) -> None:
    """R1: 200 devices, 2,000 messages a second; the supervisor starts again what was killed, without a manual step."""
    needs(kind)
    figures = ledger.measure(seconds=3, kills=3, broker=kind, seed=7, keep=str(tmp_path))  # type: ignore[arg-type]
    assert faults(figures) == {}, figures
    assert figures["hub_acked"] == figures["hub_stored"] >= figures["device_acked"] > 500
    assert figures["connections"] >= 4
    assert len((tmp_path / "sent.jsonl").read_text().splitlines()) == figures["sent"]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_twenty_kills_cost_nothing(kind: str) -> None:
    """R1 in full: a new seed each time. How fast it is back is `matinales bench ledger`'s gate, and printed here."""
    needs(kind)
    figures = ledger.measure(seconds=100, kills=20, broker=kind)  # type: ignore[arg-type]
    print(figures)  # noqa: T201 — figures of the long tier are reported
    assert faults(figures) == {}, figures
    assert figures["connections"] >= 21, figures
