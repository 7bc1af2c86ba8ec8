"""ChirpStack v4: uplinks and status of LoRaWAN devices, decoded by its codec or by a chosen payload format."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct, structs

from hub.driver import (
    DAY_AND_AN_HOUR,
    Announced,
    Channel,
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
    eui_alias,
    output,
    settable,
)
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message, Stage
from hub.payload import boolean, json_object, shaped, shown
from hub.units import Unit

TOPIC = re.compile(r"application/[^/]+/device/(?P<device>[^/]*)/(?P<what>event|command)/(?P<name>[^/]+)")
EVENTS = {"up", "status", "join", "ack", "txack", "log", "location", "integration"}
VERSION_3 = {"applicationID", "devEUI", "objectJSON", "applicationName"}
"""Keys at the root of the events of version 3; in version 4 `deviceInfo` holds what they said."""
NO_LEVEL = {
    "batteryLevelUnavailable": "the device says that its level is unavailable",
    "externalPowerSource": "on external power: the level means nothing",
}


@lru_cache(maxsize=32_768)
def address(topic: str) -> tuple[str, str, str] | None:
    """Return DevEUI, `event` or `command`, and its name."""
    match = TOPIC.fullmatch(topic)
    return (match["device"].lower(), match["what"], match["name"]) if match else None


def claims(topic: str) -> bool:
    """Recognise events and commands of a device."""
    return address.__wrapped__(topic) is not None


def scope(topic: str) -> str:
    """Return the device: its frames are numbered by itself."""
    found = address(topic)
    return found[0] if found else ""


def decode(message: Message, context: Counted) -> tuple[Decoded, Counted]:
    """Decode an event, or a command passing by."""
    found = address(message.topic)
    if found is None:
        msg = f"{shown(message.topic)} is no topic of ChirpStack"
        raise PayloadError(msg)
    eui, what, name = found
    if not eui:
        msg = f"{shown(message.topic)} names no device"
        raise PayloadError(msg)
    device, aliases = f"chirpstack:{eui}", eui_alias(eui)
    if what == "command":
        return Decoded(Kind.COMMAND, device), context
    if name not in EVENTS:
        msg = f"{shown(name)} is no event of ChirpStack 4"
        raise PayloadError(msg)
    if name == "up" and (usual := shaped(message.payload, USUAL)) is not None:
        return _usual(usual, device, aliases, context)
    body = json_object(message.payload)
    if "deviceInfo" not in body and VERSION_3 & body.keys():
        msg = "an event of ChirpStack version 3: only version 4 is read; update the server"
        raise PayloadError(msg)
    if name == "up":
        return _up(body, device, aliases, context)
    if name == "status":
        return _status(body, device, aliases), context
    return Decoded(Kind.HOUSEKEEPING, device, aliases=aliases, progress=_progress(name, body)), context


def _progress(event: str, body: dict[str, Any]) -> Progress | None:
    """Return how far a downlink is: on its way through a gateway, acknowledged, or given up; None: not said."""
    item = body.get("queueItemId")
    if event == "log":
        about = body.get("context")
        item = about.get("queue_item_id") if isinstance(about, dict) and body.get("level") == "ERROR" else None
    if not isinstance(item, str) or not item:
        return None
    reason = body.get("description")
    if event == "log":
        return Progress(item, Stage.FAILED, reason if isinstance(reason, str) else "")
    if event == "ack" and body.get("acknowledged") is not True:
        return Progress(item, Stage.FAILED, "the device did not acknowledge it")
    stage = {"txack": Stage.TRANSMITTED, "ack": Stage.ACKNOWLEDGED}.get(event)
    return None if stage is None else Progress(item, stage)


def command(target: Target, wanted: Command) -> Order:
    """Queue a confirmed downlink, which the codec of the device encodes; the device's next uplinks prove it."""
    is_digital, number, value = output(wanted)
    root, _, _ = target.topic.rpartition("/event/")
    down: dict[str, object] = {"devEui": root.rpartition("/")[2], "confirmed": CONFIRMED, "fPort": ACTUATORS}
    if wanted.id:
        down["id"] = wanted.id
    name = "digitalOutput" if is_digital else "analogOutput"
    down["object"] = {name: {str(number): int(value) if is_digital else value}}
    return Order(
        messages=((f"{root}/command/down", msgspec.json.encode(down)),),
        channel=wanted.channel,
        value=value,
        tolerance=0.005,
        within=NEXT_UPLINKS,
    )


def _up(body: dict[str, Any], device: str, aliases: tuple[str, ...], context: Counted) -> tuple[Decoded, Counted]:
    uplink = Uplink()
    after = uplink.count("fCnt", body.get("fCnt", 0), context)
    uplink.time(("time", body.get("time")))
    uplink.signal("rxInfo", body.get("rxInfo"))
    is_read = uplink.read("object", body.get("object"))
    if not is_read:
        uplink.keep("data", body.get("data"))
    decoded = uplink.decoded(device, aliases, is_read=is_read)
    info = body.get("deviceInfo")
    name = info.get("deviceName") if isinstance(info, dict) else None
    return _named(decoded, name if isinstance(name, str) else ""), after


class Info(Struct, gc=False):
    """`deviceInfo`."""

    deviceName: str = ""  # noqa: N815 — as on the wire


class Up(Struct, gc=False):
    """An uplink of the usual shape; any other is taken apart member by member."""

    deviceInfo: Info  # noqa: N815 — as on the wire
    time: str | None = None
    fCnt: int = 0  # noqa: N815 — as on the wire
    rxInfo: list[Heard] = []  # noqa: N815 — as on the wire
    object: dict[str, Any] | None = None
    data: str | None = None


USUAL = msgspec.json.Decoder(Up)


def _usual(up: Up, device: str, aliases: tuple[str, ...], context: Counted) -> tuple[Decoded, Counted]:
    """Decode an uplink of the usual shape."""
    uplink = Uplink()
    after = uplink.count("fCnt", up.fCnt, context)
    uplink.time(("time", up.time))
    uplink.best(up.rxInfo)
    is_read = uplink.read("object", up.object)
    if not is_read:
        uplink.keep("data", up.data)
    return _named(uplink.decoded(device, aliases, is_read=is_read), up.deviceInfo.deviceName), after


def _named(decoded: Decoded, name: str) -> Decoded:
    """Return a message with the name that the network's user gave the device."""
    return structs.replace(decoded, announces=(Announced(decoded.device, name=name),)) if name.strip() else decoded


def _status(body: dict[str, Any], device: str, aliases: tuple[str, ...]) -> Decoded:
    """Decode link margin and battery level, unless the device says that the level means nothing."""
    uplink = Uplink()
    uplink.time(("time", body.get("time")))
    if (margin := body.get("margin")) is not None and (found := uplink.number("margin", margin)) is not None:
        uplink.health["margin"] = found
    if "batteryLevel" in body:
        reason = next((why for key, why in NO_LEVEL.items() if key in body and _is_true(body[key])), None)
        if reason is not None:
            uplink.rejected["batteryLevel"] = reason
        elif (level := uplink.number("batteryLevel", body["batteryLevel"])) is not None:
            uplink.health["battery"] = level
    return uplink.decoded(device, aliases, is_read=False)


def _is_true(flag: object) -> bool:
    """Tell whether a flag is set; what is no flag says nothing good of the level either."""
    try:
        return boolean(flag) == 1
    except PayloadError:
        return flag is not None


DEVICE = "application/17c82e96-be03-4f38-aef3-f83d48582d97/device/0101010101010101"
UP, STATUS = f"{DEVICE}/event/up", f"{DEVICE}/event/status"
HEAD = (
    '"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2022-07-18T09:34:15.775023242+00:00",'
    '"deviceInfo":{"applicationName":"Test application","deviceName":"Test device","devEui":"0101010101010101"}'
)
HEARD = (
    '"rxInfo":[{"gatewayId":"0016c001f153a14d","rssi":-101,"snr":-3.5},{"gatewayId":"0016c001f153a14c","rssi":-36,"snr":10.5}],'
    '"txInfo":{"frequency":867100000}'
)


def _event(rest: str) -> str:
    return f"{{{HEAD},{rest}}}"


DRIVER = Driver(
    model="chirpstack",
    family="chirpstack",
    title="ChirpStack 4 (LoRaWAN)",
    source="https://www.chirpstack.io/docs/chirpstack/integrations/events.html; wire_formats.md §10",
    topics=("application/+/device/+/event/+", "application/+/device/+/command/+"),
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
            before=((UP, _event('"object":{"digitalOutput":{"6":0}}').encode()),),
            channel="digital_out_6",
            value=1,
            sends=(
                (
                    f"{DEVICE}/command/down",
                    b'{"devEui":"0101010101010101","confirmed":true,"fPort":99,"object":{"digitalOutput":{"6":1}}}',
                ),
            ),
            report=(UP, _event('"object":{"digitalOutput":{"6":1}}').encode()),
        ),
        Commanding(
            before=((UP, _event('"object":{"analogOutput":{"8":0}}').encode()),),
            channel="analog_out_8",
            value=2.25,
            sends=(
                (
                    f"{DEVICE}/command/down",
                    b'{"devEui":"0101010101010101","confirmed":true,"fPort":99,"object":{"analogOutput":{"8":2.25}}}',
                ),
            ),
            report=(UP, _event('"object":{"analogOutput":{"8":2.25}}').encode()),
        ),
    ),
    channels=(*CHANNELS, Channel(name="margin", unit=Unit.DECIBEL, low=-32, high=31, health=True)),
    examples=(
        Example.gives(UP, _event(f'"dr":1,"fPort":1,"data":"qg==",{HEARD}'), rssi=-36, snr=10.5),
        Example.gives(
            UP,
            _event(
                '"fPort":1,"data":"AWcA6w==","object":{"temperatureSensor":{"1":23.5},"humiditySensor":{"1":50.5},'
                '"barometer":{"2":1013.2},"illuminanceSensor":{"3":300},"presenceSensor":{"4":0},"digitalInput":{"5":1},'
                '"digitalOutput":{"6":0},"analogInput":{"7":-1.5},"analogOutput":{"8":2.25},"accelerometer":{"9":{"x":0,'
                '"y":-1,"z":1.5}},"gyrometer":{"10":{"x":1,"y":2,"z":3}},"gpsLocation":{"11":{"latitude":47.4784,'
                f'"longitude":-0.5632,"altitude":20}}}}}},{HEARD}'
            ),
            temperature_1=23.5,
            humidity_1=50.5,
            pressure_2=1013.2,
            illuminance_3=300,
            presence_4=0,
            digital_in_5=1,
            digital_out_6=0,
            analog_in_7=-1.5,
            analog_out_8=2.25,
            acceleration_9_x=0,
            acceleration_9_y=-1,
            acceleration_9_z=1.5,
            angular_rate_10_x=1,
            angular_rate_10_y=2,
            angular_rate_10_z=3,
            latitude_11=47.4784,
            longitude_11=-0.5632,
            altitude_11=20,
            rssi=-36,
            snr=10.5,
        ),
        Example.gives(
            UP,
            _event('"object":{"temperature":21.5,"probes":[{"depth":10},{"depth":20}],"alarm":false},"rxInfo":[]'),
            temperature=21.5,
            probes_1_depth=10,
            probes_2_depth=20,
            alarm=0,
        ),
        Example(
            topic=UP,
            payload=_event('"data":"qg==","object":null').encode(),
            device="chirpstack:0101010101010101",
            kind=Kind.AVAILABILITY,
            availability=Availability.ONLINE,
        ),
        Example.gives(STATUS, _event('"margin":14,"batteryLevel":75.5'), margin=14, battery=75.5),
        Example(
            topic=STATUS,
            payload=_event('"margin":-3,"externalPowerSource":true,"batteryLevel":0').encode(),
            kind=Kind.READINGS,
            values={"margin": -3},
            rejected=("batteryLevel",),
        ),
        Example(
            topic=f"{DEVICE}/event/ack",
            payload=_event('"queueItemId":"b1f6b7d1-2f6b-4b5c-9d39-5f8a7f3a1f10","acknowledged":true').encode(),
            kind=Kind.HOUSEKEEPING,
        ),
        Example(topic=f"{DEVICE}/event/join", payload=_event('"devAddr":"00189440"').encode(), kind=Kind.HOUSEKEEPING),
        Example(
            topic=f"{DEVICE}/command/down",
            payload=b'{"devEui":"0101010101010101","confirmed":true,"fPort":10,"data":"qg=="}',
            kind=Kind.COMMAND,
        ),
        Example.refused(
            UP,
            '{"applicationID":"1","deviceName":"x","devEUI":"AQEBAQEBAQE=","data":"qg==","objectJSON":"{}"}',
            because="version 3",
        ),
        Example.refused(UP, b"\x0a\x24\xff", because="not UTF-8"),
        Example.refused(UP, _event('"object":{"temperatureSensor":{"1":null}}'), because="object.temperatureSensor.1"),
        Example.refused(f"{DEVICE}/event/error", "{}", because="no event"),
    ),
)
