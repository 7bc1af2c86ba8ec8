"""The facilitator's buttons reach the simulation runner, and the answer is what it plays then."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, get_args

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from msgspec import Struct, convert, structs

from device_sims.control import Order
from hub.client import PATIENCE
from hub.errors import NotFoundError
from hub.model import NS
from hub.web import runners
from hub.web.api.scenario import Change, FaultWish, Speed
from hub.web.keys import TWINS
from servers.web import SECRET, WALL, Client, FakeHub, eventually

API = "/api/v1"
RUN = "cold-room-20270115t0730-abcd"
BEARER = {"Authorization": f"Bearer {SECRET}"}
STATE: dict[str, Any] = {
    "usecase": "cold_room",
    "run": RUN,
    "time": "2027-01-15T07:30:00Z",
    "speed": 1.0,
    "seed": 7,
    "state": "running",
    "faults": [{"name": "door_open", "title": {"fr": "Livraison : 3 min", "en": "Delivery: 3 min"}, "active": False}],
    "notes": [],
}
Play = Callable[[dict[str, Any], dict[str, Any]], bool]


def obey(command: dict[str, Any], state: dict[str, Any]) -> bool:
    """Do what the command says."""
    if command["do"] == "fault":
        state["faults"] = [fault | {"active": command["active"]} for fault in state["faults"]]
    if command["do"] == "speed":
        state["speed"] = command["speed"]
    return True


@asynccontextmanager
async def runner(client: Client, play: Play | None = obey, run: str = RUN) -> AsyncIterator[list[dict[str, Any]]]:
    """Connect a runner as device_sims does; give the commands it heard."""
    heard: list[dict[str, Any]] = []
    state = json.loads(json.dumps(STATE)) | {"run": run}

    async def work(socket: ClientWebSocketResponse) -> None:
        async for frame in socket:
            command = json.loads(frame.data)
            heard.append(command)
            if play is None:
                continue
            ok = play(command, state)
            await socket.send_json({"id": command["id"], "ok": ok, "reason": None if ok else "not in this story"})
            await socket.send_json({"state": state})

    async with client.ws_connect(f"{API}/runs/{run}/control", headers=BEARER) as socket:
        await socket.send_json({"state": state})
        task = asyncio.create_task(work(socket))
        try:
            await until(client, run)
            yield heard
        finally:
            task.cancel()


async def until(client: Client, run: str) -> None:
    """Wait until the hub knows the runner."""
    async with asyncio.timeout(30):
        while True:
            async with client.get(f"{API}/scenarios/{run}") as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.01)


async def put(client: Client, path: str, body: Any, status: int = 200) -> Any:  # noqa: ANN401 — JSON
    """Return the JSON of an answer."""
    async with client.put(API + path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None)


async def test_a_fault_is_switched_and_the_new_state_answered(client: Client) -> None:
    """The page shows at once what the story does now."""
    async with runner(client) as heard:
        state = await put(client, "/scenario/faults/door_open", {"active": True, "intensity": 0.5})
    assert state["faults"][0]["active"] is True
    assert state["faults"][0]["title"] == {"fr": "Livraison\u00a0: 3\u00a0min", "en": "Delivery: 3\u00a0min"}
    assert heard == [{"id": 1, "do": "fault", "name": "door_open", "active": True, "intensity": 0.5}]


async def test_the_speed_is_changed(client: Client) -> None:
    """Ten simulated seconds a second."""
    async with runner(client):
        assert (await put(client, "/scenario/speed", {"speed": 10}))["speed"] == 10


async def test_a_real_device_in_a_role_holds_the_speed_at_one(
    client: Client, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither faster nor paused, with the reason and who it is; ×1 is always granted."""
    roles = [{"name": "probe", "state": "real", "device": "tasmota:kitchen"}, {"name": "door", "state": "missing"}]
    monkeypatch.setattr(hub, "usecase", lambda name: {"name": name, "roles": roles})
    async with runner(client) as heard:
        for speed in (10, 60, 0):
            problem = await put(client, "/scenario/speed", {"speed": speed}, 409)
            assert "tasmota:kitchen tient un rôle" in problem["detail"]
            assert "appareil simulé" in problem["remedy"]
        assert heard == []
        assert (await put(client, "/scenario/speed", {"speed": 1}))["speed"] == 1


async def test_a_scenario_of_no_use_case_has_no_real_role(
    client: Client, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One device of each dialect plays at any speed."""

    def unknown(name: str) -> Any:  # noqa: ANN401 — never returns
        raise NotFoundError(name)

    monkeypatch.setattr(hub, "usecase", unknown)
    async with runner(client):
        assert (await put(client, "/scenario/speed", {"speed": 60}))["speed"] == 60


@pytest.mark.parametrize("speed", [-1, 61, "fast", None, 1e400])
async def test_an_impossible_speed_is_refused(client: Client, speed: object) -> None:
    """Over the broker at most ×60."""
    async with runner(client) as heard:
        await put(client, "/scenario/speed", {"speed": speed}, 400)
    assert heard == []


async def test_an_unknown_fault_lists_those_there_are(client: Client) -> None:
    """404 naming door_open."""
    async with runner(client):
        assert "door_open" in (await put(client, "/scenario/faults/earthquake", {"active": True}, 404))["remedy"]


async def test_a_refusal_of_the_runner_is_told(client: Client) -> None:
    """409 with its reason."""
    async with runner(client, lambda _command, _state: False):
        problem = await put(client, "/scenario/speed", {"speed": 10}, 409)
    assert problem["detail"] == "not in this story"


async def test_a_runner_that_does_not_answer_holds_nobody_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 after the time-out, and the next request works."""
    monkeypatch.setattr(runners, "ANSWER_S", 0.1)
    async with runner(client, None):
        await put(client, "/scenario/speed", {"speed": 10}, 503)


async def test_a_recording_waits_for_no_runner_that_is_slow_to_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press does, for as long as a busy laptop needs; the recording asks it again to wait."""
    monkeypatch.setattr(runners, "ANSWER_S", 300.0)
    monkeypatch.setattr(runners, "SOON_S", 0.05)
    async with runner(client, None) as heard:
        async with client.post(f"{API}/replay") as response:
            assert response.status == 202
        assert {each["speed"] for each in heard} == {0}


def test_who_asks_for_a_story_hears_the_hubs_own_words_before_patience_ends() -> None:
    """The command line's is half a minute."""
    assert PATIENCE.total is not None
    assert PATIENCE.total > runners.ANSWER_S + runners.CHANGE_S


async def test_without_a_runner_the_remedy_is_to_start_one(client: Client) -> None:
    """404 naming the command."""
    assert "matinales demo" in (await put(client, "/scenario/speed", {"speed": 10}, 404))["remedy"]


async def test_the_scenario_tells_the_time_of_its_run(hub: FakeHub, client: Client) -> None:
    """The clock goes on between two states."""
    hub.play(RUN, simulated=WALL - 60 * NS)
    async with runner(client), client.get(f"{API}/scenario") as response:
        assert (await response.json())["time"] == "2027-01-15T07:59:00Z"


async def test_a_new_story_answers_with_the_new_run(client: Client) -> None:
    """The old runner ends, the new one connects under its own run."""
    async with runner(client) as heard, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(put(client, "/scenario", {"seed": 8}))
        await eventually(lambda: heard)
        async with runner(client, run="cold-room-2"):
            assert (await asked)["run"] == "cold-room-2"
    assert heard == [{"id": 1, "do": "scenario", "usecase": "cold_room", "seed": 8}]


async def test_the_page_is_told_of_the_scenario_and_of_its_end(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runner that comes back at once is no end."""
    monkeypatch.setattr(runners, "GRACE_S", 0.05)
    async with runner(client):
        assert hub.live.scenario is not None
        assert hub.live.scenario["run"] == RUN
    await eventually(lambda: hub.live.scenario is None)


async def test_the_page_keeps_its_story_until_the_next_runner_has_said_what_it_plays() -> None:
    """The one before may have gone first: for a moment nobody on the projector says anything."""
    shown: list[runners.State | None] = []

    async def send(_: bytes) -> None:
        """Nobody is asked."""

    projector = runners.Runners(shown.append)
    before, after = runners.Runner(RUN, send), runners.Runner("cold-room-20270115t0731-abcd", send)
    projector.join(before)
    projector.hear(before, runners.FromRunner(state=convert(STATE, runners.State)))
    projector.join(after)
    projector.leave(before)
    assert [None if each is None else each.run for each in shown] == [RUN]
    projector.hear(after, runners.FromRunner(state=convert(STATE | {"run": after.run}, runners.State)))
    assert [None if each is None else each.run for each in shown] == [RUN, after.run]
    projector.close()


async def test_a_frame_that_is_no_state_is_answered_and_forgotten(client: Client) -> None:
    """A runner of another version does not break the hub."""
    async with client.ws_connect(f"{API}/runs/{RUN}/control", headers=BEARER) as socket:
        await socket.send_str("nonsense")
        assert "not understood" in (await socket.receive_json())["error"]
        await socket.send_json({"state": STATE})
        await until(client, RUN)


async def test_only_the_hubs_own_secret_opens_the_control(client: Client) -> None:
    """Not even the facilitator's page."""
    with pytest.raises(WSServerHandshakeError) as refused:
        async with client.ws_connect(f"{API}/runs/{RUN}/control"):
            pass
    assert refused.value.status == 403


# --- beside a real device


def stage(twin: Callable[[], bool] | None = None) -> Play:
    """Return a runner that begins anew as a twin, or on its own day, as it is told."""

    def play(command: dict[str, Any], state: dict[str, Any]) -> bool:
        if twin is not None and not twin():
            return False
        if command["do"] == "scenario":
            state["twin"] = command.get("clock") == "now"
        return True

    return play


async def asked(heard: list[dict[str, Any]], count: int = 1) -> list[Any]:
    """Return the clocks of the stories asked for, once there are so many."""
    await eventually(lambda: len(heard) >= count)
    return [each.get("clock") for each in heard if each["do"] == "scenario"]


async def test_a_story_plays_now_while_a_real_device_has_a_role_and_its_own_day_again_after(
    client: Client, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub asks by itself, once, whoever gave the role."""
    monkeypatch.setattr(runners, "CHANGE_S", 0.0)
    async with runner(client, stage()) as heard:
        hub.real.add("cold_room")
        await put(client, "/usecases/cold_room/roles/probe", {"device": "tasmota:kitchen"})
        assert await asked(heard) == ["now"]
        hub.real.clear()
        async with client.delete(f"{API}/usecases/cold_room/roles/probe"):
            assert await asked(heard, 2) == ["now", None]


async def test_a_replay_that_cannot_play_now_is_asked_once(client: Client, hub: FakeHub) -> None:
    """It has its own time."""
    async with runner(client, stage(lambda: False)) as heard:
        hub.real.add("cold_room")
        for _ in range(3):
            await client.app[TWINS].look()
        assert [each["clock"] for each in heard] == ["now"]


async def test_a_story_with_a_real_device_begins_anew_now_and_at_no_other_hour(
    client: Client, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its state may be chosen, its hour is the wall's."""
    roles = [{"name": "probe", "state": "real", "device": "tasmota:kitchen"}]
    monkeypatch.setattr(hub, "usecase", lambda name: {"name": name, "roles": roles})
    monkeypatch.setattr(runners, "CHANGE_S", 0.0)
    async with runner(client, stage()) as heard:
        await put(client, "/scenario", {"clock": "23:00"}, 409)
        await put(client, "/scenario", {"initial": "saturday_night"}, 503)  # this runner never comes back as another
        assert [(each["initial"], each["clock"]) for each in heard] == [("saturday_night", "now")]


@pytest.mark.parametrize("wish", [Change, FaultWish, Speed])
def test_what_the_address_takes_a_runner_understands(wish: type[Struct]) -> None:
    """A wish that it cannot read would be answered as if nobody were there."""
    understood = {each.name: each.type for each in structs.fields(Order)}
    for each in structs.fields(wish):
        assert each.type in {understood[each.name], *get_args(understood[each.name])}


@pytest.mark.parametrize(
    ("path", "wish"),
    [("", {"initial": {}}), ("/faults/door_open", {"active": True, "duration": "long"}), ("/speed", {"speed": "fast"})],
)
async def test_a_wish_of_another_type_is_refused_before_anybody_is_asked(
    client: Client, path: str, wish: dict[str, Any]
) -> None:
    """400, at once."""
    async with runner(client) as heard:
        await put(client, f"/scenario{path}", wish, 400)
        assert not heard


# --- sessions and recordings


async def test_a_reset_of_the_session_begins_the_story_anew(client: Client) -> None:
    """The same story and seed, on another run; who refuses holds no reset back."""

    async def reset(name: str) -> int:
        async with client.post(f"{API}/sessions/{name}/reset") as response:
            return response.status

    async with client.post(f"{API}/sessions", json={"title": "Bakers"}) as response:
        assert response.status == 201
    async with runner(client) as heard:
        assert await reset("s1") == 201
        assert [(each["do"], each["usecase"], each["seed"]) for each in heard] == [("scenario", "cold_room", 7)]
    async with runner(client, lambda *_: False):
        assert await reset("s2") == 201


async def test_a_story_asked_of_a_runner_that_is_leaving_is_asked_of_the_one_that_follows(client: Client) -> None:
    """Two presses in a row: neither is refused, and what was pressed last is told."""
    async with runner(client, None) as leaving:
        asked = asyncio.create_task(put(client, "/scenario", {"usecase": "cold_room"}))
        await eventually(lambda: leaving)
    async with runner(client, run="second") as heard:
        await eventually(lambda: [each["do"] for each in heard] == ["scenario"])
        async with runner(client, run="third"):
            assert (await asked)["run"] == "third"


PRESSES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/scenario/speed", {"speed": 10}),
    ("/scenario/faults/door_open", {"active": True}),
)


@pytest.mark.parametrize(("path", "body"), PRESSES)
async def test_a_press_waits_for_the_runner_that_is_on_its_way(client: Client, path: str, body: dict[str, Any]) -> None:
    """After a reset nobody plays for a moment, and whoever comes says what it plays a moment later."""
    async with runner(client):
        pass
    pressed = asyncio.create_task(put(client, path, body))
    await asyncio.sleep(0.05)
    assert not pressed.done()
    async with runner(client, run="second") as heard:
        assert (await pressed)["run"] == "second"
    assert len(heard) == 1


@pytest.mark.parametrize(("path", "body"), PRESSES)
async def test_a_press_on_a_runner_that_is_leaving_is_done_by_the_one_that_follows(
    client: Client, path: str, body: dict[str, Any]
) -> None:
    """It was asked, and went before it answered."""
    async with runner(client, None) as leaving:
        pressed = asyncio.create_task(put(client, path, body))
        await eventually(lambda: leaving)
    async with runner(client, run="second"):
        assert (await pressed)["run"] == "second"


async def test_a_speed_pressed_while_a_recording_is_on_its_way_is_the_recordings(client: Client) -> None:
    """The story goes on waiting: a device cannot say two things at once."""
    async with runner(client) as heard:
        async with client.post(f"{API}/replay") as response:
            assert response.status == 202
        pressed = asyncio.create_task(put(client, "/scenario/speed", {"speed": 10}))
        await asyncio.sleep(0.05)
        async with runner(client, run="replay-1") as replay:
            assert (await pressed)["run"] == "replay-1"
        assert [each["speed"] for each in replay] == [10]
        assert heard[0]["speed"] == 0
        assert 10 not in {each["speed"] for each in heard}


async def test_nobody_is_waited_for_without_end(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever left does not come back: the remedy is to start a story."""
    monkeypatch.setattr(runners, "CHANGE_S", 0.1)
    async with runner(client):
        pass
    for path, body in PRESSES:
        assert "matinales demo" in (await put(client, path, body, 404))["remedy"]


async def test_why_a_simulation_refuses_is_said_in_the_readers_language(client: Client) -> None:
    """As the runner says it, with French spaces."""

    async def refuse(socket: ClientWebSocketResponse) -> None:
        async for frame in socket:
            said = {"ok": False, "reason": "no such hour", "fr": "l'heure : inconnue"}
            await socket.send_json({"id": json.loads(frame.data)["id"], **said})

    async with client.ws_connect(f"{API}/runs/{RUN}/control", headers=BEARER) as socket:
        await socket.send_json({"state": STATE})
        await until(client, RUN)
        task = asyncio.create_task(refuse(socket))
        for language, detail in (("fr", "l’heure\u00a0: inconnue"), ("en", "no such hour")):
            async with client.put(
                f"{API}/scenario", json={"clock": "25:00"}, headers={"Accept-Language": language}
            ) as response:
                assert response.status == 409
                assert (await response.json(content_type=None))["detail"] == detail
        task.cancel()


async def test_stories_wait_while_a_recording_is_played(client: Client) -> None:
    """A device cannot say two things at once; they go on as fast as before, whether it is stopped or ends by itself."""

    async def ask(method: str) -> None:
        async with client.request(method, f"{API}/replay") as response:
            assert response.status in {200, 202}

    async with runner(client) as heard:
        await ask("POST")
        assert [each["speed"] for each in heard] == [0]
        await ask("DELETE")
        assert [each["speed"] for each in heard] == [0, 1]
        await ask("POST")
        async with runner(client, run="replay-1") as replay, runner(client, run="late") as late:
            await eventually(lambda: [each["speed"] for each in late] == [0])
            await ask("POST")  # pressed twice
        await eventually(lambda: [each["speed"] for each in heard] == [0, 1, 0, 1])
        assert replay == []


async def test_a_recording_on_its_way_is_announced_until_it_is_there(hub: FakeHub, client: Client) -> None:
    """A process has to start first; whoever stops it meanwhile waits for nothing."""

    def announced() -> bool:
        return hub.live.wall_view.get("coming") is not None

    async def ask(method: str) -> None:
        async with client.request(method, f"{API}/replay") as response:
            assert response.status in {200, 202}

    async with runner(client):
        await ask("POST")
        assert announced()
        await ask("DELETE")
        await eventually(lambda: not announced())
        await ask("POST")
        async with runner(client, run="replay-1"):
            await eventually(lambda: not announced())


async def test_a_story_that_begins_ends_what_is_played_again(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then the recording stays on the projector, whatever else connects; who cannot wait yet is asked again."""
    monkeypatch.setattr(runners, "CHANGE_S", 0.1)
    monkeypatch.setattr(runners, "AGAIN_S", 0.01)
    refusals = iter([False, True])

    def later(command: dict[str, Any], state: dict[str, Any]) -> bool:
        return next(refusals, True) and obey(command, state)

    async def shown() -> str:
        async with client.get(f"{API}/scenario") as response:
            return str((await response.json())["run"])

    async with runner(client, run="replay-1"):
        async with client.post(f"{API}/replay") as response:
            assert response.status == 202
        async with runner(client, later) as heard:
            await eventually(lambda: [each["speed"] for each in heard] == [0, 0])
            assert await shown() == "replay-1"
            async with client.put(f"{API}/scenario", json={"usecase": "cold_room"}) as response:
                await response.read()
            assert [each["do"] for each in heard] == ["speed", "speed", "speed", "scenario"]


async def test_the_runs_that_are_known_are_listed(hub: FakeHub, client: Client) -> None:
    """Those that devices are on first; an earlier one can still be asked for."""
    hub.play("cold_room-20270114-080000-aa11")
    hub.play(RUN)
    hub.speak("tasmota:probe", "temperature", 3.0, run=RUN)
    async with client.get(f"{API}/runs") as response:
        told = (await response.json())["runs"]
    assert [(each["id"], each["current"]) for each in told] == [
        (RUN, True),
        ("cold_room-20270114-080000-aa11", False),
    ]
    assert told[0]["now"].endswith("Z")
