"""A scenario that runs: what devices say, when, and what faults change."""

import copy
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_sims import scenario, tables
from device_sims.errors import SimulationError
from device_sims.stage import Stage
from device_sims.world import Emission, Output, Silence, World

LOADED = scenario.load("cold_room")
SHORT = LOADED._replace(scenario=msgspec.structs.replace(LOADED.scenario, history_h=1))  # most tests need no whole day
START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
PROBE, COMPRESSOR, DOOR = "tele/coldroom-sim-probe", "coldroom-sim-compressor", "zigbee2mqtt/coldroom-sim-door"
HOUR = 3600


def world(
    *,
    seed: int = 7,
    start: datetime = START,
    history: bool = False,
    initial: str | None = None,
    clock: str | None = None,
) -> World:
    """Return a cold room a second before its start; one with a history is a day before it."""
    stage = Stage(seed, start, ZoneInfo("Europe/Paris"), initial, clock)
    return World(LOADED, stage) if history else copy.deepcopy(_begun(stage))


@cache
def _begun(stage: Stage) -> World:
    """Return a cold room whose hour of past is played: longer than most tests."""
    made = World(SHORT, stage)
    for _ in made.advance(-1):
        pass
    return made


def said(outputs: Iterable[Output], topic: str) -> list[tuple[float, dict[str, Any]]]:
    """Return (second, JSON) of the messages on a topic."""
    return [
        (one.time_s, json.loads(one.packet.payload))
        for one in outputs
        if isinstance(one, Emission) and one.packet.topic == topic
    ]


def without_time(outputs: Iterable[Output]) -> list[tuple[float, str, str]]:
    """Return messages without what the date changes."""
    found = []
    for one in outputs:
        assert isinstance(one, Emission)
        text = one.packet.payload.decode()
        if text.startswith("{"):
            body = json.loads(text)
            for written in ("Time", "ts", "gwts"):
                body.pop(written, None)
            for part in (body.get("params", {}), *body.get("params", {}).values()):
                if isinstance(part, dict):
                    part.pop("ts", None)
                    part.get("aenergy", {}).pop("minute_ts", None)
            text = json.dumps(body)
        found.append((one.time_s, one.packet.topic, text))
    return found


def test_the_history_has_a_value_a_minute_and_the_last_hour_at_the_devices_own_period() -> None:
    """24 h: 60 s on the probe and the meter until an hour before the start, then 10 s on the probe."""
    past = list(world(history=True).advance(-1))
    seconds = [second for second, _ in said(past, f"{PROBE}/SENSOR")]
    gaps = [(after, after - before) for before, after in pairwise(seconds)]
    assert seconds[0] == -24 * HOUR
    assert max(gap for _, gap in gaps) <= 61
    assert {gap for second, gap in gaps if second > -HOUR + 60} <= {10, 20}
    meter = [second for second, _ in said(past, f"{COMPRESSOR}/events/rpc")]
    assert max(after - before for before, after in pairwise(meter)) <= 60


def test_the_history_is_a_saw_tooth_with_three_defrosts() -> None:
    """Air between 2 and 4 °C but for defrosts at 10:00, 18:00 and 02:00; the product flat near 3 °C; 5.3 kWh."""
    past = list(world(history=True).advance(-1))
    sensors = [(second, body) for second, body in said(past, f"{PROBE}/SENSOR") if second > -23 * HOUR]
    air = {second: body["DS18B20-1"]["Temperature"] for second, body in sensors if "DS18B20-1" in body}
    product = [body["DS18B20-2"]["Temperature"] for _, body in sensors if "DS18B20-2" in body]
    hot = [(second / HOUR + 8.5) % 24 for second, value in air.items() if value > 5]
    assert {int(hour) for hour in hot} == {10, 18, 2}
    assert min(air.values()) > 1.6
    assert 2.7 < min(product) < max(product) < 3.6
    relay = [
        body["params"]["input:0"]["state"]
        for _, body in said(past, f"{COMPRESSOR}/events/rpc")
        if "input:0" in body["params"]
    ]
    assert relay == [True, False] * 3
    totals = [
        body["params"]["switch:0"]["aenergy"]["total"]
        for _, body in said(past, f"{COMPRESSOR}/events/rpc")
        if "aenergy" in body["params"].get("switch:0", {})
    ]
    assert totals == sorted(totals)
    assert (totals[-1] - totals[0]) / 1000 == pytest.approx(5.28, abs=0.1)


def test_the_same_seed_gives_the_same_payloads_on_any_date() -> None:
    """The date changes times, never values: over the end of summer time too."""
    dates = [START, START + timedelta(days=100), datetime(2026, 10, 25, 7, 30, tzinfo=UTC)]
    first, *others = [without_time(world(history=True, start=start).advance(2 * HOUR)) for start in dates]
    assert all(other == first for other in others)


def test_another_seed_gives_other_noise() -> None:
    """And the same physics."""
    first, second = (said(world(seed=seed).advance(600), f"{PROBE}/SENSOR") for seed in (1, 2))
    assert first != second
    for (_, one), (_, other) in zip(first, second, strict=True):
        assert one["DS18B20-1"]["Temperature"] == pytest.approx(other["DS18B20-1"]["Temperature"], abs=0.5)


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(1, 300), min_size=1, max_size=30))
def test_how_often_the_world_is_asked_changes_nothing(cuts: list[int]) -> None:
    """A slow laptop and a fast one play the same afternoon."""
    whole, pieces = world(), world()
    for one in (whole, pieces):
        one.schedule(100, "door_open", None, 200)
    expected = list(whole.advance(sum(cuts)))
    got: list[Output] = []
    for cut in cuts:
        got += pieces.advance(max(pieces.time_s, 0) + cut if got else cut)
    assert got == expected


def test_times_are_those_of_the_run() -> None:
    """Tasmota with offset, Shelly in Unix seconds, both 10 s or a minute after 08:30 in Paris."""
    live = list(world().advance(60))
    assert [body["Time"] for _, body in said(live, f"{PROBE}/SENSOR")][1] == "2026-11-23T08:30:10+01:00"
    assert [body["params"]["ts"] for _, body in said(live, f"{COMPRESSOR}/events/rpc")][-1] == START.timestamp() + 60


def test_an_open_door_is_told_at_once_and_the_air_climbs() -> None:
    """The contact says false in that second; air passes 8 °C within three minutes of probe readings."""
    room = world()
    for _ in room.advance(100):
        pass
    told = room.fault("door_open", active=True)
    assert [(second, body["contact"]) for second, body in said(told, DOOR)] == [(100, False)]
    readings = said(room.advance(100 + 300), f"{PROBE}/SENSOR")
    air = [(second, body["DS18B20-1"]["Temperature"]) for second, body in readings]
    assert next(second for second, value in air if value > 8) - 100 == pytest.approx(150 + 48, abs=60)
    closed = room.fault("door_open", active=False)
    assert [body["contact"] for _, body in said(closed, DOOR)] == [True]


def test_a_dead_compressor_draws_no_power() -> None:
    """Power 0 from that second on, and the room warms."""
    room = world()
    told = [*room.fault("compressor_dead", active=True), *room.advance(HOUR)]
    powers = [body["params"]["switch:0"]["apower"] for _, body in said(told, f"{COMPRESSOR}/events/rpc")]
    assert set(powers[1:]) == {0.0}
    assert room.model.values()["air"] > 10


def test_an_unplugged_product_probe_is_silent_alone() -> None:
    """Product null, air as it would have been, the same values after it is plugged in again."""
    healthy, faulty = world(), world()
    faulty.schedule(60, "product.sensor_unplugged", None, 120)
    for (second, one), (_, other) in zip(
        said(healthy.advance(400), f"{PROBE}/SENSOR"), said(faulty.advance(400), f"{PROBE}/SENSOR"), strict=True
    ):
        assert one.get("DS18B20-1") == other.get("DS18B20-1")
        if 60 <= second < 180 and "DS18B20-2" in other:
            assert other["DS18B20-2"]["Temperature"] is None
        else:
            assert one.get("DS18B20-2") == other.get("DS18B20-2")


def test_a_frozen_value_is_a_flat_line() -> None:
    """And only on its own measure."""
    room = world()
    for _ in room.advance(10):
        pass
    room.fault("air.frozen_value", active=True)
    room.fault("door_open", active=True)
    air = {body["DS18B20-1"]["Temperature"] for _, body in said(room.advance(600), f"{PROBE}/SENSOR")}
    assert len(air) == 1


def test_a_drifting_bias_is_a_ramp_in_units_an_hour() -> None:
    """Intensity 5: the product is five degrees off after an hour."""
    room = world()
    room.fault("product.bias_drift", active=True, intensity=5)
    last = said(room.advance(HOUR), f"{PROBE}/SENSOR")[-1][1]["DS18B20-2"]["Temperature"]
    assert last == pytest.approx(3.1 + 5, abs=0.4)


def test_a_power_cut_silences_probe_and_meter_and_the_product_warms_unseen() -> None:
    """Their connections break; the battery contact still speaks; both come back born again."""
    room = world()
    cut = room.fault("power_cut", active=True, duration_s=2 * HOUR)
    assert {(one.role, one.silent) for one in cut if isinstance(one, Silence)} == {
        ("probe", True),
        ("compressor", True),
    }
    dark = list(room.advance(2 * HOUR - 2))
    assert {one.role for one in dark} == {"door", "store_room"}
    assert room.model.values()["product"] > 4.0
    back = list(room.advance(2 * HOUR))
    assert {(one.role, one.silent) for one in back if isinstance(one, Silence)} == {
        ("probe", False),
        ("compressor", False),
    }


def test_without_a_broker_its_words_are_given_too() -> None:
    """For the import door and a dry run: the will when a device falls silent, its birth when it is back."""
    room = world()
    room.schedule(60, "probe.radio_loss", None, 60)
    words = [
        (one.time_s, one.packet.payload)
        for one in room.without_broker(room.advance(200))
        if one.packet.topic == f"{PROBE}/LWT"
    ]
    assert words == [(60, b"Offline"), (120, b"Online")]


def test_a_lost_battery_device_is_offline_after_twenty_five_hours() -> None:
    """Its bridge keeps the connection and waits, as Zigbee2MQTT does."""
    room = world()
    room.fault("door.radio_loss", active=True)
    words = [one for one in room.advance(26 * HOUR) if isinstance(one, Emission) and one.role == "door"]
    assert [(one.time_s, one.packet.payload) for one in words] == [(25 * HOUR - 1, b'{"state":"offline"}')]
    back = room.fault("door.radio_loss", active=False)
    assert next(one.packet.payload for one in back if isinstance(one, Emission)) == b'{"state":"online"}'


def test_a_low_battery_is_seen_at_the_next_word() -> None:
    """4 %, 2.4 V."""
    room = world()
    room.fault("door.battery_low", active=True)
    (told,) = [body for _, body in said(room.fault("door_open", active=True), DOOR)]
    assert (told["battery"], told["voltage"]) == (4, 2400)


def test_a_wrong_clock_changes_times_only() -> None:
    """From 1970, or hours ahead."""
    room = world()
    room.fault("probe.clock_wrong", active=True)
    assert said(room.advance(10), f"{PROBE}/SENSOR")[-1][1]["Time"].startswith("1970-")
    room.fault("probe.clock_wrong", active=True, intensity=1)
    assert said(room.advance(20), f"{PROBE}/SENSOR")[-1][1]["Time"] == "2026-11-23T09:30:20+01:00"


@pytest.mark.parametrize("name", scenario.titles(LOADED.scenario))
def test_every_fault_comes_and_goes(name: str) -> None:
    """On for ten minutes, off again: everybody speaks afterwards, and the room is as cold as before in a few hours."""
    room = world()
    room.schedule(60, name, None, 600)
    assert {one.role for one in room.advance(HOUR)} >= {"probe", "compressor", "door"}
    assert not room.acting
    spoken = {one.role for one in room.advance(4 * HOUR) if isinstance(one, Emission)}
    assert spoken == {"probe", "compressor", "door", "store_room"}
    assert room.model.values()["air"] < 4.1


def test_intensity_scales_a_fault() -> None:
    """Half an open door is 200 W/K: the air climbs more slowly."""
    half, whole = world(), world()
    half.fault("door_open", active=True, intensity=0.5)
    whole.fault("door_open", active=True)
    for room in (half, whole):
        for _ in room.advance(300):
            pass
    assert 5 < half.model.values()["air"] < whole.model.values()["air"]


def test_a_command_is_answered_and_repeats_the_last_sample() -> None:
    """Asking draws no noise: the values of the afternoon do not depend on who asks when."""
    asked, left = world(), world()
    list(asked.advance(15))
    list(left.advance(15))
    (answer,) = said(
        asked.command("probe", "cmnd/coldroom-sim-probe/Status", b"10"), "stat/coldroom-sim-probe/STATUS10"
    )
    assert answer[1]["StatusSNS"]["DS18B20-1"]["Temperature"] > 0
    assert list(asked.advance(600)) == list(left.advance(600))


def test_a_telemetry_period_can_be_changed() -> None:
    """TelePeriod 30: the next message comes 30 s later."""
    room = world()
    list(room.advance(0))
    room.command("probe", "cmnd/coldroom-sim-probe/TelePeriod", b"30")
    assert [second for second, _ in said(room.advance(100), f"{PROBE}/SENSOR")] == [10, 40, 70, 100]


def test_switching_the_relay_off_stops_the_compressor_and_is_reported() -> None:
    """Done only after the report: answer first, then a NotifyStatus with output false."""
    room = world()
    request = b'{"id":1,"src":"hub","method":"Switch.Set","params":{"id":0,"on":false}}'
    words = [
        one for one in room.command("compressor", "coldroom-sim-compressor/rpc", request) if isinstance(one, Emission)
    ]
    assert [one.packet.topic for one in words] == ["hub/rpc", f"{COMPRESSOR}/events/rpc"]
    assert json.loads(words[1].packet.payload)["params"]["switch:0"]["output"] is False
    list(room.advance(HOUR))
    assert room.model.values()["air"] > 10
    assert room.model.values()["power"] == 0


def test_at_sixty_a_fast_device_stretches_its_period() -> None:
    """TelePeriod 10 is within ten messages a wall second at ×60; a second is not: it becomes 6 s, and is named."""
    room = world()
    room.speed = 60
    assert room.stretched() == []
    room.players["probe"].period_s = 1
    assert room.stretched() == ["probe"]
    list(room.advance(0))
    assert [second for second, _ in said(room.advance(20), f"{PROBE}/SENSOR")] == [6, 12, 18]


def test_faster_than_over_a_broker_nothing_is_stretched_further() -> None:
    """Through the import door a day in seconds has every reading that the rules of a day need."""
    room = world()
    room.speed = 3600
    assert room.stretched() == []
    list(room.advance(0))
    assert [second for second, _ in said(room.advance(30), f"{PROBE}/SENSOR")] == [10, 20, 30]


def test_a_story_may_begin_at_another_hour() -> None:
    """A named state brings its clock; a clock of one's own wins: defrosts follow it."""
    night = world(initial="saturday_night", start=datetime(2026, 11, 21, 22, tzinfo=UTC))
    relay = [
        second
        for second, body in said(night.advance(4 * HOUR), f"{COMPRESSOR}/events/rpc")
        if "input:0" in body["params"]
    ]
    assert relay == [3 * HOUR, 3 * HOUR + 1200]
    early = world(clock="01:30")
    relay = [
        second for second, body in said(early.advance(HOUR), f"{COMPRESSOR}/events/rpc") if "input:0" in body["params"]
    ]
    assert relay == [1800, 3000]


@pytest.mark.parametrize(
    ("name", "intensity", "duration_s", "reason"),
    [
        ("door_opne", None, None, "no fault 'door_opne' in cold_room; known: .*door_open"),
        ("door_open", 0.0, None, "intensity is 0"),
        ("door_open", -1.0, None, "intensity is -1"),
        ("door_open", float("nan"), None, "intensity is nan"),
        ("door_open", None, 0, "duration is 0"),
    ],
)
def test_an_impossible_fault_is_refused(
    name: str, intensity: float | None, duration_s: int | None, reason: str
) -> None:
    """The message names the fault and what is wrong with it."""
    with pytest.raises(SimulationError, match=reason):
        world().fault(name, active=True, intensity=intensity, duration_s=duration_s)


def test_an_unknown_initial_state_is_refused() -> None:
    """The message lists the known ones."""
    with pytest.raises(SimulationError, match=r"no initial state 'monday'.*normal"):
        world(initial="monday")


def test_a_device_with_jitter_comes_late_and_does_not_drift() -> None:
    """Up to three seconds behind each beat of ten, the same at each run, another for each device."""
    probe = msgspec.structs.replace(LOADED.scenario.devices["probe"], jitter_s=3)
    cast = {"probe": probe, "other": msgspec.structs.replace(probe, id="coldroom-sim-other")}
    shaken = SHORT._replace(scenario=msgspec.structs.replace(SHORT.scenario, devices=cast))

    def seconds(topic: str) -> list[float]:
        played = World(shaken, Stage(7, START, ZoneInfo("Europe/Paris")))
        return [second for second, _ in said(played.advance(600), f"tele/{topic}/SENSOR")]

    late = [second % 10 for second in seconds("coldroom-sim-probe")]
    assert set(late) == {0, 1, 2, 3}
    assert seconds("coldroom-sim-probe") == seconds("coldroom-sim-probe")
    assert late != [second % 10 for second in seconds("coldroom-sim-other")]


@pytest.mark.parametrize(("field", "silent_s"), [("state", 600), ("contact", 90_000)])
def test_a_bridge_gives_a_silent_plug_up_sooner_than_a_battery_device(field: str, silent_s: int) -> None:
    """10 minutes and 25 hours after its last word, by the bridge's own word."""
    door = msgspec.structs.replace(
        LOADED.scenario.devices["door"],
        channels={"door_open": tables.Channel(field=field, on_change=True)},
        battery=None,
    )
    alone = SHORT._replace(scenario=msgspec.structs.replace(SHORT.scenario, devices={"door": door}))
    played = World(alone, Stage(7, START, ZoneInfo("Europe/Paris")))
    list(played.advance(-1))
    played.schedule(60, "door.radio_loss")
    given_up = [
        one.time_s
        for one in played.advance(100_000)
        if isinstance(one, Emission) and one.packet.topic == f"{DOOR}/availability"
    ]
    assert given_up == [60 + silent_s]
