"""The journal within its disk budget: what goes first, what is refused, what is counted (reliability.md §2.4)."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import JournalError
from hub.ingest.gaps import Gaps
from hub.ingest.room import KEPT_NS, RESERVE, RESERVE_BYTES, Policy, Room, default_budget
from hub.journal.sqlite import SqliteJournal, SqliteReader
from hub.model import NS, Message
from servers.disks import disk

NOW = 1_790_000_000 * NS
BUDGET = 1_000_000
PLENTY = 10**12


class Stage:
    """A room of 1 MB whose clock and disk the test sets."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        """Open it."""
        self.now = NOW
        self.free = PLENTY
        self.folder = folder
        self.journal = SqliteJournal(folder)
        self.gaps = Gaps(folder)
        self.room = Room(
            self.journal,
            folder,
            budget=BUDGET,
            policy=policy,
            gaps=self.gaps,
            free=lambda: self.free,
            wall_ns=lambda: self.now,
        )
        self.reader = SqliteReader(folder)

    def append(self, many: int = 1) -> None:
        """Append messages of 10 KB that cannot be compressed, a second each."""
        for _ in range(many):
            self.now += NS
            self.room.append([Message("a", os.urandom(10_000), self.now)])

    def close(self) -> None:
        """Release the files."""
        self.reader.close()
        self.room.close()


@pytest.fixture
def oldest(tmp_path: Path) -> Iterator[Stage]:
    """Lend one that drops the oldest."""
    with closing(Stage(tmp_path, "drop_oldest")) as stage:
        yield stage


@pytest.fixture
def stops(tmp_path: Path) -> Iterator[Stage]:
    """Lend one that stops acknowledging."""
    with closing(Stage(tmp_path, "stop_acknowledging")) as stage:
        yield stage


@pytest.mark.parametrize(("free", "budget"), [(10**12, 2_000_000_000), (10**9, 200_000_000), (0, 0)])
def test_without_a_setting_it_is_two_gigabytes_or_a_fifth_of_what_is_free(free: int, budget: int) -> None:
    """The smaller of the two."""
    assert default_budget(free) == budget


@pytest.mark.parametrize("policy", ["drop_oldest", "stop_acknowledging"])
def test_what_every_reader_has_and_is_old_goes_before_anything_is_said(tmp_path: Path, policy: Policy) -> None:
    """A hub that keeps up never meets the policy, nor the 80 % that warn."""
    with closing(Stage(tmp_path, policy)) as stage:
        for _ in range(50):
            stage.append(10)
            stage.now += KEPT_NS
            stage.room.keep(stage.journal.end + 1)
            assert stage.journal.used < 0.9 * BUDGET
        assert (stage.room.full, stage.gaps.dropped) == (False, 0)


def test_what_is_young_stays_while_there_is_room(oldest: Stage) -> None:
    """A store may be made again from a quarter of an hour; beyond the budget it goes before what nobody has read."""
    oldest.append(70)
    oldest.room.keep(71)
    assert oldest.reader.start == 1
    oldest.append(40)
    oldest.room.look()
    assert oldest.reader.start > 1
    assert oldest.gaps.dropped == 0


def test_what_another_worker_has_still_to_read_stays_until_it_is_silent_for_long(oldest: Stage) -> None:
    """It is behind, and says so; one that died holds nothing back for ever."""
    oldest.append(85)
    oldest.now += 2 * KEPT_NS
    oldest.room.keep(10, "another")
    oldest.room.keep(86)
    assert oldest.reader.start <= 10
    oldest.now += 2 * KEPT_NS
    oldest.room.look()
    assert oldest.reader.start > 10
    assert oldest.gaps.dropped == 0


def test_the_oldest_go_unread_and_are_counted_exactly(oldest: Stage) -> None:
    """Nobody has read anything: positions go on, and the count is what is missing."""
    oldest.append(500)
    oldest.room.look()
    assert oldest.journal.used <= BUDGET
    assert oldest.gaps.dropped == oldest.reader.start - 1 > 300
    assert oldest.reader.end == 500
    assert not oldest.room.full
    (gap,) = oldest.gaps.newest
    assert (gap.since, gap.until) == (NOW + NS, NOW + oldest.reader.start * NS)


def test_what_went_stays_counted_over_a_restart(tmp_path: Path) -> None:
    """An ingest that is killed forgets no loss."""
    dropped = 0
    for _ in range(2):
        with closing(Stage(tmp_path, "drop_oldest")) as stage:
            assert stage.gaps.dropped == dropped
            stage.append(200)
            stage.room.look()
            dropped = stage.gaps.dropped
            assert dropped == stage.reader.start - 1
    assert dropped > 200


def test_a_full_journal_takes_nothing_until_its_readers_have_caught_up(stops: Stage) -> None:
    """Nothing goes unread; then all goes on by itself."""
    with pytest.raises(JournalError, match="budget of 1 MB"):
        stops.append(500)
    end = stops.reader.end
    assert stops.room.full
    assert (stops.reader.start, stops.gaps.dropped) == (1, 0)
    with pytest.raises(JournalError):
        stops.append()
    stops.room.keep(end + 1)
    assert not stops.room.full
    stops.append()
    assert stops.reader.end == end + 1


def test_the_budget_is_told_as_hours_at_the_present_rate(oldest: Stage) -> None:
    """1 MB at about 10 kB a second lasts about 100 s; a minute of silence says nothing of the past any more."""
    assert oldest.room.hours is None
    for second in range(300):
        oldest.room.tick(float(second))
        oldest.append()
    assert oldest.room.hours == pytest.approx(BUDGET / 10_100 / 3600, rel=0.05)
    for second in range(300, 1_500):
        oldest.room.tick(float(second))
    assert oldest.room.hours is None


def test_a_reserve_is_kept_and_given_up_on_a_full_disk(oldest: Stage) -> None:
    """So that state and alarms can still be written; it is kept again when there is plenty."""
    reserve = oldest.folder / RESERVE
    oldest.room.tick(0)
    assert reserve.stat().st_size == RESERVE_BYTES
    oldest.free = 1_000_000
    oldest.room.tick(1)
    assert not reserve.exists()
    oldest.free = 2 * RESERVE_BYTES
    oldest.room.tick(2)
    assert not reserve.exists()
    oldest.free = PLENTY
    oldest.room.tick(3)
    assert reserve.exists()


@pytest.mark.parametrize("policy", ["drop_oldest", "stop_acknowledging"])
def test_on_a_full_disk_the_policy_decides_too(tmp_path: Path, policy: Policy) -> None:
    """Dropping the oldest makes room in the file itself; else nothing is taken until there is space."""
    with disk() as faulty, closing(Stage(tmp_path, policy)) as stage:
        stage.room.tick(0)
        stage.append(25)
        stage.journal._db.wal_checkpoint()
        stage.append(25)
        faulty.full, stage.free = True, 0
        taken = refused = 0
        for _ in range(40):
            try:
                stage.append()
                taken += 1
            except JournalError:
                refused += 1
        assert refused
        assert not (tmp_path / RESERVE).exists()
        assert stage.gaps.dropped == stage.reader.start - 1
        if policy == "stop_acknowledging":
            assert stage.gaps.dropped == 0
        faulty.full, stage.free = False, PLENTY
        end = stage.reader.end
        stage.append()
        assert stage.reader.end == end + 1
