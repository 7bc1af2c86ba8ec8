"""When a telegram is part of what a browser paints: marked ones are sent one by one, and looked for on /devices."""

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from hub.bench._publisher import Publisher, telegram
from hub.errors import HubError

if TYPE_CHECKING:
    from playwright.sync_api import Page

MARKED = "bench-page"
EVERY_S = 0.25
"""Between two telegrams that are looked for; the others are the crowd's."""
PATIENCE_MS = 20_000
_WATCH = """([device]) => {
    window.seen = [];
    const look = () => {
        const shown = document.querySelector(`data[data-device="${device}"][data-channel="temperature"]`);
        const value = shown?.getAttribute("value") ?? shown?.value;
        if (value && value !== window.last) { window.last = value; window.seen.push([Number(value), Date.now()]); }
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes each new value the moment it is part of what is painted; both clocks are this machine's."""


class Waits(Struct, frozen=True):
    """How long each marked telegram took, from its sending on [ms].

    Attributes:
        confirmed: until the broker's PUBACK.
        seen: until it, or a newer one, was in the picture.
    """

    confirmed: Sequence[float]
    seen: Sequence[float]


def watched(page: "Page", address: str, publisher: Publisher, seconds: float) -> Waits:
    """Open the page of devices, send a marked telegram again and again, and return how long each took.

    Raises:
        HubError: the last one was never seen.
    """
    from playwright.sync_api import TimeoutError as TooLate  # noqa: PLC0415 — comes with the extra `test` only

    publisher.say_all(iter([(f"tele/{MARKED}/SENSOR", telegram(0))]))
    page.goto(f"{address}devices")
    page.locator(f'data[data-device="tasmota:{MARKED}"]').first.wait_for(timeout=PATIENCE_MS)
    page.evaluate(_WATCH, [f"tasmota:{MARKED}"])
    sent: list[tuple[float, float]] = []
    confirmed: list[float] = []
    for number in range(1, int(seconds / EVERY_S) + 1):
        message = telegram(number)
        sent.append((json.loads(message)["BME280"]["Temperature"], time.time() * 1e3))
        began = time.perf_counter()
        publisher.say_all(iter([(f"tele/{MARKED}/SENSOR", message)]))
        confirmed.append((time.perf_counter() - began) * 1e3)
        page.wait_for_timeout(EVERY_S * 1e3)
    try:
        page.wait_for_function("value => Number(window.last) === value", arg=sent[-1][0], timeout=PATIENCE_MS)
    except TooLate:
        msg = f"the last of {len(sent)} telegrams was not seen on {address}devices within {PATIENCE_MS / 1e3:.0f} s"
        raise HubError(msg) from None
    return Waits(confirmed, waits(sent, page.evaluate("window.seen")))


def waits(sent: Sequence[tuple[float, float]], seen: Sequence[tuple[float, float]]) -> list[float]:
    """Return how long [ms] each value sent was waited for, until it was seen or a newer one in its place.

    Args:
        sent: (value, when [ms]) in this order; the same value may come back later.
        seen: likewise; others' values among them.
    """
    found: list[float] = []
    for value, at in seen:
        ahead = next((place for place in range(len(found), len(sent)) if sent[place][0] == value), None)
        if ahead is not None and sent[ahead][1] <= at:
            found += [at - when for _, when in sent[len(found) : ahead + 1]]
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` percent lie; 0 where there is none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(int(len(ordered) * share / 100), len(ordered) - 1)]
