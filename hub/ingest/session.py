"""Whom the MQTT edge connects to, as whom, and what the broker granted that session."""

import functools
import hashlib
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import msgspec
from msgspec import Struct

from hub.driver import topic_matches
from hub.errors import ConfigError
from hub.timeline import ANNOUNCEMENT

ROUNDS = 1_000
"""Of the hash that keeps the client id out of our topics: 2 ms once, and 2⁴⁸ times that to find the id by trying."""


class Settings(Struct, frozen=True, kw_only=True):
    """What the edge is told.

    Attributes:
        url: `mqtt[s]://[user:password@]host[:port]`.
        client_id: fixed, the session's name at the broker.
        filters: subscriptions; exactly `#` on the embedded broker. `$share/<group>/…`: each message goes to one hub of
            the group, and each hub has a journal of its own (reliability.md §2.14).
        window: messages that the broker keeps in flight towards us.
        state: file that remembers what the session is subscribed to.
        clean: the session begins empty and ends with the connection; the hub's own does only where it shares.
        uptime: the broker says since when it runs ($SYS), and may be asked.
        queue_bytes, queue_messages: when as much has waited for us, some may have been dropped; 0: not known.
    """

    url: str
    client_id: str
    filters: tuple[str, ...] = ("#",)
    window: int = 100
    state: Path
    clean: bool = False
    uptime: bool = False
    queue_bytes: int = 0
    queue_messages: int = 0

    @property
    def parts(self) -> SplitResult:
        """The address taken apart; ConfigError when it is none."""
        return parsed(self.url)

    @property
    def host(self) -> str:
        """The broker's name or address."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        """The broker's port, by default its scheme's."""
        return self.parts.port or (8883 if self.tls else 1883)

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.parts.scheme == "mqtts"

    @property
    def shares(self) -> bool:
        """Whether other hubs take a share of what is said: a session that waited for us would keep ours from them."""
        return any(each.startswith("$share/") for each in self.filters)

    @property
    def probe(self) -> str:
        """The topic of our own messages that must come back.

        It does not tell the client id: who knows that takes the session over, with what waits in it (reliability.md
        §2.15), and every account that may read `#` reads this topic.
        """
        return f"matinales/hub/{_veiled(self.client_id)}/probe"

    @property
    def subscriptions(self) -> list[str]:
        """What to subscribe to: where filters are shared, our own messages must not go to another."""
        return [*self.filters, *([self.probe] if self.shares else [])]

    @property
    def hears_runs(self) -> bool:
        """Whether simulated runs are announced to us, and stay so: a share of a filter has nothing retained."""
        return not self.shares and any(topic_matches(each, f"{ANNOUNCEMENT}run") for each in self.filters)

    @property
    def session(self) -> "Session":
        """The session wanted."""
        place = f"{self.parts.username or ''}@{self.host}:{self.port}"
        return Session(place, self.client_id, self.subscriptions)


class Session(Struct, frozen=True):
    """What the broker's session was last granted: a resumed session does not learn new filters by itself."""

    place: str
    client_id: str
    filters: list[str]


@functools.cache
def _veiled(client_id: str) -> str:
    """Return a name that is the same for the same client id, and from which nobody finds that."""
    return hashlib.pbkdf2_hmac("sha256", client_id.encode(), b"matinales/hub", ROUNDS, 9).hex()


def remembered(settings: Settings) -> Session | None:
    """Return what this session was last granted; None when it is another's, or unknown."""
    try:
        session = msgspec.json.decode(settings.state.read_bytes(), type=Session)
    except (OSError, msgspec.DecodeError):
        return None
    wanted = settings.session
    return session if (session.place, session.client_id) == (wanted.place, wanted.client_id) else None


def remember(settings: Settings) -> None:
    """Keep what was granted just now."""
    draft = settings.state.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(settings.session))
    draft.replace(settings.state)


def forget(settings: Settings) -> None:
    """Nothing is granted to the session that begins now."""
    settings.state.unlink(missing_ok=True)


def parsed(url: str) -> SplitResult:
    """Return the parts of an MQTT URL.

    Raises:
        ConfigError: naming what is wrong with it, without its password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        msg = f"HUB_BROKER_URL is no address ({error}); write mqtt://host:1883"
        raise ConfigError(msg) from None
    if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname:
        form = "mqtt://[user:password@]host[:port], or mqtts:// for TLS"
        msg = f"HUB_BROKER_URL begins with {parts.scheme!r}: write {form}"
        raise ConfigError(msg)
    return parts


def shown(url: str) -> str:
    """Return the URL without its password."""
    parts = parsed(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname}{port}"
