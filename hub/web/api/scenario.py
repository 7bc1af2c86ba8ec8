"""The story on the projector: what it plays, and the facilitator's buttons."""

import math
from typing import Any

import msgspec
from aiohttp import WSMsgType, web
from msgspec import Struct

from hub.model import rfc3339
from hub.tables import HIGHEST
from hub.timeline import FASTEST_LIVE
from hub.web.api.coming import coming
from hub.web.api.sessions import end_replay
from hub.web.gives import BUSY, gives
from hub.web.keys import HUB, RUNNERS, SOCKETS
from hub.web.problems import Problem
from hub.web.query import answer, body, number
from hub.web.runners import CHANGE_S, FromRunner, Runner, State
from hub.web.shapes.history import RunList
from hub.web.twins import NOW, played, real_devices

LONGEST_FRAME = 1024 * 1024  # `everything` has some thousand faults, told by name in two languages
_frame = msgspec.json.Decoder(FromRunner).decode


class Speed(Struct, forbid_unknown_fields=True):
    """Simulated seconds a second; 0 pauses."""

    speed: float


class FaultWish(Struct, forbid_unknown_fields=True):
    """Switch a fault. `duration` in simulated minutes."""

    active: bool
    intensity: float | None = None
    duration: float | None = None


class Change(Struct, forbid_unknown_fields=True):
    """Another story, seed or beginning: a new run."""

    usecase: str | None = None
    seed: int | None = None
    initial: str | None = None
    clock: str | None = None


def shown(request: web.Request, state: State) -> dict[str, Any]:
    """Return the state with the run's time as it is now."""
    live = request.app[HUB].live
    content: dict[str, Any] = msgspec.to_builtins(state)
    if state.run in live.runs:
        content["time"] = rfc3339(live.now(state.run))
    return content


@gives(State, problems=("no_scenario",))
async def scenario(request: web.Request) -> web.Response:
    """Give what is played."""
    return answer(shown(request, _state(_runner(request))))


@gives(State, problems=BUSY)
async def change(request: web.Request) -> web.Response:
    """Change the story, which ends what is played again; the answer is the new run's, its history on its way."""
    said = await body(
        request, Change, '{"usecase": "cold_room", "seed": 7, "initial": "saturday_night", "clock": "08:30"}'
    )
    hub, runners = request.app[HUB], request.app[RUNNERS]
    usecase, clock = said.usecase or _state(runners.story() or _runner(request)).usecase, said.clock
    if real := real_devices(hub, [usecase]):
        if clock is not None:
            raise Problem("real_role", devices=", ".join(real))
        clock = NOW
    titles = {str(each["name"]): each["title"] for each in hub.usecases()}
    with coming(hub.tables, titles.get(usecase), usecase):
        if hub.player.playing is not None:
            await end_replay(request)
        state = await runners.turn(usecase=usecase, seed=said.seed, initial=said.initial, clock=clock)
    if state is None:
        raise Problem("no_answer", seconds=f"{CHANGE_S:g}")
    return answer(shown(request, state))


@gives(RunList)
async def runs(request: web.Request) -> web.Response:
    """List the runs that are known, those that are on first, then the newest; `now`: how far each came."""
    live = request.app[HUB].live
    shown = {*live.current_runs()}
    known = sorted(live.runs.values(), key=lambda each: (each.id in shown, each.wall), reverse=True)
    return answer(
        {
            "runs": [
                {
                    "id": each.id,
                    "scenario": each.scenario,
                    "state": each.state,
                    "current": each.id in shown,
                    "now": rfc3339(live.now(each.id)),
                }
                for each in known
            ]
        }
    )


@gives(State, problems=BUSY)
async def speed(request: web.Request) -> web.Response:
    """Change the speed of the run's clock."""
    said = await body(request, Speed, '{"speed": 10}')
    if not math.isfinite(said.speed) or not 0 <= said.speed <= FASTEST_LIVE:
        raise Problem("body", reason=f"speed is {said.speed:g}", shape=f'{{"speed": 0 … {FASTEST_LIVE:g}}}')

    def allow(state: State) -> None:
        if said.speed != 1 and (real := real_devices(request.app[HUB], played(request.app[HUB], state))):
            raise Problem("real_role", devices=", ".join(real))

    runner = await request.app[RUNNERS].ask(request.match_info.get("run"), allow, "speed", speed=said.speed)
    reached = await runner.until(lambda state: state.speed == said.speed)
    return answer(shown(request, reached or _state(runner)))


@gives(State, problems=BUSY)
async def fault(request: web.Request) -> web.Response:
    """Switch a fault of the story."""
    return await switched(request, request.match_info.get("run"))


async def switched(request: web.Request, run: str | None) -> web.Response:
    """Switch the fault that an address names, of what the runner of a run plays; None: of what is on the projector."""
    said = await body(request, FaultWish, '{"active": true, "intensity": 0.5, "duration": 10}')
    name = request.match_info["name"]

    def allow(state: State) -> None:
        known = [fault.name for fault in state.faults]
        if name not in known:
            raise Problem("fault", name=repr(name[:80]), known=", ".join(known) or "—")

    runner = await request.app[RUNNERS].ask(
        run, allow, "fault", name=name, active=said.active, intensity=said.intensity, duration=said.duration
    )
    state = await runner.until(
        lambda state: any(fault.name == name and fault.active == said.active for fault in state.faults)
    )
    return answer(shown(request, state or _state(runner)))


@gives(socket=True)
async def control(request: web.Request) -> web.StreamResponse:
    """Let a simulation runner connect: it tells its state and takes the facilitator's wishes."""
    runners = request.app[RUNNERS]
    socket = web.WebSocketResponse(compress=False, heartbeat=20, max_msg_size=LONGEST_FRAME)
    if not socket.can_prepare(request).ok:
        raise Problem("upgrade", path=request.path, headers={"Upgrade": "websocket"})
    await socket.prepare(request)

    async def send(command: bytes) -> None:
        await socket.send_frame(command, WSMsgType.TEXT)

    runner = Runner(request.match_info["run"], send, number(request, "table", 0, 0, HIGHEST))
    request.app[SOCKETS].add(socket)
    runners.join(runner)
    try:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                said = _frame(frame.data)
            except (msgspec.MsgspecError, RecursionError) as error:
                await socket.send_json({"error": f"not understood: {error}"})
                continue
            runners.hear(runner, said)
    finally:
        request.app[SOCKETS].discard(socket)
        runners.leave(runner)
    return socket


def _runner(request: web.Request) -> Runner:
    return request.app[RUNNERS].get(request.match_info.get("run"))


def _state(runner: Runner) -> State:
    if runner.state is None:
        raise Problem("no_scenario")
    return runner.state
