"""`matinales bench capacity`: what a fleet needs, from measured costs and stated assumptions."""

import pytest

from hub.bench import capacity
from hub.bench.capacity import Cost, commits, limits, nats_us, needs, parts, shown, stored_us, supposed

COST = Cost(append_us=12.0, read_us=6.0, understand_us=95.0, bytes=10.0, period_s=60.0, group=500.0)
MACHINE = {"processor": "two cores"}


def test_ten_times_the_devices_need_ten_times_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand: 100,000 devices a minute, 12 µs to journal, 95 + 6 + 5 µs to understand and send, at 60 % of a core."""
    cost = {"append_us": 12.0, "read_us": 6.0, "bytes": 10.0}
    monkeypatch.setattr("hub.bench.journal.measure", lambda **_: cost)
    small, large = (capacity.measure(devices=each, understand_us=95.0) for each in (100_000, 1_000_000))
    assert small["messages_per_second"] == pytest.approx(1666.67, abs=0.01)
    assert small["ingest_cores"] == pytest.approx(1666.67 * 12e-6 / 0.6, rel=1e-4)
    assert small["worker_cores"] == pytest.approx(0.2944, rel=1e-3)
    assert small["devices_one_worker"] == pytest.approx(0.6 / 106e-6 * 60)
    assert small["journal_gb_a_day_each_server"] == pytest.approx(1.44)
    assert small["worker_is_the_first_limit"] == 0.0  # InfluxDB's series are, at a third of a million devices
    assert large["worker_cores"] == pytest.approx(10 * small["worker_cores"])


def test_the_smaller_fleet_needs_one_cell_and_the_larger_as_many_as_its_workers_limit_says() -> None:
    """By hand: a worker is good for 339,623 devices, an InfluxDB for 333,333, a broker for 1,440,000."""
    small, large = needs(100_000, COST), needs(1_000_000, COST)
    assert (small.cells, large.cells) == (1, 3)
    assert small.machines == {
        "NATS": (3, 2),
        "workers, with ingest and page": (2, 2),
        "InfluxDB": (1, 2),
        "broker": (1, 2),
    }
    assert large.machines["workers, with ingest and page"] == (6, 3)
    assert large.machines["InfluxDB"] == (3, 2)
    assert large.machines["broker"] == (1, 2)


def test_money_is_cores_and_disks_at_the_stated_prices() -> None:
    """By hand: 14 cores; 10.08 GB of journal on three servers; 5,000 values of 3 bytes a second for a year."""
    small = needs(100_000, COST)
    assert small.cores == 14
    assert small.journal_gb == pytest.approx(1.44 * 7)
    assert small.store_gb == pytest.approx(5_000 * 3 * 86_400 * 365 / 1e9)
    assert small.euros == pytest.approx(14 * 9.0 + (3 * 10.08 + 473.04) * 0.10)


def test_the_partitions_consumers_are_counted_by_the_part_and_dearer_where_few_messages_come_together() -> None:
    """By hand: 1,000 a second are 100 commits of 10, in 5.9 parts of 250 µs; 100,000 are 200 of 500, in 8."""
    assert (commits(20, 500), commits(1_000, 500), commits(100_000, 500)) == (20, 100, 200)
    assert parts(10) == pytest.approx(8 * (1 - (7 / 8) ** 10))
    assert [parts(1), parts(500)] == pytest.approx([1, 8])
    assert stored_us(1_000, 500) == pytest.approx(100 * parts(10) * 250 / 1_000)
    assert stored_us(100_000, 500) == pytest.approx(4)
    assert nats_us(100_000, 500) == pytest.approx(20 + (200 * 3_500 / 100_000 + 4) / 3)


def test_what_ends_first_is_what_is_good_for_the_fewest_devices() -> None:
    """A slower understanding makes it the worker."""
    assert min(limits(COST).items(), key=lambda each: each[1])[0] == "series of one InfluxDB"
    slow = COST._replace(understand_us=200.0)
    assert min(limits(slow).items(), key=lambda each: each[1])[0] == "one worker"


def test_the_page_names_sizes_money_the_first_end_and_every_supposition_with_its_date() -> None:
    """What was not measured is seen to be supposed."""
    names = ("journal_us", "read_us", "understand_us", "journal_bytes", "period_s", "group")
    page = shown({name: (value, value, value) for name, value in zip(names, COST, strict=True)}, MACHINE)
    assert "| | 100,000 devices | 1,000,000 devices |" in page
    assert (
        f"| **a month** | **{needs(100_000, COST).euros:,.0f} €** | **{needs(1_000_000, COST).euros:,.0f} €** |" in page
    )
    assert "What ends first is **series of one InfluxDB**, at 333,333 devices; then one worker at 339,623" in page
    for each in supposed().values():
        assert f"| {each.what} |" in page
        assert f"| {each.date} | {each.source} |" in page
    assert page.endswith("On processor two cores.")


def test_it_measures_what_it_computes_with() -> None:
    """On a journal of this machine."""
    found = capacity.measure(messages=100, group=50)
    assert all(value > 0 for name, value in found.items() if name != "worker_is_the_first_limit")
