"""Settings: where they come from, and what a mistake in them says."""

from pathlib import Path
from typing import Any

import pytest

from hub.config import Config, changed, load
from hub.errors import ConfigError


def test_every_setting_has_a_default() -> None:
    """A hub starts with no file and no variable."""
    assert load(environ={}) == Config()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """And an empty variable says nothing."""
    (tmp_path / "hub.toml").write_text('web_port = 9000\nmqtt_port = 1884\nlang = "en"\n')
    config = load(tmp_path / "hub.toml", {"HUB_WEB_PORT": "9001", "HUB_LANG": ""})
    assert (config.web_port, config.mqtt_port, config.lang) == (9001, 1884, "en")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lang = fr", "hub.toml: is not valid TOML.*line 1"),
        ('mqtt_port = "http"', "hub.toml: mqtt_port is 'http'.*int"),
        ("mqtt_prot = 1883", "unknown setting 'mqtt_prot'; known: .*mqtt_port"),
        ('lang = "de"', "lang is 'de': write fr or en"),
        ("ask = true", "ask is True: write on or off"),
        ('store = "oracle"', "store is 'oracle': write sqlite or influx"),
        ('tz = "Europe/Angers"', "tz is 'Europe/Angers'.*Europe/Paris"),
        ("web_port = 70000", "web_port is 70000: .*65535"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    """What, where, and what it should be."""
    path = tmp_path / "hub.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        load(path, {})


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    path = tmp_path / "hub.toml"
    with pytest.raises(ConfigError, match=r"no such file.*--config"):
        load(path, {})
    path.write_bytes(b'lang = "\xff"')
    with pytest.raises(ConfigError, match="UTF-8 text at byte 8"):
        load(path, {})


def test_a_mistake_in_a_variable_is_named() -> None:
    """By the variable's own name."""
    with pytest.raises(ConfigError, match="HUB_MQTT_PORT: mqtt_port is 'http'"):
        load(environ={"HUB_MQTT_PORT": "http"})


@pytest.mark.parametrize("option", [{"web_port": 336551}, {"mqtt_port": -1}])
def test_an_option_is_checked_like_a_setting(option: dict[str, Any]) -> None:
    """A port that cannot be is refused before anything starts."""
    with pytest.raises(ConfigError, match="a port lies between 0 and 65535"):
        changed(Config(), **option)


def test_an_option_that_was_not_given_changes_nothing() -> None:
    """The file's word stands."""
    assert changed(Config(web_port=9000), web_port=None, mqtt_port=0) == Config(web_port=9000, mqtt_port=0)


def test_payload_formats_are_a_table(tmp_path: Path) -> None:
    """Of devices, in the file; as text in the environment, which wins. A device's name may hold `=`."""
    (tmp_path / "hub.toml").write_text('[payload_formats]\n"tts:app1:cold-room" = "cayenne-lpp"\n')
    assert load(tmp_path / "hub.toml", {}).payload_formats == {"tts:app1:cold-room": "cayenne-lpp"}
    text = "sigfox:4D5E6F=cayenne-lpp, chirpstack:a=b=bthome"
    assert load(tmp_path / "hub.toml", {"HUB_PAYLOAD_FORMATS": text}).payload_formats == {
        "sigfox:4D5E6F": "cayenne-lpp",
        "chirpstack:a=b": "bthome",
    }


@pytest.mark.parametrize("text", ["cayenne-lpp", "a=", "=b", "a=b,"])
def test_a_mistake_in_the_payload_formats_is_named(text: str) -> None:
    """With an example."""
    with pytest.raises(ConfigError, match=r"HUB_PAYLOAD_FORMATS: .* is not name=value"):
        load(environ={"HUB_PAYLOAD_FORMATS": text})


FOREIGN = {"HUB_BROKER_URL": "mqtt://plant.example"}


@pytest.mark.parametrize(
    ("environ", "may"),
    [
        ({}, True),
        (FOREIGN, False),
        (FOREIGN | {"HUB_COMMANDS": "on"}, True),
        (FOREIGN | {"HUB_ASK": "on"}, False),
        ({"HUB_COMMANDS": "off"}, False),
    ],
)
def test_real_devices_of_somebody_elses_broker_are_commanded_with_consent_only(
    environ: dict[str, str], *, may: bool
) -> None:
    """Asking devices to speak is not switching them."""
    assert load(environ=environ).commands_real is may


@pytest.mark.parametrize(
    ("topics", "filters"),
    [
        ("#", ("#",)),
        (" tele/# , zigbee2mqtt/+ ,", ("tele/#", "zigbee2mqtt/+")),
        (",", ("#",)),
        ("$share/hub/#,$share/hub/tele/+", ("#", "tele/+")),
    ],
)
def test_the_topics_wanted_are_a_list(topics: str, filters: tuple[str, ...]) -> None:
    """Commas and spaces between them; none is all."""
    assert load(environ={"HUB_TOPICS": topics}).filters == filters


INFLUX = {
    "HUB_STORE": "influx",
    "HUB_INFLUX_URL": "http://127.0.0.1:8086",
    "HUB_INFLUX_TOKEN": "secret-word",
    "HUB_INFLUX_ORG": "bakery",
    "HUB_INFLUX_BUCKET": "cold room.1",
}


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"raw_days": -1}, "raw_days is -1: give days, 0 for ever"),
        ({"history_days": 99_999}, "history_days is 99999"),
        ({"raw_days": 30, "history_days": 7}, "history_days is 7, less than raw_days"),
    ],
)
def test_days_that_cannot_be_kept_are_refused(days: dict[str, Any], said: str) -> None:
    """With the setting's name."""
    with pytest.raises(ConfigError, match=said):
        changed(Config(), **days)


@pytest.mark.parametrize("days", [{"raw_days": 0}, {"history_days": 0}, {"raw_days": 400, "history_days": 400}])
def test_days_may_be_for_ever_or_the_same(days: dict[str, Any]) -> None:
    """0 is for ever, and who wants no thinning gives both the same."""
    assert changed(Config(), **days) == Config(**days)


def test_influxdb_is_named_by_four_settings() -> None:
    """Address, token, organization, bucket."""
    config = load(environ=INFLUX)
    assert (config.store, config.influx_url, config.influx_org) == ("influx", "http://127.0.0.1:8086", "bakery")


@pytest.mark.parametrize("name", ["HUB_INFLUX_URL", "HUB_INFLUX_TOKEN", "HUB_INFLUX_ORG", "HUB_INFLUX_BUCKET"])
def test_a_setting_of_influxdb_that_is_missing_is_named(name: str) -> None:
    """With the variable to set."""
    with pytest.raises(ConfigError, match=f"set {name}"):
        load(environ={**INFLUX, name: ""})


@pytest.mark.parametrize("url", ["127.0.0.1:8086", "ftp://host", "http://", "http://token@host:8086"])
def test_an_address_of_influxdb_that_cannot_be_is_refused(url: str) -> None:
    """An example says what it should be."""
    with pytest.raises(ConfigError, match="write for instance http://"):
        load(environ={**INFLUX, "HUB_INFLUX_URL": url})


@pytest.mark.parametrize("bucket", ["_system", 'a"b', "a${b}", "a\\b", "a\nb", "x" * 101])
def test_a_bucket_that_would_mean_something_in_flux_is_refused(bucket: str) -> None:
    """The down-sampling task holds its name as text."""
    with pytest.raises(ConfigError, match="influx_bucket is"):
        load(environ={**INFLUX, "HUB_INFLUX_BUCKET": bucket})


def test_the_token_is_shown_to_nobody() -> None:
    """Neither in a log nor in an error."""
    assert "secret-word" not in repr(load(environ=INFLUX))
    assert "'bakery'" in repr(load(environ=INFLUX))
