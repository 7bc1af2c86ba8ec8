"""The API answers as design.md §4 says, and refuses in words that help."""

import asyncio
import csv
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from yarl import URL

from hub.live import Batch
from hub.model import NS, Alarm, Heard, Source
from hub.process import HELPERS, helpers
from hub.store.base import Series
from hub.store.transfer import is_ours
from hub.web.api import history as history_api
from servers.web import SECRET, WALL, Client, FakeHub

API = "/api/v1"
HOUR = 3600 * NS
BEARER = {"Authorization": f"Bearer {SECRET}"}
RUN = "cold-room-20270115t0730-abcd"


async def get(client: Client, path: str, status: int = 200, **more: Any) -> Any:  # noqa: ANN401 — JSON
    """Return the JSON of an answer."""
    async with client.get(URL(API + path, encoded=True), **more) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def test_devices_come_with_their_latest_values(hub: FakeHub, client: Client) -> None:
    """As the table of design.md §4 says."""
    hub.speak("tasmota:kitchen", "temperature", 21.7)
    (device,) = (await get(client, "/devices"))["devices"]
    assert device | {"seen": None} == {
        "id": "tasmota:kitchen",
        "name": "kitchen",
        "family": "tasmota",
        "availability": None,
        "simulated": False,
        "run": "real",
        "seen": None,
        "proposed": False,
        "ignored": False,
        "room": None,
        "firmware": None,
        "locked": False,
        "merged": [],
        "pace": None,
        "pace_by": None,
        "ranges": {},
        "missed": 0,
        "settable": [],
        "hidden": False,
        "commands": {},
        "silence": {"temperature": 900.0},
        "channels": [
            {"name": "temperature", "unit": "°C", "value": 21.7, "time": "2027-01-15T08:00:00Z", "quality": "good"}
        ],
    }


@pytest.mark.parametrize("name", ["generic:a%2Fb%20c", "generic%3Aa%2Fb%20c", "mac:a0%3A20"])
async def test_a_device_is_found_by_its_id_or_another_name_percent_encoded(
    hub: FakeHub, client: Client, name: str
) -> None:
    """Slashes, spaces and colons in a path."""
    hub.aliases["mac:a0:20"] = "generic:a/b c"
    hub.speak("generic:a/b c", "value", 1.0)
    assert (await get(client, f"/devices/{name}"))["id"] == "generic:a/b c"


async def test_an_unknown_device_is_told_with_a_remedy(client: Client) -> None:
    """RFC 9457, in the reader's language."""
    problem = await get(client, "/devices/nobody", 404, headers={"Accept-Language": "en-GB,fr;q=0.5"})
    assert problem["status"] == 404
    assert "'nobody'" in problem["detail"]
    assert "/api/v1/devices" in problem["remedy"]
    french = await get(client, "/devices/nobody", 404, headers={"Accept-Language": "fr"})
    assert french["title"] == "Objet inconnu"


async def test_readings_keep_their_precision(hub: FakeHub, client: Client) -> None:
    """Floats as they are, times to the nanosecond they have."""
    hub.speak("tasmota:kitchen", "temperature", 0.1 + 0.2, time=WALL + 1)
    assert await get(client, "/readings?device=tasmota:kitchen") == {
        "readings": [
            {
                "device": "tasmota:kitchen",
                "channel": "temperature",
                "unit": "°C",
                "time": "2027-01-15T08:00:00.000000001Z",
                "value": 0.1 + 0.2,
                "quality": "good",
                "simulated": False,
                "run": "real",
            }
        ],
        "next": None,
    }


async def test_the_cursor_leads_through_everything_once(hub: FakeHub, client: Client) -> None:
    """Pages of two over two timelines: nothing twice, nothing missing."""
    hub.play("b-run")
    for number in range(5):
        hub.speak("tasmota:a", "temperature", float(number), time=WALL + number)
        hub.speak("tasmota:b", "temperature", 10.0 + number, time=WALL + number, run="b-run")
    found, cursor = [], ""
    for _ in range(20):
        answer = await get(client, f"/readings?limit=2{cursor}")
        found += [(row["run"], row["value"]) for row in answer["readings"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert found == [("b-run", 10.0 + n) for n in range(5)] + [("real", float(n)) for n in range(5)]


async def test_without_a_run_a_device_speaks_of_its_current_one(hub: FakeHub, client: Client) -> None:
    """Yesterday's story is asked for by name."""
    hub.speak("tasmota:a", "temperature", 1.0, run="old")
    hub.speak("tasmota:a", "temperature", 2.0, run="new")
    for question in ("?device=tasmota:a", ""):
        rows = (await get(client, f"/readings{question}"))["readings"]
        assert [(row["value"], row["simulated"]) for row in rows] == [(2.0, True)]
    assert (await get(client, "/readings?run=old"))["readings"][0]["value"] == 1.0


@pytest.mark.parametrize(("span", "count"), [("-30m", 1), ("-61m", 2), ("-1d", 3), ("2027-01-15T06:00:00Z", 2)])
async def test_a_span_counts_from_the_now_of_the_run(hub: FakeHub, client: Client, span: str, count: int) -> None:
    """The run's clock shows an hour less than the wall's."""
    hub.play(RUN, simulated=WALL - HOUR)
    for age in (0, HOUR, 20 * HOUR):
        hub.speak("tasmota:a", "temperature", 1.0, time=WALL - HOUR - age, run=RUN)
    rows = (await get(client, f"/readings?device=tasmota:a&start={span}"))["readings"]
    assert len(rows) == count


async def test_an_aggregate_is_one_value_a_window(hub: FakeHub, client: Client) -> None:
    """The count of three readings is three."""
    for number in range(3):
        hub.speak("tasmota:a", "temperature", 1.0, time=WALL + number)
    (row,) = (await get(client, "/readings?device=tasmota:a&aggregate=count"))["readings"]
    assert row["value"] == 3.0


async def test_csv_runs_no_formula_and_keeps_numbers(hub: FakeHub, client: Client) -> None:
    """A device called =cmd() is a text; -2.5 is a number."""
    hub.speak("=cmd()", "temperature", -2.5)
    hub.speak("tasmota:a", "temperature", 1.0)
    async with client.get(f"{API}/readings?limit=1", headers={"Accept": "text/csv"}) as response:
        assert response.content_type == "text/csv"
        assert 'rel="next"' in response.headers["Link"]
        rows = list(csv.DictReader(io.StringIO(await response.text())))
    assert rows[0]["device"] == "'=cmd()"
    assert rows[0]["value"] == "-2.5"


async def test_csv_is_what_the_command_writes_and_imports(hub: FakeHub, client: Client) -> None:
    """One writer, one form of each dialect: what is fetched can be given to `matinales import`."""
    hub.speak("=cmd()", "temperature", -2.5)
    for dialect, separator, value in (("plain", ",", "-2.5"), ("fr", ";", "-2,5")):
        async with client.get(f"{API}/readings?format=csv&dialect={dialect}") as response:
            head, row = (await response.read()).decode().splitlines()
        assert is_ours(head)
        cells = row.split(separator)
        assert (cells[0], cells[4], cells[6]) == ("'=cmd()", value, "0")


async def test_series_are_a_table_too(hub: FakeHub, client: Client) -> None:
    """A line a point, times in UTC; a device called =cmd() is a text; the French one has decimal commas."""
    hub.speak("=cmd()", "temperature", -2.5)
    async with client.get(f"{API}/series?width=100", headers={"Accept": "text/csv"}) as response:
        assert response.content_type == "text/csv"
        (row,) = csv.DictReader(io.StringIO(await response.text()))
    assert (row["device"], row["time"], row["value"], row["min"]) == ("'=cmd()", "2027-01-15T08:00:00Z", "-2.5", "")
    assert (row["measure"], row["simulated"], row["run"]) == ("", "0", "real")
    async with client.get(f"{API}/series?format=csv&dialect=fr&width=100") as response:
        assert (await response.text()).splitlines()[1].split(";")[6] == "-2,5"


async def test_series_are_drawable(hub: FakeHub, client: Client) -> None:
    """Times in seconds, and the now of the run for the axis."""
    hub.play(RUN, simulated=WALL - HOUR)
    hub.speak("tasmota:a", "temperature", 4.5, time=WALL - HOUR, run=RUN)
    answer = await get(client, "/series?device=tasmota:a&channel=temperature&start=-24h&width=100")
    assert answer["now"] == "2027-01-15T07:00:00Z"
    (curve,) = answer["series"]
    assert curve["t"] == [(WALL - HOUR) / NS]
    assert curve["v"] == [4.5]
    assert curve["run"] == RUN


async def test_a_measure_of_a_use_case_is_a_curve_too(client: Client) -> None:
    """Also one that no channel gives; half a question, or one that names a device too, is refused."""
    answer = await get(client, "/series?usecase=cold_room&measure=dew&run=real&start=-2h&width=100")
    assert answer["series"] == [
        {
            "usecase": "cold_room",
            "measure": "dew",
            "unit": "°C",
            "run": "real",
            "t": [1.0, 2.0],
            "v": [3.5, None],
            "min": [],
            "max": [],
        }
    ]
    for question in ("usecase=cold_room", "measure=air", "usecase=cold_room&measure=air&device=a:b"):
        assert (await client.get(f"/api/v1/series?{question}")).status == 400
    assert (await client.get("/api/v1/series?usecase=bakery&measure=air")).status == 404


@pytest.mark.parametrize(
    "question",
    [
        "/readings?limit=0",
        "/readings?limit=10001",
        "/readings?limit=many",
        "/readings?limit=%D9%A3",
        "/readings?start=yesterday",
        "/readings?start=24h",
        "/readings?start=2027-01-15T08:00:00",
        "/readings?start=2027-13-15T08:00:00Z",
        "/readings?stop=-99999999999999d",
        "/readings?aggregate=median",
        "/readings?every=60s",
        "/readings?aggregate=mean&every=0s",
        "/readings?aggregate=mean&every=1ms&start=-24h&stop=now",
        "/readings?cursor=nonsense",
        "/readings?device=a&device=b",
        "/readings?divice=a",
        "/series?width=1",
        "/messages?understood=maybe",
    ],
)
async def test_a_bad_parameter_is_named_with_the_remedy(client: Client, question: str) -> None:
    """400, which one, why, and what to write."""
    problem = await get(client, question, 400)
    name = question.partition("?")[2].rpartition("&")[2].partition("=")[0] if "every=1ms" not in question else "every"
    assert problem["detail"].startswith(name)
    assert problem["remedy"]


async def test_a_message_becomes_a_capture_whole(hub: FakeHub, client: Client) -> None:
    """Longer than the list shows; a position that is not there is a problem, not an empty file."""
    said = '{"name":"Paul","v":"' + "x" * 3000 + '"}'
    hub.heard = [Heard(position=7, topic="acme/a7/up", received=WALL, understood=False, payload=said.encode())]
    assert (await get(client, "/messages"))["messages"][0]["position"] == 7
    assert (await get(client, "/messages/7/capture"))["messages"] == [{"topic": "acme/a7/up", "payload": said}]
    (scrubbed,) = (await get(client, "/messages/7/capture?scrub=true"))["messages"]
    assert "Paul" not in scrubbed["payload"]
    assert len(scrubbed["payload"]) == len(said)
    for wrong in ("8", "x", "-1"):
        async with client.get(f"{API}/messages/{wrong}/capture", headers=BEARER) as response:
            assert response.status == 404


async def test_messages_show_what_nobody_understood(hub: FakeHub, client: Client) -> None:
    """Text as text, bytes in hexadecimal, at most 256 characters."""
    hub.heard = [
        Heard(position=1, topic="a", received=WALL, understood=True, driver="tasmota", payload=b"{}"),
        Heard(position=2, topic="b", received=WALL, understood=False, reason="no JSON", payload=b"\xff\x00"),
        Heard(position=3, topic="c", received=WALL, understood=False, payload="é".encode() * 1000, count=7),
    ]
    found = (await get(client, "/messages?understood=false"))["messages"]
    assert [each["payload"] for each in found] == ["é" * 256, "ff00"]
    assert found[0]["count"] == 7
    assert found[1]["reason"] == "no JSON"
    assert len((await get(client, "/messages"))["messages"]) == 3


def an_alarm(**more: Any) -> Alarm:  # noqa: ANN401 — the alarm's own
    """Return a raised alarm."""
    return Alarm(
        id="cold_room.air_high-real-1800000000000",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device="tasmota:a",
        run="real",
        priority="medium",
        raised_at=WALL,
        texts={"fr": "trop chaud", "en": "too warm"},
        **more,
    )


async def test_an_alarm_is_acknowledged_with_a_comment(hub: FakeHub, client: Client) -> None:
    """Unacknowledged, then acknowledged, in the reader's language."""
    alarm = an_alarm()
    hub.known_alarms[alarm.id] = alarm
    english = {"Accept-Language": "en"}
    (before,) = (await get(client, "/alarms", headers=english))["alarms"]
    assert (before["state"], before["text"]) == ("unacknowledged", "too warm")
    async with client.post(f"{API}/alarms/{alarm.id}/acknowledge", json={"comment": "door shut"}) as response:
        after = await response.json()
    assert (after["state"], after["comment"]) == ("acknowledged", "door shut")
    assert after["acknowledged_by"] == "facilitator"
    async with client.post(f"{API}/alarms/nothing/acknowledge", headers=english) as response:
        told = await response.json()
    assert (response.status, told["remedy"]) == (404, f"See the list at {API}/alarms.")


async def test_an_alarm_says_who_acknowledged_it(hub: FakeHub, client: Client) -> None:
    """By the name they give."""
    hub.known_alarms["a"] = msgspec.structs.replace(an_alarm(), id="a")
    said = {"comment": "door shut", "by": "  Marie "}
    async with client.post(f"{API}/alarms/a/acknowledge", json=said) as response:
        assert (await response.json())["acknowledged_by"] == "Marie"


async def test_an_alarm_is_set_aside_until_its_end(hub: FakeHub, client: Client) -> None:
    """State shelved with its end and who, and taken back; a time without end is refused."""
    hub.known_alarms["a"] = msgspec.structs.replace(an_alarm(), id="a")
    async with client.post(f"{API}/alarms/a/shelve", json={"duration_s": 3600, "by": "Marie"}) as response:
        after = await response.json()
    assert (after["state"], after["shelved_by"]) == ("shelved", "Marie")
    assert after["shelved_until"] is not None
    async with client.post(f"{API}/alarms/a/unshelve") as response:
        assert (await response.json())["state"] == "unacknowledged"
    for wrong in ({}, {"duration_s": 0}, {"duration_s": 1e9}):
        async with client.post(f"{API}/alarms/a/shelve", json=wrong) as response:
            assert response.status == 400
    async with client.post(f"{API}/alarms/b/shelve", json={"duration_s": 60}) as response:
        assert response.status == 404


async def test_an_alarm_answers_why(hub: FakeHub, client: Client) -> None:
    """Whoever reads may ask."""
    hub.known_alarms["a"] = msgspec.structs.replace(an_alarm(), id="a")
    assert (await get(client, "/alarms/a/why"))["alarm"] == "a"
    async with client.get(f"{API}/alarms/b/why") as response:
        assert response.status == 404


async def test_an_alarm_tells_its_steps(hub: FakeHub, client: Client) -> None:
    """Who did what, when, in their words."""
    seen = an_alarm(acknowledged_at=WALL + NS, acknowledged_by="Léa", comment="door shut", returned_at=WALL + 2 * NS)
    hub.known_alarms[seen.id] = seen
    told = await get(client, f"/alarms/{seen.id}")
    assert told["state"] == "normal"
    assert [(each["step"], each["by"], each["comment"]) for each in told["transitions"]] == [
        ("raised", None, None),
        ("acknowledged", "Léa", "door shut"),
        ("returned", None, None),
    ]
    assert told["transitions"][0]["at"] == "2027-01-15T08:00:00Z"
    assert "/api/v1/alarms" in (await get(client, "/alarms/nothing", 404))["remedy"]


def some_alarms() -> dict[str, Alarm]:
    """Return three alarms, a second apart."""
    return {
        rule: msgspec.structs.replace(an_alarm(), id=rule, rule=rule, raised_at=WALL - age * NS, **more)
        for rule, age, more in (
            ("a", 30, {"device": "tasmota:b"}),
            ("b", 20, {"priority": "critical"}),
            ("c", 10, {"acknowledged_at": WALL, "comment": "porte"}),
        )
    }


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("", ["c", "b", "a"]),
        ("?usecase=silo", []),
        ("?rule=a", ["a"]),
        ("?device=kitchen", ["a"]),
        ("?priority=critical,low", ["b"]),
        ("?state=unacknowledged", ["b", "a"]),
        ("?start=-25s&stop=-15s", ["b"]),
        ("?start=2027-01-15T07:59:45Z", ["c"]),
        ("?search=PORTE", ["c"]),
        ("?limit=2", ["c", "b"]),
        ("?limit=2&cursor=2", ["a"]),
    ],
)
async def test_the_alarm_journal_is_searched(hub: FakeHub, client: Client, query: str, rules: list[str]) -> None:
    """By what one knows of an alarm; a span counts from the now of the alarm's run."""
    hub.known_alarms = some_alarms()
    hub.aliases = {"kitchen": "tasmota:b"}
    assert [each["rule"] for each in (await get(client, f"/alarms{query}"))["alarms"]] == rules


@pytest.mark.parametrize(
    "query", ["state=over", "priority=high,loud", "limit=0", "start=soon", "dialect=de", "color=1"]
)
async def test_a_slip_in_a_search_is_named(client: Client, query: str) -> None:
    """A filter that nobody reads would show too much."""
    assert query.partition("=")[0] in (await get(client, f"/alarms?{query}", 400))["detail"]


async def test_the_alarm_journal_is_a_table(hub: FakeHub, client: Client) -> None:
    """The same choice as CSV, page by page; for a French spreadsheet on demand."""
    hub.known_alarms = some_alarms()
    table = {"Accept": "text/csv", "Accept-Language": "fr"}
    async with client.get(f"{API}/alarms?limit=2&dialect=fr", headers=table) as response:
        lines = (await response.text("utf-8")).splitlines()
        assert response.content_type == "text/csv"
        assert "cursor=2" in response.headers["Link"]
    assert [line.split(";")[2] for line in lines] == ["rule", "c", "b"]
    assert lines[1].endswith(";trop chaud")


async def test_a_link_to_the_table_is_enough(hub: FakeHub, client: Client) -> None:
    """A link on a page sets no header."""
    hub.known_alarms = some_alarms()
    async with client.get(f"{API}/alarms?format=csv&rule=a") as response:
        assert (await response.text()).count("\r\n") == 2


async def test_use_cases_are_listed_and_described(client: Client) -> None:
    """An unknown one says where the list is."""
    assert (await get(client, "/usecases"))["usecases"][0]["name"] == "cold_room"
    assert (await get(client, "/usecases/cold_room"))["title"]["en"] == "Cold room"
    assert "/api/v1/usecases" in (await get(client, "/usecases/moon", 404))["remedy"]


def ndjson(*lines: object) -> bytes:
    """Return one JSON document a line."""
    return b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)


ANNOUNCEMENT = {
    "run": RUN,
    "scenario": "cold_room",
    "seed": 7,
    "speed": 1,
    "state": "running",
    "wall": "2027-01-15T08:00:00Z",
    "simulated": "2027-01-15T07:30:00Z",
    "simulated_by": "tests",
}


async def test_the_import_door_takes_a_run_after_its_commit(hub: FakeHub, client: Client) -> None:
    """The announcement, then messages with their simulated time."""
    body = ndjson(
        ANNOUNCEMENT,
        {"topic": "tele/sim-a/SENSOR", "payload": "{}", "time": "2027-01-14T08:00:00.5+01:00"},
        {"topic": "tele/sim-a/RAW", "payload_hex": "ff00", "time": "2027-01-14T08:00:01Z"},
        b"",
    )
    async with client.post(f"{API}/runs/{RUN}/messages", data=body, headers=BEARER) as response:
        assert await response.json() == {"accepted": 2, "position": 3}
    opening, first, second = hub.journal
    assert opening.topic == f"matinales/sim/{RUN}"
    assert json.loads(opening.payload) == ANNOUNCEMENT
    assert (first.run, first.source, first.received) == (RUN, Source.IMPORT, WALL)
    assert first.time == WALL - 25 * HOUR + NS // 2
    assert second.payload == b"\xff\x00"


async def test_each_bad_line_is_named_and_nothing_is_taken(hub: FakeHub, client: Client) -> None:
    """Whole or not at all: the sender corrects and sends again."""
    good = {"topic": "tele/sim-a/SENSOR", "payload": "{}", "time": "2027-01-14T08:00:00Z"}
    bad = [
        b"{",
        good | {"time": "08:00"},
        good | {"payload_hex": "00"},
        {"topic": "t", "time": good["time"]},
        good | {"topic": "a/#"},
        good | {"topic": "matinales/sim/x"},
        {"topic": "t", "time": good["time"], "payload_hex": "xy"},
        b'{"topic":"\\ud800","time":"2027-01-14T08:00:00Z","payload":""}',
        b"[" * 100_000,
    ]
    body = ndjson(ANNOUNCEMENT, good, *bad)
    async with client.post(f"{API}/runs/{RUN}/messages", data=body, headers=BEARER) as response:
        assert response.status == 400
        problem = await response.json(content_type=None)
    assert [each["line"] for each in problem["lines"]] == list(range(3, 3 + len(bad)))
    assert all(each["reason"] for each in problem["lines"])
    assert hub.journal == []


@pytest.mark.parametrize(
    ("run", "body", "status"),
    [
        ("other-run", ndjson(ANNOUNCEMENT), 400),
        ("Ünsafe", ndjson(ANNOUNCEMENT), 400),
        (RUN, b"", 400),
        (RUN, b"x" * (1024 * 1024 + 1), 413),
    ],
)
async def test_the_import_door_refuses_what_it_cannot_place(
    hub: FakeHub, client: Client, run: str, body: bytes, status: int
) -> None:
    """Another run's announcement, no announcement, more than 1 MiB."""
    async with client.post(f"{API}/runs/{run}/messages", data=io.BytesIO(body), headers=BEARER) as response:
        assert response.status == status
        assert (await response.json(content_type=None))["remedy"]
    assert hub.journal == []


async def test_a_compressed_body_is_not_unpacked(client: Client) -> None:
    """A bomb stays a small box."""
    headers = {**BEARER, "Content-Encoding": "gzip"}
    async with client.post(f"{API}/runs/{RUN}/messages", data=b"\x1f\x8b", headers=headers) as response:
        assert response.status in {400, 415}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"pin": 5}', b"[" * 100_000, b'{"pin": NaN}', b"\xff"])
async def test_a_bad_body_is_told_with_the_shape_wanted(client: Client, body: bytes) -> None:
    """JSON 100,000 deep, NaN and bytes that are no text included."""
    async with client.post(f"{API}/login", data=body) as response:
        assert response.status == 400
        assert "pin" in (await response.json(content_type=None))["remedy"]


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api", "/assets/none.js"])
async def test_an_address_that_does_not_exist_says_where_to_start(client: Client, path: str) -> None:
    """404 with a remedy."""
    async with client.get(path) as response:
        assert response.status == 404
        assert (await response.json(content_type=None))["remedy"]


async def test_a_browser_gets_a_plain_page_instead_of_json(client: Client) -> None:
    """Never a trace, and a name cannot write HTML."""
    async with client.get("/<script>", headers={"Accept": "text/html"}) as response:
        text = await response.text()
    assert response.content_type == "text/html"
    assert "<script>" not in text


async def test_a_wrong_method_names_the_right_one(client: Client) -> None:
    """405."""
    async with client.delete(f"{API}/devices") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD"


async def test_a_handler_that_fails_shows_no_trace(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 in plain words; the others go on."""

    def fail() -> None:
        msg = "secret detail"
        raise RuntimeError(msg)

    monkeypatch.setattr(hub.live, "device_views", fail)
    async with client.get(f"{API}/devices") as response:
        assert response.status == 500
        assert "secret" not in await response.text()
    assert (await get(client, "/alarms"))["alarms"] == []


async def test_health_is_200_even_when_degraded(hub: FakeHub, client: Client) -> None:
    """The hub itself answers."""
    hub.live.apply(Batch(parts={"broker": {"status": "ok"}, "store": {"status": "degraded"}}))
    async with client.get("/health") as response:
        health = await response.json()
    assert response.status == 200
    assert health["status"] == "degraded"
    assert health["parts"]["broker"]["status"] == "ok"
    assert health["counters"]["messages_total"] == 0


async def test_history_is_read_outside_the_event_loop(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow store holds up nobody."""
    started, finish = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    ordinary = hub.history.series

    def slow(*arguments: Any) -> Any:  # noqa: ANN401 — passed through
        loop.call_soon_threadsafe(started.set)
        assert finish.wait(30)
        return ordinary(*arguments)

    monkeypatch.setattr(hub.history, "series", slow)
    asked = asyncio.create_task(get(client, "/series?device=a"))
    await started.wait()
    assert (await get(client, "/devices"))["devices"] == []
    finish.set()
    assert (await asked)["series"] == []


async def test_more_charts_than_helpers_that_wait_for_the_store_leave_some_for_the_page(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """InfluxDB takes ten seconds, and six charts are open: whatever else takes a helper is answered meanwhile."""
    asyncio.get_running_loop().set_default_executor(helpers())
    came, all_came, finish = [0], asyncio.Event(), threading.Event()

    def resolve(name: str) -> str:
        came[0] += 1
        if came[0] == HELPERS:
            all_came.set()
        return name

    def series(*_: object) -> list[Series]:
        assert finish.wait(30)
        return []

    monkeypatch.setattr(hub, "resolve", resolve)
    monkeypatch.setattr(hub.history, "series", series)
    charts = [asyncio.create_task(get(client, "/series?device=a")) for _ in range(HELPERS)]
    await all_came.wait()
    try:
        assert (await asyncio.wait_for(get(client, "/openapi.json"), 10))["openapi"]
    finally:
        finish.set()
    assert all(each["series"] == [] for each in await asyncio.gather(*charts))


@pytest.mark.parametrize(
    ("question", "made_by"),
    [
        ("/readings?limit=10000", ("_of_survivor", "_row")),
        ("/readings?limit=10000&aggregate=count&every=1s", ("_one_a_window", "_row")),
        ("/readings?limit=10000&format=csv", ("_of_survivor", "csv_lines")),
        ("/series?device=tasmota:a", ("joined", "_series")),
        ("/series?device=tasmota:a&format=csv", ("joined", "series_lines")),
    ],
)
async def test_a_long_answer_is_made_outside_the_event_loop(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch, question: str, made_by: tuple[str, ...]
) -> None:
    """Ten thousand rows take a tenth of a second: whoever asks for them again and again holds up nobody's page."""
    hub.speak("tasmota:a", "temperature", 4.0)
    made: list[tuple[str, int]] = []

    def seen(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 — passed through
            made.append((name, threading.get_ident()))
            return real(*arguments, **more)

        return call

    for name in made_by:
        monkeypatch.setattr(history_api, name, seen(name, getattr(history_api, name)))
    async with client.get(API + question) as response:
        assert response.status == 200
    assert {name for name, _ in made} == {*made_by}
    assert threading.get_ident() not in {thread for _, thread in made}


async def test_the_api_describes_itself(client: Client) -> None:
    """Every address of the API with its parameters, and nothing that is not there."""
    document = await get(client, "/openapi.json")
    assert document["openapi"] == "3.1.0"
    readings = document["paths"]["/api/v1/readings"]["get"]
    assert {each["name"] for each in readings["parameters"]} >= {"device", "start", "cursor", "aggregate"}
    speed = document["paths"]["/api/v1/scenario/speed"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert document["components"]["schemas"][speed["$ref"].rpartition("/")[2]]["required"] == ["speed"]
    assert all(operation["summary"] for path in document["paths"].values() for operation in path.values())


JUNK = [
    b"GARBAGE\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: \x01;;;=\r\n\r\n",
    b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000000\r\n\r\n{",
]


async def raw(client: Client, content: bytes) -> bytes:
    """Return the first line of the answer to raw bytes."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(content)
    try:
        async with asyncio.timeout(30):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_what_is_no_http_is_refused_without_filling_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """Counted, not told at length; 200 MB are refused before they come."""
    caplog.set_level("INFO")
    answers = [(await raw(client, junk)).split(b" ")[1] for junk in JUNK]
    assert answers == [b"400"] * 7 + [b"415", b"413"]
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []
    assert (await get(client, "/devices"))["devices"] == []


async def test_a_body_that_does_not_come_holds_nobody_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """408 after a while."""
    monkeypatch.setattr("hub.web.query.PATIENCE_S", 0.05)
    request = b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 20\r\n\r\n{"
    assert b" 408 " in await raw(client, request)
