"""What a Tasmota's SENSOR says: pure functions of what its sensors read (wire_formats.md §1).

Sources: https://tasmota.github.io/docs/MQTT/, …/DS18x20/, …/Teleinfo/, …/Commands/#sensors (resolutions).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from device_sims.sensing import Lost, Sampled

ENERGY, TIC = "ENERGY", "TIC"
SCALES = {"Distance": 100.0, **dict.fromkeys(("Total", "Today", "Yesterday", "ExportActive"), 0.001)}
"""Measures are in m and Wh, the wire in cm and kWh."""
DIGITS = {
    **dict.fromkeys(("Temperature", "Humidity", "Pressure", "SeaPressure", "DewPoint", "Illuminance"), 1),
    **dict.fromkeys(("Distance", "Total", "Today", "Yesterday", "ExportActive", "Current", "Weight"), 3),
    "Factor": 2,
    "Frequency": 2,
}
"""Decimals the firmware prints by default (TempRes 1, HumRes 1, PressRes 1, AmpRes 3, EnergyRes 3); others: whole."""
LABELS = (
    *("ADCO", "OPTARIF", "ISOUSC", "BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM"),
    *("BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR"),
    *("PTEC", "DEMAIN", "IINST", "ADPS", "IMAX", "PAPP", "HHPHC", "MOTDETAT"),
)
"""The historic mode's labels, in the meter's order (Enedis-NOI-CPT_54E §6.2.2)."""
INDEXES = LABELS[3:14]
PEAK, OFF_PEAK, ALL_HOURS = "HP..", "HC..", "TH.."


class Field(NamedTuple):
    """Where a channel stands in SENSOR: `owner.key`, with the address of a probe."""

    channel: str
    owner: str
    key: str
    id: str = ""


@dataclass(slots=True)
class Days:
    """What the firmware remembers of an energy counter [kWh]: it knows nothing of the days before its first reading."""

    day: str = ""
    since: str = ""
    at_midnight: float = 0.0
    yesterday: float = 0.0
    at_report: float = 0.0

    def follow(self, total: float, day: str, since: str) -> None:
        """Take note of the counter [kWh]; at another local day, what today was becomes yesterday.

        Args:
            total: the counter.
            day: local date.
            since: local time at which counting began.
        """
        self.since = since
        if not self.day:
            self.at_midnight = self.at_report = total
        elif day != self.day:
            self.yesterday = max(total - self.at_midnight, 0.0)
            self.at_midnight = total
        self.day = day

    def said(self, total: float) -> dict[str, object]:
        """Return the counter as SENSOR has it; `Period` in Wh since the last SENSOR."""
        return {
            "TotalStartTime": self.since,
            "Total": round(total, 3),
            "Yesterday": round(self.yesterday, 3),
            "Today": round(max(total - self.at_midnight, 0.0), 3),
            "Period": round(1000 * max(total - self.at_report, 0.0)),
        }


def objects(fields: Iterable[Field], values: Mapping[str, Sampled]) -> dict[str, dict[str, object]]:
    """Return SENSOR's objects as far as something was read; an unplugged probe is null, a dropped sample absent."""
    found: dict[str, dict[str, object]] = {}
    for field in fields:
        value = values[field.channel]
        if value is Lost.DROPPED or (field.owner == TIC and value is Lost.UNPLUGGED):
            continue
        body = found.setdefault(field.owner, {"Id": field.id} if field.id else {})
        body[field.key] = None if isinstance(value, Lost) else printed(field.key, value)
    return found


def printed(key: str, value: float) -> float | int:
    """Return a number as the firmware prints it, in the wire's unit and with its decimals."""
    digits = DIGITS.get(key, 0)
    scaled = round(value * SCALES.get(key, 1.0), digits)
    return scaled if digits else int(scaled)


def with_dew_point(body: Mapping[str, object]) -> dict[str, object]:
    """Return an object with the dew point that the firmware computes from temperature and humidity."""
    warm, humid = body.get("Temperature"), body.get("Humidity")
    if not isinstance(warm, float) or not isinstance(humid, float) or humid <= 0 or "DewPoint" in body:
        return dict(body)
    found = dict(body)
    pressure: dict[str, object] = {key: found.pop(key) for key in ("Pressure", "SeaPressure") if key in found}
    return {**found, "DewPoint": round(dew_point_c(warm, humid), 1), **pressure}


def dew_point_c(warm_c: float, humid_percent: float) -> float:
    """Return the dew point [°C], by the Magnus formula with the firmware's own constants (17.27, 237.7 °C)."""
    gamma = 17.27 * warm_c / (237.7 + warm_c) + math.log(humid_percent / 100)
    return 237.7 * gamma / (17.27 - gamma)


def metered(
    body: Mapping[str, object], total: float | None, days: Days, *, voltage: float, power_factor: float
) -> dict[str, object]:
    """Return ENERGY of a metering plug: what is measured, and what the firmware derives from it."""
    power = body.get("Power")
    counted = days.said(total) if total is not None else {}
    derived: dict[str, object] = {}
    if isinstance(power, int):
        apparent = abs(power) / power_factor
        volts = body.get("Voltage", voltage)
        derived = {
            "Power": power,
            "ApparentPower": round(apparent),
            "ReactivePower": round(math.sqrt(max(apparent**2 - power**2, 0.0))),
            "Factor": round(power_factor, 2),
            "Voltage": round(voltage),
            "Current": round(apparent / volts, 3) if isinstance(volts, (int, float)) and volts > 0 else 0.0,
        }
    return {**counted, **derived, **body}


def meter(body: Mapping[str, object], constants: Mapping[str, str | int]) -> dict[str, object]:
    """Return TIC in the meter's order: what it measures, and what its contract fixes.

    Args:
        body: what was read, by label; `PTEC` as 1 in peak hours, 0 otherwise.
        constants: labels the scenario fixes.
    """
    two_tariffs = "HCHC" in body or "HCHP" in body
    usual: dict[str, object] = {
        "ADCO": "000000000000",
        "OPTARIF": OFF_PEAK if two_tariffs else "BASE",
        "ISOUSC": 60,
        "IMAX": 90,
        "HHPHC": "A",
        "MOTDETAT": 0,
    }
    found = {**usual, **constants, **body}
    if "PTEC" in body:
        found["PTEC"] = PEAK if body["PTEC"] else OFF_PEAK
    elif not two_tariffs:
        found.setdefault("PTEC", ALL_HOURS)
    return {label: found[label] for label in LABELS if label in found}


def of_meter(tic: Mapping[str, object], total: float | None, days: Days) -> dict[str, object]:
    """Return the ENERGY that the firmware makes of a meter's TIC: `Power` repeats PAPP, which is in VA.

    Args:
        tic: the meter's labels.
        total: sum of its indexes [kWh]; None: one of them was not read.
        days: what the firmware remembers of it.
    """
    found: dict[str, object] = days.said(total) if total is not None else {}
    papp, amperes, subscribed = tic.get("PAPP"), tic.get("IINST"), tic.get("ISOUSC")
    if papp is not None:
        found["Power"] = papp
    if isinstance(amperes, int):
        found["Current"] = float(amperes)
        if isinstance(subscribed, int) and subscribed > 0:
            found["Load"] = round(100 * amperes / subscribed)
    return found


def energy_kwh(read: Mapping[str, Mapping[str, object]], fields: Iterable[Field]) -> float | None:
    """Return the counter of SENSOR [kWh]: ENERGY's Total, else the sum of a meter's indexes; None: not all was read."""
    total = read.get(ENERGY, {}).get("Total")
    if isinstance(total, float):
        return total
    labels = [field.key for field in fields if field.owner == TIC and field.key in INDEXES]
    indexes = [value for label in labels if isinstance(value := read.get(TIC, {}).get(label), int)]
    return sum(indexes) / 1000 if labels and len(indexes) == len(labels) else None
