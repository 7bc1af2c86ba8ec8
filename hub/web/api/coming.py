"""What every screen is told between a press and its effect: that another story is on its way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hub.live import Batch
from hub.tables import Tables

AGAIN: Mapping[str, str] = {"fr": "la séance enregistrée", "en": "the recorded session"}


@contextmanager
def coming(tables: Tables, title: Mapping[str, str] | None, usecase: str | None = None) -> Iterator[None]:
    """Say so while it takes its time: the room's screens and the tables', whose own simulators follow the story.

    Args:
        tables: by whom every screen is told.
        title: of what is on its way; None: nothing to announce.
        usecase: its use case: screens show its title at once, and wait for its values.
    """
    if title is None:
        yield
        return
    what = dict(title) if usecase is None else {**title, "usecase": usecase}
    tables.everywhere(Batch(wall={**tables.wall, "coming": what}))
    try:
        yield
    finally:
        if tables.wall.get("coming") is what:  # what was announced since stays so
            tables.everywhere(Batch(wall={**tables.wall, "coming": None}))
