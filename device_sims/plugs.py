"""How the devices of a run are connected: each its own client of the broker, or a serial port of its own."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from platformdirs import user_runtime_path

from device_sims import devices
from device_sims.devices import Numbered
from device_sims.link import Connection
from device_sims.options import Options
from device_sims.player import Player
from device_sims.serial_port import SerialPort


class Ears(NamedTuple):
    """Who is told, with the device's role first: that it is connected; that it heard (topic, payload, retained)."""

    up: Callable[[str], None]
    heard: Callable[[str, str, bytes, bool], None]


def plug(role: str, player: Player, run: str, options: Options, ears: Ears) -> Connection | SerialPort:
    """Return a device's connection, not started.

    Args:
        role: of the device, as the run calls it.
        player: the device in it.
        run: the run's id: its end makes the client's name one of its own.
        options: where its broker is, and the hub's data folder, in which a hub looks for serial ports.
        ears: who is told.
    """
    device, settings = player.device, player.settings
    if devices.link(settings.kind) == "serial":
        ports = (options.data or user_runtime_path("matinales")) / "serial"
        return SerialPort(ports / settings.id, on_up=partial(ears.up, role))
    return Connection(
        options.broker,
        f"{settings.id}-{run[-4:]}",
        will=device.connecting if isinstance(device, Numbered) else device.will,
        qos=devices.qos(device),
        subscribe=device.commands,
        on_up=partial(ears.up, role),
        on_message=partial(ears.heard, role),
    )
