"""A power cut at any moment: what was acknowledged is there, and the hub always starts (reliability.md §3.2, R3)."""

import random
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from hub.bench._ledger import Sent
from hub.journal.sqlite import SqliteJournal
from servers import inside
from servers.disks import Disk, disk

GROUPS = 150


class Course:
    """A hub at work on a disk that remembers, and what it had acknowledged at each step of the disk."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Play it: groups of messages, commits, checkpoints of both files at odd moments."""
        self.chance = random.Random(seed)
        self.book: list[Sent] = []
        self.acknowledged: list[tuple[int, int]] = [(0, 0)]
        with disk() as self.disk, closing(SqliteJournal(folder)) as journal, closing(inside.Hub(folder)) as hub:
            journal._db.pragma("wal_autocheckpoint", 40)
            for _ in range(GROUPS):
                self._group(journal)
                if self.chance.random() < 0.3:
                    hub.catch_up()
                if self.chance.random() < 0.05:
                    hub.kept._file.checkpoint()

    def _group(self, journal: SqliteJournal) -> None:
        begin = len(self.book)
        self.book += [inside.line(begin + number, self.chance) for number in range(self.chance.randint(1, 40))]
        journal.append([inside.written(sent) for sent in self.book[begin:]], epoch=1)
        self.acknowledged.append((len(self.disk.log), len(self.book)))

    def acknowledged_at(self, point: int) -> Sequence[Sent]:
        """Return what had been acknowledged when the disk had done `point` steps."""
        return self.book[: max(many for steps, many in self.acknowledged if steps <= point)]


def survives(course: Course, folder: Path, points: int) -> None:
    """Cut the power at random moments; each time start from what is left."""
    for number in range(points):
        point = course.chance.randrange(len(course.disk.log))
        place = folder / f"{number}"
        course.disk.after_power_cut(point, course.chance, place)
        verdict = inside.verdict(place, course.book, course.acknowledged_at(point))
        assert verdict.good, f"cut after step {point}: {verdict.counts()}"


def test_a_power_cut_at_twenty_moments_costs_nothing_acknowledged(tmp_path: Path) -> None:
    """Synced writes, a random part of the others, torn sectors included: journal and store start and agree."""
    survives(Course(tmp_path / "data", 7), tmp_path, 20)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_power_cut_at_two_hundred_moments_costs_nothing_acknowledged(tmp_path: Path) -> None:
    """R3 in full."""
    survives(Course(tmp_path / "data", random.randrange(1_000_000)), tmp_path, 200)


def test_without_its_syncs_a_power_cut_would_cost_something(tmp_path: Path) -> None:
    """The method sees a journal that does not sync before it acknowledges."""
    course = Course(tmp_path / "data", 7)
    lazy = Disk([step for step in course.disk.log if step.what != "sync" or step.name.startswith("store")])
    lazy.after_power_cut(len(lazy.log), random.Random(1), tmp_path / "lazy")
    assert inside.verdict(tmp_path / "lazy", course.book, course.book).lost
