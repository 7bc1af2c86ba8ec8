"""The facilitator's console in a real browser: the guide and the stories, before a real demo."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from servers.browser import visit
from servers.hubs import Demo, demo
from servers.ports import until

THUMB = 68
"""Height of the next step [px]."""
THUMB_ZONE = 700
"""What a thumb reaches on a phone of 844 px begins here."""
SMALL = """() => [...document.querySelectorAll('button, a[href], input:not([type=checkbox]), select')]
    .filter((each) => each.checkVisibility() && !each.closest('p'))
    .filter((each) => each.getBoundingClientRect().height < 44).map((each) => each.outerHTML.slice(0, 160))"""
"""Targets lower than a finger; links within a sentence are as high as its line (WCAG 2.5.8 exempts them), and what
folds out is touched from beside."""
WATCH = """() => {
    const old = document.querySelector('main .scene figure svg');
    const before = document.querySelector('main h1').textContent;
    window.mixed = [];
    const look = () => {
        const title = document.querySelector('main h1').textContent;
        if (title !== before && old.isConnected) window.mixed.push(title);
        requestAnimationFrame(look);
    };
    look();
}"""
"""Notes, frame by frame, whether a story's picture stands under the title of the next."""
LINES = """() => new Set([...document.querySelectorAll('nav a')].filter((each) => each.checkVisibility())
    .map((each) => each.getBoundingClientRect().top)).size"""
"""On how many lines the links to the pages stand."""
WIDTH = "(selector) => document.querySelector(selector).getBoundingClientRect().width"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend one running cold room."""
    with demo(tmp_path_factory.mktemp("console") / "data", "--seed", "7") as running:
        yield running


def test_a_presenter_remote_leafs_and_a_press_plays_the_step(hub: Demo, browser: Browser) -> None:
    """The second step of the guide: ten times the speed and a delivery, as its note says."""
    with visit(browser, f"{hub.page}facilitator") as reader:
        page = reader.page
        guide = page.locator("section", has=page.locator("#guide-title"))
        expect(guide).to_contain_text("Étape 1 sur")
        page.keyboard.press("PageDown")
        expect(guide).to_contain_text("Étape 2 sur")
        expect(guide).to_contain_text("Lance une livraison")
        guide.locator("button.strong").click()
        expect(page.locator('button[data-fault="delivery"]')).to_have_attribute("aria-pressed", "true")
        expect(page.locator('button[data-speed="10"]')).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("PageUp")
        expect(guide).to_contain_text("Étape 1 sur")


def test_a_press_begins_a_story_from_its_beginning(hub: Demo, browser: Browser) -> None:
    """The one on the screen is marked; a press opens a new run, in which no fault plays; one more, the one before."""
    hub.ask("PUT", "api/v1/scenario/faults/door_ajar", {"active": True})
    before = hub.ask("GET", "api/v1/scenario")["run"]
    with visit(browser, f"{hub.page}facilitator") as reader:
        page = reader.page
        told = page.locator('button[data-story="cold_room"]')
        expect(told).to_have_attribute("aria-pressed", "true")
        ajar = page.locator('button[data-fault="door_ajar"]')
        expect(ajar).to_have_attribute("aria-pressed", "true")
        told.click()
        bar = page.locator(".bar", has_text="c’est parti")
        expect(bar).to_be_visible()
        begun = hub.ask("GET", "api/v1/scenario")
        bar.get_by_role("button", name="Annuler").click()  # it is offered for ten seconds
        assert begun["run"] != before
        assert [each["name"] for each in begun["faults"] if each["active"]] == []
        expect(ajar).to_have_attribute("aria-pressed", "false")
        gone = {None, begun["run"]}
        until("the story is told anew", lambda: hub.ask("GET", "api/v1/scenario").get("run") not in gone)


def test_under_the_next_story_s_title_nothing_of_the_one_before_is_seen(hub: Demo, browser: Browser) -> None:
    """The wall shows the title first, then its own picture: never the old one under a new name."""
    with visit(browser, f"{hub.page}projector") as reader:
        page = reader.page
        expect(page.locator("main .scene figure svg").first).to_be_visible()
        page.evaluate(WATCH)
        hub.ask("PUT", "api/v1/scenario", {"usecase": "water_leak", "seed": 7})
        expect(page.get_by_role("heading", level=1)).to_contain_text("Fuite")
        expect(page.locator("main .scene figure svg").first).to_be_visible()
        assert page.evaluate("window.mixed") == []
    hub.ask("PUT", "api/v1/scenario", {"usecase": "cold_room", "seed": 7})


def test_in_one_hand_the_next_step_is_at_the_thumb(hub: Demo, browser: Browser) -> None:
    """However far the page is scrolled; nothing that is pressed on a phone is smaller than a finger."""
    with visit(browser, f"{hub.page}facilitator", locale="en-GB", size=(390, 844), touch=True) as reader:
        page = reader.page
        play = page.get_by_role("button", name="Play this step")
        expect(play).to_be_visible()
        # the page is as long as it will be
        expect(page.locator("button[data-story]").last).to_be_visible()
        page.wait_for_load_state("networkidle")
        bars = []
        for where in (0, 10_000):
            page.evaluate("where => scrollTo(0, where)", where)
            box = play.bounding_box()
            assert box is not None
            assert box["height"] >= THUMB
            assert THUMB_ZONE <= box["y"] < box["y"] + box["height"] <= 844
            bars.append(box["y"])
        assert page.evaluate(SMALL) == []
        # what was scrolled to is not under it: the last thing on the page ends above
        last = page.locator("button[data-story]").last.bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= bars[-1]


@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_the_way_to_every_page_is_one_line_on_a_phone(hub: Demo, browser: Browser, locale: str) -> None:
    """In either language, on the narrow ones too; the facilitator's own page is not alone on a second line."""
    with visit(browser, f"{hub.page}facilitator", locale=locale, size=(390, 844), touch=True) as reader:
        expect(reader.page.get_by_role("navigation").get_by_role("link").first).to_be_visible()
        for width in (390, 360):
            reader.page.set_viewport_size({"width": width, "height": 844})
            assert reader.page.evaluate(LINES) == 1, width


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=["desk", "phone"])
def test_the_preview_is_as_wide_as_its_card(hub: Demo, browser: Browser, size: tuple[int, int]) -> None:
    """It is drawn 1280 px wide and shown small: the console beside it keeps its width, and nothing scrolls sideways."""
    with visit(browser, f"{hub.page}facilitator", size=size) as reader:
        page = reader.page
        page.get_by_text("Aperçu du projecteur").click()
        expect(page.frame_locator("iframe").locator("h1")).not_to_be_empty()
        shown, card = (page.evaluate(WIDTH, each) for each in ("iframe", "section:has(iframe)"))
        assert 0 < shown <= card <= size[0]
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_what_is_hidden_or_locked_is_called_by_its_part_in_the_story(hub: Demo, browser: Browser) -> None:
    """The compressor's plug is found by somebody who never saw its serial number; its own name stands beside."""
    with visit(browser, f"{hub.page}facilitator") as reader:
        page = reader.page
        page.locator('button[data-story="cold_room"]').click()
        page.get_by_text("Cacher un appareil").click()
        expect(page.locator('[data-of*="coldroom-sim-compressor"] > span')).to_have_text(
            "Compresseur · coldroom-sim-compressor"
        )
