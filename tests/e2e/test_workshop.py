"""The workshop from first to last minute (workshop.md), on the facilitator's screen, the projector and two phones.

Each act leaves the room as the next one finds it; in the middle the hub is killed, and no screen is touched.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from servers.browser import visit
from servers.bytes_on_disk import on_disk
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(400)]

GONE = re.compile(r"403|502|ERR_|WebSocket|Failed to load resource")
"""What a browser says of a hub that is away, or of a door that is closed."""
COMMENT, NOTE = "Je ferme la porte, foi de Sidonie", "Livraison du marché de Talensac"


class Room:
    """Everybody's screen.

    Attributes:
        hub: the demo.
        desk: the facilitator's console.
        screen: the projector.
        phones: first name → page; each name is one that no other text holds.
        ids: first name → id of the phone.
        session: id of the workshop session.
    """

    def __init__(self, hub: Demo, desk: Page, screen: Page, phones: dict[str, Page]) -> None:
        """Take the screens as they were opened."""
        self.hub, self.desk, self.screen, self.phones = hub, desk, screen, phones
        self.ids: dict[str, str] = {}
        self.session = ""

    def card(self, name: str) -> Locator:
        """Return a card of the console by its heading's id."""
        return self.desk.locator("section", has=self.desk.locator(f"#{name}-title"))

    def asked(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
        """Ask as the facilitator's browser does."""
        return asked(self.desk, method, path, body)

    def alarms(self) -> dict[str, dict[str, Any]]:
        """Return the session's live alarms by id."""
        found = self.asked("GET", f"alarms?session={self.session}")["alarms"]
        return {each["id"]: each for each in found if not each["past"]}


def asked(page: Page, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 — whatever the API answers
    """Ask the API from a page."""
    script = """async ([method, path, body]) => {
        const init = body === null ? {method} : {method, body, headers: {"Content-Type": "application/json"}};
        return (await (await fetch("/api/v1/" + path, init)).json());
    }"""
    return page.evaluate(script, [method, path, None if body is None else json.dumps(body)])


@contextmanager
def room(browser: Browser, hub: Demo) -> Iterator[Room]:
    """Open the four screens."""
    with ExitStack() as stack:

        def opened(path: str) -> Page:
            reader = stack.enter_context(visit(browser, f"{hub.page}{path}"))
            reader.forgiven = GONE
            return reader.page

        yield Room(
            hub, opened("facilitator"), opened("projector"), {name: opened("join") for name in ("Gudrun", "Ottokar")}
        )


def act_1_the_session_begins(room: Room) -> None:
    """The PIN of the terminal opens the console; a title, a place, the day on which everything is erased."""
    room.desk.get_by_label("Code PIN").fill(str(room.hub.said["pin"]))
    room.desk.get_by_role("button", name="Entrer").click()
    card = room.card("session")
    card.get_by_label("Titre").fill("Boulangers de Nantes")
    card.get_by_role("button", name="Commencer la séance").click()
    expect(card).to_contain_text("En cours")
    room.session = str(room.asked("GET", "sessions")["current"]["id"])
    expect(room.screen.locator("data[data-channel]").first).to_be_visible()


def act_2_the_story(room: Room) -> None:
    """The door opens, the alarm rings with its rule named, is acknowledged with a word, and returns to normal."""
    room.desk.locator('button[data-speed="60"]').click()
    door = room.desk.locator('button[data-fault="door_open"]')
    door.click()
    banner = room.screen.get_by_role("alert")
    expect(banner).to_contain_text("à acquitter")
    expect(banner).to_contain_text("Arrêtés du 21 décembre 2009")
    expect(room.screen.locator(".say")).to_contain_text("°C")
    acknowledged(room)
    door.click()
    expect(door).to_have_attribute("aria-pressed", "false")
    until(lambda: any(each["returned_at"] for each in room.alarms().values()))


def acknowledged(room: Room) -> None:
    """Acknowledge everything that stands, as it comes."""
    button = room.desk.get_by_role("button", name="Acquitter…")
    while True:
        button.first.click()
        room.desk.get_by_label("Commentaire").fill(COMMENT)
        room.desk.get_by_role("button", name="Acquitter", exact=True).click()
        expect(room.desk.get_by_role("dialog")).to_have_count(0)
        if not any(each["state"] == "unacknowledged" for each in room.alarms().values()):
            return


def act_3_their_turn(room: Room) -> None:
    """Two phones join from the code's address and are curves on the big screen."""
    room.desk.locator('[data-shows="join"]').click()
    expect(room.screen.get_by_role("img", name=re.compile("Code QR de http"))).to_be_visible()
    for table, (name, phone) in enumerate(room.phones.items(), 3):
        phone.get_by_label("Numéro de votre table").fill(str(table))
        phone.get_by_label("Votre prénom").fill(name)
        phone.get_by_role("button", name="J’accepte").click()
        expect(phone.get_by_text("connecté", exact=True)).to_be_visible()
        room.ids[name] = str(asked(phone, "GET", "me")["me"]["id"])
    expect(room.screen.locator("[data-joined='2']")).to_be_visible()
    room.desk.locator('[data-shows="phones"]').click()
    for name in room.phones:
        slid(room, name, 20)
    for name in room.phones:
        expect(on_screen(room, name)).to_contain_text("20")


def slid(room: Room, name: str, percent: int) -> None:
    """Move the slider of a phone: it has no secure page, so no sensor."""
    room.phones[name].get_by_label("Curseur").fill(str(percent))


def on_screen(room: Room, name: str) -> Locator:
    """Return what the projector says of a phone."""
    return room.screen.locator(f"article[data-device='phone:{room.ids[name]}'] b")


def act_4_the_vote_and_the_money(room: Room) -> None:
    """A question to the room, one answer so far; a hypothesis of the euros is moved; a moment is noted."""
    card = room.card("vote")
    card.get_by_role("button", name="Poser la question").click()
    shown = room.screen.locator("[data-vote]")
    expect(shown).to_contain_text("Quel capteur l’aurait vu en premier")
    voted(room, "Gudrun", 0)
    expect(shown.locator(".count").nth(0)).to_have_text("1")
    with room.desk.context.new_page() as page:
        page.goto(room.hub.page)
        money = page.locator("section", has=page.locator("#money-title"))
        money.get_by_role("slider").first.press("End")
        expect(money.get_by_role("button", name="Revenir à la valeur d’origine")).to_be_visible()
        page.locator('a[href^="/history"]').first.click()
        page.get_by_role("slider").first.press("n")
        page.get_by_label("Que se passe-t-il").fill(NOTE)
        page.get_by_role("dialog").get_by_role("button", name="Noter", exact=True).click()
        expect(page.locator("[data-note]")).to_contain_text(NOTE)


def voted(room: Room, name: str, choice: int) -> None:
    """Answer on a phone, by a touch on the card of the question."""
    card = room.phones[name].get_by_role("group", name=re.compile("Quel capteur"))
    card.get_by_role("button").nth(choice).click()
    expect(card.get_by_role("button").nth(choice)).to_have_attribute("aria-pressed", "true")


def act_5_the_hub_is_killed(room: Room) -> None:
    """Every screen comes back without a touch: same phones, same alarms, same vote; then everything goes on."""
    before, pid = room.alarms(), room.hub.pid("hub")
    psutil.Process(pid).kill()
    until(lambda: room.hub.parts().get("hub", pid) != pid)
    until(lambda: answers(room.hub))
    expect(room.screen.locator("[data-vote] .count").nth(0)).to_have_text("1")
    for name, phone in room.phones.items():
        expect(phone.get_by_text("connecté", exact=True)).to_be_visible()
        assert until(lambda phone=phone: asked(phone, "GET", "me")["me"])["id"] == room.ids[name]  # type: ignore[misc]
    expect(room.card("session")).to_contain_text("Boulangers de Nantes")
    after = room.alarms()
    assert before.keys() <= after.keys()
    told = ("raised_at", "acknowledged_at", "comment")
    assert [[after[name][key] for key in told] for name in before] == [
        [before[name][key] for key in told] for name in before
    ]
    assert raised_again(before, after) == []
    voted(room, "Ottokar", 0)
    expect(room.screen.locator("[data-vote] .count").nth(0)).to_have_text("2")
    room.card("vote").get_by_role("button", name="Clore").click()
    room.card("vote").get_by_role("button", name="Retirer").click()
    for name in room.phones:
        slid(room, name, 40)
        expect(on_screen(room, name)).to_contain_text("40")


def answers(hub: Demo) -> bool:
    """Tell whether a hub that is being started again answers."""
    try:
        return bool(hub.get("health")["status"])
    except OSError:
        return False


def raised_again(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[str]:
    """Return alarms that are one of before under another id: of a rule whose alarm had not returned by then."""
    stood = {(each["rule"], each["run"]): after[name]["returned_at"] or "9999" for name, each in before.items()}
    fresh = {name: each for name, each in after.items() if name not in before}
    return [name for name, each in fresh.items() if each["raised_at"] < stood.get((each["rule"], each["run"]), "")]


def act_6_what_the_facilitator_does_to_the_screens(room: Room) -> None:
    """Frozen and alive again, a phone hidden and shown again, the guide's step on a second console, another story."""
    still, article = room.screen.locator("[data-still]"), f"article[data-device='phone:{room.ids['Gudrun']}']"
    room.desk.locator("[data-wall=frozen]").click()
    expect(still).to_contain_text("Image figée à")
    slid(room, "Gudrun", 60)
    until(lambda: room.hub.values(f"phone:{room.ids['Gudrun']}").get("slider") == 60)
    expect(on_screen(room, "Gudrun")).to_contain_text("40")
    room.desk.locator("[data-wall=frozen]").click()
    expect(still).to_have_count(0)
    expect(on_screen(room, "Gudrun")).to_contain_text("60")
    card = room.card("screens")
    card.get_by_text("Cacher un appareil").click()
    card.locator(f"[data-of='phone:{room.ids['Gudrun']}'] [data-hide]").click()
    expect(room.screen.locator(article)).to_have_count(0)
    room.desk.get_by_role("button", name="Annuler").click()
    expect(room.screen.locator(article)).to_be_visible()
    room.desk.keyboard.press("PageDown")
    expect(room.card("guide")).to_contain_text("Étape 2 sur")
    with room.desk.context.new_page() as second:
        second.goto(f"{room.hub.page}facilitator")
        expect(second.locator("section", has=second.locator("#guide-title"))).to_contain_text("Étape 2 sur")
    room.desk.locator('[data-shows="story"]').click()
    a_step_that_begins_a_story_is_undone(room)
    room.desk.locator('button[data-story="room_co2"]').click()
    expect(room.screen.get_by_role("heading", level=1)).to_contain_text("Air de la salle")


def a_step_that_begins_a_story_is_undone(room: Room) -> None:
    """The silo's third step begins it anew with its order forgotten; one press later it is as it began before."""
    room.desk.locator('button[data-story="silo"]').click()
    guide = room.card("guide")
    expect(guide).to_contain_text("Étape 1 sur")
    for step in (2, 3):
        room.desk.keyboard.press("PageDown")
        expect(guide).to_contain_text(f"Étape {step} sur")
    forgotten = room.desk.locator('button[data-fault="forgotten_order"]')
    guide.locator("button.strong").click()
    expect(guide).to_contain_text("Étape 3 : c’est parti")
    expect(forgotten).to_have_attribute("aria-pressed", "true")
    expect(guide.locator("button.strong")).to_be_enabled()
    played = room.asked("GET", "scenario")["run"]
    room.desk.locator(".bar").get_by_role("button", name="Annuler").click()
    expect(forgotten).to_have_attribute("aria-pressed", "false")
    assert room.asked("GET", "scenario")["run"] != played


def act_7_what_people_take_home(room: Room) -> None:
    """The session's report names nobody; each phone's own holds its person, curves, and nobody else."""
    whole = report(room.desk, f"sessions/{room.session}/report?format=html&lang=fr")
    for said in ("Boulangers de Nantes", COMMENT, NOTE, "Quel capteur", "€", "<svg", "simulé", "21 décembre 2009"):
        assert said in whole, said
    for name, phone in room.phones.items():
        own = report(phone, "me/report?format=html&lang=fr")
        assert name in own
        assert not [each for each in room.phones if each != name and each in own]
        assert own.count("<svg") > whole.count("<svg")
        assert name not in whole


def report(page: Page, path: str) -> str:
    """Fetch a report."""
    return str(page.evaluate("async (path) => (await fetch('/api/v1/' + path)).text()", path))


def act_8_nothing_is_left_of_them(room: Room) -> None:
    """Archived in one action, then erased: no first name, comment or note lies in the data folder any more."""
    card = room.card("session")
    card.get_by_role("button", name="Archiver").click()
    card.get_by_role("button", name="Oui, archiver").click()
    until(lambda: room.asked("GET", f"sessions/{room.session}")["archive"] == "complete")
    assert room.asked("DELETE", f"sessions/{room.session}")["purged"]
    words = (*room.phones, "Sidonie", "Talensac", *room.ids.values())
    found = {word: on_disk(room.hub.data, word.encode()) for word in words}
    deadline = time.monotonic() + 60
    while any(found.values()) and time.monotonic() < deadline:
        found = {word: on_disk(room.hub.data, word.encode()) for word in words}
    assert not any(found.values()), found


ACTS = (
    act_1_the_session_begins,
    act_2_the_story,
    act_3_their_turn,
    act_4_the_vote_and_the_money,
    act_5_the_hub_is_killed,
    act_6_what_the_facilitator_does_to_the_screens,
    act_7_what_people_take_home,
    act_8_nothing_is_left_of_them,
)


def test_the_whole_workshop(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Eight acts in one sitting."""
    data = tmp_path_factory.mktemp("workshop") / "data"
    with demo(data, "--lan", "--seed", "7") as hub, room(browser, hub) as everybody:
        for act in ACTS:
            act(everybody)
