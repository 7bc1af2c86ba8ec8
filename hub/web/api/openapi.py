"""`/api/v1/openapi.json`: the API as it is, from the table of addresses."""

from aiohttp import web

from hub.web.query import answer


async def document(request: web.Request) -> web.Response:
    """Describe the API."""
    return answer({"openapi": "3.1.0", "path": request.path})
