"""What people do to devices over the API: shapes, refusals, and what of merged devices history gives."""

from typing import Any

import pytest
from msgspec.structs import replace
from yarl import URL

from hub.live import Batch
from hub.store.base import Series
from hub.web.api.history import joined
from servers.web import WALL, Client, FakeHub

API = "/api/v1"
PLUG = "tasmota:plug"


@pytest.fixture
def plug(hub: FakeHub) -> FakeHub:
    """Lend a hub that knows a plug by two names."""
    hub.aliases["mac:a0"] = PLUG
    hub.speak(PLUG, "switch", 0.0)
    return hub


async def ask(client: Client, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return what the API answers."""
    async with client.request(method, URL(API + path, encoded=True), json=body) as response:
        assert response.status == status, await response.text()
        answer: dict[str, Any] = await response.json(content_type=None)
        return answer


@pytest.mark.parametrize(
    ("request_line", "body", "asked"),
    [
        ("PATCH ", {"name": "Prise"}, ("change", PLUG, {"name": "Prise"}, "facilitator")),
        ("PATCH ", {"name": None, "room": ""}, ("change", PLUG, {"name": None, "room": ""}, "facilitator")),
        ("PATCH ", {"ignored": True}, ("change", PLUG, {"ignored": True}, "facilitator")),
        ("PATCH ", {"proposed": False}, ("change", PLUG, {"proposed": False}, "facilitator")),
        ("POST /merge", {"into": "tasmota:other"}, ("merge", PLUG, "tasmota:other", "facilitator")),
        ("POST /unmerge", None, ("unmerge", PLUG, "facilitator")),
    ],
)
async def test_an_action_answers_with_the_device_and_the_number_to_undo_it(
    plug: FakeHub, client: Client, request_line: str, body: object, asked: tuple[object, ...]
) -> None:
    """What is not named is not changed."""
    method, path = request_line.split(" ")
    answer = await ask(client, method, f"/devices/tasmota%3Aplug{path}", body)
    assert plug.acts.asked == [asked]
    assert (answer["id"], answer["action"]) == (PLUG, 1)


@pytest.mark.parametrize(
    "body", [{"name": 3}, {"colour": "red"}, {"ignored": "yes"}, {"proposed": True}, {"ignored": None}, []]
)
async def test_a_change_that_is_none_is_refused(plug: FakeHub, client: Client, body: object) -> None:
    """With the shape to send."""
    answer = await ask(client, "PATCH", "/devices/tasmota%3Aplug", body, status=400)
    assert "room" in answer["remedy"]
    assert plug.acts.asked == []


async def test_actions_are_listed_and_undone_by_number(plug: FakeHub, client: Client) -> None:
    """Newest first; a number that is none is not found."""
    (action,) = (await ask(client, "GET", "/actions"))["actions"]
    assert action == {
        "id": 1,
        "at": "2027-01-15T08:00:00Z",
        "by": "facilitator",
        "device": "a:b",
        "before": {},
        "after": {"room": "Attic"},
        "undoes": None,
        "undone": True,
    }
    await ask(client, "POST", "/actions/7/undo")
    assert plug.acts.asked == [("undo", 7, "facilitator")]
    await ask(client, "POST", "/actions/x7/undo", status=404)


async def test_topics_are_ignored_as_one_list(plug: FakeHub, client: Client) -> None:
    """What is sent replaces what was there."""
    assert (await ask(client, "GET", "/ignored"))["topics"] == ["test/#"]
    await ask(client, "PUT", "/ignored", {"topics": ["a/#", "b/+"]})
    assert plug.acts.asked == [("ignore_topics", ["a/#", "b/+"], "facilitator")]


async def test_forgetting_says_how_much_went(plug: FakeHub, client: Client) -> None:
    """A second time there is nobody."""
    answer = await ask(client, "DELETE", "/devices/tasmota%3Aplug")
    assert answer == {"id": PLUG, "forgotten": True, "readings": 1, "messages": 1}
    assert PLUG not in plug.live.devices
    await ask(client, "DELETE", "/devices/tasmota%3Aplug", status=404)


@pytest.mark.parametrize(("value", "number"), [(True, 1.0), (0, 0.0), (20.5, 20.5)])
async def test_a_command_is_sent_and_shown_with_its_channel(
    plug: FakeHub, client: Client, value: object, number: float
) -> None:
    """202: what becomes of it comes later, with the device."""
    answer = await ask(client, "POST", "/devices/mac%3Aa0/commands", {"channel": "switch", "value": value}, status=202)
    assert (answer["id"], answer["state"], answer["value"], answer["by"]) == ("c1", "sent", number, "facilitator")
    shown = await ask(client, "GET", "/devices/tasmota%3Aplug")
    assert shown["commands"]["switch"] == answer
    assert shown["channels"][0]["value"] == 0.0, "never optimistic"
    assert (await ask(client, "GET", "/devices/tasmota%3Aplug/commands"))["commands"] == [answer]
    assert plug.live.devices[PLUG].run == "real"


async def test_a_refused_command_says_why(plug: FakeHub, client: Client) -> None:
    """409, in the same shape."""
    plug.refuse = "the facilitator has locked it"
    body = {"channel": "switch", "value": 1, "id": "mine-1"}
    answer = await ask(client, "POST", "/devices/tasmota%3Aplug/commands", body, status=409)
    assert (answer["id"], answer["state"], answer["reason"]) == ("mine-1", "refused", "the facilitator has locked it")


@pytest.mark.parametrize(
    "body",
    [{}, {"channel": "switch"}, {"channel": "switch", "value": "on"}, {"channel": "switch", "value": 1, "id": ""}]
    + [{"channel": "switch", "value": 1, "id": each} for each in ("x" * 65, "a\nb")],
)
async def test_a_command_that_is_none_is_refused(plug: FakeHub, client: Client, body: object) -> None:
    """Nothing is given to the device."""
    await ask(client, "POST", "/devices/tasmota%3Aplug/commands", body, status=400)
    assert plug.given == []


async def test_a_device_is_made_to_report_more_often_and_gets_its_own_period_back(
    plug: FakeHub, client: Client
) -> None:
    """202: what becomes of it comes with the device; 409 with the reason where it is refused."""
    path = "/devices/mac%3Aa0/period"
    answer = await ask(client, "PUT", path, {"every": 10}, status=202)
    assert (answer["id"], answer["pace"]["state"], answer["pace"]["by"]) == (PLUG, "asking", "facilitator")
    assert (await ask(client, "DELETE", path, status=202))["pace"]["original"] == 300
    plug.live.apply(Batch(devices=[replace(plug.live.devices[PLUG], locked=True)]))
    refused = await ask(client, "PUT", path, {"every": 10}, status=409)
    assert refused["pace"] | {"every": 0} == {
        "state": "refused",
        "every": 0,
        "original": None,
        "by": None,
        "code": "locked",
        "reason": "locked",
    }
    await ask(client, "PUT", path, {"every": "often"}, status=400)
    await ask(client, "PUT", "/devices/nobody/period", {"every": 10}, status=404)


async def test_readings_of_merged_devices_are_the_survivors(hub: FakeHub, client: Client) -> None:
    """Asked by either name, with and without a device; a window counts once."""
    hub.speak("tasmota:a", "temperature", 1.0, time=WALL)
    hub.speak("tasmota:b", "temperature", 2.0, time=WALL + 1)
    hub.live.apply(Batch(forgotten=["tasmota:a"], merged={"tasmota:a": "tasmota:b"}))
    hub.aliases["tasmota:a"] = "tasmota:b"
    for question in ("?device=tasmota:a", "?device=tasmota:b", ""):
        rows = (await ask(client, "GET", f"/readings{question}"))["readings"]
        assert [(row["device"], row["value"]) for row in rows] == [("tasmota:b", 1.0), ("tasmota:b", 2.0)]
    counted = (await ask(client, "GET", "/readings?device=tasmota:b&aggregate=count"))["readings"]
    assert {row["device"] for row in counted} == {"tasmota:b"}
    assert (await ask(client, "GET", "/devices/tasmota%3Ab"))["merged"] == ["tasmota:a"]


def curve(device: str, times: list[float], *, thinned: bool = False) -> Series:
    """Return a curve whose values are its times."""
    values: list[float | None] = [*times]
    extremes = [*values] if thinned else []
    return Series(device, "t", "°C", "real", times, values, extremes, [*extremes])


@pytest.mark.parametrize("thinned", [False, True])
def test_a_merged_curve_fills_only_what_the_survivor_does_not_know(*, thinned: bool) -> None:
    """Before its beginning and after its end; in between one source wins."""
    found = joined(
        [curve("x:a", [1, 2, 5, 9], thinned=thinned), curve("x:b", [3, 6]), curve("x:c", [4])], {"x:a": "x:b"}
    )
    assert [(each.device, each.t) for each in found] == [("x:b", [1, 2, 3, 6, 9]), ("x:c", [4])]
    assert found[0].v == found[0].t
    assert found[0].low == found[0].high == ([1, 2, 3, 6, 9] if thinned else [])


def test_a_merged_device_without_readings_of_its_own_shows_the_others() -> None:
    """The survivor may be the one that was only just heard."""
    assert [each.device for each in joined([curve("x:a", [1, 2])], {"x:a": "x:b"})] == ["x:b"]
