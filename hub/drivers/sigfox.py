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
HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*+")
VARIABLE = re.compile(r"\{[A-Za-z][\w#.:\-]*\}", re.ASCII)
SEPARATOR = re.compile(r"[&;,\r\n]+")
PAIR = re.compile(r"\s*([^=:\s]+)\s*[=:]\s*(.*)", re.DOTALL)
LONGEST = 12
"""Bytes of one uplink."""
QUALITIES = {"LIMIT", "AVERAGE", "GOOD", "EXCELLENT", "NA"}
RADIO = {"rssi": "rssi", "snr": "snr", "avgSnr": "snr_average", "avgSignal": "snr_average"}
WORST = -1e9
MISSING: Any = object()
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
    data = callback.data
    identity = (callback.measured, callback.sequence, data)
    last = context.devices.get(device)
    told = callback.measured is not None or callback.sequence is not None
    gave = last.gave if last is not None and told and last.identity == identity else None
    samples = tuple([sample for sample in callback.samples if sample.channel not in gave] if gave else callback.samples)
    carried = None
    if data and not (gave and "data" in gave):
        carried = Carried("data", bytes.fromhex(data), callback.measured)
    decoded = Decoded(
        Kind.READINGS if samples else Kind.AVAILABILITY,
        f"sigfox:{device}",
        samples,
        availability=Availability.ONLINE,
        rejected=callback.rejected,
        carried=carried,
    )
    fields = [sample.channel for sample in samples]
    if carried is not None:
        fields.append("data")
    if gave is not None and not fields:
        return decoded, context
    return decoded, _with(context, device, Last(identity, (*(gave or ()), *fields)))


def _with(context: Context, device: str, last: Last) -> Context:
    """Return the context with a device's last message, the newest behind the others."""
    others = {name: each for name, each in context.devices.items() if name != device}
    while len(others) >= MANY:
        del others[next(iter(others))]
    others[device] = last
    return Context(others)


def _body(payload: bytes) -> dict[str, Any]:
    """Return the fields of a body: JSON, a form (`a=1&b=2`) or text (`a: 1`, one a line)."""
    said = text(payload).strip()
    if found := VARIABLE.findall(unquote_plus(said) if "%" in said else said):
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
    if type(device) is str and DEVICE.fullmatch(said := device.strip()):
        return said.upper()
    msg = f"device is {shown(device)}, not up to 8 hexadecimal digits as text"
    if is_absent(device):
        msg = "device is missing: write it into the callback's body"
    raise PayloadError(msg)


class Callback:
    """Takes the fields of one body; numbers and booleans arrive as text."""

    __slots__ = ("body", "data", "measured", "rejected", "samples", "sequence")

    def __init__(self, body: dict[str, Any]) -> None:
        """Start with the body."""
        self.body = body
        self.rejected: dict[str, str] = {}
        self.samples: list[Sample] = []
        self.data = ""
        self.measured: int | None = None
        self.sequence: float | None = None

    def read(self) -> None:
        """Read every field that Sigfox defines; the base station's place is not the device's."""
        body = self.body
        seconds = self._number("time", body)
        self.measured = live(epoch_seconds(seconds)) if seconds is not None else None
        self.sequence = self._number("seqNumber", body)
        if self.sequence is not None and (self.sequence < 0 or self.sequence % 1):
            self.rejected["seqNumber"] = f"{shown(self.sequence)} is no whole number from 0 on"
            self.sequence = None
        self._data()
        self._words()
        self._radio()

    def _number(self, key: str, body: dict[str, Any], place: int | None = None) -> float | None:
        """Return a number of a body, or of the base station at a place; None where it is absent or none."""
        value = body.get(key, MISSING)
        if type(value) is float or value is MISSING:
            return value if value is not MISSING else None
        try:
            return number(value)
        except PayloadError as error:
            self.rejected[key if place is None else f"duplicates[{place}].{key}"] = str(error)
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
            self.data = data.lower()

    def _words(self) -> None:
        if "ack" in self.body:
            try:
                boolean(self.body["ack"])
            except PayloadError as error:
                self.rejected["ack"] = str(error)
        quality = self.body.get("lqi", "NA")
        if type(quality) is not str or (quality not in QUALITIES and quality.upper() not in QUALITIES):
            self.rejected["lqi"] = f"{shown(quality)} is none of {', '.join(sorted(QUALITIES))}"
        if "computedLocation" in self.body:
            self.rejected["computedLocation"] = "a position is personal data: it is not kept"

    def _radio(self) -> None:
        """Give the signal of the base station that heard best, where several are listed."""
        body, heard = self.body, dict[str, float]()
        for key, channel in RADIO.items():
            if key in body:
                try:
                    heard[channel] = number(body[key])
                except PayloadError as error:
                    self.rejected[key] = str(error)
        if "duplicates" in body:
            self._duplicates(body["duplicates"], heard)
        self.samples = [Sample(channel, value, None, self.measured) for channel, value in heard.items()]

    def _duplicates(self, listed: object, heard: dict[str, float]) -> None:
        if not isinstance(listed, list):
            self.rejected["duplicates"] = f"{shown(listed)} is no list of base stations"
            return
        best = (heard.get("rssi", WORST), heard.get("snr", WORST))
        for place, each in enumerate(listed):
            if type(each) is not dict:
                self.rejected[f"duplicates[{place}]"] = f"{shown(each)} is no base station"
                continue
            level, ratio = self._number("rssi", each, place), self._number("snr", each, place)
            this = (WORST if level is None else level, WORST if ratio is None else ratio)
            if this > best:
                if level is not None:
                    heard["rssi"] = level
                if ratio is not None:
                    heard["snr"] = ratio
                best = (heard.get("rssi", WORST), heard.get("snr", WORST))


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
