"""`matinales doctor` finds what would spoil the workshop, and says what to do about it."""

import ast
import json
import os
import re
import socket
import stat
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from hub import broker, datafolder
from hub.__main__ import main
from hub.cli import _checks, _reach_checks, doctor
from hub.cli._checks import Finding
from hub.config import Config
from hub.datafolder import Living
from hub.ingest.probe import Limits
from hub.store import influx_client
from servers.ports import free_port

LANGUAGES = ("fr", "en")
WORDS = doctor.sentences()


def words_in(sentence: str) -> set[str]:
    """Return the placeholders of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.fixture
def config() -> Config:
    """Lend settings with ports that are free."""
    return Config(web_port=free_port(), mqtt_port=free_port())


@pytest.mark.parametrize("code", WORDS)
def test_every_sentence_is_complete_in_both_languages(code: str) -> None:
    """French and English, with the same words in them."""
    said = WORDS[code]
    assert words_in(said["fr"]) == words_in(said["en"])
    if "remedy" in said:
        assert words_in(said["remedy"]["fr"]) == words_in(said["remedy"]["en"])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_healthy_machine_has_one_line_each_and_no_problem(config: Config, tmp_path: Path, lang: str) -> None:
    """Each line can be said; what is false has a remedy."""
    for finding in doctor.look(config, tmp_path / "data"):
        said = doctor.line(finding, lang, WORDS)
        assert said["text"]
        assert (said["remedy"] is not None) or finding.ok is not False
        assert finding.ok is not False or finding.id == "page.built"


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    """Return the status and the output of the command."""
    monkeypatch.setenv("HUB_WEB_PORT", str(free_port()))
    monkeypatch.setenv("HUB_MQTT_PORT", str(free_port()))
    monkeypatch.setattr(_checks, "PAGE", Path(__file__))
    monkeypatch.setattr(_checks.page, "__defaults__", (Path(__file__),))
    status = main(["doctor", *arguments])
    return status, capsys.readouterr().out


def test_json_is_a_list_that_a_program_reads(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """{id, ok, text, remedy}, exit 0 without a problem."""
    status, out = run(capsys, monkeypatch, "--json", "--data", str(tmp_path))
    lines = json.loads(out)
    assert status == 0
    assert {"versions.sqlite", "ports.page", "ports.mqtt", "disk.free", "clock.time", "page.built"} <= {
        each["id"] for each in lines
    }
    assert all(set(each) == {"id", "ok", "text", "remedy"} for each in lines)


def test_a_problem_is_exit_1_with_the_remedy_in_the_reader_s_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file lies where the data folder should be."""
    place = tmp_path / "data"
    place.write_text("")
    monkeypatch.setenv("HUB_LANG", "fr")
    status, out = run(capsys, monkeypatch, "--data", str(place))
    assert status == 1
    assert "!!" in out
    assert "HUB_DATA_DIR" in out


@pytest.mark.parametrize(("version", "ok"), [("3.51.2", False), ("3.51.3", True), ("3.54.0", True), ("3.9.0", False)])
def test_a_sqlite_with_the_wal_reset_bug_is_a_problem(version: str, ok: bool) -> None:  # noqa: FBT001 — a column
    """3.51.3 has it no more."""
    assert _checks.sqlite(version).ok is ok


@pytest.mark.parametrize(
    ("name", "version", "ok"),
    [
        ("aiohttp", "3.13.9", False),
        ("aiohttp", "3.14.0rc1", True),
        ("aiohttp", None, False),
        ("paho-mqtt", "2.2.1", True),
        ("paho-mqtt", "2.3.0", False),
    ],
)
def test_a_library_of_another_version_is_a_problem(name: str, version: str | None, ok: bool) -> None:  # noqa: FBT001 — a column
    """Paho's minor version is pinned."""
    wanted, lowest = _checks.PACKAGES[name]
    finding = _checks.package(name, wanted, lowest, version)
    assert finding.ok is ok
    assert finding.words["wanted"] == wanted


@pytest.mark.parametrize(
    ("version", "installed", "ok"), [("0.4.0", False, True), (None, True, True), (None, False, False)]
)
def test_without_any_broker_the_remedy_is_to_install_one(version: str | None, installed: bool, ok: bool) -> None:  # noqa: FBT001 — columns
    """An installed Mosquitto will do."""
    assert _checks.embedded_broker(version, installed=installed).ok is ok


@pytest.mark.parametrize(("free", "ok"), [(10 * 1024**3, True), (500 * 1024**2, None), (100 * 1024**2, False)])
def test_little_space_is_told_before_it_is_a_problem(free: int, ok: bool | None) -> None:  # noqa: FBT001 — a column
    """1 GiB and 200 MiB."""
    assert _checks.disk(free).ok is ok


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("raw", "all_of_it", "said"),
    [
        (90, 1100, "every reading is kept for 90 days, the extremes of each 5 minutes for 1100 days"),
        (0, 0, "every reading is kept for ever, the extremes of each 5 minutes for ever"),
        (0, 1100, "every reading is kept for 1100 days"),
        (90, 0, "5 minutes for ever"),
    ],
)
def test_it_says_how_much_history_there_is_and_how_long_it_is_kept(
    tmp_path: Path, raw: int, all_of_it: int, said: str
) -> None:
    """Also where there is none yet."""
    settings = Config(raw_days=raw, history_days=all_of_it)
    (empty,) = _checks.history(settings, tmp_path)
    assert empty.words["size"] == "0 MiB"
    (tmp_path / "store.db").write_bytes(bytes(3 * 1024**2))
    (found,) = _checks.history(settings, tmp_path)
    text = doctor.line(found, "en", doctor.sentences())["text"]
    assert "3 MiB" in text
    assert said in text


def test_a_data_folder_that_others_read_is_a_problem(tmp_path: Path) -> None:
    """Secrets lie there."""
    tmp_path.chmod(0o755)
    assert any(finding.code == "folder_open" for finding in _checks.folder(tmp_path))
    tmp_path.chmod(stat.S_IRWXU)
    assert all(finding.ok for finding in _checks.folder(tmp_path) if finding.id.startswith("folder"))


def test_a_folder_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    """The doctor changes nothing."""
    assert all(finding.ok is not False for finding in _checks.folder(tmp_path / "a" / "b"))
    assert list(tmp_path.iterdir()) == []


def test_a_clock_before_its_time_is_a_problem() -> None:
    """A machine whose battery died thinks it is 1970."""
    found = {finding.id: finding.ok for finding in _checks.clock(lambda: 0.0, lambda: 0.0, lambda _s: None)}
    assert found["clock.time"] is False


def test_a_clock_that_jumps_while_watched_is_a_problem() -> None:
    """Wall and monotonic disagree by an hour."""
    now = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    walls, ticks = iter([now, now + 3600.2]), iter([0.0, 0.2])
    found = [finding.id for finding in _checks.clock(lambda: next(walls), lambda: next(ticks), lambda _s: None)]
    assert "clock.steady" in found


def test_a_free_port_is_free_and_a_taken_one_names_its_holder() -> None:
    """This test's own process."""
    number = free_port()
    assert _checks.port("page", number, "127.0.0.1", None, "--port").code == "port_free"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", number))
        taken.listen()
        finding = _checks.port("page", number, "127.0.0.1", None, "--port")
    assert finding.ok is False
    assert str(os.getpid()) in finding.words["who"] or finding.words["who"] == "?"
    assert _checks.port("page", 0, "127.0.0.1", None, "--port").ok


def test_the_living_hubs_own_ports_are_no_problem(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours."""
    hub = Living(url=f"http://127.0.0.1:{config.web_port}/", pid=os.getpid(), secret="s")
    datafolder.publish(tmp_path, hub)
    state = broker.State(pid=1, created=0.0, config="", listen="127.0.0.1", port=config.mqtt_port)
    monkeypatch.setattr(broker, "alive", lambda _folder: state)
    assert [finding.code for finding in _checks.ports(config, tmp_path, is_alive=True)] == ["port_ours"] * 2


def test_what_to_type_on_a_device_and_on_the_firewall_names_the_ports_that_the_hub_really_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were given on the command line of the demo, which the doctor never saw."""
    datafolder.publish(tmp_path, Living(url="http://127.0.0.1:18480/", pid=os.getpid(), secret="s"))
    state = broker.State(pid=1, created=0.0, config="", listen="0.0.0.0", port=18483)
    monkeypatch.setattr(broker, "alive", lambda _folder: state)
    monkeypatch.setattr(_checks, "own_addresses", lambda: {"wlan0": ["10.0.0.5"]})
    monkeypatch.setattr(_checks, "health_of", lambda _url: {"status": "ok", "parts": {}})
    walls = _reach_checks.firewall
    monkeypatch.setattr(_reach_checks, "firewall", lambda told: walls(told, "linux", lambda _: "running", tmp_path))
    found = {each.id: doctor.line(each, "en", WORDS) for each in doctor.look(Config(), tmp_path)}
    assert "MqttHost 10.0.0.5; MqttPort 18483" in found["device.tasmota"]["text"]
    assert "--add-port=18480/tcp --add-port=18483/tcp" in found["firewall"]["remedy"]


def health(**parts: Any) -> Any:  # noqa: ANN401 — JSON
    """Return what /health would say."""
    return lambda _url: {"status": "ok", "parts": parts}


def test_a_living_hub_tells_of_its_parts(tmp_path: Path) -> None:
    """The broker is ok only after SUBACK; a part in trouble brings its remedy."""
    datafolder.publish(tmp_path, Living(url="http://127.0.0.1:1/", pid=os.getpid(), secret="s"))
    told = health(
        broker={"status": "ok", "url": "mqtt://10.0.0.1:1883"},
        store={"status": "degraded", "text": "disk full", "remedy": "free some space"},
    )
    lines = [doctor.line(finding, "en", WORDS) for finding in _checks.living(tmp_path, told)]
    assert [each["ok"] for each in lines] == [True, True, False]
    assert "subscription granted" in lines[1]["text"]
    assert lines[2]["remedy"] == "free some space"


def test_a_hub_that_hangs_is_a_problem_and_a_dead_one_is_not(tmp_path: Path) -> None:
    """Its process tells the difference."""
    datafolder.publish(tmp_path, Living(url="http://127.0.0.1:1/", pid=os.getpid(), secret="s"))
    assert [finding.code for finding in _checks.living(tmp_path, lambda _url: None)] == ["hub_silent"]
    datafolder.publish(tmp_path, Living(url="http://127.0.0.1:1/", pid=2**22 + 1, secret="s"))
    assert [finding.code for finding in _checks.living(tmp_path, lambda _url: None)] == ["hub_none"]


def test_nobody_at_an_address_is_nobody() -> None:
    """No hub answers on a free port."""
    assert _checks.health_of(f"http://127.0.0.1:{free_port()}/") is None


def test_a_foreign_broker_is_knocked_at() -> None:
    """Reached or not."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        assert _checks.foreign_broker(f"mqtt://127.0.0.1:{listening.getsockname()[1]}").ok
    assert _checks.foreign_broker(f"mqtt://127.0.0.1:{free_port()}").ok is False


GOOD = Limits(published=1500, kept=1500, window=1500, session=True, large=True, rate=30.0)


@pytest.mark.parametrize(
    ("found", "problems", "away"),
    [
        (GOOD, [], "50 s"),
        (structs.replace(GOOD, rate=0.0), [], "150 s"),
        (structs.replace(GOOD, kept=1000, window=20), ["broker.queue", "broker.window"], "33 s"),
        (structs.replace(GOOD, kept=0, window=0, session=False), ["broker.queue"], "lost"),
        (structs.replace(GOOD, large=False), ["broker.payload"], "50 s"),
        (structs.replace(GOOD, window=100), [], "50 s"),
    ],
    ids=["raised", "silent", "default", "forgetful", "small", "embedded's window"],
)
def test_it_says_how_long_the_hub_may_be_away(found: Limits, problems: list[str], away: str) -> None:
    """Each limit that loses messages is a problem with a remedy."""
    findings = list(_checks.broker_limits("mqtt://h", lambda _url: found))
    assert [each.id for each in findings if each.ok is False] == problems
    said = [doctor.line(each, "en", WORDS) for each in findings]
    assert away in said[0]["text"]
    assert all(each["remedy"] for each in said if each["ok"] is False)


def test_a_broker_that_cannot_be_tried_is_a_problem() -> None:
    """A wrong password, for instance."""

    def refuse(_url: str) -> Limits:
        raise ConnectionError("the broker refuses the account")  # noqa: EM101, TRY003 — a fake

    (finding,) = _checks.broker_limits("mqtt://h", refuse)
    assert finding.ok is False
    assert "refuses" in doctor.line(finding, "en", WORDS)["text"]


def test_who_may_not_hear_everything_is_told() -> None:
    """No rate is known then."""
    findings = list(_checks.broker_limits("mqtt://h", lambda _url: structs.replace(GOOD, rate=None)))
    assert [each.id for each in findings if each.ok is None] == ["broker.everything"]


def test_it_says_what_to_type_on_a_device(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --lan host, port, user and where the password lies; without, to start with --lan."""
    found = {"wlan0": ["10.0.0.5"]}
    (closed,) = _checks.addresses(config, tmp_path, found)
    assert "--lan" in doctor.line(closed, "en", WORDS)["text"]
    state = broker.State(pid=1, created=0.0, config="", listen="0.0.0.0", port=1884)
    monkeypatch.setattr(broker, "alive", lambda _folder: state)
    (opened,) = _checks.addresses(config, tmp_path, found)
    text = doctor.line(opened, "en", WORDS)["text"]
    assert "10.0.0.5" in text
    assert "1884" in text
    assert [finding.code for finding in _checks.addresses(config, tmp_path, {})] == ["address_none"]


@pytest.mark.parametrize(
    ("name", "ok", "said"),
    [
        ("announced", True, "leads to this machine"),
        ("taken", None, "another machine of this network: 192.168.1.99"),
        ("blocked", None, "multicast"),
    ],
)
def test_it_says_how_the_room_reaches_the_page(name: str, ok: bool | None, said: str) -> None:  # noqa: FBT001 — a column
    """By HTTPS, with what people compare before they trust it; by a name or not, and that nothing depends on it."""
    https = {"status": "ok", "urls": ["https://192.168.1.12:8443/"], "until": "2027-03-01", "fingerprint": "AB:CD"}
    (served,) = _checks.room_of("https", https)
    text = doctor.line(served, "en", WORDS)["text"]
    assert all(word in text for word in ("https://192.168.1.12:8443/", "AB:CD", "2027-03-01"))
    (found,) = _checks.room_of("room", {"status": "ok", "name": name, "name_reason": "192.168.1.99"})
    assert found.ok is ok
    assert said in doctor.line(found, "en", WORDS)["text"]
    assert list(_checks.room_of("room", {"status": "ok", "name": "waiting"})) == []
    assert list(_checks.room_of("store", {"status": "ok"})) == []


def test_own_addresses_are_those_others_can_reach() -> None:
    """No loopback."""
    assert not any(address.startswith("127.") for each in _checks.own_addresses().values() for address in each)


def test_another_zone_than_the_machines_is_told_but_no_problem() -> None:
    """A laptop may travel."""
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert {_checks.zone(Config(tz=name), now).ok for name in ("Asia/Tokyo", "America/Lima")} <= {True, None}


def test_a_missing_page_is_a_problem(tmp_path: Path) -> None:
    """It says how to build it."""
    finding = _checks.page(tmp_path / "index.html")
    assert finding == Finding("page.built", ok=False, code="page_missing")
    assert "pip install" in doctor.line(finding, "en", WORDS)["remedy"]


def calls() -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield (ok, code) of each finding that the checks make, as it stands in their sources."""
    for file in [*sorted(Path(_checks.__file__).parent.glob("_*_checks.py")), Path(_checks.__file__)]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                said = dict(zip(("id", "ok", "code"), node.args, strict=False))
                said |= {each.arg: each.value for each in node.keywords if each.arg is not None}
                yield said["ok"], said["code"]


def texts(node: ast.expr) -> set[str]:
    """Return the sentences that an expression may name; what is made when it runs: its beginning."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    if isinstance(node, ast.JoinedStr):
        return texts(node.values[0])
    return {str(node.value)} if isinstance(node, ast.Constant) else set()


def of_influxdb() -> set[str]:
    """Return the sentences that an answer of InfluxDB is told by, wherever it is judged."""
    sources = [file.read_text(encoding="utf-8") for file in Path(influx_client.__file__).parent.glob("influx*.py")]
    return {code for text in sources for code in re.findall(r'"(influx_[a-z]+)"', text)}


def test_whatever_is_found_wrong_has_a_remedy() -> None:
    """By the sources: whatever a finding that may be bad can say, tells what to do."""
    may_be_bad = of_influxdb()
    for ok, code in calls():
        if not isinstance(ok, ast.Constant) and isinstance(code, ast.IfExp):
            may_be_bad |= texts(code.orelse)
        elif not isinstance(ok, ast.Constant) or ok.value is False:
            may_be_bad |= {text for text in texts(code) if not text.endswith("_")}
    assert len(may_be_bad) > 30
    assert {code for code in may_be_bad if "remedy" not in WORDS[code]} == set()


def test_every_sentence_is_said_somewhere() -> None:
    """None is left of a check that is gone."""
    named = of_influxdb() | {"part_ok", "part_broker_ok"}
    named |= {text for _, code in calls() for text in texts(code)}
    assert {code for code in WORDS if not any(code == each or code.startswith(each) for each in named)} == set()
