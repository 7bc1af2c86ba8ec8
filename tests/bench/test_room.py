"""A full room: the bench itself in small; `matinales bench room` measures it whole, with its gates."""

import pytest

from hub.bench import room

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]


def test_every_phone_is_seen() -> None:
    """Ten phones and ten viewers: none is missing."""
    figures = room.measure(phones=10, viewers=10, seconds=5.0)
    assert figures["missing"] == 0
    assert figures["samples_per_s"] > 0
