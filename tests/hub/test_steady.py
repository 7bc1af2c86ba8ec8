"""The short way of a device that says again what it said before gives what the long way gives."""

import json
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model import NS, Availability, Message, Record, Source
from hub.registry import Registry, load_drivers
from hub.understand import Memory, Understanding
from servers.acme import WALL, announcement, cleared

REGISTRY = Registry(load_drivers())
DEVICES = ("kitchen", "cellar")

_BODIES = st.sampled_from(
    [
        {"BME280": {"Temperature": 21.5, "Humidity": 40}},
        {"BME280": {"Temperature": 22.0, "Humidity": 41}},
        {"BME280": {"Temperature": 900.0, "Humidity": 41}},
        {"BME280": {"Temperature": None, "Humidity": 41}},
        {"BME280": {"Temperature": 21.5}, "SI7021": {"Temperature": 3}},
        {"Time": "2026-11-24T08:00:00+00:00", "BME280": {"Temperature": 20.0}},
        {"Time": "1970-01-01T00:00:10", "BME280": {"Temperature": 20.5}},
    ]
)
_TOPICS = st.sampled_from(
    [f"tele/{name}/{last}" for name in DEVICES for last in ("SENSOR", "SENSOR", "STATE", "LWT")]
    + ["stat/kitchen/STATUS5", "tasmota/discovery/5CCF7F123456/config", "cmnd/kitchen/Power"]
)


def _payload(topic: str, body: object) -> bytes:
    if topic.endswith("LWT"):
        return b"Offline" if "900" in str(body) or "40" in str(body) else b"Online"
    if topic.endswith("STATUS5"):
        return b'{"StatusNET":{"Mac":"5C:CF:7F:12:34:56"}}'
    if topic.endswith("config"):
        return b'{"t":"kitchen","ft":"%prefix%/%topic%/","mac":"5CCF7F123456"}'
    return json.dumps(body).encode()


_MESSAGES = st.builds(
    lambda topic, body, after, **rest: Message(topic, _payload(topic, body), WALL + after * NS, **rest),
    _TOPICS,
    _BODIES,
    st.integers(0, 200),
    source=st.sampled_from([Source.MQTT, Source.MQTT, Source.MQTT, Source.HTTP, Source.IMPORT]),
    retained=st.sampled_from([False, False, False, True]),
)
_DEEDS = st.sampled_from([None, None, None, None, "ignore", "merge", "rename", "watch", "announce", "clear"])


@settings(deadline=None)
@given(st.lists(st.tuples(_MESSAGES, st.booleans(), _DEEDS), min_size=2, max_size=12))
def test_a_message_like_an_earlier_one_changes_what_it_would_change_the_long_way(
    story: list[tuple[Message, bool, str | None]],
) -> None:
    """Whatever happened between: another manner of speaking, a will, a merge, a run, a command that waits."""
    quick, slow = _mind(), _mind()
    position = 0
    for message, late, deed in story:
        for mind in (quick, slow):
            _do(mind, deed)
        for _ in range(3):
            position += 1
            record = Record(position, message, late=late)
            slow._steady.clear()
            assert quick.take([record]) == slow.take([record])
    assert quick.devices == slow.devices


KITCHEN = Message("tele/kitchen/SENSOR", b'{"BME280":{"Temperature":21.5}}', WALL)
CELLAR = replace(KITCHEN, topic="tele/cellar/SENSOR")
STORIES: dict[str, list[Message | str]] = {
    "its last will": [KITCHEN, Message("tele/kitchen/LWT", b"Offline", WALL), KITCHEN],
    "a merge, once the other has spoken": [KITCHEN, CELLAR, "merge", CELLAR, KITCHEN, CELLAR],
    "a merge, and a turn to speak": [
        *(KITCHEN, CELLAR, "merge", KITCHEN, CELLAR, KITCHEN),
        *(replace(CELLAR, received=WALL + 20 * NS), replace(KITCHEN, received=WALL + 22 * NS)),
    ],
    "a run that takes its topics": [CELLAR, "announce", CELLAR, "clear", CELLAR],
    "a retained word": [KITCHEN, replace(KITCHEN, retained=True), KITCHEN],
    "an import": [KITCHEN, replace(KITCHEN, source=Source.IMPORT, time=WALL - 9 * NS), KITCHEN],
    "a command that waits for its word": [KITCHEN, CELLAR, "watch", KITCHEN, "watch", KITCHEN],
    "a person who ignores it": [KITCHEN, CELLAR, "ignore", KITCHEN, "ignore", KITCHEN],
    "two minutes": [KITCHEN, replace(KITCHEN, received=WALL + 120 * NS)],
    "its own wrong time, twice": [
        replace(KITCHEN, payload=b'{"Time":"2019-01-01T00:00:00","BME280":{"Temperature":21.5}}')
    ],
    "one sensor more": [KITCHEN, replace(KITCHEN, payload=b'{"BME280":{"Temperature":1},"SI7021":{"Humidity":2}}')],
    "a value out of range": [KITCHEN, replace(KITCHEN, payload=b'{"BME280":{"Temperature":900}}')],
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_was_found_out_once_is_found_out_again_after(story: list[Message | str]) -> None:
    """Each of these changes what a message means; every message comes twice, a second apart."""
    quick, slow = _mind(), _mind()
    position = 0
    for step in [CELLAR, *story]:
        for again in range(2):
            for mind in (quick, slow) if isinstance(step, str) and not again else ():
                _do(mind, str(step))
            if isinstance(step, Message):
                position += 1
                record = Record(position, replace(step, received=step.received + again * NS))
                slow._steady.clear()
                assert quick.take([record]) == slow.take([record]), step
    assert quick.devices == slow.devices


def test_most_messages_go_the_short_way() -> None:
    """Else all of this would be for nothing: the second message of a device finds its topic known."""
    mind = _mind()
    mind.take([Record(1, KITCHEN), Record(2, replace(KITCHEN, received=WALL + NS))])
    assert set(mind._steady) == {KITCHEN.topic}


def _mind() -> Understanding:
    return Understanding(REGISTRY, Memory(), zone=ZoneInfo("Europe/Paris"), asks=True, foreign=False, wall=lambda: WALL)


def _do(mind: Understanding, deed: str | None) -> None:
    """Do what a person, or a runner, does between two messages."""
    first, second = (mind.devices.get(f"tasmota:{name}") for name in DEVICES)
    deeds: dict[str, Callable[[], object]] = {
        "announce": lambda: mind.take([Record(1, announcement(topics=("tele/cellar/#",)))]),
        "clear": lambda: mind.take([Record(1, cleared(1))]),
    }
    if first is not None and second is not None:
        merged = None if second.merged else first.uid
        deeds |= {
            "ignore": lambda: mind.change(replace(first, ignored=not first.ignored)),
            "merge": lambda: mind.change(replace(second, merged=merged)),
            "rename": lambda: mind.change(replace(second, name="Cave", availability=Availability.OFFLINE)),
            "watch": lambda: mind.watched.symmetric_difference_update({first.uid}),
        }
    if deed in deeds:
        deeds[deed]()
