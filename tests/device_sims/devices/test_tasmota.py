"""The fake Tasmota: topics, payloads and answers as the vendor documents them."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

START = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
FIELDS = {
    "air": {"field": "DS18B20-1", "id": "2A01143C75F2"},
    "product": {"field": "DS18B20-2", "id": "2A0114572B8D"},
    "signal": {"field": "Wifi", "id": ""},
}


def view(air: Sampled = 3.4, product: Sampled = 3.1, wrong_by_h: float | None = None) -> View:
    """Return a board ten seconds after the run's start."""
    moment = Moment(START, ZoneInfo("Europe/Paris"), 10, 93_784, wrong_by_h)
    return View(moment, {"air": air, "product": product, "signal": -61.0})


def sensors(one: View) -> dict[str, object]:
    """Return the SENSOR message."""
    topic, payload, retain = make("tasmota", "kitchen-sim", FIELDS).report(one)[-1]
    assert (topic, retain) == ("tele/kitchen-sim/SENSOR", False)
    body: dict[str, object] = json.loads(payload)
    return body


def test_sensor_is_the_vendors_object() -> None:
    """Time with offset, one object a probe with its Id, the unit at the end."""
    assert sensors(view()) == {
        "Time": "2026-11-23T08:30:10+01:00",
        "DS18B20-1": {"Id": "2A01143C75F2", "Temperature": 3.4},
        "DS18B20-2": {"Id": "2A0114572B8D", "Temperature": 3.1},
        "TempUnit": "C",
    }


def test_an_unplugged_probe_is_null_and_the_other_stays() -> None:
    """None may change other measures of the same device."""
    body = sensors(view(product=Lost.UNPLUGGED))
    assert body["DS18B20-1"] == {"Id": "2A01143C75F2", "Temperature": 3.4}
    assert body["DS18B20-2"] == {"Id": "2A0114572B8D", "Temperature": None}


def test_a_dropped_sample_is_absent() -> None:
    """The object of the probe is not there."""
    assert "DS18B20-2" not in sensors(view(product=Lost.DROPPED))


def test_nothing_is_said_when_every_sample_was_dropped() -> None:
    """A message without a value would say nothing."""
    assert make("tasmota", "kitchen-sim", FIELDS).report(view(Lost.DROPPED, Lost.DROPPED)) == []


@pytest.mark.parametrize(
    ("wrong_by_h", "time"),
    [(1.0, "2026-11-23T09:30:10+01:00"), (0.0, "1970-01-02T02:03:04")],
    ids=["ahead", "never set"],
)
def test_a_wrong_clock_shows_in_time_alone(wrong_by_h: float, time: str) -> None:
    """An hour ahead, or counting from 1970 and without offset."""
    assert {**sensors(view(wrong_by_h=wrong_by_h)), "Time": ""} == {**sensors(view()), "Time": ""}
    assert sensors(view(wrong_by_h=wrong_by_h))["Time"] == time


def test_it_is_born_online_and_its_will_says_offline() -> None:
    """Both retained on LWT."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    assert device.birth(view())[0] == ("tele/kitchen-sim/LWT", b"Online", True)
    assert device.will == ("tele/kitchen-sim/LWT", b"Offline", True)
    assert device.uid == "tasmota:kitchen-sim"


def test_state_tells_uptime_and_signal() -> None:
    """RSSI is a percentage, Signal dBm."""
    topic, payload, _ = make("tasmota", "kitchen-sim", FIELDS).birth(view())[1]
    body = json.loads(payload)
    assert topic == "tele/kitchen-sim/STATE"
    assert (body["Uptime"], body["UptimeSec"]) == ("1T02:03:04", 93_784)
    assert (body["Wifi"]["RSSI"], body["Wifi"]["Signal"]) == (78, -61)


@pytest.mark.parametrize("number", ["8", "10"])
def test_status_answers_with_the_sensors(number: str) -> None:
    """`cmnd/<t>/Status 8` → `stat/<t>/STATUS8 {"StatusSNS": …}`."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    (packet,) = device.command(view(), "cmnd/kitchen-sim/Status", number.encode()).packets
    assert packet.topic == f"stat/kitchen-sim/STATUS{number}"
    assert json.loads(packet.payload) == {"StatusSNS": sensors(view())}


@pytest.mark.parametrize(
    ("payload", "period_s"), [(b"", 60), (b"30", 30), (b"1", 10), (b"99999999", 3600), (b"often", 60), (b"0", 60)]
)
def test_tele_period_is_set_within_the_firmwares_bounds(payload: bytes, period_s: int) -> None:
    """An empty payload asks; 10 to 3600 s; anything else changes nothing."""
    device = make("tasmota", "kitchen-sim", FIELDS)
    now = View(view().now, view().values, period_s=60)
    reply = device.command(now, "cmnd/kitchen-sim/TelePeriod", payload)
    assert json.loads(reply.packets[0].payload) == {"TelePeriod": period_s}
    assert reply.period_s == period_s


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"x" * 10_000])
def test_an_unknown_command_is_answered_so(payload: bytes) -> None:
    """As the firmware does."""
    reply = make("tasmota", "kitchen-sim", FIELDS).command(view(), "cmnd/kitchen-sim/Explode", payload)
    assert json.loads(reply.packets[0].payload) == {"Command": "Unknown"}


# The vendor's printed payloads (wire_formats.md §1): same keys in the same order, same types. Numbers too, except where
# the board derives them: a dew point added, a meter's two indexes summed, a counter without a yesterday.

PRINTED = {
    "BME280": (
        {"t": "BME280.Temperature", "rh": "BME280.Humidity", "p": "BME280.Pressure"},
        {"t": 21.7, "rh": 66.6, "p": 988.6},
        (
            '{"Time":"2019-11-03T19:34:28","BME280":{"Temperature":21.7,"Humidity":66.6,"DewPoint":15.2,"Pressure":988.6},'
            '"PressureUnit":"hPa","TempUnit":"C"}'
        ),
    ),
    "SR04": (
        {"d": "SR04.Distance"},
        {"d": 0.16754},
        '{"Time":"2019-01-01T22:42:35","SR04":{"Distance":16.754}}',
    ),
    "SCD40": (
        {"c": "SCD40.CarbonDioxide", "e": "SCD40.eCO2", "t": "SCD40.Temperature", "rh": "SCD40.Humidity"},
        {"c": 618.0, "e": 623.0, "t": 23.8, "rh": 61.1},
        (
            '{"Time":"2023-05-28T20:04:27","SCD40":{"CarbonDioxide":618,"eCO2":623,"Temperature":23.8,"Humidity":61.1,'
            '"DewPoint":15.8},"TempUnit":"C"}'
        ),
    ),
    "ENERGY": (
        {"w": "ENERGY.Power", "wh": "ENERGY.Total"},
        {"w": 2635.0, "wh": 6294.0},
        (
            '{"Time":"2018-02-15T17:37:10","ENERGY":{"TotalStartTime":"2018-11-14T18:39:40","Total":6.294,"Yesterday":0.0,'
            '"Today":0.0,"Period":0,"Power":2635,"ApparentPower":2662,"ReactivePower":375,"Factor":0.99,"Voltage":227,'
            '"Current":11.725}}'
        ),
    ),
    "Linky": (
        {
            "hc": "TIC.HCHC",
            "hp": "TIC.HCHP",
            "peak": "TIC.PTEC",
            "a": "TIC.IINST",
            "va": "TIC.PAPP",
            "chip": "ESP32.Temperature",
        },
        {"hc": 920_750.0, "hp": 2_275_560.0, "peak": 1.0, "a": 1.0, "va": 170.0, "chip": 36.1},
        (
            '{"Time":"2021-10-26T17:28:45","ENERGY":{"TotalStartTime":"2021-10-25T15:22:04","Total":3196.31,"Yesterday":0.0,'
            '"Today":0.0,"Period":0,"Power":170,"Current":1.000,"Load":7},"TIC":{"ADCO":"021528603314","OPTARIF":"HC..",'
            '"ISOUSC":15,"HCHC":920750,"HCHP":2275560,"PTEC":"HP..","IINST":1,"IMAX":2,"PAPP":170,"HHPHC":"A","MOTDETAT":0},'
            '"ESP32":{"Temperature":36.1},"TempUnit":"C"}'
        ),
    ),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "ENERGY": {"voltage": 227.0, "power_factor": 0.99},
    "Linky": {"tic": {"ADCO": "021528603314", "ISOUSC": 15, "IMAX": 2}},
}
TIMES = {"Time": "", "TotalStartTime": ""}


def board(fields: dict[str, str], options: dict[str, Any] | None = None) -> Device:
    """Return a board with fields that need no probe's address."""
    return make("tasmota", "a-sim", {name: {"field": field, "id": ""} for name, field in fields.items()}, options)


def seen(values: dict[str, float], day: int = 0, **orders: float) -> View:
    """Return what a board sees, so many days after the run's start."""
    return View(Moment(START, ZoneInfo("Europe/Paris"), 86_400 * day, 60), {**values}, orders)


def said(packet: Packet) -> Any:  # noqa: ANN401 — JSON
    """Return a packet's JSON."""
    return json.loads(packet.payload)


def shape(value: object) -> object:
    """Return keys in order and types; times are of another day."""
    if isinstance(value, dict):
        return [(key, shape("" if key in TIMES else each)) for key, each in value.items()]
    return type(value).__name__, value


@pytest.mark.parametrize("name", PRINTED)
def test_sensor_has_the_printed_payloads_keys_types_and_numbers(name: str) -> None:
    """In the vendor's order: DewPoint behind Humidity, ENERGY before TIC, the units at the end."""
    fields, values, printed = PRINTED[name]
    (packet,) = board(fields, OPTIONS.get(name)).report(seen(values))
    assert shape(said(packet)) == shape(json.loads(printed))


def test_today_yesterday_and_period_follow_the_counter() -> None:
    """In kWh since local midnight and of the day before; Wh since the last SENSOR."""
    plug = board({"wh": "ENERGY.Total"})
    bodies = [
        said(plug.report(seen({"wh": wh}, day))[0])["ENERGY"] for wh, day in [(1000.0, 0), (1500.0, 0), (1700.0, 1)]
    ]
    assert [(body["Today"], body["Yesterday"], body["Period"]) for body in bodies] == [
        (0.0, 0.0, 0),
        (0.5, 0.0, 500),
        (0.0, 0.7, 200),
    ]


def test_a_meter_that_was_replaced_counts_nothing_backwards() -> None:
    """Today and Period are never negative."""
    plug = board({"wh": "TIC.BASE"})
    plug.report(seen({"wh": 5000.0}))
    body = said(plug.report(seen({"wh": 4000.0}))[0])
    assert (body["ENERGY"]["Today"], body["ENERGY"]["Period"]) == (0.0, 0)
    assert body["TIC"]["BASE"] == 4000


@pytest.mark.parametrize("lost", Lost)
def test_a_label_not_read_is_absent_and_an_unplugged_meter_says_nothing(lost: Lost) -> None:
    """TIC is absent with its last label, ENERGY with it; the chip still speaks."""
    meter = board({"va": "TIC.PAPP", "wh": "TIC.BASE", "chip": "ESP32.Temperature"})
    at = Moment(START, ZoneInfo("Europe/Paris"), 0, 60)
    half = said(meter.report(View(at, {"va": lost, "wh": 1000.0, "chip": 36.0}))[0])
    assert "PAPP" not in half["TIC"]
    assert half["TIC"]["BASE"] == 1000
    none = said(meter.report(View(at, {"va": lost, "wh": lost, "chip": 36.0}))[0])
    assert list(none) == ["Time", "ESP32", "TempUnit"]


def test_a_lost_index_makes_no_total_of_the_others() -> None:
    """The sum of one tariff alone would look like a meter that was replaced."""
    meter = board({"hp": "TIC.HCHP", "hc": "TIC.HCHC", "va": "TIC.PAPP"})
    at = Moment(START, ZoneInfo("Europe/Paris"), 0, 60)
    body = said(meter.report(View(at, {"hp": 2000.0, "hc": Lost.DROPPED, "va": 170.0}))[0])
    assert "Total" not in body["ENERGY"]
    assert body["ENERGY"]["Power"] == 170


@pytest.mark.parametrize(
    ("payload", "was_on", "word", "orders"),
    [
        (b"ON", False, "ON", {"on": 1.0}),
        (b"off", True, "OFF", {"on": 0.0}),
        (b"TOGGLE", True, "OFF", {"on": 0.0}),
        (b"2", False, "ON", {"on": 1.0}),
        (b"ON", True, "ON", {"on": 1.0}),
        (b"", True, "ON", {}),
    ],
)
def test_power_is_obeyed_and_answered_twice(
    payload: bytes, word: str, orders: dict[str, float], *, was_on: bool
) -> None:
    """`stat/<t>/RESULT {"POWER":"ON"}` and `stat/<t>/POWER ON`; an empty payload asks."""
    plug = board({"on": "POWER"})
    reply = plug.command(seen({"on": float(was_on)}), "cmnd/a-sim/Power", payload)
    assert reply.packets == (
        Packet("stat/a-sim/RESULT", f'{{"POWER":"{word}"}}'.encode()),
        Packet("stat/a-sim/POWER", word.encode()),
    )
    assert reply.orders == orders


@pytest.mark.parametrize(
    ("command", "payload", "answer"),
    [("Power", b"perhaps", {"Command": "Error"}), ("Power3", b"ON", {"Command": "Unknown"})],
)
def test_a_command_it_cannot_obey_orders_nothing(command: str, payload: bytes, answer: dict[str, str]) -> None:
    """A word that is no state, a relay that is not there."""
    reply = board({"on": "POWER"}).command(seen({"on": 1.0}), f"cmnd/a-sim/{command}", payload)
    assert (said(reply.packets[0]), reply.orders) == (answer, {})


def test_power_and_power1_are_the_same_relay() -> None:
    """As the firmware takes them."""
    one, two = board({"on": "POWER"}), board({"a": "POWER1", "b": "POWER2"})
    assert one.command(seen({"on": 0.0}), "cmnd/a-sim/POWER1", b"1").orders == {"on": 1.0}
    assert two.command(seen({"a": 0.0, "b": 0.0}), "cmnd/a-sim/Power", b"1").orders == {"a": 1.0}


def test_a_relay_that_moves_by_itself_is_told_once() -> None:
    """By a model or a button; what a command has answered is not repeated."""
    plug = board({"on": "POWER"})
    plug.birth(seen({"on": 0.0}))
    assert [packet.topic for packet in plug.changed(seen({"on": 1.0}), frozenset({"on"}))] == [
        "stat/a-sim/RESULT",
        "stat/a-sim/POWER",
    ]
    plug.command(seen({"on": 1.0}), "cmnd/a-sim/Power", b"OFF")
    assert plug.changed(seen({"on": 0.0}, on=0.0), frozenset({"on"})) == []


def test_its_boot_is_told_once_and_discovery_at_each_connection() -> None:
    """INFO1 to INFO3 after the boot; `config` names topic, MAC and relays, `sensors` repeats SENSOR."""
    plug = board({"on": "POWER", "t": "BME280.Temperature"}, {"module": "Sonoff Basic"})
    first, again = (plug.birth(seen({"on": 1.0, "t": 20.0})) for _ in range(2))
    infos = [said(packet) for packet in first if "INFO" in packet.topic]
    assert [list(body) for body in infos] == [["Info1"], ["Info2"], ["Info3"]]
    assert infos[0]["Info1"]["Module"] == "Sonoff Basic"
    assert not any("INFO" in packet.topic for packet in again)
    config, sensors = (packet for packet in again if packet.topic.startswith("tasmota/discovery/"))
    body = said(config)
    assert config.topic == f"tasmota/discovery/sim{body['mac'][3:]}/config"
    assert (body["t"], body["ft"], body["tp"], body["rl"][:2]) == (
        "a-sim",
        "%prefix%/%topic%/",
        ["cmnd", "stat", "tele"],
        [1, 0],
    )
    assert said(sensors)["sn"]["BME280"] == {"Temperature": 20.0}
    assert config.retain
    assert sensors.retain
    assert {config.topic, sensors.topic} < set(plug.retained)


def test_two_boards_have_two_macs_that_no_real_board_has() -> None:
    """Made of the name; the bit of locally administered addresses is set."""
    boards = [make("tasmota", name, FIELDS) for name in ("a-sim", "b-sim")]
    macs = {said(each.birth(view())[-2])["mac"] for each in boards}
    assert len(macs) == 2
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs)


@pytest.mark.parametrize(("number", "key"), [("2", "StatusFWR"), ("5", "StatusNET"), ("11", "StatusSTS")])
def test_status_tells_firmware_address_and_state(number: str, key: str) -> None:
    """`stat/<t>/STATUS<n>`."""
    (packet,) = (
        make("tasmota", "kitchen-sim", FIELDS).command(view(), "cmnd/kitchen-sim/Status", number.encode()).packets
    )
    assert packet.topic == f"stat/kitchen-sim/STATUS{number}"
    assert list(said(packet)) == [key]


@pytest.mark.parametrize(
    ("field", "options", "reason"),
    [
        ("BME 280", {}, "channels.t.field is 'BME 280'"),
        ("BME280.Humidity", {"power_factor": 0}, "power_factor"),
        ("BME280.Humidity", {"colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(field: str, options: dict[str, Any], reason: str) -> None:
    """A field that is none, an option out of range or unknown."""
    with pytest.raises(SimulationError, match=reason):
        board({"t": field}, options)
