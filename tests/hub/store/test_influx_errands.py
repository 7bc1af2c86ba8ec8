"""What InfluxDB does for the hub beside taking lines (hub/store/influx_errands.py), in a real one."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from hub.kept import Kept
from hub.model import NS, Action, Device, Quality
from hub.store import influx_setup, influx_thinning
from hub.store.base import Range
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client, Place
from hub.store.influx_thinning import HOUR, WINDOW
from servers import influx
from servers.fault_proxy import in_front_of
from servers.forwarders import Forwarder, forwarding
from servers.ports import HOST
from servers.scripted import Scripted, scripted
from servers.stores import START, reading, readings

DAY = 24 * HOUR


@pytest.fixture
def place() -> Iterator[Place]:
    """Lend empty buckets in a real InfluxDB."""
    with influx.buckets(influx.server()) as made:
        yield made


@pytest.fixture
def script() -> Iterator[Scripted]:
    """Lend an InfluxDB made of answers."""
    with scripted() as made:
        yield made


def rows(place: Place, bucket: str) -> list[dict[str, str]]:
    """Return every point of a bucket, whatever the measurement."""
    flux = (
        "from(bucket: _bucket) |> range(start: 0, stop: 2200-01-01T00:00:00Z) |> toString()"
        ' |> keep(columns: ["_time", "_measurement", "_field", "_value", "device"]) |> group()'
    )
    with closing(Client(place)) as client:
        return client.rows(flux, {"_bucket": bucket})


def devices(place: Place) -> dict[str, set[str]]:
    """Return bucket → devices that have points there, by whatever measurement."""
    names = (place.bucket, place.simulated, place.coarse)
    return {name.removeprefix(place.bucket): {row["device"] for row in rows(place, name)} for name in names}


def forget(hub: Forwarder, uid: str) -> None:
    """Forget a device as `hub.acting` does."""
    hub.kept.forget([uid], {uid, uid.partition(":")[2]}, set())


# devices to be erased


def test_a_forgotten_device_is_erased_from_every_bucket(tmp_path: Path, place: Place) -> None:
    """Real, simulated, down-sampled, and what is known of it; the others stay."""
    with forwarding(tmp_path, place) as hub:
        hub.store([each for uid in ("acme:a7", "acme:b8") for each in readings(range(50), device=uid)])
        hub.store(readings(range(5), device="acme:a7", run="cold-room-1"))
        hub.drain()
        influx_thinning.compute(hub.client, START // HOUR)
        assert devices(place) == {"": {"acme:a7", "acme:b8"}, "_sim": {"acme:a7"}, "_5m": {"acme:a7", "acme:b8"}}
        forget(hub, "acme:a7")
        hub.writer.step()
        assert devices(place) == {"": {"acme:b8"}, "_sim": set(), "_5m": {"acme:b8"}}
        assert hub.writer.status.due.erasures == 0
        assert "a7" not in repr(hub.kept._file.db.execute("SELECT * FROM erasure").fetchall())


def test_a_device_forgotten_while_influxdb_is_away_is_erased_when_it_is_back(tmp_path: Path, place: Place) -> None:
    """The wish outlives a kill, is shown, and what the device says afterwards stays."""
    with (
        in_front_of(urlsplit(place.url).port or 0) as proxy,
        forwarding(tmp_path, replace(place, url=f"http://{HOST}:{proxy.port}"), timeout=0.4) as hub,
    ):
        hub.store(readings(range(20)))
        hub.drain()
        proxy.mode = "refuse"
        hub.store(readings(range(20, 30)))
        forget(hub, "acme:a7")
        hub.store([reading(40, value=4.0)])
        hub.writer.step()
        assert hub.writer.status.due.erasures == 1
        assert hub.writer.status.trouble is not None
        hub.restart()
        assert hub.writer._errands.due().erasures == 1
        proxy.mode = "through"
        hub.client.close()
        hub.restart()
        hub.drain()
    with closing(Client(place)) as client:
        found = InfluxHistory(client).readings(Range()).rows
    assert [(row.value, row.unit) for row in found] == [(4.0, "°C")]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a'b", "été:n°1", "a,b c=d", 'x" OR device="y', "a\nb", "${x}", "%"])
def test_whatever_a_device_is_called_it_alone_is_erased(place: Place, name: str) -> None:
    """A predicate is text: no name gets out of its quotes."""
    with closing(Client(place)) as client:
        history = InfluxHistory(client)
        history.write([reading(1, device=name), reading(2, device="y")])
        client.erase(place.bucket, name)
        assert {row.device for row in history.readings(Range()).rows} == {"y"}
        assert history.series(Range(), 10)[0].unit == "°C"


def test_a_hub_that_never_sent_anything_on_keeps_no_wish(tmp_path: Path) -> None:
    """Its history is SQLite: there is nobody to erase."""
    with closing(Kept(tmp_path)) as kept:
        kept.forget(["acme:a7"], {"acme:a7"}, set())
        with kept.errands() as errands:
            assert errands.erasures() == []


def test_a_device_forgotten_by_the_command_line_is_erased_at_the_next_start(tmp_path: Path, place: Place) -> None:
    """Without a hub, and without its settings: what was sent on before is remembered."""
    with forwarding(tmp_path, place) as hub:
        hub.store(readings(range(5)))
        hub.drain()
    with closing(Kept(tmp_path)) as kept:
        kept.forget(["acme:a7"], {"acme:a7"}, set())
    with forwarding(tmp_path, place) as hub:
        hub.writer.step()
    assert devices(place)[""] == set()


def test_an_erasure_that_is_refused_is_told_and_stops_nothing(tmp_path: Path, script: Scripted) -> None:
    """Readings go on; the wish stays with the reason, for the doctor."""
    script.erase = (400, "bad predicate", {})
    with forwarding(tmp_path, script.place) as hub:
        forget(hub, "acme:a7")
        hub.store(readings(range(3)))
        hub.drain()
        with hub.kept.errands() as errands:
            assert [(each.device, each.refused) for each in errands.erasures()] == [("acme:a7", "bad predicate")]
    assert len([line for line in script.taken if line.startswith("telemetry")]) == 3


# what people call a device and where it is


def known(place: Place) -> list[tuple[str, str]]:
    """Return (field, value) of what is known of devices, the oldest first."""
    found = sorted(rows(place, place.bucket), key=lambda row: row["_time"])
    return [(row["_field"], row["_value"]) for row in found if row["_measurement"] == "devices"]


def test_name_and_room_are_rewritten_when_a_person_changes_them(tmp_path: Path, place: Place) -> None:
    """At once, not at the device's next word; Grafana's last() is the present one."""
    device = Device(uid="acme:a7", family="acme", name="a7", seen=START)
    with forwarding(tmp_path, place) as hub:
        for changed in (device, replace(device, name="Vitrine", room="Cave"), replace(device, name="Vitrine")):
            hub.kept.act(Action(device=device.uid, at=1), [changed], None)
            hub.drain()
    assert known(place) == [("name", "Vitrine"), ("room", "")]


# five-minute values after an outage


def coarse(place: Place) -> dict[int, float]:
    """Return window [ns] → how many values were counted in it."""
    found = [row for row in rows(place, place.coarse) if row["_field"] == "temperature__count"]
    return {_window(row["_time"]): float(row["_value"]) for row in found}


def _window(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * NS


def test_hours_that_waited_too_long_for_the_task_are_computed_when_they_are_there(tmp_path: Path, place: Place) -> None:
    """InfluxDB was away for six hours: its task looks back two, and the five-minute bucket lacks nothing."""
    said = [replace(reading(number, value=number), time=START + number * 60 * NS) for number in range(6 * 60)]
    with forwarding(tmp_path, place) as hub:
        hub.wall = said[-1].time + 60 * NS
        hub.store(said)
        hub.drain()
        assert hub.writer.status.due.hours >= 4
        while hub.writer.status.due.hours:
            hub.writer.step()
    counted = coarse(place)
    old = [each for each in said if each.time < hub.wall - 2 * HOUR]
    whole = {each.time // WINDOW * WINDOW for each in old}
    assert whole <= counted.keys()
    assert sum(counted[window] for window in sorted(whole)[1:-1]) == 5 * (len(whole) - 2)


def test_hours_to_compute_outlive_a_kill(tmp_path: Path, place: Place) -> None:
    """Killed between the drain and the computing: the next start computes."""
    with forwarding(tmp_path, place) as hub:
        hub.wall = START + DAY
        hub.store(readings(range(30)))
        hub.writer.step()
        hub.restart()
        assert hub.writer._errands.due().hours == 1
        hub.drain()
    assert sum(coarse(place).values()) == 30


def test_what_the_task_had_not_come_to_when_everything_stopped_is_computed(tmp_path: Path, place: Place) -> None:
    """`docker compose down` in the evening, `up` in the morning: the last minutes were never down-sampled."""
    with forwarding(tmp_path, place) as hub:
        hub.wall = reading(29).time
        hub.store(readings(range(30)))
        hub.drain()
        assert coarse(place) == {}
        hub.wall += DAY
        hub.restart()
        hub.drain()
        while hub.writer.status.due.hours:
            hub.writer.step()
    assert sum(coarse(place).values()) == 30


def test_what_comes_in_time_is_the_tasks_business(tmp_path: Path, place: Place) -> None:
    """Nothing is computed twice on an ordinary day; simulated readings have no five-minute values."""
    with forwarding(tmp_path, place) as hub:
        hub.wall = START + HOUR
        hub.store([*readings(range(30)), *readings(range(30), run="cold-room-1")])
        hub.drain()
        assert hub.writer.status.due.hours == 0


def test_bad_readings_are_left_out_and_only_of_their_curve(place: Place) -> None:
    """Computed by the hub as by the task: one curve has a fault code, another device's same channel has none."""
    with closing(Client(place)) as client:
        influx_setup.prepare(client)
        good = [reading(number, value=number, device=uid) for number in range(60) for uid in ("acme:a7", "acme:b8")]
        bad = [reading(number, value=-127.0, quality=Quality.BAD, tie=999) for number in range(0, 60, 7)]
        doubtful = [reading(3, value=500.0, quality=Quality.UNCERTAIN, tie=998)]
        InfluxHistory(client).write([*good, *bad, *doubtful])
        influx_thinning.compute(client, START // HOUR)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows(place, place.coarse):
        found[row["device"], row["_field"].rpartition("__")[2]].append(float(row["_value"]))
    assert (sum(found["acme:a7", "count"]), sum(found["acme:b8", "count"])) == (61, 60)
    assert (min(found["acme:a7", "min"]), max(found["acme:a7", "max"])) == (0.0, 500.0)
    assert max(found["acme:b8", "max"]) == 59.0


@pytest.mark.parametrize(
    ("line", "hours"),
    [
        (b"telemetry,device=a,run=real t=1.0 1790000000000000000", {1_790_000_000 // 3600}),
        (b"telemetry,device=a,run=real t=1.0 5", {0}),
        (b"telemetry,device=a,run=real t=1.0 -5", {-1}),
        (b"telemetry,device=a,run=real t=1.0 1990000000000000000", set()),
        (b'devices,device=a name="x",room="" 1790000000000000000', set()),
    ],
)
def test_only_old_telemetry_makes_hours_to_compute(line: bytes, hours: set[int]) -> None:
    """A clock of 1970 included; names and units have no five-minute values."""
    assert influx_thinning.missed([line], 1_990_000_000 * NS) == hours
