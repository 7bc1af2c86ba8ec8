"""The use cases as they play: who is on, on which timeline, and who else could be."""

import json

import pytest

from hub.errors import NotFoundError, UsageError
from hub.live import Batch, Live
from hub.model import NS, REAL, Alarm, Device, Quality, Reading, TimeSource
from hub.rules.casting import Taken
from hub.rules.engine import Engine
from hub.stage import Stage
from servers.workers import usecases

NOW = 1_790_000_000 * NS
KITCHEN, CELLAR = "tasmota:kitchen", "tasmota:cellar"
TAKEN = Taken(device=KITCHEN, channels={"air": "temperature"})
RUN = "cold-room-20261124t073000-a1b2"


def device(uid: str, **changes: object) -> Device:
    """Return a device."""
    return Device(uid=uid, family="tasmota", name=uid.partition(":")[2], **changes)  # type: ignore[arg-type]


def reading(uid: str, channel: str, value: float, unit: str | None = "°C", *, age_s: float = 0) -> Reading:
    """Return what a real device said."""
    time = NOW - int(age_s * NS)
    return Reading(uid, channel, unit, value, time, time, TimeSource.ARRIVAL, Quality.GOOD, REAL, 0)


@pytest.fixture
def live() -> Live:
    """Lend what is heard: two thermometers, one of them with two probes."""
    live = Live(wall=lambda: NOW)
    said = [reading(CELLAR, "temperature", 12.0), reading(KITCHEN, "temperature", 3.5)]
    said += [reading(KITCHEN, "temperature_2", 3.1), reading(KITCHEN, "battery", 80, "%")]
    live.apply(Batch(devices=[device(CELLAR), device(KITCHEN)], readings=said))
    return live


@pytest.fixture
def stage(live: Live) -> Stage:
    """Lend a stage that nobody is on."""
    return Stage(usecases(), live, "Europe/Paris")


def test_the_best_come_first_and_only_real_devices_come(stage: Stage, live: Live) -> None:
    """Neither simulated nor ignored nor merely proposed ones."""
    others = [device("tasmota:a", run=RUN), device("tasmota:b", ignored=True), device("tasmota:c", proposed=True)]
    live.apply(Batch(devices=others, readings=[reading(each.uid, "temperature", 3) for each in others[1:]]))
    roles = stage.candidates("cold_room")["roles"]
    assert [each["device"] for each in roles["probe"]] == [KITCHEN, CELLAR]
    assert roles["door"] == []
    with pytest.raises(NotFoundError, match="no use case 'moon'"):
        stage.candidates("moon")


def test_a_plugs_switch_is_offered_as_no_probe(live: Live) -> None:
    """Whatever its family gives as yes or no; a number without a unit that nobody knows may still be one."""
    live.is_flag = lambda _device, channel: channel == "switch"
    said = [reading("tasmota:plug", "switch", 1.0, None), reading("tasmota:bare", "level", 3.0, None)]
    live.apply(Batch(devices=[device("tasmota:plug"), device("tasmota:bare")], readings=said))
    roles = Stage(usecases(), live, "Europe/Paris").candidates("cold_room")["roles"]
    assert [each["device"] for each in roles["probe"]] == [KITCHEN, CELLAR, "tasmota:bare"]


def test_a_device_is_told_what_it_could_be(stage: Stage) -> None:
    """In every story, the best first; the one it plays is marked."""
    stage.take({}, {"cold_room": {"probe": TAKEN}})
    roles = stage.roles_for(KITCHEN)["roles"]
    assert ("cold_room", "probe", True) in [(each["usecase"], each["role"], each["taken"]) for each in roles]
    assert {each["usecase"] for each in roles} > {"cold_room", "vineyard_frost"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"run": RUN}, "is simulated"),
        ({"ignored": True}, "matinales devices ignore tasmota:kitchen --off"),
        ({"proposed": True}, "accept it first"),
    ],
)
def test_who_may_not_play_is_told_why(stage: Stage, live: Live, changes: dict[str, object], said: str) -> None:
    """And what to do about it."""
    live.apply(Batch(devices=[device(KITCHEN, **changes)]))
    with pytest.raises(UsageError, match=said):
        stage.fit("cold_room", "probe", KITCHEN, None)
    with pytest.raises(UsageError, match=said):
        stage.roles_for(KITCHEN)


def test_who_is_not_there_cannot_play(stage: Stage) -> None:
    """Nor in a role that is not."""
    with pytest.raises(NotFoundError, match="no device is called"):
        stage.fit("cold_room", "probe", "tasmota:attic", None)
    with pytest.raises(NotFoundError, match="has no role 'oven'"):
        stage.fit("cold_room", "oven", KITCHEN, None)


def test_a_story_says_at_once_that_it_is_real_and_why(stage: Stage, live: Live) -> None:
    """Also before any rule has heard a word: role, channel, ×1, reason, and the twins beside it."""
    stage.take({}, {"cold_room": {"probe": TAKEN}})
    told = stage.describe("cold_room")
    assert (told["run"], told["speed"], told["simulated"], told["twin"]) == (REAL, 1.0, False, None)
    assert told["fixed"]["en"] == "Real time, ×1: “kitchen” (Probe) is a real device."
    others = len(told["roles"]) - 1
    assert [role["state"] for role in told["roles"]] == ["real", *["missing"] * others]
    air, product = told["measures"][:2]
    assert (air["device"], air["channel"]) == (KITCHEN, "temperature")
    assert (product["device"], product["channel"]) == (None, "")
    live.apply(Batch(scenario={"usecase": "cold_room", "run": RUN, "twin": True}))
    told = stage.describe("cold_room")
    assert (told["twin"], [role["state"] for role in told["roles"]]) == (RUN, ["real", *["simulated"] * others])
    (short,) = [each for each in stage.summaries() if each["name"] == "cold_room"]
    assert (short["run"], short["state"], short["roles"][0]["device"]) == (REAL, "running", KITCHEN)


def test_a_real_device_that_says_nothing_any_more_is_silent(stage: Stage) -> None:
    """With the time of its last word."""
    cast = {"cold_room": {"probe": TAKEN}}
    engine = Engine(usecases().values(), cast)
    engine.step([reading(KITCHEN, "temperature", 3.5, age_s=700)])
    view = engine.view("cold_room", REAL, NOW)
    assert view is not None
    stage.take({"cold_room": view}, cast)
    role = stage.role("cold_room", "probe")
    assert (role["silent"], role["quality"]) == (["air"], "good")
    assert role["time"] is not None


def test_a_view_of_the_timeline_that_was_left_is_not_shown(stage: Stage) -> None:
    """Between a press and the rules' next word."""
    cast = {"cold_room": {"probe": TAKEN}}
    engine = Engine(usecases().values(), cast)
    engine.step([reading(KITCHEN, "temperature", 3.5)])
    view = engine.view("cold_room", REAL, NOW)
    assert view is not None
    stage.take({"cold_room": view}, cast)
    stage.take({}, {})
    assert stage.view("cold_room") is None


async def test_alarms_of_a_story_that_is_off_are_suppressed(live: Live) -> None:
    """And told anew, to whoever looks."""
    stage = Stage(usecases(), live, "Europe/Paris")
    live.is_off = stage.is_off
    text = {"fr": "…", "en": "…"}
    alarm = Alarm(
        id="x",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device=KITCHEN,
        run=REAL,
        priority="low",
        raised_at=NOW,
        texts=text,
    )
    live.apply(Batch(alarms=[alarm]))
    with live.mailbox() as mailbox:
        assert json.loads(await mailbox.take())["alarms"][0]["suppressed"] is False
        stage.take({}, off={"cold_room"})
        assert json.loads(await mailbox.take())["alarms"][0]["suppressed"] is True
        stage.take({}, off=())
        assert json.loads(await mailbox.take())["alarms"][0]["suppressed"] is False
