"""Each use case, found and not listed, told by the page: its simulation plays it at ×60 in a real browser."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from device_sims import scenario
from device_sims.schedule import Expect
from hub.usecases.schema import UseCase
from servers.browser import Visit, visit
from servers.hubs import Demo, demo, until
from servers.workers import usecases

SPEED = 60
SLACK_S = 90.0
"""What a busy machine may add to a simulated time [s]."""
AT_ONCE = 1
"""How many stories every commit tells, the quickest first; the others are in the long tier."""
PATIENT_MIN = 90.0
"""An alarm that is written in a text is waited for so long [min of the story]; else the quickest will do."""
NEEDS_DAYS = ("baseline", "every_period")
"""Kinds of rules that need a past of days, which a story told quickly has not."""
LANGUAGES = ("fr", "en")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Story:
    """A use case with the alarm that its scenario raises soonest."""

    usecase: UseCase
    expect: Expect
    rule: str

    @property
    def minutes(self) -> float:
        """Of the story, at most, until the alarm."""
        return self.expect.at_min + self.expect.alarms[self.rule]


def story(usecase: UseCase, expects: tuple[Expect, ...]) -> Story:
    """Return the quickest expected alarm of a use case; one that a text asks for goes before."""
    found = [
        Story(usecase, expect, rule)
        for expect in expects
        for rule in expect.alarms
        if type(usecase.rule(rule)).__struct_config__.tag not in NEEDS_DAYS
    ]
    written = [each for each in found if _is_written(usecase, each.rule) and each.minutes <= PATIENT_MIN]
    return min(written or found, key=lambda each: each.minutes)


def _is_written(usecase: UseCase, rule: str) -> bool:
    """Tell whether a rule follows a text, not only a calculation or the house."""
    source = usecase.rule(rule).source
    return source is not None and not source.en.startswith(("House rule", "Computed"))


def stories() -> Iterator[object]:
    """Return every use case that has a scenario, the quickest without the mark `long`."""
    cases = usecases()
    found = [
        story(cases[name], (*scenario.load(name).scenario.expect,)) for name in scenario.folders() if name in cases
    ]
    for number, told in enumerate(sorted(found, key=lambda each: each.minutes)):
        yield pytest.param(told, id=told.usecase.name, marks=[] if number < AT_ONCE else [pytest.mark.long])


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend one demo with an hour of past; each test changes its story."""
    with demo(tmp_path_factory.mktemp("stories") / "data", "--history", "1h", "--seed", "7") as running:
        yield running


@pytest.fixture(scope="module")
def reader(hub: Demo, browser: Browser) -> Iterator[Visit]:
    """Lend one page that follows the stories as they change; at its end it has nothing to reproach itself with."""
    with visit(browser, hub.page) as lent:
        yield lent


def begin(hub: Demo, told: Story) -> str:
    """Play the story from its start at ×60 and switch its fault on when it is due; return the run."""
    begun = {"usecase": told.usecase.name, "seed": 7, "initial": told.expect.initial, "clock": told.expect.clock}
    state = hub.ask("PUT", "api/v1/scenario", {key: value for key, value in begun.items() if value})
    run, due = str(state["run"]), seconds(state["time"]) + told.expect.at_min * 60
    hub.ask("PUT", "api/v1/scenario/speed", {"speed": SPEED})
    if told.expect.fault:
        until(lambda: seconds(hub.get("api/v1/scenario")["time"]) >= due, told.expect.at_min * 60 / SPEED + SLACK_S)
        state = hub.ask("PUT", f"api/v1/scenario/faults/{told.expect.fault}", {"active": True})
        assert any(each["name"] == told.expect.fault and each["active"] for each in state["faults"])
    return run


def seconds(time: str) -> float:
    """Return a time of the API in seconds since 1970."""
    return datetime.fromisoformat(time).timestamp()


def raised(hub: Demo, told: Story, run: str) -> str:
    """Return the id of the expected alarm once the hub has raised it."""

    def found() -> str | None:
        alarms = hub.get("api/v1/alarms")["alarms"]
        return next((each["id"] for each in alarms if each["rule"] == told.rule and each["run"] == run), None)

    return str(until(found, told.minutes * 60 / SPEED + SLACK_S))


def speak(page: Page, language: str) -> None:
    """Choose a language."""
    page.locator(f'button[lang="{language}"]').click()
    expect(page.locator("html")).to_have_attribute("lang", language)


def alarm_of(page: Page, rule: str) -> Locator:
    """Return where the page shows the alarm of a rule, among the others where there are more."""
    row = page.locator(f'[data-rule="{rule}"]').first
    more = page.locator("section.story > button.more")
    expect(row.or_(more).first).to_be_visible()
    if row.count() == 0:
        more.click()
    return row


@pytest.mark.parametrize("told", [*stories()])
def test_a_story_is_told_with_its_alarm_its_reason_and_its_money(hub: Demo, reader: Visit, told: Story) -> None:
    """Story, sentence, drawing, chart with its limits, alarm with its text and its why, euros with open hypotheses."""
    page = reader.page
    speak(page, "fr")
    run = begin(hub, told)
    expect(page.locator("#story-title")).to_have_text(told.usecase.title.fr, timeout=SLACK_S * 1000)
    why = hub.get(f"api/v1/alarms/{raised(hub, told, run)}/why")
    for language in LANGUAGES:
        speak(page, language)
        _tells_its_story(page, told.usecase, language)
        _explains(page, alarm_of(page, told.rule), why, language)
        _counts(page, told.usecase, language)
    reader.judge()


def _tells_its_story(page: Page, usecase: UseCase, language: str) -> None:
    """Title, story, sentence, living drawing, first chart with every limit it shows."""
    expect(page.locator("#story-title")).to_have_text(usecase.title.as_dict[language])
    told = page.locator("section.story details").first
    told.evaluate("each => { each.open = true; }")
    expect(told).to_contain_text(usecase.story.as_dict[language])
    sentence = page.locator("section.story p.say")
    expect(sentence.locator("b").first).to_be_visible()
    if page.locator("figure.drawing").count():
        expect(page.locator("figure.drawing svg[role=img] > title")).to_have_text(re.compile(r"\S"))
    chart = page.locator("figure[data-covers]").first
    expect(chart).to_have_attribute("data-covers", re.compile(r"\d{2,}"))
    named = chart.get_attribute("aria-label") or ""
    word = {"fr": "limite", "en": "limit"}[language]
    assert named.count(f"{word} ") >= len(usecase.panels[0].limits), named


def _explains(page: Page, alarm: Locator, why: dict[str, object], language: str) -> None:
    """The alarm is on the page; its button says rule, values, text and what to do, in the reader's language."""
    alarm.get_by_role("button", name={"fr": "Pourquoi", "en": "Why"}[language]).click()
    asked = page.locator("dialog[open]")
    for part in ("words", "source", "todo"):
        said = why[part]
        if isinstance(said, dict):
            expect(asked).to_contain_text(str(said[language]))
    expect(asked.locator("tbody tr").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)


def _counts(page: Page, usecase: UseCase, language: str) -> None:
    """Euros from hypotheses that anybody may move, the formula in sight."""
    card = page.locator("section", has=page.locator("#money-title"))
    expect(card).to_contain_text(usecase.money[0].title.as_dict[language])
    result = card.locator("p.sum b")
    expect(result).to_contain_text("€")
    until(lambda: any(_moves(each, result) for each in card.locator("input[type=range]").all()))


def _moves(slider: Locator, result: Locator) -> bool:
    """Tell whether a slider changes the euros; where a factor was measured as nothing, the others do not."""
    slider.press("Home")
    lowest = result.inner_text()
    slider.press("End")
    return result.inner_text() != lowest


@pytest.mark.long
def test_the_gallery_shows_each_drawing_with_and_without_news(hub: Demo, browser: Browser) -> None:
    """Every use case that is drawn, moving and as nobody likes to see it, told in words too; nothing is refused."""
    drawn = {path.stem for path in (Path(__file__).parents[2] / "web/src/drawings").glob("*.svelte")}
    with visit(browser, f"{hub.page}gallery") as lent:
        lent.page.emulate_media(reduced_motion="reduce")
        shown = lent.page.locator("section[data-theme=light] figure:has(svg.drawing)")
        expect(shown.filter(has_text="no device")).to_have_count(len(drawn))
        assert {text.partition(",")[0] for text in shown.locator("figcaption").all_inner_texts()} == drawn
        told = shown.locator("svg.drawing > desc").all_text_contents()
        assert all(told)
