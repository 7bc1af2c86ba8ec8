"""The page's certificates: private, renewed, repaired, and good for private networks only."""

import contextlib
import logging
import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub import certificate
from hub.lan.keeper import AUTHORITY, FOLDER, SERVER, Keeper, read

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
ROOM = ["192.168.1.12"]


class Clock:
    """A wall clock that a test turns."""

    now = NOW

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Lend a clock."""
    return Clock()


def kept(data: Path, clock: Clock, addresses: list[str] = ROOM) -> Keeper:
    """Return a keeper that has renewed once, as at a start of the hub."""
    keeper = Keeper(data, clock)
    keeper.renew(addresses)
    return keeper


def files(data: Path) -> list[str]:
    """Return the names of what lies there."""
    return sorted(each.name for each in (data / FOLDER).iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="has no file modes: the folder's access list counts")
def test_keys_are_read_by_their_owner_only_and_closed_again_where_somebody_opened_them(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Mode 0600 in a folder of 0700; a backup tool that widened it is undone, and told."""
    kept(tmp_path, clock)
    for each in (AUTHORITY, SERVER):
        assert stat.S_IMODE((tmp_path / FOLDER / each).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FOLDER).stat().st_mode) == 0o700
    (tmp_path / FOLDER / AUTHORITY).chmod(0o644)
    kept(tmp_path, clock)
    assert stat.S_IMODE((tmp_path / FOLDER / AUTHORITY).stat().st_mode) == 0o600
    assert "could be read by others" in caplog.text


def test_a_start_changes_nothing_that_is_good(tmp_path: Path, clock: Clock) -> None:
    """People install the authority once; nothing is told."""
    first = kept(tmp_path, clock)
    clock.now += timedelta(days=59)
    again = kept(tmp_path, clock)
    assert (again.authority, again.server, again.repaired) == (first.authority, first.server, None)
    assert not again.is_due(ROOM)


def test_another_address_or_a_near_end_renews_the_page_s_certificate_under_the_same_authority(
    tmp_path: Path, clock: Clock
) -> None:
    """The names are those of today; what people installed stays."""
    keeper = kept(tmp_path, clock)
    authority, before = keeper.authority, keeper.server
    assert keeper.is_due(["10.0.0.5"])
    keeper.renew(["10.0.0.5", "192.168.1.12"])
    moved = keeper.server
    assert moved.names == {"10.0.0.5", "192.168.1.12", "127.0.0.1", "matinales.local", "localhost"}
    clock.now += timedelta(days=certificate.PAGE_DAYS - 29)
    assert keeper.is_due(["10.0.0.5", "192.168.1.12"])
    keeper.renew(["10.0.0.5", "192.168.1.12"])
    assert keeper.server.until > moved.until >= before.until
    assert (keeper.authority, keeper.repaired) == (authority, None)


def test_a_clock_that_was_far_ahead_renews_too(tmp_path: Path, clock: Clock) -> None:
    """What begins tomorrow is as useless as what ended."""
    clock.now = NOW + timedelta(days=40)
    kept(tmp_path, clock)
    clock.now = NOW
    keeper = kept(tmp_path, clock)
    assert keeper.server.since <= NOW < keeper.server.until
    assert keeper.repaired is not None


@pytest.mark.parametrize("content", [b"", b"\x00" * 300, b"-----BEGIN CERTIFICATE-----\nnonsense\n"])
def test_a_damaged_authority_is_put_aside_made_anew_and_told(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """The hub starts; who trusted the old one has to install the new one."""
    before = kept(tmp_path, clock).authority
    (tmp_path / FOLDER / AUTHORITY).write_bytes(content)
    keeper = kept(tmp_path, clock)
    assert keeper.authority.fingerprint != before.fingerprint
    assert keeper.repaired is not None
    assert "installs it again" in caplog.text
    assert files(tmp_path) == [AUTHORITY, f"{AUTHORITY}.corrupt.20270115T080000Z", SERVER]
    assert keeper.server == certificate.seen(read(tmp_path / FOLDER / SERVER), read(tmp_path / FOLDER / AUTHORITY))


def test_a_key_that_is_not_its_certificates_is_damage(tmp_path: Path, clock: Clock) -> None:
    """Of two half restored backups."""
    kept(tmp_path, clock)
    kept(tmp_path / "other", clock)
    mine, other = (folder / FOLDER / AUTHORITY for folder in (tmp_path, tmp_path / "other"))
    mine.write_bytes(read(mine).certificate + read(other).key)
    assert kept(tmp_path, clock).repaired == "the key is another certificate's"


@pytest.mark.parametrize("content", [b"", b"\xff\x00 no certificate"])
def test_a_damaged_certificate_of_the_page_is_made_anew_without_anybody_s_doing(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """Who trusts the authority trusts the next one; the log says what happened."""
    before = kept(tmp_path, clock)
    (tmp_path / FOLDER / SERVER).write_bytes(content)
    keeper = kept(tmp_path, clock)
    assert (keeper.authority, keeper.repaired) == (before.authority, None)
    assert [each.levelno for each in caplog.records if each.name == Keeper.__module__] == [logging.WARNING]


def test_an_authority_near_its_end_is_replaced_before_it_signs_what_outlives_it(tmp_path: Path, clock: Clock) -> None:
    """And it is told until when it was good."""
    kept(tmp_path, clock)
    clock.now += timedelta(days=certificate.AUTHORITY_DAYS - certificate.PAGE_DAYS)
    keeper = kept(tmp_path, clock)
    assert keeper.repaired == "it is good until 2032-01-15 only"
    assert keeper.server.until <= keeper.authority.until


def test_an_address_of_the_internet_is_not_vouched_for(tmp_path: Path, clock: Clock) -> None:
    """A university's network may give one: there the page is served by HTTP, and no client is asked to trust it."""
    keeper = kept(tmp_path, clock, ["9.9.9.9", "192.168.1.12"])
    assert "9.9.9.9" not in keeper.server.names
    assert not keeper.is_due(["9.9.9.9", "192.168.1.12"])


def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path, clock: Clock) -> None:
    """RFC 8996."""
    assert kept(tmp_path, clock).context.minimum_version == ssl.TLSVersion.TLSv1_2


def shown(server: ssl.SSLContext) -> bytes:
    """Return the certificate [DER] that a handshake in memory shows a client that names no host, as with an address."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    client = client_context.wrap_bio(to_client, to_server)
    ends = [client, server.wrap_bio(to_server, to_client, server_side=True)]
    while ends:
        for end in tuple(ends):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
                ends.remove(end)
    return client.getpeercert(binary_form=True) or b""


def test_a_renewal_loads_nothing_into_a_context_that_shakes_hands(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificate and key are loaded one after the other: in place, 310 of 811 handshakes beside it failed."""
    keeper = kept(tmp_path, clock)
    used = {keeper.context}
    loads = ssl.SSLContext.load_cert_chain
    loaded: list[bytes] = []

    def loading(context: ssl.SSLContext, file: Path) -> None:
        assert context not in used
        loaded.append(shown(keeper.context))  # somebody comes at this very moment
        loads(context, file)
        used.add(context)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", loading)
    before = shown(keeper.context)
    keeper.renew(["192.168.1.13"])
    assert loaded == [before]
    assert ssl.DER_cert_to_PEM_cert(shown(keeper.context)).encode() == read(tmp_path / FOLDER / SERVER).certificate
    keeper.renew(["192.168.1.14"])
    assert ssl.DER_cert_to_PEM_cert(shown(keeper.context)).encode() == read(tmp_path / FOLDER / SERVER).certificate
