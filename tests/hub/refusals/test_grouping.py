"""Alike messages are one line of the list; a search finds it by any of its words."""

import pytest

from hub.model import Heard
from hub.refusals.explain import Explainer
from hub.refusals.grouping import Group, groups, matching
from hub.registry import load_drivers

EXPLAINER = Explainer(load_drivers().values())
WORD = "'warm' is not a number"


def heard(topic: str, reason: str = WORD, *, driver: str = "generic", count: int = 1, at: int = 0) -> Heard:
    """Return a refused message."""
    return Heard(
        position=at,
        topic=topic,
        received=at,
        understood=False,
        driver=driver,
        reason=reason,
        payload=b"warm",
        count=count,
    )


def lines(*topics: str) -> list[tuple[str, int]]:
    """Return pattern and number of topics of each group."""
    return [(each.topic, each.topics) for each in groups([heard(topic) for topic in topics], EXPLAINER)]


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (["flood/1", "flood/2", "flood/x"], [("flood/+", 3)]),
        (["home/kitchen/state", "home/bath/state"], [("home/+/state", 2)]),
        (["a", "b"], [("a", 1), ("b", 1)]),
        (["17", "18"], [("+", 2)]),
        (["a", "17"], [("a", 1), ("17", 1)]),
        (["esp_1a2b3c/log", "esp_ffa0b1/log"], [("+/log", 2)]),
        (["a/b", "c/d"], [("a/b", 1), ("c/d", 1)]),
        (["a/b", "a/b/c"], [("a/b", 1), ("a/b/c", 1)]),
        (["", "/"], [("", 1), ("/", 1)]),
    ],
)
def test_alike_topics_are_one_pattern(topics: list[str], expected: list[tuple[str, int]]) -> None:
    """Half of its levels stay, or only names of devices differ."""
    assert lines(*topics) == expected


def test_messages_are_counted_and_the_newest_stands_for_them() -> None:
    """Given newest first, as the store keeps them."""
    (group,) = groups([heard("f/2", count=3, at=9), heard("f/1", "'x' is not a number", count=40, at=5)], EXPLAINER)
    assert (group.count, group.topics, group.newest.topic, group.newest.position) == (43, 2, "f/2", 9)


def test_another_reason_or_family_is_another_group() -> None:
    """They have other remedies."""
    found = groups(
        [heard("f/1"), heard("f/2", "JSON without a number"), heard("f/3", driver="tasmota"), heard("f/4", "x")],
        EXPLAINER,
    )
    assert [each.topic for each in found] == ["f/1", "f/2", "f/3", "f/4"]


def test_a_flood_of_made_up_topics_is_one_line() -> None:
    """The list stays readable, and quick."""
    assert lines(*(f"flood/{place:x}/temp" for place in range(1000))) == [("flood/+/temp", 1000)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", ["zigbee2mqtt/k", "cellar/north"]),
        ("CELLAR", ["cellar/north"]),
        ("nombre", ["cellar/north"]),
        ("Zigbee2MQTT json", ["zigbee2mqtt/k"]),
        ("redémarrez", ["zigbee2mqtt/k"]),
        ("warm north", ["cellar/north"]),
        ("warm south", []),
    ],
)
def test_a_search_looks_into_everything_that_is_said(wanted: str, found: list[str]) -> None:
    """Topic, family, reason, remedy, payload; all the words, in either language."""
    listed = groups(
        [heard("zigbee2mqtt/k", "a JSON object is due here, not 21", driver="zigbee2mqtt"), heard("cellar/north")],
        EXPLAINER,
    )
    titles = [("zigbee2mqtt", "Zigbee2MQTT")]
    assert [each.topic for each in matching(listed, wanted, titles)] == found


def test_nothing_heard_is_an_empty_list() -> None:
    """No group without a message."""
    nothing: list[Group] = groups([], EXPLAINER)
    assert nothing == []


def test_two_remedies_are_two_lines() -> None:
    """One reason may have several: each is read."""
    broken = "not JSON: invalid character at byte 9"
    found = groups(
        [
            Heard(
                position=2, topic="f/1", received=2, understood=False, driver="generic", reason=broken, payload=payload
            )
            for payload in (b'{"temp": NaN}', b'{"temp": ?}  ')
        ],
        EXPLAINER,
    )
    assert len(found) == 2
