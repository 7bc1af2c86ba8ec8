"""Captured payloads of real devices play through every driver as they would through a broker."""

import re

import pytest

from hub.model import Message
from hub.registry import Contexts, Registry, load_drivers
from servers.captures import Capture, captures
from servers.decoding import NOW

CAPTURES = captures()
every_capture = pytest.mark.parametrize("capture", CAPTURES.values(), ids=CAPTURES)
REGISTRY = Registry(load_drivers())


@every_capture
def test_a_capture_gives_its_values(capture: Capture) -> None:
    """Exactly the values, and the availability, that its file states; nothing is refused."""
    contexts = Contexts()
    values: dict[str, dict[str, float]] = {}
    said: dict[str, str] = {}
    for heard in capture.messages:
        outcome = REGISTRY.decode(Message(heard.topic, heard.raw, NOW, retained=heard.retained), contexts)
        assert outcome.decoded is not None, f"{heard.topic}: {outcome.reason}"
        decoded = outcome.decoded
        for sample in decoded.samples:
            values.setdefault(decoded.device, {})[sample.channel] = sample.value
        if decoded.availability is not None and not decoded.speaks_for_others:
            said[decoded.device] = decoded.availability.value
        said |= {each.device: each.availability.value for each in decoded.announces if each.availability is not None}
    assert values == capture.values
    assert said == capture.availability


@every_capture
def test_a_capture_comes_from_its_family(capture: Capture, request: pytest.FixtureRequest) -> None:
    """Its folder's name is the family that understands it."""
    family = request.node.callspec.id.partition("/")[0]
    assert {uid.partition(":")[0] for uid in capture.values | capture.availability} == {family}


@every_capture
def test_a_capture_says_where_it_is_from(capture: Capture) -> None:
    """Device, time, public address, and why it may lie here."""
    assert capture.device
    assert re.search(r"\d{4}|documentation", capture.when)
    assert capture.source.startswith("https://")
    assert len(capture.publish) > 10


def test_every_family_of_a_format_is_captured() -> None:
    """Whatever publishes numbers in a shape of its own has none to be captured, nor has the hub's page on a phone."""
    families = {driver.family for driver in load_drivers().values()} - {"generic", "serial", "phone"}
    assert {name.partition("/")[0] for name in CAPTURES} == families
