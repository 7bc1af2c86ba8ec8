"""What a new driver starts from: a message, and what can be read in it."""

from pathlib import Path

import pytest

from hub.driverkit.message import First, captured, check_topic, fields, topic_filter
from hub.errors import UsageError


@pytest.mark.parametrize(
    ("topic", "pattern"),
    [
        ("acme/a7/up", "acme/+/up"),
        ("acme/a7", "acme/+"),
        ("acme", "acme"),
        ("/acme/a7/up", "/acme/+/up"),
        ("/acme", "/acme"),
    ],
)
def test_the_second_level_names_the_device(topic: str, pattern: str) -> None:
    """Never so wide that a stranger's topic fits."""
    assert topic_filter(topic) == pattern


@pytest.mark.parametrize("topic", ["", "acme/+", "acme/#", "a\nb", "\udce9", "$SYS/uptime", "matinales/bridge/state"])
def test_what_no_device_publishes_on_is_refused(topic: str) -> None:
    """Filters, control characters, topics of the broker and of the hub."""
    with pytest.raises(UsageError, match="--topic: "):
        check_topic(topic, "--topic")


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        (b'{"t":3.4,"on":true}', {"t": 3.4, "on": 1.0}),
        (b'{"a":{"b":[1,{"c":"2.5"}]}}', {"a_b_1": 1.0, "a_b_2_c": 2.5}),
        (b'[{"v":1},{"v":2}]', {"value_1_v": 1.0, "value_2_v": 2.0}),
        (b"21.5", {"up": 21.5}),
        (b'{"a b":1,"a-b":2}', {"a_b": 1.0, "a_b_2": 2.0}),
        ('{"Température":1,"°":2}'.encode(), {"temperature": 1.0, "value": 2.0}),
        (b'{"topic":1,"payload":2,"class":3,"2x":4}', {f"value_{k}": v for k, v in [("topic", 1.0), ("payload", 2.0)]}
         | {"value_class": 3.0, "value_2x": 4.0}),
        (b'{"ts":1764208800,"boot_time":12,"v":1}', {"boot_time": 12.0, "v": 1.0}),
        (b'{"name":"a7","at":null,"none":[]}', {}),
        (b"\x00\xff", {}),
        (b"", {}),
    ],
)  # fmt: skip
def test_numbers_and_booleans_become_channels(payload: bytes, found: dict[str, float]) -> None:
    """Keys joined, names that Python and the contract take, no clock among them; else nothing."""
    assert {each.channel: each.value for each in fields(First("acme/a7/up", payload))} == found


def test_the_message_that_tells_most_is_taken(tmp_path: Path) -> None:
    """A capture holds births and announcements too."""
    path = tmp_path / "c.json"
    path.write_text(
        '{"device": "x", "messages": [{"topic": "a/b", "payload": "on"}, {"topic": "a/c", "payload_hex": "3132"}]}'
    )
    assert captured(path) == First("a/c", b"12")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        ("{", "is no capture"),
        ('{"messages": [{"topic": "a", "payload_hex": "xy"}]}', "is no capture"),
        ('{"messages": []}', "holds no message"),
    ],
)
def test_a_file_that_is_no_capture_is_named(tmp_path: Path, content: str | None, reason: str) -> None:
    """With what is wrong."""
    path = tmp_path / "c.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=reason):
        captured(path)
