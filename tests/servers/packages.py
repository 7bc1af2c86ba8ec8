"""A package with drivers that misbehave when a payload tells them to, as another author might have installed it."""

from importlib.metadata import EntryPoint
from pathlib import Path

MODULE = "acme_drivers"
MODELS = ("acme-one", "acme-two")
SOURCE = '''
"""Two drivers that do what the payload says: a number is a temperature, a word a misdeed."""

import os
import sys
import time

from msgspec import Struct

from hub.driver import (
    Announced,
    Channel,
    Command,
    Commanding,
    Content,
    Decoded,
    Driver,
    Example,
    Order,
    Period,
    Sample,
)
from hub.errors import ForeignPayloadError, PayloadError
from hub.model import Kind, Message
from hub.units import Unit

EATEN = []


class Seen(Struct, frozen=True):
    """How many temperatures were heard."""

    count: int = 0


def block():
    while True:
        time.sleep(0.01)


def spin():
    while True:
        pass


def eat():
    while True:
        EATEN.append(bytearray(b"x") * 10_000_000)
        time.sleep(0.005)


def nibble():
    EATEN.append(bytearray(b"x") * 40_000_000)


def refuse():
    raise PayloadError("no temperature", asks=(("acme/ask", b"?"),), context=Seen(100))


def foreign():
    raise ForeignPayloadError("another family's word")


MISDEEDS = {
    "raise": lambda: {}["nothing"],
    "deep": lambda: (_ for _ in ()).throw(RecursionError("deep")),
    "block": block,
    "spin": spin,
    "exit": lambda: os._exit(3),
    "leave": lambda: sys.exit("gone"),
    "eat": eat,
    "refuse": refuse,
    "foreign": foreign,
    "print": lambda: print("\\x00\\x00\\x00\\x01hello", flush=True),
    "nibble": nibble,
}
RUBBISH = {
    "none": None,
    "a-word": "acme:a",
    "half": Decoded(Kind.READINGS, 5),
    "no-number": Decoded(Kind.READINGS, "acmeone:a", (Sample("temperature", "warm"),)),
    "nan": Decoded(Kind.READINGS, "acmeone:a", (Sample("temperature", float("nan")),)),
    "stranger": Decoded(Kind.READINGS, "tasmota:kitchen"),
    "invented": Decoded(Kind.READINGS, "acmeone:a", (Sample("humidity", 1.0),)),
    "unpackable": Decoded(Kind.READINGS, "acmeone:a", announces=(object(),)),
    "huge": Decoded(Kind.READINGS, "acmeone:a", rejected={"x": "y" * 20_000_000}),
}


def made(model):
    family = model.replace("-", "")

    def decode(message: Message, context: Seen):
        word = message.payload.decode()
        if word in MISDEEDS:
            MISDEEDS[word]()
            word = "0"
        if word in RUBBISH:
            return RUBBISH[word], context
        device = f"{family}:{message.topic.split('/')[1]}"
        if word == "hello":
            return Decoded(Kind.AVAILABILITY, device), context
        samples = (Sample("temperature", float(word)), Sample("count", float(context.count)))
        return Decoded(Kind.READINGS, device, samples), Seen(context.count + 1)

    return Driver(
        model=model,
        family=family,
        title="Acme, misbehaving",
        source="made up",
        topics=(f"{model}/+/up", f"{model}/+/claims"),
        claims=lambda topic: not topic.endswith("/claims") or MISDEEDS["raise"](),
        names=lambda topic: f"{family}:{topic.split('/')[1]}",
        context=Seen,
        channels=(
            Channel(name="temperature", unit=Unit.CELSIUS, low=-40, high=80),
            Channel(name="count", unit=None, low=0, high=1e9),
        ),
        decode=decode,
        about=lambda names, context: Announced(names[0], name=f"heard {context.count}") if context.count else None,
        believed=60.0,
        ask=lambda device, topic: [(topic.replace("/up", "/ask"), device.encode())],
        reads=lambda data: Content((Sample("temperature", float(data[0])),)),
        commands=("temperature",),
        command=lambda target, wanted: Order(
            messages=((target.topic, f"{target.context.count}:{wanted.value:g}".encode()),),
            channel="temperature",
            value=wanted.value,
        ),
        commandings=(
            Commanding(before=(), channel="temperature", value=1, sends=(), report=(f"{model}/a/up", b"1")),
        ),
        period=Period(
            ask=lambda target: ((target.topic.replace("/up", "/period"), b""),),
            set=lambda target, seconds: (
                (target.topic.replace("/up", "/period"), f"{target.context.count}:{seconds}".encode()),
            ),
            low=5,
            high=600,
            proof=Commanding(before=(), channel="", value=10, sends=(), report=(f"{model}/a/up", b"1")),
        ),
        examples=(
            Example.gives(f"{model}/a/up", "21.5", temperature=21.5, count=0),
            Example.refused(f"{model}/a/up", "refuse", because="no temperature"),
        ),
    )


ONE, TWO = made("acme-one"), made("acme-two")
'''


def points(*names: str) -> list[EntryPoint]:
    """Return entry points of these attributes of the module; both drivers unless told."""
    return [EntryPoint(name, f"{MODULE}:{name}", "matinales.drivers") for name in names or ("ONE", "TWO")]


def write(place: Path) -> Path:
    """Write the module into a folder, and what an installer writes beside it; return the folder, for PYTHONPATH."""
    info = place / "acme_drivers-1.2.dist-info"
    info.mkdir(parents=True)
    (place / f"{MODULE}.py").write_text(SOURCE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-drivers\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[matinales.drivers]\none = {MODULE}:ONE\ntwo = {MODULE}:TWO\n")
    return place
