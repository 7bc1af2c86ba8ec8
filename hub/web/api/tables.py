"""Tables that play by themselves: how they stand, who is to play, and what people do at their own one."""

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct

from hub.errors import NotFoundError
from hub.model import Alarm
from hub.tables import HIGHEST, MOST, Wanted
from hub.usecases.choosing import Choices
from hub.web.api import alarms, money
from hub.web.api.alarms import Acknowledgement
from hub.web.api.scenario import shown, switched
from hub.web.gives import BUSY, gives
from hub.web.keys import HUB, RUNNERS, TABLES
from hub.web.problems import Problem, language
from hub.web.query import answer, body, whole
from hub.web.runners import State
from hub.web.seating import named_table
from hub.web.shapes.alarms import AlarmNow
from hub.web.shapes.usecases import StandList

SHAPE = '{"count": 8} or {"tables": [1, 2, 5]}, and "may_act": true'
Number = Annotated[int, Meta(ge=1, le=HIGHEST)]


class TablesWish(Struct, forbid_unknown_fields=True):
    """Who is to play: tables 1 to `count`, or those named (none: nobody); `may_act`: what they do to their own.

    What is not named stays as it is.
    """

    count: Annotated[int, Meta(ge=0, le=MOST)] | None = None
    tables: Annotated[list[Number], Meta(max_length=MOST)] | None = None
    may_act: bool | None = None

    def over(self, before: Wanted) -> Wanted:
        """Return what is wanted from now on."""
        tables = before.tables
        if self.count is not None:
            tables = tuple(range(1, self.count + 1))
        elif self.tables is not None:
            tables = tuple(sorted({*self.tables}))
        return Wanted(tables, before.may_act if self.may_act is None else self.may_act)


@gives(StandList)
async def tables(request: web.Request) -> web.Response:
    """Tell how the tables stand, side by side."""
    return answer(_told(request))


@gives(StandList)
async def want(request: web.Request) -> web.Response:
    """Give each of these tables its own simulator, and nobody else; the answer comes before they have begun."""
    hub = request.app[HUB]
    wish = await body(request, TablesWish, SHAPE)
    if wish.count is not None and wish.tables is not None:
        raise Problem("body", reason="count and tables say the same", shape=SHAPE)
    await hub.want_tables(wish.over(hub.tables.wanted))
    request.app[TABLES].hurry()
    return answer(_told(request))


@gives(State)
async def scenario(request: web.Request) -> web.Response:
    """Give what a table plays."""
    state = request.app[RUNNERS].at(named_table(request)).state
    assert state is not None  # noqa: S101 — else it would not be there
    return answer(shown(request, state))


@gives(State, problems=BUSY)
async def fault(request: web.Request) -> web.Response:
    """Switch a fault of a table's own simulator."""
    return await switched(request, request.app[RUNNERS].at(named_table(request)).run)


@gives(Choices)
async def hypothesis(request: web.Request) -> web.Response:
    """Change a hypothesis for a table alone, within its bounds."""
    return await money.chosen(request, named_table(request))


@gives(AlarmNow)
async def acknowledge(request: web.Request) -> web.Response:
    """Acknowledge an alarm of a table's own; again changes nothing, and tells no word of an earlier workshop."""
    hub, table, name = request.app[HUB], named_table(request), request.match_info["id"]
    said = await body(request, Acknowledgement, '{"comment": "…"}') if await whole(request) else Acknowledgement()
    await _own_alarm(request, table, name)
    alarm = alarms.shown(request, await hub.acknowledge(name, f"table {table}", said.words))
    return answer(hub.tables.of(table).live.alarm_view(alarm, language(request)))


async def _own_alarm(request: web.Request, table: int, name: str) -> Alarm:
    hub = request.app[HUB]
    try:
        alarm, _ = await hub.alarm(name)
    except NotFoundError as error:
        raise Problem("unknown", what=error, where=f"/api/v1/alarms?table={table}") from error
    if hub.tables.table_of(alarm.run) != table:
        what = f"alarm {name[:120]!r} is not table {table}'s"
        raise Problem("unknown", what=what, where=f"/api/v1/alarms?table={table}")
    return alarm


def _told(request: web.Request) -> dict[str, Any]:
    known = request.app[HUB].tables
    return {"may_act": known.wanted.may_act, "tables": [*known.compared()]}
