"""How soon a telegram is seen: the bench itself in small; `matinales bench latency` measures it, with its gates."""

import pytest

from hub.bench import _browser, latency

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def test_every_telegram_is_confirmed_journalled_and_seen() -> None:
    """In this order, by the medians."""
    if _browser.program() is None:
        pytest.skip(_browser.PROVIDE)
    figures = latency.measure(seconds=4.0, rate=50.0)
    assert figures["journalled"] > 100
    assert 0 < figures["journalled_p50_ms"] < figures["seen_p50_ms"]
    assert 0 < figures["puback_p50_ms"] <= figures["puback_p99_ms"]
