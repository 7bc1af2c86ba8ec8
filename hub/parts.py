"""How each part of the hub is, as `GET /health` and every page tell it: pure, in both languages (parts.toml)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hub.forwarding import Forwarding
from hub.guests.house import Guest
from hub.ingest.gaps import Gap, Why
from hub.ingest.link import SerialPort, Status
from hub.model import NS, rfc3339

TOLD_FOR = 3600 * NS
"""How long what may be missing is told on the page [ns]; it stays counted."""
WARN_FROM = 0.8
"""Share of the journal's budget from which it is said (reliability.md §2.4)."""

FINE: dict[str, Any] = {"status": "ok", "text": None, "remedy": None}
WORDS = msgspec.toml.decode(
    (Path(__file__).parent / "parts.toml").read_bytes(), type=dict[str, dict[str, dict[str, str]]]
)


def degraded(what: str, reason: str | None = None) -> dict[str, Any]:
    """Return a part that does not work, in both languages, with what it said itself."""
    return {"status": "degraded", **WORDS[what], "reason": reason}


def store(fault: str | None, renewed: Sequence[str], influx: Forwarding | None) -> dict[str, Any]:
    """Return how the store is.

    Args:
        fault: why the last step was not stored; None: it was.
        renewed: which of its files were begun anew, and why.
        influx: where readings are sent on; None: nowhere.
    """
    code, reason, figures = (None, None, None) if influx is None else influx.part()
    if fault is not None:
        part = degraded("store_fault", fault)
    elif renewed:
        part = degraded("store_renewed", "; ".join(renewed))
    else:
        part = FINE if code is None else degraded(code, reason)
    return part if figures is None else part | {"influx": figures}


def gaps(status: Status, now: int) -> dict[str, Any]:
    """Return what may be missing of what the broker had for us: told for an hour, counted for ever; `now` [ns]."""
    newest = next((each for each in reversed(status.gaps) if each.why is not Why.JOURNAL), None)
    lately = newest is not None and now - newest.until < TOLD_FOR
    part = degraded(f"gap_{newest.why}") if newest is not None and lately else FINE
    shown = [msgspec.to_builtins(each) | _times(each) for each in reversed(status.gaps)]
    return part | {"count": status.gap, "newest": shown}


def _times(gap: Gap) -> dict[str, str]:
    return {"since": rfc3339(gap.since // NS * NS), "until": rfc3339(gap.until // NS * NS)}


def journal(
    status: Status, missing: int = 0, now: int = 0, *, is_anew: bool = False, missed: int = 0
) -> dict[str, Any]:
    """Return how the journal is, and how long its budget lasts at the present rate [h].

    Args:
        status: the ingest's word.
        missing: records that were read before and are gone from its damaged end.
        now: wall clock [ns]: what went from it is told for an hour.
        is_anew: it was deleted on its servers, and another one is in its place.
        missed: records that had gone before this worker came to them.
    """
    dropping = any(each.why is Why.JOURNAL and now - each.until < TOLD_FOR for each in status.gaps)
    if status.full:
        part = degraded("journal_full")
    elif is_anew:
        part = degraded(
            "journal_anew", f"{missing} messages that were read before are gone from it" if missing else None
        )
    elif missed:
        part = degraded("journal_missed", f"{missed} messages")
    elif dropping:
        part = degraded("journal_dropped", f"{status.dropped}")
    elif status.fault is not None or missing:
        part = degraded("journal_fault", status.fault or f"its last {missing} messages were damaged")
    elif status.used > WARN_FROM * status.budget:
        part = degraded("journal_nearly_full")
    else:
        part = FINE
    hours = None if status.hours is None else round(status.hours, 1)
    return part | {"hours": hours, "used": status.used, "budget": status.budget, "dropped": status.dropped}


def serial(ports: Sequence[SerialPort]) -> dict[str, Any]:
    """Return the serial ports as one part: what is wrong with the first that does not work, and all of them."""
    wrong = next((each for each in ports if each.state not in {"open", "unread"}), None)
    part = FINE
    if wrong is not None:
        place = f"{wrong.name} ({wrong.path})" if wrong.path else wrong.name
        part = degraded(f"serial_{wrong.state}", f"{place}: {wrong.reason}" if wrong.reason else place)
    return part | {"ports": msgspec.to_builtins(ports)}


def drivers(guests: Sequence[Guest]) -> dict[str, Any]:
    """Return the drivers of other packages as one part: the first that is off, or failed, named in the sentence."""
    wrong = next((each for each in guests if each.off is not None), None)
    wrong = wrong or next((each for each in guests if each.reason is not None), None)
    if wrong is None:
        return FINE
    what = wrong.off or wrong.reason
    part = degraded("driver_off" if wrong.off is not None else "driver_failed", what)
    words = {"name": wrong.name, "reason": f"{wrong.name} ({wrong.package}): {what}"}
    filled = {key: {lang: said.format_map(words) for lang, said in part[key].items()} for key in ("text", "remedy")}
    return part | filled
