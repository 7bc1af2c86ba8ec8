"""A request that comes again with its key acts once (draft-ietf-httpapi-idempotency-key-header)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.live import Batch
from hub.model import NS, Device
from hub.web import once
from hub.web.once import KEPT_NS, KEYS, Kept, Keys, Refusal
from hub.web.problems import Problem
from servers.web import WALL, Client, FakeHub

API = "/api/v1"
NOTE = {"text": "door left open"}


async def post(client: Client, path: str, body: object, key: str) -> tuple[int, Any, str | None]:
    """Return status, answer and whether it is the first one again."""
    async with client.post(API + path, json=body, headers={"Idempotency-Key": key}) as answer:
        return answer.status, await answer.json(content_type=None), answer.headers.get("Idempotent-Replayed")


@pytest.mark.parametrize("key", ["8e03978e", '"8e03978e"'])
async def test_the_same_request_again_gets_the_first_answer_and_acts_once(client: Client, key: str) -> None:
    """Its key in quotes, as RFC 8941 writes strings, or bare."""
    first, again = [await post(client, "/notes", NOTE, key) for _ in range(2)]
    assert (first[0], first[2]) == (201, None)
    assert again == (*first[:2], "true")
    assert len((await (await client.get(f"{API}/notes")).json())["notes"]) == 1


async def test_another_body_under_the_same_key_is_refused(client: Client) -> None:
    """And nothing is done."""
    await post(client, "/notes", NOTE, "k")
    status, problem, _ = await post(client, "/notes", {"text": "something else"}, "k")
    assert (status, problem["type"]) == (422, "urn:matinales:key_reused")
    assert len((await (await client.get(f"{API}/notes")).json())["notes"]) == 1


async def test_a_refused_request_may_be_corrected_under_its_key(client: Client) -> None:
    """It did nothing."""
    assert (await post(client, "/notes", {"text": ""}, "k"))[0] == 400
    assert (await post(client, "/notes", NOTE, "k"))[0] == 201


@pytest.mark.parametrize("path", ["/replay", "/sessions/newest/reset"])
async def test_a_body_that_may_be_left_out_is_read_all_the_same(client: Client, path: str) -> None:
    """Which recording, how fast, what the new session is called: a key does not make the hub overlook it."""
    assert (await post(client, path, {"unheard": "of"}, "k"))[0] == 400


async def test_without_a_key_each_request_acts(client: Client) -> None:
    """As before."""
    for _ in range(2):
        await client.post(f"{API}/notes", json=NOTE)
    assert len((await (await client.get(f"{API}/notes")).json())["notes"]) == 2


@pytest.mark.parametrize("key", ["", "é", "a,b", "x" * 256, '"open'])
async def test_what_is_no_key_is_refused(client: Client, key: str) -> None:
    """Rather than acting without its protection."""
    assert (await post(client, "/notes", NOTE, key))[0] == 400


async def test_a_webhook_is_journalled_once(hub: FakeHub, client: Client) -> None:
    """A program that lost the answer sends it again."""
    answers = [await post(client, "/ingest/shed", {"temperature": 4}, "k") for _ in range(3)]
    assert len(hub.journal) == 1
    assert {status for status, _, _ in answers} == {200}


async def test_a_commands_id_is_its_key(hub: FakeHub, client: Client) -> None:
    """So that the commander knows it again, whatever became of the hub's own memory."""
    hub.live.apply(Batch(devices=[Device(uid="tasmota:plug", family="tasmota", name="plug", run="real", seen=WALL)]))
    answers = [
        await post(client, "/devices/tasmota:plug/commands", {"channel": "switch", "value": 1}, "k") for _ in "ab"
    ]
    assert [given.id for given in hub.given] == ["k"]
    assert [status for status, _, _ in answers] == [202, 202]


def kept(key: str, at: int = WALL) -> Kept:
    """Return an answered request."""
    return Kept(key=key, body="b", at=at, status=200, kind="application/json", said=b"{}")


async def test_while_the_first_is_under_way_the_second_waits_its_turn() -> None:
    """It is told to come again."""
    keys = Keys(wall=lambda: WALL)
    assert keys.known("k", "b") is None
    with pytest.raises(Problem) as problem:
        keys.known("k", "b")
    assert problem.value.code == "key_busy"
    with pytest.raises(Problem) as problem:
        keys.known("k", "other")
    assert problem.value.code == "key_reused"
    await keys.forget("k")
    assert keys.known("k", "b") is None


async def test_durable_keys_hold_across_a_restart(tmp_path: Path) -> None:
    """Others end with the hub; a line that a power cut tore is left out."""
    path = tmp_path / "idempotency"
    keys = await asyncio.to_thread(Keys, path, lambda: WALL)
    await keys.keep(kept("a"), durable=True)
    await keys.keep(kept("b"), durable=False)
    with path.open("ab") as file:
        file.write(b'{"key":"c","bo')
    again = await asyncio.to_thread(Keys, path, lambda: WALL)
    assert again.known("a", "b") == kept("a")
    assert again.known("b", "b") is None


async def test_the_file_of_keys_is_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that gives each of its messages a key fills no disk, and its newest keys hold across a restart."""
    monkeypatch.setattr(once, "MOST", 4)
    path = tmp_path / "idempotency"
    keys = await asyncio.to_thread(Keys, path, lambda: WALL)
    for number in range(50):
        keys.known(str(number), "b")
        await keys.keep(kept(str(number)), durable=True)
        assert len(path.read_bytes().splitlines()) <= 2 * 4
    again = await asyncio.to_thread(Keys, path, lambda: WALL)
    assert again.known("49", "b") == kept("49")
    assert again.known("40", "b") is None


async def test_keys_are_forgotten_after_a_day_and_beyond_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded in time and size."""
    monkeypatch.setattr(once, "MOST", 3)
    now = [WALL]
    keys = Keys(wall=lambda: now[0])
    for number in range(4):
        await keys.keep(kept(str(number)), durable=False)
    assert keys.known("0", "b") is None
    assert keys.known("3", "b") is not None
    now[0] += KEPT_NS + NS
    assert keys.known("3", "b") is None


class Others:
    """Other workers; they note whether a file was there when they were told of an answer."""

    def __init__(self, path: Path, became: Refusal | None = None) -> None:
        """Tell every request that it became that."""
        self.told: list[bool] = []
        self._path, self._became = path, became

    def claim(self, _name: str, _body: str, _seal: str) -> Refusal | None:
        """Return what became of a request."""
        return self._became

    def answered(self, _answer: Kept, _seal: str) -> None:
        """Note it."""
        self.told.append(self._path.exists())

    def release(self, _name: str) -> None:
        """Let it go."""

    def first(self, _name: str) -> bool:
        """Know of no command."""
        return True


async def test_an_answer_is_on_disk_before_other_workers_give_it(tmp_path: Path) -> None:
    """They may take seconds; a hub that is killed meanwhile knows it again."""
    path = tmp_path / "idempotency"
    keys = await asyncio.to_thread(Keys, path, lambda: WALL)
    others = keys.elsewhere = Others(path)
    await keys.keep(kept("a"), durable=True)
    assert others.told == [True]


async def test_an_answer_that_a_full_disk_cannot_keep_is_given_by_other_workers_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It acted."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "idempotency"
    keys = await asyncio.to_thread(Keys, path, lambda: WALL)
    others = keys.elsewhere = Others(path)
    monkeypatch.setattr(once, "_append", full)
    with pytest.raises(OSError, match="No space"):
        await keys.keep(kept("a"), durable=True)
    assert others.told == [False]


async def test_a_request_whose_answer_is_not_readable_here_is_refused(client: Client, tmp_path: Path) -> None:
    """It acted at another worker: nothing is done, and what to do is said."""
    client.app[KEYS].elsewhere = Others(tmp_path, "key_unread")
    status, problem, _ = await post(client, "/notes", NOTE, "k")
    assert (status, problem["type"]) == (409, "urn:matinales:key_unread")
    assert (await (await client.get(f"{API}/notes")).json())["notes"] == []
