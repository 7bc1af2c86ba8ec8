"""A device behind Zigbee2MQTT (wire_formats.md §4; https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html).

Says `zigbee2mqtt/<id>` JSON with all it knows, at its period and at once when something that matters changes, and
`…/availability` JSON, retained. The bridge's own topics are left alone: a real bridge may share the broker, and a
simulated one must not speak for it (`zigbee2mqtt_bridge` plays one below a base topic of its own).

Fields of its channels are the message's keys, measures as written here:

* `contact` [1: open, 0: closed; the wire says true when closed], `water_leak`, `occupancy`, `presence`, `vibration`,
  `smoke`, `tamper`, `battery_low` [1 or 0];
* `state` [1 or 0]: a plug's relay; with `order = true` it obeys `…/set` and `…/set/state`, with `on_change = true` a
  model moves it;
* `action` [0 nothing, 1 single, 2 double, 3 hold]: a button; with `on_change = true` each change to 1, 2 or 3 is a
  press;
* `temperature` [°C], `humidity` [%], `pressure` [hPa], `illuminance` [lx], `co2` [ppm], `soil_moisture` [%], `power`
  [W], `energy` [Wh; sent in kWh], `current` [A], `voltage` [mV of a battery, V of a plug], `battery` [%],
  `linkquality` [0 to 255];
* any other key: a whole number.

Options: `base` (default `zigbee2mqtt`; another one must contain `sim`, and needs a `zigbee2mqtt_bridge` of that id in
the scenario: without it nobody can tell what these topics are), `empty_action` (default true: after a press the key
says `""`, as version 1 does; version 2 does not).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import OFFLINE_AFTER_S, Packet, Reply, View, options_of, turned_on
from device_sims.devices._zigbee_keys import action, written
from device_sims.errors import SimulationError

BASE = "zigbee2mqtt"
CLOCK = False
KEY = re.compile(r"[a-z][a-z0-9_]*")
QUIET = {"linkquality", "battery", "voltage"}
"""Keys that travel with the others and are never told for themselves."""
MAINS_OFFLINE_AFTER_S = 600
"""Zigbee2MQTT asks mains devices, and gives them up sooner."""
WORDS = {"on": True, "off": False}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Behind which bridge, and of which version."""

    base: str = BASE
    empty_action: bool = True


class Zigbee:
    """A device called `name`; `fields`: channel → {field: JSON key}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics.

        Raises:
            SimulationError: a key or a base topic that is none.
        """
        self.topic = f"{options.base}/{name}"
        self.options = options
        self.keys = {setting["field"]: channel for channel, setting in fields.items()}
        self._check()
        self.uid = f"zigbee2mqtt:{name}" if options.base == BASE else f"zigbee2mqtt:{self.topic}"
        self.filters = (f"{self.topic}/#",)
        set_topics = (f"{self.topic}/set", f"{self.topic}/set/state") if "state" in self.keys else ()
        self.commands = (f"{self.topic}/get", *set_topics)
        self.retained = (f"{self.topic}/availability",)
        self.bridged = True
        self.qos = 0
        self.offline_after_s = MAINS_OFFLINE_AFTER_S if "state" in self.keys else OFFLINE_AFTER_S
        self.will = Packet(f"{self.topic}/availability", b'{"state":"offline"}', retain=True)
        self._told: str | None = None

    def _check(self) -> None:
        wrong = next((key for key in self.keys if not KEY.fullmatch(key)), None)
        if wrong is not None:
            msg = f"channels.{self.keys[wrong]}.field is {wrong!r}: write a key of the message, as water_leak"
            raise SimulationError(msg)
        if self.options.base != BASE and "sim" not in self.options.base.split("/")[0]:
            msg = f"options.base is {self.options.base!r}: a base topic of its own contains `sim`"
            raise SimulationError(msg)

    def birth(self, view: View) -> list[Packet]:
        """Say online, then the present state."""
        return [Packet(f"{self.topic}/availability", b'{"state":"online"}', retain=True), *self.report(view)]

    def report(self, view: View) -> list[Packet]:
        """Send the whole state, as the bridge does at every message of the device."""
        body = self._state(view)
        return [self._packet(body)] if body else []

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Report at once what matters; a button's press is an event, then nothing."""
        keys = {key for key, channel in self.keys.items() if channel in channels} - QUIET
        if keys == {"state"} and self._relay(view) == self._told:
            return []
        press = action(view.values[self.keys["action"]]) if "action" in keys else ""
        if press:
            return self._pressed(view, press)
        return self.report(view) if keys - {"action"} else []

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey `set`; at `get` repeat what is known: a sleeping device is not asked."""
        if topic == f"{self.topic}/get":
            return Reply(tuple(self.report(view)))
        wanted = _wanted(payload, bare=topic.endswith("/set/state"))
        word = str(wanted).lower()
        if word not in {*WORDS, "toggle"}:
            return Reply()
        on = WORDS.get(word, self._relay(view) != "ON")
        body = self._state(view)
        if not view.stuck:
            body["state"] = self._told = "ON" if on else "OFF"
        return Reply((self._packet(body),), orders={self.keys["state"]: float(on)})

    def _pressed(self, view: View, press: str) -> list[Packet]:
        body = self._state(view)
        after = [self._packet({**body, "action": ""})] if self.options.empty_action else []
        return [self._packet({**body, "action": press}), *after]

    def _state(self, view: View) -> dict[str, object]:
        read = {key: written(key, view.values[channel]) for key, channel in self.keys.items()}
        if "state" in self.keys:
            self._told = read["state"] = self._relay(view)
        return {key: value for key, value in read.items() if value is not None}

    def _relay(self, view: View) -> str | None:
        on = turned_on(view, self.keys["state"])
        return self._told if on is None else "ON" if on else "OFF"

    def _packet(self, body: Mapping[str, object]) -> Packet:
        return Packet(self.topic, msgspec.json.encode(body))


def _wanted(payload: bytes, *, bare: bool) -> object:
    """Return what `state` shall be: `{"state": "ON"}`, or the bare word."""
    try:
        said = msgspec.json.decode(payload)
    except msgspec.MsgspecError:
        return payload.decode(errors="replace").strip()
    if isinstance(said, dict):
        return None if bare else said.get("state")
    return said


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Zigbee:
    """Return a device."""
    return Zigbee(name, fields, options_of(Options, options))
