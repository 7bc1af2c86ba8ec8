"""A door contact behind Zigbee2MQTT (wire_formats.md §4; https://www.zigbee2mqtt.io/guide/usage/mqtt_topics_and_messages.html).

`zigbee2mqtt/<name>` JSON, `…/availability` JSON, retained. The bridge's own topics are left alone: a real bridge may
share the broker, and a simulated one must not speak for it.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from device_sims.devices import NoOptions, Packet, Reply, View, options_of
from device_sims.sensing import Lost, Sampled

BASE = "zigbee2mqtt"
CLOCK = False


class Contact:
    """A battery contact called `name`; `fields`: channel → {field: JSON key}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]]) -> None:
        """Place the topics."""
        self.topic = f"{BASE}/{name}"
        self.fields = fields
        self.uid = f"zigbee2mqtt:{name}"
        self.filters = (f"{self.topic}/#",)
        self.commands = (f"{self.topic}/get",)
        self.retained = (f"{self.topic}/availability",)
        self.bridged = True
        self.will = Packet(f"{self.topic}/availability", b'{"state":"offline"}', retain=True)

    def birth(self, view: View) -> list[Packet]:
        """Say online, then the present state."""
        return [Packet(f"{self.topic}/availability", b'{"state":"online"}', retain=True), *self.report(view)]

    def report(self, view: View) -> list[Packet]:
        """Send the whole state, as the bridge does at every message of the contact."""
        body = {
            setting["field"]: _worded(setting["field"], view.values[channel])
            for channel, setting in self.fields.items()
        }
        body = {key: value for key, value in body.items() if value is not None}
        return [Packet(self.topic, msgspec.json.encode(body))] if body else []

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Report at once when the contact moves."""
        moved = any(self.fields[channel]["field"] == "contact" for channel in channels)
        return self.report(view) if moved else []

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """`get`: a contact sleeps, so the bridge repeats what it knows."""
        del topic, payload
        return Reply(tuple(self.report(view)))


def _worded(field: str, value: Sampled) -> bool | int | None:
    if isinstance(value, Lost):
        return None
    return value == 0 if field == "contact" else round(value)  # the measure says open, the wire says closed


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Contact:
    """Return a contact."""
    options_of(NoOptions, options)
    return Contact(name, fields)
