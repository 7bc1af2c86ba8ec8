"""From the outbox to InfluxDB, whatever happens between them (hub/store/influx_writer.py; reliability.md R5, R6)."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from msgspec.structs import replace

from hub.model import Reading
from hub.store.base import Range
from hub.store.delivery import PROBE
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client, Place
from servers import influx
from servers.fault_proxy import FAULTS, FaultProxy, Mode, in_front_of
from servers.forwarders import Forwarder, forwarding
from servers.ports import HOST, until
from servers.scripted import TAKEN, Say, Scripted, scripted
from servers.stores import reading, readings


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


def stored(place: Place, run: str | None = "real") -> list[tuple[str, int, float]]:
    """Return (device, time, value) of everything InfluxDB has, in order."""
    with closing(Client(place)) as client:
        rows = InfluxHistory(client).readings(Range(run=run, limit=100_000)).rows
    return sorted((row.device, row.time, row.value) for row in rows)


def wanted(said: list[Reading]) -> list[tuple[str, int, float]]:
    """Return what InfluxDB should have."""
    return sorted((each.device, each.time, each.value) for each in said)


def telemetry(lines: list[str]) -> list[str]:
    """Return the lines that carry values."""
    return [line for line in lines if line.startswith("telemetry")]


# the ordinary day


def test_what_the_worker_stored_reaches_influxdb(tmp_path: Path, place: Place) -> None:
    """Real and simulated readings, each in its bucket; nothing waits afterwards."""
    real, played = readings(range(100)), readings(range(50), device="acme:b8", run="cold-room-1")
    with forwarding(tmp_path, place) as hub:
        hub.store(real)
        hub.store([*played, reading(100)])
        hub.drain()
        assert hub.writer.status.backlog.lines == 0
    assert stored(place) == wanted([*real, reading(100)])
    assert stored(place, "cold-room-1") == wanted(played)


def test_a_request_has_at_most_5000_lines(tmp_path: Path, script: Scripted) -> None:
    """A day of backlog goes in pieces; nothing is compressed on the way to the same machine."""
    with forwarding(tmp_path, script.place) as hub:
        for start in range(0, 12_000, 3000):
            hub.store(readings(range(start, start + 3000)))
        hub.drain()
    assert script.encodings == {"identity"}
    assert max(len(lines) for lines in script.writes) <= 5000
    assert len(telemetry(script.taken)) == 12_000


def test_a_request_to_another_machine_is_compressed(
    tmp_path: Path, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the same in a sixth of the bytes."""
    monkeypatch.setattr(Place, "is_here", property(lambda _: False))
    with forwarding(tmp_path, script.place) as hub:
        hub.store(readings(range(10)))
        hub.drain()
    assert script.encodings == {"gzip"}
    assert len(telemetry(script.taken)) == 10


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:8086", True),
        ("http://localhost:8086", True),
        ("http://[::1]:8086", True),
        ("http://influxdb:8086", False),
        ("https://192.168.1.9", False),
    ],
)
def test_the_same_machine_is_known_by_its_address(url: str, *, is_here: bool) -> None:
    """A name that only might be this machine's is another's."""
    assert Place(url=url, org="o", bucket="b").is_here is is_here


def test_killed_before_the_confirmation_is_kept_the_batch_is_sent_again(tmp_path: Path, place: Place) -> None:
    """`kill -9` between InfluxDB's answer and our commit: the same points, once."""
    said = readings(range(500))
    with forwarding(tmp_path, place) as hub:
        hub.store(said)
        hub.writer._settle = lambda *_: None
        hub.writer.step()
        hub.restart()
        hub.drain()
    assert stored(place) == wanted(said)


def test_redelivered_messages_make_no_second_point(tmp_path: Path, place: Place) -> None:
    """store.db began anew and the journal was read again: everything is sent a second time."""
    said = readings(range(200))
    for folder in ("first", "second"):
        with forwarding(tmp_path / folder, place) as hub:
            hub.store(said)
            hub.drain()
    assert stored(place) == wanted(said)


def test_the_thread_sends_by_itself_and_ends(tmp_path: Path, script: Scripted) -> None:
    """As the hub runs it."""
    sent = threading.Event()

    def answer(_: list[str]) -> Say:
        sent.set()
        return TAKEN

    script.answer = answer
    with forwarding(tmp_path, script.place) as hub:
        hub.store(readings(range(10)))
        hub.writer.start()
        assert sent.wait(30)
        hub.writer.stop(within=30)
        assert not hub.writer._thread.is_alive()


# away, requirement R5


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_doubled_while_influxdb_is_away(tmp_path: Path, place: Place, fault: Mode) -> None:
    """20 s at 1,000 messages a second pass by while each request fails in this way; then it is back."""
    said = [reading(number % 100, device=f"acme:{number // 100}", value=number, tie=number) for number in range(20_000)]
    with (
        in_front_of(urlsplit(place.url).port or 0) as proxy,
        forwarding(tmp_path, replace(place, url=f"http://{HOST}:{proxy.port}"), timeout=0.4) as hub,
    ):
        hub.store(said[:1000], 1000)
        hub.drain()
        proxy.mode = fault
        for start in range(1000, 20_000, 1000):
            hub.store(said[start : start + 1000], 1000)
            if start % 4000 == 0:
                hub.writer.step()
        code = "influx_busy" if fault == "busy" else "influx_away"
        # on a busy machine an answer may come too late, as if it were away
        until("it is told", lambda: tried(hub) == code)
        assert hub.writer.status.backlog.position == 1000
        assert proxy.met[fault] > 0
        bring_back(proxy, hub)
    assert stored(place) == wanted(said)


def tried(hub: Forwarder) -> str | None:
    """Try once more, and return what is told."""
    hub.writer.step()
    trouble = hub.writer.status.trouble
    return None if trouble is None else trouble.code


def bring_back(proxy: FaultProxy, hub: Forwarder) -> None:
    """Let InfluxDB be there again, and wait until it has everything."""
    proxy.mode = "through"
    hub.client.close()
    hub.restart()
    hub.drain()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_ten_minutes_at_a_thousand_messages_a_second_are_drained(tmp_path: Path, place: Place) -> None:
    """600,000 points wait on disk, in every mode of failing in turn; memory stays, and all is there in the end."""
    import psutil  # noqa: PLC0415 — only here

    with (
        in_front_of(urlsplit(place.url).port or 0) as proxy,
        forwarding(tmp_path, replace(place, url=f"http://{HOST}:{proxy.port}"), timeout=0.4, budget=10**9) as hub,
    ):
        hub.drain()
        before = psutil.Process().memory_info().rss
        for second in range(600):
            proxy.mode = FAULTS[second // 120]
            hub.store([reading(second, device=f"acme:{n}", value=n, tie=n) for n in range(1000)], 1000)
            if second % 20 == 0:
                hub.writer.step()
        hub.writer.step()
        backlog = hub.writer.status.backlog
        assert backlog.lines >= 600_000
        begun = time.monotonic()
        bring_back(proxy, hub)
        grown = psutil.Process().memory_info().rss - before
        drained = time.monotonic() - begun
        print(f"{backlog.lines} lines, {backlog.size} bytes, drained in {drained:.1f} s, memory +{grown / 1e6:.0f} MB")  # noqa: T201 — its report
        assert grown <= 50_000_000
    with closing(Client(place)) as client:
        counts = InfluxHistory(client).aggregate(Range(limit=2000), "count", None)
    assert [row.value for row in counts] == [600.0] * 1000


def test_retry_after_is_waited(tmp_path: Path, script: Scripted) -> None:
    """429 and 503 say themselves how long."""
    script.answer = lambda _: (503, "overloaded", {"Retry-After": "17"})
    with forwarding(tmp_path, script.place) as hub:
        hub.store([reading()])
        assert hub.writer.step() == 17
        script.answer = lambda _: TAKEN
        hub.drain()
    assert len(telemetry(script.taken)) == 1


@pytest.mark.parametrize("away_s", [0, pytest.param(30, marks=pytest.mark.long)])
def test_absent_at_start_heals_by_itself(tmp_path: Path, place: Place, away_s: int) -> None:
    """The hub starts, says so, and goes on when InfluxDB comes (R8)."""
    with (
        in_front_of(urlsplit(place.url).port or 0) as proxy,
        forwarding(tmp_path, replace(place, url=f"http://{HOST}:{proxy.port}"), timeout=0.4) as hub,
    ):
        proxy.mode = "hang"
        hub.writer.step()
        assert hub.writer.status.trouble is not None
        assert hub.writer.status.trouble.code == "influx_away"
        hub.store(readings(range(10)))
        time.sleep(away_s)
        hub.writer.step()
        proxy.mode = "through"
        hub.drain()
        assert hub.writer.status.trouble is None
    assert len(stored(place)) == 10


def test_over_the_disk_budget_the_oldest_goes_and_is_counted(tmp_path: Path, script: Scripted) -> None:
    """The budget is the only end of waiting; what was let go is said."""
    script.answer = lambda _: (500, "no", {})
    with forwarding(tmp_path, script.place, budget=10_000) as hub:
        for step in range(40):
            hub.store(readings(range(step * 100, step * 100 + 100)))
        hub.writer.step()
        assert hub.writer.status.dropped > 0
        script.answer = lambda _: TAKEN
        hub.drain()
        dropped = hub.writer.status.dropped
    assert len(script.taken) + dropped == 4000 + 1
    assert telemetry(script.taken)[-1].endswith(str(reading(3999).time + 3999))


# refusing, requirement R6


def test_one_malformed_line_in_5000_is_listed_and_the_rest_is_stored(tmp_path: Path, place: Place) -> None:
    """400 by a real InfluxDB, which names the line."""
    said = readings(range(4000))
    with forwarding(tmp_path, place) as hub:
        hub.store(said)
        with hub.kept._file.transaction():
            hub.kept._outbox.put({False: [b"telemetry,device=acme:a7 temperature=forty 1"], True: []}, first=2, at=1)
        hub.drain()
        (refused,) = hub.refused()
        assert refused.line == "telemetry,device=acme:a7 temperature=forty 1"
        assert "invalid" in refused.reason
        assert refused.bucket == place.bucket
        assert hub.writer.status.newest == [refused]
    assert stored(place) == wanted(said)


def test_ten_points_of_another_type_are_listed_and_the_rest_is_stored(tmp_path: Path, place: Place) -> None:
    """422 by a real InfluxDB: somebody else wrote `count` as an integer into our bucket."""
    said = readings(range(3000))
    bad = [reading(number, channel="count", device=f"acme:b{number}") for number in range(10)]
    with closing(Client(place)) as other:
        assert other.write(place.bucket, [b"telemetry,device=x,run=real count=1i %d" % reading().time]).fine
    with forwarding(tmp_path, place) as hub:
        mixed = said[:]
        for number, each in enumerate(bad):
            mixed.insert(number * 250, each)
        hub.store(mixed)
        hub.drain()
        refused = hub.refused()
        assert len(refused) == 10
        assert all("count=" in each.line and "type conflict" in each.reason for each in refused)
    assert [row for row in stored(place) if row[0] == "acme:a7"] == wanted(said)


def test_a_malformed_line_that_is_not_named_is_found(tmp_path: Path, script: Scripted) -> None:
    """400 by something that stands before InfluxDB and says only that."""
    culprit = reading(1234).time + 1234
    script.answer = lambda lines: (400, "no", {}) if any(line.endswith(str(culprit)) for line in lines) else TAKEN
    with forwarding(tmp_path, script.place) as hub:
        hub.store(readings(range(4999)))
        hub.drain()
        (refused,) = hub.refused()
        assert refused.line.endswith(str(culprit))
    assert len(set(telemetry(script.taken))) == 4998
    assert len(script.writes) <= 1 + 13 + 1 + 1


def test_too_large_is_halved_and_nothing_is_refused(tmp_path: Path, script: Scripted) -> None:
    """413: a proxy with a small limit."""
    script.answer = lambda lines: TAKEN if len(lines) <= 700 else (413, "too large", {})
    with forwarding(tmp_path, script.place) as hub:
        hub.store(readings(range(3000)))
        hub.drain()
        assert hub.refused() == []
    assert len(set(telemetry(script.taken))) == 3000


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_stops_the_sending_and_loses_nothing(tmp_path: Path, script: Scripted, status: int) -> None:
    """The banner says so, the next try is in 30 s, and a corrected token goes on from there."""
    script.answer = lambda _: (status, "unauthorized access", {})
    with forwarding(tmp_path, script.place) as hub:
        hub.store(readings(range(10)))
        assert hub.writer.step() == PROBE
        assert hub.writer.status.trouble is not None
        assert hub.writer.status.trouble.code == "influx_token"
        script.looks = status
        written = len(script.writes)
        hub.store(readings(range(10, 20)))
        assert hub.writer.step() == PROBE
        assert len(script.writes) == written, "while the token is refused nothing is sent, only asked"
        script.looks, script.answer = 200, lambda _: TAKEN
        hub.drain()
        assert hub.refused() == []
        assert hub.writer.status.trouble is None
    assert len(telemetry(script.taken)) == 20


def test_a_wrong_token_of_a_real_influxdb_heals_with_the_right_one(tmp_path: Path, place: Place) -> None:
    """401, then a restart with the corrected setting."""
    with forwarding(tmp_path, replace(place, token="wrong")) as hub:
        hub.store(readings(range(10)))
        assert hub.writer.step() == PROBE
    with forwarding(tmp_path, place) as hub:
        hub.drain()
    assert len(stored(place)) == 10


@pytest.mark.parametrize(("looks", "code"), [(503, "influx_busy"), (302, "influx_address"), (405, "influx_address")])
def test_what_cannot_be_prepared_is_told_for_what_it_is(
    tmp_path: Path, script: Scripted, looks: int, code: str
) -> None:
    """Overload is not a wrong address, and a wrong address is not an outage."""
    script.looks = looks
    with forwarding(tmp_path, script.place) as hub:
        hub.store([reading()])
        hub.writer.step()
        assert hub.writer.status.trouble is not None
        assert hub.writer.status.trouble.code == code
        assert not script.writes


def test_a_bucket_that_vanished_is_made_again(tmp_path: Path, place: Place) -> None:
    """404: somebody deleted it; nothing that waits is lost."""
    with forwarding(tmp_path, place) as hub, closing(Client(place)) as admin:
        hub.store(readings(range(5)))
        hub.drain()
        influx.remove(admin)
        hub.store(readings(range(5, 10)))
        hub.drain()
    assert len(stored(place)) == 5


def test_the_token_is_in_no_status_and_no_list(tmp_path: Path, script: Scripted) -> None:
    """What the page shows is for everybody."""
    script.answer = lambda _: (401, "unauthorized access", {})
    with forwarding(tmp_path, script.place) as hub:
        hub.store([reading()])
        hub.writer.step()
        assert script.place.token not in repr(hub.writer.status)
