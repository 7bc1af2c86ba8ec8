"""A RuuviTag heard by a Ruuvi Gateway, raw data format 5 (wire_formats.md §14).

Sources: https://docs.ruuvi.com/communication/bluetooth-advertisements/data-format-5-rawv2 (bytes, values that are not
available), https://docs.ruuvi.com (gateway: MQTT, time-stamped data).

`<prefix>/<gateway MAC>/<tag MAC>`, not retained, no will: the gateway speaks. The gateway's `mqtt_prefix` is a setting,
`ruuvi/<gateway MAC>/` by default; this one's begins with a word that contains `sim`. The gateway's own `gw_status` is
left alone. Without time synchronisation it counts (`cnt`) instead of dating.

| field | unit | in the advertisement |
|---|---|---|
| `temperature` | °C | 0.005 |
| `humidity` | % | 0.0025 |
| `pressure` | hPa | 1 Pa, 500 to 1155.34 hPa; 1013.25 without a channel |
| `acceleration_x`, `_y`, `_z` | g | 0.001; 0, 0, 1 without a channel |
| `voltage` | mV | 1, 1600 to 3646; 2950 without a channel |
| `tx_power` | dBm | 2, -40 to 20; 4 without a channel |
| `movement` | count | modulo 255; 0 without a channel |
| `rssi` | dBm | of the gateway; a dropped sample is an advertisement that it did not hear |
| `level` | % | not sent: a channel that `battery.level` of scenario.toml can name |

What is dropped or unplugged is sent as not available; so is temperature or humidity without a channel, as by a tag
that lacks the sensor. Options: `prefix` (`"sim-ruuvi"`), `gateway` (`"sim-gateway"`: name from which its MAC follows),
`mac` (from the id; 12 hexadecimal digits, locally administered), `numbers` (`false`: `ts` and `gwts` are text; `true`:
numbers, as newer firmware has them).
"""

from collections.abc import Mapping
from struct import pack
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.devices._address import is_local, local_address
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FORMAT, LAYOUT = 5, ">BhHHhhhHBH"
HEAD = bytes.fromhex("020106 1BFF 9904")
"""Flags, then 27 octets of manufacturer's data of Ruuvi Innovations (0x0499, little-endian)."""


class Span(NamedTuple):
    """How a quantity is written: steps of its unit above the least value, held between two ends; what says none."""

    per_unit: float
    least: float
    low: int
    high: int
    none: int


TEMPERATURE = Span(200, 0, -0x7FFF, 0x7FFF, -0x8000)
HUMIDITY = Span(400, 0, 0, 0xFFFE, 0xFFFF)
PRESSURE = Span(100, 500, 0, 0xFFFE, 0xFFFF)
ACCELERATION = Span(1000, 0, -0x7FFF, 0x7FFF, -0x8000)
MILLIVOLT = Span(1, 1600, 0, 0x7FE, 0x7FF)
DBM = Span(0.5, -40, 0, 0x1E, 0x1F)
NO_WORD, NO_BYTE = 0xFFFF, 0xFF
MOVEMENTS, SEQUENCES = 255, 65_535
"""Counters go from 0 to one below; the value itself says not available."""
USUAL_RSSI = -71.0
USUAL = {"acceleration_x": 0.0, "acceleration_y": 0.0, "acceleration_z": 1.0, "voltage": 2950.0, "tx_power": 4.0}
USUAL |= {"movement": 0.0, "pressure": 1013.25}
"""What every tag sends: one that lies still."""
MAC_OCTETS = 6
FIELDS = (
    "temperature",
    "humidity",
    "pressure",
    "acceleration_x",
    "acceleration_y",
    "acceleration_z",
    "voltage",
    "tx_power",
    "movement",
)
APART = {"rssi", "level"}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say."""

    prefix: str = "sim-ruuvi"
    gateway: str = "sim-gateway"
    mac: str = ""
    numbers: bool = False


class Tag:
    """A tag called `name`; `fields`: channel → {field}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topic."""
        self.channels = {setting["field"]: channel for channel, setting in fields.items()}
        self.mac = bytes.fromhex(options.mac) if options.mac else local_address(name, MAC_OCTETS)
        self.gateway = _colons(local_address(options.gateway, MAC_OCTETS))
        self.numbers = options.numbers
        self.topic = f"{options.prefix}/{self.gateway}/{_colons(self.mac)}"
        self.uid = f"ruuvi:{self.mac.hex()}"
        self.filters = (self.topic,)
        self.commands: tuple[str, ...] = ()
        self.retained: tuple[str, ...] = ()
        self.bridged = True
        self.will = None
        self._sequence = -1
        self._spoke_s: int | None = None

    def birth(self, view: View) -> list[Packet]:
        """Say nothing; count what was measured while nobody heard it."""
        if self._spoke_s is not None and view.now.time_s > self._spoke_s:
            self._sequence += (view.now.time_s - self._spoke_s - 1) // view.period_s
        return []

    def report(self, view: View) -> list[Packet]:
        """Measure, and advertise; nothing where the gateway does not hear it."""
        self._sequence = (self._sequence + 1) % SEQUENCES
        self._spoke_s = view.now.time_s
        channel = self.channels.get("rssi")
        signal = USUAL_RSSI if channel is None else view.values[channel]
        values = {field: self._value(view, field) for field in FIELDS}
        if isinstance(signal, Lost):
            return []
        data = HEAD + format_5(values, self._sequence, self.mac)
        said = {
            "gw_mac": self.gateway,
            "rssi": round(signal),
            "aoa": [],
            **self._times(view),
            "data": data.hex().upper(),
            "coords": "",
        }
        return [Packet(self.topic, msgspec.json.encode(said))]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Advertise at once, as a moved tag does."""
        del channels
        return self.report(view)

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey nothing: a tag only speaks."""
        del view, topic, payload
        return Reply()

    def _times(self, view: View) -> dict[str, object]:
        if view.now.unset:
            return {"cnt": self._sequence if self.numbers else f"{self._sequence}"}
        seconds = int(view.now.unix_s)
        return dict.fromkeys(("gwts", "ts"), seconds if self.numbers else f"{seconds}")

    def _value(self, view: View, field: str) -> float | None:
        channel = self.channels.get(field)
        if channel is None:
            return USUAL.get(field)
        value: Sampled = view.values[channel]
        return None if isinstance(value, Lost) else value


def format_5(values: Mapping[str, float | None], sequence: int | None, mac: bytes) -> bytes:
    """Return the 24 octets of data format 5, held at the ends of each range; None: not available.

    Args:
        values: field → value in the units of the module's table.
        sequence: number of the measurement, 0 to 65534.
        mac: of the tag, 6 octets.
    """
    power = _word(values.get("voltage"), MILLIVOLT) << 5 | _word(values.get("tx_power"), DBM)
    movement = values.get("movement")
    return (
        pack(
            LAYOUT,
            FORMAT,
            _word(values.get("temperature"), TEMPERATURE),
            _word(values.get("humidity"), HUMIDITY),
            _word(values.get("pressure"), PRESSURE),
            *(_word(values.get(f"acceleration_{axis}"), ACCELERATION) for axis in "xyz"),
            power,
            NO_BYTE if movement is None else round(movement) % MOVEMENTS,
            NO_WORD if sequence is None else sequence,
        )
        + mac
    )


def _word(value: float | None, span: Span) -> int:
    return span.none if value is None else min(max(round((value - span.least) * span.per_unit), span.low), span.high)


def _colons(mac: bytes) -> str:
    return mac.hex(":").upper()


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Tag:
    """Return a tag.

    Raises:
        SimulationError: a field that the format lacks, or a prefix or MAC that does not say it is simulated.
    """
    wanted = options_of(Options, options)
    if "sim" not in wanted.prefix or set("+#") & set(wanted.prefix):
        msg = f"prefix is {wanted.prefix!r}: it contains `sim`, and neither + nor #"
        raise SimulationError(msg)
    if wanted.mac and not _is_mac(wanted.mac):
        msg = f"mac is {wanted.mac!r}: 12 hexadecimal digits, the second of them 2, 6, a or e (locally administered)"
        raise SimulationError(msg)
    for setting in fields.values():
        if setting["field"] not in {*FIELDS, *APART}:
            msg = f"field {setting['field']!r} is not in data format 5; known: {', '.join([*FIELDS, *sorted(APART)])}"
            raise SimulationError(msg)
    return Tag(name, fields, wanted)


def _is_mac(text: str) -> bool:
    try:
        address = bytes.fromhex(text)
    except ValueError:
        return False
    return len(address) == MAC_OCTETS and is_local(address)
