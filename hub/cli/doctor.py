"""`matinales doctor`: is this machine ready for a workshop? One line each, with the remedy.

Nothing is changed; a broker that is not ours is tried out for some seconds, and nothing is left on it.
"""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from hub import datafolder
from hub.cli import _broker_checks, _checks, _influx_checks, _journal_checks, _package_checks, _reach_checks
from hub.cli._checks import Finding
from hub.config import Config, load
from hub.registry import load_bundled

MARKS = {True: ("ok", "green"), None: ("..", "blue"), False: ("!!", "bold red")}


def command(
    *,
    data: Path | None = None,
    config: Path | None = None,
    lang: Literal["fr", "en"] | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Look at ports, broker, store, clock, disk and addresses, and say what to do.

    Args:
        data: data folder; the platform's own unless told.
        config: hub.toml.
        lang: language of the findings; HUB_LANG unless told.
        json: print a list of {"id", "ok", "text", "remedy"}; ok null: worth knowing, or not known.
    """
    settings = load(config)
    folder = data or (Path(settings.data_dir) if settings.data_dir else datafolder.default())
    found = list(look(settings, folder.absolute()))
    words = sentences()
    lines = [line(finding, lang or settings.lang, words) for finding in found]
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(lines) + b"\n")
    else:
        show(lines)
    return 1 if any(finding.ok is False for finding in found) else 0


def look(config: Config, data: Path) -> Iterator[Finding]:
    """Do all the checks."""
    hub = list(_checks.living(data, _checks.health_of))
    is_alive = any(finding.id == "hub.running" and finding.ok for finding in hub)
    yield from _checks.versions()
    yield from _package_checks.floors(
        _package_checks.wanted(), _checks.version_of, {*_checks.PACKAGES, "apsw", "iotcore"}
    )
    yield _package_checks.machine()
    yield _checks.page()
    yield from _checks.folder(data)
    yield from _checks.history(config, data)
    if not is_alive:
        yield _checks.journal_room(config, data)
        yield from _package_checks.drivers(data)
    yield from _checks.clock()
    yield _reach_checks.time_server()
    yield _checks.zone(config, datetime.now(UTC))
    yield from hub
    yield from _checks.ports(config, data, is_alive=is_alive)
    yield from _broker_checks.doors(config, data)
    yield from _journal_checks.journal(config, data)
    if config.broker_url is not None:
        yield from _journal_checks.broker_habits(config.broker_url)
    if config.store == "influx":
        yield from _influx_checks.influx(config, data)
    here = _checks.in_use(config, data, is_alive=is_alive)
    yield _reach_checks.firewall(here)
    found = _checks.own_addresses()
    own = [address for each in found.values() for address in each]
    yield from _reach_checks.certificates(data, own)
    yield from _checks.addresses(config, data, found)
    yield from _reach_checks.families(here, data, own, load_bundled().values())


def sentences() -> Mapping[str, Any]:
    """Return what doctor.toml says."""
    return tomllib.loads(resources.files("hub.cli").joinpath("doctor.toml").read_text(encoding="utf-8"))


def line(finding: Finding, lang: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding in a language, as `--json` prints it; a remedy only where something is to be done."""
    said = words[finding.code]
    filled = {name: word[lang] if isinstance(word, Mapping) else word for name, word in finding.words.items()}
    remedy = None if finding.ok or "remedy" not in said else said["remedy"][lang].format(**filled)
    return {"id": finding.id, "ok": finding.ok, "text": said[lang].format(**filled), "remedy": remedy}


def show(lines: list[dict[str, Any]]) -> None:
    """Print one line each, and the remedy below."""
    console = Console(highlight=False, soft_wrap=True)
    for each in lines:
        mark, style = MARKS[each["ok"]]
        console.print(Text.assemble((mark, style), "  ", each["text"]))
        if each["remedy"] is not None:
            console.print(Text(f"      {each['remedy']}", style="bold"))
