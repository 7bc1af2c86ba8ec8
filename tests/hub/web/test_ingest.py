"""Webhooks: a token opens its source, what arrives is journalled before 2xx, Sigfox gets its downlink (issue 5 §5)."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from hub import tokens
from hub.config import Config
from hub.errors import JournalError
from hub.model import Message, Source
from hub.tokens import Tokens
from servers.web import WALL, Client, FakeHub, Serve

PLACE = "/api/v1/ingest/"


async def send(client: Client, source: str, body: bytes | str, **headers: str) -> tuple[int, Any]:
    """Return status and body of a POST."""
    address = URL(PLACE + source, encoded=True)
    async with client.post(
        address, data=body, headers={name.replace("_", "-"): v for name, v in headers.items()}
    ) as got:
        return got.status, json.loads(await got.read() or b"null")


@pytest.fixture
async def outside(hub: FakeHub, serve: Serve, tmp_path: Path) -> Client:
    """Lend a client that nobody trusts, of a hub that knows tokens."""
    served: Client = await serve(hub, demo=False, tokens=Tokens(tmp_path))
    return served


@pytest.fixture
async def token(tmp_path: Path) -> str:
    """Lend a token for any source."""
    return await asyncio.to_thread(tokens.create, tmp_path, "all", None)


async def test_a_webhook_with_a_token_is_journalled_as_it_was_sent(hub: FakeHub, outside: Client, token: str) -> None:
    """Topic `webhook/<source>`, the body's bytes, the arrival time."""
    body = b'{"temp":21.5,\n "door":false}'
    answer = await send(outside, "oven", body, Authorization=f"Bearer {token}", Content_Type="application/json")
    assert answer == (200, {"accepted": 1, "position": 1})
    assert hub.journal == [Message("webhook/oven", body, WALL, Source.HTTP)]


async def test_a_caller_that_cannot_set_headers_gives_its_token_in_the_address(
    hub: FakeHub, outside: Client, token: str
) -> None:
    """Documented second best."""
    assert (await send(outside, f"oven?token={token}", b"21.5"))[0] == 200
    assert hub.journal[0].payload == b"21.5"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer guess", "Basic {token}", "Bearer {token}x"])
async def test_without_a_token_nothing_is_taken(hub: FakeHub, outside: Client, token: str, header: str | None) -> None:
    """The refusal names the command that makes one."""
    headers = {} if header is None else {"Authorization": header.format(token=token)}
    status, problem = await send(outside, "oven", b"1", **headers, Accept_Language="en")
    assert (status, hub.journal) == (403, [])
    assert "matinales tokens new" in problem["remedy"]


async def test_a_token_of_one_source_opens_no_other_and_nothing_else(outside: Client, tmp_path: Path) -> None:
    """Nor does it make a facilitator."""
    token = await asyncio.to_thread(tokens.create, tmp_path, "oven", "oven")
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await send(outside, "oven", b"1", **bearer))[0] == 200
    assert (await send(outside, "sigfox", b"1", **bearer))[0] == 403
    async with outside.get("/api/v1/messages", headers=bearer) as answer:
        assert answer.status == 403


async def test_a_revoked_token_opens_nothing_any_more(outside: Client, token: str, tmp_path: Path) -> None:
    """From the next request on, without a restart."""
    assert (await send(outside, "oven", b"1", Authorization=f"Bearer {token}"))[0] == 200
    await asyncio.to_thread(tokens.revoke, tmp_path, "all")
    assert (await send(outside, "oven", b"1", Authorization=f"Bearer {token}"))[0] == 403


async def test_a_damaged_file_of_tokens_lets_nobody_in(outside: Client, token: str, tmp_path: Path) -> None:
    """Closed, not open."""
    await asyncio.to_thread((tmp_path / tokens.FILE).write_bytes, b"{")
    assert (await send(outside, "oven", b"1", Authorization=f"Bearer {token}"))[0] == 403


async def test_a_form_becomes_the_json_it_stands_for(hub: FakeHub, client: Client) -> None:
    """Drivers know no content type."""
    form = "temp=21.5&name=caf%C3%A9+noir&temp=22&empty="
    assert (await send(client, "oven", form, Content_Type="application/x-www-form-urlencoded; charset=utf-8"))[0] == 200
    assert json.loads(hub.journal[0].payload) == {"temp": ["21.5", "22"], "name": "café noir", "empty": ""}


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 5000, b"&".join(b"a=1" for _ in range(2000))])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", ""])
@pytest.mark.parametrize(("source", "status"), [("oven", 200), ("sigfox", 204)])
async def test_content_is_never_a_reason_to_refuse(
    hub: FakeHub, client: Client, *, source: str, status: int, kind: str, body: bytes
) -> None:
    """It is journalled, and ends on the list of what was not understood."""
    assert (await send(client, source, body, Content_Type=kind))[0] == status
    assert len(hub.journal) == 1


@pytest.mark.parametrize("source", ["a%2Fb", "%23", "%2B", "a%0Ab", "%20", "-a", "x" * 65, "..%2Fhealth", "a%00"])
async def test_a_source_is_one_plain_level(hub: FakeHub, client: Client, source: str) -> None:
    """No wildcard, no slash, no control character reaches a topic."""
    assert (await send(client, source, b"1"))[0] in {400, 404}
    assert hub.journal == []


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # the test's client's own affair
async def test_a_body_over_a_mebibyte_is_refused(hub: FakeHub, client: Client) -> None:
    """413 before it is read whole (X11); one of exactly a mebibyte is taken."""
    assert (await send(client, "oven", b"1" * (1024 * 1024 + 1)))[0] == 413
    assert (await send(client, "oven", b"1" * (1024 * 1024)))[0] == 200
    assert len(hub.journal) == 1


async def test_a_packed_body_is_refused(hub: FakeHub, client: Client) -> None:
    """A gzip bomb is never unpacked (X11)."""
    assert (await send(client, "oven", b"\x1f\x8b", Content_Encoding="gzip"))[0] in {400, 415}
    assert (await send(client, "oven", b"--x--", Content_Type="multipart/form-data; boundary=x"))[0] == 415
    assert hub.journal == []


async def test_what_is_not_on_disk_is_not_confirmed(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, so that the caller sends it again."""

    async def fails(_messages: Sequence[Message]) -> int:
        msg = "the disk is full"
        raise JournalError(msg)

    monkeypatch.setattr(hub, "append", fails)
    for source in ("oven", "sigfox"):
        assert (await send(client, source, b"1"))[0] == 503


UPLINK = '{"device":"4D5E6F","data":"03670110","time":"1753430400","seqNumber":"7","ack":"false"}'
BIDIR = UPLINK.replace('"false"', '"true"')
AS_FORM = "device=4D5E6F&data=03670110&time=1753430400&seqNumber=7&ack=true"


@pytest.mark.parametrize(
    ("kind", "body", "answer"),
    [
        ("application/json", UPLINK, (204, None)),
        ("application/json", BIDIR, (200, {"4D5E6F": {"downlinkData": "0102030405060708"}})),
        ("application/json", BIDIR.replace('"true"', "true"), (200, {"4D5E6F": {"downlinkData": "0102030405060708"}})),
        ("application/json", BIDIR.replace("4D5E6F", "0abc"), (200, {"0abc": {"downlinkData": "00000000000000ff"}})),
        ("application/x-www-form-urlencoded", AS_FORM, (200, {"4D5E6F": {"downlinkData": "0102030405060708"}})),
        ("text/plain", AS_FORM, (200, {"4D5E6F": {"downlinkData": "0102030405060708"}})),
        ("text/plain", BIDIR, (200, {"4D5E6F": {"downlinkData": "0102030405060708"}})),
        ("application/json", BIDIR.replace("4D5E6F", "{device}"), (204, None)),
        ("application/json", "[]", (204, None)),
    ],
)
async def test_a_sigfox_callback_is_answered_with_its_downlink(
    serve: Serve, kind: str, body: str, answer: tuple[int, Any]
) -> None:
    """200 with 8 bytes for a device that asks, 204 where there is nothing to send (wire_formats.md §13)."""
    hub = FakeHub(Config(sigfox_downlink="4d5e6f=0102030405060708, *=00000000000000FF"))
    assert await send(await serve(hub), "sigfox", body, Content_Type=kind) == answer
    assert hub.journal[0].topic in {"sigfox/4D5E6F", "sigfox/0abc", "sigfox/unknown"}
    assert json.loads(hub.journal[0].payload) is not None


async def test_without_a_downlink_there_is_nothing_to_send(hub: FakeHub, client: Client) -> None:
    """204 also to a device that asks."""
    assert await send(client, "sigfox", BIDIR, Content_Type="application/json") == (204, None)
    assert hub.journal == [Message("sigfox/4D5E6F", BIDIR.encode(), WALL, Source.HTTP)]
