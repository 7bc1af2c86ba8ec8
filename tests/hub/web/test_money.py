"""Hypotheses and prices over the API: anybody reads them, the facilitator changes them, within their bounds."""

from typing import Any

import pytest

from servers.web import Client, FakeHub


async def get(client: Client, path: str) -> Any:  # noqa: ANN401 — JSON
    """Return what the API answers."""
    return await (await client.get(f"/api/v1{path}")).json()


async def put(client: Client, path: str, body: object) -> tuple[int, Any]:
    """Return status and answer of a PUT."""
    answer = await client.put(f"/api/v1{path}", json=body, headers={"Accept-Language": "en"})
    return answer.status, await answer.json()


async def test_a_hypothesis_is_changed_and_read(client: Client) -> None:
    """Null gives it back."""
    assert await put(client, "/usecases/cold_room/hypotheses/stock", {"value": 4000}) == (
        200,
        {"hypotheses": {"stock": 4000}, "prices": {}},
    )
    assert (await get(client, "/usecases/cold_room/money?run=real"))["chosen"] == {"stock": 4000}
    assert (await put(client, "/usecases/cold_room/hypotheses/stock", {"value": None}))[1]["hypotheses"] == {}


async def test_the_hypotheses_of_a_session_are_asked_for_by_its_id(hub: FakeHub, client: Client) -> None:
    """Without it, those of the session that is on."""
    await get(client, "/usecases/cold_room/money?run=real")
    await get(client, "/usecases/cold_room/money?run=real&session=4f00")
    assert [session for _, session in hub.valued] == [None, "4f00"]


async def test_a_price_is_changed_and_given_back(client: Client) -> None:
    """It bears the day on which it was typed."""
    assert (await put(client, "/usecases/cold_room/materials/0", {"low": 9, "high": 12}))[1]["prices"]["0"]["low"] == 9
    assert (await put(client, "/usecases/cold_room/materials/0", {}))[1]["prices"] == {}


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("hypotheses/stock", {"value": 9000}, 400, "from 1500 to 5000"),
        ("hypotheses/stock", {"value": "much"}, 400, "float"),
        ("hypotheses/luck", {"value": 1}, 404, "it has stock"),
        ("materials/0", {"low": 9}, 400, "go together"),
        ("materials/0", {"low": 9, "high": 1}, 400, "no price range"),
        ("materials/77", {}, 404, "no material 77"),
        ("materials/x", {}, 404, "no material -1"),
    ],
)
async def test_what_cannot_be_is_refused_in_words(
    client: Client, path: str, body: object, status: int, words: str
) -> None:
    """With the bounds, or what there is."""
    found, problem = await put(client, f"/usecases/cold_room/{path}", body)
    assert found == status
    assert words in problem["detail"]


async def test_a_use_case_that_there_is_not_has_no_money(hub: FakeHub, client: Client) -> None:
    """And nothing was chosen."""
    assert (await client.get("/api/v1/usecases/bakery/money?run=real")).status == 404
    assert hub.chosen.hypotheses == {}
