"""The hub's own process, `python -m hub.serving`: what has to be settled before the hub's modules are imported.

What it does costs three lines and saves a third of the processor time that importing the hub takes (measured, 370 ms).
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

AUTHORITIES = "SSL_CERT_FILE"
"""OpenSSL's name of the file with the certificate authorities that it trusts."""


@contextmanager
def without_authorities() -> Iterator[None]:
    """Read no certificate authorities meanwhile; afterwards whoever wants them reads them.

    aiohttp reads the system's twice while it is imported, for connections that it may never make: 68 ms and 2 MB.
    """
    told = os.environ.get(AUTHORITIES)
    os.environ[AUTHORITIES] = os.devnull
    try:
        yield
    finally:
        del os.environ[AUTHORITIES]
        if told is not None:
            os.environ[AUTHORITIES] = told


def main() -> int:
    """Run as the supervisor's child."""
    gc.disable()  # until the hub stands (`hub.process.serve`): nothing of a start is garbage, looking for some is 50 ms
    with without_authorities():
        from hub import process  # noqa: PLC0415 — see above
    return process.main()


if __name__ == "__main__":
    sys.exit(main())
