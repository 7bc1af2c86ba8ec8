"""Relays, inputs and meters of a Shelly Gen2+: what each says of itself, and what it obeys (wire_formats.md §3).

Sources: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/ (Switch, Input, PM1): status properties,
methods, results.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from device_sims.devices import View, turned_on
from device_sims.sensing import Lost, Sampled

METERED = ("aenergy", "voltage")
METER_ERROR = "power_meter_failure"
USUAL = {"voltage": 230.0, "temperature": 40.0, "rssi": -55.0, "freq": 50.0, "input": 0.0, "input1": 0.0}
"""What stands where a scenario gives no channel."""


class Seen(NamedTuple):
    """What a device sees, by the names of its own fields."""

    view: View
    channels: Mapping[str, str]

    def value(self, field: str) -> Sampled:
        """Return the last sample; the usual value where no channel gives it."""
        channel = self.channels.get(field)
        return USUAL.get(field, Lost.UNPLUGGED) if channel is None else self.view.values[channel]

    def wanted(self, field: str) -> Sampled:
        """Return what an actuator was ordered, else what it is seen to be."""
        return self.view.order.get(self.channels[field], self.value(field))


class Done(NamedTuple):
    """What a method did: its result, or the reason why it did nothing; orders by field."""

    result: object = None
    problem: str = ""
    orders: Mapping[str, float] = {}


class Part:
    """A component.

    Attributes:
        key: as in a status, `switch:0`.
        needs: fields a scenario must give a channel.
        tells: fields whose change is told at once.
        reads: other fields it knows.
    """

    key: str
    needs: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the whole of it."""
        raise NotImplementedError

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return what it sends at its period; empty: nothing."""
        del seen
        return {}

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Return what changed with some fields."""
        del fields
        return self.minute(seen)

    def obey(self, seen: Seen, method: str, params: Mapping[str, Any]) -> Done | None:
        """Do what a method wants; None: it has no such method."""
        del seen, method, params
        return None


@dataclass(slots=True)
class Meter:
    """Power, voltage, current and a counter; the counter adds power up where no channel gives it."""

    minutes: tuple[float, float, float] = (0.0, 0.0, 0.0)
    at_minute: float = -1.0
    counted_wh: float = 0.0
    power_w: float = 0.0
    since_s: int | None = None

    def now(self, seen: Seen) -> dict[str, object]:
        """Return what is measured; a failed meter is null with an error, a dropped sample absent."""
        power, voltage = seen.value("apower"), seen.value("voltage")
        if Lost.DROPPED in (power, voltage):
            return {}
        if isinstance(power, Lost):
            return {"apower": None, "voltage": rounded(voltage, 1), "current": None, "errors": [METER_ERROR]}
        current = None if isinstance(voltage, Lost) or voltage <= 0 else round(abs(power) / voltage, 3)
        return {"apower": power, "voltage": rounded(voltage, 1), "current": current}

    def energy(self, seen: Seen) -> dict[str, object]:
        """Return the counter [Wh] and the last full minutes [mWh], newest first; nothing of a dropped sample."""
        total = self._total(seen)
        if total is Lost.DROPPED:
            return {}
        minute = 0 if seen.view.now.unset else int(seen.view.now.unix_s) // 60 * 60
        by_minute = [round(1000 * each, 3) for each in self.minutes]
        return {"aenergy": {"total": rounded(total, 3), "by_minute": by_minute, "minute_ts": minute}}

    def follow(self, seen: Seen) -> None:
        """Add up the power since the last look."""
        now_s, power = seen.view.now.time_s, seen.value("apower")
        if self.since_s is not None:
            self.counted_wh += max(self.power_w, 0.0) * (now_s - self.since_s) / 3600
        self.since_s = now_s
        self.power_w = self.power_w if isinstance(power, Lost) else power

    def end_minute(self, seen: Seen) -> None:
        """Note what the counter gained since the last report."""
        total = self._total(seen)
        if isinstance(total, Lost):
            return
        if self.at_minute >= 0:
            self.minutes = (max(total - self.at_minute, 0.0), *self.minutes[:2])
        self.at_minute = total

    def _total(self, seen: Seen) -> Sampled:
        return seen.value("aenergy") if "aenergy" in seen.channels else self.counted_wh


class Switch(Part):
    """A relay: `output` [1 or 0]; with a meter also `apower` [W], `aenergy` [Wh], `voltage` [V]."""

    key = "switch:0"

    def __init__(self, *, metered: bool) -> None:
        """Choose whether it measures."""
        self.meter = Meter() if metered else None
        self.needs = ("output", "apower") if metered else ("output",)
        self.tells = self.needs
        self.reads = METERED if metered else ()

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the whole of it."""
        energy = self.meter.energy(seen) if self.meter else {}
        return {"id": 0, "source": "init", "output": on(seen), **self._metered(seen), **energy, **heat(seen)}

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return what the relay measures, and the counter."""
        if self.meter is None:
            return {"id": 0, **heat(seen)}
        self.meter.follow(seen)
        self.meter.end_minute(seen)
        return {"id": 0, **self.meter.now(seen), **self.meter.energy(seen), **heat(seen)}

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Return the output where it moved, and what the meter then shows."""
        if self.meter is not None:
            self.meter.follow(seen)
        state = {"output": on(seen), "source": "MQTT"} if "output" in fields else {}
        return {"id": 0, **state, **self._metered(seen)}

    def obey(self, seen: Seen, method: str, params: Mapping[str, Any]) -> Done | None:
        """Switch.Set and Switch.Toggle."""
        was_on = on(seen)
        if method not in {"Switch.Set", "Switch.Toggle"}:
            return None
        wanted = params.get("on") if method == "Switch.Set" else not was_on
        if not isinstance(wanted, bool):
            return Done(problem="Invalid argument 'on'")
        return Done({"was_on": was_on}, orders={"output": float(wanted)})

    def _metered(self, seen: Seen) -> dict[str, object]:
        return self.meter.now(seen) if self.meter else {}


class Input(Part):
    """A switch input: `input` (or `input1`) [1 or 0]."""

    def __init__(self, number: int = 0) -> None:
        """Take its number."""
        self.number = number
        self.field = f"input{number or ''}"
        self.key = f"input:{number}"
        self.tells = (self.field,)

    def status(self, seen: Seen) -> dict[str, object]:
        """Return its state."""
        value = seen.value(self.field)
        return {"id": self.number, "state": None if isinstance(value, Lost) else value != 0}

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Return its state."""
        del fields
        return self.status(seen)


class Pm1(Part):
    """A meter without a relay: `apower` [W], `aenergy` [Wh], `voltage` [V], `freq` [Hz]."""

    key = "pm1:0"
    needs = ("apower",)
    tells = ("apower",)
    reads = (*METERED, "freq")

    def __init__(self) -> None:
        """Count from zero."""
        self.meter = Meter()

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the whole of it."""
        return {"id": 0, **self.meter.now(seen), "freq": rounded(seen.value("freq"), 2), **self.meter.energy(seen)}

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return what it measures, and the counter."""
        self.meter.follow(seen)
        self.meter.end_minute(seen)
        return self.status(seen)

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Return the power that changed."""
        del fields
        self.meter.follow(seen)
        return {"id": 0, **self.meter.now(seen)}


def on(seen: Seen) -> bool:
    """Tell whether the relay is on."""
    return turned_on(seen.view, seen.channels["output"]) is True


def heat(seen: Seen) -> dict[str, object]:
    """Return the chip's temperature in both units; nothing where it could not be read."""
    chip = seen.value("temperature")
    return {} if isinstance(chip, Lost) else {"temperature": {"tC": round(chip, 1), "tF": fahrenheit(chip)}}


def fahrenheit(celsius: float) -> float:
    """Return °F with one decimal."""
    return round(celsius * 1.8 + 32, 1)


def rounded(value: Sampled, digits: int) -> float | None:
    """Return a number with so many decimals; None where nothing was read."""
    return None if isinstance(value, Lost) else round(value, digits)
