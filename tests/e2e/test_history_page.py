"""The history page in a real browser: any channels, nearer and farther, by keyboard, with notes, taken away."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from servers.browser import fingers, visit
from servers.hubs import Demo, demo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
PROBE = "tasmota:coldroom-sim-probe"
CHANNEL = "temperature_ds18b20_1"
TEXT = "<b>porte ouverte</b>"


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend one demo with an hour of past."""
    with demo(tmp_path_factory.mktemp("history") / "data", "--history", "1h", "--seed", "7") as running:
        yield running


def test_the_past_is_read_noted_and_taken_away(hub: Demo, browser: Browser, tmp_path: Path) -> None:
    """From a device to its curve, by keyboard; a note is text, is seen at once, and goes again."""
    with visit(browser, f"{hub.page}history?c={PROBE}/{CHANNEL}&span=3600") as reader:
        page = reader.page
        expect(page.get_by_role("figure")).to_have_attribute("data-run", re.compile("cold-room-"))
        expect(page.get_by_role("figure").get_by_text("heure simulée")).to_be_visible()
        expect(page.get_by_role("figure")).to_have_attribute("aria-label", re.compile("limite .4.°C"))
        expect(page.locator(".u-over")).to_be_visible()  # it is drawn: there is a place to come to
        page.get_by_role("slider").first.focus()
        page.keyboard.press("End")
        expect(page.get_by_role("slider").first).to_have_attribute(
            "aria-valuetext", re.compile(r"\d\d:\d\d, .*\d\u202f?°C")
        )
        page.keyboard.press("n")
        page.get_by_label("Que se passe-t-il").fill(TEXT)
        page.get_by_role("dialog").get_by_role("button", name="Noter", exact=True).click()
        note = page.locator("[data-note]")
        expect(note).to_contain_text(TEXT)
        with page.expect_download() as download:
            page.get_by_role("button", name="Mesures (CSV)").click()
        download.value.save_as(tmp_path / "readings.csv")
        lines = (tmp_path / "readings.csv").read_text(encoding="utf-8-sig").splitlines()
        assert lines[0].startswith("time;device;channel;value")
        assert f";{PROBE};{CHANNEL};" in lines[1]
        with page.expect_download() as download:
            page.get_by_role("button", name="Image (PNG)").click()
        download.value.save_as(tmp_path / "curves.png")
        assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
        note.get_by_role("button", name="Retirer la note").click()
        note.get_by_role("button", name="Retirer", exact=True).click()
        expect(note).to_have_count(0)


def test_the_address_is_what_is_shown(hub: Demo, browser: Browser) -> None:
    """Keys go nearer and earlier; what was sent to somebody shows the same; a far past is empty and says so."""
    with visit(browser, f"{hub.page}history?c={PROBE}/{CHANNEL}&c={PROBE}/signal&span=3600", locale="en-GB") as reader:
        page = reader.page
        expect(page.get_by_role("figure")).to_have_count(1)
        page.keyboard.press("+")
        page.keyboard.press("Shift+ArrowLeft")
        expect(page).to_have_url(re.compile(r"span=1800&to=\d+$"))
        page.get_by_role("button", name="Stacked").click()
        expect(page.get_by_role("figure")).to_have_count(2)
        page.goto(page.url)
        expect(page.get_by_role("figure")).to_have_count(2)
        expect(page.get_by_role("button", name="Stacked")).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Table").first.click()
        expect(page.get_by_role("table")).to_contain_text("Air (°C)")
        page.goto(re.sub(r"to=\d+", "to=1600000000", page.url))
        expect(page.get_by_text("no value in this time").first).to_be_visible()


def test_fingers_move_the_curve_and_bring_it_nearer(hub: Demo, browser: Browser) -> None:
    """One goes to the past, two come closer about what they hold, and a touch chooses a moment without moving it."""
    address = f"{hub.page}history?c={PROBE}/{CHANNEL}&span=1800"
    with visit(browser, address, size=(390, 844), touch=True) as reader:
        page = reader.page
        plot = page.locator(".u-over").first
        expect(plot).to_be_visible()
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None

        def at(share: float) -> tuple[float, float]:
            return box["x"] + box["width"] * share, box["y"] + box["height"] / 2

        fingers(page, (at(0.2), at(0.8)))
        expect(page).to_have_url(re.compile(r"span=1800&to=\d+$"))
        earlier = int(page.url.rpartition("=")[2])
        fingers(page, (at(0.4), at(0.2)), (at(0.6), at(0.8)))
        expect(page).to_have_url(re.compile(r"span=600&to=\d+$"))
        assert int(page.url.rpartition("=")[2]) == pytest.approx(earlier - 600, abs=30)
        there = page.url
        page.touchscreen.tap(*at(0.5))
        expect(page.get_by_role("button", name=re.compile(r"Noter à \d\d:\d\d"))).to_be_visible()
        assert page.url == there
        fingers(
            page,
            (at(0.9), at(0.1)),
        )
        fingers(
            page,
            (at(0.9), at(0.1)),
        )
        expect(page).to_have_url(re.compile(r"span=600$"))
