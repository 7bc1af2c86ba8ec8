"""What `matinales doctor` looks at where the journal lies on NATS servers, and where NATS is the broker."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hub.cli._causes import cause
from hub.cli._checks import Finding
from hub.config import Config
from hub.errors import HubError
from hub.ingest import habits
from hub.journal import place

MAJORITY = 3


def journal(config: Config, data: Path) -> Iterator[Finding]:
    """Look at the servers of the journal, which are not changed."""
    address = config.journal_url or place.url(data)
    if address is None:
        return
    from hub.journal.jetstream import Log  # noqa: PLC0415 — only where NATS is spoken of
    from hub.journal.nats_link import Url, without_password  # noqa: PLC0415 — likewise
    from hub.journal.shares import dead_letters  # noqa: PLC0415 — likewise

    words = {"where": without_password(address)}
    try:
        with closing(Log(Url.parsed(address))) as log:
            state = log.state()
            dead, newest = dead_letters(log)
    except HubError as error:
        yield Finding("journal.reached", ok=False, code="nats_away", words={**words, "reason": cause(error)})
        return
    words |= {"current": f"{state.current}", "replicas": f"{state.replicas}"}
    if state.replicas == 0:
        yield Finding("journal.reached", ok=True, code="nats_new", words=words)
    elif state.current < state.replicas:
        yield Finding("journal.reached", ok=False, code="nats_behind", words=words)
    elif state.replicas < MAJORITY:
        yield Finding("journal.reached", ok=None, code="nats_alone", words=words)
    else:
        yield Finding("journal.reached", ok=True, code="nats_ok", words=words)
    yield Finding("journal.synced", ok=None, code="nats_sync", words=words)
    for letter in newest:
        said = {"count": dead, "reason": letter.reason, "place": letter.where, "what": ascii(letter.what[:80])[2:-1]}
        yield Finding("journal.dead", ok=False, code="nats_dead", words={**words, **said})


def broker_habits(url: str) -> Iterator[Finding]:
    """Tell what a broker refuses that devices may do."""
    try:
        found = habits.look(url)
    except (OSError, HubError):
        return  # whether it answers at all is said elsewhere
    for name, taken in (("dots", found.dots), ("spaces", found.spaces), ("five", found.five)):
        if not taken:
            yield Finding(f"broker.{name}", ok=None, code=f"broker_no_{name}")
    if found.rate:
        yield Finding(
            "broker.rate", ok=True, code="broker_rate", words={"rate": f"{found.rate:,.0f}".replace(",", " ")}
        )
