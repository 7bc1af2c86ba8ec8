"""Which table a request is about, and whether who asks sits there."""

from aiohttp import web

from hub.live import Live
from hub.tables import HIGHEST
from hub.web.api import phones
from hub.web.keys import HUB
from hub.web.problems import Problem
from hub.web.query import number


def table_of(request: web.Request) -> int:
    """Return the table that a question is about; 0: the whole room.

    Raises:
        Problem: no table has that number.
    """
    return number(request, "table", 0, 0, HIGHEST)


def named_table(request: web.Request) -> int:
    """Return the table that an address names.

    Raises:
        Problem: no table has that number.
    """
    text = request.match_info["table"]
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(HIGHEST)) and int(text) > 0):
        raise Problem("no_table", table=repr(text[:20]))
    return int(text)


def live_of(request: web.Request) -> Live:
    """Return the live state that a request is about: a table's own, or the whole room's."""
    hub, table = request.app[HUB], table_of(request)
    return hub.tables.of(table).live if table else hub.live


async def sits_there(request: web.Request) -> bool:
    """Tell whether a phone sits at the table that an address names, and the facilitator lets tables act."""
    hub, given = request.app[HUB], phones.token(request)
    if given is None or not hub.tables.wanted.may_act or "table" not in request.match_info:
        return False
    person = await hub.with_sessions(lambda sittings: sittings.people.known(given))
    current = await hub.with_sessions(lambda sittings: sittings.desk.current())
    is_here = person is not None and current is not None and person.session == current.id
    return is_here and person is not None and person.table == named_table(request)
