"""Integrators' tokens that open at every worker, and nowhere once one of them revoked it (hub/sharedtokens.py)."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from hub import sharedtokens, tokens
from hub.errors import JournalError, NotFoundError, UsageError
from hub.hashing import hashed
from hub.journal import place
from hub.journal.bucket import Bucket, Entry
from hub.journal.nats_link import RefusedError
from hub.sharedtokens import SharedTokens
from hub.tokens import Tokens
from servers import nats
from servers.ports import HOST, free_port, until


class Worker:
    """A worker's folder, what its page lets in, and what keeps it like the others."""

    def __init__(self, stack: ExitStack, folder: Path, url: str) -> None:
        """Begin with a folder, which may have tokens already."""
        folder.mkdir(exist_ok=True)
        place.note(folder, url)
        self.folder = folder
        self.tokens = Tokens(folder)
        self.shared = self.tokens.elsewhere = stack.enter_context(sharedtokens.shared(folder))

    def lets_in(self, token: str) -> bool:
        """Tell whether its page lets a token in."""
        self.tokens.meet(token, "oven")
        return self.tokens.opens(token, "oven")

    def look(self) -> None:
        """Look as it does each second by itself."""
        assert self.shared is not None
        self.shared.look()


def connected(worker: Worker) -> Worker:
    """Return a worker once a server is there for it."""
    assert worker.shared is not None
    until("it is connected", lambda: worker.shared is not None and worker.shared._bucket.connected)
    return worker


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    """Lend two workers."""
    url = nats.fresh_url()
    with ExitStack() as stack:
        yield connected(Worker(stack, tmp_path / "one", url)), connected(Worker(stack, tmp_path / "two", url))


def test_a_token_opens_at_the_worker_that_serves_the_very_next_request(pair: tuple[Worker, Worker]) -> None:
    """Made by the command line at one; a stranger's opens nowhere."""
    one, two = pair
    token = tokens.create(one.folder, "oven", None)
    assert [each.lets_in(token) for each in pair] == [True, True]
    assert not two.lets_in(f"{token}x")


def test_a_token_revoked_at_one_worker_opens_at_none(pair: tuple[Worker, Worker]) -> None:
    """Wherever it was made; its name may be given again."""
    one, two = pair
    token = tokens.create(one.folder, "oven", None)
    assert two.lets_in(token)
    tokens.revoke(two.folder, "oven")
    one.look()
    assert [each.lets_in(token) for each in pair] == [False, False]
    with pytest.raises(NotFoundError, match="no token 'oven'"):
        tokens.revoke(one.folder, "oven")
    again = tokens.create(one.folder, "oven", None)
    assert [each.lets_in(again) for each in pair] == [True, True]


def test_a_name_is_given_once_over_all_workers(pair: tuple[Worker, Worker]) -> None:
    """The message is that of one hub."""
    tokens.create(pair[0].folder, "oven", None)
    with pytest.raises(UsageError, match="already a token"):
        tokens.create(pair[1].folder, "oven", None)


def test_tokens_that_were_there_before_workers_shared_them_open_at_all(tmp_path: Path) -> None:
    """As of a folder that moved to a cluster; two of the same name both go on."""
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(tokens.create(tmp_path / name, "oven", None))
    url = nats.fresh_url()
    with ExitStack() as stack:
        pair = [connected(Worker(stack, tmp_path / name, url)) for name in ("one", "two")]
        for each in (*pair, *pair):
            each.look()
        assert [each.lets_in(token) for each in pair for token in made] == [True] * 4
        assert len(tokens.listed(pair[0].folder)) == 2


def test_one_that_was_revoked_while_a_worker_was_away_opens_there_no_more(tmp_path: Path) -> None:
    """Its file still has it."""
    url = nats.fresh_url()
    with ExitStack() as stack:
        one, two = (connected(Worker(stack, tmp_path / name, url)) for name in ("one", "two"))
        token = tokens.create(one.folder, "oven", None)
        assert two.lets_in(token)
        tokens.revoke(one.folder, "oven")
        back = connected(Worker(stack, tmp_path / "two", url))
        back.look()
        assert not back.lets_in(token)
        one.look()
        assert not one.lets_in(token)


def test_without_a_server_tokens_open_on_and_none_is_made(tmp_path: Path) -> None:
    """Nor revoked: it would open on at the others."""
    with nats.to_kill() as server, ExitStack() as stack:
        one = Worker(stack, tmp_path / "one", f"nats://{HOST}:{server.port}/t")
        token = tokens.create(one.folder, "oven", None)
        server.kill()
        assert one.lets_in(token)
        with pytest.raises(JournalError, match="does not answer"):
            tokens.create(one.folder, "lamp", None)
        with pytest.raises(JournalError, match="does not answer"):
            tokens.revoke(one.folder, "oven")
        assert one.lets_in(token)


def test_who_looks_each_second_does_not_wait_for_a_server_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that ends waits for it."""
    with ExitStack() as stack:
        alone = Worker(stack, tmp_path / "one", f"nats://{HOST}:{free_port()}/t")
        monkeypatch.setattr(SharedTokens, "follow", lambda _self: pytest.fail("it asks"))
        alone.look()


def full(*_: object) -> NoReturn:
    """Keep nothing, as a disk without room."""
    raise OSError(28, "No space left on device")


def test_a_token_revoked_while_the_disk_is_full_opens_no_more_once_there_is_room(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look writes what the last one could not."""
    one, two = pair
    token = tokens.create(one.folder, "oven", None)
    assert two.lets_in(token)
    tokens.revoke(one.folder, "oven")
    with monkeypatch.context() as patch:
        patch.setattr(tokens, "write", full)
        two.look()
    two.look()
    assert not two.lets_in(token)


def test_a_token_is_revoked_though_another_of_the_folder_cannot_be_shared(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one opens on where it was made, and everywhere once the servers take it."""
    one, two = pair
    gone = tokens.create(one.folder, "oven", None)
    assert two.lets_in(gone)
    own = tokens.PREFIX + "own"
    tokens.write(two.folder, tokens.listed(two.folder) | {"lamp": tokens.Token(hashed(own), None, 1.0)})
    tokens.revoke(one.folder, "oven")
    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", refused)
        two.look()
        assert (two.lets_in(gone), two.lets_in(own)) == (False, True)
    two.look()
    assert one.lets_in(own)


def refused(*_: object, **__: object) -> NoReturn:
    """Take nothing, as servers whose disks are full."""
    raise RefusedError


def test_what_cannot_be_read_hides_no_revocation_and_keeps_its_name(pair: tuple[Worker, Worker]) -> None:
    """Of a newer version, or of somebody with `nats kv`; a token of before that is called alike is shared besides."""
    one, two = pair
    token = tokens.create(one.folder, "oven", None)
    assert two.lets_in(token)
    assert one.shared is not None
    one.shared._bucket.put(hashed("lamp"), b'{"of":"a newer version"}', after=0)
    tokens.revoke(one.folder, "oven")
    two.look()
    assert not two.lets_in(token)
    with pytest.raises(UsageError, match="already a token"):
        tokens.create(two.folder, "lamp", None)
    own = tokens.PREFIX + "own"
    tokens.write(two.folder, {"lamp": tokens.Token(hashed(own), None, 1.0)})
    tokens.create(one.folder, "oven", None)
    two.look()
    assert one.lets_in(own)


def made_up(worker: Worker) -> list[threading.Thread]:
    """Return eight who each bring a token of their own invention."""
    return [threading.Thread(target=worker.lets_in, args=(f"{tokens.PREFIX}{number}",)) for number in range(8)]


def test_made_up_tokens_wait_together_for_a_server_that_does_not_answer_and_later_not_at_all(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would else hold the threads that answer everybody, one after the other; who looks each second asks again."""
    one, two = pair
    token = tokens.create(two.folder, "oven", None)
    asked: list[int] = []
    strangers = made_up(one)

    def since(_: Bucket, revision: int) -> list[Entry]:
        asked.append(revision)
        if len(asked) == 1:
            for each in strangers[1:]:
                each.start()
        raise JournalError

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "since", since)
        strangers[0].start()
        until("all were answered", lambda: all(each.ident and not each.is_alive() for each in strangers))
        assert not one.lets_in(token)
        assert len(asked) == 1
    assert not one.lets_in(token)
    one.look()
    assert one.lets_in(token)


def test_tokens_that_come_while_one_is_asked_about_share_the_next_look(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many they are."""
    one, _ = pair
    assert one.shared is not None
    asked: list[int] = []
    came: list[int] = []
    strangers = made_up(one)
    real = Bucket.since

    def since(bucket: Bucket, revision: int) -> list[Entry]:
        asked.append(revision)
        if len(asked) == 1:
            for each in strangers[1:]:
                each.start()
            until("the others have come", lambda: len({*came}) == len(strangers))
        return real(bucket, revision)

    def monotonic() -> float:
        came.append(threading.get_ident())
        return float(len(came))

    monkeypatch.setattr(Bucket, "since", since)
    one.shared._monotonic = monotonic
    strangers[0].start()
    until("all were answered", lambda: all(each.ident and not each.is_alive() for each in strangers))
    assert len(asked) == 2


def test_strangers_do_not_wait_for_a_server_that_has_just_not_answered(
    pair: tuple[Worker, Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only who looks by itself asks it again; a thread for each invented token would leave the page none."""
    asked: list[str] = []

    def silent(_self: SharedTokens) -> None:
        asked.append("asked")
        msg = "no answer"
        raise JournalError(msg)

    monkeypatch.setattr(SharedTokens, "follow", silent)
    for _ in range(5):
        assert not pair[0].lets_in("mtn_invented")
    assert asked == ["asked"]
    monkeypatch.undo()
    pair[0].look()
    token = tokens.create(pair[1].folder, "oven", None)
    assert pair[0].lets_in(token)
