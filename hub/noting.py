"""Notes for other tools: lines of CSV, as readings and alarms are written (`hub.store.export`)."""

from collections.abc import Iterable, Iterator

from hub.model import REAL, rfc3339
from hub.store.export import line, plain
from hub.workshop.note import Note

COLUMNS = ("id", "session", "run", "simulated", "time", "text", "author", "usecase", "device", "channel", "written")


def note_lines(notes: Iterable[Note], *, french: bool = False) -> Iterator[str]:
    """Give notes as lines of CSV; see `hub.store.export.csv_lines`."""
    yield line(COLUMNS, french=french, first=True)
    for each in notes:
        said = (plain(each.text), plain(each.author))
        about = (plain(each.usecase), plain(each.device), plain(each.channel))
        moment = (plain(each.run), int(each.run != REAL), rfc3339(each.time))
        yield line((each.id, each.session, *moment, *said, *about, rfc3339(each.written)), french=french)
