"""What a device gives has a name on the page, in both languages: nobody reads `tvoc_mass`."""

import json
from pathlib import Path

import pytest

from hub.driver import Driver
from hub.drivers._ha_words import CHANNELS, RANGES
from hub.registry import load_drivers

WORDS = Path(__file__).parent.parent / "web" / "src" / "i18n"
DRIVERS = load_drivers()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("driver", DRIVERS.values(), ids=DRIVERS)
def test_every_channel_has_a_name_on_the_page(driver: Driver, language: str) -> None:
    """Base names; a suffix is shown behind it."""
    words = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    assert [each.name for each in driver.channels if f"channel.{each.name}" not in words] == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_quantity_of_discovery_has_a_name_on_the_page(language: str) -> None:
    """The device classes that the hub knows a range or another word for."""
    words = json.loads((WORDS / f"{language}.json").read_text(encoding="utf-8"))
    classes = {*RANGES, *CHANNELS}
    assert sorted(each for each in classes if f"channel.{CHANNELS.get(each, each)}" not in words) == []
