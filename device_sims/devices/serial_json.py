"""A board on USB that prints one JSON object a line, as an Arduino sketch does with `Serial.println` (use_cases.md §4).

    {"ax":0.004,"ay":-0.012,"az":1.004}

It has no broker: the runner gives it a serial port of its own (`device_sims/serial_port.py`), which the hub reads like
one that is plugged in. In a history, and faster than ×60, its lines go through the import door on the topic that the
hub gives them, `serial/<id>`. It says no unit, has no clock, and obeys nothing. Silent (`radio_loss`, a power cut), it
is unplugged.

A field is the key of the JSON object; what is dropped or unplugged is not in its line; a line without values is not
printed. Option: `decimals` (3). The id is written in a-z 0-9 and -, at most 24 characters, so that it is the name that
the hub gives the port.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from device_sims.devices import Packet, Reply, View, options_of
from device_sims.errors import SimulationError
from device_sims.sensing import Lost

CLOCK = False
LINK = "serial"
NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,23}")
MOST = 24


class Options(Struct, frozen=True, forbid_unknown_fields=True):
    """What a scenario may say; `decimals`: behind the point."""

    decimals: int = 3


class Board:
    """A board called `name`; `fields`: channel → {field}."""

    def __init__(self, name: str, fields: Mapping[str, Mapping[str, str]], options: Options) -> None:
        """Place the topic that the hub will give its lines."""
        self.topic = f"serial/{name}"
        self.keys = {setting["field"]: channel for channel, setting in fields.items()}
        self.decimals = options.decimals
        self.uid = f"serial:{name}"
        self.filters = (self.topic,)
        self.commands: tuple[str, ...] = ()
        self.retained: tuple[str, ...] = ()
        self.bridged = False
        self.will = None

    def birth(self, view: View) -> list[Packet]:
        """Print nothing of itself."""
        del view
        return []

    def report(self, view: View) -> list[Packet]:
        """Print a line."""
        said = {
            key: round(value, self.decimals) if self.decimals else round(value)
            for key, channel in self.keys.items()
            if not isinstance(value := view.values[channel], Lost)
        }
        return [Packet(self.topic, msgspec.json.encode(said))] if said else []

    def changed(self, view: View, channels: frozenset[str]) -> list[Packet]:
        """Print a line at once."""
        del channels
        return self.report(view)

    def command(self, view: View, topic: str, payload: bytes) -> Reply:
        """Obey nothing."""
        del view, topic, payload
        return Reply()


def device(name: str, fields: Mapping[str, Mapping[str, str]], options: Mapping[str, Any]) -> Board:
    """Return a board.

    Raises:
        SimulationError: an id that is no port's name, or decimals below zero.
    """
    wanted = options_of(Options, options)
    if len(name) > MOST or not NAME.fullmatch(name):
        msg = f"id is {name!r}: a serial port's name is written in a-z 0-9 and -, in at most {MOST} characters"
        raise SimulationError(msg)
    if wanted.decimals < 0:
        msg = f"decimals is {wanted.decimals}: digits behind the point, 0 or more"
        raise SimulationError(msg)
    return Board(name, fields, wanted)
