"""Units that leave a driver, by the symbol people read, and the conversions met on the wire.

Source of the table: ../shared/wire_formats.md §0.1; symbols follow SI and UCUM usage. µ is U+00B5.
"""

from collections.abc import Mapping
from enum import StrEnum, unique

from msgspec import Struct


@unique
class Unit(StrEnum):
    """A unit of the hub; `@unique` refuses two meanings of one symbol."""

    CELSIUS = "°C"
    PERCENT = "%"
    HECTOPASCAL = "hPa"
    WATT = "W"
    VOLT_AMPERE = "VA"
    VAR = "var"
    KILOWATT_HOUR = "kWh"
    VOLT = "V"
    AMPERE = "A"
    HERTZ = "Hz"
    PPM = "ppm"
    PPB = "ppb"
    MICROGRAM_PER_CUBIC_METRE = "µg/m³"
    LUX = "lx"
    CUBIC_METRE = "m³"
    CUBIC_METRE_PER_HOUR = "m³/h"
    KILOGRAM = "kg"
    METRE = "m"
    MILLIMETRE = "mm"
    KILOMETRE_PER_HOUR = "km/h"
    MILLIMETRE_PER_SECOND = "mm/s"
    G = "g"
    DEGREE = "°"
    DEGREE_PER_SECOND = "°/s"
    REVOLUTION_PER_MINUTE = "rpm"
    DECIBEL_MILLIWATT = "dBm"
    DECIBEL = "dB"
    SECOND = "s"
    KILOBYTE = "kB"
    MICROSIEMENS_PER_CENTIMETRE = "µS/cm"


class Conversion(Struct, frozen=True):
    """`value_in_hub_unit = (value + before) * factor`."""

    unit: Unit
    factor: float = 1.0
    before: float = 0.0

    def apply(self, value: float) -> float:
        """Return `value` in the hub's unit, rounded to 12 significant digits (17.400000000000002 → 17.4)."""
        if self.factor == 1.0 and self.before == 0.0:
            return value
        return float(f"{(value + self.before) * self.factor:.12g}")

    def undo(self, value: float) -> float:
        """Return a value in the hub's unit as it was before `apply`, rounded likewise."""
        if self.factor == 1.0 and self.before == 0.0:
            return value
        return float(f"{value / self.factor - self.before:.12g}")


WORDS: Mapping[str, Conversion] = {
    **{unit.value: Conversion(unit) for unit in Unit},
    "C": Conversion(Unit.CELSIUS),
    "Cel": Conversion(Unit.CELSIUS),
    "℃": Conversion(Unit.CELSIUS),
    "°F": Conversion(Unit.CELSIUS, 1 / 1.8, -32),
    "F": Conversion(Unit.CELSIUS, 1 / 1.8, -32),
    "K": Conversion(Unit.CELSIUS, 1, -273.15),
    "%RH": Conversion(Unit.PERCENT),
    "Pa": Conversion(Unit.HECTOPASCAL, 0.01),
    "kPa": Conversion(Unit.HECTOPASCAL, 10),
    "mbar": Conversion(Unit.HECTOPASCAL),
    "mmHg": Conversion(Unit.HECTOPASCAL, 1.33322387),
    "inHg": Conversion(Unit.HECTOPASCAL, 33.86389),
    "kW": Conversion(Unit.WATT, 1000),
    "MW": Conversion(Unit.WATT, 1e6),
    "mW": Conversion(Unit.WATT, 1e-3),
    "kVA": Conversion(Unit.VOLT_AMPERE, 1000),
    "VAr": Conversion(Unit.VAR),
    "VAR": Conversion(Unit.VAR),
    "kvar": Conversion(Unit.VAR, 1000),
    "Wh": Conversion(Unit.KILOWATT_HOUR, 1e-3),
    "MWh": Conversion(Unit.KILOWATT_HOUR, 1000),
    "mWh": Conversion(Unit.KILOWATT_HOUR, 1e-6),
    "W·min": Conversion(Unit.KILOWATT_HOUR, 1 / 60_000),
    "J": Conversion(Unit.KILOWATT_HOUR, 1 / 3.6e6),
    "mV": Conversion(Unit.VOLT, 1e-3),
    "kV": Conversion(Unit.VOLT, 1000),
    "mA": Conversion(Unit.AMPERE, 1e-3),
    "µg/m3": Conversion(Unit.MICROGRAM_PER_CUBIC_METRE),
    "ug/m3": Conversion(Unit.MICROGRAM_PER_CUBIC_METRE),
    "lux": Conversion(Unit.LUX),
    "L": Conversion(Unit.CUBIC_METRE, 1e-3),
    "l": Conversion(Unit.CUBIC_METRE, 1e-3),
    "mL": Conversion(Unit.CUBIC_METRE, 1e-6),
    "m3": Conversion(Unit.CUBIC_METRE),
    "m3/h": Conversion(Unit.CUBIC_METRE_PER_HOUR),
    "L/h": Conversion(Unit.CUBIC_METRE_PER_HOUR, 1e-3),
    "L/min": Conversion(Unit.CUBIC_METRE_PER_HOUR, 0.06),
    "lb": Conversion(Unit.KILOGRAM, 0.45359237),
    "cm": Conversion(Unit.METRE, 0.01),
    "km": Conversion(Unit.METRE, 1000),
    "mg": Conversion(Unit.G, 1e-3),
    "deg": Conversion(Unit.DEGREE),
    "dBW": Conversion(Unit.DECIBEL_MILLIWATT, 1, 30),
    "ms": Conversion(Unit.SECOND, 1e-3),
    "min": Conversion(Unit.SECOND, 60),
    "h": Conversion(Unit.SECOND, 3600),
}
"""Unit words met on the wire → the hub's unit. An unknown word is no unit: the value is refused, never guessed.

Words that mean different things for different quantities (`g`, `mm`, `m/s`) are the driver's to convert.
"""


def conversion(word: str) -> Conversion | None:
    """Return how to convert a value given in `word`, or None where the word is not known.

    The Greek letter that looks like µ is taken for it.
    """
    return WORDS.get(word.strip().replace("\u03bc", "µ"))
