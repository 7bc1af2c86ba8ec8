"""Tables with a simulator of their own, in real browsers: one press on the console, one table's alarm, a hub killed."""

import os
import re
import signal
import urllib.request

import pytest
from playwright.sync_api import Browser, expect

from servers.browser import visit
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]
COUNT = 3
NUMBER = re.compile(r"\d")


def test_each_table_plays_for_itself_and_the_projector_compares_them(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Console, projector and two tables' pages: what one does the other never sees, a crash of the hub included."""
    with demo(tmp_path_factory.mktemp("tables") / "data", "--seed", "7", "--speed", "10") as hub:
        session = hub.ask("POST", "api/v1/sessions", {"title": "Boulangers"})["id"]
        with (
            visit(browser, f"{hub.page}facilitator") as desk,
            visit(browser, f"{hub.page}projector") as wall,
            visit(browser, f"{hub.page}table/2") as second,
            visit(browser, f"{hub.page}table/3") as third,
        ):
            expect(third.page.get_by_text("Aucune table n’a son propre simulateur.")).to_be_visible()
            while desk.page.locator("output").inner_text() != str(COUNT):
                desk.page.get_by_role("button", name="Une table de moins").click()
            desk.page.get_by_role("button", name="Donner son simulateur").click()
            desk.page.locator('[data-shows="tables"]').click()
            expect(wall.page.locator("[data-tables] [data-table]")).to_have_count(COUNT)
            for page in (wall.page, second.page, third.page):
                expect(page.locator("data").filter(has_text=NUMBER).first).to_be_visible(timeout=90_000)

            second.page.locator('[data-fault="door_open"]').click()
            expect(second.page.get_by_role("alert").first).to_be_visible(timeout=90_000)
            expect(wall.page.locator('[data-table="2"].alarm')).to_be_visible()

            asked = {"question": "Qui le voit en premier ?", "options": ["La sonde", "La porte"]}
            vote = hub.ask("POST", "api/v1/votes", asked)["id"]
            second.page.get_by_role("group", name="Qui le voit").get_by_role("button").first.click()
            until(lambda: hub.get("api/v1/votes")["vote"]["counts"] == [1, 0])
            hub.ask("POST", f"api/v1/votes/{vote}/close")
            hub.ask("POST", f"api/v1/votes/{vote}/put-away")

            for each in (desk, wall, second, third):
                each.forgiven = re.compile("WebSocket|ERR_CONNECTION|Failed to load")
            os.kill(hub.pid("hub"), signal.SIGKILL)
            until(lambda: states(hub) == ["running"] * COUNT, 60)
            expect(wall.page.locator('[data-table="2"].alarm')).to_be_visible(timeout=60_000)
            expect(third.page.locator('[data-fault="door_open"][aria-pressed="false"]')).to_be_visible()

        until(lambda: "door_open" in alarmed(hub, 2), 60)
        assert [table for table in (0, 1, 3) if "door_open" in alarmed(hub, table)] == []
        report = f"{hub.page}api/v1/sessions/{session}/report?table=2&format=html&lang=fr"
        with urllib.request.urlopen(report, timeout=60) as answer:
            assert "Table 2" in answer.read().decode()


def states(hub: Demo) -> list[str]:
    """Return how the tables stand; nothing while the hub is away."""
    try:
        return [each["state"] for each in hub.get("api/v1/tables")["tables"]]
    except OSError:
        return []


def alarmed(hub: Demo, table: int) -> set[str]:
    """Return the measures that raised alarms at a table (0: in the room); a busy machine adds silences."""
    return {each["measure"] for each in hub.get(f"api/v1/alarms?table={table}")["alarms"]}
