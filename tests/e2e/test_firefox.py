"""The main journeys in Firefox: what Chromium forgives is not what people have in their pockets.

Run with `-m long`: a browser, and a demo at sixty times the speed, for two minutes.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

import psutil
import pytest

from servers.firefox import Firefox, Page, firefox
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(180)]
PROBE, AIR = "tasmota:coldroom-sim-probe", "temperature_ds18b20_1"
TELEGRAM = '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7},"TempUnit":"C"}'
PHONE = (390, 844)
AWAY = re.compile(r"can.t establish a connection|was interrupted|NetworkError")
TAKEN_OVER = "document.querySelector('#page > .frame main') !== null"
"""The page has put itself where the hub had written the story."""


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Lend the module one Firefox."""
    with firefox(tmp_path_factory.mktemp("firefox")) as lent:
        yield lent


@pytest.fixture(scope="module")
def hub(fox: Firefox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend one running cold room at sixty times the speed."""
    with demo(tmp_path_factory.mktemp("demo") / "data", "--speed", "60", "--seed", "7") as running:
        yield running


def value(device: str, channel: str) -> str:
    """Return the selector of a live value."""
    return f'main data[data-device="{device}"][data-channel="{channel}"]'


def shown(page: Page, device: str = PROBE, channel: str = AIR) -> float:
    """Return the value that the page holds, once it shows one."""
    return float(page.until(f"document.querySelector('{value(device, channel)}')?.getAttribute('value')"))


def test_the_page_shows_values_that_live(fox: Firefox, hub: Demo) -> None:
    """The first one is there at once; a telegram is on the page without a reload, in the reader's writing."""
    with fox.page(hub.page) as page:
        first = shown(page)
        page.until(TAKEN_OVER)
        page.run("window.same = true")
        page.until(f"document.querySelector('{value(PROBE, AIR)}').getAttribute('value') !== '{first:g}'")
        hub.publish("tele/kitchen/SENSOR", TELEGRAM)
        assert shown(page, "tasmota:kitchen", "temperature") == 21.7
        assert page.text(value("tasmota:kitchen", "temperature")) == "21,7\u202f°C"
        page.until("document.querySelector('figure[data-covers] canvas')?.width > 100")
        assert page.run("window.same") is True


def test_the_language_is_switched_and_kept(fox: Firefox, hub: Demo) -> None:
    """Without a reload; and what the hub writes into the page speaks another one no more."""
    with fox.page(hub.page) as page:
        page.until("document.querySelector('h1')?.innerText === 'Chambre froide'")
        page.click('button[lang="en"]')
        page.until("document.documentElement.lang === 'en'")
        page.until("document.querySelector('h1')?.innerText === 'Cold room'")
        page.go(hub.page)
        page.until(TAKEN_OVER)
        assert page.text("h1") == "Cold room"


def test_each_page_comes(fox: Firefox, hub: Demo) -> None:
    """By its address; none complains, none is wider than a phone."""
    for path in ("devices", "history", "projector", "facilitator", "alarms", "plan", "setup", "join"):
        with fox.page(f"{hub.page}{path}", PHONE) as page:
            page.until("(document.querySelector('main')?.innerText ?? '').length > 20")
            assert page.run("document.documentElement.scrollWidth") <= PHONE[0], path


def test_devices_and_history_show_what_was_measured(fox: Firefox, hub: Demo) -> None:
    """A card with the value; a curve that is painted."""
    with fox.page(f"{hub.page}devices") as page:
        assert -30 < shown(page) < 40
    with fox.page(f"{hub.page}history?c={quote(f'{PROBE}/{AIR}', safe='')}") as page:
        page.until("document.querySelector('canvas')?.width > 100")


def test_a_fault_pressed_on_the_console_rings_and_is_acknowledged(fox: Firefox, hub: Demo) -> None:
    """The button shows its effect, the alarm comes after its delay, the comment is on it."""
    with fox.page(f"{hub.page}facilitator") as page:
        page.click('button[data-fault="door_open"]')
        page.until("document.querySelector('button[data-fault=\"door_open\"]').ariaPressed === 'true'")
        page.until("document.querySelector('[role=alert]')?.innerText.length > 10")
        page.click(".acknowledge")
        page.type("dialog[open] input", "Je ferme la porte.")
        page.click('dialog[open] button[type="submit"]')
        page.until("document.querySelector('dialog[open]') === null")
        alarms = until(lambda: [each for each in hub.get("api/v1/alarms")["alarms"] if each["comment"]])
        assert alarms[0]["comment"] == "Je ferme la porte."
        page.click('button[data-fault="door_open"]')
        page.until("document.querySelector('button[data-fault=\"door_open\"]').ariaPressed === 'false'")


def test_a_phone_joins_and_its_button_is_a_sensor(fox: Firefox, hub: Demo) -> None:
    """A number, a name, a yes; each press is a reading."""
    hub.ask("POST", "api/v1/sessions", {"title": "Boulangers"})
    with fox.page(f"{hub.page}join", PHONE) as page:
        page.type('input[type="number"]', "3")
        page.type("input[maxlength]", "Gudrun")
        page.click('button[type="submit"]')
        page.click("button.press")
        page.until("document.querySelector('[data-shown=presses]')?.innerText === '1'")
        name = page.run("fetch('/api/v1/me').then((answer) => answer.json()).then((told) => told.me.id)")
        until(lambda: hub.values(f"phone:{name}").get("presses") == 1)


def test_the_page_comes_through_a_restart_of_the_hub(fox: Firefox, hub: Demo) -> None:
    """It says that nobody answers, and lives again by itself."""
    with fox.page(hub.page) as page:
        page.forgiven = AWAY
        shown(page)
        page.until(TAKEN_OVER)
        page.run("window.same = true")
        before = hub.pid("hub")
        psutil.Process(before).kill()
        page.until("document.querySelector('[role=status] b') !== null")
        until(lambda: hub.pid("hub") != before)
        page.until("document.querySelector('[role=status] b') === null")
        last = shown(page)
        page.until(f"document.querySelector('{value(PROBE, AIR)}').getAttribute('value') !== '{last:g}'")
        assert page.run("window.same") is True
