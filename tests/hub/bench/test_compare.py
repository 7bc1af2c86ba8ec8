"""What the rounds of `bench ingest --compare` come to."""

from hub.bench._compare import Run, figures


def test_ratios_are_taken_round_by_round() -> None:
    """A round in which the machine was slow is slow for both: the median of the ratios, not the ratio of medians."""
    found = {
        "hub": [Run({"ingest": 1.0, "hub": 3.0}, 0.5, 2.0, 0), Run({"ingest": 4.0, "hub": 8.0}, 0.5, 4.0, 2)],
        "telegraf": [Run({"telegraf": 2.0}, 0.5, 1.0, 0), Run({"telegraf": 6.0}, 0.5, 1.0, 0)],
    }
    told = figures(found, 1_000_000)
    assert told["ratio_telegraf"] == 2.0
    assert told["hub_us_per_message"] == 8.0
    assert (told["hub_ingest_us_per_message"], told["hub_hub_us_per_message"]) == (2.5, 5.5)
    assert told["hub_missing"] == 2
    assert told["publisher_us_per_message"] == 0.5
