"""The authority that phones may trust, as files that each system knows how to install."""

import plistlib
import uuid
from typing import Any

from aiohttp import web

from hub.certificate import Seen
from hub.web.keys import HUB

FRESH = {"Cache-Control": "no-store"}
CERTIFICATE, PROFILE = "application/x-x509-ca-cert", "application/x-apple-aspen-config"
"""What makes Android, Windows and iOS offer to install a file instead of showing it."""


async def certificate(request: web.Request) -> web.Response:
    """Give the authority's certificate, for Android, Windows, Linux and Firefox."""
    save = {"Content-Disposition": 'attachment; filename="matinales-hub.crt"'}
    return web.Response(body=_authority(request).der, content_type=CERTIFICATE, headers=FRESH | save)


async def profile(request: web.Request) -> web.Response:
    """Give it as a configuration profile, for iOS and macOS: shown to the system, not saved as a file."""
    return web.Response(body=configuration(_authority(request)), content_type=PROFILE, headers=FRESH)


def _authority(request: web.Request) -> Seen:
    found = request.app[HUB].ways().authority
    if found is None:
        raise web.HTTPNotFound
    return found


def configuration(authority: Seen) -> bytes:
    """Return an Apple configuration profile that holds one root certificate (Apple: Configuration Profile Reference).

    The same authority gives the same identifiers, so that a second installation replaces the first.
    """
    own = uuid.uuid5(uuid.NAMESPACE_OID, authority.fingerprint)
    inner: dict[str, Any] = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.matinales.hub.{own}.root",
        "PayloadUUID": str(uuid.uuid5(own, "root")).upper(),
        "PayloadDisplayName": "Matinales Hub",
        "PayloadContent": authority.der,
    }
    outer: dict[str, Any] = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.matinales.hub.{own}",
        "PayloadUUID": str(own).upper(),
        "PayloadDisplayName": "Matinales Hub",
        "PayloadDescription": "Lets this device trust the workshop's page on the local network, and nothing else.",
        "PayloadContent": [inner],
    }
    return plistlib.dumps(outer)
