"""Captured payloads play through a real broker into the hub, as the devices sent them."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

import pytest

from servers.brokers import KINDS, needs
from servers.captures import Capture, captures
from servers.hubs import Demo, demo, until

CAPTURES = captures()
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module", params=KINDS)
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend a hub on each kind of broker, with the consent that families about people need."""
    needs(request.param)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HUB_PERSONAL", "on")
        with demo(tmp_path_factory.mktemp("captures") / "data", "--broker", request.param) as running:
            yield running


@pytest.mark.parametrize("capture", CAPTURES.values(), ids=CAPTURES)
def test_a_capture_is_on_the_page(hub: Demo, capture: Capture) -> None:
    """Every value its file states is the device's latest, under whatever name it was heard first."""
    for heard in capture.messages:
        hub.publish(heard.topic, heard.raw, retain=heard.retained)

    for uid, values in capture.values.items():
        until(partial(_shows, hub, uid, values))


def _shows(hub: Demo, uid: str, values: dict[str, float]) -> bool:
    device = hub.ask("GET", f"api/v1/devices/{quote(uid, safe='')}")
    shown = {each["name"]: each["value"] for each in device.get("channels", [])}
    return values.items() <= shown.items()
