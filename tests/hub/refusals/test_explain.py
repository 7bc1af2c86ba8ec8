"""What people are told of a refusal: which family it looks like, where it fails, what to do."""

import re
from pathlib import Path

import pytest

from hub.errors import ConfigError
from hub.model import Message
from hub.refusals.explain import FOLDER, Explainer, Explanation, Words, load, where
from hub.registry import Contexts, Registry, load_drivers

DRIVERS = load_drivers()
EXPLAINER = Explainer(DRIVERS.values())
FILES = load()


def told(topic: str, payload: str | bytes) -> Explanation:
    """Return what is told of a message that the hub refuses."""
    data = payload.encode() if isinstance(payload, str) else payload
    outcome = Registry(DRIVERS).decode(Message(topic, data, 1), Contexts())
    assert outcome.decoded is None
    return EXPLAINER.explain(topic, data, outcome.reason or "", outcome.driver.model if outcome.driver else None)


@pytest.mark.parametrize(
    ("topic", "payload", "nearest", "remedy"),
    [
        ("zigbee2mqtt/kitchen/temperature", "21.5", "zigbee2mqtt", "Zigbee2MQTT must publish JSON"),
        ("zigbee2mqtt/kitchen/state", "ON", "zigbee2mqtt", "Zigbee2MQTT must publish JSON"),
        ("zb/kitchen", '{"linkquality":null,"battery":""}', "zigbee2mqtt", "Zigbee2MQTT on another base"),
        ("stat/kitchen/POWER", "AN", "tasmota", "StateText1 OFF"),
        ("tele/hub/SENSOR", '{"ZbReceived":{"0x1":{"Temperature":21}}}', "tasmota", "SetOption118"),
        ("kitchen/data", '{"Time":"2026-01-08T09:00:00","DS18B20":{"Id":"x"}}', "tasmota", "FullTopic"),
        ("application/a/device/b/event/up", b"\x0a\xff", "chirpstack", "json = true"),
        ("homie/x/y/z", "21", "homie", "retained by the broker"),
        ("serial/uno", b"\xfe\x00\x81", "serial-line", "HUB_SERIAL=auto@9600"),
        ("serial/uno", "Ready", "serial-line", "name:value"),
        ("sigfox/1", "device={device}", "sigfox", "Device Type"),
        ("owntracks/u/d", '{"_type":"encrypted"}', "owntracks", "Encryption key"),
        ("cellar/x", "21,5", None, "decimal point"),
        ("cellar/x", "{'temp': 21}", None, "json.dumps"),
        ("cellar/x", '{"temp": NaN}', None, "no JSON"),
        ("cellar/x", '{"temp":21,}', None, "comma after the last"),
        ("cellar/x", "21.5 °C", None, "without its unit"),
        ("cellar/x", "1;2;3", None, "Several numbers"),
        ("cellar/x", "temp=21", None, "serial port only"),
        ("cellar/x", "weather,room=a temp=21 1700000000", None, "line protocol"),
        ("cellar/x", "<xml/>", None, "XML"),
        ("cellar/x", '{"a":1', None, "buffer"),
        ("cellar/x", '{"a":1}{"a":2}', None, "one JSON document"),
        ("cellar/x", "", None, "erases"),
        ("$SYS/x", "a", None, "broker"),
    ],
)
def test_a_refusal_names_its_family_and_its_remedy(
    topic: str, payload: str | bytes, nearest: str | None, remedy: str
) -> None:
    """In both languages, with what would have been understood."""
    said = told(topic, payload)
    assert said.nearest == nearest
    assert said.remedy is not None
    assert remedy in said.remedy["en"]
    assert said.expected is not None
    assert all(set(each) == {"fr", "en"} for each in (said.reasons, said.remedy, said.expected))
    assert said.reasons["fr"] != said.reasons["en"]


@pytest.mark.parametrize(
    ("topic", "payload", "nearest"),
    [
        ("lab/events/rpc", "x", "shelly-gen2"),
        ("lab", '{"end_device_ids":{},"uplink_message":{}}', "the-things-stack"),
        ("old/spBv1.0/x", "y", "sparkplug"),
        ("a/state", "idle", None),
        ("house/status", "fine", None),
        ("sensor/1", '{"temperature":"hot","humidity":"wet"}', None),
    ],
)
def test_the_nearest_family_is_found_by_its_own_words(topic: str, payload: str, nearest: str | None) -> None:
    """By filters and examples of the drivers, nothing listed; a word that many use names nobody."""
    assert told(topic, payload).nearest == nearest


@pytest.mark.parametrize(
    ("payload", "reason", "shown"),
    [
        (b'{"temp":2x}', "not JSON: invalid character at byte 9", '{"temp":2▸x}'),
        (b'{"a":1', "not JSON: it ends too early, after 6 bytes", '{"a":1▸'),
        (b"[" + b"1," * 50 + b"x]", "not JSON: invalid character at byte 101", "…1,1,1,1,1,1,1,1,▸x]"),
        (b'{"\xc3\xa9\n":x}', "not JSON: invalid character at byte 7", '{"é·":▸x}'),
        (b"\xfe\x00", "not UTF-8 text (byte 0); in hex: fe 00", None),
        (b"short", "not JSON: invalid character at byte 999", None),
        (b"", "not JSON: invalid character at byte 0", None),
        (b"warm", "'warm' is not a number", None),
    ],
)
def test_the_place_where_it_fails_is_shown(payload: bytes, reason: str, shown: str | None) -> None:
    """The bytes around it, on one line, nothing that would break a screen."""
    assert where(payload, reason) == shown


@pytest.mark.parametrize("model", FILES, ids=lambda model: model or "common")
def test_a_file_of_words_belongs_to_a_driver_and_speaks_both_languages(model: str) -> None:
    """A hint without a condition would answer everything."""
    words = FILES[model]
    assert model == "" or model in DRIVERS
    assert words.expects is not None
    for text in (words.expects, *(hint.say for hint in words.hints)):
        assert set(text) == {"fr", "en"}
        assert all(each.strip() for each in text.values())
    french = [words.expects["fr"], *(hint.say["fr"] for hint in words.hints), *words.reasons.values()]
    assert not [each for each in french if re.search(r" [?!;%»:]|« |\w'\w", each)]
    for hint in words.hints:
        patterns = [each for each in (hint.topic, hint.payload, hint.reason) if each]
        assert patterns
        assert [*map(re.compile, patterns)]


def test_every_file_of_words_is_found() -> None:
    """One beside each driver that has something to say; nothing lists them."""
    assert {path.stem.replace("_", "-") for path in FOLDER.glob("*.toml")} == FILES.keys() - {""}


def test_a_mistake_in_a_file_of_words_is_named(tmp_path: Path) -> None:
    """The file, and what is wrong with it."""
    common = tmp_path / "common.toml"
    common.write_text("")
    for wrong in ("hint = 1", "[[hint]]\nreason = 'x'", "expect = 1"):
        (tmp_path / "acme.toml").write_text(wrong)
        with pytest.raises(ConfigError, match=r"acme\.toml: .*README"):
            load(tmp_path, common)


def test_a_driver_of_another_package_is_explained_without_words_of_its_own() -> None:
    """Its English reason stands for both."""
    said = Explainer(DRIVERS.values(), {"": Words()}).explain("acme/1", b"x", "no flux", "acme")
    assert said.reasons == {"fr": "no flux", "en": "no flux"}
    assert (said.nearest, said.expected, said.remedy) == (None, None, None)
