"""Sigfox callbacks: a body that the customer wrote, filled by the network; the device's bytes need a chosen format.

"Data advanced" repeats the plain callback's message half a minute later: what it repeats is given once.
"""

import re
from typing import Any
from urllib.parse import unquote_plus

from msgspec import Struct

from hub.driver import DAY_AND_AN_HOUR, Carried, Channel, Decoded, Driver, Example, Sample
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import boolean, epoch_seconds, is_absent, json_object, live, number, shown, text
from hub.units import Unit

ROOT = "sigfox"
DEVICE = re.compile(r"[0-9A-Fa-f]{1,8}")
HEX = re.compile(r"([0-9A-Fa-f]{2})*")
VARIABLE = re.compile(r"\{[A-Za-z][\w#.:\-]*\}", re.ASCII)
SEPARATOR = re.compile(r"[&;,\r\n]+")
PAIR = re.compile(r"\s*([^=:\s]+)\s*[=:]\s*(.*)", re.DOTALL)
LONGEST = 12
"""Bytes of one uplink."""
QUALITIES = {"LIMIT", "AVERAGE", "GOOD", "EXCELLENT", "NA"}
RADIO = {"rssi": "rssi", "snr": "snr", "avgSnr": "snr_average", "avgSignal": "snr_average"}
WORST = -1e9
MANY = 1000
"""Devices of one topic whose last message is remembered."""


class Last(Struct, frozen=True):
    """A device's last message, by what is the same in its repetition, and the fields it gave."""

    identity: tuple[int | None, float | None, str] = (None, None, "")
    gave: tuple[str, ...] = ()


class Context(Struct, frozen=True):
    """Device → its last message."""

    devices: dict[str, Last] = {}


def scope(topic: str) -> str:
    """Return the topic: usually one device."""
    return topic


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Decode the body of one callback."""
    body = _body(message.payload)
    device = _device(body)
    callback = Callback(body)
    callback.read()
    identity = (callback.measured, callback.sequence, callback.data.hex() if callback.data is not None else "")
    last = context.devices.get(device)
    repeats = last is not None and last.identity == identity and identity[:2] != (None, None)
    gave = last.gave if repeats and last is not None else ()
    samples = tuple(sample for sample in callback.samples if sample.channel not in gave)
    carried = None
    if callback.data and "data" not in gave:
        carried = Carried("data", callback.data, callback.measured)
    fields = (*(sample.channel for sample in samples), *(("data",) if carried is not None else ()))
    decoded = Decoded(
        Kind.READINGS if samples else Kind.AVAILABILITY,
        f"sigfox:{device}",
        samples,
        availability=Availability.ONLINE,
        rejected=callback.rejected,
        carried=carried,
    )
    if last is not None and repeats and not fields:
        return decoded, context
    devices = {name: each for name, each in context.devices.items() if name != device}
    while len(devices) >= MANY:
        del devices[next(iter(devices))]
    return decoded, Context(devices | {device: Last(identity, (*gave, *fields))})


def _body(payload: bytes) -> dict[str, Any]:
    """Return the fields of a body: JSON, a form (`a=1&b=2`) or text (`a: 1`, one a line)."""
    said = text(payload).strip()
    found = VARIABLE.findall(unquote_plus(said) if "%" in said else said)
    if found:
        names = ", ".join(dict.fromkeys(found[:6]))
        msg = f"the variables {names} were never replaced: Sigfox fills them where it sends the callback itself"
        raise PayloadError(msg)
    if said[:1] in {"{", "[", '"', ""}:
        return json_object(payload)
    form = "&" in said or "%" in said
    pairs = [PAIR.fullmatch(each) for each in SEPARATOR.split(said) if each.strip()]
    body = {each[1]: (unquote_plus(each[2]) if form else each[2]).strip() for each in pairs if each is not None}
    if not body:
        msg = f"{shown(said)} is neither JSON nor a form nor lines such as device=4D5E6F"
        raise PayloadError(msg)
    return body


def _device(body: dict[str, Any]) -> str:
    device = body.get("device")
    if is_absent(device):
        msg = "device is missing: write it into the callback's body"
        raise PayloadError(msg)
    if not isinstance(device, str) or not DEVICE.fullmatch(device.strip()):
        msg = f"device is {shown(device)}, not up to 8 hexadecimal digits as text"
        raise PayloadError(msg)
    return device.strip().upper()


class Callback:
    """Takes the fields of one body; numbers and booleans arrive as text."""

    __slots__ = ("body", "data", "measured", "rejected", "samples", "sequence")

    def __init__(self, body: dict[str, Any]) -> None:
        """Start with the body."""
        self.body = body
        self.rejected: dict[str, str] = {}
        self.samples: list[Sample] = []
        self.data: bytes | None = None
        self.measured: int | None = None
        self.sequence: float | None = None

    def read(self) -> None:
        """Read every field that Sigfox defines; the base station's place is not the device's."""
        seconds = self._number("time")
        self.measured = live(epoch_seconds(seconds)) if seconds is not None else None
        self.sequence = self._number("seqNumber")
        if self.sequence is not None and (self.sequence < 0 or self.sequence % 1):
            self.rejected["seqNumber"] = f"{shown(self.sequence)} is no whole number from 0 on"
            self.sequence = None
        self._data()
        self._words()
        self._radio()

    def _number(self, key: str, body: dict[str, Any] | None = None, place: str = "") -> float | None:
        body = self.body if body is None else body
        if key not in body:
            return None
        try:
            return number(body[key])
        except PayloadError as error:
            self.rejected[place + key] = str(error)
            return None

    def _data(self) -> None:
        data = self.body.get("data")
        if data is None or data == "":
            return
        if not isinstance(data, str) or not HEX.fullmatch(data):
            self.rejected["data"] = f"{shown(data)} is not hexadecimal: two digits 0–9 a–f a byte"
        elif len(data) > 2 * LONGEST:
            self.rejected["data"] = f"{len(data) // 2} bytes: a Sigfox message has at most {LONGEST}"
        else:
            self.data = bytes.fromhex(data)

    def _words(self) -> None:
        if "ack" in self.body:
            try:
                boolean(self.body["ack"])
            except PayloadError as error:
                self.rejected["ack"] = str(error)
        quality = self.body.get("lqi", "NA")
        if not isinstance(quality, str) or quality.upper() not in QUALITIES:
            self.rejected["lqi"] = f"{shown(quality)} is none of {', '.join(sorted(QUALITIES))}"
        if "computedLocation" in self.body:
            self.rejected["computedLocation"] = "a position is personal data: it is not kept"

    def _radio(self) -> None:
        """Give the signal of the base station that heard best, where several are listed."""
        heard = {channel: found for key, channel in RADIO.items() if (found := self._number(key)) is not None}
        listed = self.body.get("duplicates", [])
        if not isinstance(listed, list):
            self.rejected["duplicates"] = f"{shown(listed)} is no list of base stations"
            listed = []
        for place, each in enumerate(listed):
            where = f"duplicates[{place}]"
            if not isinstance(each, dict):
                self.rejected[where] = f"{shown(each)} is no base station"
                continue
            level = self._number("rssi", each, f"{where}.")
            ratio = self._number("snr", each, f"{where}.")
            before = (heard.get("rssi", WORST), heard.get("snr", WORST))
            if (WORST if level is None else level, WORST if ratio is None else ratio) > before:
                better = {"rssi": level, "snr": ratio}
                heard = heard | {channel: value for channel, value in better.items() if value is not None}
        self.samples = [Sample(channel, value, None, self.measured) for channel, value in heard.items()]


HERE = f"{ROOT}/4D5E6F"

DRIVER = Driver(
    model="sigfox",
    family="sigfox",
    title="Sigfox callback",
    source="https://support.sigfox.com/docs/data-advanced; wire_formats.md §13",
    topics=(f"{ROOT}/#",),
    scope=scope,
    context=Context,
    believed=DAY_AND_AN_HOUR,
    decode=decode,
    channels=(
        Channel(name="rssi", unit=Unit.DECIBEL_MILLIWATT, low=-170, high=20, health=True),
        Channel(name="snr", unit=Unit.DECIBEL, low=-40, high=100, health=True),
    ),
    examples=(
        Example(
            topic=HERE,
            payload=b'{"device":"4D5E6F","data":"03670110","time":"1753430400","seqNumber":"7","ack":"false"}',
            device="sigfox:4D5E6F",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example.gives(
            HERE,
            '{"device":"004D5E6F","data":"","time":"1753430400","rssi":"-121.5","snr":"11.2","avgSignal":"12",'
            '"lat":"47","lng":"-1","station":"0A3B"}',
            rssi=-121.5,
            snr=11.2,
            snr_average=12,
        ),
        Example(
            topic=HERE,
            payload=b'{"device":"4D5E6F","data":"03670110","time":1753430400,"seqNumber":7,"lqi":"GOOD","duplicates":'
            b'[{"bsId":"A1","nbRep":3,"rssi":-130,"snr":8},{"bsId":"B2","nbRep":3,"rssi":-118,"snr":14.5}],'
            b'"computedLocation":{"lat":47.1,"lng":-0.5,"radius":900}}',
            values={"rssi": -118, "snr": 14.5},
            rejected=("computedLocation",),
        ),
        Example(
            topic=HERE,
            payload=b"device=4D5E6F&data=03670110&time=1753430400&rssi=-120.00",
            device="sigfox:4D5E6F",
            values={"rssi": -120},
        ),
        Example.refused(HERE, '{"device":"{device}","data":"{data}"}', because="{device}, {data} were never replaced"),
        Example.refused(HERE, '{"data":"03670110"}', because="device is missing"),
    ),
)
