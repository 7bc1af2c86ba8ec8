"""A serial cable between two pseudo-terminals, by socat; to unplug it is to kill it (reliability.md R17)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from servers.ports import until


class Cable:
    """A pair of pseudo-terminals: what is written at one end is read at the other; `unplug` is a kill."""

    def __init__(self, folder: Path, name: str) -> None:
        """Name its ends; nothing is plugged in yet."""
        self.hub_end, self.far_end = folder / name, folder / f"{name}-far"
        self._process: subprocess.Popen[bytes] | None = None

    def plug(self) -> None:
        """Make both ends; the system gives them other numbers each time."""
        program = shutil.which("socat")
        if program is None:
            pytest.skip("needs socat: apt install socat, brew install socat")
        ends = [f"pty,raw,echo=0,link={each}" for each in (self.hub_end, self.far_end)]
        self._process = subprocess.Popen([program, *ends], stderr=subprocess.DEVNULL)
        until("the cable is plugged", lambda: self.hub_end.exists() and self.far_end.exists())

    def unplug(self) -> None:
        """Take both ends away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
        for each in (self.hub_end, self.far_end):
            each.unlink(missing_ok=True)

    def send(self, data: bytes) -> None:
        """Write at the far end."""
        descriptor = os.open(self.far_end, os.O_WRONLY | os.O_NOCTTY)
        try:
            while data:
                data = data[os.write(descriptor, data[:4096]) :]
        finally:
            os.close(descriptor)
