"""The arrows between the parts, kept by a test (design.md §3)."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WORDS = {"hub.units", "hub.errors", "hub.model"}
BELOW: dict[str, set[str]] = {  # what of ours each place may import, beside itself
    "hub/units.py": set(),
    "hub/errors.py": set(),
    "hub/model.py": {"hub.units"},
    "hub/payload.py": WORDS,
    "hub/driver.py": WORDS,
    "hub/drivers": WORDS | {"hub.driver", "hub.payload"},
    **dict.fromkeys(["hub/journal", "hub/store", "hub/rules", "hub/rhythm.py", "hub/joining.py"], WORDS),
    "hub/notify": WORDS | {"hub.store.alarms", "hub.store.notices", "hub.rules", "hub.waiting"},
    "hub/flooding.py": WORDS | {"hub.live", "hub.rules", "hub.usecases"},
    "hub/live.py": WORDS | {"hub.rhythm"},
    "hub/source.py": set(),
    "hub/lan": WORDS | {"hub.addresses", "hub.certificate", "hub.config", "hub.datafolder"},
    "hub/usecases": WORDS | {"hub.rules", "hub.source"},
    "hub/hashing.py": set(),
    "hub/logs.py": set(),
    "hub/waiting.py": set(),
    "hub/givingback.py": set(),
    "hub/ingest": WORDS | {"hub.driver", "hub.givingback", "hub.journal", "hub.logs", "hub.timeline"},
    "hub/workshop": WORDS | {"hub.hashing", "hub.rules.wording"},
    "hub/guests": WORDS | {"hub.driver", "hub.drivercheck", "hub.registry"},
    "device_sims": {"hub.units", "hub.logs", "hub.waiting"},
    "device_sims/physics": set(),
}
OWNER = {  # one library, one place; a driver is met through the registry, the wiring through the command
    "paho": ("hub/ingest/mqtt.py", "device_sims/link.py", "hub/bench/_paho_loop.py"),
    "serial": ("hub/ingest/serial.py",),
    "iotcore": ("hub/broker.py",),
    "PIL": ("hub/workshop/raster.py",),
    "jinja2": ("hub/workshop/report/page.py",),
    "typst": ("hub/workshop/report/paper.py",),
    "cryptography": ("hub/certificate.py", "hub/sealing.py"),
    "zeroconf": ("hub/lan/mdns.py",),
    "nats": ("hub/journal/nats_link.py",),
    "influxdb_client": ("hub/store/influx_client.py",),
    "arro3": ("hub/store/parquet.py",),
    "hub.drivers": ("hub/drivers/", "hub/registry.py"),
    "hub.app": ("hub/process.py",),
    "hub.process": ("hub/serving.py",),
}
PURE = [
    "hub/units.py",
    "hub/errors.py",
    "hub/model.py",
    "hub/payload.py",
    "hub/driver.py",
    "hub/drivers",
    "hub/rhythm.py",
    "hub/joining.py",
    "hub/rules",
    "hub/workshop/note.py",
    "hub/workshop/plan.py",
    "hub/workshop/session.py",
    "hub/workshop/report/content.py",
    "device_sims/physics",
]
PLAIN = {
    "base64",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "math",
    "msgspec",
    "operator",
    "re",
    "statistics",
    "struct",
    "typing",
    "unicodedata",
    "urllib.parse",
    "zoneinfo",
}


def imports(where: str) -> set[str]:
    """Return the names that the file, or the files of the folder, import."""
    paths = [ROOT / where] if where.endswith(".py") else [*(ROOT / where).rglob("*.py")]
    assert paths, f"{where} is gone, and its row should go too"
    return set().union(*map(imported, paths))


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the names that a file imports."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    named = {"." * node.level + (node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)}
    return frozenset(named | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names})


def outside(names: set[str], allowed: set[str]) -> set[str]:
    """Return the names that lie below none of the allowed ones."""
    return {name for name in names if not any(f"{name}.".startswith(f"{each}.") for each in allowed)}


@pytest.mark.parametrize(("where", "below"), BELOW.items(), ids=BELOW)
def test_imports_only_what_lies_below(where: str, below: set[str]) -> None:
    """An arrow points down, and relative imports hide none."""
    own = where.removesuffix(".py").replace("/", ".")
    ours = {name for name in imports(where) if name.startswith(("hub", "device_sims", "."))}
    assert not outside(ours, below | {own})


@pytest.mark.parametrize("where", PURE)
def test_a_core_sees_no_network_clock_or_store(where: str) -> None:
    """What is pure can be tried with any input, at any speed."""
    assert not outside(imports(where), PLAIN | {"hub", "device_sims"})


@pytest.mark.parametrize(
    "path",
    [*ROOT.glob("hub/**/*.py"), *ROOT.glob("device_sims/**/*.py")],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_one_place_knows_each_library(path: Path) -> None:
    """Replacing a library is one file's work."""
    where = path.relative_to(ROOT).as_posix()
    strangers = {name for name, places in OWNER.items() if not where.startswith(places)}
    assert outside(imports(where), strangers) == imports(where)
