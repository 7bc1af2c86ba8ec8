"""The backup's format (README.md here): a ZIP whose last entry lists the others with their sizes and checksums.

What somebody hands us may be hostile: a name that climbs out of the folder, an entry of a thousand times its size, a
link. Everything is judged before anything is written, and nothing is written beyond what was stated.
"""

import hashlib
import re
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from msgspec import Struct

from hub.errors import UsageError

FORMAT = 1
"""Version of the format; raised when an older program would misread what a newer one wrote."""
PRODUCT = "matinales-hub"
MANIFEST = "manifest.json"
MOST_FILES = 100_000
LARGEST_MANIFEST = 32 * 1024**2
SWELLING = 500
"""How many times its own size an archive may hold. An emptied store is mostly zeros, of which deflate leaves little."""
FREE_SWELLING = 1024**3
"""Bytes that need no such proportion."""
_CHUNK = 1024**2
_PART = re.compile(r"[\w.~-][\w. ~-]{0,199}(?<![. ])")
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that are no files on Windows."""
_DEEPEST = 5


class Entry(Struct, frozen=True):
    """A file of the archive: its path in the data folder, its bytes, and their SHA-256 (hex)."""

    name: str
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What an archive holds.

    Attributes:
        product: `matinales-hub`.
        format: version of the format.
        version: of the hub that wrote it.
        made_at: when (RFC 3339).
        tables: database → version of its tables.
        secrets: whether what proves who the hub is (PIN, passwords, keys) is in it.
        files: everything else in it.
    """

    product: str
    format: int
    version: str
    made_at: str
    tables: dict[str, int]
    secrets: bool
    files: list[Entry]

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(each.bytes for each in self.files)


class _Head(Struct):
    """What every format, also a later one, says of itself."""

    product: str
    format: int
    version: str = "?"


def is_plain(name: str) -> bool:
    """Tell whether a name of an archive is a path below the folder, on every system."""
    parts = name.split("/")
    return len(parts) <= _DEEPEST and all(_PART.fullmatch(each) and not _DEVICE.fullmatch(each) for each in parts)


class Writer:
    """Puts files into a new archive, one pass each; `close` writes the manifest."""

    def __init__(self, file: IO[bytes]) -> None:
        """Write into an open file."""
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self._files: list[Entry] = []

    def add(self, name: str, source: IO[bytes], *, packed: bool, tell: Callable[[int], None]) -> None:
        """Add what `source` gives under a name.

        Args:
            name: path in the data folder.
            source: its bytes.
            packed: it is compressed already.
            tell: is told of the bytes of each step.
        """
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        info.external_attr = (stat.S_IFREG | 0o600) << 16
        seen, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
                seen.update(chunk)
                size += len(chunk)
                tell(len(chunk))
        self._files.append(Entry(name, size, seen.hexdigest()))

    def close(self, *, version: str, made_at: str, tables: dict[str, int], secrets: bool) -> Manifest:
        """Write the manifest and the end; return what it says."""
        said = Manifest(
            product=PRODUCT,
            format=FORMAT,
            version=version,
            made_at=made_at,
            tables=tables,
            secrets=secrets,
            files=self._files,
        )
        self._zip.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(said)), zipfile.ZIP_DEFLATED)
        self._zip.close()
        return said


class Reader:
    """An archive that was judged: every name is plain, every file is stated, nothing else is in it."""

    def __init__(self, path: Path, file: zipfile.ZipFile) -> None:
        """Judge an open archive.

        Raises:
            UsageError: it is none of ours, newer, damaged or hostile; the message says which.
        """
        self._path = path
        self._zip = file
        self.manifest = self._judged()

    def read(self, entry: Entry, target: IO[bytes], tell: Callable[[int], None]) -> None:
        """Write a file's bytes, never more than stated, and compare them with their checksum.

        Raises:
            UsageError: they are not what the archive states.
        """
        seen, left = hashlib.sha256(), entry.bytes
        try:
            with self._zip.open(entry.name) as source:
                while chunk := source.read(min(_CHUNK, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        break
                    target.write(chunk)
                    seen.update(chunk)
                    tell(len(chunk))
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            why = f"{entry.name} cannot be read ({error})"
            raise self._refused(why) from error
        if left or seen.hexdigest() != entry.sha256:
            why = f"{entry.name} is not what was put in: its checksum differs"
            raise self._refused(why)

    def _judged(self) -> Manifest:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if MANIFEST not in names:
            msg = f"{self._path} is no backup of this hub: it has no {MANIFEST}; name a file of `matinales backup`"
            raise UsageError(msg)
        if len(infos) > MOST_FILES or len({name.casefold() for name in names}) < len(names):
            why = "it holds too many files, or one twice"
            raise self._refused(why)
        for info in infos:
            kind = stat.S_IFMT(info.external_attr >> 16)
            if not is_plain(info.filename) or kind not in {0, stat.S_IFREG}:
                why = f"{info.filename[:80]!r} is no plain file below the folder"
                raise self._refused(why)
        manifest = self._manifest()
        if {MANIFEST, *(each.name for each in manifest.files)} != set(names) or len(manifest.files) + 1 != len(names):
            why = "its list and its content differ"
            raise self._refused(why)
        self._judge_size(manifest)
        return manifest

    def _manifest(self) -> Manifest:
        info = self._zip.getinfo(MANIFEST)
        if info.file_size > LARGEST_MANIFEST:
            why = f"{MANIFEST} is too large"
            raise self._refused(why)
        try:
            with self._zip.open(MANIFEST) as file:
                said = file.read(LARGEST_MANIFEST)
            head = msgspec.json.decode(said, type=_Head)
        except (msgspec.MsgspecError, zipfile.BadZipFile, EOFError, OSError) as error:
            why = f"{MANIFEST} cannot be read ({error})"
            raise self._refused(why) from error
        if head.product != PRODUCT:
            why = f"{head.product[:80]!r} wrote it"
            raise self._refused(why)
        if head.format > FORMAT:
            msg = (
                f"{self._path} is of a newer format ({head.format}, this hub reads {FORMAT});"
                f" install the version that wrote it ({head.version[:40]}) or a newer one"
            )
            raise UsageError(msg)
        try:
            return msgspec.json.decode(said, type=Manifest)
        except msgspec.MsgspecError as error:
            why = f"{MANIFEST} cannot be read ({error})"
            raise self._refused(why) from error

    def _judge_size(self, manifest: Manifest) -> None:
        packed = sum(info.compress_size for info in self._zip.infolist())
        if any(each.bytes < 0 for each in manifest.files) or manifest.bytes > max(FREE_SWELLING, SWELLING * packed):
            why = f"it would swell to {manifest.bytes:,} bytes"
            raise self._refused(why)

    def _refused(self, why: str) -> UsageError:
        return UsageError(f"{self._path} was not restored: {why}; take another backup")


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Lend an archive to read.

    Raises:
        UsageError: it cannot be read, is none of ours, newer, damaged or hostile.
    """
    try:
        file = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        msg = f"{path}: cannot be read as a backup ({error}); name a file of `matinales backup`"
        raise UsageError(msg) from error
    with file:
        yield Reader(path, file)
