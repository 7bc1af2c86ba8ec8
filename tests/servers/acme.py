"""A tiny driver for tests of what is behind the drivers, and messages for it.

`acme/<name>/<anything>` carries JSON: `{"t": 21.5, "at": <ns>, "local": true, "online": false, "src": "id", …}`.
Its family is tasmota, so that it can play the cold room's probe.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from hub.driver import Announced, Channel, Decoded, Driver, Example, Sample
from hub.errors import PayloadError
from hub.model import NS, Availability, Kind, Message, Record, Source
from hub.registry import Registry
from hub.units import Unit

FAMILY = "tasmota"
WALL = 1_790_000_000 * NS
SIMULATED = WALL - 40 * 86_400 * NS
RUN = "cold-room-20261124t073000-a1b2"
PROBE = "coldroom-sim-probe"
AIR = "temperature_ds18b20_1"
OF_MESSAGE = {
    "at",
    "local",
    "online",
    "src",
    "rejected",
    "add",
    "kind",
    "devices",
    "others",
    "missing",
    "refuse",
    "past",
    "gone",
}
"""Keys that are no channel."""


class Context(Struct, frozen=True):
    """What `add` of an earlier message adds to every value from then on."""

    added: float = 0.0


def decode(message: Message, context: Context) -> tuple[Decoded, Context]:
    """Return what the JSON says."""
    name = message.topic.split("/")[1]
    try:
        said: dict[str, Any] = json.loads(message.payload)
    except ValueError:
        msg = "this is no JSON"
        raise PayloadError(msg) from None
    if "add" in said:
        context = Context(context.added + said["add"])
    asks = ((said["missing"], b"again"),) if "missing" in said else ()
    if "refuse" in said:
        raise PayloadError(said["refuse"], asks=asks, context=context)
    values = {key: value for key, value in said.items() if key not in OF_MESSAGE}
    src = said.get("src", name)
    online = said.get("online")
    return Decoded(
        kind=Kind(said.get("kind", "readings" if values else "availability")),
        device=f"{FAMILY}:{src}",
        samples=tuple(_sample(key, value, said, context) for key, value in values.items()),
        availability=None if online is None else Availability.ONLINE if online else Availability.OFFLINE,
        aliases=() if src == name else (f"{FAMILY}:{name}",),
        announces=tuple(
            Announced(
                f"{FAMILY}:{each['id']}",
                tuple(each.get("aliases", ())),
                each.get("name"),
                None if "online" not in each else Availability.ONLINE if each["online"] else Availability.OFFLINE,
            )
            for each in said.get("devices", ())
        ),
        rejected=said.get("rejected", {}),
        asks=asks,
        speaks_for_others=said.get("others", False),
        removed=said.get("gone", False),
    ), context


def _sample(channel: str, value: Any, said: dict[str, Any], context: Context) -> Sample:  # noqa: ANN401 — JSON
    value, at = value if isinstance(value, list) else (value, said.get("at"))
    local, past = said.get("local", False), said.get("past", False)
    return Sample(channel, value + context.added, measured=at, local=local, historical=past)


def _bare(message: Message, context: None) -> tuple[Decoded, None]:
    above, _, channel = message.topic.rpartition("/")
    try:
        return Decoded(Kind.READINGS, f"thing:{above}", (Sample(channel, float(message.payload)),)), context
    except ValueError:
        msg = "no number"
        raise PayloadError(msg) from None


ACME = Driver(
    model="acme",
    family=FAMILY,
    title="Acme",
    source="none",
    topics=("acme/#",),
    channels=(
        Channel(name="t", unit=Unit("°C"), low=-40, high=85),
        Channel(name="temperature", unit=Unit("°C"), low=-55, high=125),
    ),
    open_channels=True,
    decode=decode,
    context=Context,
    ask=lambda device, topic: [(f"acme/{device.partition(':')[2]}/ask", topic.encode())],
    examples=(Example.refused("acme/a/b", "?", because="JSON"),),
)
THING = Driver(
    model="thing",
    family="thing",
    title="Anything with a number",
    source="none",
    topics=("things/#",),
    rank=2,
    channels=(),
    open_channels=True,
    decode=_bare,
    examples=(Example.refused("things/a", "?", because="number"),),
)


def registry(*, personal: bool = False) -> Registry:
    """Return both drivers, Acme's about a person's whereabouts or not."""
    return Registry({"acme": msgspec.structs.replace(ACME, personal=personal), "thing": THING})


def said(
    name: str, second: float = 0, *, what: str = "SENSOR", retained: bool = False, wall: int = WALL, **content: object
) -> Message:
    """Return what acme `name` says, `second` after WALL."""
    received = wall + int(second * NS)
    return Message(f"acme/{name}/{what}", json.dumps(content).encode(), received, retained=retained)


def imported(name: str, time: int, content: Mapping[str, object], *, run: str = RUN, received: int = WALL) -> Message:
    """Return what acme `name` said at a simulated time, through the import door."""
    payload = json.dumps(content).encode()
    return Message(f"acme/{name}/SENSOR", payload, received, source=Source.IMPORT, run=run, time=time)


def announcement(second: float = 0, *, retained: bool = False, run: str = RUN, **changes: object) -> Message:
    """Return a runner's announcement: its clock shows SIMULATED at `second` after WALL, ×1."""
    content: dict[str, object] = {
        "run": run,
        "scenario": "cold_room",
        "seed": 7,
        "speed": 1,
        "state": "running",
        "wall": WALL / NS + second,
        "simulated": SIMULATED / NS,
        "devices": [f"{FAMILY}:{PROBE}"],
        "topics": [f"acme/{PROBE}/#"],
    }
    received = WALL + int(second * NS)
    return Message(f"matinales/sim/{run}", json.dumps(content | changes).encode(), received, retained=retained)


def beat(second: float, simulated: float, *, run: str = RUN, speed: float = 1) -> Message:
    """Return a clock beat: `simulated` seconds after SIMULATED."""
    content = {"wall": WALL / NS + second, "simulated": SIMULATED / NS + simulated, "speed": speed}
    return Message(f"matinales/sim/{run}/clock", json.dumps(content).encode(), WALL + int(second * NS), qos=0)


def cleared(second: float = 0, *, run: str = RUN) -> Message:
    """Return the end of a run: its announcement taken away."""
    return Message(f"matinales/sim/{run}", b"", WALL + int(second * NS))


def journalled(*messages: Message, after: int = 0) -> list[Record]:
    """Return the messages as the journal numbers them."""
    return [Record(position, message) for position, message in enumerate(messages, after + 1)]
