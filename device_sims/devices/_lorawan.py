"""A LoRaWAN end device and its network, as far as every network server shows them alike.

Frames are counted from 0 at each join; an uplink that no gateway hears is counted and leaves a gap. Options, the same
for `tts` and `chirpstack`:

| option | default | meaning |
|---|---|---|
| `payload` | `"cayenne"` | `"cayenne"`: frames of Cayenne LPP, fields as in `_cayenne`; `"object"`: its own |
| `decoded` | `true` | the network server's codec reads the frames; `false`: bytes only (`"cayenne"`) |
| `keys` | `{}` | with `"object"`: key → `{ factor = 1, decimals = 2 }`: on the wire, measure × factor, rounded |
| `port` | 2 | FPort of uplinks |
| `spreading_factor` | 7 | 7 to 12: airtime and data rate of EU868 |
| `device_class` | `"A"` | `"A"` hears a downlink after its next uplink, `"C"` at once |
| `dev_eui` | from the id | 16 hexadecimal digits, locally administered |
| `gateway` | `"sim-gateway"` | name of the gateway that hears it |

Fields `rssi` [dBm] and `snr` [dB] are the gateway's; a dropped sample of `rssi` is a lost uplink. A measure that is
dropped or unplugged is not in its frame; a frame that would be empty is not sent. A channel with `order = true` is an
actuator: `digital_out_3`, `analog_out_3` (Cayenne LPP, hundredths), or any key of an object; a changed one is
reported at once.
"""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal, NamedTuple

from msgspec import Struct

from device_sims.devices import View, _cayenne
from device_sims.devices._address import draw, is_local, local_address
from device_sims.errors import SimulationError
from device_sims.sensing import Lost

RSSI, SNR = "rssi", "snr"
USUAL_RSSI, USUAL_SNR = -87.0, 7.5
OUTPUTS = {"digital_out", "analog_out"}
MISSING = -0x8000_0000
"""Stands for an absent value in a frame of a device's own."""
FRAME_OVERHEAD = 13
"""Octets around an application's payload: header, address, counter, port and integrity code (LoRaWAN 1.0.4 §4)."""
BANDWIDTH_HZ = 125_000
EUI = 8
SLOW_FACTOR = 11


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """How a measure becomes a number of a codec's object.

    Attributes:
        factor: of the measure's unit (1000: metres → millimetres).
        decimals: digits behind the point; 0: a whole number.
    """

    factor: float = 1.0
    decimals: int = 2


class NodeOptions(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scenario may say of a LoRaWAN device; the module's table tells."""

    payload: Literal["cayenne", "object"] = "cayenne"
    decoded: bool = True
    keys: dict[str, Key] = {}
    port: int = 2
    spreading_factor: Literal[7, 8, 9, 10, 11, 12] = 7
    device_class: Literal["A", "C"] = "A"
    dev_eui: str = ""
    gateway: str = "sim-gateway"


class Frame(NamedTuple):
    """An uplink that a gateway heard.

    Attributes:
        number: of the frame since the join.
        data: the application's bytes.
        records: what Cayenne LPP says; empty with a codec of its own.
        content: key → number of such a codec.
    """

    number: int
    data: bytes
    records: tuple[_cayenne.Filled, ...]
    content: Mapping[str, float]
    rssi: float
    snr: float


class Downlink(NamedTuple):
    """A message on its way to the device: what it orders, and what its sender wants to hear of it again."""

    port: int
    data: bytes
    confirmed: bool
    orders: Mapping[str, float]
    label: tuple[str, ...] = ()


class Node:
    """An end device: its frames, its counters, and its network's queue of downlinks."""

    def __init__(
        self,
        name: str,
        fields: Mapping[str, Mapping[str, str]],
        options: NodeOptions,
        words: Mapping[str, _cayenne.Kind],
        health: Iterable[str] = (),
    ) -> None:
        """Understand the fields.

        Args:
            name: device id.
            fields: channel → {field}.
            options: the scenario's.
            words: of the network server's Cayenne codec.
            health: fields besides `rssi` and `snr` that are no part of a frame.

        Raises:
            SimulationError: a field or an option that makes no frame.
        """
        self.name = name
        self.options = options
        self.eui = _eui(name, options.dev_eui)
        self.joins = 0
        self.count = -1
        self.down_count = 0
        self.queue: list[Downlink] = []
        self.awaiting: Downlink | None = None
        apart = {RSSI, SNR, *health}
        self._apart = {setting["field"]: channel for channel, setting in fields.items() if setting["field"] in apart}
        measured = {channel: each["field"] for channel, each in fields.items() if each["field"] not in apart}
        self._records: tuple[_cayenne.Record, ...] = ()
        self._keys: dict[str, str] = {}
        if options.payload == "cayenne":
            self._records = _cayenne.records(measured, words, is_read=options.decoded)
        else:
            self._keys = {field: channel for channel, field in measured.items()}
        _check(options, self._keys)
        self._spoke_s: int | None = None

    @property
    def session(self) -> bytes:
        """Return what tells one session from another: 3 octets."""
        return local_address(f"{self.name}/{self.joins}", 4)[1:]

    def born(self, view: View) -> bool:
        """Join where it must (first of all, and when a run begins); tell whether it did. Else count what was missed."""
        now_s = view.now.time_s
        if not self.joins or (now_s < 0 and self.count >= 0):
            self.joins += 1
            self.count, self.down_count, self._spoke_s = -1, 0, None
            self.awaiting = None
            return True
        if self._spoke_s is not None and now_s > self._spoke_s:
            self.count += (now_s - self._spoke_s - 1) // view.period_s  # it went on sending while nobody heard it
        return False

    def uplink(self, view: View) -> Frame | None:
        """Send a frame; None where there is nothing to say or no gateway hears it."""
        filled, content = self._filled(view), self._content(view)
        if not filled and not content:
            return None
        self.count += 1
        self._spoke_s = view.now.time_s
        rssi, snr = self.health(view, RSSI, USUAL_RSSI), self.health(view, SNR, USUAL_SNR)
        if rssi is None:
            return None
        data = b"".join(record.octets for record in filled) or self._own_bytes(content)
        return Frame(self.count, data, filled, content, round(rssi), round(USUAL_SNR if snr is None else snr, 1))

    def health(self, view: View, field: str, usual: float | None = None) -> float | None:
        """Return a value that is no part of a frame; None where the sample is lost, or there is none."""
        channel = self._apart.get(field)
        value = usual if channel is None else view.values[channel]
        return None if isinstance(value, Lost) else value

    def airtime_s(self, octets: int) -> float:
        """Return how long a frame with so many octets of payload is in the air (Semtech AN1200.13, coding rate 4/5)."""
        factor = self.options.spreading_factor
        symbol_s = (1 << factor) / BANDWIDTH_HZ
        slow = 1 if factor >= SLOW_FACTOR else 0  # low data rate optimisation
        bits = 8 * (octets + FRAME_OVERHEAD) - 4 * factor + 28 + 16
        return symbol_s * (8 + 4.25 + 8 + max(ceil(bits / (4 * (factor - 2 * slow))), 0) * 5)

    @property
    def data_rate(self) -> int:
        """Return the data rate's number in EU868: 0 is the slowest, 5 the fastest of 125 kHz."""
        return 12 - self.options.spreading_factor

    # downlinks

    def deliver(self) -> Downlink | None:
        """Send the next downlink of the queue, when the device listens; one at a time until it is acknowledged."""
        if not self.queue or self.awaiting is not None:
            return None
        down = self.queue.pop(0)
        self.down_count += 1
        if down.confirmed:
            self.awaiting = down
        return down

    def acknowledge(self) -> Downlink | None:
        """Return the downlink that the uplink just heard acknowledges."""
        down, self.awaiting = self.awaiting, None
        return down

    def ordered(self, frame: bytes) -> dict[str, float]:
        """Return actuator → value of a Cayenne LPP downlink."""
        outputs = {record.channel: record for record in self._records if record.kind.word in OUTPUTS}
        return {
            outputs[channel].sources[0]: value if outputs[channel].kind.word == "analog_out" else float(value != 0)
            for channel, value in _cayenne.orders(frame).items()
            if channel in outputs
        }

    def ordered_by_key(self, content: Mapping[str, object]) -> dict[str, float]:
        """Return actuator → value of an object that the codec encodes."""
        return {
            self._keys[key]: float(value) / self._key(key).factor
            for key, value in content.items()
            if key in self._keys and isinstance(value, int | float)
        }

    # inside

    def _filled(self, view: View) -> tuple[_cayenne.Filled, ...]:
        found = []
        for record in self._records:
            values = [value for source in record.sources if not isinstance(value := view.values[source], Lost)]
            if len(values) == len(record.sources):
                found.append(_cayenne.filled(record, values))
        return tuple(found)

    def _content(self, view: View) -> dict[str, float]:
        found: dict[str, float] = {}
        for key, channel in self._keys.items():
            value = view.values[channel]
            if not isinstance(value, Lost):
                how = self._key(key)
                found[key] = round(value * how.factor, how.decimals or None)
        return found

    def _own_bytes(self, content: Mapping[str, float]) -> bytes:
        """Return the frame of a codec of its own: each key, in its last decimal, as 32 bits; the codec divides."""
        steps = (
            round(content[key] * 10 ** self._key(key).decimals) if key in content else MISSING for key in self._keys
        )
        return b"".join(min(max(step, MISSING), -MISSING - 1).to_bytes(4, "big", signed=True) for step in steps)

    def _key(self, name: str) -> Key:
        return self.options.keys.get(name, Key())


def stamp(moment: datetime, delay_s: float = 0.0, nanoseconds: int = 0) -> str:
    """Return `2025-07-25T08:00:00.289585559`, in UTC, without offset, as Go and Rust print nine digits."""
    moment = moment.astimezone(UTC) + timedelta(seconds=delay_s)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}{nanoseconds % 1000:03d}"


def chance(node: Node, what: str) -> float:
    """Return what a message has of chance, the same each time the run is played."""
    return draw(node.name, node.joins, node.count, what)


def base64_bytes(text: object) -> bytes | None:
    """Return the bytes of Base64; None where it is none."""
    if not isinstance(text, str):
        return None
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _eui(name: str, wanted: str) -> str:
    if not wanted:
        return local_address(name, EUI).hex()
    try:
        address = bytes.fromhex(wanted)
    except ValueError:
        address = b""
    if len(address) != EUI or not is_local(address):
        msg = f"dev_eui is {wanted!r}: 16 hexadecimal digits, the second of them 2, 6, a or e (locally administered)"
        raise SimulationError(msg)
    return address.hex()


def _check(options: NodeOptions, keys: Mapping[str, str]) -> None:
    if options.payload == "object" and not options.decoded:
        msg = 'decoded = false: nobody but its codec reads an "object"; use payload = "cayenne"'
        raise SimulationError(msg)
    if unknown := set(options.keys) - set(keys):
        msg = f"keys.{min(unknown)}: no channel has this field"
        raise SimulationError(msg)
    if any(key.factor == 0 or key.decimals < 0 for key in options.keys.values()):
        msg = "keys: a factor is not 0, decimals are 0 or more"
        raise SimulationError(msg)
    if not 1 <= options.port <= 223:  # noqa: PLR2004 — application ports (LoRaWAN 1.0.4 §4.3.2)
        msg = f"port is {options.port}: an application's FPort lies between 1 and 223"
        raise SimulationError(msg)
