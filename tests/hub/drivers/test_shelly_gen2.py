"""Shelly Gen2 and later, sentence by sentence of wire_formats.md §3."""

import json

import pytest

from hub.drivers.shelly_gen2 import ask
from hub.model import NS, Availability, Kind, Message
from hub.registry import Contexts
from servers.decoding import NOW, REGISTRY, full, refusal, understood, values

SRC = "shellyplus1pm-4417939341dc"
PREFIX, NAME = "shellies/plus1pm", "shelly:plus1pm"
EVENTS, STATUS = f"{PREFIX}/events/rpc", f"{PREFIX}/status/switch:0"


def told(
    method: str = "NotifyStatus", *, src: str | None = SRC, ts: object = 1_661_517_385.44, **params: object
) -> str:
    """Return a notification; component keys are written with `__` for `:`."""
    frame: dict[str, object] = {} if src is None else {"src": src}
    body = {key.replace("__", ":"): value for key, value in params.items()}
    return json.dumps({**frame, "dst": "x/events", "method": method, "params": {"ts": ts, **body}})


def test_a_notification_is_partial() -> None:
    """Only what is there is emitted, at the time it states."""
    decoded = understood(EVENTS, told(switch__0={"id": 0, "voltage": 232.7}))
    (sample,) = decoded.samples
    assert (decoded.device, sample.channel, sample.value) == (f"shelly:{SRC}", "voltage", 232.7)
    assert sample.measured == 1_661_517_385_440_000_000
    assert not sample.local


@pytest.mark.parametrize("prefix", ["plug", SRC, "shellies/plus1pm", "a/b/c/d", "events", "my plug/é", "status/x"])
def test_prefixes_hold_slashes(prefix: str) -> None:
    """Parsed from the right; the identity is src."""
    assert understood(f"{prefix}/events/rpc", told(switch__0={"output": True})).device == f"shelly:{SRC}"
    assert (
        understood(f"{prefix}/status/switch:0", '{"output":false}').device
        == f"shelly:{prefix.removeprefix('shellies/')}"
    )
    assert understood(f"{prefix}/online", "true").device == f"shelly:{prefix.removeprefix('shellies/')}"


@pytest.mark.parametrize(("word", "said"), [("true", Availability.ONLINE), ("false", Availability.OFFLINE)])
def test_online_is_availability(word: str, said: Availability) -> None:
    """Retained, and the last will."""
    decoded = understood(f"{PREFIX}/online", word)
    assert (decoded.kind, decoded.availability, decoded.samples) == (Kind.AVAILABILITY, said, ())


def test_a_prefix_lands_on_the_device_that_spoke_there() -> None:
    """Once src is known, `online` and `status/…` of the prefix are that device's; the prefix becomes its alias."""
    before = (EVENTS, told(switch__0={"voltage": 230}))
    assert understood(f"{PREFIX}/online", "true", before).device == f"shelly:{SRC}"
    assert understood(f"{PREFIX}/status/switch:0", '{"output":true}', before).device == f"shelly:{SRC}"
    assert understood(f"{PREFIX}/rpc", '{"method":"Switch.Set"}', before).device == f"shelly:{SRC}"
    assert understood("another/online", "true", before).device == "shelly:another"
    assert understood(*before).aliases == (NAME, "mac:4417939341dc")


def test_another_device_on_a_used_prefix_is_another_device() -> None:
    """It does not inherit the name of the one before."""
    before = (EVENTS, told(switch__0={"voltage": 230}))
    decoded = understood(EVENTS, told(src="shellyplus1pm-aaaaaaaaaaaa", switch__0={"voltage": 230}), before)
    assert decoded.device == "shelly:shellyplus1pm-aaaaaaaaaaaa"
    assert decoded.aliases == ("mac:aaaaaaaaaaaa",)


@pytest.mark.parametrize("src", [None, "", 5])
def test_without_src_the_prefix_is_the_name(src: object) -> None:
    """Any name is better than none."""
    frame = {"src": src, "method": "NotifyStatus", "params": {"switch:0": {"output": True}}}
    assert understood(EVENTS, json.dumps(frame)).device == NAME


def test_a_whole_status_of_a_component() -> None:
    """The vendor's example: energies in Wh, the chip's temperature once and by its own name."""
    payload = (
        '{"id":0, "source":"init", "output":false, "apower":0.0, "voltage":232.7, "current":0.000, '
        '"aenergy":{"total":618.0,"by_minute":[9.0,9.0,9.0],"minute_ts":1661517385},'
        '"temperature":{"tC":39.2, "tF":102.5}}'
    )
    assert full(f"{PREFIX}/status/switch:0", payload) == {
        "switch": (0.0, None, "good"),
        "power": (0.0, "W", "good"),
        "voltage": (232.7, "V", "good"),
        "current": (0.0, "A", "good"),
        "energy": (0.618, "kWh", "good"),
        "chip_temperature": (39.2, "°C", "good"),
    }
    assert understood(f"{PREFIX}/status/switch:0", payload).samples[0].measured is None


def test_power_may_be_negative() -> None:
    """Export is a value; returned energy has its own channel."""
    payload = told(pm1__0={"apower": -420.5, "ret_aenergy": {"total": 1500}, "aenergy": {"total": 1}})
    assert values(EVENTS, payload) == {"power": -420.5, "energy_returned": 1.5, "energy": 0.001}


def test_the_second_of_a_type_carries_its_number() -> None:
    """`type:0` plain, `type:n` with `_n`, whatever else the message holds."""
    payload = told(switch__0={"output": True}, switch__1={"output": False, "apower": 5}, input__3={"state": True})
    assert values(EVENTS, payload) == {"switch": 1, "switch_1": 0, "power_1": 5, "input_3": 1}
    assert values(EVENTS, told(switch__1={"apower": 6})) == {"power_1": 6}


def test_three_phases() -> None:
    """`em` and `emdata`: a phase each, the device's own totals plain."""
    payload = told(
        em__0={
            "a_voltage": 231,
            "b_act_power": -5,
            "c_pf": 0.5,
            "a_aprt_power": 9,
            "n_current": 0.2,
            "total_current": 3,
            "total_act_power": 60,
        },
        emdata__0={"a_total_act_energy": 1000, "total_act": 3000, "total_act_ret": 20},
    )
    assert full(EVENTS, payload) == {
        "voltage_a": (231.0, "V", "good"),
        "power_b": (-5.0, "W", "good"),
        "factor_c": (0.5, None, "good"),
        "apparent_power_a": (9.0, "VA", "good"),
        "current_n": (0.2, "A", "good"),
        "current": (3.0, "A", "good"),
        "power": (60.0, "W", "good"),
        "energy_a": (1.0, "kWh", "good"),
        "energy": (3.0, "kWh", "good"),
        "energy_returned": (0.02, "kWh", "good"),
    }


def test_single_phase_meters() -> None:
    """`em1` and `em1data`, numbered."""
    payload = told(
        em1__1={"act_power": 7, "voltage": 230}, em1data__1={"total_act_energy": 12_345, "total_act_ret_energy": 0}
    )
    assert values(EVENTS, payload) == {"power_1": 7, "voltage_1": 230, "energy_1": 12.345, "energy_returned_1": 0}


def test_a_null_with_errors_is_a_failed_probe() -> None:
    """The neighbours are read; the reason names the probe's own word."""
    decoded = understood(
        EVENTS, told(temperature__100={"tC": None, "tF": None, "errors": ["read"]}, humidity__0={"rh": 51})
    )
    assert {s.channel: s.value for s in decoded.samples} == {"humidity": 51}
    assert decoded.rejected == {"temperature:100.tC": "failed probe (read)"}


@pytest.mark.parametrize("ts", [4.21, 999_999_999, 0, None, "soon", 1_000_000_001])
def test_before_the_clock_is_set_the_values_are_kept(ts: object) -> None:
    """Seconds since boot, or a time before 2016, are no time."""
    (sample,) = understood(EVENTS, told(ts=ts, switch__0={"voltage": 230})).samples
    assert (sample.value, sample.measured) == (230, None)


def test_a_full_status_carries_every_component() -> None:
    """Also as the first message; wifi and sys are health."""
    payload = told(
        "NotifyFullStatus",
        temperature__0={"tC": 21, "tF": 69.8},
        humidity__0={"rh": 40},
        devicepower__0={"battery": {"V": 5.9, "percent": 88}, "external": {"present": True}},
        wifi={"rssi": -60, "ssid": "x"},
        sys={"uptime": 9, "ram_free": 1},
        cloud={"connected": False},
        mqtt={"connected": True},
    )
    assert full(EVENTS, payload) == {
        "temperature": (21.0, "°C", "good"),
        "humidity": (40.0, "%", "good"),
        "battery_voltage": (5.9, "V", "good"),
        "battery": (88.0, "%", "good"),
        "external_power": (1.0, None, "good"),
        "signal": (-60.0, "dBm", "good"),
        "uptime": (9.0, "s", "good"),
    }


@pytest.mark.parametrize(
    "params", [{"cloud": {"connected": True}}, {"sys": {"cfg_rev": 3}}, {"mqtt": {"connected": True}}, {}]
)
def test_a_notification_without_measures_is_housekeeping(params: dict[str, object]) -> None:
    """Understood, and nothing stored."""
    frame = {"src": SRC, "method": "NotifyStatus", "params": {"ts": 1, **params}}
    assert understood(EVENTS, json.dumps(frame)).kind is Kind.HOUSEKEEPING


def test_events_are_no_levels() -> None:
    """A push is recorded as an event with its time; a changed configuration is housekeeping."""
    push = {"component": "input:0", "id": 0, "event": "single_push", "ts": 1_735_821_119.25}
    decoded = understood(EVENTS, told("NotifyEvent", events=[push, {"component": "sys", "event": "config_changed"}, 5]))
    assert (decoded.kind, decoded.samples) == (Kind.HOUSEKEEPING, ())
    assert [(e.name, e.value, e.measured) for e in decoded.events] == [
        ("input_0", "single_push", 1_735_821_119_250_000_000),
        ("sys", "config_changed", 1_661_517_385_440_000_000),
    ]


def test_our_question_is_answered_on_our_own_src() -> None:
    """The answer is a full status of the device we asked, and teaches whose prefix it is."""
    ((topic, request),) = ask(NAME, f"{PREFIX}/online")
    frame = json.loads(request)
    assert (topic, frame["method"]) == (f"{PREFIX}/rpc", "Shelly.GetStatus")
    assert understood(topic, request).kind is Kind.COMMAND
    answer = (
        f"{frame['src']}/rpc",
        json.dumps(
            {
                "id": frame["id"],
                "src": SRC,
                "dst": frame["src"],
                "result": {"switch:0": {"output": True, "apower": 61.5}, "sys": {"unixtime": 1_661_517_385}},
            }
        ),
    )
    decoded = understood(*answer)
    assert decoded.device == f"shelly:{SRC}"
    assert [(s.channel, s.value, s.measured) for s in decoded.samples] == [
        ("switch", 1, 1_661_517_385_000_000_000),
        ("power", 61.5, 1_661_517_385_000_000_000),
    ]
    assert NAME in decoded.aliases
    assert understood(f"{PREFIX}/online", "true", answer).device == f"shelly:{SRC}"


def test_nobody_is_asked_through_an_answer_or_without_a_prefix() -> None:
    """Only what is a device's own topic says where to ask."""
    assert ask("shelly:x", "hub/rpc") == []
    assert ask("shelly:x", "events/rpc") == []


@pytest.mark.parametrize(
    "answer", [{"result": {"was_on": False}}, {"error": {"code": -103, "message": "no"}}, {"result": None}]
)
def test_answers_to_others_are_housekeeping(answer: dict[str, object]) -> None:
    """An object with result or error on somebody's topic; that topic names no device."""
    decoded = understood("hub/rpc", json.dumps({"id": 1, "src": SRC, "dst": "hub", **answer}))
    assert (decoded.kind, decoded.device, decoded.aliases) == (Kind.HOUSEKEEPING, f"shelly:{SRC}", ())


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (f"{PREFIX}/rpc", '{"id":1,"src":"hub","method":"Switch.Set","params":{"id":0,"on":true}}'),
        (f"{PREFIX}/command/switch:0", "toggle"),
    ],
)
def test_commands_seen_passing(topic: str, payload: str) -> None:
    """Understood, nothing stored."""
    decoded = understood(topic, payload)
    assert (decoded.kind, decoded.device, decoded.samples) == (Kind.COMMAND, NAME, ())


def test_what_is_said_twice_is_stored_once() -> None:
    """`status/…` repeats what `events/rpc` said; what only it says is read."""
    before = (EVENTS, told(switch__0={"voltage": 232.7}))
    payload = '{"id":0,"output":true,"voltage":232.7}'
    assert values(f"{PREFIX}/status/switch:0", payload, before) == {"switch": 1}
    assert understood(f"{PREFIX}/status/switch:0", '{"voltage":232.7}', before).kind is Kind.HOUSEKEEPING
    assert values(f"{PREFIX}/status/switch:0", payload) == {"switch": 1, "voltage": 232.7}


@pytest.mark.parametrize(
    ("topic", "payload", "because"),
    [
        (EVENTS, "true", "a JSON object is due"),
        (EVENTS, '{"src":"x","params":{}}', "without method"),
        (EVENTS, '{"src":"x","method":"NotifyStatus","params":[1]}', "params: an object is due here, not a list"),
        (EVENTS, '{"src":"x","method":"NotifyEvent","params":{"ts":1}}', "a list is due here"),
        (EVENTS, told(switch__0={"voltage": None}), "switch:0.voltage: no value"),
        (EVENTS, told(switch__0=5), "switch:0: an object is due here, not 5"),
        (f"{PREFIX}/status/switch:0", "[]", "a JSON object is due"),
        (f"{PREFIX}/online", "", "empty payload"),
        ("/online", "true", "names no device"),
        ("hub/rpc", '{"id":1}', "names no device"),
        ("hub/rpc", '{"id":1,"src":"x"}', "without result or error"),
    ],
)
def test_refusals(topic: str, payload: str, because: str) -> None:
    """Each with its reason."""
    assert because in refusal(topic, payload)


@pytest.mark.parametrize(("value", "taken"), [(24.3, 24.3), (True, 1), (False, 0), (0, 0)])
def test_a_bluetooth_sensor_behind_it(value: object, taken: float) -> None:
    """A number or a flag, by its number; the status says when it was heard, which may be long ago."""
    body = {"id": 200, "value": value, "last_updated_ts": 1_661_510_000}
    (sample,) = understood(f"{PREFIX}/status/bthomesensor:200", json.dumps(body)).samples
    assert (sample.channel, sample.value, sample.measured) == ("bthome_200", taken, 1_661_510_000_000_000_000)
    frame = told(method="NotifyFullStatus", bthomesensor__200=body, switch__0={"output": True})
    times = {each.channel: each.measured for each in understood(EVENTS, frame).samples}
    assert times == {"bthome_200": 1_661_510_000_000_000_000, "switch": 1_661_517_385_440_000_000}


def test_a_bluetooth_device_behind_it() -> None:
    """Its battery and radio are its own, not the Shelly's; a sensor not heard yet has no value."""
    device = {"id": 201, "rssi": -61, "battery": 97, "packet_id": 12, "last_updated_ts": 0}
    frame = told(bthomedevice__201=device, bthomesensor__200={"id": 200, "value": None, "last_updated_ts": 0})
    decoded = understood(EVENTS, frame)
    assert {each.channel: (each.value, each.measured) for each in decoded.samples} == {
        "battery_201": (97, None),
        "signal_201": (-61, None),
    }
    assert list(decoded.rejected) == ["bthomesensor:200.value"]


def test_a_status_that_comes_before_its_notification_is_stored_once() -> None:
    """The other order, at the start; another value, or the same one later, is news."""
    status = (STATUS, '{"id":0,"output":true,"apower":5.5}')
    first = understood(EVENTS, told(switch__0={"output": True, "apower": 6}), status)
    assert [(sample.channel, sample.value) for sample in first.samples] == [("power", 6)]
    whole = understood(EVENTS, told(switch__0={"output": True, "apower": 5.5}), status)
    assert (whole.kind, whole.aliases) == (Kind.HOUSEKEEPING, ("shelly:plus1pm", "mac:4417939341dc"))
    contexts: Contexts = {}
    understood(*status, contexts=contexts)
    later = Message(EVENTS, told(switch__0={"output": True}).encode(), NOW + 10 * NS)
    decoded = REGISTRY.decode(later, contexts).decoded
    assert decoded is not None
    assert [sample.channel for sample in decoded.samples] == ["switch"]
