"""Many pages at once: the bench itself in small; `matinales bench fanout` measures 500, with its gates."""

import pytest

from hub.bench import fanout

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def test_every_viewer_sees_what_a_device_says() -> None:
    """Twenty viewers, two that hardly read: nobody is hung up on, and each of the others sees most stamps."""
    figures = fanout.measure(viewers=20, seconds=4.0, slow=2, rate=500.0)
    assert figures["quick_closed"] == 0
    assert figures["fewest_stamps_per_s"] > 2
    assert figures["ingest_watched_per_s"] > 0
