"""What a device's family alone tells of it, as its drivers describe it."""

import pytest

from hub.driver import Channel, Driver, Example
from hub.families import Families
from hub.units import Unit
from servers.acme import ACME, FAMILY

PLUG = Driver(
    model="plug",
    family="plug",
    title="Plug",
    source="none",
    topics=("plug/#",),
    channels=(
        Channel(name="power", unit=Unit("W"), low=0, high=3680),
        Channel(name="switch", unit=None, low=0, high=1),
        Channel(name="battery", unit=Unit("%"), low=0, high=100, health=True),
    ),
    decode=ACME.decode,
    context=ACME.context,
    examples=(Example.refused("plug/a", "?", because="JSON"),),
)
FAMILIES = Families([ACME, PLUG])


@pytest.mark.parametrize(
    ("channel", "is_health", "is_flag"),
    [
        ("battery", True, False),
        ("switch", False, True),
        ("switch_2", False, True),
        ("power", False, False),
        ("odd", False, False),
    ],
)
def test_a_channel_is_what_the_first_driver_of_the_family_says(channel: str, is_health: bool, is_flag: bool) -> None:  # noqa: FBT001 — likewise
    """Numbered ones as the plain one; what nobody describes is neither."""
    assert FAMILIES.is_health("plug:a", channel) is is_health
    assert FAMILIES.is_flag("plug:a", channel) is is_flag
    assert not FAMILIES.is_health("other:a", channel)


def test_a_family_that_can_be_asked_is_polled_and_one_that_cannot_is_left_alone() -> None:
    """Neither is set to another period, where no driver knows how."""
    assert FAMILIES.pace_by(f"{FAMILY}:a") == "poll"
    assert FAMILIES.pace_by("plug:a") is None
    assert FAMILIES.reach("plug:a", "switch") is None
