"""Two devices that the hub recognises as one: told on the page with the way back, listed and undone by command."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from servers.browser import visit
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
ONE, OTHER = "homeassistant:shed", "tasmota:shed"


def document(hub: Demo, name: str, state: str) -> None:
    """Describe an entity of the device that both are, by its address."""
    device = {"ids": ["shed"], "cns": [["mac", "5C:CF:7F:12:34:56"]]}
    hub.publish(
        f"homeassistant/sensor/{name}/config", json.dumps({"stat_t": state, "unit_of_meas": "%", "dev": device})
    )


def test_what_the_hub_recognised_as_one_is_parted_again_from_the_page(browser: Browser, tmp_path: Path) -> None:
    """The bar says what happened; one press makes two of them again, and the hub does not insist."""
    with demo(tmp_path / "data") as hub, visit(browser, hub.page + "devices") as reader:
        document(hub, "soil", "shed/soil")
        hub.publish("shed/soil", "40")
        until(lambda: hub.device(ONE))
        hub.publish("tele/shed/SENSOR", '{"BME280":{"Humidity":50}}')
        until(lambda: hub.device(OTHER))
        expect(reader.page.locator(f"[data-device-id='{OTHER}']")).to_be_visible()
        document(hub, "air", "tele/shed/SENSOR")
        expect(reader.page.get_by_role("status").filter(has_text="Le hub a reconnu que shed et shed")).to_be_visible()
        expect(reader.page.locator(f"[data-device-id='{OTHER}']")).to_have_count(0)
        (done,) = [each for each in hub.get("api/v1/actions")["actions"] if each["by"] == "hub"]
        assert (done["device"], done["after"]["merged"]) == (OTHER, ONE)
        reader.page.get_by_role("button", name="Annuler").click()
        expect(reader.page.locator(f"[data-device-id='{OTHER}']")).to_be_visible()
        document(hub, "air", "tele/shed/SENSOR")
        hub.publish("tele/shed/SENSOR", '{"BME280":{"Humidity":51}}')
        until(lambda: hub.device(OTHER)["channels"][0]["value"] == 51)  # type: ignore[index]
