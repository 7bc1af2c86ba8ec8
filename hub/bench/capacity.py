"""What a fleet of a given size needs and costs, computed from costs measured on this machine; and what ends first.

The form is that of decision 0019: one ingest listens and journals, each worker understands every message. Where that
is no longer enough, the fleet is cut into *cells* by topic, each a journal's stream with two workers of its own, on the
same three NATS servers. What cannot be measured here lies with its date and source in `capacity.toml`.
`matinales bench capacity` prints the page, for 100,000 and 1,000,000 devices.
"""

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from hub.bench import journal as journalling

SIZES = (100_000, 1_000_000)
SERVERS, WORKERS = 3, 2
_DAY_S = 86_400
_LEAST_CORES = 2
"""Of a server: what hosts offer."""


class Supposed(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that is not measured here."""

    value: float
    unit: str
    what: str
    date: str
    source: str


class Cost(NamedTuple):
    """What a message costs [µs of processor time; bytes], how often a device sends one [s], and the largest commit."""

    append_us: float
    read_us: float
    understand_us: float
    bytes: float
    period_s: float
    group: float


class Needs(NamedTuple):
    """What a fleet needs.

    Attributes:
        rate: messages a second.
        cells: journals of their own, each with an ingest and WORKERS workers.
        ingest_cores, worker_cores: of all cells' ingests; of one worker for each message.
        nats_us: of each NATS server for a message, commit and partitions' consumers included.
        machines: what each server is for → how many, and cores of each.
        journal_gb: on each NATS server.
        store_gb: in InfluxDB.
        cores, disk_gb: of all servers.
        euros: a month.
    """

    rate: float
    cells: int
    ingest_cores: float
    worker_cores: float
    nats_us: float
    machines: Mapping[str, tuple[int, int]]
    journal_gb: float
    store_gb: float
    cores: int
    disk_gb: float
    euros: float


@cache
def supposed() -> Mapping[str, Supposed]:
    """Return what is supposed, by name."""
    return msgspec.toml.decode(Path(__file__).with_suffix(".toml").read_bytes(), type=dict[str, Supposed])


def limits(cost: Cost) -> dict[str, float]:
    """Return what ends first: a word for it → how many devices it is good for."""
    spare, values = _of("spare"), _of("values")
    return {
        "one worker": spare * 1e6 / _worker_us(cost) * cost.period_s,
        "one ingest": spare * 1e6 / cost.append_us * cost.period_s,
        "one broker": spare * 1e6 / _of("broker_us") * cost.period_s,
        "one core of each NATS server": _one_core(cost) * cost.period_s,
        "series of one InfluxDB": _of("influx_series") / values,
    }


def _worker_us(cost: Cost) -> float:
    """Return what a message costs a worker whose fellow has died: it holds every partition then."""
    return cost.read_us + cost.understand_us + _of("send_us")


def commits(rate: float, group: float) -> float:
    """Return how many groups a second a cell commits: one of each message, or one each 10 ms, or full ones."""
    return max(rate / group, min(rate, _of("commits_a_second")))


def parts(messages: float) -> float:
    """Return into how many partitions so many messages of a group fall."""
    many = _of("partitions")
    return many * (1 - math.pow(1 - 1 / many, messages))


def stored_us(rate: float, group: float) -> float:
    """Return what the durable consumers of the partitions cost the three servers together, a message of a cell [µs]."""
    many = commits(rate, group)
    return many * parts(rate / many) * _of("part_us") / rate


def nats_us(rate: float, group: float) -> float:
    """Return what a message of a cell costs each NATS server [µs]: its bytes, its commit, its partitions' consumers."""
    commit = commits(rate, group) / rate * _of("commit_us")
    return _of("nats_us") + (commit + stored_us(rate, group)) / SERVERS


def _one_core(cost: Cost) -> float:
    """Return the messages a second of one cell that a core of each NATS server takes."""
    low, high = 1.0, 1e6
    while high - low > 1:
        rate = (low + high) / 2
        low, high = (rate, high) if rate * nats_us(rate, cost.group) <= _of("spare") * 1e6 else (low, rate)
    return low


def needs(devices: int, cost: Cost) -> Needs:
    """Return what so many devices need."""
    spare = _of("spare")
    rate = devices / cost.period_s
    ingest, worker = (rate * us / 1e6 / spare for us in (cost.append_us, _worker_us(cost)))
    able = limits(cost)
    cells = max(1, math.ceil(devices / min(able["one worker"], able["one ingest"])))
    nats = nats_us(rate / cells, cost.group)
    stores = max(1, math.ceil(devices / able["series of one InfluxDB"]))
    brokers = max(1, math.ceil(devices / able["one broker"]))
    values = rate * _of("values")
    machines = {
        "NATS": (SERVERS, _cores(rate * nats / 1e6 / spare)),
        "workers, with ingest and page": (WORKERS * cells, _cores((worker + ingest) / cells + 1)),
        "InfluxDB": (stores, _cores(values / stores / _of("influx_values_core") / spare + 1)),
        "broker": (brokers, _cores(rate / brokers * _of("broker_us") / 1e6 / spare)),
    }
    journal_gb = rate * cost.bytes * _DAY_S * _of("journal_days") / 1e9
    store_gb = values * _of("influx_bytes") * _DAY_S * _of("history_days") / 1e9
    cores = sum(many * each for many, each in machines.values())
    disk = SERVERS * journal_gb + store_gb
    euros = cores * _of("vcpu_month") + disk * _of("disk_gb_month")
    return Needs(rate, cells, ingest, worker, nats, machines, journal_gb, store_gb, cores, disk, euros)


def _of(name: str) -> float:
    return supposed()[name].value


def _cores(wanted: float) -> int:
    return max(_LEAST_CORES, math.ceil(wanted))


def measure(
    *,
    devices: int = SIZES[0],
    period_s: float = 60.0,
    group: int = 500,
    understand_us: float = 60.0,
    journal: str = "",
    messages: int = 5_000,
) -> dict[str, float]:
    """Return cores, disk and money for so many devices, and how many of them each part of the way can take.

    Args:
        devices: each sends the bench's usual telegram of three values.
        period_s: how often.
        group: messages committed together: half of the broker's window, 1,000 with the shipped Mosquitto's.
        understand_us: CPU of a message from journal to store: twice what `matinales bench ingest` measures, since its
            devices are few.
        journal: `nats://…` of an empty journal to measure; in a folder unless told.
        messages: how many are journalled to measure it.
    """
    found = journalling.measure(messages=messages, group=group, journal=journal)
    cost = Cost(found["append_us"], found["read_us"], understand_us, found["bytes"], period_s, group)
    need, able = needs(devices, cost), limits(cost)
    return {
        "messages_per_second": need.rate,
        "journal_us": cost.append_us,
        "read_us": cost.read_us,
        "understand_us": cost.understand_us,
        "journal_bytes": cost.bytes,
        "period_s": cost.period_s,
        "group": cost.group,
        "consumers_us": stored_us(need.rate / need.cells, group),
        "nats_us": need.nats_us,
        "ingest_cores": need.ingest_cores,
        "worker_cores": need.worker_cores,
        "journal_gb_a_day_each_server": need.journal_gb / _of("journal_days"),
        "devices_one_ingest": able["one ingest"],
        "devices_one_worker": able["one worker"],
        "devices_one_broker": able["one broker"],
        "devices_one_nats_core": able["one core of each NATS server"],
        "devices_one_influxdb": able["series of one InfluxDB"],
        "cells": float(need.cells),
        "servers": float(sum(many for many, _ in need.machines.values())),
        "cores": float(need.cores),
        "disk_gb": need.disk_gb,
        "euros_a_month": need.euros,
        "worker_is_the_first_limit": float(min(able, key=able.__getitem__) == "one worker"),
    }


def shown(figures: Mapping[str, tuple[float, float, float]], machine: Mapping[str, str]) -> str:
    """Return the page in Markdown: what was measured, what is supposed, what each size needs, what ends first."""
    names = ("journal_us", "read_us", "understand_us", "journal_bytes", "period_s", "group")
    cost = Cost(*(figures[name][1] for name in names))
    able = limits(cost)
    ends = sorted(able, key=able.__getitem__)
    lines = [
        "# What a fleet needs",
        "",
        "Written by `matinales bench capacity`, no promise: computed from what a message costs on the machine below,",
        f"and from what is supposed. Each device sends {_of('values'):.0f} values every {cost.period_s:.0f} s.",
        "",
        *_sizes(cost),
        "",
        f"What ends first is **{ends[0]}**, at {able[ends[0]]:,.0f} devices; then "
        + ", ".join(f"{each} at {able[each]:,.0f}" for each in ends[1:])
        + ". Beyond one worker or ingest the fleet is cut into cells by topic (`HUB_TOPICS`, and a stream's name in"
        " `HUB_JOURNAL_URL`); each cell's page knows its own devices.",
        "",
        (
            "Measured here, a message: "
            f"{cost.append_us:.1f} µs to journal, {cost.read_us:.1f} µs to read, {cost.bytes:.1f} bytes in the journal."
            f" Supposed: {cost.understand_us:.0f} µs to understand, judge and store it, twice what `bench ingest`"
            " measures."
        ),
        "",
        (
            "What writes the store by partitions, computed from what is supposed below: "
            + "; ".join(_stored(devices, cost) for devices in SIZES)
            + ". The fewer come together, the dearer each: a commit costs what it costs. What one, two and four workers"
            " cost side by side, and what pages spread over them see: [measured](SCALE.md)."
        ),
        "",
        "| supposed | value | since | source |",
        "|---|---|---|---|",
        *(f"| {each.what} | {_told(each)} | {each.date} | {each.source} |" for each in supposed().values()),
        "",
        "Not in it: people's work, traffic, backups, a second site.",
        "",
        f"On {'; '.join(f'{name} {value}' for name, value in machine.items())}.",
    ]
    return "\n".join(lines)


def _stored(devices: int, cost: Cost) -> str:
    need = needs(devices, cost)
    rate = need.rate / need.cells
    together, consumers = rate / commits(rate, cost.group), stored_us(rate, cost.group) / SERVERS
    return (
        f"at {devices:,} devices each cell commits {together:.0f} messages together, which costs each NATS server"
        f" {need.nats_us:.0f} µs a message, {consumers:.0f} of them for the partitions' durable consumers"
    )


def _sizes(cost: Cost) -> list[str]:
    """Return the table of all sizes."""
    found = {devices: needs(devices, cost) for devices in SIZES}
    roles = next(iter(found.values())).machines
    rows = {
        "messages a second": [f"{each.rate:,.0f}" for each in found.values()],
        "cells; partitions of the journal": [
            f"{each.cells}; {each.cells * _of('partitions'):.0f}" for each in found.values()
        ],
        **{f"servers: {role}": [_machines(*each.machines[role]) for each in found.values()] for role in roles},
        f"journal on each NATS server, {_of('journal_days'):.0f} days": [
            f"{each.journal_gb:,.0f} GB" for each in found.values()
        ],
        f"InfluxDB, {_of('history_days'):.0f} days": [f"{each.store_gb:,.0f} GB" for each in found.values()],
        "cores in all": [f"{each.cores}" for each in found.values()],
        "**a month**": [f"**{each.euros:,.0f} €**" for each in found.values()],
    }
    head = ["| | " + " | ".join(f"{devices:,} devices" for devices in SIZES) + " |", "|---|" + "---:|" * len(SIZES)]
    return [*head, *(f"| {what} | {' | '.join(cells)} |" for what, cells in rows.items())]


def _machines(many: int, cores: int) -> str:
    return f"{many} × {cores} cores"


def _told(each: Supposed) -> str:
    return f"{each.value:,.10g} {each.unit}".strip()
