"""Zigbee2MQTT's bridge itself (wire_formats.md §4; https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html).

Its `id` is its base topic, which therefore contains `sim`: a real bridge on the same broker is not impersonated. Says
`<id>/bridge/state` {"state":"online"} with its will, `<id>/bridge/info` and `<id>/bridge/devices` with each device's
definition and `exposes`, all retained; `<id>/bridge/health` at its period (the real one: 600 s). Answers
`<id>/bridge/request/permit_join` and `…/health_check` on `…/bridge/response/…`. It has no channels (`channels = {}`).

Option `devices`: a list of `{ name = "floor-sim", keys = ["water_leak", "battery"] }`, the roles of kind `zigbee2mqtt`
whose `options.base` is this id; each also takes `mains` (default false: a battery device), `vendor`, `model` and
`description`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.devices._names import ieee
from device_sims.devices._zigbee_keys import exposes

CLOCK = False
VERSION = "2.1.0"
FIRST_ADDRESS = 0x1000


class Carried(Struct, frozen=True, forbid_unknown_fields=True):
    """A device behind the bridge."""

    name: str
    keys: list[str]
    mains: bool = False
    vendor: str = "Simulated"
    model: str = "SIM-1"
    description: str = "Simulated device"


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Who is behind it."""

    devices: list[Carried] = []


class Bridge:
    """A bridge whose base topic is `name`."""

    def __init__(self, name: str, carried: list[Carried]) -> None:
        """Place the topics."""
        self.base = name
        self.carried = carried
        self.topic = f"{name}/bridge"
        self.uid = f"zigbee2mqtt:{name}/bridge"
        self.filters = (f"{self.topic}/#",)
        self.commands = (f"{self.topic}/request/+",)
        self.retained = tuple(f"{self.topic}/{what}" for what in ("state", "info", "devices"))
        self.bridged = False
        self.qos = 0
        self.will = Packet(f"{self.topic}/state", b'{"state":"offline"}', retain=True)

    def birth(self, view: View) -> list[Packet]:
        """Say online, what it is and whom it carries."""
        del view
        return [
            Packet(f"{self.topic}/state", b'{"state":"online"}', retain=True),
            Packet(f"{self.topic}/info", msgspec.json.encode(self._info()), retain=True),
            Packet(f"{self.topic}/devices", msgspec.json.encode(self._devices()), retain=True),
        ]

    def report(self, view: View) -> list[Packet]:
        """Say how it is; its state is retained."""
        body = {
            "response_time": int(1000 * view.now.unix_s),
            "process": {"uptime_sec": view.now.uptime_s},
            "mqtt": {"connected": True, "queued": 0},
            "devices": {},
        }
        return [Packet(f"{self.topic}/health", msgspec.json.encode(body))]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Nothing of it changes."""
        del view, channels
        return []

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Answer a request; what it does not play is an error, as the bridge says of requests it does not know."""
        del view
        what = topic.rsplit("/", 1)[-1]
        answer: dict[str, object] = {"data": {}, "error": f"simulated bridge: no request {what!r}", "status": "error"}
        if what == "health_check":
            answer = {"data": {"healthy": True}, "status": "ok"}
        elif what == "permit_join":
            answer = {"data": {"time": _seconds(payload)}, "status": "ok"}
        return Reply((Packet(f"{self.topic}/response/{what}", msgspec.json.encode(answer)),))

    def _info(self) -> dict[str, object]:
        return {
            "version": VERSION,
            "commit": "simulated",
            "coordinator": {"ieee_address": ieee(self.base), "type": "simulated", "meta": {}},
            "network": {"channel": 11, "pan_id": 6754, "extended_pan_id": ieee(f"{self.base}/pan")},
            "log_level": "info",
            "permit_join": False,
            "restart_required": False,
            "config": {"mqtt": {"base_topic": self.base}, "availability": {"enabled": True}},
        }

    def _devices(self) -> list[dict[str, object]]:
        coordinator = {**_known(self.base, "Coordinator", 0), "friendly_name": "Coordinator", "definition": None}
        others = [self._device(each, FIRST_ADDRESS + place) for place, each in enumerate(self.carried)]
        return [coordinator, *others]

    def _device(self, carried: Carried, address: int) -> dict[str, object]:
        definition = {
            "model": carried.model,
            "vendor": carried.vendor,
            "description": carried.description,
            "options": [],
            "exposes": exposes(carried.keys, mains=carried.mains),
        }
        return {
            **_known(f"{self.base}/{carried.name}", "Router" if carried.mains else "EndDevice", address),
            "friendly_name": carried.name,
            "definition": definition,
            "power_source": "Mains (single phase)" if carried.mains else "Battery",
            "manufacturer": carried.vendor,
            "model_id": carried.model,
        }


def _known(name: str, kind: str, address: int) -> dict[str, object]:
    return {
        "ieee_address": ieee(name),
        "type": kind,
        "network_address": address,
        "supported": kind != "Coordinator",
        "disabled": False,
        "interview_completed": True,
        "interviewing": False,
    }


def _seconds(payload: bytes) -> int:
    """Return how long joining shall be allowed: `{"time": 20}`, or a bare number; 0 closes."""
    try:
        said = msgspec.json.decode(payload)
    except msgspec.MsgspecError:
        return 0
    wanted = said.get("time") if isinstance(said, dict) else said
    return wanted if type(wanted) is int and 0 <= wanted <= 254 else 0  # noqa: PLR2004 — the protocol's longest


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Bridge:
    """Return a bridge."""
    del fields
    return Bridge(name, options_of(Options, options).devices)
