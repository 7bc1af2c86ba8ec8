"""A room with a stranger in it: no secret lies about, and what people and devices call themselves is only text."""

import contextlib
import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import paho.mqtt.publish
import psutil
import pytest
from msgspec import Struct
from playwright.sync_api import Browser, Page, expect

from hub import tokens
from hub.__main__ import main
from hub.web.routes import API, BASE
from hub.web.security import Role
from servers.bytes_on_disk import on_disk
from servers.hostile import CANARY, VECTORS, Visitor, fill
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
WIFI = "a-typed-password"
OWN_FILES = {"run.json", "pin", "mqtt-password", "broker.toml", "mqtt-accounts.json"}
"""Where a secret lies because its owner must be able to read it; each for the owner only."""
PAGES = [
    *("", "projector", "facilitator", "join", "devices", "history", "plan", "setup", "import", "alarms", "secure"),
    "doctor",
    "table/1",
]
WATCH = """
window.harmed = 'no'; window.blocked = [];
document.addEventListener('securitypolicyviolation', (event) => window.blocked.push(event.violatedDirective));
"""


class Room(Struct):
    """A demo that is open to the room, and who is in it."""

    hub: Demo
    facilitator: Visitor
    phones: list[Visitor]
    session: str
    secrets: dict[str, str]


def login_of(hub: Demo) -> dict[str, str]:
    """Return the room's MQTT name and password."""
    parts = urlsplit(hub.said["mqtt"])
    return {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}


def say(hub: Demo, topic: str, payload: str, auth: dict[str, str] | None = None) -> None:
    """Say something as a device of the room, or by another account."""
    auth = auth or login_of(hub)
    paho.mqtt.publish.single(topic, payload, qos=1, hostname="127.0.0.1", port=hub.mqtt_port, auth=auth)  # type: ignore[arg-type]


def come_in(hub: Demo) -> tuple[Visitor, dict[str, str]]:
    """Log in, give a token and an account; return the facilitator, and every secret there is by now."""
    living = json.loads((hub.data / "run.json").read_text())
    facilitator = Visitor(hub.page)
    pin = str(hub.said["pin"])
    facilitator.told("POST", "login", {"pin": pin})
    made = facilitator.told("POST", "accounts", {"name": "fridge-1"})
    secrets = {
        "PIN": pin,
        "the hub's own secret": str(living["secret"]),
        "the room's MQTT password": login_of(hub)["password"],
        "a device's MQTT password": str(made["password"]),
        "a token": tokens.create(hub.data, "oven", None),
        "the facilitator's cookie": facilitator.cookies["matinales"],
        "the code of the printed address": urlsplit(str(hub.said["facilitator"])).fragment.removeprefix("code="),
        "the Wi-Fi password": WIFI,
    }
    sender = Visitor(hub.page, {"Authorization": f"Bearer {secrets['a token']}"})
    assert sender.ask("POST", "api/v1/ingest/oven", {"temperature": 21.5})[0] == 200
    return facilitator, secrets


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """Lend one in which everything that can be typed was typed by somebody hostile."""
    with demo(tmp_path_factory.mktemp("hostile") / "data", "--lan", "--speed", "10", "--seed", "7") as hub:
        facilitator, secrets = come_in(hub)
        until(lambda: _is_heard_by(hub, {"username": "fridge-1", "password": secrets["a device's MQTT password"]}), 90)
        for number, vector in enumerate(VECTORS):
            say(
                hub, f"zigbee2mqtt/{vector.replace('/', '|').replace('#', '').replace('+', '')}", '{"temperature":12.5}'
            )
            say(hub, f"cellar/{number}", json.dumps({vector: vector, "t": 21.5, "unit": vector}))
            say(hub, "cellar/text", vector)
        devices = until(lambda: _some(hub, 12), 90)
        phones = [Visitor(hub.page) for _ in range(8)]
        session = fill(facilitator, phones, devices)
        secrets |= {f"phone {number}": phone.cookies["matinales-phone"] for number, phone in enumerate(phones)}
        yield Room(hub, facilitator, phones, session, secrets)


def _is_heard_by(hub: Demo, account: dict[str, str]) -> bool:
    """Tell whether the built-in broker, started again for the new account, knows it, and the hub hears it there.

    Before that the old broker still answers, and what it took goes with it: a message confirmed too early is lost.
    """
    try:
        say(hub, "cellar/hello", "1", account)
    except Exception:  # noqa: BLE001 — whatever paho says of a broker that is being started
        return False
    return hub.device("generic:cellar") is not None


def _some(hub: Demo, many: int) -> list[str]:
    """Return so many devices that bear hostile names, once they are known."""
    found = [each["id"] for each in hub.get("api/v1/devices")["devices"] if not each["simulated"]]
    return found[:many] if len(found) >= many else []


def holding(secrets: dict[str, str], text: bytes) -> list[str]:
    """Return which secrets stand in a text; a PIN counts as a word, for six digits may be anything."""
    return [
        name
        for name, secret in secrets.items()
        if (re.search(rb"(?<![\w.])%s(?!\w)" % secret.encode(), text) if name == "PIN" else secret.encode() in text)
    ]


def test_no_secret_is_in_what_others_can_read(room: Room) -> None:
    """Logs, list of processes, answers to a viewer, what is exported (X13)."""
    told = [room.hub.errors.read_bytes(), *(each.read_bytes() for each in room.hub.data.glob("*.log*"))]
    assert [holding(room.secrets, each) for each in told] == [[]] * len(told)
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ()).encode(errors="replace")
        assert holding(room.secrets, line) == [], "a secret is in the list of processes"
    stranger = Visitor(room.hub.page)
    for route in API:
        if route.method == "GET" and route.role is Role.VIEWER:
            path = re.sub(r"\{\w+\}", "1", BASE + route.path)
            assert holding(room.secrets, stranger.ask("GET", path)[1]) == [], path
    for path in ("health", "metrics", "", "projector"):
        assert holding(room.secrets, stranger.ask("GET", path)[1]) == [], path


def test_the_facilitator_is_told_the_room_s_password_where_it_is_needed_and_nowhere_else(room: Room) -> None:
    """/setup says what to type on a device; an account's password was in one answer only."""
    for route in API:
        if route.method == "GET" and "{run}/control" not in route.path:
            path = re.sub(r"\{\w+\}", room.session, BASE + route.path)
            found = holding(room.secrets, room.facilitator.ask("GET", path)[1])
            assert found == (["the room's MQTT password"] if route.path == "/setup" else []), path


def test_no_secret_leaves_with_an_export(room: Room, tmp_path: Path) -> None:
    """Readings, alarms, raw messages, the plain copy of the store."""
    for number, what in enumerate(("--csv", "--alarms", "--messages", "--sqlite")):
        assert holding(room.secrets, exported(what, tmp_path / str(number), room)) == [], what


def test_on_the_disk_secrets_lie_where_only_their_owner_reads_them(room: Room) -> None:
    """Tokens and cookies lie nowhere; the others in files of mode 0600, in a folder of 0700."""
    for name, secret in room.secrets.items():
        if name == "PIN":
            continue  # six digits may stand anywhere
        files = set(on_disk(room.hub.data, secret.encode()))
        hashed = name in {"a token", "the facilitator's cookie", "the code of the printed address"} or "phone" in name
        typed = {"session.db", "session.db-wal"} if name == "the Wi-Fi password" else set()
        allowed = typed if hashed or typed else OWN_FILES
        assert files <= allowed, (name, files)
    if sys.platform != "win32":
        assert stat.S_IMODE(room.hub.data.stat().st_mode) & 0o077 == 0
        mine = [
            path for path in room.hub.data.rglob("*") if path.is_file() and path.suffix != ".lock"
        ]  # they are empty
        assert {path.name for path in mine if path.stat().st_mode & 0o077} == set()
        for name in ("ingest", "hub", "sim"):
            with contextlib.suppress(FileNotFoundError):
                mode = Path(f"/proc/{room.hub.pid(name)}/environ").stat()
                assert (mode.st_uid, stat.S_IMODE(mode.st_mode) & 0o077) == (os.getuid(), 0), name


def exported(what: str, target: Path, room: Room) -> bytes:
    """Return what the command line exports; in a thread of its own, for a browser may have a loop in this one."""
    with ThreadPoolExecutor(1) as alone:
        assert alone.submit(main, ["export", what, str(target), "--data", str(room.hub.data)]).result() == 0
    return target.read_bytes()


def judged(page: Page) -> tuple[str, list[str]]:
    """Return the canary, and what the policy had to stop."""
    found: list[object] = page.evaluate("[window.harmed ?? 'no', window.blocked ?? []]")
    return str(found[0]), [str(each) for each in found[1]]  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def browser(room: Room) -> Iterator[Browser]:  # noqa: ARG001 — the room first
    """Lend a browser where one is asked for."""
    from servers.browser import chromium  # noqa: PLC0415 — the other tests need none

    with chromium() as lent:
        yield lent


@pytest.mark.browser
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("who", ["facilitator", "phone"])
def test_no_page_runs_what_somebody_typed(room: Room, browser: Browser, path: str, who: str) -> None:
    """Every fold open, each control focused: the canary lives, and the policy had nothing to stop (X7)."""
    visitor = room.facilitator if who == "facilitator" else room.phones[0]
    context = browser.new_context(locale="fr-FR")
    context.add_cookies(
        [{"name": name, "value": value, "url": room.hub.page} for name, value in visitor.cookies.items()]
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    try:
        page.goto(room.hub.page + path)
        page.wait_for_load_state()
        page.wait_for_timeout(1500)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        page.evaluate(
            "document.querySelectorAll('button, a, input, summary, [tabindex]').forEach((each) => {"
            " each.focus(); each.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})); })"
        )
        page.wait_for_timeout(500)
        assert judged(page) == ("no", [])
        assert page.locator("iframe[srcdoc], base, meta[http-equiv=refresh], link[href*=evil], img[src=x]").count() == 0
        assert "evil.example" not in page.url
    finally:
        context.close()


@pytest.mark.browser
def test_the_report_runs_nothing_either(room: Room, browser: Browser, tmp_path: Path) -> None:
    """Opened from the disk, where no policy of the hub's protects anybody."""
    status, report = room.facilitator.ask("GET", f"api/v1/sessions/{room.session}/report?format=html")
    assert status == 200
    file = tmp_path / "report.html"
    file.write_bytes(report)
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    try:
        page.goto(file.as_uri())
        page.wait_for_timeout(500)
        assert judged(page)[0] == "no"
        assert page.locator("script, iframe, img[src=x]").count() == 0
        expect(page.locator("body")).to_contain_text(CANARY[:10])
    finally:
        context.close()


def test_no_cell_of_an_export_is_a_formula(room: Room, tmp_path: Path) -> None:
    """Names that begin like one are text in every CSV (X12)."""
    for number, what in enumerate(("--csv", "--alarms")):
        rows = exported(what, tmp_path / f"{number}.csv", room).decode("utf-8-sig")
        assert not re.search(r"(?m)(^|[,;])\"?[=@\t\r]", rows)
    for path in (f"notes?session={quote(room.session)}&format=csv", "alarms?format=csv"):
        status, body = room.facilitator.ask("GET", f"api/v1/{path}")
        assert status == 200, body
        assert not re.search(rb"(?m)(^|[,;])\"?[=@\t\r]", body)
