"""A LoRaWAN device behind The Things Stack v3 (wire_formats.md §9).

Sources: https://www.thethingsindustries.com/docs/integrations/data-formats/ (messages, "Empty fields are omitted"),
https://www.thethingsindustries.com/docs/integrations/other-integrations/mqtt/ (topics).

`v3/<application>@<tenant>/devices/<id>/up`, `/join`, `/down/queued|sent|ack`; obeys `/down/push` and `/down/replace`.
QoS 0, the only one that the server knows; nothing is retained and there is no will: the server speaks, not the device.
Its Cayenne formatter computes in 32 bits, so 27.2 is written 27.200000762939453.

Options besides those of `_lorawan`: `application` (`"sim-matinales"`, contains `sim`), `tenant` (`"ttn"`; `""` for an
open-source server). Fields as in `_lorawan`; for instance

    kind = "tts"
    options = { decoded = false }                                      # frm_payload alone
    channels.velocity.field = "analog_in_1"

    options = { payload = "object", keys.distance_mm = { factor = 1000, decimals = 0 } }
    channels.distance.field = "distance_mm"                            # {"distance_mm": 2150}
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, _cayenne, options_of
from device_sims.devices._address import local_address
from device_sims.devices._lorawan import Downlink, Frame, Node, NodeOptions, base64_bytes, chance, stamp
from device_sims.errors import SimulationError

CLOCK = False
JOIN_EUI = "800000000000000C"
FREQUENCIES_HZ = (868_100_000, 868_300_000, 868_500_000)
MOST_QUEUED = 100
NETWORK_S, APPLICATION_S = 0.03, 0.2
"""Jitter of the network server, and what the application server adds [s]."""


class Options(NodeOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scenario may say."""

    application: str = "sim-matinales"
    tenant: str = "ttn"


class Pushed(Struct):
    """A downlink as an application writes it."""

    f_port: int = 1
    frm_payload: str = ""
    decoded_payload: dict[str, Any] = {}
    confirmed: bool = False
    priority: str = "NORMAL"
    correlation_ids: list[str] = []


class Push(Struct):
    """The body of `down/push` and `down/replace`."""

    downlinks: list[Pushed] = []


class StackDevice:
    """A device called `name`."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics."""
        self.node = Node(name, fields, options, _cayenne.BY_WORD)
        self.options = options
        account = f"{options.application}@{options.tenant}" if options.tenant else options.application
        self.topic = f"v3/{account}/devices/{name}"
        self.uid = f"tts:{account}:{name}"
        self.filters = (f"{self.topic}/#",)
        self.commands = (f"{self.topic}/down/push", f"{self.topic}/down/replace")
        self.retained: tuple[str, ...] = ()
        self.bridged = True
        self.will = None
        self.qos = 0
        self._is_heard = False

    def birth(self, view: View) -> list[Packet]:
        """Join where it must."""
        if not self.node.born(view):
            return []
        body = {"session_key_id": self._session, "received_at": self._time(view)}
        return [self._event(view, "join", {"join_accept": body})]

    def report(self, view: View) -> list[Packet]:
        """Send an uplink, and acknowledge what was confirmed."""
        frame = self.node.uplink(view)
        self._is_heard = frame is not None
        if frame is None:
            return []
        airtime_s = self.node.airtime_s(len(frame.data))
        message = {"uplink_message": self._uplink(view, frame, airtime_s)}
        up = self._event(view, "up", message, delay_s=airtime_s)
        down = self.node.acknowledge()
        return [up] if down is None else [up, self._progress(view, "ack", down)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Send an uplink at once."""
        del channels
        return self.report(view)

    def window(self, view: View) -> Reply:
        """Take the next downlink of the queue after an uplink."""
        return self._deliver(view) if self._is_heard else Reply()

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Queue downlinks; a device of class C hears the first at once. What cannot be read changes nothing."""
        try:
            wanted = msgspec.json.decode(payload, type=Push)
        except msgspec.MsgspecError:
            return Reply()
        downs = [self._downlink(each) for each in wanted.downlinks]
        kept = [] if topic.endswith("/replace") else self.node.queue
        self.node.queue = [*kept, *downs][:MOST_QUEUED]
        queued = tuple(self._progress(view, "queued", down) for down in downs)
        if self.options.device_class == "A":
            return Reply(queued)
        taken = self._deliver(view)
        return Reply((*queued, *taken.packets), taken.orders)

    def _downlink(self, pushed: Pushed) -> Downlink:
        data = base64_bytes(pushed.frm_payload) or b""
        values = pushed.decoded_payload
        if self.options.payload == "object":
            orders = self.node.ordered_by_key(values)
        else:
            data = data or _valued(values)
            orders = self.node.ordered(data)
        return Downlink(pushed.f_port, data, pushed.confirmed, orders, tuple(pushed.correlation_ids))

    def _deliver(self, view: View) -> Reply:
        down = self.node.deliver()
        return Reply() if down is None else Reply((self._progress(view, "sent", down),), down.orders)

    # the server's words

    @property
    def _session(self) -> str:
        return b64encode(local_address(f"{self.node.name}/{self.node.joins}/session", 16)).decode()

    def _event(
        self, view: View, word: str, body: Mapping[str, object], ids: tuple[str, ...] = (), delay_s: float = 0.0
    ) -> Packet:
        said = {
            "end_device_ids": {
                "device_id": self.node.name,
                "application_ids": {"application_id": self.options.application},
                "dev_eui": self.node.eui.upper(),
                "join_eui": JOIN_EUI,
                "dev_addr": f"01{self.node.session.hex()}".upper(),
            },
            "correlation_ids": [*ids, f"as:up:sim-{self.node.name}-{self.node.joins}-{self.node.count + 1}"],
            "received_at": self._time(view, delay_s + APPLICATION_S),
            **body,
        }
        return Packet(f"{self.topic}/{word}", msgspec.json.encode(said))

    def _uplink(self, view: View, frame: Frame, airtime_s: float) -> dict[str, object]:
        heard = {
            "gateway_ids": {
                "gateway_id": self.options.gateway,
                "eui": local_address(self.options.gateway).hex().upper(),
            },
            "time": f"{stamp(view.now.instant, airtime_s)[:-6]}Z",
            "timestamp": (1_000_000 * view.now.uptime_s + round(1e6 * airtime_s)) % 2**32,
            "rssi": frame.rssi,
            "channel_rssi": frame.rssi,
            "snr": frame.snr,
            "channel_index": frame.number % len(FREQUENCIES_HZ),
        }
        said = {
            "session_key_id": self._session,
            "f_port": self.options.port,
            "f_cnt": frame.number,
            "frm_payload": b64encode(frame.data).decode(),
            "decoded_payload": self._decoded(frame) if self.options.decoded else None,
            "rx_metadata": [_without_empty(heard)],
            "settings": {
                "data_rate": {"lora": {"bandwidth": 125_000, "spreading_factor": self.options.spreading_factor}},
                "coding_rate": "4/5",
                "frequency": str(FREQUENCIES_HZ[frame.number % len(FREQUENCIES_HZ)]),
                "timestamp": heard["timestamp"],
                "time": heard["time"],
            },
            "received_at": self._time(view, airtime_s),
            "consumed_airtime": f"{airtime_s:.6f}s",
        }
        return _without_empty(said)

    @staticmethod
    def _decoded(frame: Frame) -> dict[str, object]:
        if not frame.records:
            return dict(frame.content)
        found: dict[str, object] = {}
        for record in frame.records:
            values = [_number(each, per) for each, per in zip(record.values, record.kind.per_unit, strict=True)]
            parts = record.kind.parts
            whole = values[0] if len(parts) == 1 else dict(zip(parts, values, strict=True))
            found[f"{record.kind.word}_{record.channel}"] = whole
        return found

    def _progress(self, view: View, word: str, down: Downlink) -> Packet:
        said = {
            "session_key_id": self._session,
            "f_port": down.port,
            "f_cnt": self.node.down_count,
            "frm_payload": b64encode(down.data).decode(),
            "confirmed": down.confirmed,
            "priority": "NORMAL",
            "correlation_ids": list(down.label),
        }
        return self._event(view, f"down/{word}", {f"downlink_{word}": _without_empty(said)}, down.label)

    def _time(self, view: View, delay_s: float = 0.0) -> str:
        luck = chance(self.node, "network")
        return f"{stamp(view.now.instant, delay_s + NETWORK_S * luck, int(1e9 * luck))}Z"


def _number(value: float, per_unit: int) -> float:
    """Return a value as the formatter prints it: whole where the type is, else of 32 bits."""
    return int(value) if per_unit == 1 else _cayenne.as_float32(value)


def _valued(values: Mapping[str, object]) -> bytes:
    """Return the frame that the formatter makes of `{"value_3": 1}`."""
    frame = b""
    for name, value in values.items():
        word, _, channel = name.rpartition("_")
        if word == "value" and channel.isascii() and channel.isdigit() and isinstance(value, int | float):
            frame += _cayenne.order(int(channel[:3]) & _cayenne.MOST_CHANNEL, value)
    return frame


def _without_empty(said: Mapping[str, object]) -> dict[str, object]:
    """Return an envelope as the server prints it: a field that is empty, 0 or false is not there."""
    return {key: value for key, value in said.items() if value or isinstance(value, dict)}


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> StackDevice:
    """Return a device.

    Raises:
        SimulationError: an application that does not say it is simulated, or a field that makes no frame.
    """
    wanted = options_of(Options, options)
    if "sim" not in wanted.application or set("/+#@") & set(wanted.application + wanted.tenant):
        msg = f"application is {wanted.application!r}: it contains `sim`, and neither it nor the tenant / + # or @"
        raise SimulationError(msg)
    return StackDevice(name, fields, wanted)
