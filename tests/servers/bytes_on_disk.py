"""Searches a data folder for bytes: every file as it lies there, and every compressed piece in it unpacked (X19)."""

import contextlib
from pathlib import Path

import zstandard

MAGIC = b"\x28\xb5\x2f\xfd"
"""The first bytes of a zstd frame (RFC 8878 §3.1.1)."""


def on_disk(folder: Path, wanted: bytes) -> list[str]:
    """Return the files that hold the bytes, packed or not, whatever the case."""
    low = wanted.lower()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if any(low in piece.lower() for piece in _pieces(_content(path)))]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # erased since the folder was read
        return b""


def _pieces(content: bytes) -> list[bytes]:
    found, at = [content], content.find(MAGIC)
    while at >= 0:
        with contextlib.suppress(zstandard.ZstdError):  # a frame that goes on in another page of the file, or no frame
            found.append(zstandard.ZstdDecompressor().decompressobj().decompress(content[at:]))
        at = content.find(MAGIC, at + 1)
    return found
