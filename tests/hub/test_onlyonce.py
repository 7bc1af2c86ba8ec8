"""Codes and requests that hold once over all workers, and what goes on without a server (hub/onlyonce.py)."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from hub import onlyonce
from hub.journal import place
from hub.journal.bucket import Bucket
from hub.journal.nats_link import Url
from hub.onlyonce import OnlyOnce
from hub.web.once import Claim, Kept
from servers import nats
from servers.ports import HOST, until

CODE = "ab" * 32
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
        assert two._silent_until > 0, "who guesses next is not waited with"
        assert two.claim("name", "body", "seal") is None
        two.answered(ANSWER, "seal")
        server.start()
        until("it has said so", lambda: said_so(one))
        two._silent_until = 0
        assert not two.take(CODE, mine=False)


def test_a_request_is_one_workers_until_it_is_answered_and_then_has_that_answer(pair: list[OnlyOnce]) -> None:
    """Read by who knows the seal only."""
    one, two = pair
    assert one.claim("name", "body", "seal") is None
    assert two.claim("name", "body", "seal") == Claim("body", None)
    one.answered(ANSWER, "seal")
    assert two.claim("name", "body", "seal") == Claim("body", ANSWER)


def test_what_was_typed_lies_sealed_at_the_servers(pair: list[OnlyOnce], url: str) -> None:
    """It may be erased elsewhere one day, and stays there until then."""
    pair[0].claim("name", "body", "seal")
    pair[0].answered(ANSWER, "seal")
    with closing(Bucket(Url.parsed(url), onlyonce.REQUESTS)) as bucket:
        (entry,) = bucket.since(0)
    assert entry.value is not None
    assert b"door" not in entry.value
    assert pair[1].claim("name", "body", "another seal") is None


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
    assert pair[1].claim("name", "body", "seal") == Claim("body", None)
    with closing(Bucket(pair[0]._requests._url, onlyonce.REQUESTS)) as bucket:
        until("it is forgotten", lambda: bucket.get("name") is None)
    assert pair[1].claim("name", "body", "seal") is None
