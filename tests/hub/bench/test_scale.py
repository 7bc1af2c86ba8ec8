"""`matinales bench scale`: one, two and four workers side by side."""

import shutil

import pytest

from hub.bench import scale
from hub.bench.scale import ROWS, SEPARATOR, _watching, measure, shown


def test_what_watching_costs_is_of_all_workers_and_of_the_busiest() -> None:
    """By hand: 2 s of watching, 0.3 s and 0.1 s of processor time, 1,000 frames."""
    seen = {"stamps": 100.0, "in_time": 98.0, "p50_ms": 60.0, "p99_ms": 200.0, "frames": 1_000.0}
    found = _watching(seen, [0.3, 0.1], 2.0)
    assert found["in_time_percent"] == 98.0
    assert found["busiest_cpu_percent"] == pytest.approx(15.0)
    assert found["all_cpu_percent"] == pytest.approx(20.0)
    assert found["frame_us"] == pytest.approx(400.0)


def test_the_page_has_a_column_for_each_number_of_workers() -> None:
    """In order, every row filled, with load and machine."""
    values = {f"{name}{SEPARATOR}{many}": float(many) for name in ROWS for many in (4, 1, 2)}
    figures = {name: (value, value, value) for name, value in (values | {"viewers": 200.0, "rate": 1_000.0}).items()}
    page = shown(figures, {"processor": "two cores"})
    assert "| workers | 1 | 2 | 4 |" in page
    assert all(f"| {what} | 1 | 2 | 4 |" in page for what in ROWS.values())
    assert "200 pages at 10 Hz spread over them and then 1,000 messages a second" in page
    assert page.endswith("On processor two cores.")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_pages_spread_over_two_workers_see_the_same_device() -> None:
    """On three servers; every figure of the page is there."""
    if shutil.which("influxd") is None:
        pytest.skip("needs influxd: .ci/influxd builds it")
    found = measure(workers="2", viewers=10, seconds=3, rate=100, devices=20)
    assert {f"{name}{SEPARATOR}2" for name in scale.ROWS} <= found.keys()
    assert found[f"frame_us{SEPARATOR}2"] > 0
    assert found[f"all_worker_us{SEPARATOR}2"] > 0
