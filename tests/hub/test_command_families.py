"""Commands to families whose devices say themselves what can be set, through the store, with the real drivers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from hub.commander import Commander
from hub.driver import Command
from hub.model import NS, Commanded, CommandState, Message, Stage
from hub.registry import Registry, load_drivers
from servers.acme import WALL
from servers.workers import Hub, working

PUMP = "homeassistant/switch/pump/config", '{"stat_t":"pump/state","cmd_t":"pump/set"}'
LORA = "v3/app1@ttn/devices/valve"
CHIRP = "application/a/device/0101010101010101"


class House:
    """A hub, what it says, and somebody who commands."""

    def __init__(self, hub: Hub) -> None:
        """Take the real drivers."""
        self.hub = hub
        self.second = 0
        hub.registry = Registry(load_drivers())
        hub.restart()

    def hear(self, *messages: tuple[str, str | bytes], retained: bool = False) -> None:
        """Let somebody say something, each a second later."""
        for topic, payload in messages:
            self.second += 1
            data = payload.encode() if isinstance(payload, str) else payload
            self.hub.take(Message(topic, data, WALL + self.second * NS, retained=retained))

    def give(self, device: str, channel: str, value: float, by: str = "facilitator") -> Commanded:
        """Command a device."""
        commander = Commander(kept=self.hub.kept, worker=self.hub.worker, consent=True, wall=lambda: self.hub.wall)
        self.hub.delivered.clear()
        return commander.give(device, Command(channel, value), by, None, there=True)

    @property
    def published(self) -> list[tuple[str, bytes]]:
        """What went out since the last command was given."""
        return [each for outcome in self.hub.delivered for each in outcome.asks]

    @property
    def newest(self) -> Commanded:
        """The newest command as the store has it."""
        return self.hub.kept.commands(1)[0]

    def settable(self, device: str) -> dict[str, tuple[float, float]]:
        """Return what the page was told last of what can be set."""
        found: dict[str, tuple[float, float]] = {}
        for outcome in self.hub.delivered:
            found = dict(outcome.batch.settable.get(device, found))
        return found


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Lend one."""
    with working(tmp_path) as hub:
        yield House(hub)


class Case(NamedTuple):
    """What a device said, what is wanted of it, what must go out, and its report afterwards."""

    heard: list[tuple[str, str]]
    device: str
    wanted: tuple[str, float]
    sent: tuple[str, bytes]
    report: tuple[str, str]


HOMIE = (
    '{"homie":"5.0","version":1,"nodes":{"h":{"properties":{"power":{"datatype":"float","unit":"kW","format":"0:3",'
    '"settable":true},"t":{"datatype":"float"}}}}}'
)


@pytest.mark.parametrize(
    "case",
    [
        Case(
            [("site/tank/switch/pump-1/state", "OFF")],
            "esphome:site/tank",
            ("pump_1", 1),
            ("site/tank/switch/pump-1/command", b"ON"),
            ("site/tank/switch/pump-1/state", "ON"),
        ),
        Case(
            [PUMP, ("pump/state", "OFF")],
            "homeassistant:pump",
            ("switch", 1),
            ("pump/set", b"ON"),
            ("pump/state", "ON"),
        ),
        Case(
            [("homie/5/oven/$description", HOMIE), ("homie/5/oven/h/power", "1")],
            "homie:oven",
            ("power", 2500),
            ("homie/5/oven/h/power/set", b"2.5"),
            ("homie/5/oven/h/power", "2.5"),
        ),
    ],
    ids=["esphome", "homeassistant", "homie"],
)
def test_sent_in_its_dialect_and_confirmed_by_its_own_report(house: House, case: Case) -> None:
    """The page knows what can be set as soon as the device has said so; the hub's own words confirm nothing."""
    house.hear(*case.heard)
    assert case.wanted[0] in house.settable(case.device)
    given = house.give(case.device, *case.wanted)
    assert (given.state, house.published) == (CommandState.SENT, [case.sent])
    house.hear(case.sent)
    assert (house.newest.by, house.newest.state) == ("facilitator", CommandState.SENT)
    house.hear(case.report)
    assert house.newest.state is CommandState.CONFIRMED


def test_what_a_device_does_not_call_settable_cannot_be_set(house: House) -> None:
    """A measure of a Homie device, a metric of a birth that is silent about it."""
    house.hear(("homie/5/oven/$description", HOMIE), ("homie/5/oven/h/t", "1"))
    given = house.give("homie:oven", "t", 1)
    assert (given.state, given.code, house.published) == (CommandState.REFUSED, "cannot", [])


def test_a_range_is_the_devices_own(house: House) -> None:
    """In the hub's unit: 100 °F to 500 °F."""
    house.hear(
        (
            "homeassistant/number/oven/config",
            '{"stat_t":"oven/sp","cmd_t":"oven/sp/set","dev_cla":"temperature","unit_of_meas":"°F","min":100,"max":500}',
        ),
        ("oven/sp", "200"),
    )
    low, high = house.settable("homeassistant:oven/sp")["temperature"]
    assert low == pytest.approx(37.7778, abs=1e-3)
    assert high == pytest.approx(260)
    assert "from 37.7778 to 260 °C" in (house.give("homeassistant:oven/sp", "temperature", 261).reason or "")


def uplink(output: int) -> tuple[str, str]:
    """Return an uplink of a valve."""
    return f"{LORA}/up", json.dumps({"uplink_message": {"decoded_payload": {"digital_out_3": output}}})


def test_the_things_stack_tells_how_far_a_downlink_is_and_only_an_uplink_confirms(house: House) -> None:
    """Queued, transmitted, acknowledged: the device has it, which is not yet that it did it."""
    house.hear(uplink(0))
    given = house.give("tts:app1@ttn:valve", "digital_out_3", 1)
    [(topic, payload)] = house.published
    [down] = json.loads(payload)["downlinks"]
    assert topic == f"{LORA}/down/push"
    assert down["correlation_ids"] == [f"matinales:{given.ticket}"]
    assert given.until - given.at == 3600 * NS, "it listens only after it spoke"
    for event, stage in (("queued", Stage.QUEUED), ("sent", Stage.TRANSMITTED), ("ack", Stage.ACKNOWLEDGED)):
        body = {f"downlink_{event}": {"correlation_ids": ["as:1", f"matinales:{given.ticket}"]}}
        house.hear((f"{LORA}/down/{event}", json.dumps(body)))
        assert (house.newest.state, house.newest.stage) == (CommandState.SENT, stage)
    house.hear(uplink(0))
    assert house.newest.state is CommandState.SENT
    house.hear(uplink(1))
    assert (house.newest.state, house.newest.stage) == (CommandState.CONFIRMED, Stage.ACKNOWLEDGED)


def test_a_downlink_of_somebody_else_moves_nothing_of_ours(house: House) -> None:
    """Known by the correlation id; without one it is nobody's."""
    house.hear(uplink(0))
    house.give("tts:app1@ttn:valve", "digital_out_3", 1)
    house.hear((f"{LORA}/down/ack", '{"downlink_ack":{"correlation_ids":["matinales:other"]}}'))
    house.hear((f"{LORA}/down/ack", '{"downlink_ack":7}'), (f"{LORA}/down/failed", "no JSON"))
    assert (house.newest.state, house.newest.stage) == (CommandState.SENT, None)


def test_a_downlink_that_the_network_gave_up_is_refused_with_its_words(house: House) -> None:
    """Nothing more will come of it."""
    house.hear(uplink(0))
    given = house.give("tts:app1@ttn:valve", "digital_out_3", 1)
    body = {
        "downlink_failed": {
            "downlink": {"correlation_ids": [f"matinales:{given.ticket}"]},
            "error": {"message_format": "queue is full"},
        }
    }
    house.hear((f"{LORA}/down/failed", json.dumps(body)))
    assert (house.newest.state, house.newest.code) == (CommandState.REFUSED, "network")
    assert "queue is full" in (house.newest.reason or "")


def test_without_an_uplink_that_says_so_a_downlink_times_out_an_hour_later(house: House) -> None:
    """However well the network spoke of it; what it said stays beside it."""
    house.hear(uplink(0))
    given = house.give("tts:app1@ttn:valve", "digital_out_3", 1)
    house.hear((f"{LORA}/down/ack", json.dumps({"correlation_ids": [f"matinales:{given.ticket}"]})))
    house.hub.tick(1 + 3600)
    assert house.newest.state is CommandState.SENT
    house.hub.tick(house.second + 3700)
    assert (house.newest.state, house.newest.stage) == (CommandState.TIMED_OUT, Stage.ACKNOWLEDGED)


def test_chirpstack_names_a_downlink_by_its_queue_item(house: House) -> None:
    """`txack`, then `ack`; not acknowledged is the end of it."""
    up = f"{CHIRP}/event/up", json.dumps({"object": {"digitalOutput": {"6": 0}}})
    house.hear(up)
    given = house.give("chirpstack:0101010101010101", "digital_out_6", 1)
    [(topic, payload)] = house.published
    sent = json.loads(payload)
    assert (topic, sent["object"], sent["id"]) == (
        f"{CHIRP}/command/down",
        {"digitalOutput": {"6": 1}},
        given.ticket,
    )
    house.hear((f"{CHIRP}/event/txack", json.dumps({"queueItemId": given.ticket})))
    assert house.newest.stage is Stage.TRANSMITTED
    house.hear((f"{CHIRP}/event/ack", json.dumps({"queueItemId": given.ticket})))
    assert (house.newest.state, house.newest.stage) == (CommandState.REFUSED, Stage.FAILED)


@pytest.mark.parametrize(
    ("heard", "seen", "whose", "value"),
    [
        (("stat/plug/RESULT", '{"POWER":"OFF"}'), ("cmnd/plug/Power", "ON"), ("tasmota:plug", "switch"), 1.0),
        (("stat/plug/RESULT", '{"POWER":"OFF"}'), ("cmnd/plug/POWER", "off"), ("tasmota:plug", "switch"), 0.0),
        (("stat/plug/RESULT", '{"POWER":"OFF"}'), ("cmnd/plug/Power", "TOGGLE"), ("tasmota:plug", "switch"), None),
        (
            ("stat/lamp/RESULT", '{"POWER":"ON","Dimmer":20}'),
            ("cmnd/lamp/Dimmer", "55"),
            ("tasmota:lamp", "dimmer"),
            55,
        ),
        (("stat/plug/RESULT", '{"POWER":"OFF"}'), ("cmnd/plug/Restart", "1"), ("tasmota:plug", ""), None),
        (
            ("zigbee2mqtt/plug", '{"state":"OFF"}'),
            ("zigbee2mqtt/plug/set", '{ "state": "ON" }'),
            ("zigbee2mqtt:plug", "switch"),
            1.0,
        ),
        (
            ("shellies/p1/status/switch:0", '{"id":0,"output":false}'),
            ("shellies/p1/rpc", '{"id":7,"src":"app","method":"Switch.Set","params":{"id":0,"on":true}}'),
            ("shelly:p1", "switch"),
            1.0,
        ),
        (
            ("hall/number/duty/state", "10"),
            ("hall/number/duty/command", "12.5"),
            ("esphome:hall", "duty"),
            12.5,
        ),
    ],
)
def test_a_command_of_another_program_makes_it_the_last_writer(
    house: House, heard: tuple[str, str], seen: tuple[str, str], whose: tuple[str, str], value: float | None
) -> None:
    """By what the hub itself would say; where nobody can tell the value, or the channel, that is said."""
    house.hear(heard, seen)
    found = house.newest
    assert (found.device, found.channel, found.by, found.state) == (*whose, "mqtt", CommandState.SEEN)
    assert (None if found.code == "unread" else found.value) == value
    assert seen[0] in (found.reason or "")


def test_a_foreign_command_leaves_ours_waiting_for_its_report(house: House) -> None:
    """Both are on record, in their order; nothing goes out again."""
    house.hear(("stat/plug/RESULT", '{"POWER":"OFF"}'))
    house.give("tasmota:plug", "switch", 1)
    house.hear(("cmnd/plug/Power", "ON"), ("cmnd/plug/Power", "OFF"))
    assert [each.by for each in house.hub.kept.commands(9)] == ["mqtt", "facilitator"]
    house.hear(("stat/plug/RESULT", '{"POWER":"ON"}'))
    states = {each.by: each.state for each in house.hub.kept.commands(9)}
    assert states == {"mqtt": CommandState.SEEN, "facilitator": CommandState.CONFIRMED}
    assert [each for each in house.published if each[0] == "cmnd/plug/Power"] == [("cmnd/plug/Power", b"ON")]


def test_the_hubs_own_questions_make_nobody_a_writer(house: House) -> None:
    """Asked to speak, a device hears commands of ours."""
    house.hear(("tele/plug/LWT", "Online"))
    asked = house.published
    assert asked
    house.hear(*asked)
    assert house.hub.kept.commands(9) == []


def test_a_retained_command_is_listed_and_logged_and_makes_no_writer(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """X16: it is the past; the list of messages says what it does and how to be rid of it."""
    house.hear(("stat/plug/RESULT", '{"POWER":"OFF"}'))
    house.hear(("cmnd/plug/Power", "ON"), ("cmnd/plug/Power", "ON"), retained=True)
    assert house.hub.kept.commands(9) == []
    [listed] = [each for each in house.hub.kept.heard(9) if each.topic == "cmnd/plug/Power"]
    assert "retained command" in (listed.reason or "")
    assert caplog.text.count("A retained command on 'cmnd/plug/Power' is not obeyed") == 1


def test_a_flood_of_foreign_commands_is_sampled(house: House) -> None:
    """A group records the newest of a topic, and at most a few topics."""
    house.hear(("stat/plug/RESULT", '{"POWER":"OFF"}'))
    at = WALL + 60 * NS
    house.hub.take(*(Message(f"cmnd/plug/X{n % 40}", b"1", at + n) for n in range(500)))
    assert len(house.hub.kept.commands(1000)) == 20


def test_what_can_be_set_is_known_again_after_a_restart(house: House) -> None:
    """Without a word from anybody."""
    house.hear(PUMP, ("pump/state", "OFF"))
    house.hub.restart()
    mind = house.hub.worker.understanding
    assert {uid: mind.settable(uid) for uid in mind.describing()} == {"homeassistant:pump": {"switch": (0, 1)}}


def unconfirmed(house: House) -> set[str]:
    """Return the topics of what went out at QoS 0."""
    return {topic for outcome in house.hub.delivered for topic in outcome.unconfirmed}


def test_what_a_sparkplug_node_is_told_goes_out_at_qos_0(house: House) -> None:
    """NCMD and DCMD, the rebirth that is asked for too: the specification wants QoS 0; the others are confirmed."""
    house.hear(*house.hub.registry.drivers["sparkplug"].commandings[0].before)
    assert house.give("sparkplug:Workshop/line", "outputs_pump", 1).state is CommandState.SENT
    assert unconfirmed(house) == {topic for topic, _ in house.published} == {"spBv1.0/Workshop/NCMD/line"}
    house.hear(("tele/plug/STATE", '{"POWER":"ON"}'))
    assert house.give("tasmota:plug", "switch", 0).state is CommandState.SENT
    assert house.published
    assert not unconfirmed(house)
    house.hub.delivered.clear()
    house.hear(("spBv1.0/Workshop/NDATA/other", b"\x12\x04\x10\x07\x50\x0c\x18\x04"))
    assert unconfirmed(house) == {topic for topic, _ in house.published} == {"spBv1.0/Workshop/NCMD/other"}
