"""`matinales bench capacity`: what a fleet needs, from measured costs and stated assumptions."""

import pytest

from hub.bench import capacity


def test_ten_times_the_devices_need_ten_times_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: 100,000 devices a minute, 12 µs to journal, 100 + 6 µs to understand, at 60 % of a core."""
    cost = {"append_us": 12.0, "read_us": 6.0, "bytes": 10.0}
    monkeypatch.setattr("hub.bench.journal.measure", lambda **_: cost)
    small, large = capacity.measure(), capacity.measure(devices=1_000_000)
    assert small["messages_per_second"] == pytest.approx(1666.67, abs=0.01)
    assert small["ingest_cores"] == pytest.approx(1666.67 * 12e-6 / 0.6, rel=1e-4)
    assert small["worker_cores"] == pytest.approx(0.2944, rel=1e-3)
    assert small["devices_one_worker"] == pytest.approx(0.6 / 106e-6 * 60)
    assert small["journal_gb_a_day_each_server"] == pytest.approx(1.44)
    assert small["worker_is_the_first_limit"] == 1.0
    assert large["worker_cores"] == pytest.approx(10 * small["worker_cores"])


def test_it_measures_what_it_computes_with() -> None:
    """On a journal of this machine."""
    found = capacity.measure(messages=100, group=50)
    assert all(value > 0 for name, value in found.items() if name != "worker_is_the_first_limit")
