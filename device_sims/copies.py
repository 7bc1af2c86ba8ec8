"""A scenario as one table of the room has it: the same devices under names of its own, other seeds, little history.

`coldroom-sim-probe` is `coldroom-sim-probe-t3` at table 3, and its addresses follow from that name: nothing that table
3 says can be taken for what anybody else says. Pure.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from device_sims import devices
from device_sims.playbill import Cast
from device_sims.scenario import Loaded
from device_sims.tables import Device

MOST = 99
"""The highest number of a table, as people type it when they join."""
HISTORY_H = 1
"""A table's history [h]: enough for its curves to begin with, and made in a moment for a whole room."""
ADDRESSES = ("mac", "dev_eui")
"""Options that fix a native id: a copy has its own, which follows from its name."""


def of_table(cast: Cast, table: int) -> Cast:
    """Return the first scenario of a cast, the one on the projector, as a table has it."""
    loaded = next(iter(cast.parts.values()))
    own = {role: _renamed(device, table) for role, device in loaded.scenario.devices.items()}
    copy = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, devices=own))
    return Cast(loaded.scenario.name, loaded.scenario.title, {"": copy}, plays=_plays(loaded, copy))


def seed_of(seed: int, table: int) -> int:
    """Return a table's seed: of its own, and the same again for the same story and table."""
    return 100 * seed + table


def _renamed(device: Device, table: int) -> Device:
    options: Mapping[str, Any] = {name: each for name, each in device.options.items() if name not in ADDRESSES}
    return msgspec.structs.replace(device, id=f"{device.id}-t{table}", options=dict(options))


def _plays(loaded: Loaded, copy: Loaded) -> dict[str, str]:
    """Return uid of a table's device → that of the device whose role it plays."""
    pairs = zip(copy.scenario.devices.values(), loaded.scenario.devices.values(), strict=True)
    return {_uid(own): _uid(each) for own, each in pairs}


def _uid(device: Device) -> str:
    return devices.make(device.kind, device.id, device.fields, device.options).uid
