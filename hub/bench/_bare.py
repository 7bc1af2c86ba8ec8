"""What this machine asks of a program that does next to nothing: the reference beside an idle hub.

Some machines make memory that nobody touched for a moment dear to touch (virtual ones that look for idle pages, cores
that sleep deeply): an idle program then seems busy. `python _bare.py wakes RATE SECONDS` wakes so often a second and
touches little; `python _bare.py cold SECONDS PAUSE` does one piece of work in a loop, then once every PAUSE seconds.
Each prints one JSON object. Nothing of the hub is imported.
"""

import json
import sys
import time
from statistics import median

_IS_FINE = time.get_clock_info("process_time").resolution < 1e-5  # noqa: PLR2004 — Windows counts in 16 ms
_clock = time.process_time if _IS_FINE else time.perf_counter
_TABLE = [(f"device{each}", [float(each), each / 2]) for each in range(1000)]
"""About 0.3 MB in a few thousand objects."""
LOOP = 200
"""Rounds before the work counts as warm, and over which it is measured."""


def work() -> float:
    """Touch every object of the table once: about 100 µs when warm."""
    return sum(last[0] + len(name) for name, last in _TABLE)


def wakes(rate: float, seconds: float) -> dict[str, float]:
    """Wake `rate` times a second for so long; return the share of one core that it took."""
    began, before = time.monotonic(), time.process_time()
    until = began + seconds
    while time.monotonic() < until:
        time.sleep(1 / rate)
    return {"cpu_percent": 100 * (time.process_time() - before) / (time.monotonic() - began)}


def cold(seconds: float, pause: float = 1.0) -> dict[str, float]:
    """Work in a loop, then once every `pause` for so long; return what it costs then, and how many times the loop's."""
    loop = median([_cost() for _ in range(2 * LOOP)][LOOP:])
    found: list[float] = []
    until = time.monotonic() + seconds
    while not found or time.monotonic() < until:
        time.sleep(pause)
        found.append(_cost())
    return {"us": median(found) * 1e6, "factor": median(found) / loop}


def _cost() -> float:
    began = _clock()
    work()
    return _clock() - began


def main() -> None:
    """Do what is asked for and print what was found."""
    first, second = map(float, sys.argv[2:])
    print(json.dumps((wakes if sys.argv[1] == "wakes" else cold)(first, second)))  # noqa: T201 — its output


if __name__ == "__main__":
    main()
