"""What lies where others may read it, and only who knows a word may open."""

import base64
import hashlib


def sealed(data: bytes, word: str) -> bytes:
    """Return data (Fernet: AES-128-CBC, HMAC-SHA-256) that only who knows the word opens; it cannot be guessed."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 — heavy, and only where workers share a journal

    return Fernet(_key(word)).encrypt(data)


def unsealed(data: bytes, word: str) -> bytes | None:
    """Return what was sealed; None: not by this word."""
    from cryptography.fernet import Fernet, InvalidToken  # noqa: PLC0415 — as above

    try:
        return Fernet(_key(word)).decrypt(data)
    except InvalidToken:
        return None


def _key(word: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(word.encode()).digest())
