"""The messages of the ledger as bytes, and journal and store read back as the checker's books."""

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from hub.bench._ledger import Key, Sent, Stored, Written
from hub.journal import place
from hub.model import rfc3339
from hub.store.base import Range, Row
from hub.store.file import StoreReader
from hub.store.sqlite import SqliteReadings

PREFIX = "ledger/"
UID = f"generic:{PREFIX}"
_READ = 10_000
_CHANNELS = ("boot", "sequence", "value")


class _Body(msgspec.Struct):
    boot: int
    sequence: int


_DECODE = msgspec.json.Decoder(_Body).decode


def topic(device: str) -> str:
    """Return where a device of the ledger speaks."""
    return PREFIX + device


def payload(sent: Sent) -> bytes:
    """Return a message as the generic driver understands it: three numbers, and its time where it states one."""
    _, boot, sequence = sent.key
    time = f',"time":"{rfc3339(sent.time)}"' if sent.states_time else ""
    return f'{{"boot":{boot},"sequence":{sequence},"value":{sent.value!r}{time}}}'.encode()


def key(topic: str, payload: bytes) -> Key | None:
    """Return whose message this is; None where it is none of the ledger's."""
    if not topic.startswith(PREFIX):
        return None
    try:
        body = _DECODE(payload)
    except msgspec.DecodeError:
        return None
    return topic.removeprefix(PREFIX), body.boot, body.sequence


def written(folder: Path) -> Iterator[Written]:
    """Read the journal of a data folder, repeats included."""
    with closing(place.reader(folder)) as reader:
        after = 0
        while records := reader.read(after, _READ):
            after = records[-1].position
            for record in records:
                found = key(record.message.topic, record.message.payload)
                if found is not None:
                    yield Written(found, record.message.received)


def stored(folder: Path) -> Iterator[Stored]:
    """Read the store of a data folder."""
    with closing(StoreReader(folder / "store.db")) as file:
        yield from messages(_rows(SqliteReadings(file)))


def messages(rows: Iterable[Row]) -> Iterator[Stored]:
    """Join readings, in order of time, to the messages that they came in: those of one device at one time."""
    ours = (row for row in rows if row.device.startswith(UID))
    for _, moment in itertools.groupby(ours, key=lambda row: row.time):
        devices: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in moment:
            devices[row.device][row.channel].append(row.value)
            time = row.time
        for device, channels in devices.items():
            yield from _joined(device.removeprefix(UID), time, channels)


def _joined(device: str, time: int, channels: dict[str, list[float]]) -> Iterator[Stored]:
    for boot, sequence, value in itertools.zip_longest(*(channels[name] for name in _CHANNELS)):
        whole = boot is not None and sequence is not None
        number = (device, int(boot), int(sequence)) if whole else (device, -1, -1)
        yield Stored(number, value if whole else None, time)


def _rows(history: SqliteReadings) -> Iterator[Row]:
    after = None
    while True:
        found = history.readings(Range(run=None, limit=_READ, after=after))
        yield from found.rows
        if found.after is None:
            return
        after = found.after


def keep(place: Path, sent: Iterable[Sent], acknowledged: Iterable[Key]) -> None:
    """Write the ledger as an artefact: the devices' book, `sent.jsonl`, and the hub's PUBACKs, `acknowledged.jsonl`."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "sent.jsonl").open("w", encoding="utf-8") as file:
        for each in sent:
            device, boot, sequence = each.key
            line = {"device": device, "boot": boot, "sequence": sequence, "time": each.time, "puback": each.confirmed}
            file.write(json.dumps(line) + "\n")
    with (place / "acknowledged.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in acknowledged)
