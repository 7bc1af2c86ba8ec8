"""A Shelly Plus 1PM (wire_formats.md §3; https://shelly-api-docs.shelly.cloud/gen2/General/Notifications).

`<prefix>/online` with will, `<prefix>/events/rpc`: NotifyFullStatus at connect, partial NotifyStatus on change and at
least each minute with `aenergy`; answers `Shelly.GetStatus` and `Switch.Set` on `<prefix>/rpc`, then reports back.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import NoOptions, Packet, Reply, View, options_of
from device_sims.sensing import Lost, Sampled

METER_ERROR = "power_meter_failure"
FIRMWARE_VERSION = "1.4.4"
NO_HANDLER = 404
BAD_ARGUMENT = -103


class Request(Struct):
    """A JSON-RPC request as the vendor frames it."""

    method: str
    id: int | str | None = None
    src: str | None = None
    params: dict[str, Any] = {}


class Plus1PM:
    """A metering relay called `name` (prefix and `src`); `fields`: channel → {field}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]]) -> None:
        """Place the topics."""
        self.name = name
        self.channels = {setting["field"]: channel for channel, setting in fields.items()}
        self.uid = f"shelly:{name}"
        self.filters = (f"{name}/#",)
        self.commands = (f"{name}/rpc",)
        self.retained = (f"{name}/online",)
        self.bridged = False
        self.will = Packet(f"{name}/online", b"false", retain=True)
        self._minutes: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self._total_at_minute = -1.0

    def birth(self, view: View) -> list[Packet]:
        """Say online, then everything."""
        return [
            Packet(f"{self.name}/online", b"true", retain=True),
            self._notify(view, "NotifyFullStatus", self._everything(view)),
        ]

    def report(self, view: View) -> list[Packet]:
        """Send the meter of the minute: what the relay measures, and the counter."""
        self._count_minute(view)
        switch = {"id": 0, **self._metered(view), "aenergy": self._energy(view), "temperature": self._heat(view)}
        return [self._notify(view, "NotifyStatus", {"switch:0": switch})]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Send only what changed."""
        names = {field for field, channel in self.channels.items() if channel in channels}
        parts: dict[str, object] = {}
        if names & {"apower", "output"}:
            state = {"output": self._on(view), "source": "MQTT"} if "output" in names else {}
            parts["switch:0"] = {"id": 0, **state, **self._metered(view)}
        if "input" in names:
            parts["input:0"] = self._input(view)
        return [self._notify(view, "NotifyStatus", parts)] if parts else []

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Answer a JSON-RPC request on the asker's own topic; a request without `src` asks for no answer."""
        del topic
        try:
            request = msgspec.json.decode(payload, type=Request)
        except msgspec.MsgspecError:
            return Reply()
        if request.method == "Shelly.GetStatus":
            return Reply(self._respond(request, result=self._everything(view)))
        if request.method == "Switch.Set":
            return self._switch(view, request)
        error = {"code": NO_HANDLER, "message": f"No handler for {request.method}"}
        return Reply(self._respond(request, error=error))

    def _switch(self, view: View, request: Request) -> Reply:
        wanted = request.params.get("on")
        if request.params.get("id", 0) != 0 or not isinstance(wanted, bool):
            error = {"code": BAD_ARGUMENT, "message": "Invalid argument 'id' or 'on'"}
            return Reply(self._respond(request, error=error))
        answer = self._respond(request, result={"was_on": self._on(view)})
        return Reply(answer, orders={self.channels["output"]: float(wanted)})

    def _respond(self, request: Request, **outcome: object) -> tuple[Packet, ...]:
        if not request.src or any(sign in request.src for sign in "+#\0"):
            return ()
        body = {"id": request.id, "src": self.name, "dst": request.src, **outcome}
        return (Packet(f"{request.src}/rpc", msgspec.json.encode(body)),)

    def _notify(self, view: View, method: str, parts: Mapping[str, object]) -> Packet:
        params = {"ts": _seconds(view), **parts}
        body = {"src": self.name, "dst": f"{self.name}/events", "method": method, "params": params}
        return Packet(f"{self.name}/events/rpc", msgspec.json.encode(body))

    def _everything(self, view: View) -> dict[str, object]:
        switch = {
            "id": 0,
            "source": "init",
            "output": self._on(view),
            **self._metered(view),
            "aenergy": self._energy(view),
            "temperature": self._heat(view),
        }
        return {
            "input:0": self._input(view),
            "mqtt": {"connected": True},
            "switch:0": switch,
            "sys": {"unixtime": None if view.now.unset else round(view.now.unix_s), "uptime": view.now.uptime_s},
            "wifi": {"status": "got ip", "ssid": "simulated", "rssi": _rounded(self._value(view, "rssi"), 0)},
        }

    def _metered(self, view: View) -> dict[str, object]:
        power, voltage = self._value(view, "apower"), self._value(view, "voltage")
        if isinstance(power, Lost):
            return {"apower": None, "voltage": _rounded(voltage, 1), "current": None, "errors": [METER_ERROR]}
        current = None if isinstance(voltage, Lost) or voltage <= 0 else round(abs(power) / voltage, 3)
        return {"apower": power, "voltage": _rounded(voltage, 1), "current": current}

    def _energy(self, view: View) -> dict[str, object]:
        total = self._value(view, "aenergy")
        minute = 0 if view.now.unset else int(view.now.unix_s) // 60 * 60
        by_minute = [round(1000 * each, 3) for each in self._minutes]  # mWh of the last full minutes, newest first
        return {"total": _rounded(total, 3), "by_minute": by_minute, "minute_ts": minute}

    def _count_minute(self, view: View) -> None:
        total = self._value(view, "aenergy")
        if isinstance(total, Lost):
            return
        if self._total_at_minute >= 0:
            self._minutes = (max(total - self._total_at_minute, 0.0), *self._minutes[:2])
        self._total_at_minute = total

    def _heat(self, view: View) -> dict[str, object]:
        chip = self._value(view, "temperature")
        return {"tC": _rounded(chip, 1), "tF": None if isinstance(chip, Lost) else round(chip * 1.8 + 32, 1)}

    def _input(self, view: View) -> dict[str, object]:
        value = self._value(view, "input")
        return {"id": 0, "state": None if isinstance(value, Lost) else value != 0}

    def _on(self, view: View) -> bool:
        return view.order.get(self.channels["output"], 1.0) != 0

    def _value(self, view: View, field: str) -> Sampled:
        channel = self.channels.get(field)
        return Lost.UNPLUGGED if channel is None else view.values[channel]


def _seconds(view: View) -> float:
    return float(view.now.uptime_s) if view.now.unset else round(view.now.unix_s, 2)


def _rounded(value: Sampled, digits: int) -> float | None:
    return None if isinstance(value, Lost) else round(value, digits)


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Plus1PM:
    """Return a relay."""
    options_of(NoOptions, options)
    return Plus1PM(name, fields)
