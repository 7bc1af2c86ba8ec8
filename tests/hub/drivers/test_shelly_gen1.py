"""First-generation Shelly, sentence by sentence of wire_formats.md §2."""

import json

import pytest

from hub.drivers.shelly_gen1 import ask, names
from hub.model import Availability, Kind, Message
from hub.registry import FAHRENHEIT, Registry, load_drivers
from servers.decoding import NOW, full, outcome, refusal, understood, values

HALL = "shellies/hall"
EM = "shellies/shellyem3-A1B2C3/emeter/0"
ANNOUNCED = '{"id":"shelly1","model":"SHSW-1","mac":"8CAAB54B98DF","ip":"192.168.8.93","new_fw":false}'


@pytest.mark.parametrize(
    "name",
    ["hall", "shellyht-A1B2C3", "a/b/c", "shellies/attic", "relay/0", "emeter", "é '<../x", "online", "status/x"],
)
@pytest.mark.parametrize(
    ("tail", "payload"),
    [
        ("relay/0", "on"),
        ("emeter/1/power", "3"),
        ("sensor/humidity", "40"),
        ("info", '{"uptime":1}'),
        ("online", "true"),
    ],
)
def test_the_id_is_all_between_the_first_level_and_the_tail(name: str, tail: str, payload: str) -> None:
    """Parsed from the right: ids hold slashes, and words that are tails elsewhere."""
    assert understood(f"shellies/{name}/{tail}", payload).device == f"shelly:{name}"
    assert names(f"shellies/{name}/{tail}") == f"shelly:{name}"


def test_a_topic_without_id_is_refused() -> None:
    """An empty name is no device."""
    assert "names no device" in refusal("shellies//relay/0", "on")
    assert names("shellies//relay/0") is None


@pytest.mark.parametrize(("word", "said"), [("true", Availability.ONLINE), ("false", Availability.OFFLINE)])
def test_online_is_availability(word: str, said: Availability) -> None:
    """The last will is false."""
    decoded = understood(f"{HALL}/online", word)
    assert (decoded.kind, decoded.availability, decoded.samples) == (Kind.AVAILABILITY, said, ())


@pytest.mark.parametrize("topic", ["shellies/announce", "shellies/shelly1/announce"])
def test_an_announcement_names_the_device_and_its_mac(topic: str) -> None:
    """Sent on both topics, it is one device; the alias is that of every family."""
    decoded = understood(topic, ANNOUNCED)
    assert (decoded.kind, decoded.device, decoded.aliases) == (
        Kind.DISCOVERY,
        "shelly:shelly1",
        ("mac:8caab54b98df",),
    )


def test_an_announcement_below_another_name_adds_its_own() -> None:
    """The topic is what its values come on; the body's id leads to the same device."""
    assert understood("shellies/my/hall/announce", ANNOUNCED).aliases == ("shelly:shelly1", "mac:8caab54b98df")
    assert "without id" in refusal("shellies/announce", '{"model":"SHSW-1"}')


@pytest.mark.parametrize(
    ("tail", "payload", "channel", "value", "unit"),
    [
        ("relay/0", "off", "switch", 0, None),
        ("relay/1", "ON", "switch_1", 1, None),
        ("relay/0/power", "60.5", "power", 60.5, "W"),
        ("relay/0/energy", "60000", "energy", 1, "kWh"),
        ("relay/power", "3", "power", 3, "W"),
        ("relay/1/energy", "30", "energy_1", 0.0005, "kWh"),
        ("roller/0/power", "12", "power", 12, "W"),
        ("roller/0/energy", "600", "energy", 0.01, "kWh"),
        ("light/0", "on", "switch", 1, None),
        ("light/0/power", "7", "power", 7, "W"),
        ("emeter/0/power", "-340.5", "power", -340.5, "W"),
        ("emeter/2/reactive_power", "1.5", "reactive_power_2", 1.5, "var"),
        ("emeter/0/pf", "0.98", "factor", 0.98, None),
        ("emeter/0/current", "0.01", "current", 0.01, "A"),
        ("emeter/0/voltage", "231.4", "voltage", 231.4, "V"),
        ("emeter/0/total", "1234", "energy", 1.234, "kWh"),
        ("emeter/0/total_returned", "5", "energy_returned", 0.005, "kWh"),
        ("emeter/0/energy", "60000", "energy_counter", 1, "kWh"),
        ("emeter/0/returned_energy", "6000", "energy_returned_counter", 0.1, "kWh"),
        ("input/0", "1", "input", 1, None),
        ("input/1", "0", "input_1", 0, None),
        ("temperature", "48.5", "chip_temperature", 48.5, "°C"),
        ("overtemperature", "0", "overtemperature", 0, None),
        ("voltage", "229", "voltage", 229, "V"),
        ("adc/0", "3.3", "voltage", 3.3, "V"),
        ("ext_temperature/0", "21.5", "temperature", 21.5, "°C"),
        ("ext_temperature/2", "-3", "temperature_2", -3, "°C"),
        ("ext_humidity/0", "55", "humidity", 55, "%"),
        ("ext_switch/0", "1", "external_switch", 1, None),
        ("sensor/temperature", "21.3", "temperature", 21.3, "°C"),
        ("sensor/humidity", "54.5", "humidity", 54.5, "%"),
        ("sensor/battery", "88", "battery", 88, "%"),
        ("sensor/ext_power", "true", "external_power", 1, None),
        ("sensor/flood", "false", "flood", 0, None),
        ("sensor/motion", "1", "motion", 1, None),
        ("sensor/state", "open", "open", 1, None),
        ("sensor/state", "close", "open", 0, None),
        ("sensor/lux", "340", "illuminance", 340, "lx"),
        ("sensor/error", "1", "sensor_error", 1, None),
    ],
)
def test_one_value_a_topic(tail: str, payload: str, channel: str, value: float, unit: str | None) -> None:
    """Relays count watt-minutes, clamps watt-hours; the first of a kind has the plain name."""
    assert full(f"{HALL}/{tail}", payload) == {channel: (value, unit, "good")}


@pytest.mark.parametrize("payload", ["", "nan", "null", "21,5", "21.5 C", "1_0", "unknown", "٣"])
def test_what_is_no_number_is_refused(payload: str) -> None:
    """Never zero, never the last value again."""
    assert refusal(f"{HALL}/sensor/temperature", payload)


def test_out_of_range_is_kept_and_marked() -> None:
    """A humidity of 127.5 % is shown as doubtful."""
    assert full(f"{HALL}/sensor/humidity", "127.5")["humidity"] == (127.5, "%", "uncertain")


def test_an_overpowered_relay_is_an_event() -> None:
    """It switched itself off: no number is invented for it."""
    decoded = understood(f"{HALL}/relay/1", "overpower")
    assert (decoded.kind, decoded.samples) == (Kind.HOUSEKEEPING, ())
    assert [(event.name, event.value) for event in decoded.events] == [("switch_1", "overpower")]


def test_a_press_is_an_event_once() -> None:
    """An empty event is none; the same count again is the same press; the next count is the next press."""
    topic = f"{HALL}/input_event/0"
    assert understood(topic, '{"event":"","event_cnt":0}').events == ()
    first = (topic, '{"event":"S","event_cnt":1}')
    (event,) = understood(*first).events
    assert (event.name, event.value) == ("input", "S")
    assert understood(*first, first).events == ()
    assert len(understood(topic, '{"event":"S","event_cnt":2}', first).events) == 1
    assert len(understood(f"{HALL}/input_event/1", first[1], first).events) == 1


def test_why_a_sensor_woke_up_is_a_list_of_events() -> None:
    """Housekeeping without a number; another shape is refused."""
    decoded = understood(f"{HALL}/sensor/act_reasons", '["periodic","battery"]')
    assert (decoded.kind, [event.value for event in decoded.events]) == (Kind.HOUSEKEEPING, ["periodic", "battery"])
    assert "a list of reasons" in refusal(f"{HALL}/sensor/act_reasons", '"periodic"')


@pytest.mark.parametrize(
    "tail", ["temperature_f", "sensor/illumination", "roller/0", "relay/0/overpower_value", "longpush/0"]
)
def test_what_is_no_measure_is_understood(tail: str) -> None:
    """°F beside °C, words and limits give no value and no complaint."""
    decoded = understood(f"{HALL}/{tail}", "119")
    assert (decoded.kind, decoded.samples) == (Kind.HOUSEKEEPING, ())


@pytest.mark.parametrize(
    "tail", ["relay/0/command", "light/0/set", "roller/0/command/pos", "command", "white/1/set", "color/0/command"]
)
def test_commands_seen_are_commands(tail: str) -> None:
    """Whatever they carry, nothing is stored of them."""
    decoded = understood(f"{HALL}/{tail}", "on")
    assert (decoded.kind, decoded.device, decoded.samples) == (Kind.COMMAND, "shelly:hall", ())


def test_a_command_to_everybody_names_no_device() -> None:
    """`shellies/command` makes none."""
    decoded = understood("shellies/command", "announce")
    assert (decoded.kind, decoded.speaks_for_others) == (Kind.COMMAND, True)


def info(**fields: object) -> str:
    """Return a status document."""
    return json.dumps({"mac": "8CAAB54B98DF", "unixtime": 0, **fields})


def test_info_is_one_object_with_everything() -> None:
    """Lists are numbered from plain; the MAC leads to the device."""
    decoded = understood(
        f"{HALL}/info",
        info(
            wifi_sta={"rssi": -61, "ssid": "x"},
            relays=[{"ison": True}, {"ison": False}],
            meters=[{"power": 12.5, "is_valid": True, "total": 60_000}, {"power": 0, "is_valid": True}],
            temperature=51,
            ext_temperature={"0": {"hwID": "x", "tC": 20.5, "tF": 68.9}, "1": {"tC": -1}},
            ext_humidity={"0": {"hum": 41}},
        ),
    )
    assert {sample.channel: sample.value for sample in decoded.samples} == {
        "signal": -61,
        "switch": 1,
        "switch_1": 0,
        "power": 12.5,
        "energy": 1,
        "power_1": 0,
        "chip_temperature": 51,
        "temperature": 20.5,
        "temperature_1": -1,
        "humidity": 41,
    }
    assert decoded.aliases == ("mac:8caab54b98df",)
    assert {sample.measured for sample in decoded.samples} == {None}


def test_what_the_device_calls_invalid_is_rejected() -> None:
    """Its neighbours are read; alone it refuses the message."""
    decoded = understood(
        f"{HALL}/info", info(emeters=[{"power": 9, "voltage": 230, "is_valid": False}, {"power": 3, "is_valid": True}])
    )
    assert {sample.channel: sample.value for sample in decoded.samples} == {"power_1": 3}
    assert set(decoded.rejected) == {"emeters[0].power", "emeters[0].voltage"}
    assert "is_valid false" in refusal(f"{HALL}/info", info(meters=[{"power": 3, "is_valid": False}]))
    assert "is_valid false" in refusal(f"{HALL}/info", info(tmp={"tC": 3, "is_valid": False}))


def test_an_empty_probe_is_no_probe() -> None:
    """`ext_temperature: {}` gives nothing and rejects nothing."""
    decoded = understood(f"{HALL}/info", info(ext_temperature={}, ext_humidity={}, uptime=5))
    assert ([sample.channel for sample in decoded.samples], decoded.rejected) == (["uptime"], {})


def test_the_chips_temperature_is_never_called_temperature() -> None:
    """`tmp` of a device that switches is its chip, of a battery sensor the room; °F is the same measure again."""
    tmp = {"value": 69.8, "units": "F", "tC": 21.0, "tF": 69.8, "is_valid": True}
    assert values(f"{HALL}/info", info(tmp=tmp, hum={"value": 40, "is_valid": True})) == {
        "temperature": 21,
        "humidity": 40,
    }
    assert values(f"{HALL}/info", info(tmp=tmp, relays=[])) == {"chip_temperature": 21}
    assert values(f"{HALL}/info", info(tmp={"value": 69.8, "units": "F"})) == {"temperature": 21}
    assert "not a known unit" in refusal(f"{HALL}/info", info(tmp={"value": 69.8, "units": "R"}))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"relays": 5}, "relays"),
        ({"relays": ["x"]}, "relays[0]"),
        ({"meters": [{"power": "x"}]}, "meters[0].power"),
        ({"wifi_sta": {"rssi": None}}, "wifi_sta.rssi"),
        ({"act_reasons": "x"}, "act_reasons"),
        ({"rollers": [{"current_pos": -1}]}, "rollers[0].current_pos"),
        ({"ext_temperature": {"a": {}}}, "ext_temperature['a']"),
    ],
)
def test_one_bad_field_spoils_no_other(fields: dict[str, object], field: str) -> None:
    """Good fields become readings, bad ones are listed with their place."""
    decoded = understood(f"{HALL}/info", info(uptime=7, **fields))
    assert [sample.channel for sample in decoded.samples] == ["uptime"]
    assert field in decoded.rejected


def test_an_uncalibrated_roller_has_no_position() -> None:
    """−1 is the device's word for "not known"."""
    assert "not calibrated" in refusal(f"{HALL}/roller/0/pos", "-1")
    assert values(f"{HALL}/roller/0/pos", "0") == {"position": 0}


def test_a_motion_sensor_says_its_status_flat() -> None:
    """The same words without objects around them."""
    assert values(f"{HALL}/status", '{"motion":true,"timestamp":1650000000,"vibration":false,"lux":13,"bat":92}') == {
        "motion": 1,
        "vibration": 0,
        "illuminance": 13,
        "battery": 92,
    }


def test_asking_makes_it_announce_itself_and_say_everything() -> None:
    """On its own command topic; `online` alone may be a Gen2's, which is asked in its manner too."""
    wanted = [("shellies/a/b/command", b"announce"), ("shellies/a/b/command", b"update")]
    assert ask("shelly:a/b", "shellies/a/b/relay/0") == wanted
    assert ask("shelly:a/b", "shellies/announce") == wanted
    *first, (topic, request) = ask("shelly:a/b", "shellies/a/b/online")
    assert first == wanted
    assert (topic, json.loads(request)["method"]) == ("shellies/a/b/rpc", "Shelly.GetStatus")


def test_a_gen2_below_shellies_keeps_its_online() -> None:
    """Once it spoke there, `online` is its own; before, both generations give the same uid."""
    topic, status = "shellies/plus/online", ("shellies/plus/status/switch:0", '{"output":true}')
    events = ("shellies/plus/events/rpc", '{"src":"shellyplus1-aabbccddeeff","method":"NotifyStatus","params":{}}')
    assert understood(topic, "true").device == understood(*status).device == "shelly:plus"
    found = outcome(topic, "true", events)
    assert found.driver is not None
    assert found.decoded is not None
    assert (found.driver.model, found.decoded.device) == ("shelly-gen2", "shelly:shellyplus1-aabbccddeeff")


@pytest.mark.parametrize(
    ("topic", "celsius"), [("shellies/attic/sensor/temperature", 20), ("shellies/attic/temperature", 68)]
)
def test_a_device_that_is_set_to_fahrenheit_is_read_so(topic: str, celsius: float) -> None:
    """Its message does not say so: the user does, in payload_formats; its chip is in °C all the same."""
    registry = Registry(load_drivers(), {"shelly:attic": FAHRENHEIT})
    decoded = registry.decode(Message(topic, b"68", NOW), {}).decoded
    other = registry.decode(Message(topic.replace("attic", "hall"), b"68", NOW), {}).decoded
    assert decoded is not None
    assert other is not None
    assert ([each.value for each in decoded.samples], [each.value for each in other.samples]) == ([celsius], [68])
