"""A serial port for a simulated board: a pseudo-terminal that a hub opens as it opens a USB port. POSIX only.

It has the manners of `link.Connection`, so that a runner need not care: what is sent while nobody reads is lost, as a
board's lines are; unplugged, its path is gone.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from device_sims.devices import Packet

_LOG = logging.getLogger(__name__)
END = b"\r\n"


class SerialPort:
    """A port at a path.

    Attributes:
        up: set while it is plugged in.
    """

    def __init__(self, path: Path, *, on_up: Callable[[], None] | None = None) -> None:
        """Prepare it; `start` plugs it in.

        Args:
            path: where it is to be opened.
            on_up: called each time it is plugged in.
        """
        self.up = asyncio.Event()
        self._path = path
        self._on_up = on_up
        self._ends: tuple[int, int] | None = None
        self._rest = b""

    def start(self) -> None:
        """Plug it in, and say where."""
        self.resume()
        if self._ends is not None:
            _LOG.info("Simulated serial port: %s", self._path)

    def resume(self) -> None:
        """Plug it in."""
        if self._ends is not None:
            return
        try:
            self._ends = _opened(self._path)
        except OSError as error:
            _LOG.warning("No simulated serial port at %s: %s", self._path, error)
        self.up.set()
        if self._on_up is not None:
            self._on_up()

    def drop(self) -> None:
        """Unplug it."""
        self.up.clear()
        self._rest = b""
        if self._ends is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        for end in self._ends:
            os.close(end)
        self._ends = None

    async def close(self) -> None:
        """Unplug it for good."""
        self.drop()

    def send(self, packet: Packet) -> bool:
        """Print a line without waiting; False where nobody reads it: it is lost, never half of it."""
        if self._ends is None or not self._flushed():
            return False
        self._rest = packet.payload + END
        self._flushed()
        return True

    def _flushed(self) -> bool:
        """Print what is left of the last line; tell whether nothing is."""
        if self._ends is not None and self._rest:
            with contextlib.suppress(BlockingIOError):
                self._rest = self._rest[os.write(self._ends[0], self._rest) :]
        return not self._rest


def _opened(path: Path) -> tuple[int, int]:
    """Return both ends of a new pseudo-terminal whose terminal lies at `path`.

    Raises:
        OSError: there is none to be had, or nothing can be placed there.
    """
    if sys.platform == "win32":
        msg = (
            "Windows has no pseudo-terminals, so this board is heard in the history and faster than ×60 only; "
            "plug in a real one, or run the simulators on Linux, macOS or WSL"
        )
        raise OSError(msg)
    import tty  # noqa: PLC0415 — absent on Windows

    path.parent.mkdir(parents=True, exist_ok=True)
    board, terminal = os.openpty()
    try:
        tty.setraw(terminal)  # no echo, no line editing: bytes as they are
        os.set_blocking(board, False)
        path.unlink(missing_ok=True)  # a simulator that crashed left it
        path.symlink_to(os.ttyname(terminal))
    except OSError:
        os.close(board)
        os.close(terminal)
        raise
    return board, terminal
