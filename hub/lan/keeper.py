"""The page's certificates on this machine: made at first use, renewed while the hub runs, repaired when damaged.

```
tls/authority.pem  the authority that people's phones may trust, with its key
tls/server.pem     the page's certificate for today's addresses, with its key
```
Each file holds a certificate and its key, so that one of them is never without the other; only its owner reads it
(mode 0600). Windows knows no such mode: there the access list of the user's own data folder keeps others away.
"""

import logging
import os
import re
import ssl
import stat
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.certificate import NAMES, PAGE_DAYS, Pair, Seen, issued, may_vouch, new_authority, seen
from hub.datafolder import prepare, write_private

_LOG = logging.getLogger(__name__)
FOLDER, AUTHORITY, SERVER = "tls", "authority.pem", "server.pem"
NAME = "Matinales Hub"
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 §4.2)."""
LOOPBACK = "127.0.0.1"
LEFT = timedelta(days=30)
"""A page's certificate is renewed so long before its end."""
AUTHORITY_LEFT = timedelta(days=PAGE_DAYS)
"""An authority does not end before what it signs."""
_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----\n?", re.DOTALL)


def _wall() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


class Keeper:
    """Holds the certificates of one installation, and the context that serves the newest of them.

    Attributes:
        context: of the HTTPS server: TLS 1.2 or newer; a renewed certificate holds from the next connection on.
        authority: what people's phones are to trust.
        server: of the page.
        repaired: why people who trusted the old authority must install another; None: they need not.
    """

    context: ssl.SSLContext
    authority: Seen
    server: Seen

    def __init__(self, data: Path, now: Callable[[], datetime] = _wall) -> None:
        """Remember where; `renew` does the rest."""
        self._data = data
        self._now = now
        self._pair: Pair
        self._addresses: frozenset[str] | None = None
        self.repaired: str | None = None
        self._served: ssl.SSLContext
        self.context = _context()
        self.context.sni_callback = self._take_newest

    def is_due(self, addresses: Iterable[str]) -> bool:
        """Tell, cheaply, whether `renew` would change anything for these addresses of the machine."""
        wanted = _wanted(addresses)
        return wanted != self._addresses or not self.server.is_good(self._now(), LEFT)

    def renew(self, addresses: Iterable[str]) -> None:
        """See to it that a good certificate for these addresses is served. Blocks.

        Raises:
            OSError: the files cannot be written or read.
            ConfigError: nor can their folder.
        """
        wanted = _wanted(addresses)
        folder = prepare(self._data / FOLDER)
        self._pair, self.authority = self._authority(folder / AUTHORITY)
        self.server = self._server(folder / SERVER, wanted)
        served = _context()
        served.load_cert_chain(folder / SERVER)
        self._served = served
        self._addresses = wanted

    def _take_newest(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Give a handshake that begins the newest certificate; called whether or not the client names a host.

        A context of its own for each: while one loads certificate and key, one after the other, nobody may use it.
        """
        connection.context = self._served

    def _authority(self, path: Path) -> tuple[Pair, Seen]:
        why = None
        try:
            pair = read(path)
            found = seen(pair)
            if found.is_good(self._now(), AUTHORITY_LEFT):
                return pair, found
            why = f"it is good until {found.until:%Y-%m-%d} only"
        except FileNotFoundError:
            pass
        except ValueError as error:
            why = str(error) or "it cannot be read"
            _put_aside(path, self._now())
        if why is not None:
            self.repaired = why
            _LOG.warning(
                "The authority in %s is made anew (%s): whoever trusted the old one installs it again", path, why
            )
        pair = new_authority(f"{NAME} {self._now():%Y-%m-%d}", self._now())
        _write(path, pair)
        return pair, seen(pair)

    def _server(self, path: Path, addresses: frozenset[str]) -> Seen:
        try:
            found = seen(read(path), self._pair)
            if found.is_good(self._now(), LEFT) and found.names == addresses | frozenset(NAMES):
                return found
            _LOG.info("The page's certificate is renewed: its addresses changed, or its end is near")
        except FileNotFoundError:
            pass
        except ValueError as error:  # nobody has to do anything: whoever trusts the authority trusts the next one
            _LOG.warning("The page's certificate in %s is made anew (%s)", path, error)
        pair = issued(self._pair, sorted(addresses), self._now())
        _write(path, pair)
        return seen(pair, self._pair)


def _context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(CIPHERS)
    made.set_alpn_protocols(["http/1.1"])
    return made


def _wanted(addresses: Iterable[str]) -> frozenset[str]:
    return frozenset({LOOPBACK, *filter(may_vouch, addresses)})


def read(path: Path) -> Pair:
    """Return a certificate and its key; a file that others could read is closed to them first.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it holds something else.
        OSError: it cannot be read.
    """
    if sys.platform != "win32" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        _LOG.warning("%s could be read by others on this machine: now it cannot", path)
        path.chmod(0o600)
    return parse(path.read_bytes())


def parse(content: bytes) -> Pair:
    """Return the certificate and the key that a file of this folder holds.

    Raises:
        ValueError: it holds something else.
    """
    found = {match[1]: match[0] for match in _BLOCK.finditer(content)}
    if set(found) != {b"CERTIFICATE", b"PRIVATE KEY"}:
        msg = "it holds no certificate with its key"
        raise ValueError(msg)
    return Pair(found[b"CERTIFICATE"], found[b"PRIVATE KEY"])


def _write(path: Path, pair: Pair) -> None:
    write_private(path, pair.key + pair.certificate)


def _put_aside(path: Path, now: datetime) -> None:
    """Keep what is damaged: somebody may want to know what it was."""
    os.replace(path, path.with_name(f"{path.name}.corrupt.{now:%Y%m%dT%H%M%SZ}"))  # noqa: PTH105 — replaces an older one
