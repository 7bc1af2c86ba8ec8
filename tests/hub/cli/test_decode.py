"""`matinales decode` prints what the hub would understand, in the shape that scripts rely on."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.__main__ import main
from servers.workers import usecases

SENSOR = "tele/kitchen/SENSOR"
TELEGRAM = (
    '{"Time":"2026-01-08T09:00:00","BME280":{"Temperature":21.7,"Humidity":40.5,"Pressure":1001.2},"TempUnit":"C"}'
)
Decode = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def decode(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Decode:
    """Lend a call of `decode … --json` that gives exit status and object; the bundled use cases are read once."""
    monkeypatch.setenv("HUB_TZ", "Europe/Paris")
    monkeypatch.setattr("hub.cli.decode.load_all", usecases)

    def call(*arguments: str) -> tuple[int, dict[str, Any]]:
        status = main(["decode", *arguments, "--json"])
        out = capsys.readouterr().out
        assert out.count("\n") == 1
        return status, json.loads(out)

    return call


def test_the_shape_that_scripts_rely_on(decode: Decode) -> None:
    """Exactly these keys, local time in the hub's zone, exit 0."""
    at = "2026-01-08T08:00:00Z"
    assert decode(SENSOR, TELEGRAM) == (
        0,
        {
            "driver": "tasmota",
            "device": "tasmota:kitchen",
            "kind": "readings",
            "readings": [
                {"channel": "temperature", "value": 21.7, "unit": "°C", "time": at, "quality": "good"},
                {"channel": "humidity", "value": 40.5, "unit": "%", "time": at, "quality": "good"},
                {"channel": "pressure", "value": 1001.2, "unit": "hPa", "time": at, "quality": "good"},
            ],
            "availability": None,
            "rejected": [],
        },
    )


def test_refused_whole(decode: Decode) -> None:
    """The object is printed all the same, with the reason; exit 1."""
    status, shape = decode(SENSOR, TELEGRAM[:-5])
    assert (status, shape["kind"], shape["readings"], shape["driver"]) == (1, None, [], "tasmota")
    assert [each["field"] for each in shape["rejected"]] == ["payload"]
    assert "ends too early" in shape["rejected"][0]["reason"]


def test_every_field_rejected_is_refused_whole(decode: Decode) -> None:
    """The same shape."""
    status, shape = decode(SENSOR, '{"DS18B20":{"Temperature":null}}')
    assert (status, shape["kind"], shape["readings"]) == (1, None, [])
    assert shape["rejected"][0]["field"] == "payload"
    assert "DS18B20.Temperature" in shape["rejected"][0]["reason"]


def test_one_field_rejected(decode: Decode) -> None:
    """Field and reason; exit 0."""
    status, shape = decode(SENSOR, '{"BME280":{"Temperature":null,"Humidity":127.5}}')
    assert status == 0
    assert shape["rejected"] == [{"field": "BME280.Temperature", "reason": "no value (null)"}]
    assert shape["readings"] == [
        {"channel": "humidity", "value": 127.5, "unit": "%", "time": None, "quality": "uncertain"}
    ]


@pytest.mark.parametrize(
    ("topic", "payload", "kind", "availability"),
    [
        ("tele/kitchen/LWT", "Online", "availability", "online"),
        ("shellies/plus1pm/online", "false", "availability", "offline"),
        ("zigbee2mqtt/bridge/state", "online", "availability", "online"),
        ("zigbee2mqtt/bridge/devices", "[]", "discovery", None),
        ("cmnd/kitchen/Power", "", "command", None),
        ("zigbee2mqtt/bridge/logging", "{}", "housekeeping", None),
        ("matinales/sim/x/clock", "{}", "housekeeping", None),
    ],
)
def test_what_is_no_reading(decode: Decode, topic: str, payload: str, kind: str, availability: str | None) -> None:
    """Understood: a kind other than `readings`, exit 0."""
    status, shape = decode(topic, payload)
    assert (status, shape["kind"], shape["availability"], shape["readings"]) == (0, kind, availability, [])


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-01-08T09:00:00+05:30", "2026-01-08T03:30:00Z"),
        ("2026-07-08T09:00:00", "2026-07-08T07:00:00Z"),
        ("2026-01-08T09:00:00.123456789Z", "2026-01-08T09:00:00.123456789Z"),
        ("2026-01-08T09:00:00.500Z", "2026-01-08T09:00:00.5Z"),
        ("2099-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:12", None),
    ],
)
def test_times(decode: Decode, stamp: str, time: str | None) -> None:
    """Its own plausible time in UTC, decimals as many as it has; else null."""
    _, shape = decode(SENSOR, json.dumps({"Time": stamp, "BME280": {"Temperature": 20}}))
    assert shape["readings"][0]["time"] == time


def test_the_payload_in_other_forms(decode: Decode, tmp_path: Path) -> None:
    """Hexadecimal, base64, a file: the same answer."""
    payload = TELEGRAM.encode()
    (tmp_path / "payload").write_bytes(payload)
    expected = decode(SENSOR, TELEGRAM)
    assert decode(SENSOR, "--hex", payload.hex(" ")) == expected
    assert decode(SENSOR, "--base64", base64.b64encode(payload).decode()) == expected
    assert decode(SENSOR, "--file", str(tmp_path / "payload")) == expected


@pytest.mark.parametrize("text", ["-5.2", "-1e3", "0"])
def test_a_negative_number_is_a_payload(decode: Decode, text: str) -> None:
    """It is no option."""
    status, shape = decode("a/b", text)
    assert (status, shape["readings"][0]["value"]) == (0, float(text))


def test_a_context_of_earlier_messages(decode: Decode, tmp_path: Path) -> None:
    """One object a line: payload as text, as JSON or in hex; refused ones are passed over."""
    exposes = [{"type": "numeric", "property": "temperature", "unit": "°F"}]
    devices = [{"ieee_address": "0x1", "type": "EndDevice", "friendly_name": "a/b", "definition": {"exposes": exposes}}]
    context = tmp_path / "context.jsonl"
    lines: list[dict[str, object]] = [
        {"topic": "z2m/bridge/devices", "payload": json.dumps(devices), "retained": True},
        {"topic": "z2m/bridge/state", "payload_hex": b"online".hex()},
        {"topic": "z2m/bridge/info", "payload": {"version": "2"}},
        {"topic": "z2m/nonsense", "payload": "x"},
    ]
    context.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n", encoding="utf-8")
    status, shape = decode("z2m/a/b", '{"temperature":68}', "--context", str(context))
    assert (status, shape["driver"], shape["readings"][0]["value"]) == (0, "zigbee2mqtt", 20)
    assert decode("z2m/a/b", '{"temperature":68}')[1]["driver"] == "generic"


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        ((), "give the payload once"),
        (("x", "--hex", "00"), "TEXT and --hex"),
        (("--hex", "0g"), "--hex: not hexadecimal"),
        (("--base64", "!!"), "--base64: not base64"),
        (("--file", "not/there"), "not there cannot be read".replace("not there", str(Path("not/there")))),
        (("x", "--context", "not/there"), "--context"),
    ],
)
def test_wrong_usage_names_the_argument(
    arguments: tuple[str, ...], remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and what to change."""
    assert main(["decode", "a/b", *arguments]) == 2
    assert remedy in capsys.readouterr().err


def test_a_broken_context_names_the_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line and what a line is."""
    context = tmp_path / "context.jsonl"
    context.write_text('{"topic":"a/b","payload":"1"}\n{"topic":5}\n', encoding="utf-8")
    assert main(["decode", "a/b", "1", "--context", str(context)]) == 2
    assert "line 2" in capsys.readouterr().err


@pytest.mark.parametrize(
    "payload", [b"", b"\xff\xfe", b"[" * 10_000, b"9" * 10_000, b"{}{}", b"\0" * 64, b"\xef\xbb\xbf"]
)
@pytest.mark.parametrize("topic", [SENSOR, "a/b", "p/events/rpc", "zigbee2mqtt/x", "$SYS/x", "/", "a/+/#", "é/<b>/.."])
def test_any_bytes_on_any_topic_are_answered(decode: Decode, topic: str, payload: bytes) -> None:
    """One object, always; exit 1 with a reason where nothing was understood."""
    status, shape = decode(topic, "--hex", payload.hex())
    assert (status == 0) is (shape["kind"] is not None)
    assert status == 0 or shape["rejected"][0]["reason"]


def test_people_read_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json: who, what, and why not."""
    assert main(["decode", SENSOR, '{"DS18B20-1":{"Temperature":-127},"DS18B20-2":{"Temperature":null}}']) == 0
    out = capsys.readouterr().out
    assert "tasmota · tasmota:kitchen · readings" in out
    assert "temperature_ds18b20_1  -127 °C  at arrival  (bad)" in out
    assert "rejected DS18B20-2.Temperature: no value (null)" in out
    assert main(["decode", "zigbee2mqtt/b", '{"action":"single"}']) == 0
    assert "event action: single" in capsys.readouterr().out
    assert main(["decode", "a/b", "hello"]) == 1
    assert "not understood by generic: 'hello' is not a number" in capsys.readouterr().out


def test_a_broken_zone_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The setting is what is wrong, not the payload."""
    monkeypatch.setenv("HUB_TZ", "Europe/Nowhere")
    assert main(["decode", "a/b", "1"]) == 2
    assert "Europe/Nowhere" in capsys.readouterr().err


UPLINK = "v3/app1/devices/cold-room/up"
BYTES = '{"uplink_message":{"frm_payload":"A2cBEAVnAP8="}}'


def test_bytes_inside_a_message_are_never_guessed(decode: Decode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a chosen format it says so; with one, by option or by setting, they are read."""
    monkeypatch.delenv("HUB_PAYLOAD_FORMATS", raising=False)
    status, shape = decode(UPLINK, BYTES)
    assert (status, shape["kind"], shape["readings"]) == (0, "availability", [])
    assert "no payload format is chosen for tts:app1:cold-room" in shape["rejected"][0]["reason"]
    status, shape = decode(UPLINK, BYTES, "--format", "cayenne-lpp")
    assert (status, shape["kind"], shape["rejected"]) == (0, "readings", [])
    assert [each["channel"] for each in shape["readings"]] == ["temperature_3", "temperature_5"]
    monkeypatch.setenv("HUB_PAYLOAD_FORMATS", "tts:app1:cold-room=cayenne-lpp")
    assert decode(UPLINK, BYTES) == (status, shape)


def test_an_unknown_format_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With those there are; exit 2."""
    assert main(["decode", UPLINK, BYTES, "--format", "tasmota"]) == 2
    err = capsys.readouterr().err
    assert "'tasmota'" in err
    assert "cayenne-lpp" in err


@pytest.mark.parametrize(
    ("topic", "payload", "lines"),
    [
        (
            "zigbee2mqtt/kitchen/temperature",
            "21.5",
            ["not understood by zigbee2mqtt: a JSON object", "expected: one JSON object", "remedy: Zigbee2MQTT must"],
        ),
        (
            "zb/kitchen",
            '{"linkquality":null}',
            ["not understood by generic", "looks like: Zigbee2MQTT", "remedy: This looks like Zigbee2MQTT on another"],
        ),
        ("cellar", '{"a":1,}', ['fails at ▸: {"a":1,▸}', "remedy: Remove the comma"]),
        ("cellar", '{"a":1,"b":"1,5"}', ["rejected b: '1,5'", "remedy: Send a decimal point"]),
    ],
)
def test_people_are_told_the_family_the_place_and_the_remedy(
    capsys: pytest.CaptureFixture[str], topic: str, payload: str, lines: list[str]
) -> None:
    """In this order, one line each."""
    main(["decode", topic, payload])
    out = capsys.readouterr().out
    assert [*map(out.find, lines)] == sorted(map(out.find, lines))
    assert out.find(lines[0]) >= 0
