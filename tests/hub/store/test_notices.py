"""Who is still to be told of what (hub/store/notices.py)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.model import NS
from hub.store.alarms import Step, Transition
from hub.store.file import StoreFile
from hub.store.notices import NoticeStore
from servers.mailing import ALARM

RAISED = Transition(step=Step.RAISED, at=NS)


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[NoticeStore]:
    """Lend an empty table."""
    with closing(StoreFile(tmp_path / "store.db")) as file:
        yield NoticeStore(file.db)


def test_a_notice_waits_with_the_alarm_as_it_was(notices: NoticeStore) -> None:
    """What becomes of the alarm later changes nothing of what is told."""
    notices.put("webhook", ALARM, RAISED, 7 * NS)
    (waiting,) = notices.waiting()
    assert (waiting.way, waiting.at, waiting.due, waiting.tries) == ("webhook", 7 * NS, 7 * NS, 0)
    assert (waiting.said.alarm, waiting.said.step) == (ALARM, RAISED)
    assert waiting.key == f"{ALARM.id}/raised-1000"


def test_what_was_told_goes_and_what_failed_waits(notices: NoticeStore) -> None:
    """In their order."""
    for way in ("webhook", "mail", "webhook"):
        notices.put(way, ALARM, RAISED, NS)
    first, second, third = notices.waiting()
    notices.done([first.id])
    notices.again(second.id, 9 * NS)
    assert notices.waiting() == [replace(second, due=9 * NS, tries=1), third]


def test_the_oldest_go_when_too_many_wait(notices: NoticeStore) -> None:
    """A mail server that is away for a month fills no disk."""
    for second in range(7):
        notices.put("mail", ALARM, RAISED, second * NS)
    assert notices.bound(5) == 2
    assert [each.at // NS for each in notices.waiting()] == [2, 3, 4, 5, 6]
    assert notices.bound(5) == 0


def test_a_forgotten_device_is_told_of_no_more(notices: NoticeStore) -> None:
    """Others are."""
    notices.put("mail", ALARM, RAISED, NS)
    notices.put("mail", replace(ALARM, device="acme:b"), RAISED, NS)
    notices.forget([ALARM.device])
    assert [each.said.alarm.device for each in notices.waiting()] == ["acme:b"]
