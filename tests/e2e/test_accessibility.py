"""WCAG 2.2 AA on every page and in every state, by axe and by hand: keyboard, focus, reflow, motion, live regions.

Pages are those that the hub serves, found and not listed: a new one is judged the day that it exists.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from hub.web.built import PAGES
from servers.axe import violations
from servers.browser import Visit, taken_over, visit
from servers.hostile import Visitor
from servers.hubs import Demo, demo, until

GALLERY = "/gallery"
SERVED = [re.sub(r"{\w+}", "1", path) for path in PAGES if path != GALLERY]
DOUBTFUL = (
    '{"Time":"2026-11-24T09:00:00","DS18B20":{"Id":"01","Temperature":-127.0},"TempUnit":"C",'
    '"SI7021":{"Temperature":21.5,"Humidity":143.0}}'
)
"""A refused value and an implausible one."""
LAPTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
HALF: ViewportSize = {"width": 640, "height": 400}
"""A laptop's 1280 × 800 at 200 %."""
QUARTER: ViewportSize = {"width": 320, "height": 256}
"""The same at 400 %: what WCAG 1.4.10 asks for."""
MOST_TABS = 250
TABBABLE = """() => {
    const wanted = 'a[href], button, input, select, textarea, summary, [tabindex]';
    const radios = new Set();
    window.wanted = [...document.querySelectorAll(wanted)].filter((each) => {
        if (each.tabIndex < 0 || each.disabled || !each.checkVisibility({ visibilityProperty: true })) return false;
        if (each.type !== 'radio') return true;
        const first = !radios.has(each.name);
        radios.add(each.name);
        return first;
    });
    window.reached = new Set();
    document.activeElement?.blur();
    return window.wanted.length;
}"""
STEP = """() => {
    const here = document.activeElement;
    if (here === null || here === document.body) return 'out';
    if (window.reached.has(here)) return 'again';
    window.reached.add(here);
    const style = getComputedStyle(here);
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return seen ? 'seen' : here.outerHTML.slice(0, 160);
}"""
MISSED = """() => window.wanted.filter((each) => each.isConnected && each.checkVisibility() && !window.reached.has(each)
    && ![...window.reached].some((other) => other.type === 'radio' && other.name && other.name === each.name))
    .map((each) => each.outerHTML.slice(0, 160))"""
GROW = """() => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walk.nextNode()) if (walk.currentNode.data.trim() && !walk.currentNode.parentElement.closest('svg, data'))
        texts.push(walk.currentNode);
    for (const text of texts) text.data += ' ' + text.data.trim().slice(0, Math.ceil(text.data.trim().length * 0.4));
}"""
"""Each text gets 40 % longer, as a translation may; numbers stay numbers."""
SIDEWAYS = """() => {
    const page = document.documentElement;
    if (page.scrollWidth <= page.clientWidth) return [];
    const out = (each) => each.getBoundingClientRect().right > page.clientWidth + 1;
    return [...document.querySelectorAll('body *')].filter(out)
        .slice(-3).map((each) => each.outerHTML.slice(0, 200)).concat(`${page.scrollWidth} > ${page.clientWidth}`);
}"""
CUT = """() => [...document.querySelectorAll('button, a, h1, h2, h3, label, summary, th')].filter((each) =>
    each.checkVisibility() && !each.closest('.unseen') && each.scrollWidth > each.clientWidth + 2
    && getComputedStyle(each).display !== 'inline').map((each) => each.outerHTML.slice(0, 200))"""
LISTEN = """() => {
    window.said = 0;
    const listen = new MutationObserver((changes) => { window.said += changes.length; });
    for (const each of document.querySelectorAll('[role=alert], [role=status], [role=log], [aria-live]'))
        listen.observe(each, { subtree: true, childList: true, characterData: true });
    window.changed = 0;
    const values = new MutationObserver((changes) => { window.changed += changes.length; });
    values.observe(document.querySelector('main'), { subtree: true, attributes: true, attributeFilter: ['value'] });
}"""
MOVING = """() => document.getAnimations().filter((each) => each.playState === 'running'
    && Number(each.effect?.getComputedTiming().duration) > 0).length"""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a demo where all that may be shown is there: an alarm, a doubtful device, a message nobody understands."""
    with demo(tmp_path_factory.mktemp("access") / "data", "--speed", "60", "--seed", "7") as running:
        running.publish("tele/doubtful/SENSOR", DOUBTFUL)
        running.publish("cellar/what", "is this?")
        running.ask("PUT", "api/v1/scenario/faults/door_open", {"active": True})
        until(lambda: running.get("api/v1/alarms")["alarms"])
        yield running


@pytest.fixture(scope="module")
def reader(hub: Demo, browser: Browser) -> Iterator[Visit]:
    """Lend one page that goes from address to address; at its end it has nothing to reproach itself with."""
    with visit(browser, hub.page) as lent:
        yield lent


def settled(page: Page, address: str) -> None:
    """Open an address and wait for what it shows; nothing moves there, so that nothing is judged half faded."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    taken_over(page)
    page.locator("main").first.wait_for()
    expect(page.locator("main")).not_to_be_empty()


@pytest.mark.parametrize("path", SERVED)
def test_every_page_is_for_everybody(hub: Demo, reader: Visit, path: str) -> None:
    """Axe finds nothing; Tab reaches all, its focus is seen; large letters and long words find room.

    One visit to each page, because a visit is what takes long.
    """
    page = reader.page
    settled(page, hub.page + path.lstrip("/"))
    assert violations(page) == []
    _walk(page)
    try:
        for size in (HALF, QUARTER, PHONE):
            page.set_viewport_size(size)
            _fits(page)
        page.evaluate("document.documentElement.style.fontSize = '140%'")  # a phone whose owner reads large letters
        assert page.evaluate(SIDEWAYS) == []
        page.evaluate("document.documentElement.style.fontSize = ''")
        page.evaluate(GROW)
        assert page.evaluate(SIDEWAYS) == []
        assert page.evaluate(CUT) == []
    finally:
        page.set_viewport_size(LAPTOP)


def test_what_opens_over_a_page_breaks_no_rule_either(hub: Demo, reader: Visit) -> None:
    """The reasons of an alarm, its acknowledgement, a device's menu and its form; Escape leaves, and focus is kept."""
    page = reader.page
    settled(page, hub.page)
    page.get_by_role("button", name="Acquitter…").first.click()
    _judge_dialog(page)
    page.get_by_role("button", name="Pourquoi").first.click()
    _judge_dialog(page)
    settled(page, f"{hub.page}devices")
    card = page.locator('[data-device-id="tasmota:doubtful"]')
    card.get_by_label("Actions sur doubtful").click()
    assert violations(page) == []
    card.get_by_role("button", name="Nom et pièce…").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("details").evaluate_all("each => each.forEach((one) => { one.open = true; })")
    assert violations(page) == []


def test_nothing_moves_for_who_asked_for_rest_and_live_regions_do_not_chatter(hub: Demo, reader: Visit) -> None:
    """While values change again and again, what is read aloud changes with the alarms only."""
    page = reader.page
    settled(page, hub.page)
    expect(page.locator("svg.drawing")).to_be_visible()
    assert page.evaluate(MOVING) == 0
    page.evaluate(LISTEN)
    until(lambda: page.evaluate("window.changed") >= 20)
    assert page.evaluate("window.said") <= 5


@pytest.mark.long
@pytest.mark.parametrize("path", SERVED)
@pytest.mark.parametrize("reading", [("en-GB", "dark", PHONE), ("fr-FR", "dark", LAPTOP), ("en-GB", "light", PHONE)])
def test_no_page_breaks_a_rule_in_any_language_theme_or_size(
    hub: Demo, browser: Browser, path: str, reading: tuple[str, Literal["light", "dark"], ViewportSize]
) -> None:
    """The other language, the other theme, a phone."""
    locale, theme, size = reading
    with visit(browser, hub.page, locale=locale, theme=theme) as lent:
        lent.page.set_viewport_size(size)
        settled(lent.page, hub.page + path.lstrip("/"))
        assert violations(lent.page) == []


@pytest.mark.long
@pytest.mark.timeout(600)  # some hundred parts, each judged by axe on its own, in each theme
@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_no_state_of_the_gallery_breaks_a_rule(hub: Demo, browser: Browser, locale: str) -> None:
    """Every part in every state, in each theme; the shapes inside a drawing are judged where its story is told."""
    with visit(browser, hub.page, locale=locale) as lent:
        settled(lent.page, hub.page.rstrip("/") + GALLERY)
        for section in lent.page.locator("[data-theme] > [data-part]").all():
            part, theme = (section.get_attribute(name) for name in ("data-part", "data-of"))
            within = f'[data-part="{part}"][data-of="{theme}"]'
            assert violations(lent.page, within=within, without=["svg.drawing > *"]) == [], (part, theme)


@pytest.mark.long
@pytest.mark.parametrize("path", SERVED)
def test_no_page_breaks_a_rule_where_nothing_may_be_pressed(browser: Browser, path: str, guarded: Demo) -> None:
    """A reader without the PIN: the console asks for it, the rest is only shown."""
    with visit(browser, guarded.page) as lent:
        lent.forgiven = re.compile("status of 403")
        settled(lent.page, guarded.page + path.lstrip("/"))
        assert violations(lent.page) == []


@pytest.mark.long
def test_what_a_room_is_shown_breaks_no_rule(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The console's card of the room; then plan B, on walls, page and console."""
    with (
        demo(tmp_path_factory.mktemp("shown") / "data", "--history", "1h", "--seed", "7") as running,
        visit(browser, running.page) as lent,
    ):
        assert _room_shown(running, lent.page) == []


@pytest.mark.long
def test_how_a_room_joins_and_takes_its_reports_home_breaks_no_rule(browser: Browser, guarded: Demo) -> None:
    """The codes on two walls, and the card of who takes part: only a hub that is open to the room has them."""
    secret = json.loads((guarded.data / "run.json").read_text())["secret"]
    told = Visitor(guarded.page, {"Authorization": f"Bearer {secret}"}).told
    session = told("POST", "sessions", {"title": "Boulangers"})["id"]
    Visitor(guarded.page).told("POST", "me", {"agreed": True, "table": 3, "name": "Gudrun"})
    with (
        visit(browser, f"{guarded.page}projector") as dark,
        visit(browser, f"{guarded.page}projector?theme=light", locale="en-GB") as light,
        visit(browser, f"{guarded.page}facilitator") as desk,
    ):
        desk.forgiven = re.compile("status of 403")
        desk.page.get_by_label("Code PIN").fill(str(guarded.said["pin"]))
        desk.page.get_by_role("button", name="Entrer").click()
        for shows, ending in (("join", "join$"), ("report", "#report$")):
            told("PATCH", f"sessions/{session}", {"shows": shows})
            for wall in (dark.page, light.page):
                expect(wall.get_by_role("img", name=re.compile(ending))).to_be_visible()
                assert violations(wall) == []
            expect(desk.page.locator(f'.console [data-shows="{shows}"]')).to_have_attribute("aria-pressed", "true")
        people = desk.page.locator("section").filter(has=desk.page.locator("#people-title"))
        people.locator("details").evaluate_all("each => each.forEach((one) => { one.open = true; })")
        assert violations(desk.page) == []
        people.get_by_role("button", name="Gudrun").click()
        expect(people.locator("[data-person] .strong")).to_be_visible()
        assert violations(desk.page) == []


def _room_shown(hub: Demo, page: Page) -> list[str]:
    """Go through what a room is shown; return what breaks a rule."""
    session = hub.ask("POST", "api/v1/sessions", {"title": "Boulangers", "place": "Salle"})["id"]
    found: list[str] = []
    for shows in ("join", "report"):
        hub.ask("PATCH", f"api/v1/sessions/{session}", {"shows": shows})
        settled(page, f"{hub.page}facilitator")
        expect(page.locator(f'.console [data-shows="{shows}"]')).to_have_attribute("aria-pressed", "true")
        found += violations(page)
    hub.ask("PATCH", f"api/v1/sessions/{session}", {"shows": "story"})
    hub.ask("POST", f"api/v1/sessions/{session}/reset")
    until(lambda: hub.get(f"api/v1/sessions/{session}")["archive"] == "complete", 90)
    hub.ask("POST", "api/v1/replay")
    for path in ("projector", "projector?theme=light", "", "facilitator"):
        settled(page, hub.page + path)
        if path != "facilitator":
            expect(page.get_by_text("rejoué", exact=True).first).to_be_visible(timeout=90_000)
        found += violations(page)
    return found


@pytest.fixture(scope="module")
def guarded(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — as above
    """Lend a demo that is open to the room, with no past and nothing wrong."""
    with demo(tmp_path_factory.mktemp("guarded") / "data", "--lan", "--history", "0") as running:
        yield running


def _walk(page: Page) -> None:
    """Press Tab from the top until all was reached and the focus leaves the page.

    A page that lives may take away what has the focus: who goes on from there comes to the rest.
    """
    wanted = page.evaluate(TABBABLE)
    for _ in range(min(2 * (wanted + 20), MOST_TABS)):
        page.keyboard.press("Tab")
        found = page.evaluate(STEP)
        if found == "out" and page.evaluate(MISSED) == []:
            return
        assert found in {"seen", "again", "out"}, f"no focus is seen on {found}"  # a date is several stops
    assert page.evaluate(MISSED) == []


def _fits(page: Page) -> None:
    """Wait for charts to follow the new size; then nothing stands out."""
    with contextlib.suppress(AssertionError):
        until(lambda: page.evaluate(SIDEWAYS) == [])
    assert page.evaluate(SIDEWAYS) == [], page.viewport_size


def _judge_dialog(page: Page) -> None:
    """Judge the open dialog, and leave it with Escape."""
    expect(page.locator("dialog[open]")).to_be_visible()
    assert violations(page, within="dialog[open]") == []
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
