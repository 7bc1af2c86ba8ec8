"""The room joins with real phones' pages: a code that works, a sensor in each hand, and nothing left of who leaves."""

import base64
import hashlib
import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect

from hub.backup.content import is_foreseen
from hub.bench._browser import OPTIONS, program
from servers.browser import chromium, visit
from servers.bytes_on_disk import on_disk
from servers.hubs import Demo, demo, until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
FAKE_MICROPHONE = """navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext(), tone = context.createOscillator();
    const out = context.createMediaStreamDestination();
    tone.connect(out); tone.start();
    return out.stream;
};"""
"""A microphone that hears one tone: a loud one."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Lend this module a browser that has sensors."""
    with chromium(light=False) as lent:
        yield lent


@pytest.fixture(scope="module")
def hub(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:  # noqa: ARG001 — nobody starts a demo where no browser is
    """Lend a cold room that is open to the room, with a session that goes on."""
    with demo(tmp_path_factory.mktemp("phones") / "data", "--lan", "--seed", "7") as running:
        secret = json.loads((running.data / "run.json").read_text())["secret"]
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
        begin = urllib.request.Request(f"{running.page}api/v1/sessions", b'{"title": "Boulangers"}', headers)
        with urllib.request.urlopen(begin, timeout=30):
            yield running


@contextmanager
def console(browser: Browser, hub: Demo) -> Iterator[Page]:
    """Lend the facilitator's console."""
    with visit(browser, f"{hub.page}facilitator") as reader:
        reader.forgiven = re.compile("403|closed before the connection is established")  # again, as who it is
        page = reader.page
        page.get_by_label("Code PIN").fill(str(hub.said["pin"]))
        page.get_by_role("button", name="Entrer").click()
        expect(page.locator("#people-title")).to_be_visible()
        yield page


def join(page: Page, table: str, name: str) -> str:
    """Take part; return the phone's id."""
    page.get_by_label("Numéro de votre table").fill(table)
    page.get_by_label("Votre prénom").fill(name)
    expect(page.locator("#consent")).to_contain_text("effacés le")
    page.get_by_role("button", name="J’accepte").click()
    expect(page.get_by_text("connecté", exact=True)).to_be_visible()
    return str(page.evaluate("async () => (await (await fetch('/api/v1/me')).json()).me.id"))


def values(hub: Demo, name: str) -> dict[str, float]:
    """Return what a phone said last."""
    return hub.values(f"phone:{name}")


def test_a_phone_scans_joins_is_on_the_big_screen_and_leaves_nothing(hub: Demo, browser: Browser) -> None:
    """By the address in the code, which is no secure page: buttons work, and why sensors do not is said."""
    with console(browser, hub) as desk, visit(browser, f"{hub.page}projector") as screen:
        desk.locator('[data-shows="join"]').click()
        code = screen.page.get_by_role("img", name=re.compile("Code QR de http"))
        expect(code).to_be_visible()
        url = str(code.get_attribute("aria-label")).removeprefix("Code QR de ")
        assert urlsplit(url).hostname not in {"127.0.0.1", "localhost"}
        expect(screen.page.get_by_text(url.removeprefix("http://"))).to_be_visible()
        with visit(browser, url) as phone:
            # a connection that is under way ends with who leaves
            phone.forgiven = re.compile(r"closed before the connection is established")
            name = join(phone.page, "3", "Gudrun")
            expect(screen.page.locator("[data-joined='1']")).to_be_visible()
            expect(phone.page.locator("[data-why=insecure]")).to_contain_text("https")
            desk.locator('[data-shows="phones"]').click()
            phone.page.get_by_role("button", name="Appuyez").click()
            curve = screen.page.locator(f"article[data-device='phone:{name}']")
            expect(curve).to_contain_text("Table 3 · Gudrun")
            expect(curve.locator("b")).to_have_text("1")
            expect(phone.page.locator("[data-shown=presses]")).to_have_text("1")
            phone.page.reload()
            expect(phone.page.get_by_text("Table 3 · Gudrun").first).to_be_visible()
            assert until(lambda: hub.device(f"phone:{name}"))
            assert on_disk(hub.data, b"Gudrun") != []
            assert set(on_disk(hub.data, b"Gudrun")) <= {"session.db", "session.db-wal"}
            phone.page.get_by_role("button", name="Quitter").click()
            phone.page.get_by_role("button", name="Oui, tout oublier").click()
            expect(phone.page.get_by_text("il ne reste rien de vous")).to_be_visible()
            expect(curve).to_have_count(0)
        until(lambda: not on_disk(hub.data, b"Gudrun"))
        until(lambda: not on_disk(hub.data, name.encode()))
        assert hub.device(f"phone:{name}") is None
        desk.locator('[data-shows="story"]').click()
        expect(screen.page.locator(".scene")).to_be_visible()


def shaken(page: Page) -> CDPSession:
    """Give a page the sensors of a phone that is being shaken."""
    session = page.context.new_cdp_session(page)
    readings: dict[str, dict[str, Any]] = {
        "accelerometer": {"xyz": {"x": 19.6133, "y": 0, "z": 0}},
        "linear-acceleration": {"xyz": {"x": 19.6133, "y": 0, "z": 0}},
        "gyroscope": {"xyz": {"x": 0, "y": 0, "z": 0}},
    }
    for kind, reading in readings.items():
        session.send("Emulation.setSensorOverrideEnabled", {"enabled": True, "type": kind})
        session.send("Emulation.setSensorOverrideReadings", {"type": kind, "reading": reading})
    session.send("DeviceOrientation.setDeviceOrientationOverride", {"alpha": 0, "beta": 30, "gamma": -15})
    return session


def sensor(page: Page, name: str) -> Locator:
    """Return a sensor's line."""
    return page.locator(f"[data-sensor={name}]")


def test_on_a_secure_page_the_phone_measures_movement_and_loudness_after_a_press(hub: Demo, browser: Browser) -> None:
    """Two g of shaking, thirty degrees, a level of sound; what the browser does not have is said to be absent."""
    with visit(browser, f"{hub.page}join") as phone:
        page = phone.page
        page.add_init_script(FAKE_MICROPHONE)
        page.reload()
        name = join(page, "5", "")
        session = shaken(page)
        sensor(page, "motion").get_by_role("button", name="Mesurer").click()
        expect(sensor(page, "motion")).to_have_attribute("data-state", "on")
        until(lambda: values(hub, name).get("acceleration") == pytest.approx(2, abs=0.01))  # browsers round a little
        until(lambda: {"pitch": 30, "roll": -15}.items() <= values(hub, name).items())
        sensor(page, "sound").get_by_role("button", name="Mesurer").click()
        until(lambda: -20 < values(hub, name).get("sound_level", -120) <= 0)
        expect(sensor(page, "light")).to_have_attribute("data-state", "absent")
        sensor(page, "motion").get_by_role("button", name="Arrêter").click()
        expect(sensor(page, "motion")).to_have_attribute("data-state", "off")
        session.detach()
        assert json.loads(page.evaluate("JSON.stringify(Object.keys(localStorage))")) == []


def key_of(data: Path) -> str:
    """Return the page's public key as Chromium is told to trust it: only this one, no other error is forgiven."""
    found = x509.load_pem_x509_certificate((data / "tls" / "server.pem").read_bytes())
    public = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


WATCH = """() => {
    window.locks = [];
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (kind) => {
        const lock = await request(kind);
        window.locks.push(lock);
        return lock;
    };
}"""


def test_by_https_a_phone_of_the_room_measures_and_its_screen_stays_on(hub: Demo, browser: Browser) -> None:
    """By the address of the room, where HTTP gives no sensor: nothing mixed, and the screen is asked for again."""
    (url, *_) = until(lambda: hub.get("api/v1/joining")["secure"])["urls"]
    trusting = browser.browser_type.launch(
        executable_path=program(light=False),
        args=[*OPTIONS, f"--ignore-certificate-errors-spki-list={key_of(hub.data)}"],
    )
    try:
        with visit(trusting, f"{url}join") as phone:
            page = phone.page
            page.evaluate(WATCH)
            name = join(page, "6", "")
            session = shaken(page)
            sensor(page, "motion").get_by_role("button", name="Mesurer").click()
            until(lambda: values(hub, name).get("acceleration") == pytest.approx(2, abs=0.01))
            session.detach()
            expect(page.locator("[data-wake=on]")).to_be_visible()
            page.evaluate("window.locks[0].release()")
            expect(page.locator("[data-wake=off]")).to_be_visible()
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            expect(page.locator("[data-wake=on]")).to_be_visible()
    finally:
        trusting.close()


def test_a_backup_foresees_every_file_of_the_folder(hub: Demo) -> None:
    """Whoever adds a file says in hub/backup/content.py whether it is content, a secret, or passes with the hub."""
    names = [path.relative_to(hub.data).as_posix() for path in hub.data.rglob("*") if path.is_file()]
    assert len(names) > 10
    assert [name for name in names if not is_foreseen(name)] == []
