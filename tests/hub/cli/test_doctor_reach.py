"""`matinales doctor` on what stands between this machine and the room, and on what is installed."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.cli import _checks, _package_checks, _reach_checks, doctor
from hub.cli._causes import cause
from hub.cli._checks import Finding
from hub.config import Config
from hub.kept import GUESTS
from hub.lan.keeper import Keeper
from hub.registry import load_bundled
from hub.store.file import StoreFile
from hub.store.state import StateStore

WORDS = doctor.sentences()
TODAY = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
HOME = "192.168.7.20"
HERE = Config(web_port=8080, mqtt_port=1883)


def answering(said: Mapping[str, str]) -> _reach_checks.Ask:
    """Return a system that knows these commands, by their first word."""

    def ask(command: Sequence[str]) -> str | None:
        return said.get(command[0].rpartition("/")[2])

    return ask


def remedy(finding: Finding, lang: str = "en") -> str:
    """Return what to do."""
    said = doctor.line(finding, lang, WORDS)["remedy"]
    assert said is not None
    return str(said)


@pytest.mark.parametrize(
    ("platform", "said", "line"),
    [
        ("win32", {}, "netsh advfirewall firewall add rule"),
        ("darwin", {"socketfilterfw": "Firewall is enabled. (State = 1)"}, "socketfilterfw --add"),
        ("linux", {"firewall-cmd": "running"}, "sudo firewall-cmd --add-port=1883/tcp --add-port=8080/tcp"),
    ],
)
def test_each_firewall_has_its_line_to_type(platform: str, said: Mapping[str, str], line: str, tmp_path: Path) -> None:
    """With the ports of this hub in it; worth knowing, no fault."""
    found = _reach_checks.firewall(HERE, platform, answering(said), tmp_path / "none")
    assert found.ok is None
    assert line in remedy(found)
    assert line in remedy(found, "fr")


def test_ufw_is_known_by_its_settings(tmp_path: Path) -> None:
    """`ufw status` is root's; the file is everybody's. On a foreign broker its port is not this machine's business."""
    settings = tmp_path / "ufw.conf"
    settings.write_text("# /etc/ufw/ufw.conf\nENABLED=yes\nLOGLEVEL=low\n")
    config = Config(web_port=9000, https_port=9443, broker_url="mqtt://elsewhere")
    found = _reach_checks.firewall(config, "linux", answering({}), settings)
    assert remedy(found).endswith("sudo ufw allow 9000/tcp && sudo ufw allow 9443/tcp")
    settings.write_text("ENABLED=no\n")
    assert _reach_checks.firewall(config, "linux", answering({}), settings).ok is True


def test_where_no_firewall_is_known_nothing_is_to_be_done(tmp_path: Path) -> None:
    """Neither program is there, or it says that it is off."""
    off = answering({"firewall-cmd": "not", "socketfilterfw": "Firewall is disabled. (State = 0)"})
    assert _reach_checks.firewall(HERE, "linux", answering({}), tmp_path / "none").code == "firewall_none"
    assert _reach_checks.firewall(HERE, "darwin", off, tmp_path / "none").code == "firewall_none"


@pytest.mark.parametrize(
    ("platform", "said", "code"),
    [
        ("linux", {"timedatectl": "yes\n"}, "ntp_yes"),
        ("linux", {"timedatectl": "no\n"}, "ntp_no"),
        ("linux", {}, "ntp_unknown"),
        ("win32", {"timedatectl": "yes"}, "ntp_unknown"),
    ],
)
def test_a_clock_that_follows_no_time_server_is_told(platform: str, said: Mapping[str, str], code: str) -> None:
    """A venue without internet has none: worth knowing, no fault."""
    found = _reach_checks.time_server(platform, answering(said))
    assert found.code == code
    assert found.ok is (True if code == "ntp_yes" else None)


@pytest.mark.parametrize("command", [["no-such-program-here"], [sys.executable, "-c", "raise SystemExit(3)"]])
def test_a_program_that_is_not_there_or_fails_says_nothing(command: Sequence[str]) -> None:
    """The doctor goes on."""
    assert _reach_checks.ask(command) is None


def certified(data: Path, addresses: Sequence[str] = (HOME,), at: datetime = TODAY) -> None:
    """Let a hub make its certificates."""
    Keeper(data, lambda: at).renew(addresses)


def looked(data: Path, addresses: Sequence[str] = (HOME,), now: datetime = TODAY) -> dict[str, Finding]:
    """Return code → what the doctor finds."""
    return {each.code: each for each in _reach_checks.certificates(data, addresses, now)}


def test_certificates_are_good_after_the_hub_has_made_them(tmp_path: Path) -> None:
    """Nothing before; an address of the internet needs none: the authority vouches for private ones only."""
    assert looked(tmp_path)["certificate_none"].ok is None
    certified(tmp_path)
    found = looked(tmp_path, [HOME, "8.8.8.8"])
    assert [*found] == ["certificate_ok"]
    assert found["certificate_ok"].words["page"] == "2027-02-25"


def test_a_certificate_near_its_end_is_told_before_phones_refuse_it(tmp_path: Path) -> None:
    """The page's is renewed by itself; the authority's makes work on every phone."""
    certified(tmp_path)
    assert looked(tmp_path, now=TODAY + timedelta(days=70))["certificate_ends"].ok is None
    ends = looked(tmp_path, now=TODAY + timedelta(days=1800))["authority_ends"]
    assert ends.ok is False
    assert "/secure" in remedy(ends)


def test_an_address_that_the_certificate_does_not_know_is_told(tmp_path: Path) -> None:
    """The machine has moved to another network."""
    certified(tmp_path)
    assert looked(tmp_path, ["10.1.2.3"])["certificate_moved"].words["missing"] == "10.1.2.3"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_key_that_others_can_read_is_a_problem(tmp_path: Path) -> None:
    """And it stays so: the doctor changes nothing."""
    certified(tmp_path)
    key = tmp_path / "tls" / "server.pem"
    key.chmod(0o644)
    found = looked(tmp_path)["certificate_open"]
    assert found.ok is False
    assert remedy(found) == f"chmod 600 {key}"
    assert key.stat().st_mode & 0o777 == 0o644


def test_a_damaged_certificate_is_a_problem(tmp_path: Path) -> None:
    """Cut short, or gone."""
    certified(tmp_path)
    file = tmp_path / "tls" / "server.pem"
    file.write_bytes(file.read_bytes()[:100])
    assert looked(tmp_path)["certificate_bad"].ok is False
    file.unlink()
    assert looked(tmp_path)["certificate_bad"].ok is False


def test_each_family_is_told_what_to_type_with_todays_address(tmp_path: Path) -> None:
    """One line each; a password is never printed."""
    (tmp_path / "mqtt-password").write_text("very-secret")
    found = {each.id: each for each in _reach_checks.families(HERE, tmp_path, [HOME], load_bundled().values())}
    said = doctor.line(found["device.tasmota"], "fr", WORDS)
    assert f"MqttHost {HOME}; MqttPort 1883; MqttUser matinales" in said["text"]
    assert len(found) > 8
    assert "very-secret" not in "".join(doctor.line(each, "en", WORDS)["text"] for each in found.values())


def test_on_no_network_no_device_is_told_anything(tmp_path: Path) -> None:
    """Loopback is no address for a device."""
    assert [*_reach_checks.families(HERE, tmp_path, [], load_bundled().values())] == []


@pytest.mark.parametrize(
    ("asked", "version", "code"),
    [
        ("aiohttp>=3.14", "3.13.9", "package_old"),
        ("aiohttp>=3.14", "3.14.1", None),
        ("aiohttp>=3.14", "3.15.0rc1", None),
        ("aiohttp>=3.14", "unknown", "package_old"),
        ("iotcore<0.5,>=0.4", "0.5.0", "package_old"),
        ("rich>=14", None, "package_missing"),
        ('tzdata; sys_platform == "nowhere"', None, None),
        ('pytest>=9; extra == "test"', None, None),
    ],
)
def test_a_package_below_what_is_asked_for_is_a_problem(asked: str, version: str | None, code: str | None) -> None:
    """Extras and other systems are left out."""
    found = [each for each in _package_checks.floors([asked], lambda _: version) if each.ok is False]
    assert [each.code for each in found] == ([] if code is None else [code])
    for each in found:
        assert "pip install" in remedy(each)


def test_what_is_installed_here_is_what_is_asked_for() -> None:
    """The metadata of this very installation; each package is judged once."""
    told = [*_package_checks.floors(_package_checks.wanted(), _checks.version_of, {"apsw"})]
    assert [each.code for each in told] == ["packages_looked_at"]
    assert told[0].words["count"] > 10


def test_the_machine_is_named_as_wheels_name_it() -> None:
    """What somebody asks who looks for a wheel."""
    found = doctor.line(_package_checks.machine("Linux", "armv7l", ("glibc", "2.36")), "en", WORDS)
    assert found["text"] == "machine: Linux armv7l, C library glibc 2.36"


def test_a_driver_that_was_cut_off_is_told_while_no_hub_runs(tmp_path: Path) -> None:
    """With its reason and the way back."""
    with closing(StoreFile(tmp_path / "store.db")) as file, file.transaction() as db:
        StateStore(db).set_setting(GUESTS, '{"acme-one": {"off": "3 strikes: it raised"}, "acme-two": {}}')
    found = {each.code: each for each in _package_checks.drivers(tmp_path)}
    assert found["driver_is_off"].words == {"name": "acme-one", "reason": cause("3 strikes: it raised")}
    assert "/devices" in remedy(found["driver_is_off"])


def test_a_store_that_cannot_be_read_hides_nothing_else(tmp_path: Path) -> None:
    """It says so and goes on."""
    (tmp_path / "store.db").write_bytes(b"no database" * 100)
    assert [each.code for each in _package_checks.drivers(tmp_path)][-1] == "drivers_unread"


@pytest.mark.parametrize(("budget", "code", "hours"), [(2000, "journal_lasts", "111"), (100, "journal_short", "6")])
def test_it_says_how_long_the_journal_lasts_before_a_hub_runs(
    tmp_path: Path, budget: int, code: str, hours: str
) -> None:
    """At ten messages a second: a working day is wanted."""
    found = _checks.journal_room(Config(journal_budget_mb=budget), tmp_path / "not yet")
    assert (found.code, found.words["hours"]) == (code, hours)


def test_lang_wins_over_the_settings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody helps a colleague who reads the other language."""
    monkeypatch.setattr(doctor, "look", lambda *_: [Finding("clock.ntp", ok=None, code="ntp_no")])
    monkeypatch.setenv("HUB_LANG", "fr")
    doctor.command(lang="en", data=Path(os.devnull))
    assert "follows no time server" in capsys.readouterr().out
    doctor.command(data=Path(os.devnull))
    assert "ne suit aucun serveur" in capsys.readouterr().out
