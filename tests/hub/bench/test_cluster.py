"""`matinales bench cluster`: what a message costs beyond one machine."""

import pytest

from hub.bench.cluster import _kind, cost, measure

VALUES = 3
"""Of the bench's usual telegram."""
BEFORE = {
    "journal_end": 100.0,
    "decode_seconds_total": 1.0,
    "influx_lines_written_total": 40.0,
    "store_dead_letters": 0.0,
}


def test_stages_are_of_one_worker_and_programs_of_all() -> None:
    """By hand: 200 messages; 0.02 s and 0.04 s of decoding by two workers are 150 µs for each of them."""
    after = [
        {**BEFORE, "journal_end": 300.0, "decode_seconds_total": 1.02, "influx_lines_written_total": 160.0},
        {**BEFORE, "journal_end": 300.0, "decode_seconds_total": 1.04, "influx_lines_written_total": 120.0},
    ]
    kinds = ("worker", "ingest", "nats", "influxdb")
    found = cost([BEFORE, BEFORE], after, dict.fromkeys(kinds, 1.0), dict.fromkeys(kinds, 1.1))
    assert found["decode_us"] == pytest.approx(150)
    assert found["all_worker_us"] == pytest.approx(500)
    assert (found["lines_per_message"], found["most_lines_of_a_worker"]) == (1.0, 0.6)


def test_a_worker_that_was_started_again_counts_from_its_start() -> None:
    """Its counters are below what they were."""
    after = {**BEFORE, "journal_end": 300.0, "decode_seconds_total": 0.5}
    assert cost([BEFORE], [after], {}, {})["decode_us"] == pytest.approx(2_500)


def test_programs_are_told_apart_by_their_command_lines() -> None:
    """The publisher and the broker are nobody's cost."""
    lines = (
        "python -m hub.serving",
        "python -m hub.ingest --data x",
        "nats-server -c y",
        "influxd --a",
        "python -m hub.broker",
    )
    assert [_kind(each) for each in lines] == ["worker", "ingest", "nats", "influxdb", None]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_each_line_reaches_influxdb_once_though_a_worker_is_killed() -> None:
    """Two workers on three servers; one hub ends by `kill -9` half way and comes back."""
    found = measure(workers=2, rate=200, seconds=10, kill=True)
    assert found["said"] >= 1_900
    assert found["values_per_message"] == VALUES, "as many as were said: nothing is missing, nothing is there twice"
    assert found["dead_letters"] == 0
