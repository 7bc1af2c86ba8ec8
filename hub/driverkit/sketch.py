"""The files of a new driver, as text by relative path; nothing is read or written here but the templates."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.resources import files
from string import Template

from msgspec import Struct

from hub.driver import Channel, Driver
from hub.driverkit.message import Field, First, device_level, fields, topic_filter
from hub.units import Unit

WIDTH = 90
"""Characters of a payload on one line of a driver."""
ONE_LINE = 120 - len("    channels=(,),")
"""The longest description that stays on one line."""
ANYTHING = 1_000_000_000
"""Plausible range of what nobody knows yet."""


class Plan(Struct, frozen=True, kw_only=True):
    """A driver to be written.

    Attributes:
        model: its permanent name, `kebab-case`.
        title: what people call it.
        first: the message it starts from.
        today: when the capture is noted down.
        known: channel → its description in the drivers there are: a name means one unit everywhere.
    """

    model: str
    title: str
    first: First
    today: date
    known: Mapping[str, Channel]

    @property
    def module(self) -> str:
        """The model as Python spells it."""
        return self.model.replace("-", "_")

    @property
    def family(self) -> str:
        """The prefix of its devices' uids: the first word of the model."""
        return self.model.partition("-")[0]


def known_channels(drivers: Iterable[Driver]) -> dict[str, Channel]:
    """Return the channels there are, by name; the first that has a unit stands for all of that name."""
    found: dict[str, Channel] = {}
    for driver in drivers:
        for channel in driver.channels:
            if channel.name not in found or found[channel.name].unit is None:
                found[channel.name] = channel
    return found


def in_hub(plan: Plan) -> dict[str, str]:
    """Return the files of a driver in a checkout of the hub."""
    return {
        f"hub/drivers/{plan.module}.py": driver(plan),
        f"hub/drivers/{plan.module}.toml": setup(plan),
        f"tests/captures/{plan.family}/{plan.module}.json": capture(plan),
    }


def as_package(plan: Plan) -> dict[str, str]:
    """Return the files of a package of its own, found by the entry point group `matinales.drivers`."""
    module = f"matinales_driver_{plan.module}"
    words = {
        "model": plan.model,
        "title": plan.title,
        "filter": _quotable(topic_filter(plan.first.topic)),
        "module": module,
        "distribution": module.replace("_", "-"),
    }
    return {
        "pyproject.toml": _filled("pyproject.toml", words),
        "README.md": _filled("readme.md", words),
        f"src/{module}/__init__.py": f'"""{plan.title} for Matinales Hub."""\n',
        f"src/{module}/py.typed": "",
        f"src/{module}/driver.py": driver(plan),
        f"captures/{plan.module}.json": capture(plan),
        "tests/test_driver.py": _filled("test_driver.py", words),
    }


def driver(plan: Plan) -> str:
    """Return a driver that keeps its contract at once: it reads the numbers of a JSON payload, or refuses all."""
    found = fields(plan.first)
    topic, pattern = plan.first.topic, topic_filter(plan.first.topic)
    channels = [_channel(each, plan.known) for each in found]
    unsaid = any(channel.unit is not None for channel in channels)
    words = {
        "model": plan.model,
        "family": plan.family,
        "title": plan.title,
        "filter": _quotable(pattern),
        "filter_literal": literal(pattern),
        "topic": literal(topic),
        "payload": _folded(_text(plan.first.payload)),
        "device": f"f\"{plan.family}:{{message.topic.split('/')[{device_level(topic)}]}}\"",
        "unsaid_import": "UNSAID, " if unsaid else "",
        "unit_import": "from hub.units import Unit\n" if unsaid else "",
        "payload_imports": ", ".join(sorted({"inside", "json_value", *(each.reader for each in found)})),
        "fields": "\n".join(_row(*each) for each in zip(found, channels, strict=True)),
        "channels": _listed([_described(each) for each in channels]),
        "values": "\n".join(f"            {each.channel}={_plain(each.value)}," for each in found),
    }
    return _filled("driver.py" if found else "opaque.py", words)


def setup(plan: Plan) -> str:
    """Return what to type on the device, for the page `/setup`; braces of a topic are no places to fill in."""
    topic = plan.first.topic.replace("{", "{{").replace("}", "}}")
    typed = f"{{host}}, {{port}}, {{user}}, {{password}}, {topic}"
    return _filled("setup.toml", {"type": json.dumps(typed, ensure_ascii=False).replace("\x7f", "\\u007f")})


def capture(plan: Plan) -> str:
    """Return the message as a capture, with the values it must give; where it is from is left to its author."""
    payload = _text(plan.first.payload)
    topic = plan.first.topic
    heard = {"topic": topic} | ({"payload": payload} if isinstance(payload, str) else {"payload_hex": payload.hex()})
    values = {each.channel: each.value for each in fields(plan.first)}
    whole = {
        "device": plan.title,
        "when": plan.today.isoformat(),
        "source": "",
        "publish": "",
        "messages": [heard],
        "values": {f"{plan.family}:{topic.split('/')[device_level(topic)]}": values} if values else {},
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def literal(value: str | bytes) -> str:
    """Return a Python literal as the formatter writes it: double quotes unless that costs escapes."""
    plain = repr(value)
    single, double = ("'", '"') if isinstance(value, str) else (b"'", b'"')
    if value.count(double) > value.count(single) or plain.endswith('"'):  # type: ignore[arg-type]
        return plain
    prefix, _, rest = plain.partition("'")
    body = rest[:-1].replace("\\'", "'").replace('"', '\\"')
    return f'{prefix}"{body}"'


def _quotable(pattern: str) -> str:
    """Return a filter as a docstring may hold it."""
    return pattern.replace("\\", "…").replace('"', "…")


def _text(payload: bytes) -> str | bytes:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return payload


def _folded(value: str | bytes) -> str:
    """Return a literal; a long one in pieces, one a line."""
    if len(repr(value)) <= WIDTH:
        return literal(value)
    step = WIDTH if len(repr(value)) <= len(value) + WIDTH // 10 else WIDTH // 4  # escapes take up to four characters
    pieces = [value[start : start + step] for start in range(0, len(value), step)]
    return "\n".join(["(", *(f"    {literal(each)}" for each in pieces), ")"])


def _channel(found: Field, known: Mapping[str, Channel]) -> Channel:
    if found.channel in known:
        return known[found.channel]
    top = 1 if found.reader == "boolean" else ANYTHING
    low = 0 if found.reader == "boolean" else -ANYTHING
    return Channel(name=found.channel, unit=None, low=low, high=top)


def _row(found: Field, channel: Channel) -> str:
    path = ", ".join(literal(step) if isinstance(step, str) else str(step) for step in found.path)
    comma = "," if len(found.path) == 1 else ""
    return f'    (({path}{comma}), "{found.channel}", {found.reader}, {"None" if channel.unit is None else "UNSAID"}),'


def _described(channel: Channel) -> str:
    unit = "None" if channel.unit is None else f"Unit.{Unit(channel.unit).name}"
    health = ", health=True" if channel.health else ""
    return (
        f'Channel(name="{channel.name}", unit={unit}, low={_plain(channel.low)}, high={_plain(channel.high)}{health})'
    )


def _listed(channels: list[str]) -> str:
    """Return the inside of a tuple, as the formatter writes it: one that fits stays on its line."""
    if len(channels) == 1 and len(channels[0]) <= ONE_LINE:
        return f"{channels[0]},"
    return "\n".join(["", *(f"        {each}," for each in channels), "    "])


def _plain(value: float) -> str:
    if value == int(value) and abs(value) <= ANYTHING:
        return f"{int(value):_}" if value else repr(value)
    return repr(value).replace("e+", "e")


def _filled(name: str, words: Mapping[str, str]) -> str:
    template = files("hub.driverkit").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
    return Template(template).substitute(words)
