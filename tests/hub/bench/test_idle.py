"""An idle hub, watched for a moment."""

import pytest

from hub.bench import idle


def test_every_part_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Supervisor, broker, ingest and hub, each with its share and its memory; the hub's own together."""
    monkeypatch.setattr(idle, "SETTLED", 0.0)  # what is counted is no figure to go by
    figures = idle.measure(seconds=0.2)
    parts = {"supervisor", "broker", "ingest", "hub"}
    assert {f"{name}_cpu_percent" for name in parts} <= figures.keys()
    memory = {name: figures[f"{name}_memory_mb"] for name in parts}
    assert all(taken > 1 for taken in memory.values())
    assert abs(figures["memory_mb"] - (sum(memory.values()) - memory["broker"])) < 1e-6
    assert figures["cold_factor"] > 0
    assert ("bare_cpu_percent" in figures) == ("wakes_per_s" in figures)
