"""`matinales doctor` says what the hub's own broker can hold devices to, and whether they may come by TLS."""

from pathlib import Path

import pytest

from hub import broker, provisioned
from hub.cli import doctor
from hub.cli._broker_checks import doors
from hub.config import Config
from hub.lan.keeper import FOLDER, SERVER, Keeper

WORDS = doctor.sentences()


def living(monkeypatch: pytest.MonkeyPatch, listen: str = "0.0.0.0") -> None:
    """Let a broker live at port 1884."""
    state = broker.State(pid=1, created=0.0, config="", listen=listen, port=1884)
    monkeypatch.setattr(broker, "alive", lambda _folder: state)


def said(data: Path, config: Config | None = None) -> list[tuple[str, str]]:
    """Return each finding's code and sentence."""
    found = list(doors(config or Config(), data))
    return [(each.code, doctor.line(each, "en", WORDS)["text"]) for each in found]


def test_without_a_broker_of_ours_there_is_nothing_to_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody lives, or it is somebody else's."""
    assert said(tmp_path) == []
    living(monkeypatch)
    assert said(tmp_path, Config(broker_url="mqtt://elsewhere")) == []


def test_on_loopback_nobody_else_can_say_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No finding to worry about."""
    living(monkeypatch, "127.0.0.1")
    assert [code for code, _ in said(tmp_path)] == ["rights_closed"]


@pytest.mark.parametrize(
    ("file", "code"),
    [("broker.toml", "rights_embedded"), ("broker.conf", "rights_mosquitto"), ("x", "rights_embedded")],
)
def test_in_a_room_it_says_what_each_kind_can_hold_devices_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, code: str
) -> None:
    """And how many have an account; without TLS, that it is read on the network."""
    living(monkeypatch)
    provisioned.add(tmp_path, "fridge-1")
    if file != "x":
        broker.write_config(tmp_path / file, listen="0.0.0.0", port=1884, user="matinales", password="p")
    (first, text), (second, _) = said(tmp_path)
    assert (first, second) == (code, "tls_none")
    assert "1" in text


def test_tls_is_told_with_its_port_and_its_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a device is given to trust."""
    living(monkeypatch)
    Keeper(tmp_path).renew([])
    tls = broker.Tls(8884, tmp_path / FOLDER / SERVER)
    broker.write_config(tmp_path / "broker.toml", listen="0.0.0.0", port=1884, user="m", password="p", tls=tls)
    (_, (code, text)) = said(tmp_path)
    assert code == "tls_served"
    assert "8884" in text
    assert "authority.pem" in text
