"""What the hub understands of one message, in the shape that programs rely on (design.md §4, `decode --json`). Pure."""

from typing import Any
from zoneinfo import ZoneInfo

from hub.devices import utc
from hub.model import NS
from hub.payload import utc_text
from hub.registry import Outcome, Registry

AHEAD = 5 * 60 * NS
"""A time further ahead than this is a wrong clock, not the message's own time (wire_formats.md §0.3)."""


def described(registry: Registry, outcome: Outcome, zone: ZoneInfo, now: int) -> dict[str, Any]:
    """Return an outcome in the shape of design.md §4; `zone` is that of local device times, `now` [ns]."""
    driver, decoded = outcome.driver, outcome.decoded
    shape: dict[str, Any] = {
        "driver": driver.model if driver is not None else None,
        "device": (decoded.device or None) if decoded is not None else None,
        "kind": decoded.kind.value if decoded is not None else None,
        "readings": [],
        "availability": decoded.availability.value if decoded is not None and decoded.availability else None,
        "rejected": [],
    }
    if decoded is None:
        shape["rejected"] = [{"field": "payload", "reason": outcome.reason}]
        return shape
    shape["rejected"] = [{"field": field, "reason": reason} for field, reason in decoded.rejected.items()]
    if driver is not None:
        for sample, unit, quality in registry.complete(driver, decoded):
            measured = sample.measured
            if measured is not None and sample.local:
                measured = utc(measured, zone)
            plausible = measured is not None and measured <= now + AHEAD
            shape["readings"].append(
                {
                    "channel": sample.channel,
                    "value": sample.value,
                    "unit": unit,
                    "time": utc_text(measured) if plausible and measured is not None else None,
                    "quality": quality.value,
                }
            )
    return shape
