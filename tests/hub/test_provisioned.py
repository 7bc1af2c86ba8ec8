"""MQTT accounts of devices at the hub's own broker: given, shown once, ended with their session, revoked."""

import stat
import sys
from pathlib import Path

import pytest

from hub import provisioned
from hub.__main__ import main
from hub.accounts import Role
from hub.cli import _accounts
from hub.errors import ConfigError, NotFoundError, UsageError
from hub.provisioning import AccountWish, Provisioning, Sitting, holding
from hub.setup import broker_of
from servers.web import provisioning

SITTING = Sitting("s-1", "Boulangers & Co.")


def test_a_password_is_random_long_and_in_a_file_of_its_owner_only(tmp_path: Path) -> None:
    """Two accounts differ, and two installations."""
    first, second = (provisioned.add(tmp_path, name) for name in ("fridge-1", "fridge-2"))
    assert first != second
    assert len(first) == 20
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / provisioned.FILE).stat().st_mode) == 0o600


def test_once_mosquitto_has_its_hash_the_password_is_nowhere(tmp_path: Path) -> None:
    """The embedded broker needs the word; Mosquitto does not."""
    password = provisioned.add(tmp_path, "fridge-1")
    assert password in (tmp_path / provisioned.FILE).read_text()
    provisioned.hashed_only(tmp_path)
    assert password not in (tmp_path / provisioned.FILE).read_text()
    assert provisioned.listed(tmp_path)["fridge-1"].line.startswith("fridge-1:$7$")
    assert password not in repr(provisioned.listed(tmp_path))


@pytest.mark.parametrize("name", ["", "+", "a/b", "hub", "matinales", "$SYS", "tele", "a:b", "é", "x" * 65])
def test_a_name_that_would_open_more_is_refused(tmp_path: Path, name: str) -> None:
    """As at a Mosquitto of one's own."""
    with pytest.raises(UsageError):
        provisioned.add(tmp_path, name)
    assert provisioned.listed(tmp_path) == {}


def test_a_taken_name_is_renewed_only_when_asked(tmp_path: Path) -> None:
    """Renewed, it stays what it was."""
    provisioned.add(tmp_path, "fridge-1", Role.INTEGRATOR, session="s-1")
    with pytest.raises(UsageError, match="--renew"):
        provisioned.add(tmp_path, "fridge-1")
    with pytest.raises(UsageError, match="no account to renew"):
        provisioned.add(tmp_path, "fridge-2", renew=True)
    before = provisioned.listed(tmp_path)["fridge-1"]
    provisioned.add(tmp_path, "fridge-1", renew=True)
    after = provisioned.listed(tmp_path)["fridge-1"]
    assert (after.role, after.session) == (Role.INTEGRATOR, "s-1")
    assert after.line != before.line


def test_accounts_of_a_session_that_is_over_end_and_others_stay(tmp_path: Path) -> None:
    """Those given until the archive."""
    accounts = provisioning(tmp_path)
    made = accounts.give(AccountWish(role=Role.SESSION), SITTING)
    accounts.give(AccountWish(name="oven", until_archive=True), SITTING)
    accounts.give(AccountWish(name="fridge-1"), SITTING)
    assert made["name"].startswith("boulangers-co-")
    accounts.end(SITTING)
    assert len(provisioned.listed(tmp_path)) == 3
    accounts.end(Sitting("s-2", "Menuisiers"))
    assert set(provisioned.listed(tmp_path)) == {"fridge-1"}
    accounts.end(None)
    assert set(provisioned.listed(tmp_path)) == {"fridge-1"}


def test_without_a_session_nothing_can_end_with_it(tmp_path: Path) -> None:
    """It says what to start."""
    with pytest.raises(UsageError, match="no workshop session"):
        provisioning(tmp_path).give(AccountWish(name="oven", until_archive=True), None)


def test_what_is_told_holds_no_secret_and_says_what_the_broker_can_do(tmp_path: Path) -> None:
    """In both languages; on loopback that accounts do not count yet."""
    made = provisioning(tmp_path).give(AccountWish(name="oven"), None)
    told = provisioning(tmp_path).told()
    assert made["password"] not in repr(told)
    assert [each["name"] for each in told["accounts"]] == ["oven"]
    assert "may say and hear anything" in told["broker"]["rights"]["en"]
    assert "--lan" in provisioning(tmp_path, is_open=False).told()["broker"]["rights"]["fr"]


def test_the_addresses_hold_everything_and_tls_comes_first(tmp_path: Path) -> None:
    """To copy, or as a code."""
    made = provisioning(tmp_path).give(AccountWish(name="oven"), None)
    login = f"oven:{made['password']}@192.0.2.7"
    assert made["urls"] == [f"mqtts://{login}:8883", f"mqtt://{login}:1883"]


def test_a_foreign_broker_gets_no_account_from_us(tmp_path: Path) -> None:
    """The remedy names where they are given."""
    foreign = Provisioning(tmp_path, "foreign", lambda: broker_of("mqtt://broker.example", [], is_ours=False))
    with pytest.raises(UsageError, match="--secrets"):
        foreign.give(AccountWish(name="oven"), None)


def test_an_unknown_name_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(NotFoundError, match="devices accounts"):
        provisioned.revoke(tmp_path, "oven")
    (tmp_path / provisioned.FILE).write_text("[]")
    with pytest.raises(ConfigError, match="remove it"):
        provisioned.listed(tmp_path)


def test_an_account_is_revoked_by_one_reading_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody else may write it: between two readings another command could have revoked it."""
    provisioned.add(tmp_path, "oven")
    looks = []

    def look(folder: Path) -> dict[str, provisioned.Account]:
        looks.append(folder)
        return listed(folder)

    listed = provisioned.listed
    monkeypatch.setattr(provisioned, "listed", look)
    provisioned.revoke(tmp_path, "oven")
    assert looks == [tmp_path]
    assert listed(tmp_path) == {}


def test_it_is_held_once_the_broker_knows_the_account_as_it_stands_now(tmp_path: Path) -> None:
    """Whoever else changed it meanwhile: nobody waits for what is wanted no more."""
    known: dict[str, provisioned.Account] = {}
    there = broker_of("mqtt://127.0.0.1:1883", ["192.0.2.7"], is_ours=True)
    accounts = Provisioning(
        tmp_path, "mosquitto", lambda: there, lambda name, account: account is not None and known.get(name) == account
    )
    accounts.give(AccountWish(name="oven"), None)
    assert not accounts.is_held("oven")
    accounts.revoke("oven")
    accounts.give(AccountWish(name="oven"), None)
    known |= provisioned.listed(tmp_path)
    assert accounts.is_held("oven")


def test_on_loopback_nothing_is_waited_for(tmp_path: Path) -> None:
    """There the broker asks nobody for a name."""
    there = broker_of("mqtt://127.0.0.1:1883", [], is_ours=True)
    assert Provisioning(tmp_path, "embedded", lambda: there, lambda *_: False).is_held("oven")


def test_there_is_an_end_to_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broker's file stays small."""
    monkeypatch.setattr(provisioned, "MOST", 1)
    provisioned.add(tmp_path, "a")
    with pytest.raises(UsageError, match="revoke"):
        provisioned.add(tmp_path, "b")


def test_mosquitto_s_rights_follow_the_roles(tmp_path: Path) -> None:
    """A device has the shipped patterns, an integrator hears, a session's account says what any device may."""
    for name, role in (("oven", Role.DEVICE), ("node-red", Role.INTEGRATOR), ("room-1", Role.SESSION)):
        provisioned.add(tmp_path, name, role)
    said = provisioned.rights(provisioned.listed(tmp_path))
    assert "user oven" not in said
    assert "user node-red\ntopic read #\n" in said
    assert "user room-1\ntopic readwrite #\ntopic deny matinales/#\n" in said


def test_the_command_gives_lists_and_revokes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a hub: the next one reads them; a session is the living hub's."""
    monkeypatch.chdir(tmp_path)
    data = ("--data", str(tmp_path / "data"))
    assert main(["devices", "add", "fridge-1", *data]) == 0
    said = capsys.readouterr().out
    assert "user      fridge-1" in said
    password = said.partition("password  ")[2].split()[0]
    assert main(["devices", "accounts", *data]) == 0
    out, err = capsys.readouterr()
    assert "fridge-1" in out
    assert password not in out + err
    assert main(["devices", "add", "--session", *data]) == 2
    assert main(["devices", "revoke", "fridge-1", *data]) == 0
    assert main(["devices", "revoke", "fridge-1", *data]) == 2


def test_the_command_shows_a_new_password_and_warns_where_the_broker_has_not_taken_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is changed: an error would have lost the only time that the password is seen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_accounts, "holding", lambda done, **_: holding(done, is_held=False))
    data = ("--data", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    provisioned.add(tmp_path / "data", "oven")
    assert main(["devices", "add", "oven", "--renew", *data]) == 0
    out, err = capsys.readouterr()
    assert str(provisioned.listed(tmp_path / "data")["oven"].password) in out
    assert "may still take the one before" in err
    assert main(["devices", "revoke", "oven", *data]) == 0
    out, err = capsys.readouterr()
    assert "oven has no account any more" in out
    assert "its device may still come in" in err
