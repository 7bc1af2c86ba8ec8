"""Components of a Shelly Gen2+ beside relays and meters: covers, clamps, climate; and which model has which.

Sources: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/ (Cover, EM1, EM1Data, Temperature, Humidity,
DevicePower) and …/Devices/.
"""

from collections.abc import Mapping
from typing import Any, TypeGuard

from device_sims.devices._shelly_parts import (
    METER_ERROR,
    METERED,
    Done,
    Input,
    Meter,
    Part,
    Pm1,
    Seen,
    Switch,
    fahrenheit,
    heat,
    rounded,
)
from device_sims.sensing import Lost, Sampled

MOVING = 0.5
"""A cover this near its target [%] stands still."""
FULL_V, EMPTY_V = 6.0, 4.4
"""Four AA cells of an H&T, new and exhausted."""
COUNTERS = ("total_act_energy", "total_act_ret_energy")


class Cover(Part):
    """A shutter or vent: `current_pos` [% open]; optionally `apower` [W] of its motor."""

    key = "cover:0"
    needs = ("current_pos",)
    tells = ("current_pos", "apower")
    reads = METERED

    def __init__(self) -> None:
        """Begin as it lies."""
        self.meter = Meter()
        self.direction: str | None = None

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the whole of it."""
        return {
            "id": 0,
            "source": "init",
            **self._moving(seen),
            **self._metered(seen),
            "pos_control": True,
            **heat(seen),
        }

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return where it stands."""
        return {"id": 0, **self._moving(seen), **self._metered(seen), **heat(seen)}

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Return where it stands now."""
        del fields
        return {"id": 0, "source": "MQTT", **self._moving(seen)}

    def obey(self, seen: Seen, method: str, params: Mapping[str, Any]) -> Done | None:
        """Cover.Open, Close, Stop and GoToPosition (`pos` 0 to 100, or `rel`); their result is null."""
        here = seen.value("current_pos")
        position = 0.0 if isinstance(here, Lost) else here
        if method == "Cover.GoToPosition":
            return _go_to(position, params)
        target = {"Cover.Open": 100.0, "Cover.Close": 0.0, "Cover.Stop": position}.get(method)
        return None if target is None else Done(orders={"current_pos": target})

    def _moving(self, seen: Seen) -> dict[str, object]:
        here, target = seen.value("current_pos"), seen.wanted("current_pos")
        if isinstance(here, Lost) or isinstance(target, Lost):
            return {"state": "stopped", "current_pos": None}
        if abs(target - here) > MOVING:
            self.direction = "open" if target > here else "close"
            state = {"state": "opening" if target > here else "closing", "target_pos": round(target)}
        else:
            state = {"state": {0: "closed", 100: "open"}.get(round(here), "stopped")}
        return {**state, "current_pos": round(here), "last_direction": self.direction}

    def _metered(self, seen: Seen) -> dict[str, object]:
        if "apower" not in seen.channels:
            return {}
        self.meter.follow(seen)
        return {**self.meter.now(seen), **self.meter.energy(seen)}


def _go_to(position: float, params: Mapping[str, Any]) -> Done:
    absolute, relative = params.get("pos"), params.get("rel")
    if _is_percent(absolute, 0):
        return Done(orders={"current_pos": float(absolute)})
    if _is_percent(relative, -100):
        return Done(orders={"current_pos": min(max(position + relative, 0.0), 100.0)})
    return Done(problem="Invalid argument 'pos' or 'rel'")


def _is_percent(value: object, low: int) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= 100  # noqa: PLR2004 — percent


class Em1(Part):
    """A clamp: `act_power` [W, negative: export], `voltage` [V], `freq` [Hz], `pf` [1]."""

    key = "em1:0"
    needs = ("act_power",)
    tells = ("act_power",)
    reads = ("voltage", "freq", "pf")

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the whole of it."""
        return {"id": 0, **self._measured(seen), "calibration": "factory"}

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return what it measures."""
        measured = self._measured(seen)
        return {"id": 0, **measured} if measured else {}

    def _measured(self, seen: Seen) -> dict[str, object]:
        power, voltage, factor = seen.value("act_power"), seen.value("voltage"), seen.value("pf")
        if Lost.DROPPED in (power, voltage):
            return {}
        if isinstance(power, Lost) or isinstance(voltage, Lost):
            return {"act_power": None, "voltage": rounded(voltage, 1), "errors": [METER_ERROR]}
        pf = 1.0 if isinstance(factor, Lost) or factor <= 0 else min(factor, 1.0)
        apparent = abs(power) / pf
        return {
            "current": round(apparent / voltage, 3) if voltage > 0 else 0.0,
            "voltage": round(voltage, 1),
            "act_power": round(power, 1),
            "aprt_power": round(apparent, 1),
            "pf": round(pf, 2),
            "freq": rounded(seen.value("freq"), 1),
        }


class Em1Data(Part):
    """The clamp's counters: `total_act_energy`, `total_act_ret_energy` [Wh]."""

    key = "em1data:0"
    reads = COUNTERS

    def status(self, seen: Seen) -> dict[str, object]:
        """Return the counters."""
        read = {field: seen.value(field) for field in COUNTERS if field in seen.channels}
        return {"id": 0, **{field: rounded(each, 2) for field, each in read.items() if each is not Lost.DROPPED}}

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return the counters, where there are any."""
        found = self.status(seen)
        return found if len(found) > 1 else {}

    def news(self, seen: Seen, fields: frozenset[str]) -> dict[str, object]:
        """Say nothing: they have their period."""
        del seen, fields
        return {}


class Climate(Part):
    """One value of an H&T: temperature from `tC` [°C], humidity from `rh` [%], devicepower from `battery` [%]."""

    def __init__(self, key: str, field: str) -> None:
        """Take the component's name and its field."""
        self.key = key
        self.field = field
        self.needs = () if field == "battery" else (field,)
        self.tells = (field,)

    def status(self, seen: Seen) -> dict[str, object]:
        """Return its value; a failed probe is null with an error."""
        value = seen.value(self.field)
        if self.field == "battery":
            return {"id": 0, "battery": _battery(value), "external": {"present": False}}
        if isinstance(value, Lost):
            return {"id": 0, self.field: None, "errors": ["read"]}
        if self.field == "tC":
            return {"id": 0, "tC": round(value, 1), "tF": fahrenheit(value)}
        return {"id": 0, "rh": round(value, 1)}

    def minute(self, seen: Seen) -> dict[str, object]:
        """Return its value; nothing of a dropped sample."""
        return {} if seen.value(self.field) is Lost.DROPPED else self.status(seen)


def _battery(level: Sampled) -> dict[str, object]:
    percent = 100.0 if isinstance(level, Lost) else level
    return {"V": round(EMPTY_V + (FULL_V - EMPTY_V) * percent / 100, 2), "percent": round(percent)}


def parts(model: str) -> tuple[Part, ...]:
    """Return the components of a model, new ones for each device."""
    makers: Mapping[str, tuple[Part, ...]] = {
        "plus1pm": (Input(), Switch(metered=True)),
        "plugs": (Switch(metered=True),),
        "plus1": (Input(), Switch(metered=False)),
        "pro1": (Input(), Input(1), Switch(metered=False)),
        "pmmini": (Pm1(),),
        "cover": (Input(), Input(1), Cover()),
        "em": (Em1(), Em1Data()),
        "ht": (Climate("temperature:0", "tC"), Climate("humidity:0", "rh"), Climate("devicepower:0", "battery")),
    }
    return makers[model]
