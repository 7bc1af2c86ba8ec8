"""Bytes of a serial port become whole lines, whatever comes (reliability.md §2.9, §2.13, R17)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ingest.lines import BURST, LONGEST, QUIET_S, RATE, Allowance, Framer, Lost


def framer(lost: Lost | None = None) -> Framer:
    """Return one opened at 0 s."""
    return Framer(0.0, lost if lost is not None else Lost())


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n"])
def test_lines_end_as_boards_end_them(end: bytes) -> None:
    """LF, CR or both; empty lines are none."""
    assert framer().feed(end.join([b"a", b"b", b""]), 1.0) == [b"a", b"b"]


def test_what_comes_at_once_after_the_opening_may_be_half_a_line() -> None:
    """`1.5` of `21.5` would be a lie; after a silence the first line is whole."""
    lost = Lost()
    assert framer(lost).feed(b"1.5\n22\n", QUIET_S / 2) == [b"22"]
    assert lost.half == 1
    assert framer().feed(b"21.5\n22\n", QUIET_S) == [b"21.5", b"22"]


def test_a_first_piece_without_an_end_is_dropped_with_its_rest() -> None:
    """It is one line, in as many reads as it comes."""
    begun = framer()
    assert begun.feed(b"1", 0.01) == []
    assert begun.feed(b".5\n22\n", 0.5) == [b"22"]


def test_a_megabyte_without_an_end_costs_nothing_and_is_counted_once() -> None:
    """The next line is read as ever."""
    lost = Lost()
    begun = framer(lost)
    for number in range(256):
        assert begun.feed(b"x" * 4096, 1.0 + number) == []
        assert len(begun._rest) <= LONGEST
    assert begun.feed(b"x\n21.5\n", 300.0) == [b"21.5"]
    assert lost.long == 1


def test_half_a_line_at_the_unplugging_is_counted_not_given() -> None:
    """A new opening begins anew."""
    lost = Lost()
    begun = framer(lost)
    assert begun.feed(b"21.5\n2", 1.0) == [b"21.5"]
    begun.end()
    assert lost.half == 1


@given(st.lists(st.binary(max_size=64)), st.lists(st.integers(1, 9)))
def test_the_cut_of_the_reads_changes_no_line(lines: list[bytes], sizes: list[int]) -> None:
    """Binary noise included."""
    data = b"".join(line + b"\n" for line in lines)
    whole, begun = framer().feed(data, 1.0), framer()
    found, at = [], 0
    for size in [*sizes, len(data)]:
        found += begun.feed(data[at : at + size], 1.0)
        at += size
    assert found == whole


def test_a_flood_is_cut_to_its_burst_and_then_to_its_rate() -> None:
    """The newest are dropped; who was quiet may burst again."""
    allowance = Allowance(0.0)
    assert allowance.take(BURST + 5, 0.0) == BURST
    assert allowance.take(10, 0.0) == 0
    assert allowance.take(2 * RATE, 1.0) == RATE
    assert allowance.take(2 * BURST, 1000.0) == BURST
