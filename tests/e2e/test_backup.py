"""A backup of a living demo, restored into an empty folder: it serves, with equal counts, nothing lost or doubled."""

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from hub.__main__ import main
from hub.journal.sqlite import SqliteReader
from hub.model import NS
from hub.store.base import Range
from hub.store.file import StoreReader
from hub.store.sqlite import SqliteReadings
from servers.hubs import Demo, demo, until

KITCHEN, TOPIC = "tasmota:kitchen", "tele/kitchen/SENSOR"
MANY = 200


def per_minute(folder: Path) -> Counter[int]:
    """Return minute → readings of the kitchen in a folder's store."""
    with closing(StoreReader(folder / "store.db")) as file:
        rows = SqliteReadings(file).readings(Range(device=KITCHEN, run=None, limit=100_000)).rows
    return Counter(row.time // (60 * NS) for row in rows)


def said(folder: Path) -> list[bytes]:
    """Return what the kitchen said, by a folder's journal."""
    found, after = [], 0
    with closing(SqliteReader(folder)) as reader:
        while records := reader.read(after, 10_000):
            found += [each.message.payload for each in records if each.message.topic == TOPIC]
            after = records[-1].position
    return found


def say(hub: Demo, value: int) -> None:
    """Let the kitchen say a temperature."""
    hub.publish(TOPIC, f'{{"DS18B20":{{"Temperature":{value}}}}}')


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_backup_of_a_living_demo_serves_again(tmp_path: Path) -> None:
    """The simulation goes on meanwhile, and its messages too."""
    data, copy, file = tmp_path / "data", tmp_path / "copy", tmp_path / "demo.zip"
    with demo(data) as hub:
        for number in range(MANY):
            say(hub, number)
        until(lambda: sum(per_minute(data).values()) == MANY)
        assert main(["backup", str(file), "--data", str(data), "--secrets"]) == 0
        kept = per_minute(data)
        assert main(["restore", str(file), "--data", str(copy)]) == 0
        assert hub.values(KITCHEN)["temperature"] == MANY - 1  # it never stopped
    assert per_minute(copy) == kept
    assert said(copy) == [b'{"DS18B20":{"Temperature":%d}}' % number for number in range(MANY)]
    with demo(copy) as hub:
        assert hub.values(KITCHEN)["temperature"] == MANY - 1
        say(hub, 999)
        until(lambda: hub.values(KITCHEN)["temperature"] == 999)
        until(lambda: sum(per_minute(copy).values()) == MANY + 1)
