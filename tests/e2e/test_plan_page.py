"""The floor plan in a browser: hung by hand and by keys, seen by the room, still there after a restart of the hub."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from servers.browser import fingers, visit
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(180)]
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300"/></svg>'


def places(hub: Demo) -> dict[str, tuple[float, float]]:
    """Return where which device hangs, as the hub has it."""
    told = hub.ask("GET", "api/v1/plan")["places"]
    return {each["device"]: (each["x"], each["y"]) for each in told}


def _drag(page: Page, what: str, x: float, y: float) -> None:
    """Drag something to a place of the plan."""
    grip, plan = page.locator(what).first.bounding_box(), page.locator(".plan").bounding_box()
    assert grip is not None
    assert plan is not None
    page.mouse.move(grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    page.mouse.down()
    page.mouse.move(plan["x"] + plan["width"] / 2, plan["y"] + plan["height"] / 2, steps=4)
    page.mouse.move(plan["x"] + plan["width"] * x, plan["y"] + plan["height"] * y, steps=4)
    page.mouse.up()


def test_devices_are_hung_by_hand_and_by_keys_and_are_there_after_a_restart(tmp_path: Path, browser: Browser) -> None:
    """Dragged from the list, moved by arrows, taken off with Delete, brought back by undoing; on one's own picture."""
    args, data = ("--use-case", "cold_room", "--speed", "60"), tmp_path / "data"
    with demo(data, *args) as hub, visit(browser, hub.page) as reader:
        page = reader.page
        page.goto(f"{hub.page}plan")
        expect(page.get_by_text("Le plan est vide")).to_be_visible()
        _drag(page, ".loose button", 0.8, 0.25)
        status = page.locator(".told")
        expect(status).to_contain_text("80\u202f% depuis la gauche, 25\u202f% depuis le haut")
        pin = page.locator("[data-pin]")
        pin.focus()
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("ArrowDown")
        expect(status).to_contain_text("70\u202f% depuis la gauche, 26\u202f% depuis le haut")
        (before,) = places(hub).values()
        assert before == pytest.approx((0.7, 0.26), abs=0.005)
        pin.focus()
        page.keyboard.press("Delete")
        expect(status).to_contain_text("n’est plus sur le plan")
        until(lambda: places(hub) == {})
        page.get_by_role("button", name="Défaire").click()
        expect(pin).to_have_count(1)
        until(lambda: places(hub) != {})
        file = tmp_path / "plan_du_fournil.svg"
        file.write_bytes(DRAWING)
        page.set_input_files("input[type=file]", file)
        expect(page.get_by_role("img", name="plan du fournil")).to_be_visible()
        (kept,) = places(hub).values()
        assert kept == before
    with demo(data, *args) as hub:
        assert [*places(hub).values()] == [before]
        assert hub.ask("GET", "api/v1/plan")["picture"]["title"] == "plan du fournil"


def test_on_a_phone_a_finger_hangs_a_device_and_a_touch_says_where(tmp_path: Path, browser: Browser) -> None:
    """Drawn from the list it lies under the finger, and the plan stays there; touched, the next touch is its place."""
    with (
        demo(tmp_path / "data", "--history", "0") as hub,
        visit(browser, f"{hub.page}plan", size=(390, 844), touch=True) as reader,
    ):
        page = reader.page
        expect(page.locator(".loose button")).to_have_count(4)
        plan, grip = page.locator(".plan").bounding_box(), page.locator(".loose button").first.bounding_box()
        assert plan is not None
        assert grip is not None
        to = (plan["x"] + 0.75 * plan["width"], plan["y"] + 0.25 * plan["height"])
        fingers(page, ((grip["x"] + 20, grip["y"] + 20), to))
        until(lambda: len(places(hub)) == 1)
        assert [*places(hub).values()] == [pytest.approx((0.75, 0.25), abs=0.01)]
        assert page.locator(".plan").bounding_box() == plan
        page.locator(".loose button").first.tap()
        expect(page.locator("[data-pin]")).to_have_count(2)
        page.touchscreen.tap(plan["x"] + 0.2 * plan["width"], plan["y"] + 0.5 * plan["height"])
        until(lambda: pytest.approx((0.2, 0.5), abs=0.01) in places(hub).values())
