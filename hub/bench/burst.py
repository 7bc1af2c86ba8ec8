"""Everything at once: how long until a burst is committed, decoded, judged, stored and can be asked for.

As when fifty devices were out of reach for an afternoon. From the first PUBLISH to the last value in the store, in
SQLite and, where `influxd` is installed, in InfluxDB; each time a hub and a Mosquitto of their own.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from hub import mosquitto
from hub.bench import _arena
from hub.bench._compare import Run, hub, measured
from hub.bench._influxd import influxd, settings, with_bucket
from hub.bench._peers import Running, stored
from hub.store.influx_client import Client, Place

GATES = {
    "sqlite_stored_s": ("<=", 5.0),
    "influx_stored_s": ("<=", 5.0),
    "sqlite_missing": ("<=", 0.0),
    "influx_missing": ("<=", 0.0),
}


def measure(*, messages: int = 50_000, devices: int = 200, rounds: int = 3) -> dict[str, float]:
    """Return seconds until all is stored, the median of the rounds, and what is missing, of each store.

    Args:
        messages: of 150 bytes with three values, as fast as the broker takes them.
        devices: how many send them; each has spoken once before.
        rounds: how often each is measured, in turn.

    Raises:
        ConfigError: Mosquitto is not installed.
        HubError: something does not start.
    """
    mosquitto.program()
    found: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, ExitStack() as stack:
        folder = Path(name)
        place = stack.enter_context(influxd(folder)) if shutil.which("influxd") is not None else None
        for number in range(rounds):
            for store, start in _hubs(place, f"burst-{number}").items():
                own = folder / f"{store}-{number}"
                own.mkdir()
                with _arena.mosquitto(own / "broker") as port:
                    run = measured(port, start(own / "data", port), messages=messages, devices=devices)
                found.setdefault(store, []).append(run)
    return figures(found, messages)


def figures(found: dict[str, list[Run]], messages: int) -> dict[str, float]:
    """Return what the runs come to, by name."""
    told: dict[str, float] = {}
    for store, runs in found.items():
        told[f"{store}_stored_s"] = median(run.seconds for run in runs)
        told[f"{store}_stored_s_most"] = max(run.seconds for run in runs)
        told[f"{store}_us_per_message"] = median(sum(run.cpu.values()) for run in runs) / messages * 1e6
        told[f"{store}_missing"] = max(abs(run.missing) for run in runs)
    return told


def _hubs(place: Place | None, bucket: str) -> Mapping[str, Callable[[Path, int], AbstractContextManager[Running]]]:
    return {"sqlite": hub} | ({} if place is None else {"influx": partial(_into, with_bucket(place, bucket))})


@contextmanager
def _into(place: Place, folder: Path, port: int) -> Iterator[Running]:
    """Lend a hub with InfluxDB; heard is what that holds."""
    with closing(Client(place)) as client, hub(folder, port, settings(place)) as running:
        yield Running(running.parts, lambda: stored(client) // _arena.VALUES)
