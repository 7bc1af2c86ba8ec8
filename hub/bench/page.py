"""How large the page is on the wire, and how soon a telegram is seen in a browser."""

import gzip
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from hub.bench import _browser, _processes
from hub.bench._publisher import Publisher
from hub.bench._seen import MARKED, percentile, watched
from hub.usecases.loader import load_all

GATES = {"page_kb": ("<=", 120.0), "seen_p99_ms": ("<=", 300.0)}
STATIC = Path(__file__).parent.parent / "web" / "static"


def measure(*, seconds: float = 20.0, rate: float = 200.0) -> dict[str, float]:
    """Return kilobytes and milliseconds.

    Args:
        seconds: how long telegrams are looked for.
        rate: telegrams a second of the crowd: 50 devices on the same page.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        hub = stack.enter_context(_processes.demo(folder))
        port = urlsplit(hub.said["mqtt"]).port or 0
        page = stack.enter_context(_browser.chromium()).new_page()
        stack.enter_context(_processes.crowd(port, rate=rate, seconds=seconds + 10, devices=50))
        publisher = stack.enter_context(Publisher(port, MARKED))
        waits = watched(page, hub.page, publisher, seconds).seen
    figures = {"page_kb": compressed() / 1024, "crowd_per_s": rate, "looked_for": float(len(waits))}
    return figures | {f"seen_p{share}_ms": percentile(waits, share) for share in (50, 99)}


def compressed() -> int:
    """Return the bytes that a first visit loads, as gzip.

    The shell, whatever it names, the words in the language that takes more, and the heaviest drawing.
    """
    index = STATIC / "index.html"
    first = {index, *_named_in(index)}
    drawings = [{path, *_named_in(path)} - first for name in load_all() for path in STATIC.rglob(f"{name}-*.js")]
    heaviest = max((_weight(each) for each in drawings), default=0)
    words = max(_weight({*STATIC.rglob(f"{language}-*.js")}) for language in ("fr", "en"))
    return _weight(first) + words + heaviest


def _named_in(path: Path) -> set[Path]:
    """Return the built files that a file names; a script's style sheet bears its name and another hash."""
    text = path.read_text(encoding="utf-8")
    stems = [path.stem.rpartition("-")[0]] if path.suffix == ".js" else []
    found = {each for each in STATIC.rglob("*") if each.suffix in {".js", ".css", ".svg"} and each.name in text}
    stems += [each.stem.rpartition("-")[0] for each in found if each.suffix == ".js"]
    return found | {each for stem in stems for each in STATIC.rglob(f"{stem}-*.css")}


def _weight(paths: Iterable[Path]) -> int:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths)
