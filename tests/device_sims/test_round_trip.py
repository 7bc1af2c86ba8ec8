"""What the simulated devices say is understood by drivers that know nothing of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from device_sims import scenario
from device_sims.stage import Stage
from device_sims.world import World
from hub.driver import Decoded
from hub.model import Kind, Message
from hub.registry import Contexts
from servers.workers import registry

NOW = 1_795_419_000_000_000_000
NAMES = scenario.folders()


def decoded(name: str, *faults: str) -> Iterator[tuple[str, bytes, Decoded | None, str | None]]:
    """Play an hour of a scenario, faults on after ten minutes; return what the hub makes of each message."""
    loaded = scenario.load(name)
    loaded = loaded._replace(scenario=msgspec.structs.replace(loaded.scenario, history_h=1))
    world = World(loaded, Stage(7, datetime(2026, 11, 23, 7, 30, tzinfo=UTC), ZoneInfo("Europe/Paris")))
    for _ in world.advance(-1):
        pass
    for fault in faults:
        world.schedule(600, fault)
    said = [one for role in world.players for one in world.birth(role)]
    contexts = Contexts()
    for one in world.without_broker([*said, *world.advance(3600)]):
        message = Message(topic=one.packet.topic, payload=one.packet.payload, received=NOW)
        outcome = registry().decode(message, contexts)
        yield one.packet.topic, one.packet.payload, outcome.decoded, outcome.reason


@pytest.mark.parametrize("name", NAMES)
def test_every_message_is_understood_and_belongs_to_an_announced_device(name: str) -> None:
    """No refusal, no field rejected but what a tag says it lacks, no unknown device."""
    loaded = scenario.load(name)
    world = World(loaded, Stage(7, datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC))
    uids = {player.device.uid for player in world.players.values()}
    for topic, payload, found, reason in decoded(name):
        assert found is not None, f"{topic} {payload!r}: {reason}"
        wrong = [why for why in found.rejected.values() if not why.startswith("not available")]  # a tag's lost sample
        assert not wrong, f"{topic} {payload!r}: {found.rejected}"
        assert found.device in uids or found.speaks_for_others


def test_the_cold_rooms_channels_are_those_its_rules_name() -> None:
    """Air, product, contact, and what the meter gives."""
    channels: dict[str, set[str]] = {}
    for _, _, found, _ in decoded("cold_room"):
        if found is not None and found.kind is Kind.READINGS:
            channels.setdefault(found.device, set()).update(sample.channel for sample in found.samples)
    assert {"temperature_ds18b20_1", "temperature_ds18b20_2"} <= channels["tasmota:coldroom-sim-probe"]
    assert {"contact", "battery"} <= channels["zigbee2mqtt:coldroom-sim-door"]
    relay = {"switch", "power", "voltage", "current", "energy", "input", "chip_temperature"}
    assert relay <= channels["shelly:coldroom-sim-compressor"]


def test_an_unplugged_probe_takes_its_own_channel_away_only() -> None:
    """Product gives nothing or is bad; air goes on."""
    last: dict[str, object] = {}
    for topic, _, found, _ in decoded("cold_room", "product.sensor_unplugged"):
        if topic.endswith("/SENSOR") and found is not None:
            last = {sample.channel: sample.quality for sample in found.samples}
    assert last["temperature_ds18b20_1"] == "good"
    assert last.get("temperature_ds18b20_2", "bad") == "bad"
