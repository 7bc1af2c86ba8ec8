"""Who wants to be told of which steps of an alarm: the settings, checked, and the choice. Pure.

Told is only what happens live. What back-fill, an import or a replay raises is `past` or belongs to a run that is
nobody's plant, and what a restart finds in the store was a step once already (`hub.store.alarms`).
"""

from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from hub.model import PRIORITIES, REAL, REPLAY, Alarm
from hub.store.alarms import Step, Transition

WEB, MAIL = "webhook", "mail"
"""The ways of being told, as the outbox names them."""
PORTS = {"smtp": 587, "smtps": 465}
_MAILED = frozenset({Step.RAISED, Step.RETURNED})
"""Steps worth a mail; a program at a web address hears them all."""


class Mailbox(Struct, frozen=True, kw_only=True):
    """A mail server, and who writes to whom.

    Attributes:
        host, port: of the server.
        is_wrapped: TLS from the first byte; else STARTTLS wherever there is a user.
        user: who logs in; empty: nobody.
        sender, people: addresses.
    """

    host: str
    port: int
    is_wrapped: bool
    user: str
    sender: str
    people: tuple[str, ...]


class Wishes(Struct, frozen=True, kw_only=True):
    """What the settings say.

    Attributes:
        least: the least priority that is told.
        simulated: whether a simulation's alarms are told too.
        url: where steps are posted; None: nowhere.
        mailbox: how mail goes out; None: not at all.
        siren: (device, channel) that is 1 while an alarm rings; None: there is none.
    """

    least: str = "high"
    simulated: bool = False
    url: str | None = None
    mailbox: Mailbox | None = None
    siren: tuple[str, str] | None = None

    @property
    def priorities(self) -> frozenset[str]:
        """The priorities that are told."""
        return frozenset(PRIORITIES[: PRIORITIES.index(self.least) + 1])

    def takes(self, alarm: Alarm) -> bool:
        """Tell whether anybody is told of an alarm at all."""
        is_plant = alarm.run == REAL or (self.simulated and not alarm.run.startswith(REPLAY))
        return is_plant and not alarm.past and alarm.priority in self.priorities

    def ways(self, alarm: Alarm, step: Transition) -> tuple[str, ...]:
        """Return the ways by which a step that has just happened is told."""
        is_quiet = step.step is Step.RAISED and alarm.shelved_until is not None
        if is_quiet or not self.takes(alarm):
            return ()
        mails = self.mailbox is not None and step.step in _MAILED
        return (*([WEB] if self.url else []), *([MAIL] if mails else []))


def web_address(name: str, text: str) -> str:
    """Return a web address that can be posted to.

    Raises:
        ValueError: naming the setting and what it should be.
    """
    url = _split(name, text)
    if url.scheme not in {"http", "https"} or not url.hostname or "@" in url.netloc:
        msg = f"{name} is {text!r}: write for instance https://example.org/alarms (a token goes apart)"
        raise ValueError(msg)
    return text


def mailbox(url: str | None, sender: str, people: str) -> Mailbox | None:
    """Return how mail goes out, or None where nothing is said of it.

    Raises:
        ValueError: naming the setting and what it should be.
    """
    said = {"mail_url": url, "mail_from": sender, "mail_to": people}
    missing = [name for name, value in said.items() if not value]
    if len(missing) == len(said):
        return None
    if missing:
        msg = f"{missing[0]} is not set, but another setting of mail is; mail_url, mail_from and mail_to go together"
        raise ValueError(msg)
    server = _split("mail_url", url or "")
    port = PORTS.get(server.scheme)
    if port is None or not server.hostname or server.password:
        msg = "mail_url: write smtp://user@host:587 or smtps://user@host:465; the password goes to mail_password"
        raise ValueError(msg)
    to = tuple(each.strip() for each in people.split(",") if each.strip())
    for name, address in (("mail_from", sender), *(("mail_to", each) for each in to)):
        if address.count("@") != 1 or not address.isprintable() or any(char in address for char in ' <>,;"\\'):
            msg = f"{name} is {address!r}: write an address, alarms@example.org; several in mail_to with commas between"
            raise ValueError(msg)
    return Mailbox(
        host=server.hostname,
        port=server.port or port,
        is_wrapped=server.scheme == "smtps",
        user=server.username or "",
        sender=sender,
        people=to,
    )


def siren(text: str) -> tuple[str, str] | None:
    """Return which channel of which device rings; empty: none.

    Raises:
        ValueError: it names none.
    """
    if not text:
        return None
    device, slash, channel = text.rpartition("/")
    if not (slash and ":" in device and channel):
        msg = f"siren is {text!r}: write device/channel, for instance tasmota:buzzer/power"
        raise ValueError(msg)
    return device, channel


def _split(name: str, text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        msg = f"{name} is {text!r}: {error}"
        raise ValueError(msg) from None
    return url
