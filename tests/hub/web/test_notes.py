"""Notes over the API: the facilitator writes, the room reads what is its own, refusals say what to change."""

from typing import Any

import pytest

from hub.workshop.session import Wish
from servers.web import Client, FakeHub, Serve

API = "/api/v1"
RUN = "cold_room-20270115-080000-ab12"


async def ask(
    client: Client, method: str, path: str, body: object = None, *, status: int = 200, lang: str = "en"
) -> dict[str, Any]:
    """Return what the API answers."""
    headers = {"Accept-Language": lang}
    async with client.request(method, API + path, json=body, headers=headers) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


async def texts(client: Client, query: str = "") -> list[str]:
    """Return the notes that a client is shown."""
    return [each["text"] for each in (await ask(client, "GET", f"/notes{query}"))["notes"]]


async def test_a_note_stands_at_the_moment_it_is_about(client: Client) -> None:
    """Now unless told; a span counts from the now of the run."""
    await ask(client, "POST", "/notes", {"text": "door opened", "author": "Zoé"}, status=201)
    await ask(client, "POST", "/notes", {"text": "delivery", "time": "-15m"}, status=201)
    await ask(client, "POST", "/notes", {"text": "frost", "time": "2027-01-15T03:00:00+01:00"}, status=201)
    found = (await ask(client, "GET", "/notes"))["notes"]
    assert [(each["time"], each["text"], each["author"]) for each in found] == [
        ("2027-01-15T02:00:00Z", "frost", None),
        ("2027-01-15T07:45:00Z", "delivery", None),
        ("2027-01-15T08:00:00Z", "door opened", "Zoé"),
    ]
    assert await texts(client, "?start=-1h&stop=-5m") == ["delivery"]


async def test_a_note_goes_to_the_run_of_what_it_is_about(hub: FakeHub, client: Client) -> None:
    """A device's own, a story's, the one on the wall, or the one that is named."""
    hub.play(RUN)
    hub.speak("tasmota:probe", "temperature", 3.0, run=RUN)
    about = {"device": "tasmota:probe", "channel": "temperature"}
    given = await ask(client, "POST", "/notes", {"text": "a", **about}, status=201)
    assert (given["run"], given["simulated"], given["device"], given["channel"]) == (RUN, True, *about.values())
    for wish, run in (({"usecase": "cold_room"}, "real"), ({}, "real"), ({"run": RUN}, RUN)):
        assert (await ask(client, "POST", "/notes", {"text": "b", **wish}, status=201))["run"] == run
    assert await texts(client, f"?run={RUN}") == ["a", "b"]


async def test_the_room_reads_its_own_notes_and_writes_none(hub: FakeHub, serve: Serve) -> None:
    """What is over, and tables to take home, are the facilitator's."""
    facilitator, phone = await serve(hub), await serve(hub, lan=True)
    hub.sittings.desk.start(Wish(title="Bakers"))
    name = (await ask(facilitator, "POST", "/notes", {"text": "a"}, status=201))["id"]
    assert await texts(phone) == ["a"]
    refused = await ask(phone, "POST", "/notes", {"text": "b"}, status=403)
    assert "PIN" in refused["remedy"]
    await ask(phone, "DELETE", f"/notes/{name}", status=403)
    await ask(phone, "GET", "/notes?session=s1", status=403)
    await ask(phone, "GET", "/notes?format=csv", status=403)
    assert await texts(facilitator) == ["a"]


async def test_notes_are_read_in_their_session_and_gone_with_it(hub: FakeHub, client: Client) -> None:
    """Also once it is archived; a new session begins without."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    await ask(client, "POST", "/notes", {"text": "a"}, status=201)
    await ask(client, "POST", "/sessions/s1/reset", status=201)
    assert (await texts(client), await texts(client, "?session=s1")) == ([], ["a"])
    assert [each["text"] for each in (await ask(client, "GET", "/sessions/s1"))["notes"]] == ["a"]
    await ask(client, "DELETE", "/sessions/s1")
    await ask(client, "GET", "/notes?session=s1", status=404)


async def test_a_note_is_taken_away_for_ever(client: Client) -> None:
    """Again, there is none of that name."""
    name = (await ask(client, "POST", "/notes", {"text": "a"}, status=201))["id"]
    assert await ask(client, "DELETE", f"/notes/{name}") == {"id": name, "removed": True}
    assert await texts(client) == []
    await ask(client, "DELETE", f"/notes/{name}", status=404)


async def test_notes_come_as_a_table(client: Client) -> None:
    """By a link as by a header."""
    await ask(client, "POST", "/notes", {"text": "été"}, status=201)
    async with client.get(f"{API}/notes?format=csv&dialect=fr") as response:
        assert response.content_type == "text/csv"
        assert ";été;" in (await response.read()).decode("utf-8-sig")
    async with client.get(f"{API}/notes", headers={"Accept": "text/csv"}) as response:
        assert ",été," in await response.text()


@pytest.mark.parametrize(
    ("wish", "status", "en", "fr"),
    [
        ({"text": " "}, 400, "needs a text", "besoin d'un texte"),
        ({"text": "x" * 281}, 400, "up to 280", "au plus 280"),
        ({"text": "x", "time": "yesterday"}, 400, "-24h", "-15m"),
        ({"text": "x", "time": "2028-01-01T00:00:00Z"}, 400, "not in the past", "pas dans le passé"),
        ({"text": "x", "run": "nope"}, 400, "no run 'nope'", "aucun déroulement 'nope'"),
        ({"text": "x", "usecase": "nope"}, 404, "nope", "nope"),
        ({"text": "x", "device": "a:b"}, 404, "No device", "Aucun objet"),
        ({"text": "x", "channel": "temperature"}, 400, "no channel", "pas de voie"),
        ({"text": "x", "colour": "red"}, 400, "colour", "colour"),
        ({}, 400, "text", "text"),
        ([], 400, "object", "object"),
    ],
)
async def test_what_cannot_be_noted_is_refused_in_both_languages(
    client: Client, wish: object, status: int, en: str, fr: str
) -> None:
    """With what to change; nothing is kept."""
    assert en in (await ask(client, "POST", "/notes", wish, status=status))["detail"]
    assert fr in (await ask(client, "POST", "/notes", wish, status=status, lang="fr"))["detail"]
    assert await texts(client) == []
