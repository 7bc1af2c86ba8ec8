"""What a visitor sees before the page's program runs: the story's sentence, alarm and large values, as HTML.

Pure: from what the API gives (`GET /usecases/{name}` and the whole frame of `/live`), by the rules of
`web/src/lib/sight.ts` and `state.ts`. The page shows the same a moment later and keeps it true (`web/src/main.ts`);
should its program never come, nothing here may grow untrue: it says when each value was measured, never how long ago.
"""

import html
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec
from msgspec import Struct

from hub.rules.wording import Text, number, quantity

Json = Mapping[str, Any]
Language = Literal["fr", "en"]
State = Literal["live", "waiting", "stale", "uncertain", "bad"]
REAL = "real"
STATES = ("unacknowledged", "acknowledged", "returned")
PRIORITIES = ("critical", "high", "medium", "low")
DIGIT, THIN, GAP, LETTER, ABOUT = 0.57, 0.29, 0.1, 0.264, 0.08
"""Widths [em] of a large number's signs, as `web/src/lib/fit.ts` has them; a unit's letter is 0.44 of 0.6."""
HYPHENED = re.compile(r"[^\W_]+(?:-[^\W_]+)+")
FEW = 3
"""Alarms that are shown below the first one."""
NARROWEST, WIDEST = 2, 9
"""Widths [em] for which page.css has a size."""


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """What glance.toml holds: the words that stand beside the values."""

    state: dict[State, Text]
    origin: dict[str, Text]
    alarm: Text
    no_alarm: Text
    connecting: Text


@cache
def words() -> Words:
    """Return them, read once. Blocks the first time."""
    text = resources.files(__package__).joinpath("glance.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Words)


class Seen(Struct, frozen=True):
    """A large value as it stands.

    Attributes:
        title: of the measure.
        device, channel: whose it is; empty: no device plays the role.
        raw: what is true, in the unit shown; None: nothing was heard.
        quality: as the hub judges it; None: nothing was heard.
        unit, decimals: how it is written.
        state: what it is worth.
        at: when it was measured; None: nobody knows.
        origin: `simulated`, `replayed`, `real` or `missing`.
    """

    title: Text
    device: str
    channel: str
    raw: float | None
    quality: str | None
    unit: str | None
    decimals: int
    state: State
    at: datetime | None
    origin: str


def is_preparing(run: str | None, frame: Json) -> bool:
    """Tell whether a simulation's past is still being made: nothing heard yet says how things stand now."""
    if run is None or run == REAL:
        return False
    scenario, clock = frame["scenario"] or {}, frame["runs"].get(run)
    if scenario.get("run") == run and scenario.get("state", "running") != "running":
        return bool(scenario["state"] == "preparing")
    if clock is None:
        return bool(scenario.get("run") == run)
    return bool(clock["state"] == "preparing")


def run_of(usecase: Json, frame: Json) -> str | None:
    """Return the timeline that is told: the scenario's word comes before the story has followed to its run."""
    played = frame["scenario"] or {}
    is_real = any(role["state"] == REAL for role in usecase["roles"])
    if not is_real and played.get("usecase") == usecase["name"]:
        return str(played["run"])
    return usecase["run"] or played.get("run")


def seen(measure: Json, frame: Json) -> Seen:
    """Return how a measure stands in a frame."""
    device = next((each for each in frame["devices"] if each["id"] == measure["device"]), None)
    channels = () if device is None else device["channels"]
    channel = next((each for each in channels if each["name"] == measure["channel"]), None)
    said = measure if measure["computed"] else channel
    value = None if said is None or said["value"] is None else _converted(measure, said["value"])
    at = None if value is None or said is None or said["time"] is None else datetime.fromisoformat(said["time"])
    run = None if device is None else device["run"]
    if is_preparing(run, frame):
        value = at = said = None
    now = None if run is None else frame["runs"].get(run)
    age = None if now is None or at is None else (datetime.fromisoformat(now["now"]) - at).total_seconds()
    is_gone = (device or {}).get("availability") == "offline" or (measure["computed"] and not measure["believed"])
    quality = None if said is None else said["quality"]
    return Seen(
        title=Text(**measure["title"]),
        device=measure["device"] or "",
        channel=measure["channel"],
        raw=value,
        quality=None if quality is None else str(quality),
        unit=measure["unit"],
        decimals=measure["decimals"],
        state=_state(None if at is None else str(quality), age, _believed(measure), is_gone=is_gone),
        at=at,
        origin="missing" if not measure["device"] else _origin(device),
    )


def _converted(measure: Json, value: float) -> float:
    if measure["computed"]:
        return value
    return 1 - value if measure["inverted"] else float(value * measure["factor"] + measure["offset"])


def _believed(measure: Json) -> float | None:
    """Return how long [s] a value counts; what is made of others is as old as they are, and the hub says it."""
    silence: float | None = None if measure["computed"] else measure["silence_s"]
    return silence


def _state(quality: str | None, age: float | None, believed: float | None, *, is_gone: bool) -> State:
    """Return what a value is worth; `quality` None: nothing is known."""
    if quality is None:
        return "waiting"
    if is_gone or (believed is not None and age is not None and age > believed):
        return "bad" if quality == "bad" else "stale"
    return "bad" if quality == "bad" else "uncertain" if quality == "uncertain" else "live"


def _origin(device: Json | None) -> str:
    if device is not None and not device["simulated"]:
        return REAL
    return "replayed" if device is not None and device["run"].startswith("replay-") else "simulated"


def standing(alarms: Iterable[Json], usecase: str, run: str | None) -> list[Json]:
    """Return the alarms of a story that are neither over nor suppressed: those to acknowledge first, then the worst."""
    found = [
        each
        for each in alarms
        if (each["usecase"], each["run"]) == (usecase, run or each["run"])
        and each["state"] in STATES
        and not each["suppressed"]
        and not (each["past"] and each["state"] != "unacknowledged")
    ]
    newest = sorted(found, key=lambda each: str(each["raised_at"]), reverse=True)
    return sorted(newest, key=lambda each: (STATES.index(each["state"]), PRIORITIES.index(each["priority"])))


def glance(usecase: Json, frame: Json, zone: tzinfo, language: Language) -> str:
    """Return the story as it stands, as HTML that is put where the page will be.

    Args:
        usecase: as `GET /usecases/{name}` gives it.
        frame: as `/live` sends it whole; its devices may be those of the story alone.
        zone: of the venue.
        language: of the visitor.
    """
    large = [seen(measure, frame) for measure in usecase["measures"] if measure["primary"]]
    alarms = standing(frame["alarms"], usecase["name"], run_of(usecase, frame))
    widest = _breadth(large, language)
    sentence = frame["sentences"].get(usecase["name"]) or usecase["sentence"]
    tiles = "".join(_tile(each, at, zone, language) for at, each in enumerate(large))
    said = words()
    return (
        f'<div class="opening" lang="{language}"><header>Matinales Hub<span>{_in(said.connecting, language)}</span>'
        f'</header><main class="w{widest}"><section class="card"><h1>{_in(usecase["title"], language)}</h1>'
        f'<p class="say">{_whole(_in(sentence["text"], language))}</p>{_banner(alarms, zone, language)}'
        f'{_others(alarms, language)}<div class="values">{tiles}</div></section></main></div>'
    )


def _banner(alarms: Sequence[Json], zone: tzinfo, language: Language) -> str:
    if not alarms:
        return f'<p class="banner">{_in(words().no_alarm, language)}</p>'
    raised = f"{datetime.fromisoformat(alarms[0]['raised_at']).astimezone(zone):%H:%M}"
    name = _in(words().alarm, language).replace("{time}", raised)
    text = _in(alarms[0]["texts"], language)
    colon = "\u00a0:" if language == "fr" else ":"
    return f'<p class="banner {alarms[0]["state"]}"><b>▲ {name}{colon} {text}</b></p>'


def _others(alarms: Sequence[Json], language: Language) -> str:
    """Return the place of those below the first one: as many lines as `web/src/parts/Alarms.svelte` has at first."""
    rest = alarms[1 : 1 + FEW]
    lines = "".join(f"<li>▲ {_in(each['texts'], language)}</li>" for each in rest)
    return f'<ul class="others r{len(rest)}">{lines}</ul>'


def _tile(each: Seen, place: int, zone: tzinfo, language: Language) -> str:
    clock = "" if each.at is None else f"{each.at.astimezone(zone):%H:%M:%S}"
    state = _in(words().state[each.state], language).replace("{time}", clock)
    value = "" if each.raw is None else f"{each.raw!r}".removesuffix(".0")
    return (
        f'<article class="tile {each.state} s{place}"><header><h3>{_in(each.title, language)}</h3>'
        f'<span class="mark {each.origin}">{_in(words().origin[each.origin], language)}</span></header>'
        f'<p class="number"><data value="{value}" data-device="{html.escape(each.device)}" '
        f'data-channel="{html.escape(each.channel)}" data-quality="{each.quality or "none"}">'
        f'{_number(each, language)}</data></p><p class="state">{state}</p></article>'
    )


def _number(each: Seen, language: Language) -> str:
    if each.raw is None or each.state == "waiting":
        return "<b>–</b>"
    if each.state == "bad":
        return "<b>—</b>"
    digits = getattr(number(each.raw, each.decimals), language)
    unit = getattr(quantity(each.raw, each.unit, each.decimals), language).removeprefix(digits)
    about = "<span>≈</span>" if each.state == "uncertain" else ""
    return f"{about}<b>{digits}</b>" + (f"<i>{html.escape(unit)}</i>" if unit else "")


def _breadth(large: Sequence[Seen], language: Language) -> int:
    """Return the width [em] of the widest value, rounded up to one for which there is a size."""
    wide = (_width(each, language) for each in large)
    return min(max(math.ceil(max(wide, default=0.0)), NARROWEST), WIDEST)


def _width(each: Seen, language: Language) -> float:
    figures = "–" if each.raw is None else getattr(number(each.raw, each.decimals), language)
    about = DIGIT + ABOUT if each.state == "uncertain" else 0.0
    signs = about + sum(DIGIT if sign.isdigit() or sign in "–—−+" else THIN for sign in figures)
    return signs + (0.0 if each.unit is None else GAP + LETTER * len(each.unit))


def _in(text: Text | Json, language: Language) -> str:
    """Return a text in a language, as HTML: it may hold what a device or a person typed."""
    return html.escape(str(getattr(text, language) if isinstance(text, Text) else text[language]))


def _whole(markup: str) -> str:
    """Keep words with hyphens on one line, as `web/src/parts/Words.svelte` does: lines end where the page ends them."""
    return HYPHENED.sub(r'<span class="whole">\g<0></span>', markup)
