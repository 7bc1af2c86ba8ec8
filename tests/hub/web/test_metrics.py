"""What Prometheus reads: every figure with its kind and its help, in a text that its own parser takes."""

import os
import re
from collections.abc import Mapping

import pytest
from msgspec import structs
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import parser as open_parser
from prometheus_client.parser import text_string_to_metric_families as parse

from hub import machine
from hub.live import Batch
from hub.model import Alarm
from hub.web import metrics
from hub.web.metrics import Figures, Lag
from servers.web import Client, FakeHub

NO_BASE_UNIT = re.compile(r"_(ms|milliseconds|minutes|hours|days|kb|mb|kilobytes|megabytes|percent)(_|$)")


def alarm(number: int, *, past: bool = False, priority: str = "high") -> Alarm:
    """Return an alarm that nobody has seen."""
    return Alarm(
        id=f"a{number}",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device="acme:1",
        run="real",
        priority=priority,
        raised_at=1,
        texts={},
        past=past,
    )


def figures(
    counters: Mapping[str, float] | None = None,
    parts: Mapping[str, Mapping[str, str]] | None = None,
    alarms: tuple[Alarm, ...] = (),
) -> Figures:
    """Return figures of one moment."""
    lag = Lag()
    lag.add(0.02)
    return Figures(
        counters=counters or {}, parts=parts or {}, alarms=alarms, machine=machine.Machine(), lag=lag.buckets()
    )


def read(told: Figures) -> dict[str, Metric]:
    """Return family → what the parser of Prometheus makes of it."""
    body, _ = metrics.exposition(told, "")
    return {family.name: family for family in parse(body.decode())}


def samples(family: Metric) -> dict[tuple[str, ...], float]:
    """Return label values → value."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


async def test_every_figure_of_a_hub_has_a_kind_and_a_help(hub: FakeHub, client: Client) -> None:
    """Over HTTP, with processes, disk, parts and the lag of the event loop."""
    hub.live.apply(Batch(parts={"broker": {"status": "ok"}, "store": {"status": "degraded"}}, alarms=[alarm(1)]))
    async with client.get("/metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        found = {family.name: family for family in parse(await response.text())}
    assert all(family.documentation and family.type != "unknown" for family in found.values())
    assert samples(found["matinales_part_ok"]) == {("broker",): 1, ("store",): 0}
    assert samples(found["matinales_alarms"]) == {("high", "unacknowledged"): 1}
    assert samples(found["matinales_process_cpu_seconds"]) == {("hub",): 1.5}
    assert samples(found["matinales_data_disk_free_bytes"]) == {(): 1 << 30}
    assert found["matinales_messages"].type == "counter"
    assert found["matinales_event_loop_lag_seconds"].type == "histogram"


@pytest.mark.parametrize("accept", ["application/openmetrics-text", "application/openmetrics-text; version=x;q=0.9"])
async def test_openmetrics_is_given_to_who_asks_for_it(client: Client, accept: str) -> None:
    """Its parser is the stricter one; a version that is none does no harm."""
    async with client.get("/metrics", headers={"Accept": accept}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        found = [*open_parser.text_string_to_metric_families(await response.text())]
    assert {"matinales_viewers", "matinales_event_loop_lag_seconds"} <= {family.name for family in found}


@pytest.mark.parametrize("name", ['a"b', "back\\slash", "two\nlines", "é ü 漢", "tab\there", "\\n"])
def test_a_part_of_any_name_is_read_back_as_it_was(name: str) -> None:
    """The name of another package's driver is no line of its own."""
    assert samples(read(figures(parts={name: {"status": "ok"}}))["matinales_part_ok"]) == {(name,): 1}


def test_several_counters_are_one_family_with_a_label() -> None:
    """Where the worker's time goes."""
    told = read(figures({"decode_seconds_total": 1.5, "rules_seconds_total": 2, "store_seconds_total": 3}))
    assert samples(told["matinales_work_seconds"]) == {("decode",): 1.5, ("rules",): 2, ("store",): 3}


def test_counters_of_any_number_of_partitions_are_one_family() -> None:
    """As many as the journal has."""
    told = read(figures({f"store_partition_pending.{at}": 10.0 * at for at in (0, 1, 11)}))
    assert samples(told["matinales_store_partition_pending_messages"]) == {("0",): 0, ("1",): 10, ("11",): 110}
    assert "matinales_store_partition_owned" not in told


def test_a_counter_that_nobody_described_is_given_all_the_same() -> None:
    """Under its own name: a figure added elsewhere is not lost."""
    told = read(figures({"bees_seen_total": 3, "hives": 2}))
    assert told["matinales_bees_seen"].type == "counter"
    assert samples(told["matinales_hives"]) == {(): 2}


def test_a_figure_that_is_not_known_is_left_out() -> None:
    """Not zero: a journal into which nothing comes lasts for no stated time."""
    assert "matinales_journal_budget_left_seconds" not in read(figures({"journal_bytes": 1}))


def test_past_alarms_ring_no_pager() -> None:
    """The day before is simulated history."""
    told = read(figures(alarms=(alarm(1), alarm(2), alarm(3, past=True), alarm(4, priority="low"))))
    assert samples(told["matinales_alarms"]) == {("high", "unacknowledged"): 2, ("low", "unacknowledged"): 1}


def test_the_lag_is_a_histogram_that_adds_up() -> None:
    """Each bound holds what lies below it; a clock that went back is no lag."""
    lag = Lag()
    for late in (-1.0, 0.001, 0.02, 0.3, 9.0):
        lag.add(late)
    buckets, total = lag.buckets()
    found = dict(buckets)
    assert (found["0.001"], found["0.025"], found["0.5"], found["2.5"], found["+Inf"]) == (2, 3, 4, 4, 5)
    assert total == pytest.approx(9.321)


@pytest.mark.parametrize("name", metrics.lines())
def test_names_keep_the_conventions(name: str) -> None:
    """Base units; a sentence; the unit stands before `_total`."""
    line = metrics.lines()[name]
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
    assert not NO_BASE_UNIT.search(name)
    assert line.help.endswith(".")
    assert (line.label is None) == (not line.of and line.each is None)
    grows = {counter.endswith("_total") for counter in line.counters(name, [f"{line.each}0"]).values()}
    assert grows == {name.endswith("_total")}


def test_the_machine_tells_of_this_very_process() -> None:
    """Processor time, memory, start; one that is gone is left out."""
    found = machine.process(os.getpid())
    assert found is not None
    assert found.memory > 1 << 20
    assert found.threads >= 1
    assert machine.process(2**22 + 1) is None
    assert structs.asdict(found)["started"] > 1_000_000_000
