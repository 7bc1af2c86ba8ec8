"""Codes and requests that hold once over all workers, and what goes on without a server (hub/onlyonce.py)."""

import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec
import pytest

from hub import onlyonce
from hub.errors import JournalError
from hub.journal import place
from hub.journal.bucket import Bucket, Entry
from hub.journal.nats_link import RefusedError, Url
from hub.onlyonce import OnlyOnce, Said
from hub.web.once import Kept
from servers import nats
from servers.ports import HOST, until

CODE = "ab" * 32
MAC = hmac.digest(b"seal", b"body", "sha256").hex()
ANSWER = Kept(key="name", body="body", at=1, status=201, kind="application/json", said=b'{"text": "door left open"}')


@pytest.fixture
def url() -> str:
    """Lend the address of a journal that nobody has made yet."""
    return nats.fresh_url()


@pytest.fixture
def pair(tmp_path: Path, url: str) -> Iterator[list[OnlyOnce]]:
    """Lend two workers."""
    with ExitStack() as stack:
        yield [worker(stack, tmp_path / name, url) for name in ("one", "two")]


def worker(stack: ExitStack, folder: Path, url: str) -> OnlyOnce:
    """Return a worker in a folder of its own."""
    folder.mkdir()
    place.note(folder, url)
    found = stack.enter_context(onlyonce.shared(folder))
    assert found is not None
    return found


def said_so(one: OnlyOnce) -> bool:
    """Look as each second, and tell whether everybody knows what was used."""
    one.look()
    return not one._used


def test_a_journal_in_a_folder_has_no_other_workers(tmp_path: Path) -> None:
    """Nothing of NATS is imported then."""
    with onlyonce.shared(tmp_path) as found:
        assert found is None


def test_a_code_that_nobody_made_opens_nothing(pair: list[OnlyOnce]) -> None:
    """Nor does one that is asked for again."""
    assert not pair[0].take(CODE, mine=False)
    pair[0].offer(CODE)
    assert pair[1].take(CODE, mine=False)
    assert not pair[0].take(CODE, mine=True)


def test_without_a_server_each_worker_goes_on_by_itself(tmp_path: Path) -> None:
    """A code opens where it was made, and nowhere else afterwards; no request is refused."""
    with nats.to_kill() as server, ExitStack() as stack:
        url = f"nats://{HOST}:{server.port}/t"
        one, two = worker(stack, tmp_path / "one", url), worker(stack, tmp_path / "two", url)
        one.offer(CODE)
        server.kill()
        assert one.take(CODE, mine=True)
        assert not two.take(CODE, mine=False)
        assert two.claim("name", "body", "seal") is None
        two.answered(ANSWER, "seal")
        server.start()
        until("it has said so", lambda: said_so(one))
        assert not two.take(CODE, mine=False)


def test_a_request_is_one_workers_until_it_is_answered_and_then_has_that_answer(pair: list[OnlyOnce]) -> None:
    """Read by who knows the seal only."""
    one, two = pair
    assert one.claim("name", "body", "seal") is None
    assert two.claim("name", "body", "seal") == "key_busy"
    one.answered(ANSWER, "seal")
    assert two.claim("name", "body", "seal") == ANSWER
    assert two.claim("name", "another body", "seal") == "key_reused"


def test_what_was_typed_lies_sealed_at_the_servers(pair: list[OnlyOnce], url: str) -> None:
    """It may be erased elsewhere one day, and stays there until then; nor can a guess be compared with it."""
    pair[0].claim("name", "body", "seal")
    with closing(Bucket(Url.parsed(url), onlyonce.REQUESTS)) as bucket:
        claimed = bucket.since(0)
        pair[0].answered(ANSWER, "seal")
        said = [each.value or b"" for each in (*claimed, *bucket.since(0))]
    assert len(said) == 2
    assert not any(word in each for each in said for word in (b"door", b'"body":"body"'))
    assert pair[1].claim("name", "body", "another seal") == "key_reused"


def test_a_request_that_did_nothing_is_tried_again_anywhere(pair: list[OnlyOnce]) -> None:
    """As often as it needs."""
    for each in (*pair, *pair):
        assert each.claim("name", "body", "seal") is None
        each.release("name")


def test_a_request_whose_worker_died_is_another_ones_after_a_while(
    pair: list[OnlyOnce], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The servers forget it by themselves."""
    monkeypatch.setattr(onlyonce, "UNDER_WAY_S", 1)
    assert pair[0].claim("name", "body", "seal") is None
    with closing(Bucket(pair[0]._requests._url, onlyonce.REQUESTS)) as bucket:
        until("it is forgotten", lambda: bucket.get("name") is None)
    assert pair[1].claim("name", "body", "seal") is None


def test_a_request_that_another_worker_had_and_let_go_meanwhile_is_claimed_all_the_same(
    pair: list[OnlyOnce], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would else act here, and once more at a third worker."""
    one, two = pair
    others = iter([two])
    monkeypatch.setattr(Bucket, "put", disturbed(others))
    assert one.claim("name", "body", "seal") is None
    assert two.claim("name", "body", "seal") == "key_busy"


def test_a_request_that_others_have_ever_again_comes_later(
    pair: list[OnlyOnce], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither acts unclaimed nor is it tried for ever."""
    one, two = pair
    others = iter([two] * 3)
    monkeypatch.setattr(Bucket, "put", disturbed(others))
    assert one.claim("name", "body", "seal") == "key_busy"
    assert next(others, None) is None


def disturbed(others: Iterator[OnlyOnce]) -> Callable[..., int]:
    """Return what keeps a value after another worker has claimed the same request and let it go."""
    real = Bucket.put
    busy: list[OnlyOnce] = []

    def put(bucket: Bucket, key: str, value: bytes, *, after: int, lives_s: int = 0) -> int:
        other = None if busy else next(others, None)
        if other is not None:
            busy.append(other)
            assert other.claim(key, "body", "seal") is None
            other.release(key)
            busy.clear()
        return real(bucket, key, value, after=after, lives_s=lives_s)

    return put


def test_servers_that_take_nothing_hold_up_no_request(pair: list[OnlyOnce], monkeypatch: pytest.MonkeyPatch) -> None:
    """As where their disks are full: each worker goes on by itself."""

    def put(*_: object, **__: object) -> int:
        raise RefusedError

    assert pair[0].first("command")
    monkeypatch.setattr(Bucket, "put", put)
    assert pair[0].claim("name", "body", "seal") is None
    assert [pair[1].first(name) for name in ("command", "another command")] == [False, True]


@pytest.mark.parametrize("value", [b"{}", b"of another version", msgspec.json.encode(Said(MAC, b"sealed otherwise"))])
def test_a_request_whose_answer_cannot_be_read_does_not_act_again(pair: list[OnlyOnce], value: bytes) -> None:
    """It acted at another worker, of another version."""
    pair[0]._requests.put("name", value, after=0)
    assert pair[1].claim("name", "body", "seal") == "key_unread"


def test_a_server_that_does_not_answer_keeps_nobody_but_the_first_waiting(
    pair: list[OnlyOnce], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made-up codes and keys would else hold the threads that answer everybody; who looks each second asks again."""
    one, two = pair
    until("it is connected", lambda: one._codes.connected)
    asked: list[str] = []

    def get(_: Bucket, key: str) -> Entry | None:
        asked.append(key)
        raise JournalError

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "get", get)
        for number in range(8):
            assert not one.take(f"{number}", mine=False)
            assert one.claim(f"{number}", "body", "seal") is None
        assert asked == ["0"]
        one.look()
        assert len(asked) == 2
        assert one.take(CODE, mine=True)
        assert len(asked) == 2
    one.look()
    two.offer(CODE)
    assert one.take(CODE, mine=False)


def test_a_server_that_is_away_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it was there, or was waited for as long as at the beginning."""
    with nats.to_kill() as server, ExitStack() as stack:
        one = worker(stack, tmp_path / "one", f"nats://{HOST}:{server.port}/t")
        assert one.claim("name", "body", "seal") is None
        server.kill()
        until("it is away", lambda: one._codes.away)
        monkeypatch.setattr(Bucket, "get", lambda *_: pytest.fail("it asks"))
        assert not one.take(CODE, mine=False)
        assert one.claim("other", "body", "seal") is None
