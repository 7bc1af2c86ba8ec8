"""What the rounds of `bench burst` come to."""

from hub.bench._compare import Run
from hub.bench.burst import figures


def test_each_store_has_its_seconds_and_what_it_misses_or_has_too_much() -> None:
    """A value too many is as wrong as one too few."""
    runs = [
        Run({"ingest": 1.0, "hub": 2.0}, 0.5, seconds, missing) for seconds, missing in ((4.0, 0), (2.0, -3), (9.0, 1))
    ]
    told = figures({"sqlite": runs}, 1_000_000)
    assert told == {
        "sqlite_stored_s": 4.0,
        "sqlite_stored_s_most": 9.0,
        "sqlite_us_per_message": 3.0,
        "sqlite_missing": 3,
    }
