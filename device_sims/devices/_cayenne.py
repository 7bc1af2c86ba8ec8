"""Cayenne LPP: measures → the bytes of a frame, and the words that network servers give them.

A frame is `channel(1) type(1) value(n)` again and again, big-endian (wire_formats.md §11;
https://docs.mydevices.com/docs/lorawan/cayenne-lpp; types beyond myDevices' own:
https://github.com/ElectronicCats/CayenneLPP, src/CayenneLPP.h). A value is rounded to the type's resolution and held
at the ends of its range.

A scenario names a measure by the word of its network server and the channel: `temperature_3` (The Things Stack),
`temperatureSensor.3` (ChirpStack); one part of three as `accelerometer_6_x`, `accelerometer.6.x`.

| The Things Stack | ChirpStack | unit, resolution |
|---|---|---|
| `digital_in`, `digital_out`, `presence` | `digitalInput`, `digitalOutput`, `presenceSensor` | 1 |
| `analog_in`, `analog_out` | `analogInput`, `analogOutput` | 0.01, -327.68 to 327.67 |
| `luminosity` | `illuminanceSensor` | 1 lx |
| `temperature` | `temperatureSensor` | 0.1 °C |
| `relative_humidity` | `humiditySensor` | 0.5 % |
| `barometric_pressure` | `barometer` | 0.1 hPa |
| `accelerometer` x y z | `accelerometer` | 0.001 g |
| `gyrometer` x y z | `gyrometer` | 0.01 °/s |
| `gps` latitude longitude altitude | `gpsLocation` | 0.0001 °, 0.01 m |

Bytes only, for neither server reads them: `generic` 1, `voltage` 0.01 V, `current` 0.001 A, `frequency` 1 Hz,
`percentage` 1 %, `altitude` 1 m, `power` 1 W, `distance` 0.001 m, `energy` 0.001 kWh, `direction` 1°, `switch` 1.
"""

import re
from collections.abc import Iterable, Mapping
from struct import iter_unpack, pack, unpack
from typing import NamedTuple

from device_sims.errors import SimulationError

AXES = ("x", "y", "z")
MOST_CHANNEL = 255
FIELD = re.compile(r"(?P<word>[A-Za-z_]+?)[_.](?P<channel>\d{1,3})(?:[_.](?P<part>[a-z]+))?")
PER_ORDER = 100
ORDER, ORDER_OCTETS, ORDER_END = ">BhB", 4, 0xFF
"""What myDevices sends to an actuator: channel, value in hundredths, 0xFF."""
SHORT_ORDER, SHORT_OCTETS = ">Bh", 3
"""What the formatter of The Things Stack sends: the same without the end (go-cayenne-lib, `AddPort`)."""


class Kind(NamedTuple):
    """A type of record.

    Attributes:
        code: its byte.
        word: as The Things Stack names it.
        other: as ChirpStack names it; empty: neither server reads it.
        octets: of each part.
        per_unit: steps in one unit, part by part.
        signed: whether below zero exists.
        parts: names of its parts; one without a name: a single value.
    """

    code: int
    word: str
    other: str
    octets: int
    per_unit: tuple[int, ...]
    signed: bool = False
    parts: tuple[str, ...] = ("",)


KINDS = (
    Kind(0, "digital_in", "digitalInput", 1, (1,)),
    Kind(1, "digital_out", "digitalOutput", 1, (1,)),
    Kind(2, "analog_in", "analogInput", 2, (100,), signed=True),
    Kind(3, "analog_out", "analogOutput", 2, (100,), signed=True),
    Kind(100, "generic", "", 4, (1,)),
    Kind(101, "luminosity", "illuminanceSensor", 2, (1,)),
    Kind(102, "presence", "presenceSensor", 1, (1,)),
    Kind(103, "temperature", "temperatureSensor", 2, (10,), signed=True),
    Kind(104, "relative_humidity", "humiditySensor", 1, (2,)),
    Kind(113, "accelerometer", "accelerometer", 2, (1000, 1000, 1000), signed=True, parts=AXES),
    Kind(115, "barometric_pressure", "barometer", 2, (10,)),
    Kind(116, "voltage", "", 2, (100,)),
    Kind(117, "current", "", 2, (1000,)),
    Kind(118, "frequency", "", 4, (1,)),
    Kind(120, "percentage", "", 1, (1,)),
    Kind(121, "altitude", "", 2, (1,), signed=True),
    Kind(128, "power", "", 2, (1,)),
    Kind(130, "distance", "", 4, (1000,)),
    Kind(131, "energy", "", 4, (1000,)),
    Kind(132, "direction", "", 2, (1,)),
    Kind(134, "gyrometer", "gyrometer", 2, (100, 100, 100), signed=True, parts=AXES),
    Kind(
        136,
        "gps",
        "gpsLocation",
        3,
        (10_000, 10_000, 100),
        signed=True,
        parts=("latitude", "longitude", "altitude"),
    ),
    Kind(142, "switch", "", 1, (1,)),
)
BY_WORD = {kind.word: kind for kind in KINDS}
BY_OTHER = {kind.other or kind.word: kind for kind in KINDS}


class Record(NamedTuple):
    """One record of every frame: its type, its channel, and where its parts come from (channels of scenario.toml)."""

    kind: Kind
    channel: int
    sources: tuple[str, ...]


class Filled(NamedTuple):
    """A record with its values, as whole steps of the resolution."""

    kind: Kind
    channel: int
    steps: tuple[int, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Return what a receiver computes."""
        return tuple(step / per for step, per in zip(self.steps, self.kind.per_unit, strict=True))

    @property
    def octets(self) -> bytes:
        """Return the record on the wire."""
        size, signed = self.kind.octets, self.kind.signed
        return bytes((self.channel, self.kind.code)) + b"".join(
            step.to_bytes(size, "big", signed=signed) for step in self.steps
        )


def records(fields: Mapping[str, str], words: Mapping[str, Kind], *, is_read: bool) -> tuple[Record, ...]:
    """Return the records of a device's frames, in the order of the scenario.

    Args:
        fields: channel of scenario.toml → `temperature_3`.
        words: BY_WORD or BY_OTHER.
        is_read: whether the network server is to understand them.

    Raises:
        SimulationError: a field that is none, one given twice, or a part that is missing.
    """
    found: dict[tuple[Kind, int], dict[str, str]] = {}
    for source, field in fields.items():
        kind, channel, part = _parsed(field, words)
        if is_read and not kind.other:
            msg = f"field {field!r}: the network server does not read this type; say decoded = false"
            raise SimulationError(msg)
        parts = found.setdefault((kind, channel), {})
        if part in parts:
            msg = f"field {field!r} is given twice"
            raise SimulationError(msg)
        parts[part] = source
    for (kind, channel), parts in found.items():
        if missing := [part for part in kind.parts if part not in parts]:
            msg = f"fields of {kind.word}, channel {channel}: {', '.join(missing)} missing"
            raise SimulationError(msg)
    return tuple(
        Record(kind, channel, tuple(parts[part] for part in kind.parts)) for (kind, channel), parts in found.items()
    )


def _parsed(field: str, words: Mapping[str, Kind]) -> tuple[Kind, int, str]:
    match = FIELD.fullmatch(field)
    kind = words.get(match["word"]) if match else None
    if match is None or kind is None or int(match["channel"]) > MOST_CHANNEL:
        msg = f"field {field!r} is no word of Cayenne LPP with a channel from 0 to 255; known: {', '.join(words)}"
        raise SimulationError(msg)
    part = match["part"] or ""
    if part not in kind.parts:
        msg = f"field {field!r}: the parts of {kind.word} are {', '.join(kind.parts) or 'none'}"
        raise SimulationError(msg)
    return kind, int(match["channel"]), part


def filled(record: Record, values: Iterable[float]) -> Filled:
    """Round a record's values to its resolution, and hold them at the ends of its range."""
    bits = 8 * record.kind.octets
    low = -(1 << bits - 1) if record.kind.signed else 0
    high = low + (1 << bits) - 1
    steps = (min(max(round(value * per), low), high) for value, per in zip(values, record.kind.per_unit, strict=True))
    return Filled(record.kind, record.channel, tuple(steps))


def as_float32(value: float) -> float:
    """Return a value as The Things Stack's formatter prints it: computed in 32 bits, 27.2 → 27.200000762939453."""
    return float(unpack(">f", pack(">f", value))[0])


def order(channel: int, value: float) -> bytes:
    """Return an order as the formatter of The Things Stack encodes it: `03 00 64` for 1 on channel 3."""
    return pack(SHORT_ORDER, channel, min(max(round(value * PER_ORDER), -0x8000), 0x7FFF))


def orders(frame: bytes) -> dict[int, float]:
    """Return channel → value that a downlink orders, `03 00 64 FF` or `03 00 64`: 1 on channel 3; else nothing."""
    if len(frame) % ORDER_OCTETS == 0 and all(end == ORDER_END for end in frame[ORDER_OCTETS - 1 :: ORDER_OCTETS]):
        return {channel: value / PER_ORDER for channel, value, _ in iter_unpack(ORDER, frame)}
    if len(frame) % SHORT_OCTETS == 0:
        return {channel: value / PER_ORDER for channel, value in iter_unpack(SHORT_ORDER, frame)}
    return {}
