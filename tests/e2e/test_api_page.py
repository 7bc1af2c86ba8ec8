"""The page of the API: everything there is, for everybody, and its button sends the request."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.sync_api import Browser, Route, expect

from hub.web.app import make_app
from hub.web.security import Security
from servers.axe import violations
from servers.browser import Visit, visit
from servers.inthread import served
from servers.ports import until
from servers.web import SECRET, FakeHub

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Lend the address of a server with one device."""
    folder: Path = tmp_path_factory.mktemp("page")

    async def app() -> web.Application:
        hub = FakeHub()
        hub.speak("tasmota:kitchen", "temperature", 21.5)
        return make_app(hub, Security(hub.config, demo=True, lan=False, secret=SECRET), folder)

    with served(app) as lent:
        yield lent


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Visit]:
    """Lend a reader of it, who has nothing to complain of."""
    with visit(browser, f"{address}api/v1/docs") as lent:
        lent.page.locator("details").first.wait_for()
        yield lent


def test_the_api_is_shown_found_and_tried(reader: Visit) -> None:
    """One visit: axe finds nothing, a word finds an address, its button sends the request, in the reader's language."""
    page = reader.page
    assert page.locator("details").count() > 100
    page.get_by_label("Chercher une adresse").fill("get devices latest")
    expect(page.get_by_role("status")).to_have_text("1 adresse")
    page.locator("#get_devices > summary").click()
    page.locator("#get_devices").get_by_role("button", name="Essayer").click()
    expect(page.locator("#get_devices [aria-live]")).to_contain_text("tasmota:kitchen")
    page.get_by_label("Chercher une adresse").fill("post notes")
    page.locator("#post_notes > summary").click()
    expect(page.locator("#post_notes textarea")).to_have_value('{\n  "text": ""\n}')
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_description_that_does_not_come_is_waited_for_and_then_missed_in_words(
    address: str, browser: Browser
) -> None:
    """Nobody stands before an empty page: what is on its way is said, and that it did not come."""
    with visit(browser, f"{address}api/v1/docs", locale="en-GB") as reader:
        page = reader.page
        held: list[Route] = []
        reader.forgiven = re.compile("ERR_FAILED")
        page.route("**/openapi.json", lambda route: held.append(route))  # noqa: PLW0108 — Playwright takes no built-in
        page.reload()
        expect(page.get_by_role("status")).to_have_text("Reading the description…")
        until("the description is asked for", lambda: held)
        held[0].abort()
        expect(page.get_by_role("status")).to_have_text("No answer: is the hub running?")
