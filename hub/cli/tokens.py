"""`matinales tokens`: who may send measures by HTTP (`POST /api/v1/ingest/SOURCE`)."""

import json as std_json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from hub import datafolder, tokens
from hub.config import load

command = App(
    name="tokens",
    help="Tokens of programs that send measures by HTTP.",
    result_action="return_value",
)
Json = Annotated[bool, Parameter(negative="")]


@command.command
def new(
    name: str, *, source: str | None = None, data: Path | None = None, config: Path | None = None, json: Json = False
) -> int:
    """Make a token and print it; it cannot be shown again.

    Args:
        name: what you call it, to revoke it one day.
        source: the only source it may send as; any unless told.
        data: data folder; the platform's own unless told.
        config: hub.toml.
        json: print {"name", "token", "source"}.
    """
    token = tokens.create(datafolder.prepare(_folder(data, config)), name, source)
    if json:
        _say(std_json.dumps({"name": name, "token": token, "source": source}))
        return 0
    _say(token)
    where = f"/api/v1/ingest/{source or 'SOURCE'}"
    print(f"Send it as 'Authorization: Bearer …' with POST {where}; it is not shown again.", file=sys.stderr)  # noqa: T201
    return 0


@command.command(name="list")
def list_(*, data: Path | None = None, config: Path | None = None, json: Json = False) -> int:
    """List the tokens by name; what they are is not kept.

    Args:
        data: data folder; the platform's own unless told.
        config: hub.toml.
        json: print {"tokens": [{"name", "source", "created"}]}.
    """
    folder = _folder(data, config)
    with tokens.sharing(folder) as others:
        if others is not None:
            others.look()
    known = tokens.listed(folder)
    rows = [{"name": name, "source": each.source, "created": _time(each.created)} for name, each in known.items()]
    if json:
        _say(std_json.dumps({"tokens": rows}))
        return 0
    for row in rows:
        _say(f"{row['name']:<24} {row['source'] or 'any source':<24} {row['created']}")
    return 0


@command.command
def revoke(name: str, *, data: Path | None = None, config: Path | None = None, json: Json = False) -> int:
    """Forget a token: from now on it opens nothing.

    Args:
        name: as `tokens list` shows it.
        data: data folder; the platform's own unless told.
        config: hub.toml.
        json: print {"name", "revoked"}.
    """
    tokens.revoke(_folder(data, config), name)
    if json:
        _say(std_json.dumps({"name": name, "revoked": True}))
    else:
        _say(f"{name} opens nothing any more: whoever sends with it is answered 403.")
    return 0


def _folder(data: Path | None, config: Path | None) -> Path:
    settings = load(config)
    return data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(text: str) -> None:
    print(text)  # noqa: T201 — the terminal is the interface
