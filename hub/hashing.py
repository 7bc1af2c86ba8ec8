"""What is kept of a secret that is random and long: enough to know it again, not to say it."""

import hashlib


def hashed(secret: str) -> str:
    """Return the SHA-256 of a secret (hex): of a random word of 128 bits and more, nobody finds it by trying."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
