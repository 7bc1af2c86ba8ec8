"""The short way of a device that says again what it said before gives what the long way gives."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model import NS, Availability, Message, Record, Source
from hub.registry import Registry, load_drivers
from hub.understand import Changes, Memory, Understanding
from servers.acme import WALL, announcement, cleared

QUICK, SLOW = Registry(load_drivers()), Registry(load_drivers())
"""Two, as a registry follows one mind: for another it looks for every topic's driver anew."""
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
    quick, slow = _mind(QUICK), _mind(SLOW)
    position = 0
    for message, late, deed in story:
        for mind in (quick, slow):
            _do(mind, deed)
        for _ in range(4):
            position += 1
            record = Record(position, message, late=late)
            slow._steady.clear()
            assert quick.take([record]) == slow.take([record])
    assert quick.devices == slow.devices


MAKES = {
    "tele/kitchen/SENSOR": '{"Time":"2026-11-24T09:00:00","BME280":{"Temperature":21.7,"Humidity":40,"Pressure":1001},'
    '"DS18B20":{"Id":"01131B123456","Temperature":3.1},"ESP32":{"Temperature":41.1},"Switch1":"OFF",'
    '"PressureUnit":"hPa","TempUnit":"C"}',
    "tele/cellar/SENSOR": '{"Epoch":1795510800,"SI7021":{"Temperature":70.2,"Humidity":40.5},"SR04":{"Distance":16.7},'
    '"TempUnit":"F"}',
    "tele/pow1/SENSOR": '{"Time":"2026-11-24T08:00:00Z","ENERGY":{"TotalStartTime":"2018-11-14T18:39:40","Total":6.294,'
    '"Today":0.954,"Period":217,"Power":2635,"Factor":0.99,"Voltage":227,"Current":11.661}}',
    "tele/lamp/STATE": '{"Time":"2026-11-24T09:00:00","Uptime":"0T00:15:12","UptimeSec":912,"Vcc":3.461,"Heap":25,'
    '"POWER":"ON","Dimmer":50,"Wifi":{"AP":1,"SSId":"x","RSSI":78,"Signal":-61}}',
    "greenhouse/north": '{"time":"2026-11-24T09:00:00Z","id":"007","air":{"Température":21,"humidity":48},"open":true,'
    '"note":"ok","heater":"on","flow [L/min]":3,"weight":{"value":1200,"unit":"lb"}}',
    "workshop/line": '{"ts":1795510800123,"value":71.6,"unit":"°F","count":7}',
    "workshop/oven/temp": "182.5",
    "zigbee2mqtt/plug": '{"state":"ON","power":12,"temperature":21.5,"humidity":40.5,"linkquality":90,"contact":true,'
    '"last_seen":"2026-11-24T09:00:00","update":{"state":"idle"}}',
    "zigbee2mqtt/kitchen": '{"state":"open","power":0,"temperature":70.5,"occupancy":false,"soil":3,"lock":"LOCKED"}',
}
"""Telegrams that are read without their driver once it has read the like of them."""
EXPOSING = json.dumps(
    [
        {
            "friendly_name": "kitchen",
            "ieee_address": "0x00158d0001dc1a2b",
            "definition": {
                "exposes": [
                    {"type": "binary", "property": "state", "value_on": "open", "value_off": "closed"},
                    {"type": "numeric", "property": "temperature", "unit": "°F"},
                    {"type": "numeric", "property": "power", "unit": "kW"},
                    {"type": "numeric", "property": "soil", "unit": "%"},
                    {"type": "binary", "property": "lock", "value_on": "LOCKED", "value_off": "UNLOCKED"},
                ]
            },
        }
    ]
).encode()
VALUES = (
    *(
        "null",
        "true",
        '"21.5"',
        '"ON"',
        '"C"',
        '"F"',
        '""',
        "[]",
        "[1,2]",
        "{}",
        '{"a":{"b":[1]}}',
        "0",
        "-0.0",
        "-127",
    ),
    *("85.0", "75", "900", "1e3", "1e999", "9007199254740993", "18446744073709551617", "1" * 320, "-1e308", "1e308"),
    *('"2026-11-24T10:00:00"', '"2026-11-24T07:00:00Z"', '"1970-01-01T00:00:10"', '"é"', '"\\u00e9"', '"\\ud800"'),
)
"""JSON that may stand where a number stood."""
MORE = st.sampled_from(
    ["more", "Humidity", "CarbonDioxide", "Temperature1", "Switch2", "POWER2", "Action", "Epoch", "unit", "ts"]
)

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
    quick, slow = _mind(QUICK), _mind(SLOW)
    position = 0
    for step in [CELLAR, KITCHEN, KITCHEN, *story]:
        for again in range(2):
            for mind in (quick, slow) if isinstance(step, str) and not again else ():
                _do(mind, str(step))
            if isinstance(step, Message):
                position += 1
                record = Record(position, replace(step, received=step.received + again * NS))
                slow._steady.clear()
                assert quick.take([record]) == slow.take([record]), step
    assert quick.devices == slow.devices


def _listed(**names: str) -> bytes:
    """Return a bridge's list: friendly name → IEEE address."""
    return json.dumps([{"friendly_name": name, "ieee_address": ieee} for name, ieee in names.items()]).encode()


FIRST, SECOND = "0x00158d0001dc1a2b", "0x00158d0001dc1a2c"
BEHIND_A_BRIDGE = (
    *(("zigbee2mqtt/kitchen", b'{"temperature":21.5}'), ("zigbee2mqtt/cellar", b'{"temperature":9.5,"humidity":60}')),
    *((f"zigbee2mqtt/{FIRST}", b'{"temperature":21.5}'), (f"zigbee2mqtt/{SECOND}", b'{"humidity":61}')),
    ("zigbee2mqtt/kitchen", json.dumps({"temperature": 3, "device": {"ieeeAddr": SECOND}}).encode()),
    ("zigbee2mqtt/bridge/devices", _listed(kitchen=FIRST, cellar=SECOND)),
    ("zigbee2mqtt/bridge/devices", _listed(kitchen=SECOND, cellar=FIRST)),
    ("zigbee2mqtt/bridge/devices", _listed(kitchen=FIRST)),
    ("zigbee2mqtt/bridge/devices", _listed()),
    ("zigbee2mqtt/cellar/availability", b"offline"),
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(BEHIND_A_BRIDGE), min_size=2, max_size=8))
def test_whose_other_names_are_known_goes_the_short_way_until_they_mean_another(said: list[tuple[str, bytes]]) -> None:
    """Each word of a device behind a bridge names its address again; a list may give it to another name."""
    quick, slow = _mind(QUICK), _mind(SLOW)
    for position, (topic, payload) in enumerate([each for each in said for _ in range(2)], 1):
        record = Record(position, Message(topic, payload, WALL + position * NS))
        slow._steady.clear()
        assert quick.take([record]) == slow.take([record])
    assert quick.devices == slow.devices


def test_a_device_behind_a_bridge_goes_the_short_way() -> None:
    """Though each of its messages names its address."""
    mind = _mind(QUICK)
    said = [BEHIND_A_BRIDGE[5], *BEHIND_A_BRIDGE[:2]]
    mind.take([Record(n, Message(topic, payload, WALL)) for n, (topic, payload) in enumerate(said, 1)])
    assert set(mind._steady) == {"zigbee2mqtt/kitchen", "zigbee2mqtt/cellar"}


def test_most_messages_go_the_short_way() -> None:
    """Else all of this would be for nothing: the second message of a device finds its topic known."""
    mind = _mind(QUICK)
    mind.take([Record(1, KITCHEN), Record(2, replace(KITCHEN, received=WALL + NS))])
    assert set(mind._steady) == {KITCHEN.topic}


@pytest.mark.parametrize("topic", MAKES)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_a_telegram_is_read_from_its_bytes_as_its_driver_reads_it(topic: str, data: st.DataObject) -> None:
    """Other numbers, and whatever a device may send once its telegrams are known: the order of readings may differ."""
    quick, slow = _mind(QUICK), _mind(SLOW)
    usual = MAKES[topic].encode()
    payloads = [usual] * 4 + data.draw(st.lists(_changed(usual), min_size=1, max_size=6))
    said = [("zigbee2mqtt/bridge/devices", EXPOSING), *((topic, payload) for payload in payloads)]
    for position, (place, payload) in enumerate(said, 1):
        record = Record(position, Message(place, payload, WALL + position * NS))
        slow._steady.clear()
        found, due = quick.take([record]), slow.take([record])
        assert _sorted(found) == _sorted(due)
    assert quick.devices == slow.devices
    assert quick._clocks == slow._clocks


@pytest.mark.parametrize("topic", MAKES)
def test_a_topics_fourth_telegram_needs_no_driver(topic: str) -> None:
    """Else what is learnt of a make would be of no use."""
    mind, usual = _mind(QUICK), MAKES[topic].encode()
    said = [("zigbee2mqtt/bridge/devices", EXPOSING), (topic, usual), (topic, usual), (topic, usual)]
    mind.take([Record(n, Message(*each, WALL + n * NS)) for n, each in enumerate(said, 1)])
    alike = mind._steady[topic].alike
    assert alike is not None
    assert alike.shape.read(usual) is not None


def test_who_never_looks_the_same_is_looked_at_ever_more_rarely() -> None:
    """To find out how its telegrams are read costs more than they do."""
    mind, tries = _mind(QUICK), 0
    for n in range(200):
        keys = {"BME280": {"Temperature": 21.5, "Humidity": 40 + n % 7}, f"x{n}": n}
        mind.take([Record(n + 1, Message("tele/kitchen/SENSOR", json.dumps(keys).encode(), WALL))])
        tries += mind._steady[KITCHEN.topic].unlike == 0
    assert tries < 10


def _sorted(changes: Changes) -> Changes:
    """Return changes with the readings of a message in one order."""
    by_channel = [sorted(each, key=attrgetter("channel")) for each in (changes.readings, changes.shown)]
    return replace(changes, readings=by_channel[0], shown=by_channel[1])


@lru_cache
def _changed(usual: bytes) -> st.SearchStrategy[bytes]:
    """Return telegrams like a usual one: one value another, one member more, twice or less, another order, cut off."""
    root = json.loads(usual)
    leaves = [*_leaves(root)] or [()]
    values = st.sampled_from(VALUES)
    return st.one_of(
        st.just(usual),
        st.builds(lambda path, value: _with(root, path, value), st.sampled_from(leaves), values),
        st.builds(
            lambda path, key, value: _with(root, (*path[:-1], key), value), st.sampled_from(leaves), MORE, values
        ),
        st.builds(lambda path: _with(root, path, None), st.sampled_from(leaves)),
        st.builds(lambda path, value: _twice(root, path, value), st.sampled_from(leaves), values),
        st.just(json.dumps(_backwards(root)).encode()),
        st.builds(lambda cut: usual[:cut], st.integers(0, len(usual))),
        st.just(b"\xef\xbb\xbf" + usual),
        st.just(b"  " + usual + b"\r\n\0"),
        st.just(usual.replace(b"e", b"\xff", 1)),
        st.just(usual.replace(b"T", b"\\u0054")),
    )


def _leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif path:
        yield path


def _with(root: object, path: tuple[str, ...], literal: str | None) -> bytes:
    """Return JSON with another literal at a path; None: without that member."""
    if not path or not isinstance(root, dict):
        return (literal or "").encode()
    changed = deepcopy(root)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner.pop(path[-1], None)
    if literal is not None:
        inner[path[-1]] = "@"
    return json.dumps(changed).replace('"@"', literal or "").encode()


def _twice(root: object, path: tuple[str, ...], literal: str) -> bytes:
    """Return JSON with a member that stands there twice."""
    whole = json.dumps(root)
    return whole.replace(f'"{path[-1]}":', f'"{path[-1]}": {literal}, "{path[-1]}":', 1).encode() if path else b"1 2"


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(each) for key, each in reversed(value.items())}
    return value


def _mind(registry: Registry) -> Understanding:
    return Understanding(registry, Memory(), zone=ZoneInfo("Europe/Paris"), asks=True, foreign=False, wall=lambda: WALL)


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
