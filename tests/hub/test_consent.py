"""What the hub may say on which broker, and what it listens to there."""

import pytest

from hub.config import load

FOREIGN = {"HUB_BROKER_URL": "mqtt://plant.example"}


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({}, True),
        (FOREIGN, False),
        (FOREIGN | {"HUB_COMMANDS": "on"}, True),
        (FOREIGN | {"HUB_ASK": "on"}, False),
        ({"HUB_COMMANDS": "off"}, False),
    ],
)
def test_real_devices_of_somebody_elses_broker_are_commanded_with_consent_only(
    environ: dict[str, str], *, may: bool
) -> None:
    """Asking devices to speak is not switching them."""
    assert load(environ=environ).commands_real is may


@pytest.mark.parametrize(
    ("topics", "filters"),
    [("#", ("#",)), (" tele/# , zigbee2mqtt/+ ,", ("tele/#", "zigbee2mqtt/+")), (",", ("#",))],
)
def test_the_topics_wanted_are_a_list(topics: str, filters: tuple[str, ...]) -> None:
    """Commas and spaces between them; none is all."""
    assert load(environ={"HUB_TOPICS": topics}).filters == filters
