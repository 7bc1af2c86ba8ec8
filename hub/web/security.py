"""Who may do what: names the hub answers to, origins, roles, headers, and how many may watch.

Design.md §4, Roles; reliability.md §2.12, §2.15. The role that each route needs stands in `hub/web/routes.py`; a
route that is not listed there is closed.
"""

import asyncio
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from hub.addresses import all_own
from hub.config import Config
from hub.errors import UsageError
from hub.hashing import hashed
from hub.tokens import Tokens
from hub.web.limits import JOINED, MOST, PROGRAM, STRANGER, Limiter
from hub.web.problems import Problem
from hub.web.sessions import CONSOLE_S, Codes, Delays, Elsewhere, Sessions, same

COOKIE = "matinales"
PHONE_COOKIE = "matinales-phone"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "matinales.local"})
READ_AGAIN_S = 5.0
PER_COOKIE = 8
PER_ADDRESS = 200
IN_ALL = 1000
FACILITATORS = 50
"""Live pages beyond those, for who runs the workshop: no crowd of phones keeps the console dark."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "accelerometer=(self), gyroscope=(self), microphone=(self), camera=(), geolocation=()",
    "Server": "Matinales Hub",
}
"""On every answer. Style attributes go through CSSOM in the page, so no 'unsafe-inline'; phones need their sensors."""

PROJECTOR = "/projector"
FRAMED = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("ancestors 'none'", "ancestors 'self'"),
    "X-Frame-Options": "SAMEORIGIN",
}
"""What the projector wears instead: it has nothing to press, and the facilitator's console shows a small one."""


class Role(IntEnum):
    """Who asks; each may do what those before may. `HUB` is the bearer of run.json's secret.

    A token makes an `INTEGRATOR` only where one is needed, for its own source: anywhere else its bearer is a viewer.
    """

    VIEWER = 0
    PARTICIPANT = 1
    INTEGRATOR = 2
    FACILITATOR = 3
    HUB = 4


NAMES = {
    Role.VIEWER: {"en": "viewer", "fr": "spectateur"},
    Role.PARTICIPANT: {"en": "participant", "fr": "participant"},
    Role.INTEGRATOR: {"en": "integrator's token", "fr": "jeton d'intégrateur"},
    Role.FACILITATOR: {"en": "facilitator", "fr": "animateur"},
    Role.HUB: {"en": "hub's own secret", "fr": "secret du hub"},
}


class Security:
    """The doorkeeper of one hub."""

    def __init__(
        self,
        config: Config,
        *,
        demo: bool,
        lan: bool,
        secret: str,
        pin: str | None = None,
        read_pin: Callable[[], str] | None = None,
        sessions: Path | None = None,
        tokens: Tokens | None = None,
        addresses: Callable[[], frozenset[str]] = all_own,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know the house rules.

        Args:
            config: `public_url` and `allowed_hosts`.
            demo: whether the person at this machine is trusted (`matinales demo`; never `run`).
            lan: whether the page is open to the room: then nobody is trusted without PIN.
            secret: run.json's, for the command line and the import door.
            pin: the facilitator's; None: nobody can log in.
            read_pin: returns the PIN that stands now, where it can be changed; blocks.
            sessions: file that keeps them across restarts (hashes only).
            tokens: of integrators; none unless told.
            addresses: the machine's addresses now.
            monotonic: clock of the delays [s].
        """
        self.pin = pin
        self._read_pin = read_pin
        self.sessions = Sessions(sessions, pin=pin or "")
        self.tokens = tokens or Tokens(None)
        self.codes = Codes(monotonic=monotonic)
        self.delays = Delays(monotonic=monotonic)
        self.elsewhere: Elsewhere | None = None
        """Other workers of the same journal."""
        self.refused: Counter[str] = Counter()
        """How many requests were turned away, by problem."""
        self._trusts_loopback = demo and not lan
        self._secret = secret
        self._addresses = addresses
        self._monotonic = monotonic
        self._read_at = float("-inf")
        self._hosts: frozenset[str] = frozenset()
        public = urlsplit(config.public_url or "")
        self._public_origin = f"{public.scheme}://{public.netloc}".lower() if public.netloc else None
        named = {name.strip().lower() for name in config.allowed_hosts.split(",") if name.strip()}
        self._named = LOCAL_NAMES | named | ({public.hostname} if public.hostname else set())
        self._watching: Counter[str] = Counter()
        self._strangers, self._joined, self._programs = (
            Limiter(each, monotonic=monotonic) for each in (STRANGER, JOINED, PROGRAM)
        )
        self._met: dict[str, None] = {}

    def admit(self, request: web.Request) -> None:
        """Count a request: by its session, participant or token where that is known, else by its address.

        The hub's own programs and the person at the demo's machine are not counted.

        Raises:
            Problem: it is one too many; 429 and how long to wait.
        """
        bearer = _bearer(request)
        if (bearer and same(bearer, self._secret)) or (self._trusts_loopback and _is_loopback(request.remote)):
            return
        cookie, phone = request.cookies.get(COOKIE), request.cookies.get(PHONE_COOKIE)
        if cookie and self.sessions.known(cookie):
            wait = self._joined.spend(hashed(cookie))
        elif phone and self._is_met(phone):
            wait = self._joined.spend(hashed(phone))
        elif self._is_met(bearer):
            wait = self._programs.spend(hashed(bearer))
        else:
            wait = self._strangers.spend(network(request.remote))
        if wait > 0:
            seconds = math.ceil(wait)
            raise self._problem("too_often", {"Retry-After": str(seconds)}, seconds=seconds)

    async def recognise(self, request: web.Request) -> None:
        """Ask other workers about a session that is not known here: who logged in there may be sent here next."""
        cookie = request.cookies.get(COOKIE)
        if cookie and not self.sessions.known(cookie):
            await self.look()

    async def know_tokens(self, request: web.Request) -> None:
        """Know the tokens as they are now, those too that another worker has just made."""
        await asyncio.to_thread(self.tokens.meet, _bearer(request), request.match_info.get("source", ""))

    async def look(self) -> None:
        """Know what other workers know of log-ins and wrong guesses, and let them know."""
        if self.elsewhere is not None:
            await asyncio.to_thread(self.elsewhere.look)

    def meet(self, secret: str | None) -> None:
        """Remember that a phone's or an integrator's secret was found to be good: it has a budget of its own then.

        Nobody else gets one: a stranger could invent a new one for each request.
        """
        if secret:
            self._met.pop(hashed(secret), None)
            while len(self._met) >= MOST:
                del self._met[next(iter(self._met))]
            self._met[hashed(secret)] = None

    def _is_met(self, secret: str) -> bool:
        return hashed(secret) in self._met

    @property
    def secure(self) -> bool:
        """Whether people reach the hub by https."""
        return (self._public_origin or "").startswith("https:")

    def check(self, request: web.Request, needed: Role, *, participates: bool = False) -> Role:
        """Return who asks.

        Args:
            request: what is asked.
            needed: the role that it takes.
            participates: whether it comes from a phone of the room that may do this, where only those may.

        Raises:
            Problem: wrong host, foreign origin, or too small a role for what is asked.
        """
        host = request.headers.get("Host", "")
        if not self.knows(host):
            raise self._problem("host", host=repr(host[:80]))
        origin = request.headers.get("Origin")
        own = origin is None or self._is_own(origin, request, host)
        is_upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        if not own and (request.method not in SAFE or is_upgrade):
            raise self._problem("origin", origin=repr((origin or "")[:80]))
        role = self._role(request, own=own)
        if needed is Role.INTEGRATOR and role < needed and self._is_integrator(request):
            self.meet(_bearer(request))
            role = needed
        if needed is Role.PARTICIPANT and participates and own:
            role = max(role, needed)
        if role < needed:
            raise self._too_small(role, needed)
        return role

    def knows(self, host: str) -> bool:
        """Tell whether the hub answers to the name in a Host header; addresses are read again when they change."""
        name = _name(host)
        if name in self._named or name in self._hosts:
            return True
        if not _is_address(name) or self._monotonic() - self._read_at < READ_AGAIN_S:
            return False
        self._read_at = self._monotonic()
        self._hosts = self._addresses()
        return name in self._hosts

    def is_trustworthy(self, request: web.Request) -> bool:
        """Tell whether a browser trusts the connection: https, or a page of its own machine."""
        name = _name(request.headers.get("Host", ""))
        return self.secure or request.secure or name == "localhost" or _is_loopback(name)

    @contextmanager
    def watching(self, request: web.Request, participant: str | None = None) -> Iterator[None]:
        """Count a live page while it is open: by its session or participant, or by its address before it has one.

        Args:
            request: that opens it.
            participant: id of who takes part with it, once that is known.

        Raises:
            Problem: there are too many already.
        """
        cookie = request.cookies.get(COOKIE)
        joined = self.sessions.known(cookie)
        is_facilitator = self._role(request, own=True) >= Role.FACILITATOR
        who = f"cookie {cookie}" if joined else f"address {network(request.remote)}"
        if participant is not None and not joined:
            joined, who = True, f"participant {participant}"
        limit = PER_COOKIE if joined else PER_ADDRESS
        if self._watching[who] >= limit:
            raise self._problem("crowded", {"Retry-After": "10"}, limit=limit)
        most = IN_ALL + FACILITATORS if is_facilitator else IN_ALL
        if self._watching.total() >= most:
            raise self._problem("crowded", {"Retry-After": "10"}, limit=most)
        self._watching[who] += 1
        try:
            yield
        finally:
            self._watching[who] -= 1
            if not self._watching[who]:
                del self._watching[who]

    async def log_in(self, request: web.Request, *, pin: str | None, code: str | None) -> str:
        """Return the secret of a new session for who knows the PIN or holds a fresh code.

        Who guesses delays its own address, and those who guess from many addresses delay every other; this machine
        waits at most 2 s and a code never: the operator at the console is not locked out.

        Raises:
            Problem: wrong, too fast, or there is no PIN.
        """
        if code is not None:
            if not await self.codes.use(code):
                raise self._problem("login")
            return self.sessions.open()
        if self.pin is None:
            raise self._problem("no_login")
        address = network(request.remote)
        here = _is_loopback(request.remote)
        wait = self.delays.wait(address, longest=CONSOLE_S) if here else self.delays.wait_of_stranger(address)
        if wait > 0:
            seconds = int(wait) + 1
            raise self._problem("slow_down", {"Retry-After": str(seconds)}, seconds=seconds)
        if not same(pin or "", self.pin or ""):
            self.delays.miss(address, counts=not here)
            raise self._problem("login")
        self.delays.forgive(address)
        return self.sessions.open()

    def renew_pin(self) -> None:
        """Take the PIN that stands now, and let nobody in by the one before; blocks.

        Raises:
            UsageError: it is not changed here.
        """
        if self._read_pin is None:
            msg = (
                "the PIN of this hub stands in HUB_PIN_FILE: write another one there and start the hub again;"
                " whoever logged in with this one is out then"
            )
            raise UsageError(msg)
        self.pin = self._read_pin()
        self.sessions.renew(self.pin)
        self.sessions.save()

    def _role(self, request: web.Request, *, own: bool) -> Role:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and same(token.strip(), self._secret):
            return Role.HUB
        if own and self.sessions.known(request.cookies.get(COOKIE)):
            return Role.FACILITATOR
        if own and self._trusts_loopback and _is_loopback(request.remote):
            return Role.FACILITATOR
        return Role.VIEWER

    def lapsed(self, request: web.Request, role: Role) -> bool:
        """Tell whether who came as a facilitator is one no longer: they logged out, or the PIN was changed."""
        return role is Role.FACILITATOR and self._role(request, own=True) < role

    def _is_integrator(self, request: web.Request) -> bool:
        """Tell whether a token opens this source; in the address only for callers that cannot set headers."""
        return self.tokens.opens(_bearer(request), request.match_info.get("source", ""))

    def _is_own(self, origin: str, request: web.Request, host: str) -> bool:
        asked = origin.lower()
        return asked in {f"{request.scheme}://{host}".lower(), self._public_origin}

    def _problem(self, code: str, headers: Mapping[str, str] | None = None, **words: Any) -> Problem:  # noqa: ANN401 — whatever fills a sentence
        """Count a refusal."""
        self.refused[code] += 1
        return Problem(code, headers=headers, **words)

    def _too_small(self, role: Role, needed: Role) -> Problem:
        if needed is Role.HUB:
            en = "Send 'Authorization: Bearer' with the secret of run.json in the data folder."
            fr = "Envoyez « Authorization: Bearer » avec le secret de run.json, dans le dossier de données."
        elif needed is Role.INTEGRATOR:
            en = "Make a token with `matinales tokens new NAME` and send it as 'Authorization: Bearer TOKEN'."
            fr = "Créez un jeton avec `matinales tokens new NOM` et envoyez-le : « Authorization: Bearer JETON »."
        elif needed is Role.PARTICIPANT:
            en = "Join at /join with the number of this table, while the facilitator lets the tables act; or log in."
            fr = "Rejoignez /join avec ce numéro de table, si l'animateur laisse les tables agir ; ou connectez-vous."
        elif self.pin is None and not self._trusts_loopback:
            en = "This hub has no facilitator: write a PIN into a file and name it in HUB_PIN_FILE."
            fr = "Ce hub n'a pas d'animateur : écrivez un code PIN dans un fichier et nommez-le dans HUB_PIN_FILE."
        else:
            en = "Log in at /facilitator with the PIN shown in the terminal where the hub was started."
            fr = "Connectez-vous sur /facilitator avec le code PIN affiché dans le terminal où le hub a été lancé."
        return self._problem("role", role=_Named(needed), own=_Named(role), remedy_en=en, remedy_fr=fr)


class _Named:
    """A role's name in both languages, for a sentence that is filled in whichever is wanted."""

    def __init__(self, role: Role) -> None:
        self._names = NAMES[role]

    def __format__(self, lang: str) -> str:
        return self._names.get(lang, self._names["en"])


def network(remote: str | None) -> str:
    """Return whom an address stands for: itself, or the /64 of an IPv6 address, which one machine has whole."""
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None) or address
    return str(mapped) if mapped.version == 4 else str(ipaddress.ip_network((mapped, 64), strict=False))  # noqa: PLR2004 — IPv4


def _bearer(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else request.query.get("token", "")


def _name(host: str) -> str:
    """Return the name in a Host header; empty where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(remote: str | None) -> bool:
    try:
        address = ipaddress.ip_address((remote or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
