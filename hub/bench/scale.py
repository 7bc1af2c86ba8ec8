"""One, two and four workers side by side: what pages spread over them see, and what watching and a message cost each.

The form of `matinales cluster`, all on this machine: the shape is what it tells, not absolutes, for every program
shares its cores. `matinales bench scale > hub/bench/SCALE.md` writes the page.
"""

import json
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from hub.bench import _processes, cluster, fanout
from hub.freeport import LOOPBACK

SEPARATOR = "_with_"
ROWS = {
    "in_time_percent": "frames within 300 ms, %",
    "late_ms_p50": "age of a value on a page, median, ms",
    "late_ms_p99": "the same, 99 of 100, ms",
    "busiest_cpu_percent": "busiest worker while only watched, % of a core",
    "all_cpu_percent": "all workers together, %",
    "frame_us": "a frame, µs of a worker",
    "journalled_per_s": "messages a second, journalled while watched",
    "decode_us": "a message, each worker: decode, µs",
    "rules_us": "rules, µs",
    "store_us": "store, µs",
    "send_us": "send to InfluxDB, µs",
    "all_worker_us": "all workers together, µs",
    "all_ingest_us": "the ingests, µs",
    "all_nats_us": "the three NATS servers, µs",
    "all_influxdb_us": "InfluxDB, µs",
    "lines_per_message": "lines to InfluxDB a message",
}
_MICRO = 1e6
_SETTLED_S = 3.0


def measure(
    *, workers: str = "1,2,4", viewers: int = 200, seconds: float = 10.0, rate: float = 1_000.0, devices: int = 200
) -> dict[str, float]:
    """Return each figure for each number of workers, as `<figure>_with_<workers>`.

    Args:
        workers: how many, comma-separated, one after the other.
        viewers: pages that watch at 10 Hz, spread evenly over the workers.
        seconds: how long they are counted, and how long devices speak afterwards.
        rate: messages a second of those, while the pages watch.
        devices: whose they are, in turn.
    """
    found: dict[str, float] = {"viewers": viewers, "rate": rate}
    for many in (int(each) for each in workers.split(",")):
        figures = _with(many, viewers, seconds, rate, devices)
        found |= {f"{name}{SEPARATOR}{many}": value for name, value in figures.items()}
    return found


def _with(workers: int, viewers: int, seconds: float, rate: float, devices: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, cluster.running(Path(name), workers) as plant:
        pages = [f"http://{LOOPBACK}:{port}/" for port in plant.pages]
        _begin(pages[0], Path(name) / "hub")
        plant.until("every worker has its share", plant.is_shared, lambda: plant.publish(rate, 1.0, devices))
        plant.until("nothing is behind", plant.is_drained)
        with fanout.crowd_at(pages, viewers, 0) as crowd:
            time.sleep(_SETTLED_S)
            hubs = plant.hubs()
            before, began = [_processes.cpu([each]) for each in hubs], time.monotonic()
            with fanout.stamping(plant.mqtt):
                seen = fanout.told(crowd, seconds)
            passed = time.monotonic() - began
            spent = [_processes.cpu([each]) - was for each, was in zip(hubs, before, strict=True)]
            return _watching(seen, spent, passed) | _speaking(plant, rate, seconds, devices)


def _watching(seen: Mapping[str, float], spent: list[float], passed: float) -> dict[str, float]:
    """Return what pages saw, and what that cost the workers."""
    return {
        "in_time_percent": 100 * seen["in_time"] / max(seen["stamps"], 1.0),
        "late_ms_p50": seen["p50_ms"],
        "late_ms_p99": seen["p99_ms"],
        "frames_per_s": seen["frames"] / passed,
        "busiest_cpu_percent": 100 * max(spent) / passed,
        "all_cpu_percent": 100 * sum(spent) / passed,
        "frame_us": _MICRO * sum(spent) / max(seen["frames"], 1.0),
    }


def _speaking(plant: cluster.Plant, rate: float, seconds: float, devices: int) -> dict[str, float]:
    """Let devices speak while pages watch; return how fast they were journalled, and what a message cost."""
    counters, spent, began = plant.counters(), plant.spent(), time.monotonic()
    said = plant.publish(rate, seconds, devices)
    due = counters[0]["journal_end"] + said
    plant.until("all is journalled", lambda: (cluster.counters(plant.pages[0]) or {}).get("journal_end", 0) >= due)
    passed = time.monotonic() - began
    plant.until("nothing is behind", plant.is_drained)
    found = cluster.cost(counters, plant.counters(), spent, plant.spent())
    return {"journalled_per_s": said / passed} | {name: value for name, value in found.items() if name in ROWS}


def _begin(page: str, data: Path) -> None:
    """Start a workshop session, so that a whole room may sit behind one address."""
    secret = json.loads((data / "run.json").read_text())["secret"]
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    wish = urllib.request.Request(f"{page}api/v1/sessions", b'{"title": "Many pages"}', headers)  # noqa: S310 — our own
    with urllib.request.urlopen(wish, timeout=fanout.PATIENCE_S):  # noqa: S310 — as above
        pass


def shown(figures: Mapping[str, tuple[float, float, float]], machine: Mapping[str, str]) -> str:
    """Return the page in Markdown."""
    middle = {name: value for name, (_, value, _) in figures.items()}
    many = sorted({int(name.rpartition(SEPARATOR)[2]) for name in middle if SEPARATOR in name})
    pages, rate = f"{middle['viewers']:.0f} pages at 10 Hz", f"{middle['rate']:,.0f} messages a second"
    lines = [
        "# One, two and four workers",
        "",
        "Written by `matinales bench scale` on one machine, whose cores the broker, three NATS servers, InfluxDB, the",
        f"workers, {pages} spread over them and then {rate} share: it tells the shape, not absolutes.",
        "",
        "| workers | " + " | ".join(map(str, many)) + " |",
        "|---|" + "---:|" * len(many),
        *(_row(what, [middle[f"{name}{SEPARATOR}{each}"] for each in many]) for name, what in ROWS.items()),
        "",
        f"On {'; '.join(f'{name} {value}' for name, value in machine.items())}.",
    ]
    return "\n".join(lines)


def _row(what: str, values: list[float]) -> str:
    return f"| {what} | {' | '.join(f'{each:,.4g}' for each in values)} |"
