"""`matinales devices`: name, place, ignore, merge, forget devices, with the living hub or its files; give accounts."""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from cyclopts import App

from hub import accounts
from hub.accounts import Role
from hub.cli._accounts import accounts_of, copied, qr
from hub.cli._house import House, opened
from hub.cli._place import HERE, Flag, Place, listed, printed, told
from hub.errors import UsageError
from hub.model import BY_HUB
from hub.provisioning import AccountWish

SECRETS, MOSQUITTO = Path("secrets"), "mosquitto"
READ_AGAIN = (
    "Tell Mosquitto to read its files again (kill -HUP, systemctl reload mosquitto, "
    "docker compose kill -s HUP mosquitto)."
)
command = App(
    name="devices",
    help="List devices, give them accounts; rename, place, ignore, lock, pace, merge, forget them, and undo it.",
    result_action="return_value",
)


@command.command(name="list")
def list_(*, place: Place = HERE) -> int:
    """List the devices that are known.

    Args:
        place: whose devices, and how to answer.
    """
    with opened(place.folder) as house:
        found = house.ask("GET", "/devices")
    if place.json:
        printed(found)
        return 0
    rows = (
        (each["id"], each["name"], each["room"] or "", _states(each), str(len(each["channels"])))
        for each in found["devices"]
    )
    listed(("id", "name", "room", "", "channels"), rows)
    return 0


@command.command
def add(
    name: str = "",
    *,
    role: Role = Role.DEVICE,
    session: Flag = False,
    until_archive: Flag = False,
    renew: Flag = False,
    secrets: Path | None = None,
    place: Place = HERE,
) -> int:
    """Give a device, a program of yours or a whole session an MQTT account, and print its password, once.

    At the broker that the hub starts itself the account counts within a second; the built-in one is started again for
    it, so that all devices connect anew. With --secrets, or beside a folder `secrets`, it is one of your own Mosquitto.

    Args:
        name: its user name and the branch it may write: a Tasmota's Topic, a Shelly's MQTT prefix.
        role: device: its own branch; integrator: reads everything besides; session: what any device may.
        session: an account for all devices of the workshop session that is open: --role session --until-archive.
        until_archive: it ends when the workshop session that is open is archived.
        renew: it has an account, and gets a new password.
        secrets: the folder that `matinales secrets` made.
        place: whose devices, and how to answer.
    """
    wanted = Role.SESSION if session else role
    if _is_production(secrets):
        if until_archive or session:
            msg = "the hub does not hold the files of your Mosquitto: it can end no account there; leave the option out"
            raise UsageError(msg)
        return _add_in_files((secrets or SECRETS) / MOSQUITTO, name, wanted, renew=renew)
    wish = AccountWish(name=name, role=wanted, until_archive=until_archive or session, renew=renew)
    with accounts_of(place.folder) as house:
        made = house.ask("POST", "/accounts", msgspec.to_builtins(wish))
    if place.json:
        printed(made)
        return 0
    print("\n".join(copied(made)))  # noqa: T201 — the terminal is the interface
    if sys.stdout.isatty():
        qr(made["urls"][0])
    print(made["rights"]["en"], file=sys.stderr)  # noqa: T201 — as above
    _warn(made)
    return 0


def _is_production(secrets: Path | None) -> bool:
    return secrets is not None or (SECRETS / MOSQUITTO).is_dir()


def _add_in_files(folder: Path, name: str, role: Role, *, renew: bool) -> int:
    password = accounts.add(folder, name, role, renew=renew)
    print(password)  # noqa: T201 — the terminal is the interface
    print(  # noqa: T201 — as above
        f"user {name}, password above: shown once. {READ_AGAIN}",
        file=sys.stderr,
    )
    return 0


@command.command(name="accounts")
def accounts_(*, secrets: Path | None = None, place: Place = HERE) -> int:
    """List the MQTT accounts of devices; their passwords are shown to nobody.

    Args:
        secrets: the folder that `matinales secrets` made.
        place: whose devices, and how to answer.
    """
    if _is_production(secrets):
        rows = [{"name": each} for each in accounts.names((secrets or SECRETS) / MOSQUITTO)]
        told({"accounts": rows}, place, "\n".join(each["name"] for each in rows))
        return 0
    with accounts_of(place.folder) as house:
        found = house.ask("GET", "/accounts")
    if place.json:
        printed(found)
        return 0
    shown = ((each["name"], each["role"], each["created"], each["session"] or "") for each in found["accounts"])
    listed(("name", "role", "since", "ends with"), shown)
    print(found["broker"]["rights"]["en"], file=sys.stderr)  # noqa: T201 — the terminal is the interface
    return 0


@command.command
def revoke(name: str, *, secrets: Path | None = None, place: Place = HERE) -> int:
    """Take an MQTT account back: its device is cut off and lets itself in no more.

    Args:
        name: as `devices accounts` lists it.
        secrets: the folder that `matinales secrets` made.
        place: whose devices, and how to answer.
    """
    if _is_production(secrets):
        accounts.revoke((secrets or SECRETS) / MOSQUITTO, name)
        told({"name": name, "revoked": True}, place, f"{name} has no account any more. {READ_AGAIN}")
        return 0
    with accounts_of(place.folder) as house:
        answer = house.ask("DELETE", f"/accounts/{quote(name, safe='')}")
    told(answer, place, f"{name} has no account any more")
    _warn(answer)
    return 0


def _warn(answer: dict[str, Any]) -> None:
    """Say where the broker does not hold to a change yet."""
    if answer["warning"] is not None:
        print(answer["warning"]["en"], file=sys.stderr)  # noqa: T201 — the terminal is the interface


@command.command
def rename(device: str, name: str = "", *, place: Place = HERE) -> int:
    """Give a device the name people call it by; without a name it gets its own again.

    Args:
        device: its id, or any of its names.
        name: what to call it.
        place: whose devices, and how to answer.
    """
    return _patch(device, {"name": name or None}, place)


@command.command
def room(device: str, room: str = "", *, place: Place = HERE) -> int:
    """Say in which room a device is; without a room, in none.

    Args:
        device: its id, or any of its names.
        room: its room.
        place: whose devices, and how to answer.
    """
    return _patch(device, {"room": room or None}, place)


@command.command
def ignore(what: str, *, topic: Flag = False, off: Flag = False, place: Place = HERE) -> int:
    """Ignore a device, or all messages of a topic filter: received and kept, but neither read nor shown.

    Args:
        what: a device, by its id or any of its names; with --topic a filter such as zigbee2mqtt/test/#.
        topic: `what` is a topic filter.
        off: ignore it no longer.
        place: whose devices, and how to answer.
    """
    if not topic:
        return _patch(what, {"ignored": not off}, place)
    with opened(place.folder) as house:
        before: list[str] = house.ask("GET", "/ignored")["topics"]
        left = [each for each in before if each != what]
        answer = house.ask("PUT", "/ignored", {"topics": left if off else [*left, what]})
    told(answer, place, f"Ignored: {', '.join(answer['topics']) or 'no topic'}")
    return 0


@command.command
def lock(device: str, *, off: Flag = False, place: Place = HERE) -> int:
    """Let nobody command a device, or (--off) let them again.

    Args:
        device: its id, or any of its names.
        off: unlock it.
        place: whose devices, and how to answer.
    """
    return _patch(device, {"locked": not off}, place)


@command.command
def every(device: str, seconds: int = 10, *, off: Flag = False, place: Place = HERE) -> int:
    """Let a device report more often during this session, or (--off) by its own period again.

    Its own period is asked for first and kept; it gets it back at the latest when the hub ends or starts anew. A family
    that cannot be told is asked by the hub instead.

    Args:
        device: its id, or any of its names.
        seconds: how often.
        off: give it its own period back.
        place: whose devices, and how to answer.
    """
    path = f"/devices/{quote(device, safe='')}/period"
    with opened(place.folder) as house:
        answer = house.ask("DELETE", path) if off else house.ask("PUT", path, {"every": seconds})
    pace, back = answer["pace"], f"; to undo: matinales devices every {device} --off"
    told(answer, place, f"{answer['id']}: {pace['state']}" + ("" if off else f", every {pace['every']} s{back}"))
    return 0


@command.command
def accept(device: str, *, place: Place = HERE) -> int:
    """Take in a device that was only proposed, on a broker that is not the hub's own.

    Args:
        device: its id, or any of its names.
        place: whose devices, and how to answer.
    """
    return _patch(device, {"proposed": False}, place)


@command.command
def merge(device: str, into: str, *, place: Place = HERE) -> int:
    """Say that two devices are one: the names of the first mean the second from now on.

    Args:
        device: the one that is shown no more.
        into: the one that stays.
        place: whose devices, and how to answer.
    """
    return _post(device, "merge", {"into": into}, place)


@command.command
def unmerge(device: str, *, place: Place = HERE) -> int:
    """Let a merged device be itself again.

    Args:
        device: the id it had.
        place: whose devices, and how to answer.
    """
    return _post(device, "unmerge", None, place)


@command.command
def forget(device: str, *, yes: Flag = False, place: Place = HERE) -> int:
    """Erase a device for ever: its readings, names, alarms and raw messages. This cannot be undone.

    Args:
        device: its id, or any of its names.
        yes: do not ask.
        place: whose devices, and how to answer.
    """
    if not yes:
        if not sys.stdin.isatty():
            msg = "forgetting cannot be undone: say --yes"
            raise UsageError(msg)
        if input(f"Erase {device} and all its readings for ever? Type its name: ").strip() != device:
            return 1
    with opened(place.folder) as house:
        answer = house.ask("DELETE", f"/devices/{quote(device, safe='')}")
    left = " ".join(each["text"]["en"] for each in answer["elsewhere"])
    counts = f"{answer['readings']} readings, {answer['messages']} raw messages"
    told(answer, place, f"{device} is forgotten: {counts}. {left}")
    return 0


@command.command
def actions(*, place: Place = HERE) -> int:
    """List what was done to devices, newest first, with the numbers that `undo` takes.

    Args:
        place: whose devices, and how to answer.
    """
    with opened(place.folder) as house:
        done = house.ask("GET", "/actions")["actions"]
    words = "\n".join(map(_line_of, done)) or "nothing was done yet"
    told({"actions": done}, place, words)
    return 0


def _line_of(act: dict[str, Any]) -> str:
    changed = ", ".join(f"{key}: {act['before'].get(key)!r} → {value!r}" for key, value in act["after"].items())
    state = " (undone)" if act["undone"] else f" (undoes {act['undoes']})" if act["undoes"] else ""
    return f"{act['id']:>4}  {act['at']}  {act['by']}: {act['device'] or 'topics'}: {changed}{state}"


@command.command
def undo(action: int | None = None, *, place: Place = HERE) -> int:
    """Take back what was done to a device: the newest action, or the one with that number.

    What the hub did by itself, two devices that turned out to be one, is undone by its number: `devices actions`.

    Args:
        action: its number.
        place: whose devices, and how to answer.
    """
    with opened(place.folder) as house:
        if action is None:
            done = house.ask("GET", "/actions")["actions"]
            mine = [each for each in done if each["by"] != BY_HUB]
            action = next((each["id"] for each in mine if not each["undone"] and each["undoes"] is None), None)
        if action is None:
            msg = "there is nothing to undo"
            raise UsageError(msg)
        answer = house.ask("POST", f"/actions/{action}/undo")
    told(answer, place, f"Action {action} is undone")
    return 0


def _patch(device: str, wish: dict[str, Any], place: Place) -> int:
    with opened(place.folder) as house:
        return _changed(house, "PATCH", f"/devices/{quote(device, safe='')}", wish, place)


def _post(device: str, what: str, body: dict[str, Any] | None, place: Place) -> int:
    with opened(place.folder) as house:
        return _changed(house, "POST", f"/devices/{quote(device, safe='')}/{what}", body, place)


def _changed(house: House, method: str, path: str, body: dict[str, Any] | None, place: Place) -> int:
    answer = house.ask(method, path, body)
    undo_by = f"; to undo: matinales devices undo {answer['action']}" if answer.get("action") else " (nothing changed)"
    shown = f"{answer['id']} is {answer.get('name', '?')!r}{_states(answer)}" if "name" in answer else answer["id"]
    told(answer, place, shown + undo_by)
    return 0


def _states(device: dict[str, Any]) -> str:
    words = [word for word in ("simulated", "ignored", "locked", "proposed") if device.get(word)]
    words += [f"with {', '.join(device['merged'])}"] if device.get("merged") else []
    return f" ({', '.join(words)})" if words else ""
