"""A Tasmota board (wire_formats.md §1; https://tasmota.github.io/docs/MQTT/, …/DS18x20/, …/Teleinfo/, …/Commands/).

Says `tele/<t>/LWT` Online/Offline retained, INFO1 to INFO3 once, `tasmota/discovery/<MAC>/config` and `/sensors`
retained, `tele/<t>/SENSOR` at its period, `tele/<t>/STATE` now and then; obeys `cmnd/<t>/Power<n>` (answered on
`stat/<t>/RESULT` and `stat/<t>/POWER<n>`), `Status` 2 | 5 | 8 | 10 | 11, `TelePeriod` and `State`.

Fields of its channels, and the measure each wants:

* `DS18B20`, `DS18B20-1`, … with `id` the probe's address: temperature [°C].
* `<object>.<key>`: any key of any object of SENSOR, printed with the firmware's decimals. Usual ones:
  `BME280.Temperature` [°C], `BME280.Humidity` [%] (the dew point is added), `BME280.Pressure` [hPa],
  `SCD40.CarbonDioxide` [ppm], `SR04.Distance` [m; sent in cm], `ANALOG.A0`, `COUNTER.C1`, `ESP32.Temperature` [°C].
* `ENERGY.Power` [W], `ENERGY.Total` [Wh; sent in kWh], optionally `ENERGY.Voltage` [V] and others: what is not measured
  follows (`Today`, `Yesterday`, `Period`, `ApparentPower`, `ReactivePower`, `Factor`, `Current`).
* `TIC.PAPP` [VA], `TIC.IINST` [A], `TIC.BASE`, `TIC.HCHC`, `TIC.HCHP`, … [Wh], `TIC.PTEC` (1: peak hours, 0: off-peak):
  a Linky in historic mode; the contract's labels and ENERGY are added. A label that cannot be read is absent, TIC
  with the last of them: nothing else is said then, and the board stays online.
* `Switch1`, …: an input, 1 or 0.
* `POWER`, or `POWER1`, `POWER2`, …: a relay, 1 or 0; with `order = true` it obeys, with `on_change = true` a model
  moves it.
* `Wifi`: strength of the radio [dBm], in STATE.

Options: `module` (name of the board), `voltage` [V] and `power_factor` (where ENERGY does not measure them), `tic`
(labels that the contract fixes, for instance `{ ADCO = "000000000000", ISOUSC = 60, OPTARIF = "HC.." }`).
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from device_sims.devices import Moment, Packet, Reply, View, _tasmota_words, options_of, turned_on
from device_sims.devices._tasmota_body import (
    ENERGY,
    TIC,
    Days,
    Field,
    energy_kwh,
    meter,
    metered,
    objects,
    of_meter,
    with_dew_point,
)
from device_sims.errors import SimulationError
from device_sims.sensing import Lost

STATE_EVERY = 30
"""STATE accompanies one SENSOR in so many: the firmware sends both, a simulated room needs fewer."""
SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 10, 3600  # the firmware's own bounds of TelePeriod
USUAL_DBM = -60
FIELD = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_.]+)?")
RELAY = re.compile(r"POWER(\d{0,2})")
INPUT = re.compile(r"Switch\d{1,2}")
WIFI = "Wifi"
TRUE_WORDS, FALSE_WORDS, OTHER_WORDS = {"on", "1", "true"}, {"off", "0", "false"}, {"toggle", "2"}


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say of a board."""

    module: str = "Generic"
    voltage: Annotated[float, Meta(ge=0)] = 230.0
    power_factor: Annotated[float, Meta(gt=0, le=1)] = 1.0
    tic: dict[str, str | int] = {}


class Tasmota:
    """A board called `name`; `fields`: channel → {field, id: a probe's address}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topics.

        Raises:
            SimulationError: a field that is none.
        """
        self.name = name
        self.options = options
        self.signal: str | None = None
        self.relays: dict[str, str] = {}
        self.inputs: dict[str, str] = {}
        self.fields: list[Field] = []
        for channel, setting in fields.items():
            self._place(channel, setting["field"], setting["id"])
        self.discovery = _tasmota_words.discovery(name)
        self.uid = f"tasmota:{name}"
        self.filters = (f"tele/{name}/#", f"stat/{name}/#", f"cmnd/{name}/#", f"{self.discovery}/#")
        self.commands = (f"cmnd/{name}/#",)
        self.retained = (f"tele/{name}/LWT", f"{self.discovery}/config", f"{self.discovery}/sensors")
        self.bridged = False
        self.qos = 0
        self.will = Packet(f"tele/{name}/LWT", b"Offline", retain=True)
        self._reports = 0
        self._booted = False
        self._days = Days()
        self._told: dict[str, str] = {}

    def _place(self, channel: str, field: str, probe: str) -> None:
        if field == WIFI:
            self.signal = channel
        elif RELAY.fullmatch(field):
            self.relays[field] = channel
        elif INPUT.fullmatch(field):
            self.inputs[field] = channel
        elif FIELD.fullmatch(field):
            owner, _, key = field.partition(".")
            self.fields.append(Field(channel, owner, key or "Temperature", probe))
        else:
            msg = f"channels.{channel}.field is {field!r}: write an object of SENSOR and its key, as BME280.Humidity"
            raise SimulationError(msg)

    def birth(self, view: View) -> list[Packet]:
        """Say Online, STATE, the relays, and what discovery wants; INFO1 to INFO3 after the boot."""
        self._reports = 0
        said = [Packet(f"tele/{self.name}/LWT", b"Online", retain=True), self._state(view)]
        if not self._booted:
            self._booted = True
            infos = _tasmota_words.infos(self.name, self.options.module)
            said += [self._packet("tele", f"INFO{number}", body) for number, body in enumerate(infos, 1)]
        for relay in self.relays:
            said += self._relay_said(relay, self._relay(view, relay))
        return [*said, *self._discovered(view)]

    def report(self, view: View) -> list[Packet]:
        """Send SENSOR, and STATE now and then; no SENSOR when nothing was read."""
        self._reports += 1
        packets = [] if self._reports % STATE_EVERY else [self._state(view)]
        body = self._sensors(view)
        if body is None:
            return packets
        total = energy_kwh(self._read(view), self.fields)
        self._days.at_report = self._days.at_report if total is None else total
        return [*packets, self._packet("tele", "SENSOR", body)]

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Tell a relay that moved; sensors are read at the period only."""
        said: list[Packet] = []
        for relay, channel in self.relays.items():
            if channel in channels and self._told.get(relay) != (word := self._relay(view, relay)):
                said += self._relay_said(relay, word)
        return said

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Answer and obey; an unknown command is said to be one, as the firmware does."""
        word = topic.rsplit("/", 1)[-1].upper()
        text = payload.decode(errors="replace").strip()
        if RELAY.fullmatch(word):
            return self._power(view, word, text.lower())
        if word == "STATUS":
            return self._status(view, text)
        if word == "STATE":
            return self._answer("RESULT", self._state_body(view))
        if word == "TELEPERIOD":
            return self._tele_period(view, text)
        return self._answer("RESULT", {"Command": "Unknown"})

    def _power(self, view: View, word: str, text: str) -> Reply:
        relay = self._named(word)
        if relay is None or text not in {"", *TRUE_WORDS, *FALSE_WORDS, *OTHER_WORDS}:
            return self._answer("RESULT", {"Command": "Unknown" if relay is None else "Error"})
        now_on = self._relay(view, relay) == "ON"
        wanted = {"": now_on, **dict.fromkeys(OTHER_WORDS, not now_on)}.get(text, text in TRUE_WORDS)
        orders = {} if text == "" else {self.relays[relay]: float(wanted)}
        becomes = now_on if view.stuck else wanted
        return Reply(tuple(self._relay_said(relay, "ON" if becomes else "OFF")), orders=orders)

    def _named(self, word: str) -> str | None:
        """Return the relay that a command names: POWER and POWER1 both mean the first."""
        number = word.removeprefix("POWER") or "1"
        return next((relay for relay in self.relays if (relay.removeprefix("POWER") or "1") == number), None)

    def _relay(self, view: View, relay: str) -> str:
        on = turned_on(view, self.relays[relay])
        return self._told.get(relay, "OFF") if on is None else "ON" if on else "OFF"

    def _relay_said(self, relay: str, word: str) -> list[Packet]:
        self._told[relay] = word
        return [self._packet("stat", "RESULT", {relay: word}), Packet(f"stat/{self.name}/{relay}", word.encode())]

    def _status(self, view: View, text: str) -> Reply:
        if text in {"8", "10"}:
            return self._answer(f"STATUS{text}", {"StatusSNS": self._sensors(view) or self._timed(view.now)})
        if text == "11":
            return self._answer("STATUS11", {"StatusSTS": self._state_body(view)})
        if text == "5":
            return self._answer("STATUS5", _tasmota_words.address_of(self.name))
        if text == "2":
            return self._answer("STATUS2", _tasmota_words.firmware())
        return self._answer("RESULT", {"Command": "Unknown"})

    def _tele_period(self, view: View, text: str) -> Reply:
        period_s = view.period_s
        if text.isascii() and text.isdigit() and int(text[:6]):  # 0 would stop the telemetry: a simulation keeps it
            period_s = min(max(int(text[:6]), SHORTEST_PERIOD_S), LONGEST_PERIOD_S)
        return Reply(self._answer("RESULT", {"TelePeriod": period_s}).packets, period_s=period_s)

    def _answer(self, word: str, body: object) -> Reply:
        return Reply((self._packet("stat", word, body),))

    def _packet(self, prefix: str, word: str, body: object) -> Packet:
        return Packet(f"{prefix}/{self.name}/{word}", msgspec.json.encode(body))

    def _discovered(self, view: View) -> list[Packet]:
        config = _tasmota_words.discovered(self.name, self.options.module, len(self.relays))
        sensors = {"sn": self._sensors(view) or self._timed(view.now), "ver": 1}
        return [
            Packet(f"{self.discovery}/config", msgspec.json.encode(config), retain=True),
            Packet(f"{self.discovery}/sensors", msgspec.json.encode(sensors), retain=True),
        ]

    def _read(self, view: View) -> dict[str, dict[str, object]]:
        return objects(self.fields, view.values)

    def _sensors(self, view: View) -> dict[str, object] | None:
        """Return the body of SENSOR; None: nothing was read."""
        read = self._read(view)
        inputs = {
            field: "ON" if value else "OFF"
            for field, channel in self.inputs.items()
            if not isinstance(value := view.values[channel], Lost)
        }
        if not read and not inputs:
            return None
        total = energy_kwh(read, self.fields)
        if total is not None:
            self._days.follow(total, view.now.local_text()[:10], _tasmota_words.counting_since(view.now))
        return {**self._timed(view.now), **inputs, **self._derived(read, total), **self._units(read)}

    def _derived(self, read: Mapping[str, Mapping[str, object]], total: float | None) -> dict[str, dict[str, object]]:
        """Return the objects of SENSOR with what the firmware adds to them; ENERGY stands before TIC."""
        options = self.options
        found: dict[str, dict[str, object]] = {}
        for owner, body in read.items():
            if owner == TIC:
                tic = meter(body, options.tic)
                found |= {ENERGY: of_meter(tic, total, self._days), TIC: tic}
            elif owner == ENERGY:
                found[ENERGY] = metered(
                    body, total, self._days, voltage=options.voltage, power_factor=options.power_factor
                )
            else:
                found[owner] = with_dew_point(body)
        return found

    def _units(self, read: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
        keys = {key for body in read.values() for key in body}
        pressure = {"PressureUnit": "hPa"} if keys & {"Pressure", "SeaPressure"} else {}
        return {**pressure, **({"TempUnit": "C"} if "Temperature" in keys else {})}

    def _timed(self, now: Moment) -> dict[str, object]:
        return {"Time": now.local_text()}

    def _state(self, view: View) -> Packet:
        return self._packet("tele", "STATE", self._state_body(view))

    def _state_body(self, view: View) -> dict[str, object]:
        signal = view.values.get(self.signal, Lost.UNPLUGGED) if self.signal else Lost.UNPLUGGED
        relays = {relay: self._relay(view, relay) for relay in self.relays}
        dbm = USUAL_DBM if isinstance(signal, Lost) else round(signal)
        return _tasmota_words.state(view.now, relays, dbm)


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Tasmota:
    """Return a board."""
    return Tasmota(name, fields, options_of(Options, options))
