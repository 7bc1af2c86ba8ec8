"""A Shelly of the first generation (wire_formats.md §2; https://shelly-api-docs.shelly.cloud/gen1/#mqtt).

Says one bare value a topic below `shellies/<id>/`: `online` true, retained, with its will; `announce` and `info` at
connect; each field at its period (real ones: 30 s) and when it changes. Obeys `…/relay/0/command` `on|off|toggle`, and
`announce|update` on `…/command` and `shellies/command`. A real one also announces itself on `shellies/announce`: this
one does not, since that topic does not say whose it is, and a simulated device must be marked in all it says.

Fields of its channels are the topics' tails:

* `relay/0` [1 or 0; `order = true` to obey], `relay/0/power` [W], `relay/0/energy` [Wh; sent in watt-minutes],
  `input/0` [1 or 0], `temperature` [°C, of the chip];
* `emeter/0/power` [W], `…/reactive_power` [var], `…/pf` [1], `…/current` [A], `…/voltage` [V], `…/total` and
  `…/total_returned` [Wh];
* `sensor/temperature` [°C], `sensor/humidity` [%], `sensor/battery` [%], `sensor/lux` [lx], `sensor/flood`,
  `sensor/motion`, `sensor/ext_power` [1 or 0], `sensor/state` [1: open, 0: closed];
* `rssi` [dBm], in `info`.

Any number may stand for 0. Option: `model`, the vendor's (default `SHSW-PM`; `SHSW-1`, `SHPLG-S`, `SHEM`, `SHHT-1`, …).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.devices._names import mac
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

CLOCK = False
FIRMWARE_VERSION = "20230913-112003/v1.14.0-gcb84623"
ADDRESS = "192.0.2.20"
RSSI = "rssi"
WATT_MINUTES_PER_WH = 60
RELAY = re.compile(r"relay/\d+")
ON_OFF, TRUE_FALSE = ("off", "on"), ("false", "true")
FLAGS: Mapping[str, tuple[str, str]] = {
    "relay/#": ON_OFF,
    "input/#": ("0", "1"),
    "sensor/state": ("close", "open"),
    **dict.fromkeys(("sensor/flood", "sensor/motion", "sensor/ext_power"), TRUE_FALSE),
}
"""Tail (# a number) → its words for 0 and 1."""
DECIMALS: Mapping[str, int] = {
    "relay/#/power": 2,
    "relay/#/energy": 0,
    "temperature": 2,
    **{f"emeter/#/{what}": 2 for what in ("power", "reactive_power", "pf", "current", "voltage")},
    **{f"emeter/#/{what}": 1 for what in ("total", "total_returned")},
    "sensor/temperature": 2,
    "sensor/humidity": 1,
    "sensor/battery": 0,
    "sensor/lux": 0,
}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Which one it is."""

    model: str = "SHSW-PM"


class Gen1:
    """A device called `name`; `fields`: channel → {field: tail of its topic}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], model: str) -> None:
        """Place the topics.

        Raises:
            SimulationError: a field that is none.
        """
        self.name = name
        self.model = model
        self.tails = {setting["field"]: channel for channel, setting in fields.items()}
        unknown = next((tail for tail in self.tails if not (_kind(tail) in {*FLAGS, *DECIMALS} or tail == RSSI)), None)
        if unknown is not None:
            msg = f"channels.{self.tails[unknown]}.field is {unknown!r}: write the tail of a topic, as relay/0/power"
            raise SimulationError(msg)
        self.root = f"shellies/{name}"
        self.uid = f"shelly:{name}"
        self.filters = (f"{self.root}/#",)
        relays = tuple(f"{self.root}/{tail}/command" for tail in self.tails if RELAY.fullmatch(tail))
        self.commands = (*relays, f"{self.root}/command", "shellies/command")
        self.retained = (f"{self.root}/online",)
        self.bridged = False
        self.qos = 0
        self.will = Packet(f"{self.root}/online", b"false", retain=True)
        self._told: dict[str, str] = {}

    def birth(self, view: View) -> list[Packet]:
        """Say online, who it is, how it is, and every value."""
        online = Packet(f"{self.root}/online", b"true", retain=True)
        return [online, self._announced(), self._info(view), *self.report(view)]

    def report(self, view: View) -> list[Packet]:
        """Say every value."""
        return [packet for tail in self.tails for packet in self._said(view, tail)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Say the values that changed; what a command has answered is not repeated."""
        moved = [tail for tail, channel in self.tails.items() if channel in channels]
        news = [
            tail for tail in moved if not (RELAY.fullmatch(tail) and self._text(view, tail) == self._told.get(tail))
        ]
        return [packet for tail in news for packet in self._said(view, tail)]

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey a relay's command, `announce` and `update`; anything else is ignored."""
        word = payload.decode(errors="replace").strip()
        if topic in {f"{self.root}/command", "shellies/command"}:
            answers = {"announce": [self._announced()], "update": [self._info(view), *self.report(view)]}
            return Reply(tuple(answers.get(word, [])))
        tail = topic.removeprefix(f"{self.root}/").removesuffix("/command")
        if word not in {*ON_OFF, "toggle"}:
            return Reply()
        now = self._text(view, tail) or "off"
        wanted = word if word != "toggle" else "off" if now == "on" else "on"
        self._told[tail] = becomes = now if view.stuck else wanted
        said = Packet(f"{self.root}/{tail}", becomes.encode())
        return Reply((said,), orders={self.tails[tail]: float(wanted == "on")})

    def _said(self, view: View, tail: str) -> list[Packet]:
        text = None if tail == RSSI else self._text(view, tail)
        if text is None:
            return []
        self._told[tail] = text
        packets = [Packet(f"{self.root}/{tail}", text.encode())]
        if tail == "temperature":
            packets.append(Packet(f"{self.root}/temperature_f", f"{float(text) * 1.8 + 32:.2f}".encode()))
        return packets

    def _text(self, view: View, tail: str) -> str | None:
        """Return a value as text; None: nothing was read, and the first generation says nothing of it."""
        value: Sampled = view.values[self.tails[tail]]
        if RELAY.fullmatch(tail) and isinstance(value, Lost):
            value = view.order.get(self.tails[tail], value)
        if isinstance(value, Lost):
            return None
        kind = _kind(tail)
        if kind in FLAGS:
            return FLAGS[kind][value != 0]
        scaled = value * WATT_MINUTES_PER_WH if kind == "relay/#/energy" else value
        decimals = DECIMALS[kind]
        return f"{round(scaled, decimals) + 0.0:.{decimals}f}"  # no minus zero

    def _announced(self) -> Packet:
        body = {
            "id": self.name,
            "model": self.model,
            "mac": mac(self.name),
            "ip": ADDRESS,
            "new_fw": False,
            "fw_ver": FIRMWARE_VERSION,
        }
        return Packet(f"{self.root}/announce", msgspec.json.encode(body))

    def _info(self, view: View) -> Packet:
        """Return what the device is; what it measures has its own topics."""
        dbm: Sampled = view.values[self.tails[RSSI]] if RSSI in self.tails else -60.0
        body = {
            "wifi_sta": {
                "connected": True,
                "ssid": "simulated",
                "ip": ADDRESS,
                "rssi": -60 if isinstance(dbm, Lost) else round(dbm),
            },
            "mqtt": {"connected": True},
            "unixtime": 0 if view.now.unset else int(view.now.unix_s),
            "has_update": False,
            "mac": mac(self.name),
            "uptime": view.now.uptime_s,
        }
        return Packet(f"{self.root}/info", msgspec.json.encode(body))


def _kind(tail: str) -> str:
    """Return a tail with `#` for its number."""
    return re.sub(r"/\d+", "/#", tail)


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Gen1:
    """Return a device."""
    return Gen1(name, fields, options_of(Options, options).model)
