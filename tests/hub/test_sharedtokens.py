"""Integrators' tokens that open at every worker, and nowhere once one of them revoked it (hub/sharedtokens.py)."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hub import sharedtokens, tokens
from hub.errors import JournalError, NotFoundError, UsageError
from hub.journal import place
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
