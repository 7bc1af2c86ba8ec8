"""OwnTracks: where a phone is, how fast and how charged. Personal: kept only where the setting `personal` is on.

Names of Wi-Fi networks (`SSID`, `BSSID`) are read by nobody here.
"""

from typing import Any

from hub.driver import Channel, Decoded, Driver, Event, Example, Sample
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message
from hub.payload import epoch_seconds, json_object, number, shown
from hub.units import Unit

ROOT = "owntracks"
COMMANDS = "cmd"
HOUSEKEEPING = {
    "waypoint",
    "waypoints",
    "status",
    "card",
    "configuration",
    "beacon",
    "dump",
    "steps",
    "request",
    "tour",
    "tours",
}
"""Types that are understood and hold no measure."""
REQUIRED = ("lat", "lon", "tst")
MEASURES = {
    "lat": ("latitude", 1.0),
    "lon": ("longitude", 1.0),
    "vel": ("speed", 1.0),
    "p": ("pressure", 10.0),  # kPa
    "acc": ("accuracy", 1.0),
    "alt": ("altitude", 1.0),
    "vac": ("vertical_accuracy", 1.0),
    "cog": ("course", 1.0),
    "batt": ("battery", 1.0),
    "bs": ("battery_status", 1.0),
}
"""Key → channel, factor into its unit; what is zero the app leaves out, and what is left out is no reading."""


def decode(message: Message, context: None) -> tuple[Decoded, None]:
    """Decode one message of the app."""
    user, device, *rest = [*message.topic.split("/")[1:], "", ""][:3]
    if rest == [COMMANDS]:
        return Decoded(Kind.COMMAND, _uid(user, device)), context
    body = json_object(message.payload)
    if not (user and device):  # the HTTP mode: the same JSON says where it would have been published
        user, device = [*_text(body.get("topic")).removeprefix(f"{ROOT}/").split("/"), ""][:2]
    uid = _uid(user, device)
    kind = body.get("_type")
    if kind == "location":
        return _location(uid, body), context
    if kind == "lwt":
        return Decoded(Kind.AVAILABILITY, uid, availability=Availability.OFFLINE), context
    if kind == "transition":
        words = (_text(body.get("event")), _text(body.get("desc")))
        event = Event("transition", " ".join(each for each in words if each), _time(body))
        return Decoded(Kind.HOUSEKEEPING, uid, events=(event,)), context
    if kind == "cmd":
        return Decoded(Kind.COMMAND, uid), context
    if isinstance(kind, str) and kind in HOUSEKEEPING:
        return Decoded(Kind.HOUSEKEEPING, uid), context
    msg = (
        "encrypted: it cannot be read; the hub has no key of the app"
        if kind == "encrypted"
        else f"_type is {shown(kind)}: no message of OwnTracks"
    )
    raise PayloadError(msg)


def _uid(user: str, device: str) -> str:
    if not user.strip() or not device.strip():
        msg = f"no device named: the topic is {ROOT}/user/device"
        raise PayloadError(msg)
    return f"owntracks:{user}/{device}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(body: dict[str, Any]) -> int | None:
    """Return the time of the measure (`created_at` is only when the message was written)."""
    try:
        return epoch_seconds(number(body.get("tst")))
    except PayloadError:
        return None


def _location(uid: str, body: dict[str, Any]) -> Decoded:
    for key in REQUIRED:
        try:
            number(body.get(key))
        except PayloadError as error:
            msg = f"{key}: {error if key in body else 'missing'}; a location needs {', '.join(REQUIRED)}"
            raise PayloadError(msg) from None
    measured = _time(body)
    samples, rejected = [], {}
    for key, (channel, factor) in MEASURES.items():
        if key not in body:
            continue
        try:
            value = number(body[key])
        except PayloadError as error:
            rejected[key] = str(error)
            continue
        samples.append(Sample(channel, value if factor == 1.0 else float(f"{value * factor:.12g}"), None, measured))
    return Decoded(Kind.READINGS, uid, tuple(samples), rejected=rejected)


HERE = f"{ROOT}/van7/phone"

DRIVER = Driver(
    model="owntracks",
    family="owntracks",
    title="OwnTracks",
    source="https://owntracks.org/booklet/tech/json/; wire_formats.md §16",
    topics=(f"{ROOT}/#",),
    personal=True,
    decode=decode,
    channels=(
        Channel(name="latitude", unit=Unit.DEGREE, low=-90, high=90),
        Channel(name="longitude", unit=Unit.DEGREE, low=-180, high=180),
        Channel(name="speed", unit=Unit.KILOMETRE_PER_HOUR, low=0, high=1200),
        Channel(name="altitude", unit=Unit.METRE, low=-500, high=15_000),
        Channel(name="course", unit=Unit.DEGREE, low=0, high=360),
        Channel(name="pressure", unit=Unit.HECTOPASCAL, low=300, high=1200),
        Channel(name="accuracy", unit=Unit.METRE, low=0, high=100_000, health=True),
        Channel(name="vertical_accuracy", unit=Unit.METRE, low=0, high=100_000, health=True),
        Channel(name="battery", unit=Unit.PERCENT, low=0, high=100, health=True),
        Channel(name="battery_status", unit=None, low=0, high=3, health=True),
    ),
    examples=(
        Example.gives(
            HERE,
            '{"_type":"location","lat":47.4784,"lon":-0.5632,"tst":1753430400,"acc":12,"batt":81,"vel":42,"p":100.9,'
            '"conn":"m","tid":"v7"}',
            latitude=47.4784,
            longitude=-0.5632,
            speed=42,
            pressure=1009,
            accuracy=12,
            battery=81,
        ),
        Example.gives(
            HERE,
            '{"_type":"location","lat":47,"lon":0,"tst":1753430400,"alt":31,"vac":4,"cog":270,"bs":2,"SSID":"home"}',
            latitude=47,
            longitude=0,
            altitude=31,
            vertical_accuracy=4,
            course=270,
            battery_status=2,
        ),
        Example(
            topic=HERE,
            payload=b'{"_type":"lwt","tst":1753430400}',
            device="owntracks:van7/phone",
            kind=Kind.AVAILABILITY,
            availability=Availability.OFFLINE,
        ),
        Example(
            topic=f"{HERE}/event",
            payload=b'{"_type":"transition","event":"enter","desc":"depot","tst":1753430400,"lat":47.4,"lon":-0.5}',
            device="owntracks:van7/phone",
            kind=Kind.HOUSEKEEPING,
        ),
        Example(topic=f"{HERE}/cmd", payload=b'{"_type":"cmd","action":"reportLocation"}', kind=Kind.COMMAND),
        Example.refused(HERE, '{"_type":"encrypted","data":"TvPPdkFF"}', because="encrypted: it cannot be read"),
        Example.refused(HERE, '{"_type":"location","lat":47.4784,"lon":-0.5632}', because="tst: missing"),
        Example.refused(HERE, '{"lat":47.4784}', because="_type is null"),
    ),
)
