"""What every screen is told between a press and its effect: that another story is on its way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.live import Batch, Live

AGAIN: Mapping[str, str] = {"fr": "la séance enregistrée", "en": "the recorded session"}


@contextmanager
def coming(live: Live, title: Mapping[str, str] | None, usecase: str | None = None) -> Iterator[None]:
    """Say so while it takes its time: computing a day of history is a second's work.

    Args:
        live: what every screen is told.
        title: of what is on its way; None: nothing to announce.
        usecase: its use case: screens show its title at once, and wait for its values.
    """
    if title is None:
        yield
        return
    what = dict(title) if usecase is None else {**title, "usecase": usecase}
    live.apply(Batch(wall={**live.wall_view, "coming": what}))
    try:
        yield
    finally:
        live.apply(Batch(wall={**live.wall_view, "coming": None}))
