"""Pictures of the page for people to look at, and what can be judged of them without eyes.

CI keeps them: `MATINALES_PICTURES=FOLDER pytest -m long tests/e2e/test_pictures.py` writes them there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.web.built import PAGES
from servers.browser import Visit, visit
from servers.hubs import Demo, demo, until
from servers.pictures import LAPTOP, LEAST, PATIENCE_MS, PHONE, WALL, looked_at, shelf, taken
from servers.workers import usecases

LYING = (844, 390)
pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as somebody has it before them."""

    path: str
    size: tuple[int, int]
    locale: str
    theme: Literal["light", "dark"]

    @property
    def name(self) -> str:
        """What its file is called."""
        page = re.sub(r"\W+", "-", self.path) or "audience"
        return f"{page}_{self.size[0]}x{self.size[1]}_{self.locale[:2]}_{self.theme}"


READERS: tuple[tuple[str, Literal["light", "dark"], tuple[int, int]], ...] = (
    ("fr-FR", "light", LAPTOP),
    ("en-GB", "dark", LAPTOP),
    ("en-GB", "light", PHONE),
    ("fr-FR", "dark", LYING),
)
"""Who has a page before them: each language in each theme, on each kind of screen."""
PICTURES = [
    Picture(re.sub(r"{\w+}", "1", path).lstrip("/"), size, locale, theme)
    for path in PAGES
    for locale, theme, size in READERS
]


SETTLED = {
    "": ("figure[data-covers]:not(.empty)", "svg.drawing"),
    "projector": ("figure[data-covers]:not(.empty)", "svg.drawing"),
    "history": ("figure .u-over",),
    "facilitator": (".console",),
    "devices": ("[data-device-id]",),
    "alarms": ("main li.unacknowledged",),
    "doctor": ("[data-due]",),
}
"""What a page shows once all that it asked for has come."""
EXAMINED_MS = 90_000
"""The longest of them: the doctor looks at the whole machine."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the pictures are kept."""
    return shelf(tmp_path_factory)


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a cold room whose door is open: an alarm waits."""
    with demo(
        tmp_path_factory.mktemp("pictures") / "data", "--speed", "60", "--history", "3h", "--seed", "7"
    ) as running:
        running.ask("PUT", "api/v1/scenario/faults/door_open", {"active": True})
        until(lambda: running.get("api/v1/alarms")["alarms"])
        running.ask("PUT", "api/v1/scenario/speed", {"speed": 1})
        yield running


@pytest.fixture(scope="module")
def stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a demo whose story is changed."""
    with demo(tmp_path_factory.mktemp("stage") / "data", "--history", "1h", "--seed", "7") as running:
        yield running


@pytest.fixture(scope="module")
def walls(stage: Demo, browser: Browser) -> Iterator[list[Visit]]:
    """Lend two walls before the same stories: French in the dark, English in a room that cannot be darkened."""
    with (
        visit(browser, f"{stage.page}projector", locale="fr-FR", size=WALL) as dark,
        visit(browser, f"{stage.page}projector?theme=light", locale="en-GB", size=WALL) as light,
    ):
        yield [dark, light]


@contextmanager
def shown(browser: Browser, hub: Demo, picture: Picture) -> Iterator[Page]:
    """Lend a page as it stands once it has what it shows."""
    touch = picture.size in {PHONE, LYING}
    address = hub.page + picture.path
    with visit(browser, address, locale=picture.locale, theme=picture.theme, size=picture.size, touch=touch) as lent:
        expect(lent.page.locator("main").first).not_to_be_empty()
        for each in SETTLED.get(picture.path, ()):
            expect(lent.page.locator(each).first).to_be_visible(timeout=EXAMINED_MS)
        yield lent.page


@pytest.mark.parametrize("picture", PICTURES, ids=lambda each: each.name)
def test_a_page_is_whole_on_every_screen(browser: Browser, hub: Demo, folder: Path, picture: Picture) -> None:
    """Nothing is wider than the screen, whatever the language, the theme and the way that a phone is held."""
    with shown(browser, hub, picture) as page:
        assert taken(page, folder / f"{picture.name}.png") == []


@pytest.mark.parametrize("name", sorted(usecases()))
def test_each_story_is_read_from_the_back_of_the_room(stage: Demo, walls: list[Visit], folder: Path, name: str) -> None:
    """Figures of a twelfth of the height, side by side at one height; nothing over anything else, nothing outside."""
    stage.ask("PUT", "api/v1/scenario", {"usecase": name, "seed": 7})
    for wall, language in zip(walls, ("fr", "en"), strict=True):
        page = wall.page
        expect(page.locator("h1")).to_have_text(usecases()[name].title.as_dict[language])
        expect(page.locator(".values data").first).to_have_text(re.compile(r"\d"))
        expect(page.locator(".chart figure:not(.empty)")).to_be_visible()
        page.screenshot(path=folder / f"wall_{name}_{language}.png", timeout=PATIENCE_MS)
        seen = looked_at(page)
        tiles, free = seen["tiles"], seen["free"]
        assert min(each["size"] for each in tiles) >= LEAST - 0.1
        assert max(each["wide"] for each in tiles) <= 0
        assert max(each["bottom"] for each in tiles) <= free
        for row in {each["row"] for each in tiles}:
            heights = [each["top"] for each in tiles if each["row"] == row]
            assert max(heights) - min(heights) < 1, heights
        assert seen["outside"] == []


RESTLESS = """<main>
<div class="values"><p class="tile"><b class="number">4,3</b></p></div><div class="chart"></div>
</main>
<style>p, b { display: block; margin: 0; height: 90px } .chart { height: 90px } .big :is(p, b) { height: 400px }</style>
<script>setInterval(() => document.querySelector('.values').classList.toggle('big', Math.random() < 0.5))</script>"""


def test_a_wall_that_changes_while_it_is_looked_at_is_judged_as_it_stood_at_one_moment(browser: Browser) -> None:
    """Its value ends where its chart begins, always: the one of before and the other of after would say otherwise."""
    with browser.new_page() as page:
        page.set_content(RESTLESS)
        looks = [looked_at(page) for _ in range(50)]
    assert len({each["free"] for each in looks}) == 2, "it did change"
    assert all(each["tiles"][0]["bottom"] == each["free"] for each in looks)
