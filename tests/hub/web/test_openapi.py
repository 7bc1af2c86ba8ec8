"""The description says of each address what it takes, what it gives, and what can go wrong."""

import json
from typing import Any

import jsonschema_rs
import pytest

from hub.model import NS, Action, Heard
from hub.web.accept import best
from hub.web.gives import given
from hub.web.openapi import PLACEHOLDER, TAGS
from hub.web.parameters import PATHS, QUERY
from hub.web.routes import ROUTES
from servers.answers import DIALECT, described
from servers.web import WALL, Client, FakeHub

API = "/api/v1"
OURS = [route for route in ROUTES if route.path.startswith("/api/") or route.path in {"/health", "/metrics", "/live"}]


@pytest.mark.parametrize("route", OURS, ids=lambda route: f"{route.method} {route.path}")
def test_every_address_says_what_it_answers(route: Any) -> None:  # noqa: ANN401 — a Route
    """One that was added without `@gives` beside its handler is found here."""
    said = given(route.handler)
    assert said is not None, f"write @gives(…) over {route.handler.__module__}.{route.handler.__name__}"
    assert said.socket or said.kind is not None or said.media or said.status == 204
    assert {*PLACEHOLDER.findall(route.path)} <= PATHS.keys()
    assert {*(route.query or ())} <= QUERY.keys() | said.narrowed.keys()


def operations() -> list[tuple[str, dict[str, Any]]]:
    """Return each operation with where it stands."""
    paths = described()["paths"].items()
    return [(f"{method} {path}", each) for path, methods in paths for method, each in methods.items()]


def test_each_operation_can_be_told_apart_and_found() -> None:
    """By an id of its own, and a tag that is described."""
    names = [each["operationId"] for _, each in operations()]
    assert len({*names}) == len(names) > 100
    for where, each in operations():
        assert {*each["tags"]} <= TAGS.keys(), where
        assert each["summary"], where


def test_each_operation_tells_its_answers_and_problems() -> None:
    """A success with its content, refusals as problem+json, no catch-all that would hide one."""
    for where, each in operations():
        statuses = {int(status) for status in each["responses"]}
        assert any(status < 300 for status in statuses), where
        assert {400, 403, 429, 500, 503} <= statuses, where
        for status, said in each["responses"].items():
            assert int(status) in {204, 304} or said.get("content"), (where, status)


def test_every_schema_is_one() -> None:
    """Of the dialect that OpenAPI 3.1 takes, and every reference leads somewhere."""
    schemas = described()["components"]["schemas"]
    for name in schemas:
        jsonschema_rs.meta.validate(schemas[name])
        whole = {"$schema": DIALECT, "$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        jsonschema_rs.validator_for(whole)


def test_sockets_are_no_part_of_it() -> None:
    """AsyncAPI describes them."""
    assert not {"/live", "/phone", "/api/v1/runs/{run}/control"} & described()["paths"].keys()


async def test_the_description_is_asked_for_again_by_its_tag(client: Client) -> None:
    """304 while the hub is the same; another tag gets it whole."""
    first = await client.get(f"{API}/openapi.json")
    assert json.loads(await first.text())["openapi"] == "3.1.0"
    tag = first.headers["ETag"]
    for asked, status in ((tag, 304), (f'W/{tag}, "x"', 304), ('"x"', 200), ("*", 304)):
        assert (await client.get(f"{API}/openapi.json", headers={"If-None-Match": asked})).status == status


async def test_devices_bear_a_tag_that_changes_with_them(hub: FakeHub, client: Client) -> None:
    """A program that polls is told in a few bytes that nothing is new."""
    hub.speak("tasmota:kitchen", "temperature", 21.7)
    tag = (await client.get(f"{API}/devices")).headers["ETag"]
    assert (await client.get(f"{API}/devices", headers={"If-None-Match": tag})).status == 304
    hub.speak("tasmota:kitchen", "temperature", 22.0, time=WALL + NS)
    assert (await client.get(f"{API}/devices", headers={"If-None-Match": tag})).status == 200


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json", "application/json"),
        ("text/csv, application/json;q=0.9", "text/csv"),
        ("text/*, application/json;q=0.4", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("TEXT/CSV; header=present", "text/csv"),
        ("text/html, */*;q=0.1", "application/json"),
        ("image/png", None),
        ("text/csv;q=0", None),
        ("text/csv;q=much", None),
        (",;,", None),
    ],
)
def test_the_type_that_is_wanted_most_is_given(header: str | None, found: str | None) -> None:
    """By RFC 9110 §12.5.1: the most specific range counts, the first offer where all are alike."""
    assert best(header, ("application/json", "text/csv")) == found


async def test_a_type_that_is_not_given_is_told_with_those_that_are(client: Client) -> None:
    """406, as RFC 9457."""
    async with client.get(f"{API}/readings", headers={"Accept": "image/png", "Accept-Language": "fr"}) as answer:
        problem = await answer.json(content_type=None)
    assert (answer.status, problem["title"]) == (406, "Rien de ce type")
    assert "text/csv" in problem["remedy"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("DELETE", "/devices", 405),
        ("TRACE", "/devices", 405),
        ("PUT", "/nothing", 404),
        ("GET", "/imports", 405),
    ],
)
async def test_what_there_is_not_is_told_with_a_remedy(client: Client, method: str, path: str, status: int) -> None:
    """RFC 9457, with Allow where another method would do."""
    async with client.request(method, API + path) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert answer.status == problem["status"] == status
    assert problem["remedy"]
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/imports", "POST"), ("/devices/x", "DELETE, GET, HEAD, PATCH"), ("/usecases/x/roles/y", "DELETE, PUT")],
)
async def test_allow_names_what_the_api_takes_and_not_the_page(client: Client, path: str, allowed: str) -> None:
    """Behind every path lie the page's files, by GET."""
    async with client.options(API + path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, allowed)


async def pages(client: Client, path: str, name: str, member: str) -> list[Any]:
    """Return one member of all entries of a list, page by page of two."""
    found, cursor = [], ""
    for _ in range(10):
        answer = await (await client.get(f"{API}{path}?limit=2{cursor}")).json()
        found += [each[member] for each in answer[name]]
        if answer["next"] is None:
            return found
        cursor = f"&cursor={answer['next']}"
    raise AssertionError(found)


async def test_messages_come_in_pages(hub: FakeHub, client: Client) -> None:
    """Newest first, each once, those of one moment too."""
    for place in range(1, 6):
        heard = Heard(position=place, topic=f"t/{place}", received=WALL + place // 2, understood=False)
        hub.heard.append(heard)
    assert await pages(client, "/messages", "messages", "position") == [5, 4, 3, 2, 1]


async def test_notes_come_in_pages(client: Client) -> None:
    """The earliest moment first."""
    for minutes in (1, 2, 3):
        await client.post(f"{API}/notes", json={"text": f"n{minutes}", "time": f"-{minutes}m"})
    assert await pages(client, "/notes", "notes", "text") == ["n3", "n2", "n1"]


async def test_actions_come_in_pages(hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newest first."""

    async def actions(limit: int) -> list[Action]:
        return [Action(id=number, at=WALL, by="facilitator") for number in (5, 4, 3, 2, 1)][:limit]

    monkeypatch.setattr(hub, "actions", actions)
    assert await pages(client, "/actions", "actions", "id") == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("path", ["/messages", "/notes", "/actions"])
async def test_a_cursor_that_is_none_is_refused(client: Client, path: str) -> None:
    """With what to give."""
    async with client.get(f"{API}{path}?cursor=moon") as answer:
        assert answer.status == 400
        assert "next" in (await answer.json(content_type=None))["remedy"]
