"""LoRaWAN devices in a scenario that runs: downlinks, silences, and the same bytes each time."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from device_sims import scenario
from device_sims.scenario import Channel, Device, Loaded
from device_sims.stage import Stage
from device_sims.tables import Text
from device_sims.world import Emission, Output, World

START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
COLD_ROOM = scenario.load("cold_room")
PERIOD_S = 600
ON_OFF = {"tts": "digital_out_2", "chirpstack": "digitalOutput.2"}
AIR = {"tts": "temperature_1", "chirpstack": "temperatureSensor.1"}


def played(kind: str) -> Loaded:
    """Return the cold room with one LoRaWAN device: the air's temperature, and the compressor's switch."""
    node = Device(
        title=Text("Capteur", "Sensor"),
        kind=kind,
        id="node-sim",
        period_s=PERIOD_S,
        channels={
            "air": Channel(field=AIR[kind], sigma=0.1, resolution=0.1),
            "switch": Channel(field=ON_OFF[kind], order=True, constant=1.0),
            "rssi": Channel(field="rssi", constant=-90.0, drop=0.2),
        },
    )
    changed = {"devices": {"node": node}, "faults": {}, "history_h": 1}
    return COLD_ROOM._replace(scenario=msgspec.structs.replace(COLD_ROOM.scenario, **changed), effects={})


def world(kind: str, seed: int = 7) -> World:
    """Return it a second before its start, joined."""
    made = World(played(kind), Stage(seed, START, UTC))
    made.birth("node")
    for _ in made.advance(-1):
        pass
    return made


def bodies(outputs: list[Output], end: str) -> list[dict[str, Any]]:
    """Return the JSON of the messages whose topics end so."""
    return [
        json.loads(one.packet.payload)
        for one in outputs
        if isinstance(one, Emission) and one.packet.topic.endswith(end)
    ]


def counter(body: dict[str, Any]) -> int:
    """Return an uplink's number, 0 where it is omitted."""
    found: int = body["uplink_message"].get("f_cnt", 0) if "uplink_message" in body else body.get("fCnt", 0)
    return found


def switched_off(kind: str, one: World) -> list[Output]:
    """Order the compressor off."""
    frame = b64encode(bytes.fromhex("020000FF")).decode()
    topic = one.players["node"].device.commands[0]
    said: dict[str, object] = {"downlinks": [{"frm_payload": frame, "confirmed": True}]}
    if kind == "chirpstack":
        said = {"devEui": topic.split("/")[3], "fPort": 10, "confirmed": True, "data": frame}
    return one.command("node", topic, json.dumps(said).encode())


@pytest.mark.parametrize("kind", ["tts", "chirpstack"])
def test_an_order_takes_effect_after_the_next_uplink_and_is_reported_at_once(kind: str) -> None:
    """The uplink before it still says on; the one that follows says off and acknowledges."""
    one = world(kind)
    switched_off(kind, one)
    assert "switch" not in one.orders
    said = list(one.advance(3 * PERIOD_S))
    assert one.orders == {"switch": 0.0}
    text = [
        (message.packet.topic.rpartition("/")[2], message.packet.payload)
        for message in said
        if isinstance(message, Emission)
    ]
    order = [word for word, _ in text if word != "status"]
    sent = {"tts": "sent", "chirpstack": "txack"}[kind]
    at = order.index(sent)
    assert order[at - 1 : at + 3] == ["up", sent, "up", "ack"]


@pytest.mark.parametrize("kind", ["tts", "chirpstack"])
def test_a_radio_silence_leaves_a_gap_of_all_that_was_sent(kind: str) -> None:
    """An hour without radio: the counter goes on; the device joins nobody anew."""
    one = world(kind)
    one.schedule(700, "node.radio_loss", duration_s=3600)
    said = list(one.advance(2 * 3600))
    counts = [counter(body) for body in bodies(said, "/up")]
    assert max(after - before for before, after in pairwise(counts)) >= 6
    assert not bodies(said, "/join")
    assert one.players["node"].device.will is None


@pytest.mark.parametrize("kind", ["tts", "chirpstack"])
def test_the_same_seed_gives_the_same_bytes_however_often_it_is_asked(kind: str) -> None:
    """Lost uplinks included; another seed loses others."""
    once = list(world(kind).advance(12 * 3600))
    again = world(kind)
    pieces = [message for hour in range(1, 13) for message in again.advance(3600 * hour)]
    assert once == pieces
    assert once != list(world(kind, seed=8).advance(12 * 3600))
    counts = [counter(body) for body in bodies(once, "/up")]
    assert counts == sorted(set(counts))
    assert len(counts) < counts[-1] - counts[0] + 1  # some were lost
