"""How a notice goes out: a POST to a web address, a mail by SMTP. Each attempt ends within `PATIENCE_S`."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from typing import Protocol

import aiohttp

from hub.errors import HubError
from hub.notify.wishes import Mailbox
from hub.notify.words import signature

PATIENCE_S = 10.0
_LATER = {408, 425, 429}
"""Answers below 500 that may be another one later."""


class NotToldError(HubError):
    """A notice did not arrive; `is_final`: it never will, tried again or not."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        """Say why."""
        super().__init__(reason)
        self.is_final = is_final


class Post:
    """Posts to one address, signed where there is a secret."""

    def __init__(self, url: str, *, secret: str | None, token: str | None, wall: Callable[[], int]) -> None:
        """Prepare.

        Args:
            url: where to.
            secret: of the signature (`hub.notify.words.signature`).
            token: sent as `Authorization: Bearer`.
            wall: wall clock [ns].
        """
        self._url = url
        self._secret = secret
        self._token = token
        self._wall = wall
        self._trust: ssl.SSLContext | bool = not url.startswith("https:")  # aiohttp's own is empty: `hub.serving`

    async def send(self, key: str, body: bytes) -> None:
        """Post; the receiver knows by the same `Idempotency-Key` that it had it before.

        Raises:
            NotToldError: it was not taken.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._secret:
            headers |= signature(self._secret, self._wall() // 1_000_000_000, body)
        patience = aiohttp.ClientTimeout(total=PATIENCE_S)
        if not self._trust:
            self._trust = await asyncio.to_thread(ssl.create_default_context)  # reads the authorities' file
        try:
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.post(self._url, data=body, headers=headers, ssl=self._trust, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one
            raise NotToldError(str(error) or type(error).__name__) from error
        if not 200 <= status < 300:  # noqa: PLR2004 — the successes of HTTP
            is_final = 300 <= status < 500 and status not in _LATER  # noqa: PLR2004 — moved, or wrong as it is
            msg = f"answered {status}"
            raise NotToldError(msg, is_final=is_final)


class Mailer(Protocol):
    """What sends a mail."""

    async def send(self, message: EmailMessage) -> None:
        """Send it.

        Raises:
            NotToldError: nobody took it.
        """


class Smtp:
    """Sends by one server, in a thread: smtplib waits."""

    def __init__(self, box: Mailbox, password: str | None) -> None:
        """Prepare; a user and a password only ever travel inside TLS."""
        self._box = box
        self._password = password

    async def send(self, message: EmailMessage) -> None:
        """Send it.

        Raises:
            NotToldError: the server took it for nobody, or was not there.
        """
        await asyncio.to_thread(self._send, message)

    def _send(self, message: EmailMessage) -> None:
        box = self._box
        try:
            with self._server() as server:
                if box.user:
                    server.login(box.user, self._password or "")
                server.send_message(message)
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
            raise NotToldError(_said(error), is_final=True) from error
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            refused = ", ".join(f"{who}: {code}" for who, (code, _) in error.recipients.items())
            raise NotToldError(refused, is_final=all(code >= 500 for code in codes)) from error  # noqa: PLR2004 — RFC 5321: permanent
        except smtplib.SMTPResponseException as error:
            raise NotToldError(_said(error), is_final=error.smtp_code >= 500) from error  # noqa: PLR2004 — RFC 5321: permanent
        except (smtplib.SMTPException, OSError) as error:
            raise NotToldError(_said(error)) from error

    def _server(self) -> smtplib.SMTP:
        box, trust = self._box, ssl.create_default_context()
        if box.is_wrapped:
            return smtplib.SMTP_SSL(box.host, box.port, timeout=PATIENCE_S, context=trust)
        server = smtplib.SMTP(box.host, box.port, timeout=PATIENCE_S)
        try:
            if box.user:
                server.starttls(context=trust)
        except BaseException:
            server.close()
            raise
        return server


def _said(error: Exception) -> str:
    return f"{error}"[:300] or type(error).__name__
