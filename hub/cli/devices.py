"""`matinales devices`: devices and their credentials."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hub import accounts
from hub.accounts import Role

command = App(name="devices", help="Give devices their credentials.", result_action="return_value")


@command.command
def add(
    name: str,
    *,
    role: Role = Role.DEVICE,
    renew: Annotated[bool, Parameter(negative="")] = False,
    secrets: Path = Path("secrets"),
) -> int:
    """Give a device, or a program of yours, an account at Mosquitto, and print its password, once.

    Args:
        name: its user name and the branch it may write: a Tasmota's Topic, a Shelly's MQTT prefix.
        role: device: its own branch; integrator: reads everything besides.
        renew: it has an account, and gets a new password.
        secrets: the folder that `matinales secrets` made.
    """
    password = accounts.add(secrets / "mosquitto", name, role, renew=renew)
    print(password)  # noqa: T201 — the terminal is the interface
    print(  # noqa: T201 — as above
        f"user {name}, password above: shown once. Tell Mosquitto to read its files again (kill -HUP, "
        "systemctl reload mosquitto, docker compose kill -s HUP mosquitto).",
        file=sys.stderr,
    )
    return 0
