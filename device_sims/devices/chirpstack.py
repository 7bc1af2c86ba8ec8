"""A LoRaWAN device behind ChirpStack v4 (wire_formats.md §10).

Sources: https://www.chirpstack.io/docs/chirpstack/integrations/events.html (events; what is 0 or false is omitted, as
in the JSON mapping of Protocol Buffers), https://www.chirpstack.io/docs/chirpstack/integrations/mqtt.html (topics).

`application/sim-<UUID>/device/<DevEUI>/event/up|join|status|txack|ack`; obeys `command/down` with `data` or `object`.
ChirpStack's topic is a template (`event_topic` of its configuration), by default `application/{{application_id}}/…`
with a UUID; this one's begins the second level with `sim-`, so that every message says it is simulated. `join` comes
with the first uplink after it. QoS 0, as its configuration has it by default; nothing is retained and there is no will:
the server speaks, not the device.

Options besides those of `_lorawan`: `application` (`"sim-matinales"`: its name, from which the UUID follows),
`status_every` (24: a `status` event each so many uplinks; 0: none). Fields as in `_lorawan`, with ChirpStack's words;
besides, of `status`: `batteryLevel` [%] and `margin` [dB]. For instance

    kind = "chirpstack"
    channels.weight.field = "analogInput.1"                            # {"analogInput": {"1": 34.5}}

    options = { payload = "object", keys.pulses = { factor = 1, decimals = 0 } }
    channels.index.field = "pulses"                                    # {"pulses": 412350}
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, _cayenne, options_of
from device_sims.devices._address import local_address
from device_sims.devices._lorawan import Downlink, Frame, Node, NodeOptions, base64_bytes, chance, stamp
from device_sims.errors import SimulationError

CLOCK = False
BATTERY, MARGIN = "batteryLevel", "margin"
FREQUENCIES_HZ = (868_100_000, 868_300_000, 868_500_000)
POWER_DBM = 14
MOST_QUEUED = 100
HOME = uuid5(NAMESPACE_DNS, "sim.matinales.invalid")
OUTPUTS = {"digitalOutput", "analogOutput"}


class Options(NodeOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scenario may say."""

    application: str = "sim-matinales"
    status_every: int = 24


class Command(Struct):
    """The body of `command/down`."""

    dev_eui: str = msgspec.field(name="devEui", default="")
    f_port: int = msgspec.field(name="fPort", default=0)
    confirmed: bool = False
    data: str = ""
    object: dict[str, Any] | None = None
    id: str = ""


class ServedDevice:
    """A device called `name`."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics."""
        self.node = Node(name, fields, options, _cayenne.BY_OTHER, health=(BATTERY, MARGIN))
        self.options = options
        self._has_status = any(each["field"] in {BATTERY, MARGIN} for each in fields.values())
        self._application = uuid5(HOME, options.application)
        self.topic = f"application/sim-{self._application}/device/{self.node.eui}"
        self.uid = f"chirpstack:{self.node.eui}"
        self.filters = (f"{self.topic}/#",)
        self.commands = (f"{self.topic}/command/down",)
        self.retained: tuple[str, ...] = ()
        self.bridged = True
        self.will = None
        self.qos = 0
        self._joined = False
        self._is_heard = False
        self._commands = 0

    def birth(self, view: View) -> list[Packet]:
        """Join where it must; the server says it with the first uplink."""
        self._joined = self.node.born(view) or self._joined
        return []

    def report(self, view: View) -> list[Packet]:
        """Send an uplink, what it acknowledges, and the device's status now and then."""
        frame = self.node.uplink(view)
        self._is_heard = frame is not None
        if frame is None:
            return []
        said = [self._event(view, "join", {"devAddr": self._address})] if self._joined else []
        self._joined = False
        said.append(self._event(view, "up", self._uplink(frame)))
        if (down := self.node.acknowledge()) is not None:
            outcome = {"queueItemId": down.label[0], "acknowledged": True, "fCntDown": self.node.down_count}
            said.append(self._event(view, "ack", outcome))
        return [*said, *self._status(view)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Send an uplink at once."""
        del channels
        return self.report(view)

    def window(self, view: View) -> Reply:
        """Take the next downlink of the queue after an uplink."""
        return self._deliver(view) if self._is_heard else Reply()

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Queue a downlink; a device of class C hears it at once. One for another device, or unreadable, is dropped."""
        del topic
        try:
            wanted = msgspec.json.decode(payload, type=Command)
        except msgspec.MsgspecError:
            return Reply()
        if wanted.dev_eui.lower() != self.node.eui or wanted.f_port <= 0 or len(self.node.queue) >= MOST_QUEUED:
            return Reply()
        self._commands += 1
        item = wanted.id or str(uuid5(HOME, f"{self.node.name}/{self._commands}"))
        data = base64_bytes(wanted.data) or b""
        orders = self._ordered(wanted.object) if wanted.object else self.node.ordered(data)
        self.node.queue.append(Downlink(wanted.f_port, data, wanted.confirmed, orders, (item,)))
        return Reply() if self.options.device_class == "A" else self._deliver(view)

    def _ordered(self, wanted: Mapping[str, object]) -> dict[str, float]:
        """Return what an object orders, by the device's codec: that of Cayenne LPP takes a value by channel."""
        if self.options.payload == "object":
            return self.node.ordered_by_key(wanted)
        frame = b"".join(
            _cayenne.order(int(channel) & _cayenne.MOST_CHANNEL, value)
            for word, values in wanted.items()
            if word in OUTPUTS and isinstance(values, dict)
            for channel, value in values.items()
            if channel.isascii() and channel.isdigit() and isinstance(value, int | float)
        )
        return self.node.ordered(frame)

    def _deliver(self, view: View) -> Reply:
        down = self.node.deliver()
        if down is None:
            return Reply()
        said = {
            "downlinkId": self._number("downlink"),
            "queueItemId": down.label[0],
            "fCntDown": self.node.down_count,
            "gatewayId": self._gateway,
            "txInfo": {**self._radio(polarizationInversion=True), "power": POWER_DBM},
        }
        return Reply((self._event(view, "txack", said, named=False),), down.orders)

    # the server's words

    @property
    def _address(self) -> str:
        return f"00{self.node.session.hex()}"

    @property
    def _gateway(self) -> str:
        return local_address(self.options.gateway).hex()

    def _number(self, what: str) -> int:
        return int(chance(self.node, what) * 2**32)

    def _event(self, view: View, word: str, body: Mapping[str, object], *, named: bool = True) -> Packet:
        luck = chance(self.node, word)
        frame = f"{self.node.name}/{self.node.joins}/{self.node.count}/{word}/{self._commands}"
        said = {
            **({"deduplicationId": str(uuid5(HOME, frame))} if named else {}),
            "time": f"{stamp(view.now.instant, 0.2 * luck, int(1e9 * luck))}+00:00",
            "deviceInfo": self._info(),
            **_without_zero(body),
        }
        return Packet(f"{self.topic}/event/{word}", msgspec.json.encode(said))

    def _info(self) -> dict[str, object]:
        return {
            "tenantId": _uuid("tenant"),
            "tenantName": "sim",
            "applicationId": str(self._application),
            "applicationName": self.options.application,
            "deviceProfileId": _uuid(f"class {self.options.device_class}"),
            "deviceProfileName": f"sim class {self.options.device_class}",
            "deviceName": self.node.name,
            "devEui": self.node.eui,
            "deviceClassEnabled": f"CLASS_{self.options.device_class}",
            "tags": {},
        }

    def _uplink(self, frame: Frame) -> dict[str, object]:
        said: dict[str, object] = {
            "devAddr": self._address,
            "dr": self.node.data_rate,
            "fCnt": frame.number,
            "fPort": self.options.port,
            "data": b64encode(frame.data).decode(),
        }
        if self.options.decoded:
            said["object"] = self._object(frame)
        heard = {
            "gatewayId": self._gateway,
            "uplinkId": self._number("uplink"),
            "rssi": round(frame.rssi),
            "snr": frame.snr,
            "metadata": {"region_common_name": "EU868", "region_config_id": "eu868"},
            "crcStatus": "CRC_OK",
        }
        return {**said, "rxInfo": [_without_zero(heard)], "txInfo": self._radio()}

    def _radio(self, **more: bool) -> dict[str, object]:
        lora = {
            "bandwidth": 125_000,
            "spreadingFactor": self.options.spreading_factor,
            "codeRate": "CR_4_5",
            **more,
        }
        return {"frequency": FREQUENCIES_HZ[self.node.count % len(FREQUENCIES_HZ)], "modulation": {"lora": lora}}

    @staticmethod
    def _object(frame: Frame) -> dict[str, Any]:
        if not frame.records:
            return {key: float(value) for key, value in frame.content.items()}
        found: dict[str, Any] = {}
        for record in frame.records:
            parts = record.kind.parts
            values = record.values
            whole = values[0] if len(parts) == 1 else dict(zip(parts, values, strict=True))
            found.setdefault(record.kind.other, {})[str(record.channel)] = whole
        return found

    def _status(self, view: View) -> list[Packet]:
        every = self.options.status_every
        if not self._has_status or not every or self.node.count % every:
            return []
        level, margin = self.node.health(view, BATTERY), self.node.health(view, MARGIN, 0.0)
        said: dict[str, object] = {"margin": round(margin or 0.0)}
        # the device answers with 1 to 254 for its battery, and 255 where it cannot tell
        said |= (
            {"batteryLevelUnavailable": True}
            if level is None
            else {BATTERY: round(max(round(level * 2.54), 1) / 2.54, 2)}
        )
        return [self._event(view, "status", said)]


def _uuid(what: str) -> str:
    return str(uuid5(HOME, what))


def _without_zero(said: Mapping[str, object]) -> dict[str, object]:
    """Return a message as the JSON mapping of Protocol Buffers prints it: what has its default value is not there."""
    return {key: value for key, value in said.items() if value or isinstance(value, dict)}


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> ServedDevice:
    """Return a device.

    Raises:
        SimulationError: a field that makes no frame, or an option out of range.
    """
    wanted = options_of(Options, options)
    if wanted.status_every < 0:
        msg = f"status_every is {wanted.status_every}: uplinks between two status events, 0 for none"
        raise SimulationError(msg)
    return ServedDevice(name, fields, wanted)
