"""What every screen is told between a press and its effect: that another story is on its way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.live import Batch, Live

AGAIN: Mapping[str, str] = {"fr": "la séance enregistrée", "en": "the recorded session"}


@contextmanager
def coming(live: Live, title: Mapping[str, str] | None) -> Iterator[None]:
    """Say so while it takes its time: computing a day of history is a second's work. None: nothing to announce."""
    if title is None:
        yield
        return
    live.apply(Batch(wall={**live.wall_view, "coming": dict(title)}))
    try:
        yield
    finally:
        live.apply(Batch(wall={**live.wall_view, "coming": None}))
