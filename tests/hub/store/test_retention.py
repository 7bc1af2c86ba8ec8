"""What store.db keeps and for how long (hub/store/retention.py; reliability.md R23)."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from hub.model import NS, Quality, Run
from hub.store.base import Range
from hub.store.file import StoreFile
from hub.store.retention import AT_ONCE, DAY, SIMULATED, WINDOW, Keep, Retention
from hub.store.rollups import Rollups
from hub.store.sqlite import SqliteHistory
from hub.store.state import StateStore
from servers.stores import START, reading, readings

FIRST = -(-START // WINDOW) * WINDOW
"""A whole window [ns]."""
OFF = (FIRST - START) // (10 * NS)
"""Number of the reading at that time."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[StoreFile]:
    """Lend a fresh store."""
    with closing(StoreFile(tmp_path / "store.db")) as made:
        yield made


def roll(file: StoreFile, now: int) -> None:
    """Roll up all that is over: nothing goes before."""
    rollups = Rollups(file, wall=lambda: now)
    while rollups.step():
        pass


def let_go(file: StoreFile, keep: Keep, now: int) -> int:
    """Roll up, then let go a whole round at a time; return how many slices it took."""
    roll(file, now)
    retention = Retention(file, keep, wall=lambda: now)
    slices = 1
    while retention.step():
        slices += 1
    return slices


def values(file: StoreFile, run: str | None = "real") -> list[float]:
    """Return what is stored, in order of time."""
    return [row.value for row in SqliteHistory(file).readings(Range(run=run, limit=100_000)).rows]


def test_young_readings_stay_as_they_are(file: StoreFile) -> None:
    """The window that the age falls into is still whole."""
    SqliteHistory(file).write(readings(range(OFF, OFF + 60)))
    let_go(file, Keep.days(90, 1100), FIRST + WINDOW + 90 * DAY - 1)
    assert len(values(file)) == 60


def test_of_old_five_minutes_the_extremes_and_the_last_stay(file: StoreFile) -> None:
    """As they were: value, time, quality; the spike of a door that stood open is still there."""
    said = {3: 9.5, 7: -1.0}
    SqliteHistory(file).write([reading(OFF + n, value=said.get(n, 4.0)) for n in range(60)])
    let_go(file, Keep.days(90, 1100), FIRST + 2 * WINDOW + 90 * DAY)
    rows = SqliteHistory(file).readings(Range()).rows
    assert [(row.value, (row.time - FIRST) // (10 * NS)) for row in rows] == [
        (9.5, 3),
        (-1.0, 7),
        (4.0, 29),
        (4.0, 30),
        (4.0, 59),
    ]


def test_a_bad_reading_is_no_extreme_and_leaves_a_trace(file: StoreFile) -> None:
    """A fault code is neither the lowest value nor forgotten."""
    bad = [reading(OFF + n, value=-127.0, quality=Quality.BAD, tie=900 + n) for n in (4, 5)]
    SqliteHistory(file).write([*(reading(OFF + n, value=float(n)) for n in range(10)), *bad])
    let_go(file, Keep.days(1, 0), FIRST + DAY + WINDOW)
    assert sorted(values(file)) == [-127.0, 0.0, 9.0]


def test_beyond_the_second_age_nothing_stays(file: StoreFile) -> None:
    """Some hundred rows at a time."""
    SqliteHistory(file).write(readings(range(3 * AT_ONCE)))
    now = reading(2 * AT_ONCE).time + 1100 * DAY
    let_go(file, Keep.days(0, 1100), now)
    assert values(file) == [float(number) for number in range(2 * AT_ONCE, 3 * AT_ONCE)]


def test_for_ever_is_for_ever(file: StoreFile) -> None:
    """Both settings 0."""
    SqliteHistory(file).write(readings(range(100)))
    let_go(file, Keep.days(0, 0), START + 100_000 * DAY)
    assert len(values(file)) == 100


def test_a_run_is_let_go_whole_a_month_after_its_last_beat(file: StoreFile) -> None:
    """By the wall's time of the beat: a replay of last year's recording is not gone at once."""
    old, young = (Run(id=f"r-{n}", scenario="r", seed=1, speed=1, state="ended", wall=n, simulated=1) for n in (1, NS))
    with file.transaction() as db:
        StateStore(db).put_runs([old, young])
    for run in (old.id, young.id, "r-unknown"):
        SqliteHistory(file).write(readings(range(5), run=run))
    let_go(file, Keep.days(1, 2), SIMULATED + NS)
    assert [(row.run) for row in SqliteHistory(file).readings(Range(run=None)).rows if row.run == old.id] == []
    assert len(values(file, young.id)) == 5
    assert len(values(file, "r-unknown")) == 5


def test_what_was_thinned_is_not_looked_at_again(file: StoreFile) -> None:
    """Also after a restart; and late history that comes into it stays whole."""
    keep, now = Keep.days(1, 0), FIRST + DAY + 10 * WINDOW
    SqliteHistory(file).write(readings(range(OFF, OFF + 300)))
    let_go(file, keep, now)
    kept = values(file)
    SqliteHistory(file).write([reading(OFF + 1, value=77.0), reading(OFF + 2, value=5.0)])
    before = file.db.total_changes()
    let_go(file, keep, now)
    assert file.db.total_changes() == before
    assert sorted(values(file)) == sorted([*kept, 77.0, 5.0])


def test_a_slice_ends_in_time_and_the_next_goes_on(file: StoreFile) -> None:
    """The clock is the test's: each look takes a fiftieth of a second, so a slice holds two deletions."""
    SqliteHistory(file).write(readings(range(10 * AT_ONCE)))
    roll(file, START + 400 * DAY)
    ticks = iter(range(10_000))
    retention = Retention(file, Keep.days(0, 1), wall=lambda: START + 400 * DAY, monotonic=lambda: next(ticks) / 50)
    assert retention.step()
    assert len(values(file)) == 8 * AT_ONCE
    while retention.step():
        pass
    assert values(file) == []


def test_forgetting_a_device_forgets_how_far_it_was_thinned(file: StoreFile) -> None:
    """A number that is given again to another curve must not keep it from being thinned."""
    keep, now = Keep.days(1, 0), FIRST + 2 * DAY
    history = SqliteHistory(file)
    history.write(readings(range(OFF, OFF + 60)))
    let_go(file, keep, now)
    with file.transaction():
        history.forget("acme:a7")
    assert file.db.execute("SELECT count(*) FROM thinned").get == 0
    history.write(readings(range(OFF, OFF + 60), device="acme:b8"))
    let_go(file, keep, now)
    assert len(values(file)) == 4


def test_room_is_given_back_some_at_a_time(file: StoreFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that held a year and now a week takes a week's room; what is left is whole."""
    monkeypatch.setattr("hub.store.file._SPARE_PAGES", 10)
    monkeypatch.setattr("hub.store.file._GIVEN_BACK", 20)
    SqliteHistory(file).write(readings(range(20_000)))
    file.checkpoint()
    let_go(file, Keep.days(0, 1), reading(19_000).time + DAY)
    sizes = [int(file.db.pragma("page_count"))]
    while file.shrink():
        sizes.append(int(file.db.pragma("page_count")))
    assert len(sizes) > 3
    assert all(before - after <= 20 for before, after in pairwise(sizes))
    assert sizes[-1] < 0.7 * sizes[0]  # a fourth stays free, and the roll-ups stay
    assert file.check() == []
    assert values(file) == [float(number) for number in range(19_000, 20_000)]


@pytest.mark.long
@pytest.mark.timeout(600)
def test_writing_goes_on_while_a_million_readings_are_let_go(file: StoreFile) -> None:
    """R23: no second without a commit; printed, since machines differ."""
    history = SqliteHistory(file)
    for device in range(20):
        history.write(readings(range(50_000), device=f"acme:{device}"))
    roll(file, START + 30 * DAY)
    retention = Retention(file, Keep.days(1, 0), wall=lambda: START + 30 * DAY)
    longest, more, number = 0.0, True, 0
    while more:
        begun = time.perf_counter()
        more = retention.step()
        history.write(readings(range(number, number + 100), device="acme:live"))
        longest, number = max(longest, time.perf_counter() - begun), number + 100
    print(f"longest pause {1000 * longest:.0f} ms over {number // 100} slices")  # noqa: T201 — its report
    assert longest < 1
