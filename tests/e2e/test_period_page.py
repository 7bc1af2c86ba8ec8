"""Every 10 s during a session, from the menu of a device on the page, and back by the bar that offers to undo it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from servers.browser import visit
from servers.hubs import demo, until
from servers.tasmota import board

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_one_press_makes_a_board_report_every_ten_seconds_and_one_takes_it_back(
    browser: Browser, tmp_path: Path
) -> None:
    """The card says both periods while it lasts; afterwards the board has its own again."""
    with demo(tmp_path / "data") as hub, board(hub.mqtt_port) as lent, visit(browser, hub.page + "devices") as reader:
        lent.speak()
        card = reader.page.locator("[data-device-id='tasmota:cellar']")
        card.locator("summary").click()
        card.get_by_role("button", name="Toutes les 10").click()
        expect(card.locator("[data-pace='held']")).to_contain_text("pendant cette séance (sinon 5")
        assert lent.period == 10
        reader.page.get_by_role("button", name="Annuler").click()
        until(lambda: lent.period == 300)
        expect(card.locator("[data-pace]")).to_have_count(0)
