"""A workshop session on a living demo: killed, reset, read again, played again, erased."""

import re
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, expect

from hub.cli import main
from servers.browser import visit
from servers.bytes_on_disk import on_disk
from servers.hubs import Demo, demo, until

pytestmark = pytest.mark.timeout(180)

WATCH = """() => {
    const mark = (where) => document.querySelector(`main ${where} .mark`)?.textContent.trim();
    window.mixed = 0;
    const look = () => {
        if (mark(".values") === "rejoué" && mark("figure") === "simulé") window.mixed += 1;
        requestAnimationFrame(look);
    };
    look();
}"""
"""Counts the frames in which a value says that it is played again, and the picture of the same value that it is not."""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Lend a running cold room in which a minute is a second."""
    with demo(tmp_path_factory.mktemp("session") / "data", "--seed", "7", "--speed", "60") as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_stays(hub: Demo) -> Iterator[None]:
    """Erase every session that a test leaves."""
    yield
    for each in hub.get("api/v1/sessions")["sessions"]:
        hub.ask("DELETE", f"api/v1/sessions/{each['id']}")


def begun(hub: Demo, title: str = "Boulangers") -> str:
    """Start a session; return its id."""
    return str(hub.ask("POST", "api/v1/sessions", {"title": title, "place": "Nantes"})["id"])


def archived(hub: Demo, name: str) -> dict[str, Any] | None:
    """Return a session once its archive is complete."""
    view: dict[str, Any] = hub.get(f"api/v1/sessions/{name}")
    return view if view["archive"] == "complete" else None


def readings(hub: Demo, name: str) -> list[dict[str, Any]]:
    """Return readings of a session."""
    found: list[dict[str, Any]] = hub.get(f"api/v1/readings?session={name}&limit=10000")["readings"]
    return found


def test_a_session_goes_on_when_the_hub_is_killed(hub: Demo) -> None:
    """Its messages before and after are one interval of the same session."""
    name = begun(hub)
    hub.publish("tele/kitchen/SENSOR", '{"DS18B20":{"Temperature":21.5}}')
    before = hub.pid("hub")
    psutil.Process(before).kill()
    until(lambda: hub.parts().get("hub", before) != before)

    def current() -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = hub.get("api/v1/sessions")["current"]
        except OSError:  # not back yet
            return None
        return found

    back = until(current)
    assert back is not None
    assert (back["id"], back["state"]) == (name, "open")
    hub.publish("tele/kitchen/SENSOR", '{"DS18B20":{"Temperature":22.5}}')
    until(lambda: {21.5, 22.5} <= {each["value"] for each in readings(hub, name)})


def test_a_reset_leaves_an_archive_and_an_empty_room_and_erasing_leaves_nothing(hub: Demo) -> None:
    """Devices stay known; alarm and comment are in the old one, not in the new one; then not a byte is left of it."""
    hub.publish("tele/kitchen/SENSOR", '{"DS18B20":{"Temperature":21.5}}')
    until(lambda: hub.device("tasmota:kitchen"))
    name = begun(hub, "Anniversaire de Philibert")
    assert hub.ask("POST", "api/v1/me", {"agreed": True, "table": 3, "name": "Gwendoline"})["is_on"]
    until(lambda: "run" in hub.ask("PUT", "api/v1/scenario/faults/door_open", {"active": True}))
    alarm = until(lambda: hub.get(f"api/v1/alarms?session={name}")["alarms"])[0]
    hub.ask("POST", f"api/v1/alarms/{alarm['id']}/acknowledge", {"comment": "demander à Hildegarde", "by": "Sidonie"})
    fresh = hub.ask("POST", f"api/v1/sessions/{name}/reset", {"title": "Suite"})
    assert hub.get(f"api/v1/alarms?session={fresh['id']}")["alarms"] == []
    assert hub.device("tasmota:kitchen")
    until(lambda: archived(hub, name))
    assert "demander à Hildegarde" in {each["comment"] for each in hub.get(f"api/v1/alarms?session={name}")["alarms"]}
    old = readings(hub, name)
    assert {each["run"] for each in old} >= {alarm["run"]}
    until(lambda: {each["run"] for each in readings(hub, fresh["id"])} - {alarm["run"], "real"})
    assert main(["session", "report", name, "--data", str(hub.data)]) == 0
    assert main(["session", "purge", name, "--yes", "--data", str(hub.data)]) == 0
    words = ("Philibert", "Hildegarde", "Sidonie", "Gwendoline")
    until(lambda: not any(on_disk(hub.data, each.encode()) for each in words))
    assert hub.get(f"api/v1/readings?session={name}")["status"] == 404
    assert hub.device("tasmota:kitchen")


@pytest.mark.browser
def test_the_console_starts_resets_and_plays_the_last_session_again(browser: Browser, hub: Demo) -> None:
    """Plan B is one press: the screen says that it is played again, and the story waits meanwhile."""
    with visit(browser, f"{hub.page}facilitator") as reader:
        page = reader.page
        card = page.locator("section", has=page.locator("#session-title"))
        expect(card).to_contain_text("archivez d’abord une répétition")
        card.get_by_label("Titre").fill("Boulangers de Nantes")
        card.get_by_role("button", name="Commencer la séance").click()
        expect(card).to_contain_text("En cours")
        name = hub.get("api/v1/sessions")["current"]["id"]
        until(lambda: len(readings(hub, name)) > 99)
        card.get_by_role("button", name="Nouvelle séance").click()
        card.get_by_role("button", name="Oui, nouvelle séance").click()
        expect(card).to_contain_text("Une nouvelle séance a commencé")
        wall = page.context.new_page()
        wall.goto(f"{hub.page}projector")
        expect(wall.locator("figure .mark")).to_have_text("simulé")
        wall.evaluate(WATCH)
        with page.expect_response("**/api/v1/replay"):
            card.get_by_role("button", name=re.compile("Plan B")).click()
        page.locator('button[data-speed="1"]').click()  # while it is on its way: one of seconds would soon be over
        expect(page.get_by_text("rejoué", exact=True).first).to_be_visible()
        expect(wall.locator("figure .mark")).to_have_text("rejoué")
        expect(page.get_by_text("simulé", exact=True)).to_have_count(0)
        card.get_by_role("button", name="Arrêter").click()
        expect(page.get_by_text("simulé", exact=True).first).to_be_visible()
        expect(wall.locator(".values .mark").first).to_have_text("simulé")
        assert wall.evaluate("window.mixed") == 0
        expect(page.locator('button[data-speed="60"]')).to_have_attribute("aria-pressed", "true")
        card.get_by_text("Séances archivées (1)").click()
        card.get_by_role("button", name="Relire").click()
        expect(card).to_contain_text(" mesures")
        with page.expect_download() as made:
            card.get_by_role("listitem").get_by_role("link", name="Compte rendu (PDF)").click()
        assert made.value.path().read_bytes().startswith(b"%PDF-")
        card.get_by_role("button", name="Effacer").click()
        card.get_by_role("button", name="Oui, effacer").click()
        expect(card).to_contain_text("Séance effacée")
    assert [each["id"] for each in hub.get("api/v1/sessions")["sessions"]] != [name]


@pytest.mark.browser
def test_the_room_votes_and_the_projector_counts(browser: Browser, hub: Demo) -> None:
    """Asked in one press; a phone changes its mind; closed, everybody sees the result; then the story is back."""
    begun(hub)
    with (
        visit(browser, f"{hub.page}facilitator") as desk,
        visit(browser, f"{hub.page}projector") as screen,
        visit(browser, hub.page) as phone,
    ):
        card = desk.page.locator("section", has=desk.page.locator("#vote-title"))
        card.get_by_role("button", name="Poser la question").click()
        shown = screen.page.locator("[data-vote]")
        expect(shown).to_contain_text("Quel capteur l’aurait vu en premier")
        expect(shown).to_contain_text("Aucune réponse")
        answers = phone.page.get_by_role("group", name=re.compile("Quel capteur")).get_by_role("button")
        answers.nth(0).click()
        expect(shown.locator(".count").nth(0)).to_have_text("1")
        hub.ask("POST", f"api/v1/votes/{shown.get_attribute('data-vote')}/answer", {"choice": 1})
        answers.nth(1).click()
        expect(shown.locator(".count")).to_have_text(["0", "2", "0"])
        phone.page.reload()
        expect(answers.nth(1)).to_have_attribute("aria-pressed", "true")
        card.get_by_role("button", name="Clore").click()
        expect(phone.page.locator("[data-vote]")).to_contain_text("vote clos")
        card.get_by_role("button", name="Retirer").click()
        expect(shown).to_have_count(0)
        expect(screen.page.locator(".scene")).to_be_visible()
