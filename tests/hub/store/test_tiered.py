"""InfluxDB's history while it is whole, the hub's own otherwise (hub/store/tiered.py)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.errors import StoreError
from hub.store.base import History, Range
from hub.store.tiered import TieredHistory
from servers.stores import STORES, reading, readings


class Away:
    """A history that cannot be reached."""

    def __getattr__(self, _: str) -> Callable[..., Any]:
        """Answer every question with the same error."""

        def fail(*_: object) -> None:
            msg = "away"
            raise StoreError(msg)

        return fail


@pytest.fixture
def near(tmp_path: Path) -> Iterator[History]:
    """Lend the hub's own history, with ten readings."""
    with ExitStack() as stack:
        history = stack.enter_context(STORES["sqlite"](tmp_path))
        history.write(readings(range(10)))
        yield history


def test_what_influxdb_has_is_shown_while_it_is_whole(near: History, tmp_path: Path) -> None:
    """Also what an older data folder stored."""
    with STORES["influx"](tmp_path) as far:
        far.write(readings(range(20)))
        history = TieredHistory(near, far, whole=lambda: True)
        assert history.aggregate(Range(), "count", None)[0].value == 20
        assert len(history.series(Range(), 50)[0].t) == 20
        assert history.last_time("acme:a7", "real") == reading(19).time
        page = history.readings(Range(limit=15))
        assert page.after is not None
        assert [row.value for row in history.readings(Range(limit=15, after=page.after)).rows] == [15, 16, 17, 18, 19]


@pytest.mark.parametrize("whole", [True, False])
def test_charts_go_on_without_influxdb(near: History, *, whole: bool) -> None:
    """Whether it is known to be away or found to be."""
    history = TieredHistory(near, Away(), whole=lambda: whole)
    assert history.aggregate(Range(), "count", None)[0].value == 10
    assert len(history.series(Range(), 50)[0].t) == 10
    assert history.last_time("acme:a7", "real") == reading(9).time
    page = history.readings(Range(limit=6))
    assert [row.value for row in history.readings(Range(limit=6, after=page.after)).rows] == [6, 7, 8, 9]


def test_a_page_of_influxdb_is_never_continued_by_the_other(near: History) -> None:
    """A mixture would lose or repeat readings: the caller is told, and asks again."""
    history = TieredHistory(near, Away(), whole=lambda: False)
    with pytest.raises(StoreError, match="away"):
        history.readings(Range(after="i1-1"))


def test_what_is_stored_is_stored_near(near: History) -> None:
    """The outbox brings it to the other."""
    TieredHistory(near, Away(), whole=lambda: True).write([reading(10)])
    assert near.aggregate(Range(), "count", None)[0].value == 11
