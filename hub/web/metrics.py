"""What Prometheus is given: families of figures, and their text in the format that was asked for.

Text by `prometheus_client`, which knows the escaping and both formats (0.0.4 and OpenMetrics); it is imported where
somebody asks, for most hubs are never scraped. Labels are bounded: parts, stages, states, priorities; never a device.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from hub.machine import Machine
from hub.model import Alarm

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

PREFIX = "matinales_"
TOTAL = "_total"
OPENMETRICS = "application/openmetrics-text"
LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Bounds of the event loop's lag [s]: 10 ms is smooth, half a second is a page that stutters."""


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of metrics.toml.

    Attributes:
        help: one sentence.
        source: counter it comes from; None: of its own name.
        label, of: several counters in one family: label value → counter.
        each: the same of all counters whose name begins so; the rest of it is the label's value.
    """

    help: str
    source: str | None = field(default=None, name="from")
    label: str | None = None
    of: Mapping[str, str] = {}
    each: str | None = None

    def counters(self, name: str, known: Iterable[str] = ()) -> Mapping[str, str]:
        """Return label value (empty: no label) → counter; `known`: those there are."""
        if self.each is not None:
            return {each.removeprefix(self.each): each for each in known if each.startswith(self.each)}
        return self.of or {"": self.source or name}


class Lag:
    """How late the event loop comes, as a histogram."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._counts = [0] * (len(LAGS) + 1)
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Take one observation; a clock that went back is no lag."""
        late = max(seconds, 0.0)
        self._counts[bisect_left(LAGS, late)] += 1
        self._sum += late

    def buckets(self) -> tuple[list[tuple[str, float]], float]:
        """Return (upper bound, how many up to it), each holding those before it, and the sum [s]."""
        found, so_far = [], 0
        for bound, count in zip((*map(str, LAGS), "+Inf"), self._counts, strict=True):
            so_far += count
            found.append((bound, float(so_far)))
        return found, self._sum


class Figures(Struct, kw_only=True):
    """Everything /metrics tells, of one moment.

    Attributes:
        counters: of /health.
        parts: name → how it is.
        alarms: those the page has.
        machine: processes, disk, versions.
        lag: of the event loop.
    """

    counters: Mapping[str, float]
    parts: Mapping[str, Mapping[str, Any]]
    alarms: Sequence[Alarm]
    machine: Machine
    lag: tuple[list[tuple[str, float]], float]


@cache
def lines() -> Mapping[str, Line]:
    """Return metrics.toml: name → what is said of it."""
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=dict[str, Line])


def exposition(figures: Figures, accept: str) -> tuple[bytes, str]:
    """Return the text and its content type: OpenMetrics for who accepts it, else version 0.0.4. Reads files: a thread.

    Args:
        figures: what is told.
        accept: the request's `Accept`.
    """
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 — see above
    from prometheus_client import exposition as plain_text  # noqa: PLC0415 — see above
    from prometheus_client.openmetrics import exposition as open_text  # noqa: PLC0415 — see above
    from prometheus_client.registry import Collector  # noqa: PLC0415 — see above

    class All(Collector):
        def collect(self) -> Iterable["Metric"]:
            return families(figures)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(All())
    if OPENMETRICS in accept:  # not the library's own choice, which stumbles over a version that is none
        return open_text.generate_latest(registry), open_text.CONTENT_TYPE_LATEST
    return plain_text.generate_latest(registry), plain_text.CONTENT_TYPE_PLAIN_0_0_4


def families(figures: Figures) -> Iterator["Metric"]:
    """Give every family of figures."""
    yield from _counted(figures.counters)
    yield _family("part_ok", "1 while this part of the hub is well.", _well(figures.parts), "part")
    yield _alarms(figures.alarms)
    yield _lag(*figures.lag)
    yield from _of_machine(figures.machine)


def _counted(counters: Mapping[str, float]) -> Iterator["Metric"]:
    named: set[str] = set()
    for name, line in lines().items():
        of = line.counters(name, counters)
        named |= set(of.values())
        found = {value: counters[counter] for value, counter in of.items() if counter in counters}
        if found:
            yield _family(name, line.help, found, line.label)
    for name in sorted(counters.keys() - named):
        yield _family(name, f"{name.replace('_', ' ').capitalize()}.", {"": counters[name]})


def _family(name: str, words: str, values: Mapping[str, float], label: str | None = None) -> "Metric":
    """Return a family: a counter where its name says so, else a gauge; label value → figure."""
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 — see above

    kind = CounterMetricFamily if name.endswith(TOTAL) else GaugeMetricFamily
    found = kind(PREFIX + name, words, labels=[label] if label else [])
    for value, figure in sorted(values.items()):
        found.add_metric([value] if label else [], figure)
    return found


def _well(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {name: float(part.get("status") == "ok") for name, part in parts.items()}


def _alarms(alarms: Sequence[Alarm]) -> "Metric":
    from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415 — see above

    words = "Alarms that the page has, by state and priority; past ones of simulated histories are left out."
    found = GaugeMetricFamily(f"{PREFIX}alarms", words, labels=["state", "priority"])
    many = Counter((str(each.state), str(each.priority)) for each in alarms if not each.past)
    for labels, count in sorted(many.items()):
        found.add_metric(labels, count)
    return found


def _lag(buckets: list[tuple[str, float]], total: float) -> "Metric":
    from prometheus_client.metrics_core import HistogramMetricFamily  # noqa: PLC0415 — see above

    words = "How much later than asked for the event loop came back."
    return HistogramMetricFamily(f"{PREFIX}event_loop_lag_seconds", words, buckets=buckets, sum_value=total)


def _of_machine(machine: Machine) -> Iterator["Metric"]:
    from prometheus_client.metrics_core import InfoMetricFamily  # noqa: PLC0415 — see above

    yield InfoMetricFamily(f"{PREFIX}build", "Versions of the hub and of what it runs on.", {**machine.versions})
    of = machine.processes
    yield _family(
        "process_cpu_seconds_total",
        "Processor time of each process of the hub.",
        {name: each.cpu for name, each in of.items()},
        "part",
    )
    for name, words, values in (
        ("process_resident_memory_bytes", "Memory in use.", {name: each.memory for name, each in of.items()}),
        ("process_threads", "Threads.", {name: each.threads for name, each in of.items()}),
        ("process_start_time_seconds", "Start, since 1970.", {name: each.started for name, each in of.items()}),
        (
            "process_open_fds",
            "Open files and sockets.",
            {name: each.files for name, each in of.items() if each.files is not None},
        ),
    ):
        yield _family(name, f"{words[:-1]} of each process of the hub.", values, "part")
