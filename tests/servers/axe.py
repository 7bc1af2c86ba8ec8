"""What axe-core finds on a page: the rules of WCAG 2.2, A and AA, that a program can judge.

The engine is what the package axe-playwright-python brings along, as Deque publish it; a content security policy does
not keep it out, because the debugger puts it there.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

from playwright.sync_api import Page

WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
RUN = """([include, exclude, tags]) => axe.run(
    { include: include.map((each) => [each]), exclude: exclude.map((each) => [each]) },
    { runOnly: tags, resultTypes: ['violations'] },
).then((found) => found.violations)"""
FEW = 4
"""Places that are told of each rule."""


@cache
def engine() -> str:
    """Return axe-core as one script."""
    return resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, *, within: str = "html", without: Sequence[str] = ()) -> list[str]:
    """Return what breaks a rule, a line each: the rule, the place, the markup, the reason; empty: nothing does.

    Args:
        page: as it is now, with what is open on it.
        within: CSS selector of what is judged.
        without: CSS selectors of what is left out.
    """
    page.evaluate(f"{engine()};null")
    found: list[dict[str, Any]] = page.evaluate(RUN, [[within], list(without), list(WCAG_22_AA)])
    return [line for each in found for line in _lines(each)]


def _lines(violation: dict[str, Any]) -> Iterator[str]:
    nodes = violation["nodes"]
    for node in nodes[:FEW]:
        reasons = [each["message"] for each in (*node["any"], *node["all"], *node["none"])]
        yield f"{violation['id']}: {' '.join(map(str, node['target']))}: {node['html'][:160]}: {'; '.join(reasons)}"
    if len(nodes) > FEW:
        yield f"{violation['id']}: and {len(nodes) - FEW} more"
