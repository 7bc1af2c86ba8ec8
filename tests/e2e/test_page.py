"""The page in a real browser, before a real demo: what a reader sees, and what a facilitator does."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from hub.bench import _browser
from servers.axe import violations
from servers.browser import Visit, taken_over, visit
from servers.hubs import Demo, demo, until

TELEGRAM = (
    '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},"TempUnit":"C"}'
)
PROBE = "tasmota:coldroom-sim-probe"
AIR, PRODUCT = "temperature_ds18b20_1", "temperature_ds18b20_2"
PHONE = (390, 844)
WALL = (1920, 1080)
MOST_MOVED = 24
"""Pixels by which what the hub wrote may stand elsewhere once the page's program shows it."""
PLACES = """() => Object.fromEntries([['say', '.say'], ['value', '.values data']].map(([name, each]) =>
    [name, document.querySelector(`main ${each}`).getBoundingClientRect().y]))"""
SILENT = """
window.silent = 0;
new MutationObserver(() => { window.silent += document.querySelectorAll('.tile.stale').length; })
    .observe(document, { subtree: true, childList: true, attributes: true });"""
"""Counts how often a value has looked silent."""
SLOW_LINK = """
const Socket = WebSocket;
window.WebSocket = class {
    constructor(address) {
        setTimeout(() => {
            this.socket = new Socket(address);
            this.socket.binaryType = this.binaryType;
            for (const each of ['onopen', 'onmessage', 'onclose']) this.socket[each] = (event) => this[each]?.(event);
        }, 1500);
    }
    send(text) { this.socket?.send(text); }
    close() { this.socket?.close(); }
};"""
"""The link takes its time to open, as on a machine that has much to do."""
LOCKS = """
window.locks = [];
if (navigator.wakeLock) {
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (kind) => {
        const lock = await request(kind);
        window.locks.push(lock);
        return lock;
    };
}"""
"""Keeps the browser's own locks, so that one can be taken back as a hidden page's is."""
LOST_AFTER_MS = 3100
"""After so long without a word of the hub a page shows its values as silent (`web/src/lib/clock.ts`)."""
HALF_AN_HOUR, DAY_MIN = 30, 24 * 60
CURVES = 4
"""Of the cold room: air, product, and what explains them, the door and the compressor."""
PAGES = ["", "devices", "facilitator", "projector"]
HARM = "<img src=x onerror=\"window.harmed='yes'\">"
pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend one running cold room at sixty times the speed."""
    with demo(tmp_path_factory.mktemp("page") / "data", "--speed", "60", "--seed", "7") as running:
        yield running


@pytest.fixture(scope="module")
def room(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — as above
    """Lend a demo that is open to the room, where nobody is trusted without the PIN."""
    with demo(tmp_path_factory.mktemp("room") / "data", "--lan", "--speed", "10", "--seed", "7") as running:
        yield running


@pytest.fixture(scope="module")
def alone(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:  # noqa: ARG001 — as above
    """Lend the address of a `matinales run` that no device speaks to."""
    data = tmp_path_factory.mktemp("alone")
    settings = {"HUB_DATA_DIR": str(data), "HUB_WEB_PORT": "0", "HUB_MQTT_PORT": "0"}
    with (data / "said.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run"], env=os.environ | settings, stdout=said, stderr=said
        )
    try:
        living = data / "run.json"
        until(living.exists, 60)
        yield str(json.loads(living.read_text())["url"])
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def story(hub: Demo) -> Demo:
    """Begin the afternoon anew: no fault, no alarm, whatever was tried before."""
    told = hub.ask("PUT", "api/v1/scenario", {"usecase": "cold_room", "seed": 7})
    until(lambda: (device := hub.device(PROBE)) and device["run"] == told["run"] and hub.values(PROBE).get(AIR))
    until(lambda: any(run["id"] == told["run"] and run["state"] == "running" for run in hub.get("api/v1/runs")["runs"]))
    return hub


def value(page: Page, device: str, channel: str) -> Locator:
    """Return where the page shows a value first."""
    return page.locator(f'data[data-device="{device}"][data-channel="{channel}"]').first


def shown(page: Page, device: str, channel: str) -> float:
    """Return the value that the page holds; NaN while it shows none."""
    return float(value(page, device, channel).get_attribute("value") or "nan")


def fault(page: Page, name: str) -> Locator:
    """Return a fault's button; those of sensors are folded away until somebody wants them."""
    folded = page.locator("details", has=page.locator("button[data-fault]"))
    folded.evaluate_all("each => each.forEach((one) => { one.open = true; })")
    return page.locator(f'button[data-fault="{name}"]')


def banner(page: Page) -> Locator:
    """Return the alarm banner."""
    return page.locator('[role="alert"]')


def speak(page: Page, language: str) -> None:
    """Choose a language."""
    page.locator(f'button[lang="{language}"]').click()
    expect(page.locator("html")).to_have_attribute("lang", language)


def holding(page: Page, address: str) -> list[Route]:
    """Keep what answers to an address from the page; return what was kept, to be let go."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    return held


def covers(page: Page) -> int:
    """Return how many seconds the curves of the first chart cover."""
    return int(page.locator("figure[data-covers]").first.get_attribute("data-covers") or 0)


def is_drawn(page: Page) -> bool:
    """Tell whether curves were painted, not only announced."""
    painted: int = page.locator("figure[data-covers] canvas").first.evaluate(
        "each => new Set(new Uint32Array("
        "each.getContext('2d').getImageData(0, 0, each.width, each.height).data.buffer)).size"
    )
    return painted > 20


def test_a_telegram_is_on_the_page_without_a_reload(hub: Demo, browser: Browser) -> None:
    """The done criterion: value, device, channel and quality in the markup, the number in the reader's writing."""
    with visit(browser, hub.page) as reader:
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        page.evaluate("window.same = true")
        hub.publish("tele/kitchen/SENSOR", TELEGRAM)
        temperature = value(page, "tasmota:kitchen", "temperature")
        expect(temperature).to_be_visible()  # how soon is for `matinales bench page`: this machine may be busy
        expect(temperature).to_have_attribute("value", "21.7")
        expect(temperature).to_have_attribute("data-quality", "good")
        expect(temperature).to_have_text(re.compile(r"^21,7\s°C$"))
        expect(value(page, "tasmota:kitchen", "humidity")).to_have_text(re.compile(r"^40,5\s%$"))
        hub.publish("tele/kitchen/SENSOR", TELEGRAM.replace("21.7", "-3.25").replace("09:00", "09:01"))
        expect(temperature).to_have_attribute("value", "-3.25")
        assert page.evaluate("window.same") is True
        # side by side: only what is simulated says so
        marked = page.get_by_text("simulé", exact=True)
        expect(page.locator("article", has=value(page, PROBE, AIR)).first.filter(has=marked)).to_be_visible()
        expect(page.locator("article", has=temperature).first.filter(has=marked)).to_have_count(0)
        told = {each["id"]: each["simulated"] for each in hub.get("api/v1/devices")["devices"]}
        assert (told[PROBE], told["tasmota:kitchen"]) == (True, False)


def test_door_open_pressed_on_the_page_raises_the_alarm_after_its_delay(story: Demo, browser: Browser) -> None:
    """Air rises, the alarm comes 5 simulated minutes after 8 °C, is acknowledged with a word, returns when closed."""
    with visit(browser, story.page) as reader:
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        expect(banner(page)).to_be_empty()
        fault(page, "door_open").click()
        expect(fault(page, "door_open")).to_have_attribute("aria-pressed", "true")
        until(lambda: shown(page, PROBE, AIR) > 8)
        assert shown(page, PROBE, PRODUCT) < 4
        expect(banner(page)).to_contain_text("dans la chambre froide : agissez maintenant")
        alarm = next(each for each in story.get("api/v1/alarms")["alarms"] if each["rule"] == "air_very_high")
        why = story.get(f"api/v1/alarms/{quote(alarm['id'], safe='')}/why")
        since, raised = (datetime.fromisoformat(each) for each in (why["since"], alarm["raised_at"]))
        assert timedelta(minutes=5) <= raised - since < timedelta(minutes=6)
        _acknowledge_all(page, "Je ferme « la porte » <b>tout de suite</b>.")
        expect(banner(page)).to_contain_text("Je ferme « la porte » <b>tout de suite</b>.")
        reader.text()
        fault(page, "door_open").click()
        until(lambda: _alarm(story, alarm["id"]).get("state") == "normal")
        assert _alarm(story, alarm["id"])["comment"].startswith("Je ferme")
        expect(page.get_by_text("agissez maintenant")).to_have_count(0)
        assert shown(page, PROBE, AIR) < 8


def test_the_value_is_there_before_the_program_and_stays_where_it_is(story: Demo, browser: Browser) -> None:
    """As long as the page cannot speak: the number, its mark, its time. Then the page's own, at the same place.

    Program and link are slower than a hub that is heard may be silent: nothing looks silent for it.
    """
    with visit(browser, f"{story.page}health", locale="en-GB", size=PHONE) as reader:
        page = reader.page
        page.add_init_script(SILENT)
        page.add_init_script(SLOW_LINK)
        held = holding(page, "**/assets/en-*.js")
        page.goto(story.page, wait_until="commit")
        value = page.locator(f'main data[data-device="{PROBE}"][data-channel="{AIR}"]')
        expect(value).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.locator("main")).to_contain_text("simulated")
        expect(page.locator("main")).to_contain_text("measured at")
        assert violations(page) == []
        before = page.evaluate(PLACES)
        until(lambda: page.locator(".opening").count() and held)
        until(lambda: page.evaluate("performance.now()") > LOST_AFTER_MS)
        for route in held:
            route.continue_()
        taken_over(page)
        after = page.evaluate(PLACES)
        moved = {name: abs(after[name] - before[name]) for name in before}
        assert max(moved.values()) <= MOST_MOVED, moved
        expect(value.first).to_be_visible()
        expect(page.locator("figure[data-covers]:not(.empty)").first).to_be_visible()  # the link lives
        reader.stands_still()
        assert page.evaluate("window.silent") == 0


def test_who_chose_another_language_than_the_browsers_reads_it_at_once(hub: Demo, browser: Browser) -> None:
    """The hub knows only what the browser asks for; the other language lies beside it."""
    with visit(browser, hub.page, locale="en-GB") as reader:
        page = reader.page
        page.locator('button[lang="fr"]').click()
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        held = holding(page, "**/assets/fr-*.js")
        page.goto(hub.page, wait_until="commit")
        expect(page.locator(".opening h1")).to_have_text("Chambre froide")
        expect(page.locator(".opening")).to_be_visible()
        until(lambda: page.locator(".opening").count() and held)
        for route in held:
            route.continue_()
        expect(page.locator("h1")).to_have_text("Chambre froide")


def test_reload_keeps_the_chart(hub: Demo, browser: Browser) -> None:
    """The history comes back with the page: hours of it, painted, right after the load."""
    with visit(browser, hub.page) as reader:
        page = reader.page
        until(lambda: covers(page) > 3600)
        page.reload()
        until(lambda: covers(page) > 3600)
        until(lambda: is_drawn(page))
        page.get_by_role("button", name=re.compile(r"^24\sh$")).click()
        until(lambda: covers(page) > 20 * 3600)


@pytest.mark.parametrize("path", ["", "projector"])
def test_a_page_asks_once_for_what_it_shows(hub: Demo, browser: Browser, path: str) -> None:
    """The story is described anew with the first frame: its curves, its roles and its money are not asked for again."""
    with visit(browser, f"{hub.page}health") as reader:
        asked: list[str] = []
        reader.page.on("request", lambda request: asked.append(request.url.partition("/api/v1/")[2]))
        reader.page.goto(hub.page + path)
        until(lambda: covers(reader.page) > 3600)
        reader.page.wait_for_load_state("networkidle")
        of_the_story = [each for each in asked if each.startswith(("series?", "usecases/cold_room"))]
        assert len(of_the_story) >= CURVES
        assert len(of_the_story) == len(set(of_the_story)), of_the_story


def test_a_chart_is_read_with_the_keyboard_and_as_a_table(hub: Demo, browser: Browser) -> None:
    """Arrows go from point to point and say time and values; Escape ends it; the table has the same numbers."""
    with visit(browser, hub.page, locale="en-GB") as reader:
        page = reader.page
        until(lambda: covers(page) > 3600)
        chart = page.locator("figure[data-covers]").first
        cursor = chart.get_by_role("slider")
        cursor.focus()
        page.keyboard.press("Home")
        said = re.compile(r"^\d\d:\d\d, air −?\d+\.\d\s°C · ")
        expect(cursor).to_have_attribute("aria-valuetext", said)
        first = int(cursor.get_attribute("aria-valuenow") or 0)
        page.keyboard.press("ArrowRight")
        until(lambda: int(cursor.get_attribute("aria-valuenow") or 0) > first)
        page.keyboard.press("Escape")
        expect(cursor).not_to_have_attribute("aria-valuetext", said)
        chart.get_by_role("button", name="Table").click()
        table = chart.get_by_role("table")
        expect(table.get_by_role("columnheader").nth(1)).to_have_text("Air (°C)")
        expect(table.get_by_role("cell").first).to_have_text(re.compile(r"^(–|−?\d+\.\d)$"))
        chart.get_by_role("button", name="Table").click()
        expect(table).to_have_count(0)


def test_the_page_says_that_the_hub_is_away_and_heals_when_it_is_back(hub: Demo, browser: Browser) -> None:
    """Kill -9 of the hub's process: told at once, back without a touch, values move, the chart is whole."""
    with visit(browser, hub.page) as reader:
        reader.forgiven = re.compile(r"WebSocket connection|ERR_|Failed to load resource")
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        page.evaluate("window.same = true")
        before = hub.pid("hub")
        psutil.Process(before).kill()
        lost = page.get_by_text("Le hub ne répond plus")
        expect(lost).to_be_visible()
        until(lambda: hub.parts().get("hub", before) != before)
        expect(lost).to_have_count(0)
        seen = shown(page, PROBE, AIR)
        until(lambda: shown(page, PROBE, AIR) != seen)
        until(lambda: covers(page) > 3600)
        assert page.evaluate("window.same") is True


def test_a_wall_keeps_its_screen_on_where_the_browser_can(hub: Demo, browser: Browser) -> None:
    """Asked for when the wall opens, and again where the browser had taken it back; a wall that is left lets go."""
    whole = browser.browser_type.launch(executable_path=_browser.program(), args=_browser.OPTIONS)  # the shell has none
    with contextlib.closing(whole), visit(whole, f"{hub.page}projector") as reader:
        page = reader.page
        page.add_init_script(LOCKS)
        page.reload()
        wall = page.locator("main")
        expect(wall).to_have_attribute("data-wake", "on")
        page.evaluate("window.locks[0].release()")
        expect(wall).to_have_attribute("data-wake", "off")
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(wall).to_have_attribute("data-wake", "on")


def refused_once(reader: Visit, address: str) -> list[str]:
    """Let the first request for an address fail; return what was asked for, as it grows."""
    asked: list[str] = []
    reader.forgiven = re.compile("ERR_FAILED")

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        route.abort() if len(asked) == 1 else route.continue_()

    reader.page.route(address, refuse_once)
    return asked


def test_a_part_whose_styles_do_not_come_is_asked_for_again(hub: Demo, browser: Browser) -> None:
    """The hub was away for a moment: the cards of other devices come without a reload, and not naked."""
    hub.publish("tele/kitchen/SENSOR", TELEGRAM)
    with visit(browser, f"{hub.page}health") as reader:
        asked = refused_once(reader, "**/assets/DeviceCard-*.css")
        reader.page.goto(hub.page)
        card = reader.page.locator(".others .device").first
        card.wait_for()
        assert len(asked) > 1
        expect(card).not_to_have_css("border-top-width", "0px")


def test_a_wall_that_does_not_come_is_asked_for_again(hub: Demo, browser: Browser) -> None:
    """Nobody loads a wall again by hand."""
    with visit(browser, f"{hub.page}health") as reader:
        asked = refused_once(reader, "**/assets/Projector-*.js")
        reader.page.goto(f"{hub.page}projector?theme=light", wait_until="commit")
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Chambre froide")
        assert len(asked) > 1


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_to_reproach_itself_with(story: Demo, browser: Browser, path: str) -> None:
    """No error on the console, no request elsewhere, no stammer, no mix of languages, nothing that jumps.

    In both languages, themes and sizes; the second reader's screen still lives at the other end of the world.
    """
    story.publish("tele/no-number/SENSOR", '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":NaN}}')
    story.publish("tele/nothing-yet/SENSOR", '{"Time":null,"BME280":{"Temperature":null,"Humidity":40.5}}')
    story.publish("cellar/nan/temperature", "NaN")
    story.publish("tele/infinite/SENSOR", '{"BME280":{"Temperature":1e999}}')
    with visit(browser, story.page + path, locale="fr-FR", theme="light") as reader:
        _judge(reader, "fr", "light", ENGLISH)
        reader.stands_still()
    size = WALL if path == "projector" else PHONE
    with visit(browser, story.page + path, locale="en-GB", theme="dark", size=size, zone="Pacific/Auckland") as reader:
        _judge(reader, "en", "dark", FRENCH)
        reader.stands_still()
        _tells_the_venues_time(reader, story)


ENGLISH = re.compile(r"\b(simulated|waiting|alarm|alarms|silent|settings|devices|nothing to do)\b", re.IGNORECASE)
FRENCH = re.compile(r"\b(simulée?|attente|alarme|depuis|porte|sonde|appareils|rien à faire)\b", re.IGNORECASE)


def test_language_and_theme_switch_live_and_are_remembered(hub: Demo, browser: Browser) -> None:
    """Not a word of reload, and the next visit starts as the last one ended."""
    with visit(browser, hub.page, locale="fr-FR") as reader:
        page = reader.page
        expect(value(page, PROBE, AIR)).to_contain_text(",")
        page.evaluate("window.same = true")
        speak(page, "en")
        expect(page.get_by_text("Cold room").first).to_be_visible()
        expect(value(page, PROBE, AIR)).to_contain_text(".")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.get_by_role("button", name="theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground
        assert page.evaluate("window.same") is True
        page.reload()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.get_by_text("Cold room").first).to_be_visible()
        speak(page, "fr")
        expect(page.get_by_text("Chambre froide").first).to_be_visible()


def test_the_facilitator_address_opens_once(room: Demo, browser: Browser) -> None:
    """The printed address lets one in and vanishes from the address bar; the second who tries is asked for the PIN."""
    address = str(room.said["facilitator"])  # which opens for a minute: nobody uses this demo before
    code = urlsplit(address).fragment
    with visit(browser, address) as reader:
        # it connects again as who it is
        reader.forgiven = re.compile(r"closed before the connection is established")
        expect(fault(reader.page, "door_open")).to_be_visible()
        assert code not in reader.page.url
    with visit(browser, address) as reader:
        reader.forgiven = re.compile(r"status of 403")
        expect(reader.page.get_by_text("a déjà servi")).to_be_visible()
        assert reader.page.locator("button[data-fault]").count() == 0


def test_a_viewer_has_no_buttons_and_is_refused_until_the_pin_is_given(room: Demo, browser: Browser) -> None:
    """Not shown, not allowed; a wrong PIN is told, the right one opens, and is remembered."""
    with visit(browser, room.page) as reader:
        reader.forgiven = re.compile(r"status of 403|closed before the connection is established")
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        assert page.locator("button[data-fault], button[data-speed]").count() == 0
        answer = page.request.put(f"{room.page}api/v1/scenario/faults/door_open", data={"active": True})
        assert answer.status == 403
        assert "/facilitator" in answer.text()
        page.goto(f"{room.page}devices")
        expect(page.get_by_text("réservés à l’animateur")).to_be_visible()
        page.goto(f"{room.page}facilitator")
        _enter(page, "000000" if room.said["pin"] != "000000" else "111111")
        expect(page.locator("form [role=status]")).not_to_be_empty()
        assert page.locator("button[data-fault]").count() == 0
        _enter(page, room.said["pin"])
        expect(fault(page, "door_open")).to_be_visible()
        page.goto(room.page)
        expect(fault(page, "door_open")).to_be_visible()
        cookie = page.context.cookies()[0]
        assert cookie["httpOnly"] is True
        assert cookie["sameSite"] == "Strict"


@pytest.mark.parametrize("path", ["", "devices"])
def test_what_devices_call_themselves_is_text_and_never_markup(hub: Demo, browser: Browser, path: str) -> None:
    """A name, a topic and a payload that hold markup and quotes are read, not run."""
    with visit(browser, hub.page + path) as reader:
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        hub.publish(f"zigbee2mqtt/{HARM}'\"", '{"temperature":12.5}')
        hub.publish(f"cellar/{HARM}", f"{HARM}<script>window.harmed='yes'</script>")
        expect(page.get_by_text(f"{HARM}'\"").first).to_be_visible()
        if path == "devices":
            harm = page.locator("pre", has_text="<script>").first
            expect(harm).to_be_attached()  # in what is folded
            folded = page.locator("details", has=page.locator("summary", has_text="Dernier message"))
            folded.evaluate_all("each => each.forEach((one) => { one.open = true; })")
            expect(harm).to_be_visible()
        assert page.locator("img").count() == 0
        assert page.evaluate("window.harmed ?? 'no'") == "no"


def test_a_silent_probe_looks_silent_and_the_silence_is_told(story: Demo, browser: Browser) -> None:
    """Ten simulated minutes without a word: the number fades, says since when, and the silence alarm comes."""
    with visit(browser, story.page) as reader:
        page = reader.page
        expect(value(page, PROBE, AIR)).to_be_visible()
        fault(page, "probe.radio_loss").click()
        tile = page.locator("article", has=value(page, PROBE, AIR)).first
        expect(tile).to_have_class(re.compile(r"\bstale\b"))
        expect(tile).to_contain_text("silencieux depuis")
        expect(banner(page)).to_contain_text("plus de nouvelles")
        reader.text()
        fault(page, "probe.radio_loss").click()
        expect(tile).not_to_have_class(re.compile(r"\bstale\b"))


@pytest.mark.long
def test_a_probe_that_is_unplugged_does_not_pass_for_good(story: Demo, browser: Browser) -> None:
    """The product's probe goes, the air's stays: one looks silent, the other lives."""
    with visit(browser, story.page) as reader:
        page = reader.page
        expect(value(page, PROBE, PRODUCT)).to_be_visible()
        fault(page, "product.sensor_unplugged").click()
        product = page.locator("article", has=value(page, PROBE, PRODUCT)).first
        expect(product).to_have_class(re.compile(r"\b(stale|bad)\b"))
        air = page.locator("article", has=value(page, PROBE, AIR)).first
        expect(air).to_have_class(re.compile(r"\blive\b"))


def test_quality_is_seen_and_not_only_coloured(hub: Demo, browser: Browser) -> None:
    """A value that its device calls faulty is not printed; an implausible one is marked; both say so in words."""
    with visit(browser, f"{hub.page}devices") as reader:
        page = reader.page
        hub.publish(
            "tele/doubtful/SENSOR",
            '{"Time":"2026-11-24T09:00:00","DS18B20":{"Id":"01","Temperature":-127.0},"TempUnit":"C",'
            '"SI7021":{"Temperature":21.5,"Humidity":143.0}}',
        )
        card = page.locator('[data-device-id="tasmota:doubtful"]')
        bad = card.locator('data[data-quality="bad"]')
        expect(bad).to_be_visible()
        expect(bad).not_to_contain_text("127")
        expect(card).to_contain_text("valeur refusée")
        uncertain = card.locator('data[data-quality="uncertain"]')
        expect(uncertain).to_contain_text("143")
        expect(card).to_contain_text("incertain")


@pytest.mark.parametrize("locale", ["fr-FR", pytest.param("en-GB", marks=pytest.mark.long)])
def test_a_hub_to_which_nobody_speaks_has_words_for_it(alone: str, browser: Browser, locale: str) -> None:
    """No simulator, no device, no history, no facilitator: every page says so, and none stammers."""
    with visit(browser, alone, locale=locale) as reader:
        reader.forgiven = re.compile(r"status of 403")
        for path in PAGES:
            reader.page.goto(alone + path)
            reader.page.locator("main").wait_for()
            until(lambda: not re.search("connexion au hub|connecting", reader.text(), re.IGNORECASE))
            until(lambda: len(reader.text()) > 40)  # for a moment it waits for a story
            assert reader.page.locator("button[data-fault]").count() == 0


def _judge(reader: Visit, language: str, theme: str, foreign: re.Pattern[str]) -> None:
    """Wait for the first value, then read the page."""
    expect(value(reader.page, PROBE, AIR)).to_be_visible()
    expect(reader.page.locator("html")).to_have_attribute("lang", language)
    expect(reader.page.locator("html")).to_have_attribute("data-theme", theme)
    mixed = foreign.search(reader.text())
    assert mixed is None, mixed


def _tells_the_venues_time(reader: Visit, hub: Demo) -> None:
    """Compare the page's clock with the story's in the venue's zone: some minutes pass while one reads.

    The page's goes on by itself from the last frame, so that it may as well be ahead of what the hub says.
    """
    clock = re.search(r"simulated time\s+(\d\d):(\d\d)", reader.text())
    assert clock is not None
    told = hub.get("api/v1/usecases/cold_room")
    now = datetime.fromisoformat(told["now"]).astimezone(ZoneInfo(told["tz"]))
    apart = (60 * now.hour + now.minute - 60 * int(clock[1]) - int(clock[2])) % DAY_MIN
    assert min(apart, DAY_MIN - apart) < HALF_AN_HOUR


def _alarm(hub: Demo, identity: str) -> dict[str, str]:
    alarms: list[dict[str, str]] = hub.get("api/v1/alarms")["alarms"]
    return next((each for each in alarms if each["id"] == identity), {})


def _acknowledge_all(page: Page, comment: str) -> None:
    """Acknowledge every alarm with a comment, the worst first."""
    button = page.get_by_role("button", name="Acquitter…")
    while button.count():
        button.first.click()
        page.locator("dialog[open] input").fill(comment)
        page.locator('dialog[open] button[type="submit"]').click()
        expect(page.locator("dialog[open]")).to_have_count(0)


def _enter(page: Page, pin: str) -> None:
    """Give a PIN."""
    page.locator("form input").fill(pin)
    page.locator('form button[type="submit"]').click()


@pytest.fixture
def plug(hub: Demo) -> Iterator[Demo]:
    """Let a Tasmota plug speak, off, that answers nobody; and be forgotten afterwards."""
    hub.publish("tele/pageplug/STATE", '{"POWER":"OFF"}')
    until(lambda: hub.values("tasmota:pageplug").get("switch") == 0)
    yield hub
    hub.ask("DELETE", "api/v1/devices/tasmota%3Apageplug")


def test_a_device_is_named_from_its_card_and_the_bar_takes_it_back(browser: Browser, plug: Demo) -> None:
    """Name and room, then undo: the hub says both."""
    with visit(browser, f"{plug.page}devices", locale="en-GB") as seen:
        card = seen.page.locator('[data-device-id="tasmota:pageplug"]')
        card.get_by_label("Actions on pageplug").click()
        card.get_by_role("button", name="Name and room…").click()
        card.get_by_label("Name (empty: its own)").fill("Coffee plug")
        card.get_by_role("textbox", name="Room").fill("Kitchen")
        card.get_by_role("button", name="Save").click()
        expect(card.get_by_role("heading", name="Coffee plug", exact=True)).to_be_visible()
        expect(card).to_contain_text("Kitchen")
        seen.page.get_by_role("button", name="Undo").click()
        expect(card.get_by_role("heading", name="pageplug", exact=True)).to_be_visible()
        expect(card).not_to_contain_text("Kitchen")


def test_a_switch_shows_sent_and_its_value_until_the_device_itself_says_so(browser: Browser, plug: Demo) -> None:
    """Never optimistic: off stays off until the plug reports that it is on."""
    with visit(browser, f"{plug.page}devices", locale="en-GB") as seen:
        card = seen.page.locator('[data-device-id="tasmota:pageplug"]')
        card.get_by_role("button", name="Turn on: Relay, pageplug").click()
        expect(card.locator("[data-command]")).to_have_text("sent…")
        expect(card.locator('data[data-channel="switch"]')).to_have_attribute("value", "0")
        plug.publish("stat/pageplug/RESULT", '{"POWER":"ON"}')
        expect(card.locator("[data-command]")).to_have_text("confirmed by the device")
        expect(card.locator('data[data-channel="switch"]')).to_have_attribute("value", "1")


def test_a_device_about_to_be_forgotten_can_be_had_back(browser: Browser, plug: Demo) -> None:
    """It leaves the page at once and the hub only when the bar has gone; leaving the page is no change of mind."""
    with visit(browser, f"{plug.page}devices", locale="en-GB") as seen:
        card = seen.page.locator('[data-device-id="tasmota:pageplug"]')
        for _ in range(2):
            card.get_by_label("Actions on pageplug").click()
            card.get_by_role("button", name="Forget…").click()
            card.get_by_role("button", name="Forget", exact=True).click()
            expect(card).to_have_count(0)
            assert plug.device("tasmota:pageplug") is not None
            if _ == 0:
                seen.page.get_by_role("button", name="Undo").click()
                expect(card).to_be_visible()
        seen.page.goto("about:blank")
        until(lambda: plug.device("tasmota:pageplug") is None)


def test_a_viewer_sees_neither_menu_nor_switch(browser: Browser, room: Demo) -> None:
    """What one may not do is not offered."""
    with visit(browser, f"{room.page}devices", locale="en-GB") as seen:
        seen.forgiven = re.compile("403")  # raw messages are the facilitator's
        card = seen.page.locator('[data-device-id="shelly:coldroom-sim-compressor"]')
        expect(card).to_be_visible()
        expect(card.get_by_label("Actions on")).to_have_count(0)
        expect(card.get_by_role("button")).to_have_count(0)


FREEZER = "tasmota:freezer"
TWO_PROBES = (
    '{"Time":"2026-11-24T09:00:00","DS18B20-1":{"Id":"01","Temperature":%s},'
    '"DS18B20-2":{"Id":"02","Temperature":%s},"TempUnit":"C"}'
)


def test_a_real_sensor_takes_the_probes_role_in_one_click_and_gives_it_back(story: Demo, browser: Browser) -> None:
    """Real mark, real value, ×1 with its reason, an alarm from what it measures; then simulated again, at its speed."""
    story.publish("tele/freezer/SENSOR", TWO_PROBES % (3.4, 3.1))
    with visit(browser, story.page) as reader:
        page = reader.page
        role = page.locator('[data-role="probe"]')
        role.locator(f'[data-take="{FREEZER}"]').first.click()
        air = value(page, FREEZER, AIR)
        expect(air).to_have_attribute("value", "3.4")
        expect(page.locator("article", has=air).first).to_contain_text("réel")
        expect(page.locator("section [data-held]")).to_contain_text(["« freezer » (Sonde) est un vrai appareil"] * 2)
        expect(page.locator('button[data-speed="60"]')).to_be_disabled()
        expect(page.locator("section", has=role)).to_contain_text(re.compile("1 réel|2 simulés"))
        story.publish("tele/freezer/SENSOR", TWO_PROBES % (3.4, 9.2))
        expect(banner(page)).to_contain_text("Le produit lui-même est à 9,2")
        alarm = next(each for each in story.get("api/v1/alarms")["alarms"] if each["rule"] == "product_high")
        assert (alarm["device"], alarm["run"], alarm["simulated"]) == (FREEZER, "real", False)
        until(lambda: story.get("api/v1/scenario").get("twin"))
        assert story.ask("PUT", "api/v1/scenario/speed", {"speed": 60})["status"] == 409
        assert (story.get("api/v1/scenario")["speed"], story.get("api/v1/usecases/cold_room")["run"]) == (1, "real")
        role.locator("[data-give-back]").click()
        expect(value(page, PROBE, AIR)).to_be_visible()
        expect(page.locator('button[data-speed="60"]')).to_be_enabled()
        until(lambda: story.get("api/v1/scenario").get("speed") == 60)
        reader.text()
