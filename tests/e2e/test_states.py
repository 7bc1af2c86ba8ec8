"""Each story in every state that a value may have, on a wall in both languages and in a hand: no word over another.

The states are the living hub's frames, bent on their way to the page (`servers/bent.py`), so that no run of luck is
needed to see them all.
"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
from playwright.sync_api import Browser, Page, expect

from servers.bent import AlarmState, Bend, State, Whose, say, stand_between
from servers.browser import MOST_SHIFT, PATIENCE_MS, SHIFTS, taken_over, visit
from servers.hubs import Demo, demo
from servers.pictures import LEAST, OVER, PHONE, WALL, looked_at, shelf
from servers.workers import usecases

LANGUAGES = {"fr": ("fr-FR", ""), "en": ("en-GB", "?theme=light")}
OFTEN = [Bend("missing", alarm="unacknowledged"), Bend("missing", of="last"), Bend("bad", alarm="unacknowledged")]
"""What every commit tries on the cold room in French; a real wall was seen to break on the first two."""
STATES = [
    *(
        Bend(value, of, alarm)
        for value, of, alarm in product(get_args(State), get_args(Whose)[:2], (None, *get_args(AlarmState)))
    ),
    *(Bend(value, alarm="unacknowledged", replayed=True) for value in get_args(State)),
]
DOUBTED = 0.94
"""Of the least size, what "≈" before the six figures of a meter leaves of it; the wall keeps that size afterwards."""
FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
NOTICED = "() => document.querySelector('.notices').lastElementChild.lastElementChild.getBoundingClientRect().bottom"
SAID = "() => document.querySelector('.banner:not(.none), main .say').getBoundingClientRect().top"
SHIFTED = "() => window.shifts.splice(0)"
DRAWINGS = '[data-part="drawings"][data-of="light"] figure'
LETTERS = ("20px", "25px", "29px")
"""In which drawings are written: on a page, on a wall, in a hand."""
OVER_DRAWN = f"""(figures, letters) => figures.flatMap((figure) => {{
    figure.style.setProperty('--drawing-text', letters);
    return ({OVER})(figure.querySelector('svg.drawing'))
        .map((each) => `${{figure.querySelector('figcaption').innerText}} at ${{letters}}: ${{each}}`);
}})"""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a demo that tells the cold room, and whatever a test asks it for."""
    with demo(tmp_path_factory.mktemp("states") / "data", "--history", "1h", "--seed", "7") as running:
        yield running


@contextmanager
def opened(browser: Browser, address: str, story: str, locale: str, size: tuple[int, int]) -> Iterator[Page]:
    """Lend a page that shows a story, what its hub says being bent at will."""
    context = browser.new_context(
        locale=locale, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", has_touch=size == PHONE
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = context.new_page()
        page.add_init_script(SHIFTS)
        stand_between(page, usecases())
        page.goto(address)
        taken_over(page)
        expect(page.locator("h1")).to_have_text(usecases()[story].title.as_dict[locale[:2]])
        expect(page.locator(".values data").first).to_have_text(re.compile(r"\d"))
        expect(page.locator(".chart figure:not(.empty)").first).to_be_visible()
        yield page
    finally:
        context.close()


def shows(page: Page, bend: Bend) -> None:
    """Have the hub say it so, and wait until the page does."""
    say(page, bend)
    tiles = page.locator(f".values .tile.{'waiting' if bend.value == 'missing' else bend.value}")
    expect(tiles.last if bend.of == "last" else tiles.first).to_be_visible()
    expect(page.locator(".banner:not(.none)")).to_have_count(0 if bend.alarm is None else 1)
    expect(page.locator(".values .mark.missing").first).to_be_visible(visible=bend.value == "missing")
    page.evaluate(FRAMES)


def wrong(page: Page) -> list[str]:
    """Return what is wrong with a wall: too small, too wide, outside it or over anything else."""
    seen = looked_at(page)
    tiles, free = seen["tiles"], seen["free"]
    return [
        *(
            f"a value ends at {one['bottom']:.0f}, the chart begins at {free:.0f}"
            for one in tiles
            if one["bottom"] > free
        ),
        *(f"a number is {one['wide']} px too wide" for one in tiles if one["wide"] > 0),
        *(f"a number of {one['size']:.0f} px is not read at 8 m" for one in tiles if one["size"] < DOUBTED * LEAST),
        *(f"outside: {one}" for one in seen["outside"]),
        *seen["over"],
    ]


def judged(browser: Browser, hub: Demo, told: tuple[str, str], states: Sequence[Bend], folder: Path) -> list[str]:
    """Show states of a story in a language on a wall; return what is wrong, and keep a picture of each that is."""
    story, language = told
    locale, theme = LANGUAGES[language]
    found: list[str] = []
    with opened(browser, f"{hub.page}projector{theme}", story, locale, WALL) as page:
        for bend in states:
            shows(page, bend)
            faults = wrong(page)
            if faults:
                page.screenshot(path=folder / f"wall_{story}_{language}_{bend.name}.png")
            found += [f"{story}, {language}, {bend.name}: {each}" for each in faults]
    return found


def test_a_role_that_nobody_plays_has_room_on_a_wall_beside_a_long_alarm(
    hub: Demo, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its words end above the chart, whatever else the wall has to say; so do those of a refused value."""
    assert judged(browser, hub, ("cold_room", "fr"), OFTEN, shelf(tmp_path_factory)) == []


def test_two_notices_on_a_wall_keep_to_its_title_s_line(hub: Demo, browser: Browser) -> None:
    """Frozen, and silenced by its browser while an alarm stands: the sentence below is read whole."""
    with opened(browser, f"{hub.page}projector", "cold_room", "fr-FR", WALL) as page:
        shows(page, Bend(alarm="unacknowledged"))
        expect(page.locator(".notices button")).to_be_visible()
        say(page, Bend(alarm="unacknowledged", frozen=True))
        expect(page.locator("[data-still]")).to_be_visible()
        assert page.evaluate(NOTICED) <= page.evaluate(SAID)


def test_what_is_read_in_a_hand_stays_where_it_is_as_an_alarm_comes_and_goes(hub: Demo, browser: Browser) -> None:
    """Numbers and picture keep their room: lines that come and go have it already, the alarm stands below them."""
    with opened(browser, hub.page, "cold_room", "fr-FR", PHONE) as page:
        shows(page, Bend())
        page.wait_for_load_state("networkidle")
        page.evaluate(FRAMES)
        for alarm in (*get_args(AlarmState), None):
            page.evaluate(SHIFTED)
            shows(page, Bend(alarm=alarm))
            moved = page.evaluate(SHIFTED)
            assert sum(each["value"] for each in moved) < MOST_SHIFT, json.dumps(moved, indent=1, ensure_ascii=False)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", sorted(usecases()))
def test_no_state_of_a_story_puts_words_over_others_on_a_wall(
    hub: Demo, browser: Browser, tmp_path_factory: pytest.TempPathFactory, story: str
) -> None:
    """Waiting, silent, doubtful, refused, nobody's; with an alarm to acknowledge, acknowledged, over; played again."""
    hub.ask("PUT", "api/v1/scenario", {"usecase": story, "seed": 7})
    folder = shelf(tmp_path_factory)
    assert [each for told in product([story], LANGUAGES) for each in judged(browser, hub, told, STATES, folder)] == []


@pytest.mark.long
@pytest.mark.parametrize("locale", ["fr-FR", "en-GB"])
def test_no_drawing_puts_words_over_others_in_letters_of_any_size(hub: Demo, browser: Browser, locale: str) -> None:
    """Each drawing of the gallery in each of its states, real parts too, which no simulated story has."""
    with visit(browser, f"{hub.page}gallery", locale=locale) as reader:
        figures = reader.page.locator(DRAWINGS)
        expect(figures.locator("svg.drawing")).to_have_count(figures.count())
        assert figures.count() > len(usecases())
        assert [each for size in LETTERS for each in figures.evaluate_all(OVER_DRAWN, size)] == []
