"""Faults common to all devices (use_cases.md §0), named `<measure or role>.<fault>`."""

import importlib.resources
from collections.abc import Mapping
from functools import cache

import msgspec

from device_sims import devices
from device_sims.tables import Scenario, Text

PROBE_FAULTS = ("sensor_unplugged", "frozen_value", "bias_drift")


@cache
def common_titles() -> Mapping[str, Text]:
    """Return the titles of the faults common to all devices."""
    content = importlib.resources.files("device_sims").joinpath("faults.toml").read_bytes()
    return {
        name: table["title"] for name, table in msgspec.toml.decode(content, type=dict[str, dict[str, Text]]).items()
    }


def common_faults(scenario: Scenario) -> dict[str, tuple[str, str | None, str, Text]]:
    """Return `<measure or role>.<fault>` → (role, channel or None, fault, title) of a scenario's devices."""
    found: dict[str, tuple[str, str | None, str, Text]] = {}
    for role, device in scenario.devices.items():
        for name, channel in device.channels.items():
            for fault in channel.faults:
                found[f"{name}.{fault}"] = (role, name, fault, _named(fault, channel.title or Text(name, name)))
        wanted = ["radio_loss"]
        wanted += ["clock_wrong"] if devices.has_clock(device.kind) else []
        wanted += ["battery_low"] if device.battery else []
        wanted += ["stuck"] if any(channel.order for channel in device.channels.values()) else []
        for fault in wanted:
            found[f"{role}.{fault}"] = (role, None, fault, _named(fault, device.title))
    return found


def _named(fault: str, subject: Text) -> Text:
    title = common_titles()[fault]
    return Text(title.fr.replace("{name}", subject.fr), title.en.replace("{name}", subject.en))


def titles(scenario: Scenario) -> dict[str, Text]:
    """Return every fault's title, the scenario's own first."""
    own = {name: fault.title for name, fault in scenario.faults.items()}
    return {**own, **{name: title for name, (_, _, _, title) in common_faults(scenario).items()}}
