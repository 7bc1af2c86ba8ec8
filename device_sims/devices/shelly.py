"""A Shelly Gen2 or later (wire_formats.md §3; https://shelly-api-docs.shelly.cloud/gen2/General/Notifications).

Says `<id>/online` true, retained, with its will, and on `<id>/events/rpc` NotifyFullStatus at connect, then partial
NotifyStatus on change and at its period (real ones: each minute). On `<id>/rpc` it answers Shelly.GetStatus,
Shelly.GetDeviceInfo, `<Component>.GetStatus`, Switch.Set and Toggle, Cover.Open, Close, Stop and GoToPosition; control
topics `<id>/command/switch:0` take `on|off|toggle`, `<id>/command/cover:0` `open|close|stop|pos,<0-100>`. Whatever is
obeyed is reported when the actuator has moved.

Option `model`, and the fields of its channels (those in bold type are needed; measures in the unit given):

* `plus1pm` (default; Plus 1PM), `plugs` (Plus Plug S): **`output`** [1 or 0; `order = true` to obey], **`apower`** [W],
  `aenergy` [Wh; without a channel the device adds up its power], `voltage` [V]; Plus 1PM also `input` [1 or 0].
* `plus1` (Plus 1), `pro1` (Pro 1): **`output`**, `input`, Pro 1 also `input1`; no meter.
* `pmmini` (PM mini Gen3): **`apower`**, `aenergy`, `voltage`, `freq` [Hz].
* `cover` (Plus 2PM in its cover profile): **`current_pos`** [% open; `order = true` to obey], `apower`, `aenergy`,
  `voltage`, `input`, `input1`.
* `em` (EM Gen3, one clamp): **`act_power`** [W, negative: export], `voltage`, `pf`, `freq`, `total_act_energy` and
  `total_act_ret_energy` [Wh].
* `ht` (H&T Gen3): **`tC`** [°C], **`rh`** [%], `battery` [%].

All of them: `temperature` [°C, of the chip; not the H&T], `rssi` [dBm].
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.devices._names import mac
from device_sims.devices._shelly_models import parts
from device_sims.devices._shelly_parts import Done, Part, Seen, rounded
from device_sims.errors import SimulationError

FIRMWARE_VERSION = "1.4.4"
NO_HANDLER, BAD_ARGUMENT = 404, -103
Model = Literal["plus1pm", "plugs", "plus1", "pro1", "pmmini", "cover", "em", "ht"]
HARDWARE: Mapping[Model, tuple[str, int, str]] = {  # vendor's model number, generation, application
    "plus1pm": ("SNSW-001P16EU", 2, "Plus1PM"),
    "plugs": ("SNPL-00112EU", 2, "PlusPlugS"),
    "plus1": ("SNSW-001X16EU", 2, "Plus1"),
    "pro1": ("SPSW-201XE16EU", 2, "Pro1"),
    "pmmini": ("S3PM-001PCEU16", 3, "MiniPMG3"),
    "cover": ("SNSW-102P16EU", 2, "Plus2PM"),
    "em": ("S3EM-002CXCEU", 3, "EMG3"),
    "ht": ("S3SN-0U12A", 3, "HTG3"),
}
ANY = ("temperature", "rssi")
"""Fields of every model."""
CONTROL: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "on": ("Switch.Set", {"on": True}),
    "off": ("Switch.Set", {"on": False}),
    "toggle": ("Switch.Toggle", {}),
    "open": ("Cover.Open", {}),
    "close": ("Cover.Close", {}),
    "stop": ("Cover.Stop", {}),
}
"""Words of the control topics, and the method each stands for."""


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """Which Shelly it is."""

    model: Model = "plus1pm"


class Request(Struct):
    """A JSON-RPC request as the vendor frames it."""

    method: str
    id: int | str | None = None
    src: str | None = None
    params: dict[str, Any] = {}


class Shelly:
    """A device called `name` (prefix and `src`); `fields`: channel → {field}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], model: Model) -> None:
        """Place the topics.

        Raises:
            SimulationError: a field that the model needs has no channel, or it has no such field.
        """
        self.name = name
        self.model: Model = model
        self.channels = {setting["field"]: channel for channel, setting in fields.items()}
        self.parts: tuple[Part, ...] = parts(model)
        self._check()
        self.uid = f"shelly:{name}"
        self.filters = (f"{name}/#",)
        self.commands = (f"{name}/rpc", f"{name}/command/#")
        self.retained = (f"{name}/online",)
        self.bridged = False
        self.will = Packet(f"{name}/online", b"false", retain=True)

    def _check(self) -> None:
        missing = [field for part in self.parts for field in part.needs if field not in self.channels]
        if missing:
            msg = f"a Shelly {self.model} needs a channel with field {missing[0]!r}"
            raise SimulationError(msg)
        known = {*ANY, *(field for part in self.parts for field in (*part.needs, *part.tells, *part.reads))}
        if unknown := self.channels.keys() - known:
            msg = f"a Shelly {self.model} has no field {min(unknown)!r}; it has {', '.join(sorted(known))}"
            raise SimulationError(msg)

    def birth(self, view: View) -> list[Packet]:
        """Say online, then everything."""
        return [
            Packet(f"{self.name}/online", b"true", retain=True),
            self._notify(view, "NotifyFullStatus", self._everything(view)),
        ]

    def report(self, view: View) -> list[Packet]:
        """Send what each component has for its period."""
        seen = Seen(view, self.channels)
        return self._told(view, {part.key: part.minute(seen) for part in self.parts})

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Send only the components that changed."""
        seen = Seen(view, self.channels)
        names = frozenset(field for field, channel in self.channels.items() if channel in channels)
        return self._told(view, {part.key: part.news(seen, names) for part in self.parts if names & {*part.tells}})

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Answer a JSON-RPC request on the asker's own topic (none without `src`), or obey a control topic."""
        if topic != f"{self.name}/rpc":
            return self._control(view, topic, payload)
        try:
            request = msgspec.json.decode(payload, type=Request)
        except msgspec.MsgspecError:
            return Reply()
        done = self._asked(view, request)
        if done is None:
            error = {"code": NO_HANDLER, "message": f"No handler for {request.method}"}
        elif done.problem:
            error = {"code": BAD_ARGUMENT, "message": done.problem}
        else:
            return Reply(self._respond(request, result=done.result), orders=self._orders(done))
        return Reply(self._respond(request, error=error))

    def _asked(self, view: View, request: Request) -> Done | None:
        if request.method == "Shelly.GetStatus":
            return Done(self._everything(view))
        if request.method == "Shelly.GetDeviceInfo":
            return Done(self._about())
        return self._do(view, request.method, request.params)

    def _control(self, view: View, topic: str, payload: bytes) -> Reply:
        word = payload.decode(errors="replace").strip().lower()
        method, params = CONTROL.get(word, ("", {}))
        if word.startswith("pos,") and word[4:].isascii() and word[4:].isdigit():
            method, params = "Cover.GoToPosition", {"pos": int(word[4:8])}
        if not topic.endswith(f"/{method.partition('.')[0].lower()}:0"):
            return Reply()
        done = self._do(view, method, params)
        return Reply(orders=self._orders(done) if done else {})

    def _do(self, view: View, method: str, params: Mapping[str, Any]) -> Done | None:
        """Let the component that a method names obey it; None: there is none, or it does not know the method."""
        seen = Seen(view, self.channels)
        kind, _, verb = method.partition(".")
        asked = [part for part in self.parts if part.key.partition(":")[0] == kind.lower()]
        for part in asked:
            if f":{params.get('id', 0)}" == part.key[-2:]:
                return Done(part.status(seen)) if verb == "GetStatus" else part.obey(seen, method, params)
        return Done(problem="Invalid argument 'id'") if asked else None

    def _orders(self, done: Done) -> dict[str, float]:
        return {self.channels[field]: value for field, value in done.orders.items()}

    def _respond(self, request: Request, **outcome: object) -> tuple[Packet, ...]:
        if not request.src or any(sign in request.src for sign in "+#\0"):
            return ()
        body = {"id": request.id, "src": self.name, "dst": request.src, **outcome}
        return (Packet(f"{request.src}/rpc", msgspec.json.encode(body)),)

    def _told(self, view: View, news: Mapping[str, Mapping[str, object]]) -> list[Packet]:
        said = {key: body for key, body in news.items() if len(body) > 1}  # more than its id
        return [self._notify(view, "NotifyStatus", said)] if said else []

    def _notify(self, view: View, method: str, said: Mapping[str, object]) -> Packet:
        params = {"ts": _seconds(view), **said}
        body = {"src": self.name, "dst": f"{self.name}/events", "method": method, "params": params}
        return Packet(f"{self.name}/events/rpc", msgspec.json.encode(body))

    def _everything(self, view: View) -> dict[str, object]:
        seen = Seen(view, self.channels)
        return {
            "mqtt": {"connected": True},
            **{part.key: part.status(seen) for part in self.parts},
            "sys": {"unixtime": None if view.now.unset else round(view.now.unix_s), "uptime": view.now.uptime_s},
            "wifi": {"status": "got ip", "ssid": "simulated", "rssi": rounded(seen.value("rssi"), 0)},
        }

    def _about(self) -> dict[str, object]:
        number, generation, app = HARDWARE[self.model]
        return {
            "name": None,
            "id": self.name,
            "mac": mac(self.name),
            "model": number,
            "gen": generation,
            "fw_id": f"20240101-000000/{FIRMWARE_VERSION}-simulated",
            "ver": FIRMWARE_VERSION,
            "app": app,
            "auth_en": False,
            "auth_domain": None,
        }


def _seconds(view: View) -> float:
    return float(view.now.uptime_s) if view.now.unset else round(view.now.unix_s, 2)


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Shelly:
    """Return a device of the model that the options name."""
    return Shelly(name, fields, options_of(Options, options).model)
