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
        ('lang = "de"', "lang is 'de'"),
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


INFLUX = {
    "HUB_STORE": "influx",
    "HUB_INFLUX_URL": "http://127.0.0.1:8086",
    "HUB_INFLUX_TOKEN": "secret-word",
    "HUB_INFLUX_ORG": "bakery",
    "HUB_INFLUX_BUCKET": "cold room.1",
}


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
