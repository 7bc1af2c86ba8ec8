"""The story as HTML, before the page's program runs: true, and never made of what somebody typed."""

import re
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.web.glance import glance, is_preparing, run_of, standing

PARIS = ZoneInfo("Europe/Paris")
NOW = "2026-11-24T05:00:00Z"
HARM = '<img src=x onerror="alert(1)">"\'&</script>'


def a_device(channel: dict[str, Any] | None = None, **other: object) -> dict[str, Any]:
    """Return a simulated probe at 7.25 °C."""
    good = {"name": "temperature", "unit": "°C", "value": 7.25, "time": "2026-11-24T04:59:30Z", "quality": "good"}
    known = {"id": "tasmota:probe", "run": "r1", "simulated": True, "availability": None, "hidden": False}
    return known | {"channels": [good | (channel or {})]} | other


def a_measure(**other: object) -> dict[str, Any]:
    """Return what the probe measures."""
    plain = {"computed": False, "inverted": False, "factor": 1.0, "offset": 0.0, "believed": None}
    named = {"name": "air", "title": {"fr": "Air", "en": "Air"}, "device": "tasmota:probe", "channel": "temperature"}
    return plain | named | {"unit": "°C", "decimals": 1, "silence_s": 600.0, "primary": True} | other


def a_story(**other: object) -> dict[str, Any]:
    """Return a story with one measure."""
    sentence = {"code": "calm", "params": {}, "text": {"fr": "Tout va bien.", "en": "All is well."}}
    told = {"name": "cold_room", "title": {"fr": "Chambre froide", "en": "Cold room"}, "tz": "Europe/Paris"}
    return told | {"run": "r1", "roles": [], "measures": [a_measure()], "sentence": sentence} | other


def a_frame(*devices: dict[str, Any], **other: object) -> dict[str, Any]:
    """Return what is true at five o'clock."""
    runs = {"real": {"now": NOW, "state": "running"}, "r1": {"now": NOW, "state": "running"}}
    empty: dict[str, Any] = {"alarms": [], "sentences": {}, "scenario": None}
    return empty | {"devices": list(devices) or [a_device()], "runs": runs} | other


def an_alarm(name: str = "a", **other: object) -> dict[str, Any]:
    """Return one that nobody has acknowledged."""
    known = {"id": name, "usecase": "cold_room", "run": "r1", "state": "unacknowledged", "priority": "high"}
    texts = {"fr": "Air trop chaud", "en": "Air too warm"}
    return known | {"suppressed": False, "past": False, "raised_at": NOW, "texts": texts} | other


class _Values(HTMLParser):
    """Collects live values, and every element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: list[dict[str, str | None]] = []
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "data":
            self.values.append(dict(attrs))


def text_of(found: str) -> str:
    """Return what is read, spaces as they are."""
    return re.sub(r"<[^>]+>", "|", found)


def test_a_value_is_there_as_every_page_has_it() -> None:
    """Design.md §4: `<data value data-device data-channel data-quality>`, marked as simulated, in people's writing."""
    found = glance(a_story(), a_frame(), PARIS, "fr")
    expected = {"value": "7.25", "data-device": "tasmota:probe", "data-channel": "temperature", "data-quality": "good"}
    assert _Values(found).values == [expected]
    assert "Tout va bien." in found
    assert "simulé" in found
    assert "7,2|" in text_of(found)
    assert "\u202f°C" in found


def test_it_says_when_and_never_how_long_ago() -> None:
    """In the venue's zone: what nobody keeps up to date stays true."""
    assert "measured at 05:59:30" in glance(a_story(), a_frame(), PARIS, "en")
    stale = a_device(channel={"time": "2026-11-24T04:40:00Z"})
    assert "silent since 05:40:00" in glance(a_story(), a_frame(stale), PARIS, "en")


@pytest.mark.parametrize(
    ("channel", "state", "figure"),
    [
        ({}, "live", "7.2"),
        ({"quality": "uncertain"}, "uncertain", "≈"),
        ({"quality": "bad"}, "bad", "—"),
        ({"value": None, "time": None, "quality": None}, "waiting", "–"),
        ({"time": "2026-11-24T04:49:59Z"}, "stale", "7.2"),
        ({"time": "2026-11-24T04:50:00Z"}, "live", "7.2"),
        ({"quality": "bad", "time": "2026-11-24T04:40:00Z"}, "bad", "—"),
    ],
)
def test_a_value_is_worth_what_the_page_says_it_is(channel: dict[str, Any], state: str, figure: str) -> None:
    """As `web/src/lib/state.ts` decides: a bad value is not printed, a silent one looks silent."""
    found = glance(a_story(), a_frame(a_device(channel=channel)), PARIS, "en")
    assert f'class="tile {state} ' in found
    assert figure in text_of(found)


def test_a_device_that_has_gone_is_silent_whatever_it_said_last() -> None:
    """The broker said so."""
    assert 'class="tile stale ' in glance(a_story(), a_frame(a_device(availability="offline")), PARIS, "en")


@pytest.mark.parametrize(
    ("device", "word"),
    [
        (a_device(simulated=False, run="real"), "real"),
        (a_device(run="replay-7"), "replayed"),
        (a_device(id="other:one"), "simulated"),
    ],
)
def test_where_a_value_comes_from_stands_beside_it(device: dict[str, Any], word: str) -> None:
    """Nothing on the page pretends."""
    frame = a_frame(device, runs={run: {"now": NOW, "state": "running"} for run in ("real", "r1", "replay-7")})
    assert f">{word}</span>" in glance(a_story(), frame, PARIS, "en")


def test_a_role_that_nobody_plays_is_missing_and_shows_no_number() -> None:
    """A dash, and the word."""
    found = glance(a_story(measures=[a_measure(device=None)]), a_frame(), PARIS, "en")
    assert ">missing</span>" in found
    assert _Values(found).values[0]["value"] == ""


@pytest.mark.parametrize(
    ("measure", "value"),
    [
        ({"inverted": True}, "-6.25"),
        ({"factor": 1000.0, "offset": 1.0}, "7251"),
        ({"computed": True, "value": 3.0, "time": NOW, "quality": "good", "believed": True}, "3"),
    ],
)
def test_a_measure_is_shown_in_its_own_unit(measure: dict[str, Any], value: str) -> None:
    """Turned, converted, or made of others."""
    assert _Values(glance(a_story(measures=[a_measure(**measure)]), a_frame(), PARIS, "en")).values[0]["value"] == value


def test_what_is_made_of_silent_measures_is_silent() -> None:
    """The hub says that it is believed no more; its own time is no sign."""
    made = {"computed": True, "value": 3.0, "time": NOW, "quality": "good", "believed": False}
    assert 'class="tile stale ' in glance(a_story(measures=[a_measure(**made)]), a_frame(), PARIS, "en")


def test_nothing_that_was_typed_becomes_markup() -> None:
    """Names of devices, titles and sentences are foreign text."""
    text = {"fr": HARM, "en": HARM}
    story = a_story(
        title=text,
        measures=[a_measure(title=text, device=HARM, channel=HARM, unit=HARM)],
        sentence={"code": "x", "params": {}, "text": text},
    )
    device = a_device(id=HARM, channel={"name": HARM})
    found = _Values(glance(story, a_frame(device, alarms=[an_alarm(texts=text)]), PARIS, "en"))
    assert not {"img", "script"} & {*found.tags}
    assert "onerror" not in found.attributes
    assert (found.values[0]["data-device"], found.values[0]["data-channel"]) == (HARM, HARM)


def test_the_alarm_to_acknowledge_is_the_one_that_is_told() -> None:
    """By state, then by priority, then the newest; of this story, on its run, and not over."""
    alarms = [
        an_alarm("seen", state="acknowledged", priority="critical"),
        an_alarm("low", priority="low"),
        an_alarm("old", raised_at="2026-11-24T04:00:00Z"),
        an_alarm("new"),
        an_alarm("over", state="normal"),
        an_alarm("other", usecase="beehive"),
        an_alarm("yesterday", run="r0"),
        an_alarm("off", suppressed=True),
        an_alarm("past", past=True, state="acknowledged"),
    ]
    assert [each["id"] for each in standing(alarms, "cold_room", "r1")] == ["new", "old", "low", "seen"]
    assert "Alarm at 06:00: Air too warm" in glance(a_story(), a_frame(alarms=alarms), PARIS, "en")
    assert 'class="others r3"' in glance(a_story(), a_frame(alarms=alarms), PARIS, "en")
    assert 'class="others r0"' in glance(a_story(), a_frame(alarms=alarms[:1]), PARIS, "en")
    assert "No alarm." in glance(a_story(), a_frame(), PARIS, "en")


@pytest.mark.parametrize(
    ("scenario", "clock", "is_so"),
    [
        (None, {"state": "running"}, False),
        ({"run": "r1", "state": "preparing"}, {"state": "running"}, True),
        ({"run": "r1", "state": "running"}, {"state": "preparing"}, True),
        ({"run": "r1", "state": "running"}, None, True),
        ({"run": "r2", "state": "running"}, None, False),
        ({"run": "r1", "state": "paused"}, {"state": "preparing"}, False),
    ],
)
def test_a_past_that_is_still_being_made_tells_nothing(
    *, scenario: dict[str, Any] | None, clock: dict[str, Any] | None, is_so: bool
) -> None:
    """As `web/src/lib/clock.ts` decides."""
    runs = {} if clock is None else {"r1": {"now": NOW} | clock}
    assert is_preparing("r1", {"scenario": scenario, "runs": runs}) is is_so
    assert is_preparing("real", {"scenario": scenario, "runs": runs}) is False


def test_the_scenarios_run_is_told_unless_a_real_device_plays() -> None:
    """Its word comes before the story has followed."""
    played = {"usecase": "cold_room", "run": "r2"}
    assert run_of(a_story(), {"scenario": played}) == "r2"
    assert run_of(a_story(roles=[{"state": "real"}]), {"scenario": played}) == "r1"
    assert run_of(a_story(run=None), {"scenario": {"usecase": "beehive", "run": "r3"}}) == "r3"
    assert run_of(a_story(run=None), {"scenario": None}) is None
