"""The keys of Zigbee2MQTT's messages: how each is written, and how `exposes` describes it (wire_formats.md §4).

Sources: https://www.zigbee2mqtt.io/guide/usage/exposes.html (generic and specific types, access bits, units) and the
pages of single devices below https://www.zigbee2mqtt.io/supported-devices/.
"""

from collections.abc import Iterable, Mapping

from device_sims.sensing import Lost, Sampled

FLAGS = {"contact", "water_leak", "occupancy", "presence", "vibration", "tamper", "battery_low", "smoke"}
ACTIONS = ("single", "double", "hold")
DIGITS = {
    **dict.fromkeys(("temperature", "humidity", "device_temperature", "current"), 2),
    **dict.fromkeys(("pressure", "power"), 1),
    "energy": 3,
}
"""Decimals, as devices report; other keys are whole."""
SCALES = {"energy": 0.001}
"""Measures are in Wh, the wire in kWh."""
UNITS = {
    **dict.fromkeys(("temperature", "device_temperature"), "°C"),
    **dict.fromkeys(("humidity", "battery", "soil_moisture"), "%"),
    "pressure": "hPa",
    "power": "W",
    "energy": "kWh",
    "current": "A",
    "illuminance": "lx",
    "co2": "ppm",
    "linkquality": "lqi",
}
HEALTH = {"linkquality", "battery", "voltage", "battery_low", "tamper"}
"""Keys that `exposes` puts into the category of diagnostics."""
PUBLISHED, SETTABLE = 1, 7


def written(key: str, value: Sampled) -> bool | int | float | str | None:
    """Return a value as the message has it; None: nothing was read.

    A contact is true when closed, while the measure says open. A button's press does not last: see `action`.
    """
    if isinstance(value, Lost) or key == "action":
        return None
    if key == "state":
        return "ON" if value else "OFF"
    if key in FLAGS:
        return (value == 0) if key == "contact" else value != 0
    digits = DIGITS.get(key, 0)
    scaled = round(value * SCALES.get(key, 1.0), digits)
    return scaled if digits else int(scaled)


def action(value: Sampled) -> str:
    """Return a press as its word: 1 single, 2 double, 3 hold; nothing for 0 and for what was not read."""
    number = 0 if isinstance(value, Lost) else round(value)
    return ACTIONS[number - 1] if 1 <= number <= len(ACTIONS) else ""


def exposes(keys: Iterable[str], *, mains: bool) -> list[dict[str, object]]:
    """Return what a device's definition says of its keys; a battery's `voltage` is in mV, a plug's in V."""
    return [_exposed(key, "V" if mains else "mV") for key in keys]


def _exposed(key: str, volts: str) -> dict[str, object]:
    named: dict[str, object] = {
        "name": key,
        "label": key.replace("_", " ").capitalize(),
        "property": key,
        "access": PUBLISHED,
    }
    if key in HEALTH:
        named["category"] = "diagnostic"
    if key == "state":
        words = {"value_on": "ON", "value_off": "OFF", "value_toggle": "TOGGLE"}
        return {"type": "switch", "features": [{"type": "binary", **named, "access": SETTABLE, **words}]}
    if key == "action":
        return {"type": "enum", **named, "values": list(ACTIONS)}
    if key in FLAGS:
        closed = key == "contact"
        return {"type": "binary", **named, "value_on": not closed, "value_off": closed}
    unit = {**UNITS, "voltage": volts}.get(key)
    limits: Mapping[str, int] = {"battery": 100, "linkquality": 255}
    bounds = {"value_min": 0, "value_max": limits[key]} if key in limits else {}
    return {"type": "numeric", **named, **({"unit": unit} if unit else {}), **bounds}
