"""`matinales usecases take`, `give-back`, `on`, `off`: who plays in a use case of the living hub."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from hub.cli._house import opened
from hub.cli._place import HERE, Place
from hub.errors import UsageError

Pairs = Annotated[tuple[str, ...], Parameter(name="--channel", negative="", consume_multiple=False)]


def add_to(command: App) -> None:
    """Add them to `matinales usecases`."""
    for each in (take, give_back, on, off):
        command.command(each)


def take(usecase: str, role: str, device: str, *, channel: Pairs = (), place: Place = HERE) -> int:
    """Give a role to a real device: its use case then lives on the real timeline, at ×1.

    Args:
        usecase: whose role.
        role: which; `matinales usecases show` lists them.
        device: its id, or any of its names.
        channel: MEASURE=CHANNEL, once for each that is heard; without any, those that fit best.
        place: whose hub, and how to answer.
    """
    wish: dict[str, Any] = {"device": device}
    if channel:
        wish["channels"] = dict(_pair(each) for each in channel)
    with opened(place.folder) as house:
        return _told(house.ask("PUT", _path(usecase, role), wish), place)


def give_back(usecase: str, role: str, *, place: Place = HERE) -> int:
    """Give a role back to its simulated device.

    Args:
        usecase: whose role.
        role: which.
        place: whose hub, and how to answer.
    """
    with opened(place.folder) as house:
        return _told(house.ask("DELETE", _path(usecase, role)), place)


def off(usecase: str, *, place: Place = HERE) -> int:
    """Turn a use case off: it raises no alarm, and those it raised are suppressed.

    Args:
        usecase: which.
        place: whose hub, and how to answer.
    """
    return _turn(usecase, place, off=True)


def on(usecase: str, *, place: Place = HERE) -> int:
    """Turn a use case on again: its delays begin anew.

    Args:
        usecase: which.
        place: whose hub, and how to answer.
    """
    return _turn(usecase, place, off=False)


def _turn(usecase: str, place: Place, *, off: bool) -> int:
    with opened(place.folder) as house:
        told = house.ask("PATCH", f"/usecases/{quote(usecase, safe='')}", {"off": off})
    if place.json:
        _print(told)
    else:
        _say(f"{usecase}: {'off' if told['off'] else 'on'}", told)
    return 0


def _path(usecase: str, role: str) -> str:
    return f"/usecases/{quote(usecase, safe='')}/roles/{quote(role, safe='')}"


def _pair(text: str) -> tuple[str, str]:
    measure, found, channel = text.partition("=")
    if not found or not measure or not channel:
        msg = f"--channel is {text!r}: write MEASURE=CHANNEL, for instance air=temperature"
        raise UsageError(msg)
    return measure, channel


def _told(told: dict[str, Any], place: Place) -> int:
    if place.json:
        _print(told)
        return 0
    by = ", ".join(f"{measure}={channel}" for measure, channel in told["channels"].items())
    who = f"{told['device']} ({by})" if by else "its simulated device"
    _say(f"{told['usecase']}, {told['name']}: {who}", told)
    for each in told["warnings"]:
        Console(stderr=True, soft_wrap=True).print(f"! {escape(each['text']['en'])}", highlight=False)
    return 0


def _say(what: str, told: dict[str, Any]) -> None:
    undo = f"; take it back: matinales devices undo {told['action']}" if told["action"] else ": nothing was changed"
    Console(soft_wrap=True).print(escape(what + undo), highlight=False)


def _print(value: object) -> None:
    print(msgspec.json.encode(value).decode())  # noqa: T201 — the terminal is the interface
