"""What a message into InfluxDB costs beside Telegraf (hub/bench/telegraf.py)."""

from hub.bench.telegraf import Run, _figures


def test_the_hub_is_told_beside_telegraf_as_it_comes_and_beside_one_that_compresses_nothing() -> None:
    """Rounds are compared one by one: each ratio is the median of those of a round."""
    found = {
        "telegraf": [Run({"telegraf": each}, 1.0, 0, 0.3) for each in (2.0, 4.0, 4.0)],
        "telegraf_plain": [Run({"telegraf": each}, 1.0, 0, 0.2) for each in (1.0, 2.0, 2.0)],
        "hub": [Run({"ingest": 0.5, "hub": each}, 1.0, 1, 0.1) for each in (0.5, 1.5, 3.5)],
    }
    told = _figures(found, 100_000)
    assert (told["ratio"], told["ratio_plain"]) == (0.5, 1.0)
    assert (told["telegraf_us_per_message"], told["telegraf_plain_us_per_message"]) == (40.0, 20.0)
    assert (told["hub_ingest_us_per_message"], told["hub_missing"]) == (5.0, 1)
    assert told["publisher_us_per_message"] == 2.0
