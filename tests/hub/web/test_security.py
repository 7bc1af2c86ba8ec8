"""Strangers stay out, the facilitator comes in, and the operator is never locked out (design.md §4, Roles)."""

import asyncio
import contextlib
import stat
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from hub import credentials
from hub.addresses import all_own
from hub.config import Config
from hub.datafolder import write_private
from hub.errors import ConfigError
from hub.web import routes, sessions
from hub.web.app import make_app
from hub.web.routes import ROUTES
from hub.web.security import FRAMED, HEADERS, PER_ADDRESS, PER_COOKIE, PROJECTOR, Role, Security
from hub.web.sessions import Codes, Delays, Sessions
from hub.workshop.session import Wish
from servers.web import PIN, SECRET, Client, FakeHub, Serve

API = "/api/v1"
BEARER = {"Authorization": f"Bearer {SECRET}"}
UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def an_app() -> web.Application:
    """Return the application, to list its addresses."""
    hub = FakeHub()
    return make_app(hub, Security(hub.config, demo=True, lan=False, secret=SECRET), Path("no-page-here"))


def addresses() -> list[tuple[str, str]]:
    """Return every method and address that the application really has, with something in each placeholder."""
    return [
        (route.method, str(route.resource.canonical.replace("{", "").replace("}", "")))
        for route in an_app().router.routes()
        if route.resource is not None
    ]


SAFE = {"GET", "HEAD"}
EVERY = addresses()
OPEN = {
    "/",
    "/projector",
    "/facilitator",
    "/join",
    "/devices",
    "/history",
    "/plan",
    "/setup",
    "/import",
    "/alarms",
    "/gallery",
    "/secure",
    "/selftest",
    "/doctor",
    "/authority.crt",
    "/authority.mobileconfig",
    "/table/table",
    "/file",
    "/live",
    "/health",
    "/metrics",
    "/api/v1/devices",
    "/api/v1/devices/id",
    "/api/v1/readings",
    "/api/v1/series",
    "/api/v1/alarms",
    "/api/v1/alarms/id",
    "/api/v1/alarms/id/why",
    "/api/v1/usecases",
    "/api/v1/usecases/name",
    "/api/v1/usecases/name/money",
    "/api/v1/scenario",
    "/api/v1/scenarios/run",
    "/api/v1/runs",
    "/api/v1/tables",
    "/api/v1/tables/table/scenario",
    "/api/v1/login",
    "/api/v1/votes",
    "/api/v1/notes",
    "/api/v1/plan",
    "/api/v1/plan/picture",
    "/api/v1/joining",
    "/api/v1/me",
    "/api/v1/me/report",
    "/phone",
    "/api/v1/openapi.json",
    "/api/v1/asyncapi.json",
    "/api/v1/docs",
    "/api/v1/docs/name",
}
"""What anybody at an allowed host may GET."""
OPEN_CHANGES = {
    ("POST", "/api/v1/login"),
    ("POST", "/api/v1/logout"),
    ("POST", "/api/v1/votes/id/answer"),
    ("POST", "/api/v1/me"),
    ("DELETE", "/api/v1/me"),
}
"""What anybody may change: of themselves."""
HUBS_OWN = {"/api/v1/runs/run/messages", "/api/v1/runs/run/control", "/api/v1/login/codes", "/api/v1/login/pin"}


async def ask(client: Client, method: str, path: str, **more: Any) -> tuple[int, Any]:  # noqa: ANN401 — a response
    """Return the status and the headers of an answer."""
    async with client.request(method, path, **more) as response:
        return response.status, response


async def refused(client: Client, wanted: Iterable[tuple[str, str]], **more: Any) -> set[tuple[str, str]]:  # noqa: ANN401 — of a request
    """Return which of these addresses, asked one after the other, answer that it is not allowed."""
    return {(method, path) for method, path in wanted if (await ask(client, method, path, **more))[0] == 403}


def closed() -> set[tuple[str, str]]:
    """Return the addresses that are not for everybody."""
    return {
        (method, path)
        for method, path in EVERY
        if not (path in OPEN if method in SAFE else (method, path) in OPEN_CHANGES)
    }


def test_every_address_is_in_the_table_of_roles() -> None:
    """A new one without a rule fails here, and is closed meanwhile."""
    listed = {(route.method, route.path.replace("{file:.+}", "{file}")) for route in ROUTES}
    real = {
        (route.method, route.resource.canonical)
        for route in an_app().router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert real == listed


async def test_an_address_without_a_rule_is_closed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even to the facilitator."""
    monkeypatch.delitem(routes._LISTED, ("GET", f"{API}/devices"))
    assert (await ask(client, "GET", f"{API}/devices"))[0] == 403


async def test_every_answer_wears_the_headers(client: Client) -> None:
    """Errors and refusals included."""
    for method, path in EVERY:
        _, response = await ask(client, method, path)
        worn = {name: response.headers.get(name) for name in HEADERS}
        assert worn == HEADERS | (FRAMED if path == PROJECTOR else {}), (method, path)
        assert "unsafe" not in response.headers["Content-Security-Policy"], (method, path)
        assert "Access-Control-Allow-Origin" not in response.headers, (method, path)


@pytest.mark.parametrize(
    ("host", "worn"), [("127.0.0.1:8080", True), ("localhost", True), ("[::1]:8080", True), ("192.0.2.7:8080", False)]
)
async def test_a_browser_is_not_sent_what_it_would_only_complain_of(
    hub: FakeHub, serve: Serve, host: str, *, worn: bool
) -> None:
    """The opener's policy counts on trusted connections only; elsewhere it is an error on every console."""
    client = await serve(hub, addresses=lambda: frozenset({"192.0.2.7"}))
    _, response = await ask(client, "GET", "/health", headers={"Host": host})
    assert response.status == 200
    assert ("Cross-Origin-Opener-Policy" in response.headers) is worn


async def test_a_foreign_host_gets_nothing(client: Client) -> None:
    """DNS rebinding: the name in the address bar is not ours."""
    assert await refused(client, EVERY, headers={**BEARER, "Host": "evil.example:8080"}) == set(EVERY)


@pytest.mark.parametrize("path", ["/live", f"{API}/runs/run/control"])
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
async def test_a_foreign_origin_opens_no_websocket(client: Client, path: str, origin: str) -> None:
    """403: aiohttp does not look at it, we do."""
    status, _ = await ask(client, "GET", path, headers={**UPGRADE, **BEARER, "Origin": origin})
    assert status == 403


async def test_a_foreign_origin_changes_nothing(client: Client) -> None:
    """A page of another site cannot press our buttons."""
    unsafe = [(method, path) for method, path in EVERY if method not in SAFE]
    assert await refused(client, unsafe, headers={"Origin": "http://evil.example"}, json={}) == set(unsafe)


async def test_a_viewer_may_look_and_nothing_else(hub: FakeHub, serve: Serve) -> None:
    """With --lan and in `run`, even on loopback, nobody is trusted without PIN."""
    assert await refused(await serve(hub, lan=True), EVERY) == closed()


async def test_the_demo_trusts_the_person_at_the_machine(client: Client) -> None:
    """All but what is between the hub's own processes."""
    assert {path for _, path in await refused(client, EVERY)} == HUBS_OWN


async def test_the_hubs_own_secret_opens_everything(hub: FakeHub, serve: Serve) -> None:
    """The command line is at home."""
    assert await refused(await serve(hub, demo=False, pin=None), EVERY, headers=BEARER) == set()


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", f"Basic {SECRET}", f"Bearer {SECRET}x", "Bearer é"])
async def test_a_guessed_token_opens_nothing(hub: FakeHub, serve: Serve, token: str) -> None:
    """403 and no error."""
    client = await serve(hub, lan=True)
    status, _ = await ask(client, "GET", f"{API}/messages", headers={"Authorization": token})
    assert status == 403


async def test_a_participant_may_do_what_a_viewer_may_and_nothing_else(hub: FakeHub, serve: Serve) -> None:
    """Having joined opens no action of the facilitator's."""
    hub.sittings.desk.start(Wish(title="Bakers"))
    client = await serve(hub, lan=True)
    found: set[tuple[str, str]] = set()
    for each in EVERY:  # one of them is to leave
        assert (await ask(client, "POST", f"{API}/me", json={"agreed": True}))[0] in {200, 201}
        found |= await refused(client, [each])
    assert found == closed()


async def test_the_pin_makes_a_facilitator_until_logout(hub: FakeHub, serve: Serve) -> None:
    """The cookie is out of reach of scripts and other sites."""
    client = await serve(hub, lan=True)
    _, response = await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await ask(client, "GET", f"{API}/messages"))[0] == 200
    await ask(client, "POST", f"{API}/logout")
    assert (await ask(client, "GET", f"{API}/messages"))[0] == 403


async def test_a_logged_out_session_is_dead_on_the_server(hub: FakeHub, serve: Serve) -> None:
    """A stolen cookie dies with the logout."""
    client = await serve(hub, lan=True)
    _, response = await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    stolen = response.cookies["matinales"].value
    await ask(client, "POST", f"{API}/logout")
    status, _ = await ask(client, "GET", f"{API}/messages", headers={"Cookie": f"matinales={stolen}"})
    assert status == 403


async def test_a_slip_at_the_pin_does_not_end_the_session_that_one_has(hub: FakeHub, serve: Serve) -> None:
    """In the middle of a workshop; the right one ends it for another."""
    client = await serve(hub, lan=True)
    _, response = await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    mine = {"Cookie": f"matinales={response.cookies['matinales'].value}"}
    assert (await ask(client, "POST", f"{API}/login", json={"pin": "999999"}))[0] == 403
    assert (await ask(client, "GET", f"{API}/messages", headers=mine))[0] == 200


async def test_only_our_own_console_frames_the_projector_and_nothing_else_is_framed(client: Client) -> None:
    """A page with buttons in somebody's frame could be pressed without being seen."""
    _, projector = await ask(client, "GET", PROJECTOR)
    assert "frame-ancestors 'self'" in projector.headers["Content-Security-Policy"]
    assert projector.headers["X-Frame-Options"] == "SAMEORIGIN"
    _, console = await ask(client, "GET", "/facilitator")
    assert "frame-ancestors 'none'" in console.headers["Content-Security-Policy"]


async def test_a_new_pin_lets_nobody_in_by_the_old_one_nor_by_a_cookie_of_before(hub: FakeHub, serve: Serve) -> None:
    """Somebody looked over the facilitator's shoulder."""
    client = await serve(hub, lan=True, read_pin=lambda: "111222")
    await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    assert (await ask(client, "PUT", f"{API}/login/pin"))[0] == 403
    assert (await ask(client, "PUT", f"{API}/login/pin", headers=BEARER))[0] == 200
    assert (await ask(client, "GET", f"{API}/messages"))[0] == 403
    assert (await ask(client, "POST", f"{API}/login", json={"pin": PIN}))[0] == 403
    assert (await ask(client, "POST", f"{API}/login", json={"pin": "111222"}))[0] == 200


async def test_a_console_that_is_open_when_the_pin_changes_is_none_any_more(hub: FakeHub, serve: Serve) -> None:
    """Its link ends with what there is to tell next, and the page that comes back is a viewer's."""
    client = await serve(hub, lan=True, read_pin=lambda: "111222")
    await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    async with client.ws_connect("/live") as console:
        assert (await console.receive_json(timeout=30))["role"] == "facilitator"
        assert (await ask(client, "PUT", f"{API}/login/pin", headers=BEARER))[0] == 200
        hub.speak("tasmota:a", "temperature", 4.0)
        assert (await console.receive(timeout=30)).type is WSMsgType.CLOSE
    async with client.ws_connect("/live") as again:
        assert (await again.receive_json(timeout=30))["role"] == "viewer"


async def test_a_pin_that_stands_in_a_file_is_changed_there(hub: FakeHub, serve: Serve) -> None:
    """`run` reads HUB_PIN_FILE once."""
    client = await serve(hub, demo=False)
    assert (await ask(client, "PUT", f"{API}/login/pin", headers=BEARER))[0] == 400


async def test_a_pin_changed_in_its_file_ends_the_log_ins_made_with_the_one_before(
    hub: FakeHub, serve: Serve, tmp_path: Path
) -> None:
    """The cookie stays good over a restart, and is none with another PIN."""
    rules: dict[str, Any] = {"demo": False, "sessions": tmp_path / "sessions"}
    _, response = await ask(await serve(hub, **rules), "POST", f"{API}/login", json={"pin": PIN})
    mine = {"Cookie": f"matinales={response.cookies['matinales'].value}"}
    for pin, status in ((PIN, 200), ("111222", 403)):
        again = await serve(hub, **rules, pin=pin)
        assert (await ask(again, "GET", f"{API}/messages", headers=mine))[0] == status


async def test_a_session_chosen_by_the_client_is_never_taken(hub: FakeHub, serve: Serve) -> None:
    """Fixation: login gives a new secret."""
    client = await serve(hub, lan=True)
    mine = {"Cookie": "matinales=chosen-by-me"}
    _, response = await ask(client, "POST", f"{API}/login", json={"pin": PIN}, headers=mine)
    assert response.cookies["matinales"].value != "chosen-by-me"
    client.session.cookie_jar.clear()
    assert (await ask(client, "GET", f"{API}/messages", headers=mine))[0] == 403


async def test_the_printed_code_opens_once(hub: FakeHub, serve: Serve) -> None:
    """The command line asks for it, the page trades it for a cookie."""
    client = await serve(hub, lan=True)
    async with client.post(f"{API}/login/codes", headers=BEARER) as response:
        code = (await response.json())["code"]
    assert (await ask(client, "POST", f"{API}/login", json={"code": code}))[0] == 200
    assert (await ask(client, "POST", f"{API}/login", json={"code": code}))[0] == 403


async def test_a_code_older_than_a_minute_opens_nothing() -> None:
    """60 s."""
    clock = [0.0]
    codes = Codes(monotonic=lambda: clock[0])
    code = await codes.new()
    clock[0] = 60.0
    assert not await codes.use(code)


async def test_a_thousand_guesses_are_slowed_and_lock_nobody_out(hub: FakeHub, serve: Serve) -> None:
    """429 with Retry-After; the code of the terminal still opens at once, the PIN after a moment."""
    client = await serve(hub, lan=True)
    codes = [(await ask(client, "POST", f"{API}/login", json={"pin": f"{n:06}"}))[0] for n in range(1000)]
    assert codes[:3] == [403, 403, 403]
    assert codes.count(429) > 900
    async with client.post(f"{API}/login/codes", headers=BEARER) as response:
        code = (await response.json())["code"]
    assert (await ask(client, "POST", f"{API}/login", json={"code": code}))[0] == 200
    _, refused = await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    assert refused.status == 200 or int(refused.headers["Retry-After"]) <= 3


def test_delays_grow_per_address_and_are_forgiven() -> None:
    """1, 2, 4 … 60 s; another address waits for nothing."""
    clock = [0.0]
    delays = Delays(monotonic=lambda: clock[0])
    waits = []
    for _ in range(12):
        waits.append(delays.wait("10.0.0.7"))
        clock[0] += waits[-1]
        delays.miss("10.0.0.7")
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert delays.wait("10.0.0.8") == 0
    clock[0] += 1000
    delays.miss("10.0.0.7")
    assert delays.wait("10.0.0.7") == 0


async def test_run_without_a_pin_file_has_no_facilitator(hub: FakeHub, serve: Serve) -> None:
    """And says what to set."""
    client = await serve(hub, demo=False, pin=None)
    english = {"Accept-Language": "en"}
    async with client.post(f"{API}/login", json={"pin": "000000"}, headers=english) as response:
        assert response.status == 403
        assert "HUB_PIN_FILE" in (await response.json(content_type=None))["remedy"]
    async with client.get(f"{API}/messages", headers=english) as response:
        assert "HUB_PIN_FILE" in (await response.json(content_type=None))["remedy"]


async def test_the_page_learns_who_it_is(hub: FakeHub, serve: Serve) -> None:
    """Viewer here, facilitator there."""
    here, there = await serve(hub, lan=True), await serve(hub)
    async with here.get(f"{API}/login") as response:
        assert await response.json() == {"role": "viewer", "login": True}
    async with there.get(f"{API}/login") as response:
        assert (await response.json())["role"] == "facilitator"


def test_who_logs_in_while_another_one_does_is_known_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is written by a thread of its own: the slower one must not put back what it read first."""
    path = tmp_path / "sessions.json"
    one, writes, later = Sessions(path), threading.Event(), threading.Event()

    def slowly(where: Path, content: bytes) -> None:
        if not writes.is_set():
            writes.set()
            later.wait(0.2)
        write_private(where, content)

    monkeypatch.setattr(sessions, "write_private", slowly)
    first = threading.Thread(target=one.save)
    first.start()
    assert writes.wait(30)
    secret = one.open()
    one.save()
    later.set()
    first.join()
    assert Sessions(path).known(secret)


def test_sessions_survive_a_restart_and_the_file_lets_nobody_in(tmp_path: Path) -> None:
    """Only hashes lie there, for the owner."""
    path = tmp_path / "sessions.json"
    kept = Sessions(path)
    secret = kept.open()
    kept.save()
    assert secret not in path.read_text()
    assert Sessions(path).known(secret)
    kept.close(secret)
    kept.save()
    assert not Sessions(path).known(secret)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_session_ends_after_a_week() -> None:
    """The workshop is over."""
    clock = [0.0]
    sessions = Sessions(wall=lambda: clock[0])
    secret = sessions.open()
    clock[0] = 7 * 24 * 3600
    assert not sessions.known(secret)


def test_two_installations_have_different_pins_and_keep_them(tmp_path: Path) -> None:
    """No default anywhere."""
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    pins = [credentials.pin(folder) for folder in folders]
    assert len(set(pins)) > 1
    assert all(len(pin) == 6 and pin.isdigit() for pin in pins)
    assert [credentials.pin(folder) for folder in folders] == pins
    if sys.platform != "win32":
        assert stat.S_IMODE((folders[0] / "pin").stat().st_mode) == 0o600


def test_a_damaged_pin_is_made_anew(tmp_path: Path) -> None:
    """An empty file is no open door."""
    (tmp_path / "pin").write_bytes(b"\xff")
    assert credentials.pin(tmp_path).isdigit()


@pytest.mark.parametrize("content", [None, b"", b"12\n", b"\xff\xfe"])
def test_a_pin_file_that_is_no_secret_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Naming the file and what to write."""
    path = tmp_path / "pin.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"pin\.txt"):
        credentials.pin_from_file(path)


def test_a_pin_file_is_read(tmp_path: Path) -> None:
    """One line."""
    (tmp_path / "pin.txt").write_text("654321\n")
    assert credentials.pin_from_file(tmp_path / "pin.txt") == "654321"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LOCALHOST:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("matinales.local", True),
        ("10.9.8.7:80", True),
        ("10.9.8.8", False),
        ("hub.example.org", True),
        ("other.example.org", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("0.0.0.0", False),
        ("", False),
        ("[", False),
        ("a:b:c", False),
    ],
)
def test_the_hub_answers_to_its_own_names_only(host: str, known: bool) -> None:  # noqa: FBT001 — a column of the table
    """Interface addresses, matinales.local, the configured names."""
    config = Config(public_url="https://hub.example.org/", allowed_hosts="other.example.org")
    security = Security(config, demo=False, lan=True, secret=SECRET, addresses=lambda: frozenset({"10.9.8.7"}))
    assert security.knows(host) == known


def test_a_new_address_is_learnt_when_the_network_changes() -> None:
    """Read again, but not for every stranger."""
    clock, now = [0.0], {"10.0.0.1"}
    reads = []

    def read() -> frozenset[str]:
        reads.append(clock[0])
        return frozenset(now)

    security = Security(Config(), demo=True, lan=True, secret=SECRET, addresses=read, monotonic=lambda: clock[0])
    assert security.knows("10.0.0.1")
    now.add("10.0.0.2")
    assert not security.knows("10.0.0.2")
    clock[0] = 5.0
    assert security.knows("10.0.0.2")
    assert reads == [0.0, 5.0]


def test_this_machine_has_addresses() -> None:
    """Loopback at least, without zone."""
    found = all_own()
    assert "127.0.0.1" in found
    assert not any("%" in address for address in found)


async def test_behind_a_proxy_the_public_origin_is_ours(serve: Serve) -> None:
    """The proxy speaks http to us, the browser https to it."""
    hub = FakeHub(Config(public_url="https://hub.example.org"))
    client = await serve(hub, demo=False)
    headers = {"Host": "hub.example.org", "Origin": "https://hub.example.org"}
    _, response = await ask(client, "POST", f"{API}/login", json={"pin": PIN}, headers=headers)
    assert response.status == 200
    assert "Secure" in response.headers["Set-Cookie"]


async def test_live_pages_are_limited_per_session_and_per_address(
    hub: FakeHub, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight a cookie; before joining, so many an address; 503 above, and a counter."""
    monkeypatch.setattr("hub.web.security.PER_ADDRESS", 3)
    client = await serve(hub, lan=True)
    pages = [await client.ws_connect("/live") for _ in range(3)]
    assert (await ask(client, "GET", "/live", headers=UPGRADE))[0] == 503
    await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    pages += [await client.ws_connect("/live") for _ in range(PER_COOKIE)]
    status, response = await ask(client, "GET", "/live", headers=UPGRADE)
    assert status == 503
    assert response.headers["Retry-After"]
    for page in pages:
        await page.close()
    async with client.get("/metrics") as answer:
        assert "matinales_requests_refused_total 2" in await answer.text()
    assert PER_ADDRESS == 200


async def test_a_room_full_of_live_pages_keeps_the_console_bright(
    serve: Serve, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some places are the facilitator's alone."""
    monkeypatch.setattr("hub.web.security.IN_ALL", 2)
    client = await serve(hub, lan=True)
    pages = [await client.ws_connect("/live") for _ in range(2)]
    assert (await ask(client, "GET", "/live", headers=UPGRADE))[0] == 503
    await ask(client, "POST", f"{API}/login", json={"pin": PIN})
    pages.append(await client.ws_connect("/live"))
    for page in pages:
        await page.close()


async def test_a_request_without_a_host_is_refused(client: Client) -> None:
    """HTTP/1.0, and what pretends to be it."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"GET /api/v1/devices HTTP/1.0\r\n\r\n")
    assert b" 403 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


def a_build(folder: Path) -> Path:
    """Return a folder with a built page, a secret beside it and links to it."""
    (folder / "static" / "assets").mkdir(parents=True)
    static = folder / "static"
    (static / "index.html").write_text("<!doctype html><title>page</title>")
    (static / "assets" / "app-1234.js").write_text("console.log(1)")
    (static / "assets" / "app-1234.js.gz").write_bytes(b"\x1f\x8b-packed")
    (static / "icon.svg").write_text("<svg/>")
    (static / ".hidden").write_text("secret")
    (folder / "secret.txt").write_text("secret")
    with contextlib.suppress(OSError):  # Windows allows links to few
        (static / "link.txt").symlink_to(folder / "secret.txt")
        (static / "up").symlink_to(folder, target_is_directory=True)
    return static


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/assets//app-1234.js",
        "/link.txt",
        "/up/secret.txt",
        "/.hidden",
        "/assets",
        "/assets/",
        "/assets/app-1234.js.gz",
        "/assets/app-1234.js%00",
        "/etc/passwd",
        "/assets/%c0%ae%c0%ae/secret.txt",
    ],
)
async def test_no_path_leads_outside_the_page(hub: FakeHub, serve: Serve, tmp_path: Path, path: str) -> None:
    """404 everywhere: traversal, links, hidden files, folders."""
    client = await serve(hub, static_dir=a_build(tmp_path))
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    assert answer.split(b" ", 2)[1] in {b"404", b"400"}
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2].replace(b"secret.txt", b"")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("path", ["/", "/projector", "/facilitator", "/join", "/devices", "/history", "/setup"])
async def test_the_page_is_served_at_each_of_its_addresses(
    hub: FakeHub, serve: Serve, tmp_path: Path, path: str
) -> None:
    """Checked for news each time."""
    client = await serve(hub, static_dir=a_build(tmp_path))
    async with client.get(path) as response:
        assert "<title>page</title>" in await response.text()
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.content_type == "text/html"


async def test_assets_are_packed_and_kept_for_ever(hub: FakeHub, serve: Serve, tmp_path: Path) -> None:
    """Their names change with their content."""
    client = await serve(hub, static_dir=a_build(tmp_path))
    async with client.get("/assets/app-1234.js", auto_decompress=False) as response:
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.content_type in {"text/javascript", "application/javascript"}
    async with client.get("/assets/app-1234.js", headers={"Accept-Encoding": "identity"}) as response:
        assert await response.text() == "console.log(1)"
    async with client.get("/icon.svg") as response:
        assert response.headers["Cache-Control"] == "no-cache"


async def test_a_missing_page_says_how_to_build_it(client: Client) -> None:
    """In both languages, without a trace."""
    async with client.get(URL("/"), headers={"Accept-Language": "en"}) as response:
        assert response.status == 503
        assert "pip install" in await response.text()


def test_each_role_may_do_what_those_before_may() -> None:
    """An order, from viewer to the hub itself."""
    assert Role.VIEWER < Role.PARTICIPANT < Role.INTEGRATOR < Role.FACILITATOR < Role.HUB
