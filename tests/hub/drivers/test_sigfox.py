"""Sigfox callbacks: whatever form the customer gave the body, and what the advanced one repeats."""

import json
from typing import Any

import pytest

from hub.driver import Decoded
from hub.model import Availability, Kind, Message
from hub.registry import Contexts, Registry, load_drivers
from servers.decoding import NOW, outcome, refusal, understood, values

HERE = "sigfox/4D5E6F"
PLAIN = {"device": "4D5E6F", "data": "03670110", "time": "1753430400", "seqNumber": "7", "ack": "false"}
AT = 1_753_430_400 * 10**9
WITH_LPP = Registry(load_drivers(), {"sigfox:4D5E6F": "cayenne-lpp"})


def body(**more: Any) -> str:  # noqa: ANN401 — any JSON
    """Return the common template, with other fields."""
    return json.dumps({key: value for key, value in (PLAIN | more).items() if value is not ...})


def read(*payloads: str) -> list[Decoded]:
    """Return what callbacks mean one after another, with Cayenne LPP chosen for the device."""
    contexts: Contexts = {}
    found = [WITH_LPP.decode(Message(HERE, payload.encode(), NOW), contexts).decoded for payload in payloads]
    assert None not in found
    return [each for each in found if each is not None]


def test_without_a_chosen_format_the_device_is_heard() -> None:
    """Its bytes are not guessed at, and the reason says so."""
    said = understood(HERE, body())
    assert (said.device, said.kind, said.availability) == ("sigfox:4D5E6F", Kind.AVAILABILITY, Availability.ONLINE)
    assert said.samples == ()
    assert "no payload format is chosen" in said.rejected["data"]


def test_with_a_chosen_format_its_bytes_are_read() -> None:
    """At the time of the callback, in seconds as text."""
    ((said),) = read(body())
    ((sample),) = said.samples
    assert (sample.channel, sample.value, sample.unit, sample.measured) == ("temperature_3", 27.2, "°C", AT)


@pytest.mark.parametrize(
    "payload",
    [
        "device=4D5E6F&data=03670110&time=1753430400&seqNumber=7",
        "device=4D5E6F&data=%30%33670110&time=1753430400",
        "device: 4D5E6F\r\ndata: 03670110\r\ntime: 1753430400\r\n",
        "device=4D5E6F;data=03670110;time=1753430400",
        "device=4d5e6f, data=03670110, time=1753430400",
        body(time=1_753_430_400),
        "\ufeff" + body(),
    ],
)
def test_json_form_and_text(payload: str) -> None:
    """Say the same."""
    ((said),) = read(payload)
    assert said.device == "sigfox:4D5E6F"
    assert [(sample.value, sample.measured) for sample in said.samples] == [(27.2, AT)]


def test_leading_zeros_count() -> None:
    """An id is text."""
    assert understood(HERE, body(device="004D5E6F")).device == "sigfox:004D5E6F"


@pytest.mark.parametrize(
    ("device", "because"),
    [
        (..., "device is missing"),
        (None, "device is missing"),
        ("", "device is missing"),
        ("4D5E6F4D5E", "not up to 8 hexadecimal digits"),
        ("kitchen", "not up to 8 hexadecimal digits"),
        (123456, "as text"),
        (["4D"], "not up to 8"),
    ],
)
def test_the_device_is_required(device: object, because: str) -> None:
    """Nobody else says who spoke."""
    assert because in refusal(HERE, body(device=device))


@pytest.mark.parametrize(
    "payload",
    [
        '{"device":"{device}","data":"{data}","time":"{time}","seqNumber":"{seqNumber}","ack":"{ack}"}',
        '{"device":"4D5E6F","time":{time}}',
        "device={device}&time={time}",
        "device=%7Bdevice%7D&time=%7Btime%7D",
        '{"device":"4D5E6F","temp":"{customData#temp}"}',
    ],
)
def test_a_body_whose_variables_were_never_replaced(payload: str) -> None:
    """Is refused with that reason, in whatever form."""
    assert "were never replaced" in refusal(HERE, payload)


@pytest.mark.parametrize(
    ("data", "because"),
    [
        ("0367011", "not hexadecimal"),
        ("hello!", "not hexadecimal"),
        ("03 67", "not hexadecimal"),
        (3670110, "not hexadecimal"),
        ("00" * 13, "13 bytes"),
    ],
)
def test_data_that_is_none(data: object, because: str) -> None:
    """Is said; the device was heard."""
    said = understood(HERE, body(data=data))
    assert because in said.rejected["data"]
    assert said.availability is Availability.ONLINE


@pytest.mark.parametrize("data", ["", None, ...])
def test_a_message_may_be_empty(data: object) -> None:
    """Its arrival is the message."""
    assert understood(HERE, body(data=data)).rejected == {}


def test_signals_arrive_as_text() -> None:
    """The base station's place is not the device's; an absent level is no 0."""
    said = body(rssi="-121.50", snr="11", avgSnr="12.5", lat="47", lng="-1", station="0A3B")
    assert values(HERE, said) == {"rssi": -121.5, "snr": 11, "snr_average": 12.5}
    assert "no value" in understood(HERE, body(rssi="null", snr="3")).rejected["rssi"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time", "yesterday"),
        ("seqNumber", "7.5"),
        ("seqNumber", "-1"),
        ("ack", "perhaps"),
        ("lqi", "SUPERB"),
        ("lqi", 3),
        ("duplicates", "many"),
        ("rssi", "-121,5"),
    ],
)
def test_one_bad_field_spoils_nothing_else(field: str, value: object) -> None:
    """It is rejected by its name."""
    said = read(body(**{field: value}))[0]
    assert field in said.rejected
    assert [sample.value for sample in said.samples] == [27.2]


@pytest.mark.parametrize("time", ["12", "0", ..., "1753430400000000"])
def test_an_implausible_time_is_the_arrivals(time: object) -> None:
    """The values stand."""
    assert [sample.measured for sample in read(body(time=time))[0].samples] == [None]


ADVANCED = {
    "lqi": "EXCELLENT",
    "duplicates": [{"bsId": "A", "rssi": "-130", "snr": "20"}, {"bsId": "B", "rssi": "-118", "snr": "9"}, 5],
    "computedLocation": {"lat": 47.1, "lng": -0.5, "radius": 900, "status": 1},
}


def test_the_best_of_several_base_stations() -> None:
    """A wrong one is rejected with its place; where the device is stays with its owner."""
    said = understood(HERE, body(**ADVANCED))
    assert {sample.channel: sample.value for sample in said.samples} == {"rssi": -118, "snr": 9}
    assert "personal data" in said.rejected["computedLocation"]
    assert "duplicates[2]" in said.rejected


def test_what_the_advanced_callback_repeats_is_given_once() -> None:
    """Same device, time and number: only what is new is a reading; the next message counts again."""
    plain, advanced, again, other = read(body(), body(**ADVANCED), body(**ADVANCED), body(seqNumber="8"))
    assert [sample.channel for sample in plain.samples] == ["temperature_3"]
    assert [sample.channel for sample in advanced.samples] == ["rssi", "snr"]
    assert again.samples == ()
    assert [sample.channel for sample in other.samples] == ["temperature_3"]


def test_without_time_and_number_nothing_is_a_repetition() -> None:
    """Two equal bodies are two messages."""
    bare = body(time=..., seqNumber=...)
    assert [len(said.samples) for said in read(bare, bare)] == [1, 1]


def test_what_is_remembered_stays_small() -> None:
    """However many devices a topic makes up."""
    contexts: Contexts = {}
    for n in range(1500):
        outcome("sigfox/all", body(device=f"{n:08X}"), contexts=contexts)
    ((_, context),) = contexts.items()
    assert len(context.devices) <= 1000


@pytest.mark.parametrize(
    ("payload", "because"),
    [("", "empty payload"), ("[]", "a JSON object is due"), ("hello", "neither JSON nor a form"), ("{", "too early")],
)
def test_refusals(payload: str, because: str) -> None:
    """In plain words."""
    assert because in refusal(HERE, payload)
