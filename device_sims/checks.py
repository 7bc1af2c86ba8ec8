"""What is wrong with a scenario.toml that its types alone do not tell, each with its place."""

import contextlib
import re
from collections.abc import Iterator

from device_sims import devices, schedule
from device_sims.common import PROBE_FAULTS, common_faults
from device_sims.day import clock_s, yearday
from device_sims.errors import SimulationError
from device_sims.tables import Battery, Device, Scenario

NAME = re.compile(r"[a-z][a-z0-9_]*")
FASTEST_MS, SECOND_MS = 10, 1000
"""A line each ten milliseconds is a tenth of what a hub takes of a serial line for ever (`hub/ingest/lines.py`)."""
WIRE_NAME = re.compile(r"[a-z0-9:_-]*sim[a-z0-9:_-]*")


def problems(scenario: Scenario, measures: tuple[str, ...]) -> Iterator[str]:
    """Say what is wrong; `measures`: what the model gives."""
    clock_s(scenario.clock)
    if not scenario.initial:
        yield "initial: at least one state is needed"
    if not scenario.devices:
        yield "devices: at least one is needed"
    for key in (*scenario.initial, *scenario.devices, *scenario.faults):
        if not NAME.fullmatch(key):
            yield f"{key!r}: names are written in small letters, digits and _"
    if scenario.history_period_s <= 0 or min(_history(scenario)) < 0:
        yield "history_h, recent_s, far_h and far_period_s are zero or more, history_period_s is above zero"
    for state in scenario.initial.values():
        clock_s(state.clock or scenario.clock)
        yearday(state.day or scenario.day)
    for role, device in scenario.devices.items():
        yield from (f"devices.{role}: {problem}" for problem in _device_problems(device, measures))
    orders = [name for device in scenario.devices.values() for name, each in device.channels.items() if each.order]
    yield from (
        f"channels.{name}: several devices obey orders by this name; rename one and give it a measure"
        for name in dict.fromkeys(orders)
        if orders.count(name) > 1
    )
    for key, fault in scenario.faults.items():
        yield from (f"faults.{key}.silent: no role {role!r}" for role in fault.silent if role not in scenario.devices)
        if fault.duration_s is not None and fault.duration_s <= 0:
            yield f"faults.{key}.duration_s is {fault.duration_s}: it must be above zero"
    yield from _schedule_problems(scenario)


def _schedule_problems(scenario: Scenario) -> Iterator[str]:
    lasting = {name: fault.duration_s is None for name, fault in scenario.faults.items()}
    lasting |= dict.fromkeys(common_faults(scenario), True)
    for number, event in enumerate(scenario.events, 1):
        for problem in schedule.event_problems(event, lasting):
            yield f"events, number {number} ({event.fault}): {problem}"
    for number, expect in enumerate(scenario.expect, 1):
        for problem in schedule.expect_problems(expect, lasting, scenario.initial):
            yield f"expect, number {number} ({expect.fault or 'an ordinary day'}): {problem}"


def _history(scenario: Scenario) -> tuple[int, ...]:
    return scenario.history_h, scenario.recent_s, scenario.far_h, scenario.far_period_s


def _device_problems(device: Device, measures: tuple[str, ...]) -> Iterator[str]:
    if not WIRE_NAME.fullmatch(device.id):
        yield f"id is {device.id!r}: it contains `sim` and only a-z, 0-9, : _ -"
    yield from _period_problems(device)
    try:
        devices.make(device.kind, device.id, device.fields, device.options)
    except SimulationError as error:
        yield str(error)
    for name, channel in device.channels.items():
        if channel.constant is None and (channel.measure or name) not in measures:
            yield f"channels.{name}: the model gives {', '.join(measures)}; anything else needs a constant"
        if unknown := set(channel.faults) - set(PROBE_FAULTS):
            yield f"channels.{name}.faults: {min(unknown)!r} is none of {', '.join(PROBE_FAULTS)}"
        figures = channel.figures
        least = min(figures.sigma, figures.relative, figures.resolution, figures.lag_s, figures.drop)
        if least < 0 or figures.drop >= 1:
            yield f"channels.{name}: sigma, relative, resolution and lag_s are zero or more, drop lies between 0 and 1"
    if device.battery is not None:
        yield from _battery_problems(device.battery, device)


def _period_problems(device: Device) -> Iterator[str]:
    if device.period_s <= 0 or (device.history_period_s or 1) <= 0:
        yield f"period_s is {device.period_s}: periods are above zero"
    if not 0 <= device.jitter_s < max(device.period_s, 1):
        yield f"jitter_s is {device.jitter_s}: it is zero or more, and less than the period"
    if device.live_period_ms is not None:
        yield from _quick_problems(device.live_period_ms, device)


def _quick_problems(period_ms: int, device: Device) -> Iterator[str]:
    if not (FASTEST_MS <= period_ms < SECOND_MS and SECOND_MS % period_ms == 0):
        yield f"live_period_ms is {period_ms}: it divides a second, and lies between {FASTEST_MS} and 500"
    if device.jitter_s:
        yield "live_period_ms: a board that speaks several times a second has no jitter_s"
    with contextlib.suppress(SimulationError):  # an unknown kind is told by itself
        if devices.link(device.kind) != "serial":
            yield "live_period_ms: only boards on a serial line speak several times a second (kind serial_json)"


def _battery_problems(battery: Battery, device: Device) -> Iterator[str]:
    for name in (battery.level, battery.voltage or battery.level):
        if name not in device.channels:
            yield f"battery: no channel {name!r}"
        elif device.channels[name].constant is None:
            yield f"battery: channel {name!r} needs a constant: what a full one shows"
    for name, figure in (("days", battery.days), ("messages", battery.messages)):
        if figure is not None and not figure > 0:
            yield f"battery: {name} is {figure}: it is above zero"
