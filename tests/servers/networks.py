"""Networks of this machine's own, joined by a switch, each of which a test may cut off: what is sent there is lost.

Namespaces and pairs of virtual cables of Linux (`ip netns`, `ip link`), which only root makes; nothing leaves the
machine.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

HOW = "needs Linux, root and `ip` (apt-get install iproute2): it cuts networks of its own"
_RANGE = "198.18"
"""What is kept for tests of networks (RFC 2544); each test takes a part of its own: two may run at once."""


@dataclass
class Networks:
    """Some networks; this process is at the switch."""

    name: str
    hosts: list[str]

    def inside(self, number: int) -> tuple[str, ...]:
        """Return the words that run a command in a network."""
        return "ip", "netns", "exec", self._space(number)

    def cut(self, number: int) -> None:
        """Pull the cable of a network: nobody there is told."""
        _ip("-n", self._switch, "link", "set", f"port{number}", "down")

    def heal(self, number: int) -> None:
        """Plug it in again."""
        _ip("-n", self._switch, "link", "set", f"port{number}", "up")

    def make(self) -> None:
        """Lay them; the switch is in a network of its own too, where this machine's firewall has no say."""
        _ip("netns", "add", self._switch)
        _ip("-n", self._switch, "link", "add", "switch", "type", "bridge")
        _ip("-n", self._switch, "link", "set", "switch", "up")
        _ip("link", "add", self.name, "type", "veth", "peer", "name", "uplink", "netns", self._switch)
        _ip("-n", self._switch, "link", "set", "uplink", "master", "switch", "up")
        here = f"{self.hosts[0].rpartition('.')[0]}.1"
        _ip("addr", "add", f"{here}/24", "dev", self.name)
        _ip("link", "set", self.name, "up")
        for number, host in enumerate(self.hosts):
            space, port = self._space(number), f"port{number}"
            _ip("netns", "add", space)
            _ip("-n", self._switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", self._switch, "link", "set", port, "master", "switch", "up")
            _ip("-n", space, "addr", "add", f"{host}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")
            _ip("-n", space, "link", "set", "lo", "up")

    def take_away(self) -> None:
        """Leave nothing of them."""
        for space in (*map(self._space, range(len(self.hosts))), self._switch):
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self.name], check=False, capture_output=True)

    @property
    def _switch(self) -> str:
        return f"{self.name}-switch"

    def _space(self, number: int) -> str:
        return f"{self.name}-{number}"


@contextmanager
def networks(many: int) -> Iterator[Networks]:
    """Lend networks; skip where none can be made, with what it takes."""
    if shutil.which("ip") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip(HOW)
    part = f"{_RANGE}.{secrets.randbelow(256)}"
    lent = Networks(f"mh{secrets.token_hex(3)}", [f"{part}.{10 + number}" for number in range(many)])
    try:
        try:
            lent.make()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"{HOW} ({error.stderr.decode().strip()})")
        yield lent
    finally:
        lent.take_away()


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
