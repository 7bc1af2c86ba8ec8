"""A projector that goes from one running story to the next by itself, before a real demo."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from servers.browser import visit
from servers.hubs import Demo, demo, until

WALL = (1920, 1080)
SENSOR = "tasmota:meeting-room"
AIR = '{"Time":"2026-11-24T09:00:00","SCD40":{"CarbonDioxide":812,"Temperature":21.7,"Humidity":40.5}}'
TITLES = {
    "fr-FR": {"cold_room": "Chambre froide", "room_co2": "Air de la salle de réunion"},
    "en-GB": {"cold_room": "Cold room", "room_co2": "Meeting-room air"},
}
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a simulated cold room beside the air of this very room, which a real sensor measures."""
    with demo(tmp_path_factory.mktemp("rounds") / "data", "--history", "0", "--seed", "7") as running:
        running.publish("tele/meeting-room/SENSOR", AIR)
        until(lambda: running.device(SENSOR))
        running.ask("PUT", "api/v1/usecases/room_co2/roles/air", {"device": SENSOR})
        yield running


def told(page: Page, locale: str, name: str) -> None:
    """Wait until the wall tells a story, with its own values under its title."""
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[locale][name])
    device = SENSOR if name == "room_co2" else "tasmota:coldroom-sim-probe"
    expect(page.locator(f'.values data[data-device="{device}"]').first).to_have_text(re.compile(r"\d"))


def test_a_wall_goes_round_the_stories_that_run(hub: Demo, browser: Browser) -> None:
    """Each has its time, says which of how many it is, and the first comes after the last; nothing is touched."""
    address = f"{hub.page}projector?advance=3"
    with (
        visit(browser, address, locale="fr-FR", size=WALL) as fr,
        visit(browser, address, locale="en-GB", size=WALL) as en,
    ):
        walls = {"fr-FR": fr.page, "en-GB": en.page}
        for name, turn in (("cold_room", "1/2"), ("room_co2", "2/2"), ("cold_room", "1/2")):
            for locale, page in walls.items():
                told(page, locale, name)
                expect(page.locator("[data-turn]")).to_have_text(turn)


def test_an_alarm_calls_the_wall_and_holds_it_and_the_guide_leads_it(hub: Demo, browser: Browser) -> None:
    """The door's alarm brings the cold room back at once; begun anew, it goes round until a step is played."""
    with visit(browser, f"{hub.page}projector?advance=3", locale="en-GB", size=WALL) as wall:
        page = wall.page
        told(page, "en-GB", "room_co2")
        hub.ask("PUT", "api/v1/scenario/faults/door_open", {"active": True})
        hub.ask("PUT", "api/v1/scenario/speed", {"speed": 60})
        expect(page.locator(".banner strong")).to_be_visible()
        stays(page, TITLES["en-GB"]["cold_room"])
        hub.ask("PUT", "api/v1/scenario", {"usecase": "cold_room", "seed": 7})
        told(page, "en-GB", "room_co2")
        hub.ask("PATCH", "api/v1/screens", {"guide": {"usecase": "cold_room", "step": 0}})
        told(page, "en-GB", "cold_room")
        stays(page, TITLES["en-GB"]["cold_room"])


def stays(page: Page, title: str) -> None:
    """See a wall tell one story for longer than it would if it went round."""
    page.evaluate(STAY)
    until(lambda: page.evaluate("window.beats") >= LONGER)
    assert page.evaluate("window.titles") == [title]


STAY = """() => {
    window.beats = 0;
    window.titles = [document.querySelector('h1').textContent];
    const look = new MutationObserver(() => {
        const title = document.querySelector('h1').textContent;
        if (!window.titles.includes(title)) window.titles.push(title);
    });
    look.observe(document.querySelector('h1'), { subtree: true, childList: true, characterData: true });
    clearInterval(window.beating);
    window.beating = setInterval(() => { window.beats += 1; }, 500);
}"""
"""Collects the titles that a wall shows, and counts how often the page beats meanwhile."""
LONGER = 8
"""Beats in which a wall that goes round would have turned."""
