"""True values → a fake device → the hub's driver, which knows nothing of it → the same values, units and name."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims.devices import Device, Moment, View, make
from device_sims.sensing import Lost
from hub.driver import Decoded, Sample
from hub.model import Message, Quality
from hub.registry import EVERY_DEVICE, Contexts, Registry, load_drivers

START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
NOW = int(START.timestamp()) * 1_000_000_000
DRIVERS = load_drivers()


class Measure(NamedTuple):
    """A measure: where a device puts it, and as what the hub knows it."""

    field: str
    channel: str
    unit: str | None
    low: float
    high: float
    step: float


class Case(NamedTuple):
    """A device kind with its options and measures."""

    kind: str
    options: Mapping[str, Any]
    measures: tuple[Measure, ...]
    format: str = ""


LPP = (
    Measure("analog_in_1", "analog_in_1", None, -300, 300, 0.01),
    Measure("temperature_3", "temperature_3", "°C", -40, 120, 0.1),
    Measure("relative_humidity_4", "humidity_4", "%", 0, 100, 0.5),
    Measure("barometric_pressure_5", "pressure_5", "hPa", 300, 1100, 0.1),
    Measure("luminosity_6", "illuminance_6", "lx", 0, 60_000, 1),
    Measure("digital_out_7", "digital_out_7", None, 0, 1, 1),
)
CHIRPSTACK_LPP = (
    Measure("analogInput.1", "analog_in_1", None, -300, 300, 0.01),
    Measure("temperatureSensor.3", "temperature_3", "°C", -40, 120, 0.1),
    Measure("humiditySensor.4", "humidity_4", "%", 0, 100, 0.5),
    Measure("barometer.5", "pressure_5", "hPa", 300, 1100, 0.1),
    Measure("illuminanceSensor.6", "illuminance_6", "lx", 0, 60_000, 1),
    Measure("digitalOutput.7", "digital_out_7", None, 0, 1, 1),
)
SIGNAL = (
    Measure("rssi", "rssi", "dBm", -120, -30, 1),
    Measure("snr", "snr", "dB", -20, -0.1, 0.1),  # 0 dB is omitted by both servers
)
OBJECT = {"payload": "object", "keys": {"co2": {"decimals": 0}, "temperature": {"decimals": 1}}}
KEYS = (
    Measure("co2", "co2", None, 400, 5000, 1),
    Measure("temperature", "temperature", "°C", -20, 50, 0.1),
    Measure("humidity", "humidity", "%", 0, 100, 0.01),
)
RUUVI = (
    Measure("temperature", "temperature", "°C", -40, 85, 0.005),
    Measure("humidity", "humidity", "%", 0, 100, 0.0025),
    Measure("pressure", "pressure", "hPa", 500, 1155, 0.01),
    Measure("acceleration_x", "acceleration_x", "g", -16, 16, 0.001),
    Measure("acceleration_y", "acceleration_y", "g", -16, 16, 0.001),
    Measure("acceleration_z", "acceleration_z", "g", -16, 16, 0.001),
    Measure("movement", "movement", None, 0, 254, 1),
    Measure("rssi", "rssi", "dBm", -120, -30, 1),
)
SPARKPLUG = (
    Measure("Oven/Temperature", "oven_temperature", "°C", -50, 500, 1e-6),
    Measure("Flow", "flow", "m³/h", 0, 100, 1e-6),
    Measure("Count", "count", None, -30_000, 30_000, 1),
)
SPARKPLUG_OPTIONS = {"units": {"Oven/Temperature": "°C", "Flow": "m³/h"}, "types": {"Count": "Int16"}}
CASES = {
    "tts, Cayenne read by the server": Case("tts", {}, LPP + SIGNAL),
    "tts, Cayenne read here": Case("tts", {"decoded": False}, LPP + SIGNAL, "cayenne_lpp"),
    "tts, a codec of its own": Case("tts", OBJECT, KEYS + SIGNAL),
    "chirpstack, Cayenne read by the server": Case("chirpstack", {"status_every": 0}, CHIRPSTACK_LPP + SIGNAL),
    "chirpstack, Cayenne read here": Case("chirpstack", {"decoded": False}, CHIRPSTACK_LPP + SIGNAL, "cayenne_lpp"),
    "chirpstack, a codec of its own": Case("chirpstack", OBJECT, KEYS + SIGNAL),
    "ruuvi": Case("ruuvi", {}, RUUVI),
    "sparkplug": Case("sparkplug", SPARKPLUG_OPTIONS, SPARKPLUG),
    "serial_json": Case("serial_json", {}, tuple(Measure(key, key, None, -4, 4, 0.001) for key in ("ax", "ay", "az"))),
    "ruuvi, numbers": Case("ruuvi", {"numbers": True}, RUUVI),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def device(case: Case) -> Device:
    """Return the device."""
    fields = {measure.channel: {"field": measure.field, "id": ""} for measure in case.measures}
    return make(case.kind, "one-sim", fields, case.options)


def view(values: Mapping[str, float | Lost], time_s: int = 0) -> View:
    """Return the device with these samples."""
    return View(Moment(START, UTC, time_s, 1000 + time_s), values, {}, 60)


class Heard(NamedTuple):
    """What the hub makes of a message: its samples with unit and quality."""

    decoded: Decoded
    samples: list[tuple[Sample, str | None, Quality]]


def heard(case: Case, one: Device, *views: View) -> list[Heard]:
    """Return what the hub makes of a birth and of a report for each view."""
    registry = Registry(DRIVERS, {EVERY_DEVICE: case.format} if case.format else {})
    contexts = Contexts()
    packets = [*one.birth(views[0]), *(packet for each in views for packet in one.report(each))]
    found = []
    for packet in packets:
        outcome = registry.decode(Message(packet.topic, packet.payload, NOW), contexts)
        assert outcome.decoded is not None, f"{packet.topic}: {outcome.reason}"
        assert outcome.driver is not None
        found.append(Heard(outcome.decoded, registry.complete(outcome.driver, outcome.decoded)))
    return found


@every_case
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_what_the_hub_reads_is_what_was_measured(case: Case, data: st.DataObject) -> None:
    """Every measure within its resolution, with its unit, under the announced name."""
    one = device(case)
    values = {each.channel: data.draw(st.floats(each.low, each.high), each.channel) for each in case.measures}
    found = heard(case, one, view(values))
    assert {each.decoded.device for each in found} == {one.uid}
    assert not any(each.decoded.rejected for each in found)
    samples = {
        sample.channel: (sample.value, unit, quality) for each in found for sample, unit, quality in each.samples
    }
    for each in case.measures:
        value, unit, quality = samples[each.channel]
        assert value == pytest.approx(values[each.channel], abs=0.51 * each.step), each.channel
        assert (unit, quality) == (each.unit, Quality.GOOD), each.channel


@every_case
def test_a_lost_sample_is_no_reading(case: Case) -> None:
    """Its channel is absent; its neighbours are there."""
    first, *rest = case.measures
    values: dict[str, float | Lost] = {each.channel: (each.low + each.high) / 2 for each in rest}
    channels = {
        sample.channel
        for each in heard(case, device(case), view({**values, first.channel: Lost.DROPPED}))
        for sample, _, _ in each.samples
    }
    assert first.channel not in channels
    assert channels >= {each.channel for each in rest}


def counting_cases() -> dict[str, Case]:
    """Return the cases whose messages are numbered."""
    return {name: case for name, case in CASES.items() if case.kind in {"tts", "chirpstack", "ruuvi"}}


@pytest.mark.parametrize("case", counting_cases().values(), ids=counting_cases())
def test_the_hub_counts_the_messages_that_no_gateway_heard(case: Case) -> None:
    """Two frames lost between two heard ones."""
    values: dict[str, float | Lost] = {each.channel: (each.low + each.high) / 2 for each in case.measures}
    lost = {**values, "rssi": Lost.DROPPED}
    views = [view(values), view(lost, 60), view(lost, 120), view(values, 180)]
    assert sum(each.decoded.missed for each in heard(case, device(case), *views)) == 2
