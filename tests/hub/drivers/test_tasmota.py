"""Tasmota and Linky, sentence by sentence of wire_formats.md §1."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.driver import Decoded
from hub.drivers import tasmota
from hub.drivers.tasmota import Context, address, ask
from hub.errors import PayloadError
from hub.model import Availability, Kind, Message
from hub.understand import MAX_DEVICES
from servers.decoding import full, outcome, refusal, understood, values

SENSOR = "tele/kitchen/SENSOR"
BME = '{"Time":"2026-09-21T16:13:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},"TempUnit":"C"}'


def body(**more: object) -> str:
    """Return the body of a SENSOR message."""
    return json.dumps({"Time": "2026-09-21T16:13:00", **more})


def test_a_sensor_message_gives_its_values_with_units() -> None:
    """The telegram of the done criterion."""
    assert full(SENSOR, BME) == {
        "temperature": (21.7, "°C", "good"),
        "humidity": (40.5, "%", "good"),
        "pressure": (1001.2, "hPa", "good"),
    }


@pytest.mark.parametrize(
    ("topic", "device"),
    [
        ("tele/kitchen/SENSOR", "tasmota:kitchen"),
        ("kitchen/tele/SENSOR", "tasmota:kitchen"),
        ("tasmota/kitchen/tele/SENSOR", "tasmota:tasmota/kitchen"),
        ("tele/home/cellar/kitchen/SENSOR", "tasmota:home/cellar/kitchen"),
        ("home/cellar/kitchen/tele/SENSOR", "tasmota:home/cellar/kitchen"),
        ("home/tele/kitchen/SENSOR", "tasmota:home/kitchen"),
        ("tele/stat/SENSOR", "tasmota:stat"),
        ("tele/my kitchen/SENSOR", "tasmota:my kitchen"),
        ("tele/Küche <b>/SENSOR", "tasmota:Küche <b>"),
    ],
)
def test_any_order_of_the_full_topic(topic: str, device: str) -> None:
    """Recognised by the last level plus a prefix wherever it stands; what is left over is the device."""
    assert understood(topic, BME).device == device


@pytest.mark.parametrize("topic", ["tele/SENSOR", "tele//SENSOR", "cmnd/Power"])
def test_an_empty_name_is_refused(topic: str) -> None:
    """There is no device without a name."""
    assert "names no device" in refusal(topic, BME)


@pytest.mark.parametrize(("word", "said"), [("Online", Availability.ONLINE), ("Offline", Availability.OFFLINE)])
def test_the_last_will_is_availability(word: str, said: Availability) -> None:
    """Retained or not, it stores nothing."""
    decoded = understood("tele/kitchen/LWT", word)
    assert (decoded.kind, decoded.availability, decoded.samples) == (Kind.AVAILABILITY, said, ())


@pytest.mark.parametrize("number", ["STATUS8", "STATUS10", "STATUS0"])
def test_a_status_answer_is_the_same_device(number: str) -> None:
    """The body of SENSOR one level down: same channels, same device."""
    decoded = understood(f"stat/kitchen/{number}", f'{{"StatusSNS":{BME}}}')
    assert decoded.device == "tasmota:kitchen"
    assert {s.channel: s.value for s in decoded.samples} == values(SENSOR, BME)


def test_status_11_is_the_state() -> None:
    """One level down as well."""
    assert values("stat/kitchen/STATUS11", '{"StatusSTS":{"POWER":"OFF"}}') == {"switch": 0}


def test_status_5_gives_the_native_id() -> None:
    """The MAC makes one device of two conventions."""
    decoded = understood("stat/kitchen/STATUS5", '{"StatusNET":{"Mac":"5C:CF:7F:AB:CD:EF"}}')
    assert decoded.aliases == ("mac:5ccf7fabcdef",)


@pytest.mark.parametrize(
    ("temp", "unit", "due"), [(71.06, "F", 21.7), (21.7, "C", 21.7), (32, "F", 0.0), (-40, "F", -40.0)]
)
def test_the_temperature_unit_stands_at_the_root(temp: float, unit: str, due: float) -> None:
    """It applies to every temperature, dew point and chip included."""
    payload = body(
        SHT3X={"Temperature": temp, "DewPoint": temp, "Humidity": 50}, ESP32={"Temperature": temp}, TempUnit=unit
    )
    assert values(SENSOR, payload) == {"temperature": due, "dew_point": due, "humidity": 50, "chip_temperature": due}


def test_without_units_it_is_celsius_and_hectopascal() -> None:
    """Unless said otherwise."""
    assert full(SENSOR, body(BMP280={"Temperature": 20, "Pressure": 1000})) == {
        "temperature": (20.0, "°C", "good"),
        "pressure": (1000.0, "hPa", "good"),
    }


@pytest.mark.parametrize(
    ("unit", "value", "due"), [("mmHg", 750, 999.9179025), ("inHg", 29.53, 1000.0006717), ("hPa", 1000, 1000)]
)
def test_the_pressure_unit_stands_at_the_root(unit: str, value: float, due: float) -> None:
    """It applies to every pressure, and to nothing else."""
    found = values(SENSOR, body(BME280={"Temperature": 20, "Pressure": value, "SeaPressure": value}, PressureUnit=unit))
    assert found["pressure"] == pytest.approx(due, rel=1e-9)
    assert found["sea_pressure"] == found["pressure"]
    assert found["temperature"] == 20


@pytest.mark.parametrize("unit", ["X", "", 5, None, "hPa"])
def test_an_unknown_unit_letter_rejects_the_value(unit: object) -> None:
    """It never falls back to a default; the neighbours are kept."""
    decoded = understood(SENSOR, body(BME280={"Temperature": 20, "Humidity": 50}, TempUnit=unit))
    assert [s.channel for s in decoded.samples] == ["humidity"]
    assert "unit" in decoded.rejected["BME280.Temperature"]


def test_distance_is_sent_in_centimetres() -> None:
    """And leaves in metres."""
    assert full(SENSOR, body(SR04={"Distance": 16.754})) == {"distance": (0.16754, "m", "good")}


def test_identical_probes_each_have_their_channel() -> None:
    """`NAME-n` always carries its number, alone too; the Id is text, no measure."""
    one = body(**{"DS18B20-2": {"Id": "000000000012", "Temperature": 4.5}})
    two = body(**{"DS18B20-1": {"Id": "01", "Temperature": 3.1}, "DS18B20-2": {"Id": "02", "Temperature": 4.5}})
    assert values(SENSOR, one) == {"temperature_ds18b20_2": 4.5}
    assert values(SENSOR, two) == {"temperature_ds18b20_1": 3.1, "temperature_ds18b20_2": 4.5}


def test_the_first_object_that_gave_a_quantity_has_the_plain_name() -> None:
    """Later ones carry their name, and it does not depend on what else a message holds."""
    contexts = {}  # type: ignore[var-annotated]
    both = body(AM2301={"Temperature": 20, "Humidity": 50}, SHT3X={"Temperature": 21, "Humidity": 51})
    first = {s.channel: s.value for s in understood(SENSOR, both, contexts=contexts).samples}
    assert first == {"temperature": 20, "humidity": 50, "temperature_sht3x": 21, "humidity_sht3x": 51}
    alone = understood(SENSOR, body(SHT3X={"Temperature": 22}), contexts=contexts)
    assert [s.channel for s in alone.samples] == ["temperature_sht3x"]
    swapped = understood(SENSOR, body(SHT3X={"Temperature": 22}, AM2301={"Temperature": 20}), contexts=contexts)
    assert {s.channel: s.value for s in swapped.samples} == {"temperature_sht3x": 22, "temperature": 20}
    other = understood("tele/cellar/SENSOR", body(SHT3X={"Temperature": 9}), contexts=contexts)
    assert [s.channel for s in other.samples] == ["temperature"]


def test_bluetooth_sensors_share_a_message_and_are_null_while_not_heard() -> None:
    """A null is no value: no reading, a line with the reason; it takes no name either."""
    payload = body(
        **{
            "LYWSD03-52680f": {"Temperature": None, "Humidity": None},
            "LYWSD03-a1b2c3": {"Temperature": 19.5, "Humidity": 48},
        }
    )
    decoded = understood(SENSOR, payload)
    assert {s.channel: s.value for s in decoded.samples} == {"temperature": 19.5, "humidity": 48}
    assert decoded.rejected["LYWSD03-52680f.Temperature"] == "no value (null)"


@pytest.mark.parametrize("bad", [None, "", "nan", "unavailable", True, [], {}, "21,5", "warm"])
def test_one_bad_field_never_spoils_its_neighbours(bad: object) -> None:
    """Good fields become readings, bad ones are rejected with field and reason."""
    decoded = understood(SENSOR, body(BME280={"Temperature": bad, "Humidity": 40.5}))
    assert [s.channel for s in decoded.samples] == ["humidity"]
    assert list(decoded.rejected) == ["BME280.Temperature"]


def test_a_message_whose_every_field_is_bad_is_refused() -> None:
    """The reason names the fields."""
    assert "DS18B20.Temperature: no value" in refusal(SENSOR, body(DS18B20={"Temperature": None}))


@pytest.mark.parametrize(
    ("value", "quality"), [(-127, "bad"), (85, "bad"), (84.9, "good"), (3.1, "good"), (-55, "good")]
)
def test_a_probes_own_fault_words_are_bad(value: float, quality: str) -> None:
    """−127 is "unplugged", 85 "not measured yet" for a DS18x20."""
    assert full(SENSOR, body(DS18B20={"Temperature": value}))["temperature"][2] == quality


def test_a_probe_that_was_warm_may_pass_through_85() -> None:
    """A pasteuriser is no fault: only a jump to exactly 85 is one."""
    warm = (SENSOR, body(DS18B20={"Temperature": 84.6}))
    cold = (SENSOR, body(DS18B20={"Temperature": 20.1}))
    hot = body(DS18B20={"Temperature": 85.0})
    assert full(SENSOR, hot, warm)["temperature"][2] == "good"
    assert full(SENSOR, hot, warm, cold)["temperature"][2] == "bad"


def test_85_degrees_of_another_sensor_is_a_temperature() -> None:
    """Only the DS18x20 family has that word."""
    assert full(SENSOR, body(BME280={"Temperature": 85}))["temperature"][2] == "good"


def test_energy_scalars() -> None:
    """kWh, W, VA, var, V, A; the period's counter is no measure."""
    energy = {
        "Total": 6.294,
        "Yesterday": 5.34,
        "Today": 0.954,
        "Period": 217,
        "Power": 2635,
        "ApparentPower": 2650,
        "ReactivePower": 282,
        "Factor": 0.99,
        "Voltage": 227,
        "Current": 11.661,
    }
    assert full(SENSOR, body(ENERGY=energy)) == {
        "energy": (6.294, "kWh", "good"),
        "yesterday": (5.34, "kWh", "good"),
        "today": (0.954, "kWh", "good"),
        "power": (2635.0, "W", "good"),
        "apparent_power": (2650.0, "VA", "good"),
        "reactive_power": (282.0, "var", "good"),
        "factor": (0.99, None, "good"),
        "voltage": (227.0, "V", "good"),
        "current": (11.661, "A", "good"),
    }


def test_energy_arrays_stand_beside_scalars() -> None:
    """One element a phase; a bad element spoils only itself, nothing is summed."""
    decoded = understood(SENSOR, body(ENERGY={"Total": 5.5, "Power": [10, None, -30], "Voltage": [230, 231, 232]}))
    assert {s.channel: s.value for s in decoded.samples} == {
        "energy": 5.5,
        "power_1": 10,
        "power_3": -30,
        "voltage_1": 230,
        "voltage_2": 231,
        "voltage_3": 232,
    }
    assert list(decoded.rejected) == ["ENERGY.Power[2]"]


def test_the_linkys_registers_beat_energys_totals() -> None:
    """Wh to kWh, VA and A as they are; the meter's number is never a reading, the tariff an event."""
    payload = body(
        ENERGY={"Total": 9098.245, "Power": 170, "Current": 1.0},
        TIC={"ADCO": "021528603314", "BASE": "002565285", "PTEC": "TH..", "IINST": 5, "PAPP": 1150, "ISOUSC": 30},
    )
    assert full(SENSOR, payload) == {
        "energy_base": (2565.285, "kWh", "good"),
        "current_iinst": (5.0, "A", "good"),
        "apparent_power_papp": (1150.0, "VA", "good"),
        "current_isousc": (30.0, "A", "good"),
    }
    assert [(e.name, e.value) for e in understood(SENSOR, payload).events] == [("tariff", "TH..")]
    assert "021528603314" not in repr(understood(SENSOR, payload))


def test_the_linkys_standard_mode() -> None:
    """The labels of the other mode, three phases too."""
    payload = body(
        TIC={
            "ADSC": "041976097767",
            "EAST": 4500123,
            "EASF01": 1000,
            "EAIT": 250,
            "SINSTS": 600,
            "SINSTS1": 200,
            "IRMS1": 3,
            "URMS1": 234,
            "PREF": 12,
            "LTARF": " HEURE PLEINE ",
        }
    )
    assert values(SENSOR, payload) == {
        "energy_east": 4500.123,
        "energy_easf01": 1,
        "energy_returned_eait": 0.25,
        "apparent_power_sinsts": 600,
        "apparent_power_sinsts1": 200,
        "current_irms1": 3,
        "voltage_urms1": 234,
        "apparent_power_pref": 12_000,
    }


def test_state_is_health_and_switches() -> None:
    """`Wifi.RSSI` is a percentage, `Wifi.Signal` is in dBm."""
    payload = (
        '{"Time":"2026-09-21T16:13:00","Uptime":"1T02:03:04","UptimeSec":93784,"Vcc":3.4,"Heap":25,"LoadAvg":19,'
        '"POWER1":"ON","POWER2":"OFF","Wifi":{"RSSI":78,"Signal":-61}}'
    )
    assert full("tele/kitchen/STATE", payload) == {
        "uptime": (93784.0, "s", "good"),
        "supply_voltage": (3.4, "V", "good"),
        "free_memory": (25.0, "kB", "good"),
        "load_average": (19.0, None, "good"),
        "switch_1": (1.0, None, "good"),
        "switch_2": (0.0, None, "good"),
        "signal_quality": (78.0, "%", "good"),
        "signal": (-61.0, "dBm", "good"),
    }


@pytest.mark.parametrize(("word", "due"), [("ON", 1), ("OFF", 0), ("on", 1)])
def test_a_switch_that_is_off_is_a_reading_of_zero(word: str, due: float) -> None:
    """At the root of SENSOR, in a RESULT, and as a bare word."""
    assert values(SENSOR, body(Switch1=word)) == {"input_switch1": due}
    assert values("stat/kitchen/RESULT", json.dumps({"POWER": word})) == {"switch": due}
    assert values("stat/kitchen/POWER", word) == {"switch": due}
    assert values("tele/kitchen/POWER_LOW", word) == {"power_low": due}


@pytest.mark.parametrize("payload", ["ON", "", "TOGGLE", "\xff"])
def test_a_command_is_understood_and_stores_nothing(payload: str) -> None:
    """Whatever it holds."""
    decoded = understood("cmnd/kitchen/Power", payload)
    assert (decoded.kind, decoded.device, decoded.samples) == (Kind.COMMAND, "tasmota:kitchen", ())


@pytest.mark.parametrize(
    "answer",
    ['{"TelePeriod":300}', '{"EnergyTotal":{"Total":0.0}}', '{"Command":"Unknown"}', '{"Button1":{"Action":"SINGLE"}}'],
)
def test_other_answers_are_housekeeping(answer: str) -> None:
    """A RESULT holds measures only where it says how a switch stands."""
    assert understood("stat/kitchen/RESULT", answer).kind is Kind.HOUSEKEEPING


def test_a_button_is_an_event() -> None:
    """No number is invented for it."""
    decoded = understood("stat/kitchen/RESULT", '{"Button1":{"Action":"DOUBLE"}}')
    assert [(e.name, e.value) for e in decoded.events] == [("button1", "DOUBLE")]


def test_a_press_is_heard_though_the_telegram_before_it_looked_the_same() -> None:
    """What the text of an action is decides what happened: nothing, and then a press."""
    context, events = Context(), []
    for action in ("NONE", "NONE", "NONE", "SINGLE"):
        telegram = {"BME280": {"Temperature": 21.5}, "Button1": {"Action": action}}
        decoded, context = tasmota.decode(Message(SENSOR, json.dumps(telegram).encode(), 1), context)
        events += [event.value for event in decoded.events]
    assert events == ["SINGLE"]


def test_a_value_is_read_though_the_telegram_before_it_had_an_empty_list_there() -> None:
    """Phases that are not measured yet."""
    context, found = Context(), list[str]()
    told: list[object] = [[], [], [], 1.5]
    for today in told:
        telegram = {"ENERGY": {"Power": 12, "Today": today}}
        decoded, context = tasmota.decode(Message(SENSOR, json.dumps(telegram).encode(), 1), context)
        found += [sample.channel for sample in decoded.samples]
    assert found == ["power"] * 4 + ["today"]


@pytest.mark.parametrize(
    ("stamp", "measured", "local"),
    [
        ('"2026-09-21T16:13:00"', 1_790_007_180_000_000_000, True),
        ('"2026-09-21T16:13:00+02:00"', 1_789_999_980_000_000_000, False),
        ('"2026-09-21T16:13:00.250"', 1_790_007_180_250_000_000, True),
        ('"1970-01-01T00:00:12"', None, False),
        ("1789999980", 1_789_999_980_000_000_000, False),
        ("12", None, False),
        ("null", None, False),
    ],
)
def test_the_time_is_local_unless_it_says_more(stamp: str, measured: int | None, local: bool) -> None:  # noqa: FBT001 — a table
    """A clock never set counts from 1970: the value is kept, the time is not."""
    (sample,) = understood(SENSOR, f'{{"Time":{stamp},"BME280":{{"Temperature":20}}}}').samples
    assert (sample.measured, sample.local) == (measured, local)


def test_a_time_that_is_none_is_said_and_the_value_kept() -> None:
    """The reason stands beside the reading."""
    decoded = understood(SENSOR, '{"Time":"noon","BME280":{"Temperature":20}}')
    assert [s.measured for s in decoded.samples] == [None]
    assert "is not a time" in decoded.rejected["Time"]


def test_native_discovery_names_the_device_and_its_mac() -> None:
    """Through the order of its own topics; an empty payload takes it back."""
    config = '{"dn":"Oven","mac":"5CCF7FABCDEF","ft":"home/%topic%/%prefix%/","t":"oven","tp":["cmnd","stat","tele"]}'
    decoded = understood("tasmota/discovery/5CCF7FABCDEF/config", config)
    assert (decoded.kind, decoded.device, decoded.aliases) == (
        Kind.DISCOVERY,
        "tasmota:home/oven",
        ("mac:5ccf7fabcdef",),
    )
    assert understood("home/oven/tele/LWT", "Online").device == decoded.device
    for topic, payload in (("config", ""), ("sensors", '{"sn":{"BME280":{"Temperature":21}}}')):
        gone = understood(f"tasmota/discovery/5CCF7FABCDEF/{topic}", payload)
        assert gone.samples == ()
        assert gone.speaks_for_others


@pytest.mark.parametrize(
    ("heard", "asked"),
    [
        ("tele/kitchen/LWT", "cmnd/kitchen/Status"),
        ("tasmota/kitchen/tele/SENSOR", "tasmota/kitchen/cmnd/Status"),
        ("tele/home/cellar/kitchen/STATE", "cmnd/home/cellar/kitchen/Status"),
        ("home/stat/kitchen/POWER", "home/cmnd/kitchen/Status"),
        ("tele/stat/SENSOR", "cmnd/stat/Status"),
        ("tasmota/discovery/5CCF7FABCDEF/config", "cmnd/kitchen/Status"),
    ],
)
def test_it_is_asked_in_its_own_order(heard: str, asked: str) -> None:
    """Sensors, state and address, each once."""
    assert ask("tasmota:kitchen", heard) == [(asked, b"8"), (asked, b"11"), (asked, b"5")]


@pytest.mark.parametrize("payload", [body(MYSENSOR={"Foo": 1}), body(temperature=21), "{}", body(Wind={"Text": "N"})])
def test_unknown_keys_make_no_channels(payload: str) -> None:
    """A name is not enough to invent a meaning."""
    assert "nothing in it" in refusal(SENSOR, payload)


def test_twins_do_not_overwrite_each_other() -> None:
    """Two sensors whose names read alike: one is kept, the other refused by name."""
    decoded = understood(SENSOR, body(X={"Humidity": 1}, **{"A B": {"Humidity": 2}, "a-b": {"Humidity": 3}}))
    assert {s.channel: s.value for s in decoded.samples} == {"humidity": 1, "humidity_a_b": 2}
    assert "humidity_a_b" in decoded.rejected


def test_a_message_that_teaches_nothing_changes_no_context() -> None:
    """The same object comes back, so nothing is written."""
    contexts = {}  # type: ignore[var-annotated]
    assert outcome(SENSOR, BME, contexts=contexts).changed
    kept = dict(contexts)
    for payload in (BME, body(DS18B20={"Humidity": 5}), body(BME280={"Temperature": None, "Humidity": 1})):
        assert not outcome(SENSOR, payload, contexts=contexts).changed
    assert all(contexts[key] is value for key, value in kept.items())


_VALUES: st.SearchStrategy[object] = st.one_of(
    st.floats(-200, 200),
    st.integers(-200, 200),
    st.sampled_from([None, "21.5", True, [1, 2.5], [], 85, 85.0, -127.0, 74.9, 75.1, 1e300, 2**70, "nan", {}]),
)
_KEYS = st.sampled_from(
    ["Temperature", "Humidity", "Power", "Voltage", "Distance", "Id", "A0", "Temperature1", "Action"]
)
_NAMES = st.sampled_from(["BME280", "DS18B20", "DS18B20-1", "ENERGY", "ANALOG", "ESP32", "Wifi", "TIC", "SI7021"])
_TELEGRAMS = st.builds(
    lambda objects, units: objects | units,
    st.dictionaries(_NAMES, st.dictionaries(_KEYS, _VALUES, max_size=3), max_size=3),
    st.dictionaries(
        st.sampled_from(["TempUnit", "PressureUnit", "Time", "POWER", "Dimmer", "n"]),
        st.sampled_from(["C", "F", "X", "hPa", "mmHg", "2026-11-24T09:00:00", "ON", 7, [], None]),
        max_size=3,
    ),
)


def _read(body: object, context: Context) -> tuple[Decoded | str, Context]:
    message = Message("tele/kitchen/SENSOR", json.dumps(body).encode(), 1)
    try:
        return tasmota.decode(message, context)
    except PayloadError as error:
        return str(error), context


@settings(deadline=None)
@given(st.lists(_TELEGRAMS, min_size=1, max_size=4))
def test_a_telegram_like_an_earlier_one_reads_as_if_it_were_the_first(telegrams: list[dict[str, object]]) -> None:
    """Reading by what was learnt is quicker and nothing else: values, refusals and what is remembered are the same."""
    quick = anew = Context()
    for body in [each for each in telegrams for _ in range(3)]:
        said, quick = _read(body, quick)
        tasmota._PLANS.clear()
        due, anew = _read(body, anew)
        assert (said, quick) == (due, anew)
        _read(body, anew)  # learns it again for the next


def test_topics_of_as_many_devices_as_the_hub_takes_are_taken_apart_once() -> None:
    """Who speaks in turn with twenty thousand others is remembered until its turn comes again."""
    address.cache_clear()
    topics = [f"tele/d{number}/SENSOR" for number in range(MAX_DEVICES)] * 2
    for topic in topics:
        address(topic)
    assert address.cache_info().misses == MAX_DEVICES
