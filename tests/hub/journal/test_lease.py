"""Whose turn it is to write a journal on NATS servers (hub/journal/lease.py)."""

from contextlib import closing

import pytest

from hub.errors import JournalError
from hub.journal import lease as module
from hub.journal.lease import Lease
from hub.journal.nats_link import Url, given_back
from servers import nats
from servers.ports import until


@pytest.fixture
def url() -> Url:
    """Lend the address of a journal that nobody has made yet."""
    return Url.parsed(nats.fresh_url())


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let leases live for a moment only."""
    monkeypatch.setattr(module, "LIVES_S", 1.0)
    monkeypatch.setattr(module, "RENEW_S", 0.2)


def test_one_has_it_and_others_wait_until_it_is_given_up(url: Url) -> None:
    """An orderly end costs nobody a wait."""
    with closing(Lease(url, "two")) as second:
        with closing(Lease(url, "one")) as first:
            assert first.acquire()
            assert not second.acquire()
            assert second.holder() == "one"
        assert second.acquire()
        assert second.holder() == "two"


def test_a_worker_that_comes_back_has_its_own_lease_again_at_once(url: Url) -> None:
    """A killed ingest is started again by its supervisor, sooner than its lease runs out."""
    killed = Lease(url, "one")
    assert killed.acquire()
    killed._ended.set()
    killed._thread.join()
    with closing(Lease(url, "one")) as again:
        assert again.acquire()
    given_back(url)


@pytest.mark.usefixtures("short")
def test_a_lease_that_is_renewed_outlives_its_life_and_one_that_is_not_is_anothers(url: Url) -> None:
    """A worker that died says nothing: the servers' own clock ends its turn."""
    with closing(Lease(url, "two")) as second:
        first = Lease(url, "one")
        assert first.acquire()
        began = first._sequence
        until("it was renewed past its life", lambda: first._sequence > began + 8)
        assert not second.acquire()
        first._ended.set()
        until("it ran out", second.acquire)
        first._thread.join()
        given_back(url)


@pytest.mark.usefixtures("short")
def test_whoever_finds_another_in_his_place_knows_that_he_lost_it(url: Url) -> None:
    """A worker whose process was stopped for a while."""
    with closing(Lease(url, "one")) as first, closing(Lease(url, "two")) as second:
        assert first.acquire()
        until("the other has it", lambda: second._put(first._sequence))
        until("the first knows", lambda: first.lost)
        assert second.holder() == "two"


def test_all_workers_use_what_the_first_of_them_had(url: Url) -> None:
    """One name at the broker: its session is handed on with the turn."""
    with closing(Lease(url, "one")) as first, closing(Lease(url, "two")) as second:
        assert first.agreed("client-id", "hub-a") == "hub-a"
        assert second.known("client-id") == "hub-a"
        assert second.known("something-else") is None
        assert second.agreed("client-id", "hub-b") == "hub-a"


def test_a_holder_whom_no_server_answered_asks_again_long_before_its_next_renewal(
    url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers that have just agreed on a leader: one that stands by asks four times a second."""
    with closing(Lease(url, "one")) as lease:
        module.make(lease._link, url)
        monkeypatch.setattr(module, "RENEW_S", 0.01)
        monkeypatch.setattr(module, "AGAIN_S", 0.01)
        asked: list[str] = []

        def renewed() -> bool:
            asked.append("renewed")
            monkeypatch.setattr(module, "RENEW_S", 3600.0)
            if len(asked) == 1:
                raise JournalError("no leader")  # noqa: EM101, TRY003 — a test's own
            return True

        monkeypatch.setattr(lease, "_renewed", renewed)
        assert lease.acquire()
        until("it asked again", lambda: len(asked) == 2)
        assert not lease.lost
