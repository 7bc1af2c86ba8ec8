"""Pictures of what a workshop comes to, beyond a page at rest: people, votes, alarms, silence, plan B, tables, reports.

CI keeps them beside those of `test_pictures.py`; what can be judged without eyes is judged.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from device_sims import scenario
from servers.browser import visit
from servers.hubs import Demo, demo, until
from servers.pictures import LAPTOP, PHONE, WALL, shelf, taken, taken_of_wall

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]
PROVOKED = re.compile(r"40[34]|WebSocket|Failed to load")
"""What a browser says of a door that is closed, and of a link that is ended for it."""
ASK = """async ([method, path, body]) => {
    const init = body === null ? {method} : {method, body, headers: {"Content-Type": "application/json"}};
    return (await (await fetch("/api/v1/" + path, init)).json());
}"""
QUESTION = {
    "question": "Quel capteur l’aurait vu en premier ?",
    "options": ["Air", "Produit", "Puissance du compresseur"],
}
ROOM = ("desk", "hand", "live", "pocket")
PEOPLE = ("Gudrun", "Ottokar")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the pictures are kept."""
    return shelf(tmp_path_factory)


class Studio:
    """Everybody's screens, photographed together.

    Attributes:
        pages: the facilitator's desk and hand, two walls, the audience's page on a laptop and on a phone, two phones
            that take part.
        wrong: what was found in the pictures.
    """

    def __init__(self, hub: Demo, folder: Path, pages: dict[str, Page]) -> None:
        """Take the screens as they were opened."""
        self.hub, self.folder, self.pages = hub, folder, pages
        self.wrong: list[str] = []

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
        """Ask as the facilitator's browser does."""
        return self.pages["desk"].evaluate(ASK, [method, path, None if body is None else json.dumps(body)])

    def take(self, state: str, *names: str) -> None:
        """Photograph some screens; the walls always."""
        for name in ("wall_fr", "wall_en"):
            self.wrong += taken_of_wall(self.pages[name], self.folder / f"state_{state}_{name}.png")
        for name in names:
            self.wrong += taken(self.pages[name], self.folder / f"state_{state}_{name}.png")

    def show(self, what: str) -> None:
        """Let the walls show something of the room."""
        self.pages["desk"].locator(f'[data-shows="{what}"]').click()

    def at_speed(self, speed: int) -> None:
        """Let the story's time run."""
        self.ask("PUT", "scenario/speed", {"speed": speed})

    def fault(self, name: str, *, on: bool) -> None:
        """Begin or end a fault."""
        self.ask("PUT", f"scenario/faults/{name}", {"active": on})

    def alarms(self, *states: str) -> list[dict[str, Any]]:
        """Return the alarms in these states."""
        return [each for each in self.ask("GET", "alarms")["alarms"] if each["state"] in states]


@contextmanager
def studio(browser: Browser, hub: Demo, folder: Path) -> Iterator[Studio]:
    """Open the screens: each language in each theme, on each kind of screen."""
    with ExitStack() as stack:

        def opened(path: str, **how: Any) -> Page:  # noqa: ANN401 — visit's own
            reader = stack.enter_context(visit(browser, f"{hub.page}{path}", **how))
            reader.forgiven = PROVOKED
            return reader.page

        pages = {
            "desk": opened("facilitator", theme="dark", size=LAPTOP),
            "hand": opened("facilitator", locale="en-GB", size=PHONE, touch=True),
            "wall_fr": opened("projector", size=WALL),
            "wall_en": opened("projector?theme=light", locale="en-GB", size=WALL),
            "live": opened("", locale="en-GB", size=LAPTOP),
            "pocket": opened("", theme="dark", size=PHONE, touch=True),
        }
        for name in ("desk", "hand"):
            pages[name].locator("input[inputmode=numeric]").fill(str(hub.said["pin"]))
            pages[name].locator("form button[type=submit]").click()
            expect(pages[name].locator(".console")).to_be_visible()
        made = Studio(hub, folder, pages)
        made.ask("POST", "sessions", {"title": "Boulangers de Nantes", "place": "Salle des fêtes"})
        made.show("join")
        code = pages["wall_fr"].get_by_role("img", name=re.compile("Code QR de http"))
        expect(code).to_be_visible()
        address = str(code.get_attribute("aria-label")).removeprefix("Code QR de ").removeprefix(hub.page)
        for name, locale in zip(PEOPLE, ("fr-FR", "en-GB"), strict=True):
            reader = stack.enter_context(visit(browser, address, locale=locale, size=PHONE, touch=True))
            reader.forgiven = PROVOKED
            pages[name] = reader.page
        yield made


def people_join(room: Studio) -> None:
    """The code on the wall, the form in the hand, then a curve for each."""
    room.take("join", *PEOPLE)
    for table, name in enumerate(PEOPLE, 3):
        page = room.pages[name]
        page.locator("form input").nth(0).fill(str(table))
        page.locator("form input").nth(1).fill(name)
        page.locator("form button[type=submit]").click()
        expect(page.locator("input[type=range]").first).to_be_visible()
    room.show("phones")
    for percent in (20, 70, 45):
        for name in PEOPLE:
            room.pages[name].locator("input[type=range]").first.fill(str(percent))
            expect(room.pages[name].locator("[data-shown=slider]")).to_contain_text(str(percent))
    expect(room.pages["wall_en"].locator("article[data-device]")).to_have_count(len(PEOPLE))
    expect(room.pages["wall_en"].locator("article[data-device] b").first).to_contain_text("45")
    room.take("phones", *PEOPLE, "desk")
    room.show("story")


def the_room_votes(room: Studio) -> None:
    """Asked, answered, closed; a phone knows what it answered."""
    vote = room.ask("POST", "votes", QUESTION)["id"]
    for choice, name in zip((0, 2), PEOPLE, strict=True):
        room.pages[name].locator(".options button").nth(choice).click()
    expect(room.pages["wall_fr"].locator(".count")).to_have_text(["1", "0", "1"])
    expect(room.pages["wall_en"].locator(".count")).to_have_text(["1", "0", "1"])
    room.take("vote", *ROOM, *PEOPLE)
    room.ask("POST", f"votes/{vote}/close")
    expect(room.pages["Gudrun"].locator("[data-mine]")).to_be_visible()
    room.take("vote_closed", *PEOPLE, "desk")
    room.ask("POST", f"votes/{vote}/put-away")
    expect(room.pages["wall_fr"].locator("[data-vote]")).to_have_count(0)


def an_alarm_comes_and_goes(room: Studio) -> None:
    """To acknowledge, acknowledged, back to normal."""
    room.at_speed(60)
    room.fault("door_open", on=True)
    until(lambda: any(each["rule"] == "air_high" for each in room.alarms("unacknowledged")), 90)
    room.at_speed(1)
    for wall in ("wall_fr", "wall_en"):
        expect(room.pages[wall].locator(".banner.unacknowledged")).to_be_visible()
    room.take("alarm", *ROOM, *PEOPLE)
    for each in room.alarms("unacknowledged", "returned"):
        room.ask("POST", f"alarms/{each['id']}/acknowledge", {"comment": "Je ferme la porte."})
    expect(room.pages["wall_fr"].locator(".banner.acknowledged")).to_be_visible()
    expect(room.pages["wall_en"].locator(".banner.acknowledged")).to_be_visible()
    room.take("alarm_acknowledged", "desk", "live", "pocket")


def a_probe_falls_silent(room: Studio) -> None:
    """Its last value proves nothing more: pale, hatched, and nothing of it over the curves."""
    room.fault("probe.radio_loss", on=True)
    room.at_speed(60)
    for wall in ("wall_fr", "wall_en"):
        expect(room.pages[wall].locator(".values .tile.stale")).to_have_count(2, timeout=90_000)
    room.at_speed(1)
    room.take("silent", *ROOM)
    room.fault("probe.radio_loss", on=False)
    room.fault("door_open", on=False)


def a_report_goes_home(room: Studio) -> None:
    """By the code on the wall, on the phone that took part."""
    room.show("report")
    wall, phone = room.pages["wall_fr"], room.pages["Gudrun"]
    code = wall.get_by_role("img", name=re.compile("Code QR de http.*#report"))
    expect(code).to_be_visible()
    expect(room.pages["wall_en"].locator("[role=img]")).to_be_visible()
    room.take("report_code", "desk")
    before = phone.url
    phone.goto("about:blank")
    phone.goto(str(code.get_attribute("aria-label")).removeprefix("Code QR de "))
    phone.wait_for_url(re.compile("/me/report"))
    expect(phone.locator("h1")).to_have_text("Boulangers de Nantes")
    expect(phone.locator(".whose")).to_have_text("Table 3 · Gudrun")
    room.wrong += taken(phone, room.folder / "state_report_Gudrun.png")
    phone.go_back()
    expect(phone.locator("input[type=range]").first).to_be_visible()
    assert phone.url == before, "the way back leads to the phone's own page"
    room.show("story")


def plan_b(room: Studio) -> None:
    """The rehearsal is archived; one press plays it, marked as such."""
    first = room.ask("GET", "sessions")["current"]["id"]
    room.ask("POST", f"sessions/{first}/reset")
    until(lambda: room.ask("GET", f"sessions/{first}")["archive"] == "complete", 90)
    room.take("another_session", "desk", *PEOPLE)
    room.pages["desk"].get_by_role("button", name=re.compile("Plan B")).click()
    expect(room.pages["wall_fr"].locator("figure .mark")).to_have_text("rejoué", timeout=90_000)
    expect(room.pages["wall_en"].locator("figure .mark")).to_have_text("replayed", timeout=90_000)
    room.take("replayed", *ROOM)
    room.pages["desk"].locator("[data-wall=frozen]").click()
    expect(room.pages["wall_fr"].locator("[data-still]")).to_be_visible()
    expect(room.pages["wall_en"].locator("[data-still]")).to_be_visible()
    room.take("frozen")
    room.pages["desk"].locator("[data-wall=frozen]").click()
    room.pages["desk"].get_by_role("button", name="Arrêter").click()
    expect(room.pages["wall_fr"].locator(".values .mark").first).to_have_text("simulé", timeout=90_000)


def tables(room: Studio) -> None:
    """Three tables, each with its own simulator."""
    desk = room.pages["desk"]
    while desk.locator("output").inner_text() != "3":
        desk.get_by_role("button", name="Une table de moins").click()
    desk.get_by_role("button", name="Donner son simulateur").click()
    room.show("tables")
    for wall in ("wall_fr", "wall_en"):
        expect(room.pages[wall].locator("[data-tables] data")).to_have_count(3, timeout=120_000)
    room.take("tables", "desk", "hand")


SCENES = (
    people_join,
    the_room_votes,
    an_alarm_comes_and_goes,
    a_probe_falls_silent,
    a_report_goes_home,
    plan_b,
    tables,
)


def test_every_state_of_a_workshop_is_fit_to_be_seen(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> None:
    """Seven scenes of one sitting, on eight screens; each leaves the room as the next one finds it."""
    data = tmp_path_factory.mktemp("studio") / "data"
    with demo(data, "--lan", "--history", "3h", "--seed", "7") as hub, studio(browser, hub, folder) as room:
        for scene in SCENES:
            scene(room)
    assert room.wrong == []


@pytest.mark.parametrize("path", ["", "projector", "devices", "history", "facilitator", "join"])
def test_a_hub_that_nothing_speaks_to_says_so(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, folder: Path, path: str
) -> None:
    """Nothing is drawn of what there is not, on a laptop and in a hand."""
    data = tmp_path_factory.mktemp("empty") / "data"
    with alone(data) as address:
        for locale, size in (("fr-FR", LAPTOP), ("en-GB", PHONE)):
            name = f"state_empty_{path or 'audience'}_{size[0]}_{locale[:2]}"
            with visit(browser, f"{address}{path}", locale=locale, size=size, touch=size == PHONE) as reader:
                reader.forgiven = PROVOKED  # a viewer is told no raw messages
                reader.page.wait_for_load_state("networkidle")
                expect(reader.page.locator("main").first).not_to_be_empty()
                assert taken(reader.page, folder / f"{name}.png") == []
                expect(reader.page.locator("figure[data-covers]")).to_have_count(0)


@contextmanager
def alone(data: Path) -> Iterator[str]:
    """Lend the address of a `matinales run` that no device speaks to."""
    data.mkdir()
    settings = {"HUB_DATA_DIR": str(data), "HUB_WEB_PORT": "0", "HUB_MQTT_PORT": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "hub", "run"],
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until((data / "run.json").exists, 60)
        yield str(json.loads((data / "run.json").read_text())["url"])
    finally:
        process.terminate()
        process.wait(30)


def test_a_hub_full_of_stories_is_fit_to_be_seen(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, folder: Path
) -> None:
    """Every scenario plays at once: the devices, and what the room's page makes of those that are not in the story."""
    others = [name for name in scenario.folders() if name != "cold_room"]
    with demo(tmp_path_factory.mktemp("full") / "data", "--history", "1h", "--seed", "7") as hub, ExitStack() as stack:
        for name in others:
            stack.enter_context(played(hub, name))
        until(lambda: len(hub.get("api/v1/devices")["devices"]) > 3 * len(others), 120)
        for path in ("", "devices", "history", "plan"):
            for locale, theme, size in (("fr-FR", "light", LAPTOP), ("en-GB", "dark", PHONE)):
                name = f"state_full_{path or 'audience'}_{size[0]}_{locale[:2]}"
                touch = size == PHONE
                with visit(browser, f"{hub.page}{path}", locale=locale, theme=theme, size=size, touch=touch) as reader:  # type: ignore[arg-type]
                    reader.page.wait_for_load_state("networkidle")
                    assert taken(reader.page, folder / f"{name}.png") == []


@contextmanager
def played(hub: Demo, name: str) -> Iterator[None]:
    """Play a scenario beside the demo's own."""
    command = [sys.executable, "-m", "hub", "sim", name, "--broker", f"mqtt://127.0.0.1:{hub.mqtt_port}"]
    process = subprocess.Popen(
        [*command, "--seed", "7", "--history", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
