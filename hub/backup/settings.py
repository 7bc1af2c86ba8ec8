"""The settings of a hub as the text of a hub.toml, without what is secret: what a backup says of them."""

import msgspec

from hub.config import SECRETS, Config

_OWN = SECRETS | {"broker_url", "data_dir", "pin_file"}
"""A password may stand in the broker's address; folders and files are those of the machine it ran on."""


def without_secrets(config: Config) -> str:
    """Return what differs from the defaults, a line a setting; what is secret or of that machine only as a remark."""
    given, usual = msgspec.to_builtins(config), msgspec.to_builtins(Config())
    lines = ["# settings of the hub that this was backed up from, as they were: hub.toml or HUB_* variables"]
    for name, value in given.items():
        if value == usual[name]:
            continue
        lines.append(f"# {name} is to be set anew" if name in _OWN else f"{name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Return a text, a number or a table of texts as TOML writes it; its strings are those of JSON."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_toml(name)} = {_toml(each)}" for name, each in value.items()) + " }"
    return msgspec.json.encode(value).decode()
