"""The Things Stack v3: uplinks of LoRaWAN devices, decoded by the network's formatter or by a chosen payload format."""

import re
from base64 import b64encode
from functools import lru_cache
from struct import Struct as Layout
from typing import Any

import msgspec
from msgspec import Struct, structs

from hub.driver import (
    DAY_AND_AN_HOUR,
    Announced,
    Command,
    Commanding,
    Decoded,
    Driver,
    Example,
    Order,
    Progress,
    Target,
)
from hub.drivers._lorawan import (
    ACTUATORS,
    CHANNELS,
    CONFIRMED,
    NEXT_UPLINKS,
    Counted,
    Heard,
    Uplink,
    actuator,
    eui_alias,
    output,
    settable,
)
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Stage
from hub.payload import json_object, shaped, shown

TOPIC = re.compile(
    r"v3/(?P<application>[^/]*)/devices/(?P<device>[^/]*)/"
    r"(?P<event>up|join|down/(?:push|replace|queued|sent|ack|nack|failed)|service/data|location/solved)"
)
COMMANDS = {"down/push", "down/replace"}
STAGES = {
    "down/queued": Stage.QUEUED,
    "down/sent": Stage.TRANSMITTED,
    "down/ack": Stage.ACKNOWLEDGED,
    "down/failed": Stage.FAILED,
}
"""Events of a downlink; after a `nack` the network sends it again by itself."""
OURS = "matinales:"
"""Begins the correlation id by which the network names a downlink of ours in its events."""
FLOAT32 = Layout("<f")
FLOAT32_DIGITS = range(6, 10)
"""Nine digits tell any two 32-bit floats apart."""
SHORT = 12
"""Characters of a number that nobody made longer by widening it."""


@lru_cache(maxsize=32_768)
def address(topic: str) -> tuple[str, str] | None:
    """Return uid and event of a topic."""
    match = TOPIC.fullmatch(topic)
    return (f"tts:{match['application']}:{match['device']}", match["event"]) if match else None


def claims(topic: str) -> bool:
    """Recognise the events of a device."""
    return address.__wrapped__(topic) is not None


@lru_cache(maxsize=8192)
def shortest(value: float) -> float:
    """Return the shortest decimal of a value that is exactly a 32-bit float: 27.200000762939453 → 27.2.

    The network's Cayenne formatter computes in 32 bits and writes 64: the digits behind were never measured. A value
    that no 32-bit float holds stays as it is.
    """
    if len(repr(value)) <= SHORT or abs(value) > 1e38:  # noqa: PLR2004 — the largest 32-bit float is 3.4e38
        return value
    if FLOAT32.unpack(FLOAT32.pack(value))[0] == value:
        for digits in FLOAT32_DIGITS:
            shorter = float(f"{value:.{digits}g}")
            if FLOAT32.unpack(FLOAT32.pack(shorter))[0] == value:
                return shorter
    return value


def scope(topic: str) -> str:
    """Return the device: its frames are numbered by itself."""
    found = address(topic)
    return found[0] if found else ""


def decode(message: Message, context: Counted) -> tuple[Decoded, Counted]:
    """Decode an uplink; the rest is housekeeping or a command passing by."""
    found = address(message.topic)
    if found is None:
        msg = f"{shown(message.topic)} is no topic of The Things Stack"
        raise PayloadError(msg)
    device, event = found
    if device.startswith("tts::") or device.endswith(":"):
        msg = f"{shown(message.topic)} names no device"
        raise PayloadError(msg)
    if event in COMMANDS:
        return Decoded(Kind.COMMAND, device), context
    if event in STAGES:
        return Decoded(Kind.HOUSEKEEPING, device, progress=_progress(event, message.payload)), context
    if event != "up":
        return Decoded(Kind.HOUSEKEEPING, device), context
    if (up := shaped(message.payload, USUAL)) is not None:
        return _usual(device, up, context)
    body = json_object(message.payload)
    said = body.get("uplink_message")
    if type(said) is not dict:
        msg = f"uplink_message: an object is due here, not {shown(said)}"
        raise PayloadError(msg)
    uplink = Uplink()
    after = uplink.count("uplink_message.f_cnt", said.get("f_cnt", 0), context)
    uplink.time(("uplink_message.received_at", said.get("received_at")), ("received_at", body.get("received_at")))
    uplink.signal("rx_metadata", said.get("rx_metadata"))
    is_read = uplink.read("decoded_payload", said.get("decoded_payload"), shortest)
    if not is_read:
        uplink.keep("frm_payload", said.get("frm_payload"))
    simulated = body.get("simulated") is True
    decoded = uplink.decoded(device, _aliases(body.get("end_device_ids")), is_read=is_read, simulated=simulated)
    return _announced(decoded, said.get("version_ids")), after


class Said(Struct, gc=False):
    """`uplink_message` as nearly all are."""

    f_cnt: int = 0
    frm_payload: str | None = None
    decoded_payload: dict[str, Any] | None = None
    rx_metadata: list[Heard] = []
    received_at: str | None = None
    version_ids: dict[str, Any] | None = None


class Ids(Struct, gc=False):
    """`end_device_ids`."""

    dev_eui: str = ""


class Up(Struct, gc=False):
    """An uplink of the usual shape; any other is taken apart member by member."""

    uplink_message: Said
    end_device_ids: Ids | None = None
    received_at: str | None = None
    simulated: bool = False


USUAL = msgspec.json.Decoder(Up)


def _usual(device: str, up: Up, context: Counted) -> tuple[Decoded, Counted]:
    """Decode an uplink of the usual shape."""
    said, uplink = up.uplink_message, Uplink()
    after = uplink.count("uplink_message.f_cnt", said.f_cnt, context)
    uplink.time(("uplink_message.received_at", said.received_at), ("received_at", up.received_at))
    uplink.best(said.rx_metadata)
    is_read = uplink.read("decoded_payload", said.decoded_payload, shortest)
    if not is_read:
        uplink.keep("frm_payload", said.frm_payload)
    aliases = eui_alias(up.end_device_ids.dev_eui) if up.end_device_ids is not None else ()
    decoded = uplink.decoded(device, aliases, is_read=is_read, simulated=up.simulated)
    return _announced(decoded, said.version_ids), after


def _announced(decoded: Decoded, versions: object) -> Decoded:
    """Return a message with the firmware that `version_ids` states."""
    firmware = versions.get("firmware_version") if isinstance(versions, dict) else None
    if not isinstance(firmware, str) or not firmware:
        return decoded
    return structs.replace(decoded, announces=(Announced(decoded.device, firmware=firmware),))


def _progress(event: str, payload: bytes) -> Progress | None:
    """Return how far a downlink of ours is; None for somebody else's, or where the event does not say whose."""
    try:
        body = json_object(payload)
    except PayloadError:
        return None
    said = body.get(event.replace("down/", "downlink_"))
    inner: dict[str, Any] = said if isinstance(said, dict) else {}
    downlink = inner.get("downlink")
    places = (body, inner, downlink if isinstance(downlink, dict) else {})
    ids = [each for place in places for each in _texts(place.get("correlation_ids"))]
    command = next((each.removeprefix(OURS) for each in ids if each.startswith(OURS)), None)
    if command is None:
        return None
    error = inner.get("error")
    reason = error.get("message_format") or error.get("name") if isinstance(error, dict) else ""
    return Progress(command, STAGES[event], reason if isinstance(reason, str) else "")


def _texts(listed: object) -> list[str]:
    return [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []


def command(target: Target, wanted: Command) -> Order:
    """Queue a confirmed downlink; the device's next uplinks prove it."""
    _, _, value = output(wanted)
    down: dict[str, object] = {
        "f_port": ACTUATORS,
        "frm_payload": b64encode(actuator(wanted)).decode(),
        "confirmed": CONFIRMED,
        "priority": "NORMAL",
    }
    if wanted.id:
        down["correlation_ids"] = [f"{OURS}{wanted.id}"]
    root = "/".join(target.topic.split("/")[:4])
    return Order(
        messages=((f"{root}/down/push", msgspec.json.encode({"downlinks": [down]})),),
        channel=wanted.channel,
        value=value,
        tolerance=0.005,
        within=NEXT_UPLINKS,
    )


def _aliases(ids: object) -> tuple[str, ...]:
    eui = ids.get("dev_eui") if isinstance(ids, dict) else None
    return eui_alias(eui) if isinstance(eui, str) else ()


UP = "v3/app1@ttn/devices/cold-room/up"


def _up(uplink: str, head: str = "") -> str:
    return (
        '{"end_device_ids":{"device_id":"cold-room","application_ids":{"application_id":"app1"},"dev_eui":'
        f'"0004A30B001C0531"}},"received_at":"2025-07-25T08:00:00.514773143Z",{head}"uplink_message":{{{uplink}}}}}'
    )


HEARD = (
    '"rx_metadata":[{"gateway_ids":{"gateway_id":"gtw1"},"rssi":-87,"channel_rssi":-87,"snr":7.5},'
    '{"gateway_ids":{"gateway_id":"gtw2"},"rssi":-112,"snr":9}],"received_at":"2025-07-25T08:00:00.289585559Z"'
)
DRIVER = Driver(
    model="the-things-stack",
    family="tts",
    title="The Things Stack (LoRaWAN)",
    source="https://www.thethingsindustries.com/docs/integrations/data-formats/; wire_formats.md §9",
    topics=("v3/+/devices/+/#",),
    claims=claims,
    open_channels=True,
    believed=DAY_AND_AN_HOUR,
    decode=decode,
    scope=scope,
    context=Counted,
    settable=settable,
    command=command,
    commandings=(
        Commanding(
            before=((UP, _up('"decoded_payload":{"digital_out_3":0}').encode()),),
            channel="digital_out_3",
            value=1,
            sends=(
                (
                    "v3/app1@ttn/devices/cold-room/down/push",
                    b'{"downlinks":[{"f_port":99,"frm_payload":"AwBk/w==","confirmed":true,"priority":"NORMAL"}]}',
                ),
            ),
            report=(UP, _up('"decoded_payload":{"digital_out_3":1}').encode()),
        ),
    ),
    channels=CHANNELS,
    examples=(
        Example.gives(
            UP,
            _up(
                '"f_port":1,"f_cnt":42,"frm_payload":"A2cBEAVnAP8=","decoded_payload":'
                f'{{"temperature_3":27.200000762939453,"temperature_5":25.5}},{HEARD}'
            ),
            temperature_3=27.2,
            temperature_5=25.5,
            rssi=-87,
            snr=7.5,
        ),
        Example.gives(
            "v3/app1/devices/node-1/up",
            _up(
                '"decoded_payload":{"digital_in_1":1,"digital_out_2":0,"analog_in_3":-1.5,"analog_out_4":0.25,'
                '"luminosity_5":300,"presence_6":1,"relative_humidity_4":50.5,"barometric_pressure_0":1013.2000122070312,'
                '"accelerometer_8":{"x":1.234000,"y":-1,"z":0},"gyrometer_9":{"x":0.5,"y":0,"z":-0.5},'
                '"gps_7":{"latitude":47.47840118408203,"longitude":-0.5631999969482422,"altitude":20}}'
            ),
            digital_in_1=1,
            digital_out_2=0,
            analog_in_3=-1.5,
            analog_out_4=0.25,
            illuminance_5=300,
            presence_6=1,
            humidity_4=50.5,
            pressure_0=1013.2,
            acceleration_8_x=1.234,
            acceleration_8_y=-1,
            acceleration_8_z=0,
            angular_rate_9_x=0.5,
            angular_rate_9_y=0,
            angular_rate_9_z=-0.5,
            latitude_7=47.4784,
            longitude_7=-0.5632,
            altitude_7=20,
        ),
        Example.gives(
            UP,
            _up('"decoded_payload":{"temperature":-3.1,"battery":88,"door":false,"soil":{"depth 1":12.5},"note":"ok"}'),
            temperature=-3.1,
            battery=88,
            door=0,
            soil_depth_1=12.5,
        ),
        Example(
            topic=UP,
            payload=_up('"frm_payload":"A2cBEAVnAP8="').encode(),
            device="tts:app1@ttn:cold-room",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example(
            topic="v3/app1@ttn/devices/cold-room/down/queued",
            payload=b'{"correlation_ids":["as:downlink:01","matinales:8f14"],"downlink_queued":{"f_port":99}}',
            device="tts:app1@ttn:cold-room",
            kind=Kind.HOUSEKEEPING,
        ),
        Example(topic="v3/app1@ttn/devices/cold-room/join", payload=b"{}", kind=Kind.HOUSEKEEPING),
        Example(
            topic="v3/app1@ttn/devices/cold-room/down/push",
            payload=b'{"downlinks":[{"f_port":15,"frm_payload":"vu8=","priority":"NORMAL"}]}',
            kind=Kind.COMMAND,
        ),
        Example.refused(
            UP, '{"end_device_ids":{"device_id":"x"} "received_at":"2025-07-25T08:00:00Z"}', because="byte"
        ),
        Example.refused(UP, _up('"decoded_payload":{"temperature":null}'), because="decoded_payload.temperature"),
        Example.refused(UP, "[]", because="a JSON object is due"),
        Example.refused(UP, '{"received_at":"2025-07-25T08:00:00Z"}', because="uplink_message"),
    ),
)
