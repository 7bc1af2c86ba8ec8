"""Finding every trace of a device, and nothing of another that is called alike."""

import json
from collections.abc import Sequence

import msgspec
import pytest

from hub.erasing import Trace, names_of, pruned
from hub.forgetting import Finder, elsewhere
from hub.journal.base import Opening
from hub.model import Message, Record
from hub.registry import Contexts, Registry, decode_context, encode_context, load_drivers

KITCHEN = names_of(["tasmota:kitchen"], ["mac:a020a6112233"])


def test_every_name_counts_with_and_without_its_family() -> None:
    """`tasmota:kitchen` is `kitchen` in its topics."""
    assert set(KITCHEN) == {"tasmota:kitchen", "kitchen", "mac:a020a6112233", "a020a6112233"}


@pytest.mark.parametrize(
    "text",
    ["tele/kitchen/SENSOR", '{"t":"kitchen"}', b"\x00kitchen\xff", "A0:20:A6:11:22:33", "a020a6112233", "KITCHEN"],
)
def test_a_name_is_found_as_a_word(text: str | bytes) -> None:
    """In topics, in JSON, between bytes; a MAC also with colons."""
    assert Trace(KITCHEN).names(text)


@pytest.mark.parametrize("text", ["tele/kitchen2/SENSOR", "old-kitchen", "kitchen_left", "1a020a6112233", "kitch", ""])
def test_what_only_resembles_it_stays(text: str) -> None:
    """Another device is not forgotten with it."""
    assert not Trace(KITCHEN).names(text)


def test_a_name_of_two_letters_is_no_word_to_search_for() -> None:
    """It would be found in every payload."""
    assert not Trace(["a", "b1"]).names("a b1")


@pytest.mark.parametrize(
    ("context", "left"),
    [
        ({"names": {"kitchen": {"ieee": "0x1"}, "attic": {"ieee": "0x2"}}}, {"names": {"attic": {"ieee": "0x2"}}}),
        ({"names": {"left": {"ieee": "A020A6112233"}, "attic": {}}}, {"names": {"attic": {}}}),
        ({"src": "kitchen", "notified": {"switch": 1}}, None),
        ({"warm": ["kitchen", "attic"]}, {"warm": ["attic"]}),
        ({"first": {"temperature": "bme280"}}, {"first": {"temperature": "bme280"}}),
    ],
)
def test_a_context_loses_what_belongs_to_the_name(context: object, left: object) -> None:
    """By key or by what an entry states; the rest is as it was."""
    packed = msgspec.msgpack.encode(context)
    after = pruned(packed, KITCHEN)
    assert (None if after is None else msgspec.msgpack.decode(after)) == left


def test_what_refers_to_an_entry_that_went_goes_too_and_what_is_of_others_stays() -> None:
    """An entity goes by its device; lists that name it, and names that begin with the device, go with it."""
    packed = msgspec.msgpack.encode(
        {
            "entities": {"ha/1/config": {"device": "tasmota:kitchen"}, "ha/2/config": {"device": "tasmota:attic"}},
            "topics": {"t/1": ["ha/1/config"], "t/2": ["ha/2/config"], "both": ["ha/1/config", "ha/2/config"]},
            "owners": {"tasmota:kitchen\npower": "u1", "tasmota:attic\npower": "u2", "x\ny": "ha/1/config"},
            "retired": {"t/3": "tasmota:kitchen", "t/4": "tasmota:attic"},
            "empty": [],
        }
    )
    after = pruned(packed, KITCHEN)
    assert after is not None
    assert msgspec.msgpack.decode(after) == {
        "entities": {"ha/2/config": {"device": "tasmota:attic"}},
        "topics": {"t/2": ["ha/2/config"], "both": ["ha/2/config"]},
        "owners": {"tasmota:attic\npower": "u2"},
        "retired": {"t/4": "tasmota:attic"},
        "empty": [],
    }


def test_a_field_of_another_thing_that_says_the_same_word_stays() -> None:
    """Its firmware is `12`, as the name of the device that went; lists that name that one lose it."""
    packed = msgspec.msgpack.encode(
        {
            "names": {"12": {"ieee": "a020a6112233"}, "attic": {"firmware": "12", "keys": {"power": {"unit": "12"}}}},
            "groups": {"all": ["12", "attic"]},
            "firmware": "12",
        }
    )
    after = pruned(packed, KITCHEN)
    assert after is not None
    assert msgspec.msgpack.decode(after) == {
        "names": {"attic": {"firmware": "12", "keys": {"power": {"unit": "12"}}}},
        "groups": {"all": ["attic"]},
        "firmware": "12",
    }


@pytest.mark.parametrize("of_esphome", [True, False])
def test_a_device_that_was_forgotten_and_speaks_again_is_understood(of_esphome: bool) -> None:  # noqa: FBT001 — a column
    """Its discovery document is gone with it, and no driver stumbles over what is left."""
    registry, contexts = Registry(load_drivers()), Contexts()
    place = "fazole/sensor/pressure" if of_esphome else "plant/pressure"
    about = {"ids": "246f28aabbcc", "name": "fazole", **({"sw": "esphome v2024.6.0"} if of_esphome else {})}
    document = {"name": "pressure", "stat_t": f"{place}/state", "uniq_id": "p1", "dev": about}
    config = json.dumps(document).encode()
    described = registry.decode(Message("homeassistant/sensor/fazole/pressure/config", config, 1), contexts).decoded
    assert described is not None
    names = names_of([each.device for each in described.announces], [])
    said = Message(f"{place}/state", b"6.5", 2)
    before = registry.decode(said, contexts).decoded
    assert before is not None
    left = {}
    for key, context in contexts.items():
        blob = pruned(encode_context(context), {*names, *names_of([before.device], [])})
        if blob is not None:
            left[key] = decode_context(registry.drivers[key[0]], blob)
    again = registry.decode(said, left)
    assert not registry.failures
    assert again.decoded is not None


class Journal:
    """A journal in memory."""

    def __init__(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Number the messages."""
        self.records = [Record(at, Message(topic, payload, at)) for at, (topic, payload) in enumerate(messages, 1)]
        self.end, self.start, self.opening = len(self.records), 1, Opening(1, 0)

    def read(self, after: int, limit: int, *, end: int = 0) -> list[Record]:  # noqa: ARG002 — it need not be told
        """Return records above `after`."""
        return self.records[after : after + limit]

    def close(self) -> None:
        """Nothing to release."""


MESSAGES: list[tuple[str, bytes, bool]] = [
    ("tele/kitchen/SENSOR", b'{"BME280":{"Temperature":21}}', True),
    ("tele/kitchen/SENSOR", b"broken", True),
    ("tele/kitchen/LWT", b"Online", True),
    ("cmnd/kitchen/Power", b"ON", True),
    ("tasmota/discovery/A020A6112233/config", b'{"t":"kitchen","mac":"A020A6112233"}', True),
    ("tele/attic/SENSOR", b'{"BME280":{"Temperature":21}}', False),
    ("tele/kitchen2/SENSOR", b'{"BME280":{"Temperature":21}}', False),
    ("home/kitchen/temperature", b"21.5", False),
    ("nobody/knows/kitchen/x/y", b"\xff\xfe kitchen", True),
    ("nobody/knows/attic", b"\xff\xfe", False),
    ("matinales/sim/run-1", b'{"devices":["tasmota:kitchen"]}', True),
]


@pytest.mark.parametrize(("topic", "payload", "its"), MESSAGES, ids=[topic for topic, _, _ in MESSAGES])
def test_its_own_messages_are_found_and_those_of_others_stay(topic: str, payload: bytes, *, its: bool) -> None:
    """Whatever kind they are; another device's own word stays even when it lies in the room `kitchen`."""
    finder = Finder(Registry(load_drivers()), {}, KITCHEN)
    assert list(finder.find(Journal([(topic, payload)]))) == ([[1]] if its else [])


def test_a_topic_may_hold_the_levels_of_a_name_apart() -> None:
    """Tasmota's FullTopic puts the prefix anywhere."""
    finder = Finder(Registry(load_drivers()), {}, names_of(["tasmota:home/cellar"], []))
    journal = Journal(
        [("home/tele/cellar/SENSOR", b'{"BME280":{"Temperature":21}}'), ("home/tele/attic/LWT", b"Online")]
    )
    assert list(finder.find(journal)) == [[1]]


def test_asked_again_it_looks_only_at_what_came_since() -> None:
    """A device that speaks while it is being forgotten is forgotten whole."""
    finder = Finder(Registry(load_drivers()), {}, KITCHEN)
    said = [("tele/kitchen/LWT", b"Online")]
    assert list(finder.find(Journal(said))) == [[1]]
    assert list(finder.find(Journal(said * 3))) == [[2, 3]]


@pytest.mark.parametrize("influx", [True, False])
def test_what_forgetting_cannot_reach_is_said_in_both_languages(influx: bool) -> None:  # noqa: FBT001 — a parameter of the test
    """InfluxDB's files until their compaction, only where there is one; copies made before, always."""
    told = elsewhere(influx=influx)
    assert [each["code"] for each in told] == (["influx", "copies"] if influx else ["copies"])
    assert all(each["text"][lang] for each in told for lang in ("fr", "en"))
    assert ("compaction" in repr(told)) is influx
