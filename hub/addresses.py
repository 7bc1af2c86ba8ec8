"""Under which of its addresses this machine is reached by a room's phones, the likeliest first."""

import ipaddress
import re
import socket
from collections.abc import Iterable

import psutil
from msgspec import Struct

VIRTUAL = re.compile(
    r"docker|br-|veth|virbr|vmnet|vmware|vbox|virtualbox|vethernet|hyper-v|wsl|tun|tap|utun|wg|zt|tailscale|vpn|ppp|"
    r"lxc|lxd|cni|flannel|podman|loopback|lo\d*$|awdl|llw|bluetooth",
    re.IGNORECASE,
)
"""Beginnings of names of interfaces that no phone is on: containers, virtual machines, tunnels."""
ELSEWHERE = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737): asked which interface leads outside, nothing is sent."""


class Interface(Struct, frozen=True):
    """An address of this machine: the interface's name, IPv4 address, whether it is up."""

    name: str
    address: str
    is_up: bool = True


def interfaces() -> list[Interface]:
    """Return the IPv4 addresses of this machine now."""
    states = psutil.net_if_stats()
    return [
        Interface(name, each.address, states[name].isup if name in states else True)
        for name, addresses in psutil.net_if_addrs().items()
        for each in addresses
        if each.family == socket.AF_INET
    ]


def all_own() -> frozenset[str]:
    """Return every address of this machine, IPv6 too and without zone: who asks from one of them is no guest."""
    found = psutil.net_if_addrs().values()
    kinds = {socket.AF_INET, socket.AF_INET6}
    return frozenset(a.address.partition("%")[0] for each in found for a in each if a.family in kinds)


def outward() -> str | None:
    """Return the address from which this machine would speak to others; None: no network leads anywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)  # UDP: nothing is sent
        except OSError:
            return None
        found: str = probe.getsockname()[0]
        return found


def ranked(found: Iterable[Interface], outward: str | None = None) -> list[Interface]:
    """Return those that a phone of the room may reach, the likeliest first, each address once.

    Args:
        found: of this machine; a bridge or a second adapter may bear the address of another.
        outward: the address that leads outside, if any: a router of the room is usually there, but a tunnel may be.
    """
    usable = [each for each in found if each.is_up and _is_usable(each.address)]
    best: dict[str, Interface] = {}
    for each in sorted(usable, key=lambda each: (*_distance(each, outward), each.name, each.address)):
        best.setdefault(each.address, each)
    return [*best.values()]


def of_room(found: Iterable[Interface], outward: str | None = None) -> list[Interface]:
    """Return those that a phone of the room may reach; what is virtual only where nothing else is there.

    Some machines have their network on a virtual switch.
    """
    usable = ranked(found, outward)
    return [each for each in usable if VIRTUAL.match(each.name) is None] or usable


def _distance(each: Interface, outward: str | None) -> tuple[bool, bool, bool]:
    is_virtual = VIRTUAL.match(each.name) is not None
    return is_virtual, each.address != outward, not ipaddress.ip_address(each.address).is_private


def _is_usable(address: str) -> bool:
    known = ipaddress.ip_address(address)
    return not (known.is_loopback or known.is_link_local or known.is_unspecified)
