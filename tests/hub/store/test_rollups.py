"""Roll-ups say what their rows say, whatever happens to the rows (hub/store/rollups.py, decisions/0017)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.errors import StoreError
from hub.model import NS, REAL, Quality, Reading
from hub.store import stretches
from hub.store.base import Aggregate, Range, Row, Series
from hub.store.file import StoreFile
from hub.store.retention import DAY, Keep, Retention
from hub.store.rollup_tables import HOUR, MINUTE, OF_ROWS
from hub.store.rollups import FINE, SETTLED, Rollups
from hub.store.sqlite import SqliteHistory
from servers.stores import reading

FIRST = 497_222 * HOUR
"""A whole hour [ns]."""
HOURS = 4
KINDS: tuple[Aggregate, ...] = ("count", "mean", "min", "max")


class Store:
    """A store with its roll-ups and its retention, whose clock is the test's."""

    def __init__(self, folder: Path, keep: Keep | None = None) -> None:
        """Open it, empty."""
        self.now = FIRST
        self.file = StoreFile(folder / "store.db")
        self.rollups = Rollups(self.file, wall=lambda: self.now)
        self.history = SqliteHistory(self.file, self.rollups)
        wanted = Keep() if keep is None else keep
        self.retention = Retention(self.file, wanted, wall=lambda: self.now, froze=self.rollups.forget)

    def roll(self) -> None:
        """Roll up all that is over."""
        while self.rollups.step():
            pass

    def let_go(self) -> None:
        """Let all go that is too old."""
        while self.retention.step():
            pass

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        number: int = self.file.db.execute(f"SELECT count(*) FROM {table}").get
        return number

    def close(self) -> None:
        """Close it."""
        self.file.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Lend an empty one that keeps everything."""
    with closing(Store(tmp_path)) as made:
        yield made


def at(second: float, value: float = 1.0, *, quality: Quality = Quality.GOOD, tie: int = 0, run: str = REAL) -> Reading:
    """Return a reading some seconds after the first hour's beginning."""
    time = FIRST + int(second * NS)
    made = reading(0, value=value, quality=quality, tie=tie, run=run)
    return msgspec.structs.replace(made, time=time)


def dense(hours: int, every: int = 10) -> list[Reading]:
    """Return readings each some seconds over some hours, some of them bad or uncertain."""
    qualities = {3: Quality.BAD, 5: Quality.UNCERTAIN}
    return [
        at(s, float(s % 997) - 400, tie=s, quality=qualities.get(s // every % 11, Quality.GOOD))
        for s in range(0, hours * 3600, every)
    ]


def agrees(db: apsw.Connection) -> None:
    """See that every roll-up says what its rows say, and that each hour with rows is rolled up or stale."""
    for table, unit in (("hourly", HOUR), ("minutely", MINUTE)):
        for series, run, number, *said in db.execute(
            f"SELECT series, run, at, count, total, low, high, first, last, bad, worst FROM {table}"
        ).fetchall():
            (rows,) = db.execute(
                f"SELECT {OF_ROWS} FROM readings WHERE series = ? AND run = ? AND time / {unit} = ?",
                (series, run, number),
            ).fetchall()
            assert said == pytest.approx([*rows]), (table, number)
    missing = f"""
        SELECT series, run, time / {HOUR} FROM readings EXCEPT SELECT series, run, at FROM hourly
        EXCEPT SELECT series, run, hour FROM stale"""
    assert db.execute(missing).fetchall() == []
    both = "SELECT * FROM stale JOIN hourly ON (hourly.series, hourly.run, at) = (stale.series, stale.run, hour)"
    assert db.execute(both).fetchall() == []
    fine = "SELECT DISTINCT series, run, at / 60 FROM minutely EXCEPT SELECT series, run, at FROM hourly WHERE fine"
    assert db.execute(fine).fetchall() == []


def undone(store: Store, some: list[Reading]) -> None:
    """Write some readings, of which nothing is stored: the disk is full."""

    def write() -> None:
        with store.file.transaction():
            store.history.write(some)
            raise apsw.FullError

    with pytest.raises(StoreError):
        write()


# made


def test_an_hour_that_is_over_is_rolled_up(store: Store) -> None:
    """The present one is not: it changes with each reading."""
    store.history.write(dense(3))
    store.roll()
    assert (store.count("hourly"), store.count("minutely"), store.count("stale")) == (2, 120, 1)
    agrees(store.file.db)


def test_the_newest_hour_of_a_silent_curve_is_rolled_up_when_it_is_over_by_the_clock(store: Store) -> None:
    """A device that was switched off has no next hour."""
    store.history.write([at(10)])
    store.now = FIRST + HOUR + SETTLED - 1
    store.roll()
    assert store.count("hourly") == 0
    store.now += 1
    store.roll()
    assert store.count("hourly") == 1


def test_an_hour_of_few_readings_has_no_minutes(store: Store) -> None:
    """A channel that speaks each half minute takes no more room than before."""
    store.history.write([at(number * 30, tie=number) for number in range(FINE + 1)])
    store.roll()
    assert (store.count("hourly"), store.count("minutely")) == (1, 0)


def test_late_history_makes_its_hour_stale_at_once(store: Store) -> None:
    """Between the late reading and the next slice nothing is told that is not so."""
    store.history.write(dense(3))
    store.roll()
    store.history.write([at(1800.5, 9999.0, tie=1)])
    agrees(store.file.db)
    assert store.count("hourly") == 1
    (row, *_) = store.history.aggregate(Range(), "max", HOUR)
    assert row.value == 9999.0
    store.roll()
    agrees(store.file.db)


def test_an_undone_transaction_marks_nothing(store: Store) -> None:
    """And what comes after it is marked all the same."""
    undone(store, [at(10)])
    store.history.write([at(10)])
    assert store.count("stale") == 1


def test_a_slice_ends_in_time_and_the_next_goes_on(tmp_path: Path) -> None:
    """The clock is the test's: two hours a slice."""
    ticks = iter(range(10_000))
    with closing(StoreFile(tmp_path / "store.db")) as file:
        rollups = Rollups(file, wall=lambda: FIRST, monotonic=lambda: next(ticks) / 50)
        SqliteHistory(file, rollups).write(dense(6, 600))
        assert rollups.step()
        assert file.db.execute("SELECT count(*) FROM hourly").get == 2
        while rollups.step():
            pass
        assert file.db.execute("SELECT count(*) FROM hourly").get == 5


# asked


def plain(rows: list[Row]) -> list[tuple[int, float, str]]:
    """Return what aggregates say."""
    return [(row.time, row.value, row.quality) for row in rows]


def same(some: list[tuple[int, float, str]], others: list[tuple[int, float, str]]) -> None:
    """See that aggregates say the same, but for the last digit of a sum."""
    assert [(time, quality) for time, _, quality in some] == [(time, quality) for time, _, quality in others]
    assert [value for _, value, _ in some] == pytest.approx([value for _, value, _ in others])


@pytest.mark.parametrize("kind", [*KINDS, "last"])
@pytest.mark.parametrize("every", [None, MINUTE, 5 * MINUTE, 90 * NS, HOUR, 2 * HOUR, DAY])
@pytest.mark.parametrize(
    ("start", "stop"), [(0, 2**63 - 1), (FIRST + 1234 * NS, FIRST + 9876 * NS), (FIRST, FIRST + HOUR)]
)
def test_an_aggregate_is_the_same_by_roll_ups(
    store: Store, kind: Aggregate, every: int | None, start: int, stop: int
) -> None:
    """Of any window and any range, ragged ends included; a mean within the last digit."""
    store.history.write(dense(HOURS))
    asked = Range(start=start, stop=stop, limit=10_000)
    before = plain(store.history.aggregate(asked, kind, every))
    store.roll()
    after = plain(store.history.aggregate(asked, kind, every))
    same(after, before)


def test_the_first_windows_are_returned_where_there_are_more(store: Store) -> None:
    """The limit counts windows with something in them."""
    store.history.write(dense(HOURS))
    store.roll()
    found = store.history.aggregate(Range(limit=3), "max", MINUTE)
    assert [row.time for row in found] == [FIRST, FIRST + MINUTE, FIRST + 2 * MINUTE]


@pytest.mark.parametrize("width", [2, 3, 10, 100, 239, 240, 241, 1000])
def test_a_curve_of_roll_ups_has_its_extremes_and_its_ends(store: Store, width: int) -> None:
    """No spike is lost, no window more than asked for, no reading counted twice."""
    store.history.write([each for each in dense(HOURS) if not 4000 < (each.time - FIRST) / NS < 6000])
    store.roll()
    (curve,) = store.history.series(Range(), width)
    drawn = [value for value in curve.v if value is not None]
    assert len(curve.t) <= 2 * width
    assert len(drawn) <= width
    good = [row.value for row in store.history.readings(Range(limit=10_000)).rows if row.quality != Quality.BAD]
    if curve.low:
        assert min(v for v in curve.low if v is not None) == min(good)
        assert max(v for v in curve.high if v is not None) == max(good)
    if width > 2:
        assert None in curve.v or width < 10


def test_a_curve_of_a_ragged_range_holds_nothing_from_outside(store: Store) -> None:
    """Though the minute it begins in does."""
    store.history.write([at(s, 0.0 if 5000 <= s < 12_000 else 1e9, tie=s) for s in range(0, HOURS * 3600, 7)])
    store.roll()
    (curve,) = store.history.series(Range(start=FIRST + 5000 * NS, stop=FIRST + 12_000 * NS), 50)
    assert max(v for v in curve.high if v is not None) == 0.0


# changed


def test_what_thinning_lets_go_stays_in_the_roll_up(tmp_path: Path) -> None:
    """Mean and count of an old hour are of all that was measured, not of its extremes."""
    with closing(Store(tmp_path, Keep.days(1, 0))) as store:
        store.history.write(dense(3))
        store.now = FIRST + 2 * DAY
        store.roll()
        (hour, *_) = store.history.aggregate(Range(), "count", HOUR)
        (mean, *_) = store.history.aggregate(Range(), "mean", HOUR)
        store.let_go()
        assert store.count("readings") < 150
        assert store.history.aggregate(Range(), "count", HOUR)[0] == hour
        assert store.history.aggregate(Range(), "mean", HOUR)[0] == mean
        late = [at(1805, 50_000.0, tie=77), at(1806, -127.0, quality=Quality.BAD, tie=78)]
        store.history.write(late)
        store.history.write(late)  # a repeat is none
        store.roll()
        assert store.history.aggregate(Range(), "count", HOUR)[0].value == hour.value + 2
        assert store.history.aggregate(Range(), "max", HOUR)[0].value == 50_000
        assert store.history.aggregate(Range(), "max", MINUTE)[30].value == 50_000


def test_nothing_goes_before_it_is_rolled_up(tmp_path: Path) -> None:
    """Otherwise a mean would be of the extremes."""
    with closing(Store(tmp_path, Keep.days(1, 2))) as store:
        store.history.write(dense(2))
        store.now = FIRST + 10 * DAY
        store.let_go()
        assert store.count("readings") == 720
        store.roll()
        store.let_go()
        assert (store.count("readings"), store.count("hourly")) == (0, 2)


def test_a_chart_of_what_was_let_go_is_drawn_from_roll_ups(tmp_path: Path) -> None:
    """However far one looks into it; a day of ten years ago is still a curve."""
    with closing(Store(tmp_path, Keep.days(1, 2))) as store:
        store.history.write(dense(3))
        whole = {width: shape(store.history.series(Range(), width)) for width in (2, 3)}
        store.now = FIRST + 10 * DAY
        store.roll()
        store.let_go()
        assert store.count("readings") == 0
        assert {width: shape(store.history.series(Range(), width)) for width in (2, 3)} == whole
        (curve,) = store.history.series(Range(), 10_000)
        assert len(curve.t) == 180
        assert store.history.aggregate(Range(), "count", HOUR)[0].value == 360


def shape(curves: list[Series]) -> tuple[float, float]:
    """Return a curve's lowest and highest value."""
    (curve,) = curves
    return min(v for v in curve.low if v is not None), max(v for v in curve.high if v is not None)


def test_each_kind_has_an_age_of_its_own(tmp_path: Path) -> None:
    """Rows 2 days, minutes 4, hours 8; an hour stays while its rows do."""
    with closing(Store(tmp_path, Keep.days(0, 2, minutes=4, hours=8))) as store:
        store.history.write(dense(3))
        left = []
        for days in (3, 5, 9):
            store.now = FIRST + days * DAY + 3 * HOUR
            store.roll()
            store.let_go()
            left.append(tuple(store.count(table) for table in ("readings", "minutely", "hourly")))
        assert left == [(0, 180, 3), (0, 0, 3), (0, 0, 0)]


def test_minutes_that_went_are_read_from_the_rows(tmp_path: Path) -> None:
    """A curve is still as fine as its rows."""
    with closing(Store(tmp_path, Keep.days(0, 0, minutes=1))) as store:
        store.history.write(dense(3))
        store.now = FIRST + 3 * DAY
        store.roll()
        store.let_go()
        assert (store.count("minutely"), store.count("readings")) == (0, 1080)
        assert len(store.history.aggregate(Range(), "max", MINUTE)) == 180


def test_a_run_that_goes_takes_its_roll_ups_along(tmp_path: Path) -> None:
    """Nothing of a simulation of last month stays."""
    with closing(Store(tmp_path, Keep.days(0, 0, runs=1))) as store:
        store.history.write([at(s, run="r-1", tie=s) for s in range(0, 9000, 20)])
        store.file.db.execute("""INSERT INTO run VALUES('r-1', '{"wall": 1}')""")
        store.roll()
        store.now = FIRST + 5 * DAY
        store.let_go()
        assert {table: store.count(table) for table in ("readings", "hourly", "minutely")} == {
            "readings": 0,
            "hourly": 0,
            "minutely": 0,
        }


def test_a_forgotten_device_leaves_no_roll_up(store: Store) -> None:
    """And its number, given again, finds none."""
    store.history.write(dense(3))
    store.roll()
    with store.file.transaction():
        store.history.forget("acme:a7")
    assert [store.count(table) for table in ("hourly", "minutely", "stale", "gone")] == [0, 0, 0, 0]
    store.history.write(dense(3))
    assert store.count("stale") == 3
    store.roll()
    agrees(store.file.db)


def test_a_copy_of_some_stretches_is_read_from_its_rows(store: Store, tmp_path: Path) -> None:
    """An archive holds only some of the rows of an hour."""
    store.history.write(dense(3))
    store.roll()
    stretches.copy(tmp_path / "store.db", tmp_path / "copy.db", [(REAL, FIRST + 1800 * NS, FIRST + 5400 * NS)])
    with closing(StoreFile(tmp_path / "copy.db")) as copy:
        agrees(copy.db)
        assert sum(row.value for row in SqliteHistory(copy).aggregate(Range(), "count", MINUTE)) == 360


class Changing(RuleBasedStateMachine):
    """Anything may happen to rows, in any order: no roll-up ever says what its rows do not."""

    def __init__(self) -> None:
        """Begin with an empty store."""
        super().__init__()
        self.folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self.store = Store(Path(self.folder.name))

    @rule(
        begin=st.integers(0, HOURS * 3600),
        every=st.sampled_from([7, 60, 1000]),
        many=st.integers(1, 300),
        value=st.floats(-1e6, 1e6),
        quality=st.sampled_from(Quality),
    )
    def write(self, begin: int, every: int, many: int, value: float, quality: Quality) -> None:
        """Readings of any hour come, in order or not, once or again."""
        self.store.history.write(
            [at(begin + n * every, value + n, tie=begin + n * every, quality=quality) for n in range(many)]
        )

    @rule(hours=st.integers(0, 2 * HOURS))
    def roll(self, hours: int) -> None:
        """A slice of rolling up, at some time."""
        self.store.now = FIRST + hours * HOUR
        self.store.rollups.step()

    @rule(start=st.integers(0, HOURS * 3600), length=st.integers(1, 2 * 3600))
    def erase(self, start: int, length: int) -> None:
        """A session is erased."""
        with self.store.file.transaction() as db:
            stretches.erase(db, [(REAL, FIRST + start * NS, FIRST + (start + length) * NS)], [])

    @rule()
    def forget(self) -> None:
        """A device is forgotten."""
        with self.store.file.transaction():
            self.store.history.forget("acme:a7")

    @rule(begin=st.integers(0, HOURS * 3600))
    def fail(self, begin: int) -> None:
        """A transaction is undone: the disk was full."""
        undone(self.store, [at(begin, tie=begin)])

    @invariant()
    def agrees(self) -> None:
        """At each moment, in each snapshot."""
        agrees(self.store.file.db)

    def teardown(self) -> None:
        """Close the store."""
        self.store.close()
        self.folder.cleanup()


TestChanging = Changing.TestCase
TestChanging.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)


@settings(max_examples=15, deadline=None)
@given(
    seconds=st.lists(st.integers(0, HOURS * 3600 - 1), min_size=1, max_size=400, unique=True),
    cut=st.integers(0, HOURS * 3600),
    start=st.integers(-10, HOURS * 3600),
    length=st.integers(1, HOURS * 3600),
    every=st.sampled_from([MINUTE, 7 * MINUTE, HOUR, 3 * HOUR, None]),
    kind=st.sampled_from(KINDS),
)
def test_any_question_is_answered_as_by_rows(  # noqa: PLR0917 — hypothesis names them all
    seconds: list[int], cut: int, start: int, length: int, every: int | None, kind: Aggregate
) -> None:
    """Whatever is rolled up and whatever is stale."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, closing(Store(Path(folder))) as store:
        some = [at(s, float(s % 89), tie=s) for s in seconds]
        store.history.write([each for each in some if each.time - FIRST < cut * NS] or some)
        store.now = FIRST + 2 * HOURS * HOUR
        store.roll()
        asked = Range(start=max(FIRST + start * NS, 0), stop=FIRST + (start + length) * NS, limit=10_000)
        by_roll_ups = plain(store.history.aggregate(asked, kind, every))
        curves = store.history.series(asked, 20)
        for table in ("hourly", "minutely"):
            store.file.db.execute(f"DELETE FROM {table}")
        store.file.db.execute(f"INSERT OR IGNORE INTO stale SELECT series, run, time / {HOUR} FROM readings")
        same(by_roll_ups, plain(store.history.aggregate(asked, kind, every)))
        again = store.history.series(asked, 20)
        assert [curve.t for curve in curves] == [pytest.approx(curve.t) for curve in again]
