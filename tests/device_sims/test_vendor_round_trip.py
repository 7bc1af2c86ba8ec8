"""Each kind of simulated device, there and back: true values → its dialect → the hub's decoder → the same values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.sensing import Sampled
from hub.driver import Command, Target, topic_matches
from hub.model import Availability, Message
from hub.registry import Contexts, Registry, load_drivers

NOW = 1_795_419_000_000_000_000
MOMENT = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, 0, 60)
Values = dict[str, tuple[float, str | None]]


@dataclass(frozen=True)
class Case:
    """A device and what the hub must make of it.

    Attributes:
        fields: channel → its field in the payload.
        values: channel → what its sensor reads, in the simulators' unit.
        gives: the hub's channel → value and unit.
        command: the hub's channel that is commanded, and what it shall be.
        orders: what the device must do then.
    """

    kind: str
    fields: Mapping[str, str]
    values: Mapping[str, Sampled]
    gives: Values
    options: Mapping[str, Any] = field(default_factory=dict)
    command: tuple[str, float] | None = None
    orders: Mapping[str, float] = field(default_factory=dict)

    def device(self) -> Device:
        """Return a new device."""
        settings = {channel: {"field": each, "id": ""} for channel, each in self.fields.items()}
        return make(self.kind, "a-sim-1", settings, self.options)

    def view(self, **orders: float) -> View:
        """Return what it sees, an order given already seen by its sensors."""
        return View(MOMENT, {**self.values, **orders}, orders)


CASES = {
    "tasmota BME280": Case(
        "tasmota",
        {"t": "BME280.Temperature", "rh": "BME280.Humidity", "p": "BME280.Pressure", "dbm": "Wifi"},
        {"t": 21.7, "rh": 66.6, "p": 988.6, "dbm": -61.0},
        {
            "temperature": (21.7, "°C"),
            "humidity": (66.6, "%"),
            "pressure": (988.6, "hPa"),
            "dew_point": (15.2, "°C"),
            "signal": (-61, "dBm"),
            "signal_quality": (78, "%"),
        },
    ),
    "tasmota SCD40": Case(
        "tasmota",
        {"co2": "SCD40.CarbonDioxide", "t": "SCD40.Temperature", "rh": "SCD40.Humidity"},
        {"co2": 618.0, "t": 23.8, "rh": 61.1},
        {"co2": (618, "ppm"), "temperature": (23.8, "°C"), "humidity": (61.1, "%")},
    ),
    "tasmota SR04": Case("tasmota", {"d": "SR04.Distance"}, {"d": 0.168}, {"distance": (0.168, "m")}),
    "tasmota inputs": Case(
        "tasmota",
        {"a": "ANALOG.A0", "n": "COUNTER.C1", "s": "Switch1"},
        {"a": 512.0, "n": 77.0, "s": 0.0},
        {"analog_a0": (512, None), "counter_c1": (77, None), "input_switch1": (0, None)},
    ),
    "tasmota plug": Case(
        "tasmota",
        {"w": "ENERGY.Power", "wh": "ENERGY.Total", "on": "POWER"},
        {"w": 1012.0, "wh": 6294.0, "on": 1.0},
        {
            "power": (1012, "W"),
            "energy": (6.294, "kWh"),
            "today": (0, "kWh"),
            "voltage": (230, "V"),
            "current": (4.4, "A"),
            "switch": (1, None),
        },
        command=("switch", 0),
        orders={"on": 0.0},
    ),
    "tasmota two relays": Case(
        "tasmota",
        {"lamp": "POWER1", "fan": "POWER2"},
        {"lamp": 1.0, "fan": 0.0},
        {"switch_1": (1, None), "switch_2": (0, None)},
        command=("switch_2", 1),
        orders={"fan": 1.0},
    ),
    "tasmota Linky, two tariffs": Case(
        "tasmota",
        {"va": "TIC.PAPP", "a": "TIC.IINST", "hp": "TIC.HCHP", "hc": "TIC.HCHC", "peak": "TIC.PTEC"},
        {"va": 11_640.0, "a": 51.0, "hp": 2_275_560.0, "hc": 920_750.0, "peak": 1.0},
        {
            "apparent_power_papp": (11_640, "VA"),
            "current_iinst": (51, "A"),
            "current_isousc": (60, "A"),
            "energy_hchp": (2275.56, "kWh"),
            "energy_hchc": (920.75, "kWh"),
        },
    ),
    "tasmota Linky, base": Case(
        "tasmota",
        {"va": "TIC.PAPP", "wh": "TIC.BASE"},
        {"va": 540.0, "wh": 12_345_678.0},
        {"apparent_power_papp": (540, "VA"), "energy_base": (12_345.678, "kWh")},
    ),
    "shelly Plus 1PM": Case(
        "shelly",
        {"on": "output", "w": "apower", "wh": "aenergy", "v": "voltage", "in": "input", "chip": "temperature"},
        {"on": 1.0, "w": 1001.5, "wh": 1234.5, "v": 231.0, "in": 0.0, "chip": 41.0},
        {
            "switch": (1, None),
            "power": (1001.5, "W"),
            "energy": (1.2345, "kWh"),
            "voltage": (231, "V"),
            "current": (4.335, "A"),
            "input": (0, None),
            "chip_temperature": (41, "°C"),
        },
        command=("switch", 0),
        orders={"on": 0.0},
    ),
    "shelly Plus Plug S": Case(
        "shelly",
        {"on": "output", "w": "apower"},
        {"on": 0.0, "w": 0.0},
        {"switch": (0, None), "power": (0, "W"), "energy": (0, "kWh"), "voltage": (230, "V")},
        {"model": "plugs"},
        command=("switch", 1),
        orders={"on": 1.0},
    ),
    "shelly Plus 1": Case(
        "shelly",
        {"valve": "output"},
        {"valve": 1.0},
        {"switch": (1, None), "input": (0, None), "chip_temperature": (40, "°C")},
        {"model": "plus1"},
        command=("switch", 0),
        orders={"valve": 0.0},
    ),
    "shelly Pro 1": Case(
        "shelly",
        {"pump": "output", "in": "input1"},
        {"pump": 0.0, "in": 1.0},
        {"switch": (0, None), "input": (0, None), "input_1": (1, None)},
        {"model": "pro1"},
        command=("switch", 1),
        orders={"pump": 1.0},
    ),
    "shelly PM mini": Case(
        "shelly",
        {"w": "apower", "wh": "aenergy", "hz": "freq"},
        {"w": 27.0, "wh": 1.0, "hz": 50.01},
        {"power": (27, "W"), "energy": (0.001, "kWh"), "frequency": (50.01, "Hz")},
        {"model": "pmmini"},
    ),
    "shelly cover": Case(
        "shelly",
        {"vent": "current_pos"},
        {"vent": 20.0},
        {"position": (20, "%"), "input": (0, None), "input_1": (0, None)},
        {"model": "cover"},
        command=("position", 75),
        orders={"vent": 75.0},
    ),
    "shelly clamp, exporting": Case(
        "shelly",
        {"w": "act_power", "v": "voltage", "wh": "total_act_energy", "back": "total_act_ret_energy", "pf": "pf"},
        {"w": -1200.0, "v": 233.3, "wh": 5000.0, "back": 250.0, "pf": 0.8},
        {
            "power": (-1200, "W"),
            "apparent_power": (1500, "VA"),
            "voltage": (233.3, "V"),
            "current": (6.429, "A"),
            "factor": (0.8, None),
            "energy": (5, "kWh"),
            "energy_returned": (0.25, "kWh"),
        },
        {"model": "em"},
    ),
    "shelly H&T": Case(
        "shelly",
        {"t": "tC", "rh": "rh", "battery": "battery"},
        {"t": -3.2, "rh": 54.5, "battery": 88.0},
        {"temperature": (-3.2, "°C"), "humidity": (54.5, "%"), "battery": (88, "%"), "battery_voltage": (5.81, "V")},
        {"model": "ht"},
    ),
    "zigbee contact": Case(
        "zigbee2mqtt",
        {"open": "contact", "battery": "battery", "mv": "voltage", "lq": "linkquality"},
        {"open": 1.0, "battery": 88.0, "mv": 3005.0, "lq": 120.0},
        {"contact": (0, None), "battery": (88, "%"), "battery_voltage": (3.005, "V"), "link_quality": (120, None)},
    ),
    "zigbee water leak": Case(
        "zigbee2mqtt",
        {"wet": "water_leak", "low": "battery_low", "tamper": "tamper"},
        {"wet": 1.0, "low": 0.0, "tamper": 0.0},
        {"water_leak": (1, None), "battery_low": (0, None), "tamper": (0, None)},
    ),
    "zigbee climate": Case(
        "zigbee2mqtt",
        {"t": "temperature", "rh": "humidity", "p": "pressure"},
        {"t": 27.34, "rh": 44.72, "p": 1001.3},
        {"temperature": (27.34, "°C"), "humidity": (44.72, "%"), "pressure": (1001.3, "hPa")},
    ),
    "zigbee vibration": Case(
        "zigbee2mqtt",
        {"shaken": "vibration", "there": "occupancy", "smoke": "smoke"},
        {"shaken": 1.0, "there": 0.0, "smoke": 0.0},
        {"vibration": (1, None), "occupancy": (0, None), "smoke": (0, None)},
    ),
    "zigbee plug": Case(
        "zigbee2mqtt",
        {"on": "state", "w": "power", "wh": "energy", "v": "voltage", "a": "current"},
        {"on": 1.0, "w": 1200.5, "wh": 12_340.0, "v": 231.0, "a": 5.2},
        {
            "switch": (1, None),
            "power": (1200.5, "W"),
            "energy": (12.34, "kWh"),
            "voltage": (231, "V"),
            "current": (5.2, "A"),
        },
        command=("switch", 0),
        orders={"on": 0.0},
    ),
    "esphome sensors": Case(
        "esphome",
        {
            "t": "sensor/temperature",
            "flow": "sensor/flow",
            "line": "sensor/bar_1",
            "wh": "sensor/energy",
            "door": "binary_sensor/door",
        },
        {"t": 21.3, "flow": 6.4, "line": 7.12, "wh": 1234.6, "door": 0.0},
        {
            "temperature": (21.3, "°C"),
            "flow": (0.384, "m³/h"),
            "bar_1": (7120, "hPa"),
            "energy": (1.235, "kWh"),
            "door": (0, None),
        },
        {"sensors": {"bar_1": {"unit": "bar", "decimals": 2}}},
    ),
    "esphome without discovery": Case(
        "esphome",
        {"up": "sensor/uptime_sensor", "door": "binary_sensor/door"},
        {"up": 465.0, "door": 1.0},
        {"uptime_sensor": (465, None), "door": (1, None)},
        {"discovery": False},
    ),
    "esphome switch": Case(
        "esphome",
        {"pump": "switch/pump"},
        {"pump": 0.0},
        {"pump": (0, None)},
        command=("pump", 1),
        orders={"pump": 1.0},
    ),
    "shelly gen1 relay": Case(
        "shelly_gen1",
        {
            "on": "relay/0",
            "w": "relay/0/power",
            "wh": "relay/0/energy",
            "in": "input/0",
            "chip": "temperature",
            "dbm": "rssi",
        },
        {"on": 1.0, "w": 60.25, "wh": 2000.0, "in": 0.0, "chip": 41.5, "dbm": -58.0},
        {
            "switch": (1, None),
            "power": (60.25, "W"),
            "energy": (2, "kWh"),
            "input": (0, None),
            "chip_temperature": (41.5, "°C"),
            "signal": (-58, "dBm"),
        },
        command=("switch", 0),
        orders={"on": 0.0},
    ),
    "shelly gen1 clamps": Case(
        "shelly_gen1",
        {
            "w": "emeter/0/power",
            "pf": "emeter/0/pf",
            "v": "emeter/0/voltage",
            "wh": "emeter/0/total",
            "w1": "emeter/1/power",
        },
        {"w": -12.5, "pf": 0.5, "v": 231.4, "wh": 1234.5, "w1": 0.0},
        {
            "power": (-12.5, "W"),
            "factor": (0.5, None),
            "voltage": (231.4, "V"),
            "energy": (1.2345, "kWh"),
            "power_1": (0, "W"),
        },
        {"model": "SHEM"},
    ),
    "shelly gen1 H&T": Case(
        "shelly_gen1",
        {"t": "sensor/temperature", "rh": "sensor/humidity", "b": "sensor/battery", "usb": "sensor/ext_power"},
        {"t": -2.25, "rh": 54.5, "b": 88.0, "usb": 1.0},
        {"temperature": (-2.25, "°C"), "humidity": (54.5, "%"), "battery": (88, "%"), "external_power": (1, None)},
        {"model": "SHHT-1"},
    ),
    "shelly gen1 flood and window": Case(
        "shelly_gen1",
        {"wet": "sensor/flood", "open": "sensor/state", "lux": "sensor/lux", "motion": "sensor/motion"},
        {"wet": 1.0, "open": 0.0, "lux": 310.0, "motion": 0.0},
        {"flood": (1, None), "open": (0, None), "illuminance": (310, "lx"), "motion": (0, None)},
    ),
    **{
        f"homie {version}": Case(
            "homie",
            {"t": "engine/temperature", "wh": "engine/energy", "rpm": "engine/speed", "open": "hood/open"},
            {"t": 21.5, "wh": 1234.0, "rpm": 900.0, "open": 1.0},
            {"temperature": (21.5, "°C"), "energy": (1.234, "kWh"), "speed": (900, None), "open": (1, None)},
            {"version": version, "properties": {"engine/speed": {"datatype": "integer"}}},
        )
        for version in (4, 5)
    },
    **{
        f"homie {version} switch": Case(
            "homie",
            {"lamp": "light/on"},
            {"lamp": 1.0},
            {"on": (1, None)},
            {"version": version},
            command=("on", 0),
            orders={"lamp": 0.0},
        )
        for version in (4, 5)
    },
}
COMMANDED = {name: case for name, case in CASES.items() if case.command is not None}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


class Hub:
    """The hub's decoders with what they learnt."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self.registry = Registry(load_drivers())
        self.contexts: Contexts = {}
        self.values: dict[str, Values] = {}
        self.availability: dict[str, Availability] = {}
        self.heard: dict[str, str] = {}

    def hear(self, packets: Iterable[Packet]) -> None:
        """Take messages; none may be refused, in whole or in part."""
        for topic, payload, *_ in packets:
            outcome = self.registry.decode(Message(topic=topic, payload=payload, received=NOW), self.contexts)
            assert outcome.decoded is not None, f"{topic} {payload!r}: {outcome.reason}"
            assert not outcome.decoded.rejected, f"{topic} {payload!r}: {outcome.decoded.rejected}"
            decoded, driver = outcome.decoded, outcome.driver
            assert driver is not None
            if decoded.availability is not None:
                self.availability[decoded.device] = decoded.availability
            self.availability |= {
                each.device: each.availability for each in decoded.announces if each.availability is not None
            }
            for sample, unit, quality in self.registry.complete(driver, decoded):
                assert quality == "good", f"{sample.channel} = {sample.value} {unit} is {quality}"
                self.values.setdefault(decoded.device, {})[sample.channel] = (sample.value, unit)
                self.heard[decoded.device] = topic

    def command(self, uid: str, channel: str, value: float) -> tuple[tuple[str, bytes], ...]:
        """Return what the hub publishes for a wish."""
        topic = self.heard[uid]
        driver, key = self.registry.place(topic, uid.partition(":")[0])
        assert driver is not None
        assert driver.command is not None
        target = Target(
            uid=uid, topic=topic, names=(uid,), channels=frozenset(self.values[uid]), context=self.contexts.get(key)
        )
        return driver.command(target, Command(channel, value)).messages


@every_case
def test_what_is_true_arrives_as_such(case: Case) -> None:
    """Same value, the hub's unit, one device under its uid."""
    hub, device = Hub(), case.device()
    hub.hear([*device.birth(case.view()), *device.report(case.view())])
    found = hub.values[device.uid]
    assert {channel: unit for channel, (_, unit) in found.items() if channel in case.gives} == {
        channel: unit for channel, (_, unit) in case.gives.items()
    }
    assert {channel: found[channel][0] for channel in case.gives} == pytest.approx(
        {channel: value for channel, (value, _) in case.gives.items()}
    )
    assert list(hub.values) == [device.uid]


@every_case
def test_it_comes_online_and_its_will_says_offline(case: Case) -> None:
    """Both understood, of the same device."""
    hub, device = Hub(), case.device()
    hub.hear(device.birth(case.view()))
    assert hub.availability[device.uid] is Availability.ONLINE
    assert device.will is not None
    hub.hear([device.will])
    assert hub.availability[device.uid] is Availability.OFFLINE


@every_case
def test_all_it_says_lies_below_its_filters_and_what_it_leaves_is_named(case: Case) -> None:
    """So a run marks all of it as simulated, and takes it off the broker at its end."""
    device = case.device()
    assert device.will is not None
    for packet in [device.will, *device.birth(case.view()), *device.report(case.view())]:
        assert any(topic_matches(pattern, packet.topic) for pattern in device.filters), packet.topic
        assert not packet.retain or packet.topic in device.retained, packet.topic


@pytest.mark.parametrize(
    "case",
    [case for case in CASES.values() if case.command],
    ids=[name for name, case in CASES.items() if case.command],
)
def test_it_obeys_the_hubs_command_and_reports_back(case: Case) -> None:
    """The hub's own words for a wish → an order to the actuator → a report that proves it."""
    assert case.command is not None
    channel, wanted = case.command
    hub, device = Hub(), case.device()
    hub.hear([*device.birth(case.view()), *device.report(case.view())])
    orders: dict[str, float] = {}
    for topic, payload in hub.command(device.uid, channel, wanted):
        assert any(topic_matches(pattern, topic) for pattern in device.commands)
        reply = device.command(case.view(), topic, payload)
        orders |= reply.orders
        hub.hear(reply.packets)
    assert orders == case.orders
    after = replace(case, values={**case.values, **orders})
    hub.hear(device.changed(after.view(**orders), frozenset(orders)))
    assert hub.values[device.uid][channel][0] == wanted


def test_a_bridge_of_its_own_tells_whose_topics_these_are_and_takes_its_devices_with_it() -> None:
    """A base topic nobody knows is read by what `bridge/devices` said; the bridge's will is everybody's."""
    keys = {"t": "temperature", "mv": "voltage"}
    settings = {channel: {"field": key, "id": ""} for channel, key in keys.items()}
    device = make("zigbee2mqtt", "a-sim-1", settings, {"base": "z2m-sim"})
    bridge = make("zigbee2mqtt_bridge", "z2m-sim", {}, {"devices": [{"name": "a-sim-1", "keys": [*keys.values()]}]})
    hub, now = Hub(), View(MOMENT, {"t": 20.5, "mv": 2990.0})
    hub.hear([*bridge.birth(now), *device.birth(now)])
    assert hub.values == {"zigbee2mqtt:z2m-sim/a-sim-1": {"temperature": (20.5, "°C"), "battery_voltage": (2.99, "V")}}
    assert device.uid in hub.values
    assert hub.availability == {bridge.uid: Availability.ONLINE, device.uid: Availability.ONLINE}
    assert bridge.will is not None
    hub.hear([bridge.will])
    assert hub.availability == {bridge.uid: Availability.OFFLINE, device.uid: Availability.OFFLINE}


def test_a_buttons_press_is_an_event() -> None:
    """`single`, and the empty word behind it is nothing."""
    device = make("zigbee2mqtt", "a-sim-1", {"press": {"field": "action", "id": ""}})
    hub = Hub()
    events = []
    for topic, payload, *_ in device.changed(View(MOMENT, {"press": 1.0}), frozenset({"press"})):
        found = hub.registry.decode(Message(topic=topic, payload=payload, received=NOW), hub.contexts).decoded
        assert found is not None
        assert not found.samples
        events += [(event.name, event.value) for event in found.events]
    assert events == [("action", "single")]


@pytest.mark.parametrize("case", COMMANDED.values(), ids=COMMANDED)
def test_a_stuck_actuator_answers_and_its_state_stays(case: Case) -> None:
    """So that the hub sees an order that was not carried out."""
    assert case.command is not None
    channel, wanted = case.command
    hub, device = Hub(), case.device()
    hub.hear([*device.birth(case.view()), *device.report(case.view())])
    before = hub.values[device.uid][channel]
    stuck = replace(case.view(), stuck=True)
    for topic, payload in hub.command(device.uid, channel, wanted):
        hub.hear(device.command(stuck, topic, payload).packets)
    hub.hear(device.report(stuck))
    assert hub.values[device.uid][channel] == before
