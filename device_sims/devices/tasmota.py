"""A Tasmota board with DS18B20 probes (wire_formats.md §1; https://tasmota.github.io/docs/MQTT/ and /DS18x20/).

`tele/<t>/LWT` Online/Offline retained, `tele/<t>/SENSOR` with `Time` (offset as newer firmware), `tele/<t>/STATE`;
obeys `cmnd/<t>/Status`, `TelePeriod` and `State`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from device_sims.devices import NoOptions, Packet, Reply, View, options_of
from device_sims.sensing import Lost

STATE_EVERY = 30
"""STATE accompanies one SENSOR in so many: the firmware sends both, a simulated room needs fewer."""
SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 10, 3600  # the firmware's own bounds of TelePeriod
STATUS_SENSORS = {"8", "10"}
SIGNAL = "signal"


class Tasmota:
    """A board called `name`; `fields`: channel → {field: JSON object, id: probe's address}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]]) -> None:
        """Place the topics."""
        self.name = name
        self.fields = fields
        self.uid = f"tasmota:{name}"
        self.filters = (f"tele/{name}/#", f"stat/{name}/#", f"cmnd/{name}/#")
        self.commands = (f"cmnd/{name}/#",)
        self.retained = (f"tele/{name}/LWT",)
        self.bridged = False
        self.will = Packet(f"tele/{name}/LWT", b"Offline", retain=True)
        self._reports = 0

    def birth(self, view: View) -> list[Packet]:
        """Say Online, retained, and a first STATE."""
        self._reports = 0
        return [Packet(f"tele/{self.name}/LWT", b"Online", retain=True), self._state(view)]

    def report(self, view: View) -> list[Packet]:
        """Send SENSOR, and STATE now and then; nothing when every sample was dropped."""
        self._reports += 1
        packets = [] if self._reports % STATE_EVERY else [self._state(view)]
        body = self._sensors(view)
        return [*packets, Packet(f"tele/{self.name}/SENSOR", msgspec.json.encode(body))] if len(body) > 2 else packets  # noqa: PLR2004 — Time and TempUnit alone

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Probes are read at the period only."""
        del view, channels
        return []

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Answer Status 8 | 10 | 11, TelePeriod and State; anything else is unknown, as the firmware says."""
        word = topic.rsplit("/", 1)[-1].lower()
        text = payload.decode(errors="replace").strip()
        if word == "status" and text in STATUS_SENSORS:
            return self._answer(f"STATUS{text}", {"StatusSNS": self._sensors(view)})
        if word == "status" and text == "11":
            return self._answer("STATUS11", {"StatusSTS": self._state_body(view)})
        if word == "state":
            return self._answer("RESULT", self._state_body(view))
        if word == "teleperiod":
            return self._tele_period(view, text)
        return self._answer("RESULT", {"Command": "Unknown"})

    def _tele_period(self, view: View, text: str) -> Reply:
        period_s = view.period_s
        if text.isascii() and text.isdigit() and int(text[:6]):  # 0 would stop the telemetry: a simulation keeps it
            period_s = min(max(int(text[:6]), SHORTEST_PERIOD_S), LONGEST_PERIOD_S)
        return Reply(self._answer("RESULT", {"TelePeriod": period_s}).packets, period_s=period_s)

    def _answer(self, word: str, body: object) -> Reply:
        return Reply((Packet(f"stat/{self.name}/{word}", msgspec.json.encode(body)),))

    def _sensors(self, view: View) -> dict[str, object]:
        body: dict[str, object] = {"Time": view.now.local_text()}
        for channel, setting in self.fields.items():
            if channel == SIGNAL:
                continue
            value = view.values[channel]
            if value is not Lost.DROPPED:
                body[setting["field"]] = {
                    "Id": setting["id"],
                    "Temperature": None if isinstance(value, Lost) else value,
                }
        return {**body, "TempUnit": "C"}

    def _state(self, view: View) -> Packet:
        return Packet(f"tele/{self.name}/STATE", msgspec.json.encode(self._state_body(view)))

    def _state_body(self, view: View) -> dict[str, object]:
        up = view.now.uptime_s
        days, rest = divmod(up, 86_400)
        signal = view.values.get(SIGNAL, Lost.UNPLUGGED)
        dbm = -60 if isinstance(signal, Lost) else round(signal)
        return {
            "Time": view.now.local_text(),
            "Uptime": f"{days}T{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}",
            "UptimeSec": up,
            "Heap": 25,
            "SleepMode": "Dynamic",
            "Sleep": 50,
            "LoadAvg": 19,
            "MqttCount": 1,
            "Wifi": {
                "AP": 1,
                "SSId": "simulated",
                "Channel": 6,
                "RSSI": min(max(2 * (dbm + 100), 0), 100),
                "Signal": dbm,
            },
        }


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Tasmota:
    """Return a board."""
    options_of(NoOptions, options)
    return Tasmota(name, fields)
