"""How long a telegram is waited for until a browser shows it."""

from hub.bench._seen import percentile, waits


def test_a_value_is_waited_for_until_it_is_seen() -> None:
    """Each from its own sending on; what was there before counts for nothing."""
    assert waits([(1.0, 100.0), (2.0, 350.0)], [(9.0, 90.0), (1.0, 130.0), (2.0, 400.0)]) == [30.0, 50.0]


def test_one_that_a_newer_one_replaced_waited_until_that_was_seen() -> None:
    """A busy browser paints the newest only: the reader was as late as that for both."""
    assert waits([(1.0, 100.0), (2.0, 350.0), (3.0, 600.0)], [(2.0, 700.0), (3.0, 710.0)]) == [600.0, 350.0, 110.0]


def test_a_value_that_comes_back_is_the_later_one() -> None:
    """There are no more than 997 different ones; one that was seen before it was sent was another."""
    assert waits([(1.0, 100.0), (2.0, 200.0), (1.0, 300.0)], [(1.0, 110.0), (2.0, 220.0), (1.0, 330.0)]) == [10, 20, 30]
    assert waits([(1.0, 100.0)], [(1.0, 50.0)]) == []


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """Of nothing it is nothing."""
    values = [float(each) for each in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99), percentile([], 99)) == (51.0, 100.0, 0.0)
