"""Workshop sessions over the API: deeds, refusals, who may ask, and what of the past is a session's."""

from typing import Any

import pytest
from msgspec import structs

from hub.live import Batch
from hub.model import NS, Alarm
from hub.workshop.session import Span
from hub.workshop.veil import Veil
from servers.web import WALL, Client, FakeHistory, FakeHub, Serve, reading

API = "/api/v1"
WISH = {"title": "Bakers", "place": "Nantes", "purge": "2027-02-01"}
ENGLISH = {"Accept-Language": "en"}
SPOKEN = Alarm(
    id="a",
    usecase="u",
    rule="r",
    measure="m",
    device="d",
    run="real",
    priority="low",
    raised_at=WALL,
    texts={"en": "Warm"},
    acknowledged_at=WALL,
    acknowledged_by="Sidonie",
    comment="I close the door",
)
OVER = Veil(["s0"], [Span("real", WALL, WALL + 1)])
"""Of a session in which that was said."""


async def ask(client: Client, method: str, path: str, body: object = None, *, status: int = 200) -> dict[str, Any]:
    """Return what the API answers."""
    async with client.request(method, API + path, json=body, headers=ENGLISH) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


async def test_a_session_is_started_paused_resumed_reset_and_archived(client: Client) -> None:
    """Each answer is the session as it is then; a reset's is the new one's."""
    assert (await ask(client, "GET", "/sessions"))["current"] is None
    first = await ask(client, "POST", "/sessions", WISH, status=201)
    assert (first["id"], first["title"], first["state"], first["purge"]) == ("s1", "Bakers", "open", "2027-02-01")
    assert (await ask(client, "POST", "/sessions/s1/pause"))["state"] == "paused"
    assert (await ask(client, "POST", "/sessions/s1/resume"))["state"] == "open"
    assert (await ask(client, "POST", "/sessions/s1/reset", status=201))["title"] == "Bakers"
    assert (await ask(client, "POST", "/sessions/s2/reset", {"title": "Noon"}, status=201))["id"] == "s3"
    assert (await ask(client, "POST", "/sessions/s3/archive"))["state"] == "archived"
    told = await ask(client, "GET", "/sessions")
    assert ([each["id"] for each in told["sessions"]], told["current"]) == (["s3", "s2", "s1"], None)
    assert (await ask(client, "GET", "/sessions/s1"))["state"] == "archived"
    assert (await ask(client, "DELETE", "/sessions/s1"))["purged"] is True
    await ask(client, "GET", "/sessions/s1", status=404)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({}, "title"),
        ({"title": ""}, "needs a title"),
        ({"title": "a", "purge": "tomorrow"}, "2026-12-24"),
        ({"title": "a", "colour": "red"}, "colour"),
        ([], "object"),
    ],
)
async def test_a_wish_that_is_none_is_refused(client: Client, wish: object, said: str) -> None:
    """With what to write; nothing is started."""
    assert said in (await ask(client, "POST", "/sessions", wish, status=400))["detail"]
    assert (await ask(client, "GET", "/sessions"))["sessions"] == []


async def test_what_cannot_be_done_is_refused_with_the_way_on(client: Client) -> None:
    """A second one, one that is over, one that never was."""
    await ask(client, "POST", "/sessions", WISH, status=201)
    assert "archive it, or reset it" in (await ask(client, "POST", "/sessions", WISH, status=400))["detail"]
    await ask(client, "POST", "/sessions/s1/archive")
    assert "start a new one" in (await ask(client, "POST", "/sessions/s1/resume", status=400))["detail"]
    for method, path in (("POST", "/sessions/nope/pause"), ("DELETE", "/sessions/nope"), ("GET", "/alarms?session=x")):
        await ask(client, method, path, status=404)


async def test_readings_of_a_session_lie_between_its_records(hub: FakeHub, client: Client) -> None:
    """On the living store until the archive is complete; questions of a shorter time are cut to it."""
    for second in range(6):
        hub.speak("tasmota:probe", "temperature", float(second), time=WALL + second * NS)
    for path in ("/sessions", "/sessions/s1/pause", "/sessions/s1/resume"):  # at the seconds 1, 2 and 3
        await ask(
            client, "POST", path, WISH if path == "/sessions" else None, status=201 if path == "/sessions" else 200
        )
    await ask(client, "POST", "/sessions/s1/archive")  # at second 4

    async def values(query: str) -> list[float]:
        found = await ask(client, "GET", f"/readings?session=s1{query}")
        return [each["value"] for each in found["readings"]]

    assert await values("") == [1, 2, 3]
    assert await values("&device=tasmota:probe&stop=2027-01-15T08:00:03Z") == [1, 2]
    assert await values("&run=another") == []
    series = await ask(client, "GET", "/series?session=s1")
    assert [each["v"] for each in series["series"]] == [[1, 2, 3]]


async def test_readings_of_an_archived_session_come_from_its_archive(hub: FakeHub, client: Client) -> None:
    """Whatever retention left in the store."""
    archive = FakeHistory()
    archive.write([reading("tasmota:probe", "temperature", 7.0, time=WALL + NS)])
    hub.sittings.archive = archive
    await ask(client, "POST", "/sessions", WISH, status=201)
    counted = await ask(client, "GET", "/readings?session=s1&aggregate=count")
    assert [(each["device"], each["value"]) for each in counted["readings"]] == [("tasmota:probe", 1)]


async def test_alarms_of_a_session_are_its_own(hub: FakeHub, client: Client) -> None:
    """No other alarm is among them."""
    texts = {"fr": "Chaud", "en": "Warm"}
    alarm = Alarm(
        id="a", usecase="u", rule="r", measure="m", device="d", run="real", priority="low", raised_at=WALL, texts=texts
    )
    hub.known_alarms["other"] = alarm
    await ask(client, "POST", "/sessions", WISH, status=201)
    assert (await ask(client, "GET", "/alarms?session=s1"))["alarms"] == []
    hub.sittings.raised = [alarm]
    assert [each["id"] for each in (await ask(client, "GET", "/alarms?session=s1&limit=5"))["alarms"]] == ["a"]


@pytest.mark.parametrize(
    "path", ["/readings?session=s1", "/series?session=s1", "/alarms?session=s1", "/sessions", "/sessions/s1/report"]
)
async def test_who_only_watches_sees_no_session(hub: FakeHub, serve: Serve, path: str) -> None:
    """What another room did yesterday is the facilitator's."""
    client: Client = await serve(hub, lan=True)
    assert "remedy" in await ask(client, "GET", path, status=403)
    await ask(client, "GET", path.partition("?")[0], status=403 if path.startswith("/sessions") else 200)


async def test_what_was_typed_in_a_workshop_that_is_over_is_not_told_to_the_next_room(
    hub: FakeHub, serve: Serve
) -> None:
    """Neither who acknowledged nor what they wrote, whichever way it is asked; the facilitator reads it as ever."""
    hub.known_alarms["a"] = SPOKEN
    hub.live.veil = OVER
    hub.live.apply(Batch(alarms=[SPOKEN]))
    everywhere = ("/alarms", "/alarms?format=csv", "/alarms/a")
    for whose, told in (await serve(hub, lan=True), False), (await serve(hub), True):
        for path in everywhere:
            async with whose.get(API + path) as response:
                text = await response.text()
            assert (response.status, "Sidonie" in text, "I close" in text) == (200, told, told), path
        async with whose.ws_connect("/live") as screen:
            assert "I close" not in await screen.receive_str(), "every screen may be seen by the room"


@pytest.mark.parametrize(("search", "found"), [("sid", []), ("I close", []), ("warm", ["a"])])
async def test_what_is_not_told_is_not_found_either(hub: FakeHub, serve: Serve, search: str, found: list[str]) -> None:
    """Else a phone reads it letter by letter; the facilitator finds it."""
    hub.known_alarms["a"] = SPOKEN
    hub.live.veil = OVER
    for whose, wanted in (await serve(hub, lan=True), found), (await serve(hub), ["a"]):
        told = await ask(whose, "GET", f"/alarms?search={search}")
        assert [each["id"] for each in told["alarms"]] == wanted


async def test_each_step_of_an_alarm_is_of_the_workshop_in_which_it_was_taken(hub: FakeHub, serve: Serve) -> None:
    """Somebody acknowledged in one that is over, and somebody set it aside today; or the other way round."""
    today = WALL + 10
    shelved = {"shelved_until": today + 99, "shelved_at": today, "shelved_by": "Marie"}
    hub.known_alarms["a"] = structs.replace(SPOKEN, **shelved)
    hub.known_alarms["b"] = structs.replace(SPOKEN, id="b", acknowledged_at=today, **shelved | {"shelved_at": WALL})
    hub.live.veil = OVER
    room: Client = await serve(hub, lan=True)
    steps = {
        name: {
            each["step"]: (each["by"], each["comment"])
            for each in (await ask(room, "GET", f"/alarms/{name}"))["transitions"]
        }
        for name in "ab"
    }
    nobody = (None, None)
    assert steps["a"] == {"raised": nobody, "acknowledged": nobody, "shelved": ("Marie", None)}
    assert steps["b"] == {"raised": nobody, "acknowledged": ("Sidonie", "I close the door"), "shelved": nobody}


@pytest.mark.parametrize(
    ("asked", "kind", "language", "begins"),
    [
        ("", "text/html", "en", b"<!doctype html>"),
        ("?format=html&lang=fr", "text/html", "fr", b"<!doctype html>"),
        ("?format=pdf&lang=fr", "application/pdf", "fr", b"%PDF-"),
    ],
)
async def test_a_report_is_downloaded_in_the_form_and_language_asked_for(
    client: Client, asked: str, kind: str, language: str, begins: bytes
) -> None:
    """A file with a name; no proxy keeps it."""
    await ask(client, "POST", "/sessions", WISH, status=201)
    async with client.get(f"{API}/sessions/s1/report{asked}", headers={"Accept-Language": "en"}) as response:
        body = await response.read()
        assert (response.status, response.content_type) == (200, kind)
        assert response.headers["Content-Language"] == language
        assert f"matinales-s1-{language}." in response.headers["Content-Disposition"]
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["Cache-Control"] == "no-store"
    assert body.lstrip().startswith(begins)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sessions/nope/report", 404), ("/sessions/s1/report?format=docx", 400), ("/sessions/s1/report?lang=de", 400)],
)
async def test_a_report_that_cannot_be_made_is_refused(client: Client, path: str, status: int) -> None:
    """With the remedy."""
    await ask(client, "POST", "/sessions", WISH, status=201)
    assert "remedy" in await ask(client, "GET", path, status=status)


async def test_plan_b_is_one_press(client: Client) -> None:
    """The newest recording unless one is named; another press stops it; erasing what plays stops it too."""
    assert (await ask(client, "POST", "/replay", status=202))["session"] == "newest"
    assert (await ask(client, "GET", "/sessions"))["playing"] == "newest"
    assert await ask(client, "DELETE", "/replay") == {"playing": None}
    assert (await ask(client, "POST", "/replay", {"session": "s1", "speed": 10}, status=202))["speed"] == 10
    await ask(client, "POST", "/sessions", WISH, status=201)
    await ask(client, "DELETE", "/sessions/s1")
    assert (await ask(client, "GET", "/sessions"))["playing"] is None


@pytest.mark.parametrize(("body", "status"), [({"speed": 0}, 400), ({"speed": 61}, 400), ({"session": "nope"}, 404)])
async def test_what_cannot_be_played_is_refused(client: Client, body: object, status: int) -> None:
    """As the other speeds are."""
    await ask(client, "POST", "/replay", body, status=status)
