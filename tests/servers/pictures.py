"""Pictures of a page for people to look at, and what can be judged of it without eyes."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

WALL = (1920, 1080)
LAPTOP = (1280, 800)
PHONE = (390, 844)
LEAST = 0.122 * WALL[1]
"""Size of a number on the wall [px]: its figures are a twelfth of the height, to be read at 8 m."""
PATIENCE_MS = 120_000
"""For one picture: fifty drawings take a quiet machine 16 s, and nothing is wrong with a page that took longer; a test
that hangs ends at its own limit."""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TILES = """() => [...document.querySelectorAll('.values .tile')].map((tile) => {
    const number = tile.querySelector('.number');
    const box = (each) => each.getBoundingClientRect();
    return {
        size: parseFloat(getComputedStyle(number).fontSize), top: box(number).top, row: box(tile).top,
        wide: number.scrollWidth - number.clientWidth,
        bottom: Math.max(...[...tile.children].map((each) => box(each).bottom)),
    };
})"""
FREE = """() => {
    const after = document.querySelector('.chart, .banner');
    return after ? after.getBoundingClientRect().top : innerHeight;
}"""
OUTSIDE = """() => [...document.querySelectorAll('main *')].filter((each) => {
    if (!each.checkVisibility() || each.matches('.banner') || each.closest('svg, .u-wrap, .unseen')) return false;
    if (!each.innerText?.trim()) return false;
    const { left, right, top, bottom } = each.getBoundingClientRect();
    return left < -1 || top < -1 || right > innerWidth + 1 || bottom > innerHeight + 1;
}).map((each) => each.outerHTML.slice(0, 160))"""
"""What has words outside the screen; the colour of a banner goes beyond its edge, its words do not."""
COVERED = """() => {
    const box = (each) => each?.getBoundingClientRect();
    const [clock, notice] = [box(document.querySelector('.clock')), box(document.querySelector('.notices > *'))];
    return clock !== undefined && notice !== undefined && clock.left < notice.right && notice.left < clock.right
        && clock.top < notice.bottom && notice.top < clock.bottom;
}"""
OVER = """(within) => {
    const said = [];
    const walk = document.createTreeWalker(within, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const [text, of] = [walk.currentNode.data.trim().slice(0, 40), walk.currentNode.parentElement];
        if (!text || !of.checkVisibility({ visibilityProperty: true }) || of.closest('.unseen, .u-wrap, title, desc'))
            continue;
        const range = document.createRange();
        range.selectNodeContents(walk.currentNode);
        for (const { left, right, top, bottom, width, height } of range.getClientRects()) {
            const air = 0.2 * height;
            if (width > 1)
                said.push({ text, of, left: left + 1, right: right - 1, top: top + air, bottom: bottom - air });
        }
    }
    return said.flatMap((a, at) => said.slice(at + 1).filter((b) => a.of !== b.of
        && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map((b) => `« ${a.text} » stands over « ${b.text} »`));
}"""
"""Words that stand over others, those of the drawings too; what is above and below the letters of a line is air."""
LEAF = """async () => {
    for (let at = 0; at < document.documentElement.scrollHeight; at += innerHeight / 2) {
        scrollTo(0, at);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    scrollTo(0, 0);
}"""
"""Reads the page to its end, as somebody would: what is below paints itself when it is seen."""
SEEN = f"""() => ({{ tiles: ({TILES})(), free: ({FREE})(), outside: ({OUTSIDE})(), covered: ({COVERED})(),
    over: ({OVER})(document.querySelector('main')) }})"""
AT_ONCE = f"""() => new Promise((done, fail) => new ResizeObserver((_, watcher) => {{
    watcher.disconnect();
    try {{ done(({SEEN})()); }} catch (error) {{ fail(error); }}
}}).observe(document.body))"""
"""All of a wall at one moment, and one at which it is painted: a story goes on between two looks."""


def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where pictures are kept: the folder that MATINALES_PICTURES names, else one that is thrown away."""
    kept = os.environ.get("MATINALES_PICTURES")
    found = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    found.mkdir(parents=True, exist_ok=True)
    return found


def taken(page: Page, file: Path) -> list[str]:
    """Keep a picture of the whole page; return what is wrong with it."""
    page.evaluate(LEAF)
    page.screenshot(path=file, full_page=True, timeout=PATIENCE_MS)
    wide = page.evaluate(SIDEWAYS)
    return [f"{file.stem}: {wide} px too wide"] if wide > 0 else []


def looked_at(page: Page) -> dict[str, Any]:
    """Return what there is to judge of a wall at one moment.

    Returns:
        `tiles`, one a large value: `size`, `top`, `bottom`, `row` and `wide` [px]; `free`: where what stands below them
        begins [px]; `outside`: what has words beyond the screen; `covered`: whether a notice stands over the clock;
        `over`: words that stand over others.
    """
    found: dict[str, Any] = page.evaluate(AT_ONCE)
    return found


def taken_of_wall(page: Page, file: Path) -> list[str]:
    """Keep a picture of a wall; return what is wrong with it: nothing stands outside it, nor over anything else."""
    page.screenshot(path=file, timeout=PATIENCE_MS)
    seen = looked_at(page)
    found = [f"outside: {each}" for each in seen["outside"]]
    found += [
        f"a value ends at {each['bottom']:.0f}, the chart begins at {seen['free']:.0f}"
        for each in seen["tiles"]
        if each["bottom"] > seen["free"]
    ]
    found += ["a notice covers the clock"] if seen["covered"] else []
    return [f"{file.stem}: {each}" for each in found]
