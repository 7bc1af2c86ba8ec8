"""What is said of an address in the table of hub/web/routes.py."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct

from hub.web.security import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Route(Struct, frozen=True):
    """An address, the role it needs, and what answers.

    Attributes:
        path: as aiohttp writes it.
        query: the parameters it reads; None: it does not mind others.
        body: shape of the JSON it takes.
        may_be_empty: it goes without a body.
    """

    method: str
    path: str
    role: Role
    handler: Handler
    query: tuple[str, ...] | None = ()
    body: type[Struct] | None = None
    may_be_empty: bool = False
