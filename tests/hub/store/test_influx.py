"""What is InfluxDB's own beside the contract of every store (tests/hub/store/test_contract.py)."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace

from hub.errors import StoreError
from hub.model import NS, Quality
from hub.store import influx_setup, influx_thinning
from hub.store.base import Range
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client, Place
from hub.store.influx_setup import DAY, SetupError
from servers import influx
from servers.ports import HOST, free_port, until
from servers.stores import START, reading, readings

MS = 1_000_000


@pytest.fixture
def client() -> Iterator[Client]:
    """Lend a client of empty buckets in a real InfluxDB."""
    with influx.buckets(influx.server()) as place, closing(Client(place)) as made:
        yield made


@pytest.fixture
def fresh() -> Iterator[Client]:
    """Lend a client of an InfluxDB that has none of the hub's buckets yet."""
    with closing(Client(influx.server().place())) as made:
        yield made
        influx.remove(made)


def bucket(client: Client, name: str) -> dict[str, object]:
    """Return what InfluxDB knows of a bucket."""
    (found,) = client.request("GET", "/api/v2/buckets", name=name)["buckets"]
    return dict(found)


# times and ties


def test_times_count_to_the_millisecond(client: Client) -> None:
    """Digits below it are the tie-break's place; neighbouring ranges share no reading and lose none."""
    history = InfluxHistory(client)
    history.write([replace(reading(value=1), time=START + 5 * MS + 123_456)])
    (row,) = history.readings(Range()).rows
    assert row.time == START + 5 * MS
    cut = START + 5 * MS + 700_000
    parts = [Range(start=START, stop=cut), Range(start=cut, stop=START + NS)]
    assert [len(history.readings(part).rows) for part in parts] == [0, 1]


def test_samples_of_one_message_within_a_millisecond_are_all_kept(client: Client) -> None:
    """A vibration sensor sends bursts: one topic, one payload, one channel."""
    history = InfluxHistory(client)
    history.write([replace(reading(value=number, tie=9), time=START + number * 1000) for number in range(50)])
    assert sorted(row.value for row in history.readings(Range()).rows) == list(range(50))


def test_a_redelivery_overwrites_itself(client: Client) -> None:
    """The same message an hour later, from another process: no second point."""
    for _ in range(2):
        InfluxHistory(client).write([reading(1, tie=123_456_789)])
    assert [row.value for row in InfluxHistory(client).aggregate(Range(), "count", None)] == [1]


def test_many_devices_of_one_second_come_page_by_page(client: Client) -> None:
    """A millisecond that holds more than a page is neither cut short nor repeated."""
    history = InfluxHistory(client)
    history.write([reading(device=f"acme:{number:04}", value=number, tie=number) for number in range(900)])
    found, after = [], None
    while True:
        page = history.readings(Range(limit=250, after=after))
        found += [row.value for row in page.rows]
        after = page.after
        if after is None:
            break
    assert found == list(range(900))


def test_a_unit_that_changed_is_told_by_time(client: Client) -> None:
    """Somebody turned the device from °C to K: the old values keep their unit."""
    history = InfluxHistory(client)
    history.write([reading(0, unit="°C"), reading(1, unit="K")])
    assert [row.unit for row in history.readings(Range()).rows] == ["°C", "K"]


@pytest.mark.parametrize("name", ["x\\", "a\nb", "x\\,y=z", '"', "${1 + 1}", '") |> drop() //', "time", "50%41"])
def test_a_name_is_never_read_as_line_protocol_or_flux(client: Client, name: str) -> None:
    """Whatever a device or channel is called, it is found again under that name only."""
    history = InfluxHistory(client)
    history.write([reading(1, device=name, channel=name), reading(2)])
    (row,) = history.readings(Range(device=name, channel=name)).rows
    assert (row.device, row.channel, row.value) == (name, name, 1)
    assert history.series(Range(device=name), 10)[0].device == name


def test_a_curve_with_bad_readings_is_thinned_without_them(client: Client) -> None:
    """A fault code now and then: neither in the means nor in the extremes."""
    history = InfluxHistory(client)
    history.write(
        [
            reading(number, value=-127.0, quality=Quality.BAD) if number % 50 == 0 else reading(number, value=4.0)
            for number in range(1000)
        ]
    )
    (curve,) = history.series(Range(), 50)
    assert {value for value in curve.v if value is not None} == {4.0}
    assert {row.value for row in history.aggregate(Range(), "mean", 600 * NS)} == {4.0}


def test_curves_of_different_lengths_each_fill_their_width(client: Client) -> None:
    """Long ones share their windows; a short one is not drawn as a dot."""
    history = InfluxHistory(client)
    for device, numbers in {"a": range(2000), "b": range(1400), "c": range(1900, 2000), "d": range(1990, 2000)}.items():
        history.write([reading(n, device=device, value=900.0 if n == 1350 else n % 7) for n in numbers])
    curves = {curve.device: curve for curve in history.series(Range(), 50)}
    assert {device: len(curve.t) <= 100 for device, curve in curves.items()} == dict.fromkeys("abcd", True)
    assert all(len(curves[device].t) >= 30 for device in "abc")
    assert len(curves["d"].t) == 10
    assert all(max(high for high in curves[device].high if high is not None) == 900 for device in "ab")
    assert all(curve.t == sorted(curve.t) and None not in curve.v for curve in curves.values())
    assert curves["a"].t[0] >= START / NS
    assert curves["a"].t[-1] <= reading(1999).time / NS + 1


class Overtaken(Client):
    """A client that is answered as one who asks while more is stored: not every yield has the newest window."""

    def tables(self, flux: str, parameters: Mapping[str, Any]) -> list[dict[str, tuple[str, ...]]]:
        """Leave out the newest mean."""
        return [
            {name: cells[:-1] for name, cells in each.items()} if each["result"][0] == "mean" else each
            for each in super().tables(flux, parameters)
        ]


def test_a_window_that_was_stored_while_influxdb_answered_is_drawn_the_next_time(client: Client) -> None:
    """Seen on a page beside 500 messages a second: the whole answer failed for it."""
    history = InfluxHistory(client)
    history.write([reading(number, value=4.0) for number in range(1000)])
    (whole,) = history.series(Range(), 50)
    with closing(Overtaken(client.place)) as overtaken:
        (curve,) = InfluxHistory(overtaken).series(Range(), 50)
    assert 0 < len(whole.t) - len(curve.t) <= 2


# what is there at start


def test_missing_buckets_and_the_task_are_made(fresh: Client) -> None:
    """Real readings stay, simulated ones go after 30 days, a task keeps coarse ones."""
    assert influx_setup.look(fresh).missing == (fresh.place.bucket, fresh.place.simulated, fresh.place.coarse)
    assert influx_setup.prepare(fresh) == influx_setup.State()
    assert influx_setup.look(fresh).missing == ()
    kept = {
        name: [rule["everySeconds"] for rule in bucket(fresh, name)["retentionRules"]]  # type: ignore[attr-defined]
        for name in (fresh.place.bucket, fresh.place.simulated, fresh.place.coarse)
    }
    assert kept == {fresh.place.bucket: [0], fresh.place.simulated: [30 * DAY], fresh.place.coarse: [0]}


def test_what_is_there_stays_as_it_is(client: Client) -> None:
    """Who runs InfluxDB decides on its retention; a second start changes nothing."""
    before = bucket(client, client.place.simulated)
    influx_setup.prepare(client)
    influx_setup.prepare(client)
    assert bucket(client, client.place.simulated) == before
    tasks = client.request("GET", "/api/v2/tasks", name=influx_thinning.task_name(client.place))["tasks"]
    assert len(tasks) == 1


def test_the_task_thins_out_what_is_good(fresh: Client) -> None:
    """Five minutes become mean, minimum, maximum and count; run now instead of in five minutes."""
    influx_setup.prepare(fresh)
    (now,) = fresh.rows('import "array"\narray.from(rows: [{now: string(v: int(v: now()))}])', {})
    window = int(now["now"]) // (300 * NS) * 300 * NS - 600 * NS
    values = [1.0, 2.0, 6.0, -127.0]
    written = [replace(reading(value=value, tie=n), time=window + n * NS) for n, value in enumerate(values)]
    InfluxHistory(fresh).write([*written[:3], replace(written[3], quality=Quality.BAD)])
    run = influx_thinning.task(fresh.place).replace("option task", "task")
    fresh.rows(run, {})
    flux = 'from(bucket: _coarse) |> range(start: 0) |> keep(columns: ["_time", "_field", "_value", "device", "run"])'
    rows = fresh.rows(flux, {"_coarse": fresh.place.coarse})
    assert {row["_field"]: float(row["_value"]) for row in rows} == {
        "temperature__mean": 3.0,
        "temperature__min": 1.0,
        "temperature__max": 6.0,
        "temperature__count": 3.0,
    }
    assert {(row["device"], row["run"]) for row in rows} == {("acme:a7", "real")}


def test_influxdb_runs_the_task_to_its_end(fresh: Client) -> None:
    """As its own scheduler would, now instead of in five minutes: nothing in the text is for questions only."""
    influx_setup.prepare(fresh)
    (task,) = fresh.request("GET", "/api/v2/tasks", name=influx_thinning.task_name(fresh.place))["tasks"]
    path = f"/api/v2/tasks/{task['id']}"
    fresh.request("POST", f"{path}/runs", {})
    ended = {"success", "failed", "canceled"}
    until("the task has run", lambda: fresh.request("GET", path).get("lastRunStatus") in ended, timeout_s=50)
    found = fresh.request("GET", path)
    assert (found["lastRunStatus"], found.get("lastRunError")) == ("success", None)


def changed(place: Place, **changes: str) -> Client:
    """Return a client of a place with a mistake."""
    return Client(replace(place, **changes), timeout=20)


@pytest.mark.parametrize(
    ("mistake", "code", "remedy"),
    [
        ({"token": "wrong"}, "influx_token", "HUB_INFLUX_TOKEN"),
        ({"org": "nobody"}, "influx_org", "HUB_INFLUX_ORG"),
        ({"url": f"http://{HOST}:{free_port()}"}, "influx_away", "HUB_INFLUX_URL"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(client: Client, mistake: dict[str, str], code: str, remedy: str) -> None:
    """Which setting to correct, and never the token itself."""
    with closing(changed(client.place, **mistake)) as wrong, pytest.raises(SetupError, match=remedy) as caught:
        influx_setup.prepare(wrong)
    assert caught.value.code == code
    assert client.place.token not in str(caught.value)
    assert client.place.token not in repr(client.place)


def test_a_token_that_may_make_no_bucket_says_which_one_to_make() -> None:
    """The remedy is a command to type."""
    server = influx.server()
    read = {"action": "read", "resource": {"type": "buckets"}}
    orgs = {"action": "read", "resource": {"type": "orgs"}}
    small = influx.token(server, read, orgs)
    place = replace(server.place(), token=small)
    with closing(Client(place)) as poor, pytest.raises(SetupError, match="influx bucket create -n") as caught:
        influx_setup.prepare(poor)
    assert caught.value.code == "influx_bucket"


def test_an_influxdb_that_is_away_is_an_error_in_plain_words() -> None:
    """For the one who asks for history; nothing else is touched."""
    nowhere = Place(url=f"http://{HOST}:{free_port()}", org="o", bucket="b", token="t")
    with closing(Client(nowhere, timeout=20)) as client:
        with pytest.raises(StoreError, match="does not answer"):
            InfluxHistory(client).readings(Range())
        with pytest.raises(StoreError, match="sending again is safe"):
            InfluxHistory(client).write(readings([1]))
