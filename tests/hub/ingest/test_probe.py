"""A broker's limits are found out by trying, and nothing is left on it."""

from pathlib import Path

import pytest

from hub.ingest import probe
from servers.production import production
from servers.publisher import Publisher

DEFAULTS = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location data/"
pytestmark = pytest.mark.mosquitto


def test_mosquittos_defaults_are_found(tmp_path: Path) -> None:
    """1,000 kept, 20 under way: the rest was confirmed to its sender and is gone."""
    with production(tmp_path, DEFAULTS) as broker:
        found = probe.look(broker.hub_url, listen_s=0.1)
    assert found == probe.Limits(published=1500, kept=1000, window=20, session=True, large=True, rate=0.0)


def test_the_shipped_file_keeps_all_and_lets_all_be_under_way(tmp_path: Path) -> None:
    """By the hub's own account."""
    with production(tmp_path) as broker:
        found = probe.look(broker.hub_url, listen_s=0.1)
    assert (found.kept, found.window, found.session, found.large) == (1500, 1500, True, True)


def test_a_small_packet_limit_is_found(tmp_path: Path) -> None:
    """Which would cut Zigbee2MQTT for ever."""
    with production(tmp_path, f"{DEFAULTS}\nmax_packet_size 65536") as broker:
        assert not probe.look(broker.hub_url, messages=3, listen_s=0.1, quiet_s=0.2).large


def test_nothing_is_left_on_the_broker(tmp_path: Path) -> None:
    """No session and nothing retained: what Mosquitto writes down at its end names neither."""
    with production(tmp_path, DEFAULTS) as broker:
        probe.look(broker.hub_url, messages=3, listen_s=0.1, quiet_s=0.2)
        with Publisher(broker.port, "other") as other:
            other.say("somebody/else", b"1", retain=True)
            other.say_all(iter(()))
    written = (tmp_path / "data" / "mosquitto.db").read_bytes()
    assert b"somebody/else" in written
    assert b"doctor" not in written


def test_a_wrong_password_is_said(tmp_path: Path) -> None:
    """In words."""
    with production(tmp_path) as broker:
        wrong = f"mqtt://hub:wrong@127.0.0.1:{broker.port}"
        with pytest.raises(ConnectionError, match="refuses the account"):
            probe.look(wrong)


def test_an_account_that_may_not_write_there_is_not_mistaken_for_a_short_queue(tmp_path: Path) -> None:
    """Mosquitto confirms and drops: nothing comes back, which is what a hub with these rights would get."""
    with production(tmp_path, device="secret") as broker:
        found = probe.look(f"mqtt://device:secret@127.0.0.1:{broker.port}", messages=3, listen_s=0.1, quiet_s=0.2)
    assert (found.published, found.kept) == (3, 0)
