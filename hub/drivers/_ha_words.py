"""Home Assistant's words in discovery documents: abbreviations, device classes, units.

Source: https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and
https://www.home-assistant.io/integrations/sensor/#device-class; wire_formats.md §5.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hub.units import Conversion, Unit, conversion

COMPONENTS = frozenset(
    [
        "alarm_control_panel",
        "binary_sensor",
        "button",
        "camera",
        "climate",
        "cover",
        "date",
        "datetime",
        "device",
        "device_automation",
        "device_tracker",
        "event",
        "fan",
        "humidifier",
        "image",
        "lawn_mower",
        "light",
        "lock",
        "notify",
        "number",
        "scene",
        "select",
        "sensor",
        "siren",
        "switch",
        "tag",
        "text",
        "time",
        "update",
        "vacuum",
        "valve",
        "water_heater",
    ]
)
KEYS = {
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "bri_cmd_t": "brightness_command_topic",
    "bri_cmd_tpl": "brightness_command_template",
    "bri_scl": "brightness_scale",
    "bri_stat_t": "brightness_state_topic",
    "bri_val_tpl": "brightness_value_template",
    "cmd_t": "command_topic",
    "cmd_tpl": "command_template",
    "cmp": "components",
    "cmps": "components",
    "curr_hum_t": "current_humidity_topic",
    "curr_hum_tpl": "current_humidity_template",
    "curr_temp_t": "current_temperature_topic",
    "curr_temp_tpl": "current_temperature_template",
    "def_ent_id": "default_entity_id",
    "dev": "device",
    "dev_cla": "device_class",
    "e": "encoding",
    "ent_cat": "entity_category",
    "exp_aft": "expire_after",
    "o": "origin",
    "obj_id": "object_id",
    "p": "platform",
    "pl": "payload",
    "pl_avail": "payload_available",
    "pl_lock": "payload_lock",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "pl_unlk": "payload_unlock",
    "pos_clsd": "position_closed",
    "pos_open": "position_open",
    "pos_t": "position_topic",
    "pos_tpl": "position_template",
    "set_pos_t": "set_position_topic",
    "set_pos_tpl": "set_position_template",
    "stat_cla": "state_class",
    "stat_locked": "state_locked",
    "stat_off": "state_off",
    "stat_on": "state_on",
    "stat_t": "state_topic",
    "stat_unlocked": "state_unlocked",
    "stat_val_tpl": "state_value_template",
    "stype": "subtype",
    "t": "topic",
    "temp_cmd_t": "temperature_command_topic",
    "temp_cmd_tpl": "temperature_command_template",
    "temp_stat_t": "temperature_state_topic",
    "temp_stat_tpl": "temperature_state_template",
    "temp_unit": "temperature_unit",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
DEVICE_KEYS = {
    "cns": "connections",
    "cu": "configuration_url",
    "hw": "hw_version",
    "ids": "identifiers",
    "mdl": "model",
    "mf": "manufacturer",
    "sa": "suggested_area",
    "sn": "serial_number",
    "sw": "sw_version",
}
CHANNELS = {
    "atmospheric_pressure": "pressure",
    "carbon_dioxide": "co2",
    "power_factor": "factor",
    "volatile_organic_compounds": "voc",
    "volatile_organic_compounds_parts": "voc",
    "wind_speed": "wind_speed",
}
"""Device class → channel, where the hub has its own word; else the class is the word."""
UNFIXED = {"enum", "timestamp", "date", "monetary", "data_size", "data_rate", "None", ""}
"""Classes that name no quantity."""
RANGES = {
    "temperature": (-60, 150),
    "humidity": (0, 100),
    "moisture": (0, 100),
    "battery": (0, 100),
    "atmospheric_pressure": (300, 1200),
    "carbon_dioxide": (0, 40_000),
    "illuminance": (0, 200_000),
    "signal_strength": (-130, 10),
    "energy": (-1e9, 1e9),
    "power": (-1e6, 1e6),
    "voltage": (-1e4, 1e4),
    "current": (-1e4, 1e4),
}
"""Device class → what is plausible in the hub's unit."""
WORDS: Mapping[str, Conversion] = {  # where Home Assistant fixes what the hub's table leaves open, or has more
    "g": Conversion(Unit.KILOGRAM, 1e-3),
    "mg": Conversion(Unit.KILOGRAM, 1e-6),
    "oz": Conversion(Unit.KILOGRAM, 0.028349523125),
    "st": Conversion(Unit.KILOGRAM, 6.35029318),
    "m/s": Conversion(Unit.KILOMETRE_PER_HOUR, 3.6),
    "ft/s": Conversion(Unit.KILOMETRE_PER_HOUR, 1.09728),
    "mph": Conversion(Unit.KILOMETRE_PER_HOUR, 1.609344),
    "kn": Conversion(Unit.KILOMETRE_PER_HOUR, 1.852),
    "in": Conversion(Unit.METRE, 0.0254),
    "ft": Conversion(Unit.METRE, 0.3048),
    "yd": Conversion(Unit.METRE, 0.9144),
    "mi": Conversion(Unit.METRE, 1609.344),
    "nmi": Conversion(Unit.METRE, 1852),
    "bar": Conversion(Unit.HECTOPASCAL, 1000),
    "cbar": Conversion(Unit.HECTOPASCAL, 10),
    "psi": Conversion(Unit.HECTOPASCAL, 68.9475729),
    "GW": Conversion(Unit.WATT, 1e9),
    "GWh": Conversion(Unit.KILOWATT_HOUR, 1e6),
    "kJ": Conversion(Unit.KILOWATT_HOUR, 1 / 3600),
    "MJ": Conversion(Unit.KILOWATT_HOUR, 1 / 3.6),
    "GJ": Conversion(Unit.KILOWATT_HOUR, 1000 / 3.6),
    "µV": Conversion(Unit.VOLT, 1e-6),
    "kHz": Conversion(Unit.HERTZ, 1e3),
    "MHz": Conversion(Unit.HERTZ, 1e6),
    "GHz": Conversion(Unit.HERTZ, 1e9),
    "mg/m³": Conversion(Unit.MICROGRAM_PER_CUBIC_METRE, 1000),
    "mS/cm": Conversion(Unit.MICROSIEMENS_PER_CENTIMETRE, 1000),
    "S/cm": Conversion(Unit.MICROSIEMENS_PER_CENTIMETRE, 1e6),
    "ft³": Conversion(Unit.CUBIC_METRE, 0.028316846592),
    "CCF": Conversion(Unit.CUBIC_METRE, 2.8316846592),
    "gal": Conversion(Unit.CUBIC_METRE, 0.003785411784),
    "fl. oz.": Conversion(Unit.CUBIC_METRE, 2.95735295625e-5),
    "m³/s": Conversion(Unit.CUBIC_METRE_PER_HOUR, 3600),
    "m³/min": Conversion(Unit.CUBIC_METRE_PER_HOUR, 60),
    "L/s": Conversion(Unit.CUBIC_METRE_PER_HOUR, 3.6),
    "mL/s": Conversion(Unit.CUBIC_METRE_PER_HOUR, 0.0036),
    "d": Conversion(Unit.SECOND, 86_400),
    "w": Conversion(Unit.SECOND, 604_800),
}
OF_CLASS: Mapping[str, Mapping[str, Conversion]] = {
    "distance": {"mm": Conversion(Unit.METRE, 1e-3)},
    "precipitation": {
        "cm": Conversion(Unit.MILLIMETRE, 10),
        "in": Conversion(Unit.MILLIMETRE, 25.4),
    },
}


@lru_cache(maxsize=4096)
def unit_of(word: str, device_class: str) -> Conversion | None:
    """Return how values in a unit of Home Assistant become the hub's; None where the word is no known unit."""
    known = word.strip().replace("\u03bc", "µ")
    return OF_CLASS.get(device_class, {}).get(known) or WORDS.get(known) or conversion(known)


def spelt_out(body: Mapping[str, Any], words: Mapping[str, str] = KEYS) -> dict[str, Any]:
    """Return an object with its abbreviated keys spelt out; a key that is spelt out already wins."""
    return {words.get(key, key): value for key, value in body.items()} | {
        key: value for key, value in body.items() if key not in words
    }


def with_base(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object whose topics have the base topic in place of a `~` at their beginning or end."""
    base = body.get("~")
    if not isinstance(base, str):
        return body
    return {
        key: _based(value, base) if key.endswith(("topic", "_t")) or key == "availability" else value
        for key, value in body.items()
    }


def _based(value: Any, base: str) -> Any:  # noqa: ANN401 — whatever JSON holds
    if isinstance(value, list):
        return [_based(each, base) for each in value]
    if isinstance(value, dict):
        return {key: _based(each, base) if key in {"topic", "t"} else each for key, each in value.items()}
    if isinstance(value, str) and value.startswith("~"):
        return base + value[1:]
    if isinstance(value, str) and value.endswith("~"):
        return value[:-1] + base
    return value
