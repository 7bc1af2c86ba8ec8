"""The secrets of a production installation: random, complete, never changed; and accounts for devices."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub import accounts, config, secretfiles
from hub.__main__ import main
from hub.accounts import Role
from hub.errors import ConfigError, UsageError

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def contents(folder: Path) -> dict[str, bytes]:
    """Return each file's content by its path."""
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def make(folder: Path) -> dict[str, bytes]:
    """Make what is missing, and return all there is."""
    secretfiles.make(folder, broker="mosquitto:1883", hosts=["localhost"], now=NOW)
    return contents(folder)


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    """Nothing but the rights is equal."""
    first, second = make(tmp_path / "a"), make(tmp_path / "b")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] == second[name]] == ["mosquitto/acl"]


def test_what_exists_is_never_changed(tmp_path: Path) -> None:
    """The command may run at every start; it says that nothing was missing."""
    first = make(tmp_path)
    assert secretfiles.make(tmp_path, broker="other:1", hosts=["other"], now=NOW) == []
    assert contents(tmp_path) == first


@pytest.mark.parametrize("lost", ["mosquitto/passwords", "hub/pin", "hub/influx-token", "mosquitto/acl"])
def test_what_was_lost_is_made_again_to_fit_the_rest(tmp_path: Path, lost: str) -> None:
    """The others stay, and still belong together."""
    first = make(tmp_path)
    (tmp_path / lost).unlink()
    second = make(tmp_path)
    assert {name for name in first if first[name] != second[name]} <= {lost}
    assert second["hub/influx-token"] == second["influxdb/token"]
    assert accounts.names(tmp_path / "mosquitto") == ["hub", "simulator"]


def test_the_password_is_kept_as_a_hash_only(tmp_path: Path) -> None:
    """As mosquitto_passwd 2 writes it."""
    make(tmp_path)
    password = accounts.add(tmp_path / "mosquitto", "fridge-1")
    kept = contents(tmp_path)
    assert not [name for name, content in kept.items() if password.encode() in content]
    assert b"fridge-1:$7$" in kept["mosquitto/passwords"]


NO_NAMES = ["+", "#", "a/b", "", " a", "a:b", "a\nb", "$SYS", "-x", "x" * 65, "é", "tele", "STAT", "cmnd", "hub"]


@pytest.mark.parametrize("name", [*NO_NAMES, "simulator", "matinales", "matinales-ask", "homeassistant", "shellies"])
def test_a_name_that_would_open_more_than_one_branch_is_refused(tmp_path: Path, name: str) -> None:
    """Wildcards, control characters, and branches that many share."""
    before = make(tmp_path)
    with pytest.raises(UsageError):
        accounts.add(tmp_path / "mosquitto", name)
    assert contents(tmp_path) == before


def test_an_account_is_not_replaced_unless_asked(tmp_path: Path) -> None:
    """A second `add` of a name is refused; --renew of one that is not there as well."""
    make(tmp_path)
    folder = tmp_path / "mosquitto"
    with pytest.raises(UsageError, match="no account"):
        accounts.add(folder, "fridge-1", renew=True)
    accounts.add(folder, "fridge-1")
    before = contents(folder)
    with pytest.raises(UsageError, match="--renew"):
        accounts.add(folder, "fridge-1")
    assert contents(folder) == before
    accounts.add(folder, "fridge-1", renew=True)
    assert contents(folder) != before
    assert accounts.names(folder) == ["hub", "simulator", "fridge-1"]


def test_an_integrator_reads_everything_once(tmp_path: Path) -> None:
    """Renewed, its rule is not written twice."""
    make(tmp_path)
    folder = tmp_path / "mosquitto"
    accounts.add(folder, "node-red", Role.INTEGRATOR)
    accounts.add(folder, "node-red", Role.INTEGRATOR, renew=True)
    assert (folder / "acl").read_text(encoding="utf-8").count("user node-red\ntopic read #\n") == 1


def test_without_the_files_the_remedy_is_named(tmp_path: Path) -> None:
    """`matinales secrets` comes first."""
    with pytest.raises(ConfigError, match="matinales secrets"):
        accounts.add(tmp_path, "fridge-1")


def test_the_commands_make_and_add(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No secret is printed but the new device's password, alone on standard output."""
    monkeypatch.chdir(tmp_path)
    assert main(["secrets"]) == 0
    said = capsys.readouterr().out
    pin = (tmp_path / "secrets/hub/pin").read_text(encoding="ascii").strip()
    assert pin not in said
    assert "secrets/hub/pin" in said.replace("\\", "/")
    assert main(["devices", "add", "fridge-1"]) == 0
    assert len(capsys.readouterr().out.split()) == 1
    assert main(["devices", "add", "+"]) == 2


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    """HUB_<NAME>_FILE: a secret that stands in no list of processes; the variable itself wins."""
    file = tmp_path / "url"
    file.write_text("mqtt://hub:secret@mosquitto:1883\n", encoding="utf-8")
    found = config.load(environ={"HUB_BROKER_URL_FILE": str(file)})
    assert found.broker_url == "mqtt://hub:secret@mosquitto:1883"
    both = {"HUB_BROKER_URL_FILE": str(file), "HUB_BROKER_URL": "mqtt://other:1883"}
    assert config.load(environ=both).broker_url == "mqtt://other:1883"
    assert config.load(environ={"HUB_BROKER_URL_FILE": ""}).broker_url is None
    with pytest.raises(ConfigError, match="HUB_BROKER_URL_FILE"):
        config.load(environ={"HUB_BROKER_URL_FILE": str(tmp_path / "none")})
