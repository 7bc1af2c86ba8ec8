"""CSV files as loggers and spreadsheets write them, and mistakes by line and column."""

from datetime import datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from hub.errors import UsageError
from hub.ingest import csv_import
from hub.ingest.csv_import import Mistake, Plan, Row, moment, number, shape, topic
from hub.model import NS, REAL, Source

PARIS = ZoneInfo("Europe/Paris")
NINE = int(datetime(2026, 11, 24, 9, tzinfo=PARIS).timestamp()) * NS
FRENCH = "Date;Température (°C);Porte\n24/11/2026 09:00;21,5;1\n24/11/2026 09:15;1 022,25;\n"


def read(data: bytes, **plan: object) -> list[Row | list[Mistake]]:
    """Return everything a file gives."""
    file = BytesIO(data)
    seen = shape(file, plan.get("separator"), plan.get("decimal"))  # type: ignore[arg-type]
    whole = csv_import.complete(Plan(device="oven", **plan), seen)  # type: ignore[arg-type]
    return [*csv_import.rows(file, whole, seen)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_french_spreadsheet_is_read_without_a_word(encoding: str, end: str) -> None:
    """Semicolons, decimal commas, groups, days before months, local time, accents in any encoding."""
    found = read(FRENCH.replace("\n", end).encode(encoding))
    assert found == [
        Row(2, NINE, {"Température (°C)": 21.5, "Porte": 1.0}),
        Row(3, NINE + 900 * NS, {"Température (°C)": 1022.25}),
    ]


@pytest.mark.parametrize(
    ("text", "separator", "decimal"),
    [
        ("time,a,b\n1700000000,1.5,2\n", ",", "."),
        ("time;a\n1700000000;1,5\n", ";", ","),
        ("time\ta\n1700000000\t1.5\n", "\t", "."),
        ("time|a\n1700000000|1.5\n", "|", "."),
        ('time,a\n1700000000,"1,5"\n', ",", ","),
        ("time;a\n1700000000;15\n", ";", "."),
    ],
)
def test_separator_and_decimal_sign_are_found(text: str, separator: str, decimal: str) -> None:
    """By what makes the rows even."""
    seen = shape(BytesIO(text.encode()))
    assert (seen.separator, seen.decimal) == (separator, decimal)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-24T08:00:00Z", 0),
        ("2026-11-24 09:00", 0),
        ("2026-11-24T09:00:00,5", 0.5),
        ("2026-11-24T10:30:00+02:30", 0),
        ("24/11/2026 09:00:00", 0),
        ("24.11.2026 9h", 0),
        ("24-11-2026 9h00", 0),
        ("1795507200", 0),
        ("1795507200000", 0),
    ],
)
def test_a_time_is_read_in_each_manner(text: str, hour: float) -> None:
    """All of them nine o'clock in Paris, or half a second after."""
    assert moment(text, PARIS) - NINE == hour * NS


@pytest.mark.parametrize(
    "text", ["", "11/24/2026 09:00", "31/02/2026", "2026-11-24 25:00", "yesterday", "0", "-5", "9e99"]
)
def test_what_is_no_time_is_told(text: str) -> None:
    """Never guessed: a month above twelve is not taken for a day."""
    with pytest.raises(ValueError, match=r"no time|no day of the calendar"):
        moment(text, PARIS)


def test_an_hour_that_occurs_twice_is_its_first() -> None:
    """25 October 2026, 02:30 in Paris: summer time."""
    assert moment("25/10/2026 02:30", PARIS) == moment("2026-10-25T02:30:00+02:00", PARIS)


@pytest.mark.parametrize("text", ["=1+2", "+A1", "@sum", "0x10", "1_0", "٣", "nan()", "1,5", "9e999", "12 34"])
def test_a_formula_or_anything_else_is_no_number(text: str) -> None:
    """Numbers stay numbers (X12)."""
    with pytest.raises(ValueError, match=r"not a number|too large"):
        number(text, ".")


def test_mistakes_name_line_and_column_and_do_not_stop_the_reading() -> None:
    """Lines as an editor counts them, also after a cell of two lines."""
    data = b'time,"a\nb",c\n1700000000,1,2\nlater,x,=cmd\n1700000060,3,4,5\n\n1700000120,,nan\n1700000180,5,6\n'
    found = read(data)
    assert [row.line for row in found if isinstance(row, Row)] == [3, 8]
    mistakes = [(each.line, each.column) for row in found if isinstance(row, list) for each in row]
    assert mistakes == [(4, "time"), (4, "a\nb"), (4, "c"), (5, "")]


def test_columns_are_mapped_and_the_rest_left_out() -> None:
    """Date and hour in two columns; a unit in brackets is the channel's."""
    data = b"Jour;Heure;T1;T2\n24/11/2026;09:00;21,5;9\n"
    plan = Plan(device="generic:oven/1", time=("Jour", "Heure"), columns={"T1": "temperature [°C]"})
    file = BytesIO(data)
    seen = shape(file)
    plan = csv_import.complete(plan, seen)
    (row,) = csv_import.rows(file, plan, seen)
    assert isinstance(row, Row)
    message = csv_import.message(row, plan, NINE + 5)
    assert (message.topic, message.payload) == ("oven/1", '{"temperature [°C]":21.5}'.encode())
    assert (message.source, message.time, message.run or REAL) == (Source.IMPORT, NINE, REAL)


@pytest.mark.parametrize(
    ("data", "plan", "words"),
    [
        (b"", {}, "no line of text"),
        (b"\x00\x01\x02", {}, "no line of text"),
        (b"a;b\n1;2\n", {}, "no column looks like a time"),
        (b"time;b\n1;2\n", {"columns": {"c": "x"}}, "no column 'c'"),
        (b"time;b\n1;2\n", {"tz": "Paris"}, "no time zone"),
        (b"time;b;c\n1;2;3\n", {"columns": {"b": "x", "c": "X"}}, "channel of its own"),
        (b"time;b\n1;2\n", {"decimal": ";"}, "decimal sign"),
        (b";".join([b"x"] * 99), {}, "at most 64"),
        (b"time;" + b"x" * 200_000, {}, "no CSV"),
    ],
)
def test_a_file_or_a_plan_that_cannot_be_used_says_why(data: bytes, plan: dict[str, object], words: str) -> None:
    """Before anything is imported."""
    with pytest.raises(UsageError, match=words):
        read(data, **plan)


@pytest.mark.parametrize(
    "name", ["", " ", "a#", "a/+", "$SYS", "generic:matinales/sim/x", "generic:", "a\nb", "x" * 200]
)
def test_a_device_is_a_plain_name(name: str) -> None:
    """No wildcard, nothing of the hub's own."""
    with pytest.raises(UsageError, match="write a name"):
        topic(name)


def test_a_long_file_comes_in_groups_and_tells_how_far_it_is() -> None:
    """A progress bar has something to show, and a letter cut in two by a piece is still one letter."""
    data = "time;température\n".encode() + "".join(f"{1_700_000_000 + n};{n}\n" for n in range(40_000)).encode()
    file = BytesIO(data)
    seen = shape(file)
    found = [*csv_import.groups(file, csv_import.complete(Plan(device="oven"), seen), seen)]
    tally = csv_import.Tally()
    for _, rows, mistakes in found:
        tally.add(rows, mistakes)
    places = [at for at, _, _ in found]
    assert (tally.rows, tally.count) == (40_000, 0)
    assert places == sorted(places)
    assert 0 < places[0] < len(data) == places[-1]
    assert max(len(rows) for _, rows, _ in found) == csv_import.GROUP


@pytest.mark.parametrize("place", [csv_import.PIECE - 1, csv_import.PIECE, 3 * csv_import.PIECE])
def test_the_encoding_is_found_wherever_its_first_letter_stands(place: int) -> None:
    """A comment at the end of a long file, and a letter cut in two by the end of a piece."""
    long = ("time;note\n" + "1;#\n" * (place // 4)).ljust(place, "#")[:place]
    assert shape(BytesIO(f"{long}é".encode())).encoding == "utf-8-sig"
    assert shape(BytesIO(f"{long}é".encode("latin-1"))).encoding == "latin-1"


def test_ten_thousand_mistakes_are_counted_and_the_first_hundred_kept() -> None:
    """Nobody reads more, and nothing grows with a bad file."""
    tally = csv_import.Tally()
    for line in range(0, 10_000, 50):
        tally.add([], [Mistake(line + each, "t", "bad") for each in range(50)])
    assert (tally.count, len(tally.mistakes), tally.mistakes[-1].line) == (10_000, 100, 99)
