"""A key-value bucket on the journal's NATS servers: what is changed, and is not a message. Compare-and-set by revision.

Laid out as NATS's own clients do (ADR-8: stream `KV_<bucket>`, subjects `$KV.<bucket>.<key>`), so that `nats kv` reads
it too; but what is replaced or deleted may be overwritten on disk, which they forbid.
"""

import contextlib
from typing import NamedTuple

from hub.errors import JournalError
from hub.journal.nats_link import Link, Outgoing, Url, given_back, taken
from hub.model import NS

DELETED, MARK = "KV-Operation", "DEL"
LIVES = "Nats-TTL"
FOLLOWS = "Nats-Expected-Last-Subject-Sequence"
AT_ONCE = 256
_KEPT = 2
"""Messages of a key: the newest, and for a moment the one that it replaces, until its bytes are overwritten."""


class Entry(NamedTuple):
    """What a key holds since a revision; None: it was deleted then."""

    key: str
    revision: int
    value: bytes | None


class Bucket:
    """One bucket; any thread, each call waits at most a moment. `name` tells it from others of the journal."""

    def __init__(self, url: Url, name: str, *, lives_s: float = 0, most: int = 0) -> None:
        """Take the process's connection; nothing is asked yet.

        Args:
            url: of the journal.
            name: of the bucket, after the journal's own.
            lives_s: how long a value is kept that nobody changes [s]; 0: for ever.
            most: values kept, the oldest go; 0: however many.

        Raises:
            ConfigError: nats-py is not installed.
        """
        self.name = name
        self._url = url
        self._bucket = f"{url.name}_{name}"
        self._lives_s = lives_s
        self._most = most
        self._made = False
        self._link: Link = taken(url)

    @property
    def _stream(self) -> str:
        return f"KV_{self._bucket}"

    @property
    def connected(self) -> bool:
        """Whether a server is there now."""
        return self._link.connected

    def close(self) -> None:
        """Give the connection back."""
        given_back(self._url)

    def born(self) -> str:
        """Return when the bucket was made: another one has another, whatever it is called.

        Raises:
            JournalError: no server answers.
        """
        self._make()
        return str(self._link.request(f"STREAM.INFO.{self._stream}")["created"])

    def get(self, key: str) -> Entry | None:
        """Return what a key holds now, by the server that leads; None: it was never there, or is forgotten.

        Raises:
            JournalError: no server answers.
        """
        self._make()
        found = self._link.message(self._stream, {"last_by_subj": f"$KV.{self._bucket}.{key}"})
        if found is None:
            return None
        return Entry(key, found.sequence, None if DELETED in found.headers else found.data)

    def put(self, key: str, value: bytes, *, after: int, lives_s: int = 0) -> int:
        """Let a key hold a value and return its revision; what it held before is overwritten on the servers' disks.

        Args:
            key: letters, digits, `-`, `_` and `.`.
            value: at most what a server takes at once.
            after: revision that the key has; 0: it was never there.
            lives_s: how long this value is kept [s]; 0: as long as any in this bucket.

        Raises:
            RefusedError: it has another revision; nothing was changed.
            UnknownFateError: no answer came; it may have been changed.
        """
        lives = {LIVES: f"{lives_s}s"} if lives_s else {}
        return self._say(key, value, {FOLLOWS: str(after), **lives}, after)

    def delete(self, key: str, *, after: int) -> int:
        """Let a key hold nothing; otherwise as `put`."""
        return self._say(key, b"", {FOLLOWS: str(after), DELETED: MARK}, after)

    def since(self, revision: int) -> list[Entry]:
        """Return what changed after a revision, in order; 0: every key as it is.

        Raises:
            JournalError: no server answers.
        """
        self._make()
        found: list[Entry] = []
        more = True
        while more:
            body = {"seq": revision + 1, "next_by_subj": f"$KV.{self._bucket}.>", "batch": AT_ONCE}
            messages, more = self._link.many(self._stream, body)
            for each in messages:
                value = None if DELETED in each.headers else each.data
                found.append(Entry(each.subject.removeprefix(f"$KV.{self._bucket}."), each.sequence, value))
                revision = each.sequence
        return found

    def _say(self, key: str, value: bytes, headers: dict[str, str], after: int) -> int:
        self._make()
        revision = self._link.publish(Outgoing(f"$KV.{self._bucket}.{key}", value, headers))
        if after:
            with contextlib.suppress(JournalError):  # it leaves with the next one
                self._link.request(f"STREAM.MSG.DELETE.{self._stream}", {"seq": after})
        return revision

    def _make(self) -> None:
        if self._made:
            return
        if self._link.found(f"STREAM.INFO.{self._stream}") is None:
            wanted = {
                "name": self._stream,
                "subjects": [f"$KV.{self._bucket}.>"],
                "storage": "file",
                "num_replicas": self._url.replicas,
                "max_msgs_per_subject": _KEPT,
                "max_age": int(self._lives_s * NS),
                "max_msgs": self._most or -1,
                "discard": "old" if self._most else "new",
                "allow_rollup_hdrs": True,
                "allow_msg_ttl": True,
                "allow_direct": True,
            }
            self._link.request(f"STREAM.CREATE.{self._stream}", wanted)
        self._made = True
