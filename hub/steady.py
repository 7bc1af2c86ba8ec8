"""The short way for a device that says again what it said before: most messages of an installation that runs.

What was found out about a topic once (whose it is, on which timeline, with which channels) is kept while nothing of
it changes; whatever is not plain goes the long way, through every question of `hub.understand`. Once it has come so a
few times its messages are read from their bytes, without the driver (`hub.likeness`).
"""

from msgspec import Struct

from hub.driver import Decoded, Driver
from hub.model import Availability, Device, Kind, Message, Source
from hub.registry import Alike

MAX_STEADY = 20_000
"""Topics remembered; a swarm of made-up ones must not fill the memory."""
MAX_PATIENCE = 1_000
"""Who never looks the same twice costs little: to find it out takes some 20 µs (measured)."""


class Steady(Struct, gc=False):
    """What is known of a topic.

    Attributes:
        driver: who reads it.
        said: the device, in the driver's words.
        device: as it is known; as soon as another object stands for it, nothing here holds.
        channels: of the device; those there is a place for.
        aliases: which each of its messages gives again; they mean the device already.
        alike: how its messages are read without the driver; None: not found out, or there is no such way.
        unlike: how many messages in a row came this way that were not read so.
        patience: after how many it is found out anew; twice as many each time.
    """

    driver: Driver
    said: str
    device: Device
    channels: frozenset[str]
    aliases: tuple[str, ...] = ()
    alike: Alike | None = None
    unlike: int = 0
    patience: int = 2

    def is_due(self) -> bool:
        """Count a message that its driver read; tell whether to find out how those of the topic are read without."""
        self.unlike += 1
        if self.unlike < self.patience:
            return False
        self.unlike, self.patience = 0, min(2 * self.patience, MAX_PATIENCE)
        return True

    def holds(self, message: Message, now: Device | None, again: int) -> bool:
        """Tell whether a message comes as those before it came.

        Args:
            message: what arrived.
            now: the device as it is known now.
            again: how long [ns] a device may speak before it is noted as seen.
        """
        device = self.device
        return device is now and message.received - device.seen <= again and is_untimed(message)

    def fits(self, driver: Driver, decoded: Decoded) -> bool:
        """Tell whether what a message means, and who read it, can go the short way."""
        is_same = driver is self.driver and decoded.device == self.said and decoded.aliases == self.aliases
        return is_same and is_plain(decoded)


def is_untimed(message: Message) -> bool:
    """Tell whether a message came by itself, and nothing beside it says of which time or run it is."""
    return not message.retained and message.run is None and message.time is None and message.source is not Source.IMPORT


def is_plain(decoded: Decoded) -> bool:
    """Tell whether a message holds readings of its sender, maybe its names, and nothing that anybody else must know."""
    return decoded.kind is Kind.READINGS and not (
        decoded.rejected
        or decoded.announces
        or decoded.asks
        or decoded.speaks_for_others
        or decoded.removed
        or decoded.simulated
        or decoded.missed
        or decoded.availability is not None
        or decoded.progress is not None
        or decoded.period is not None
    )


def is_settled(device: Device) -> bool:
    """Tell whether a device is one whose readings are simply stored and shown."""
    return device.availability is Availability.ONLINE and not (device.proposed or device.ignored or device.removed)
