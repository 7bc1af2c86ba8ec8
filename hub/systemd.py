"""What systemd is told of a service of `Type=notify` (sd_notify(3)): ready, alive, stopping. Elsewhere: nothing."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator


def notify(state: str) -> None:
    """Send a line such as `READY=1` to who started us; a systemd that is gone is nobody's trouble."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    import socket  # noqa: PLC0415 — only where systemd has started us

    if not hasattr(socket, "AF_UNIX"):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
        door.sendall(state.encode())


@contextlib.contextmanager
def watched(is_alive: Callable[[], bool]) -> Iterator[None]:
    """Tell that all is up, and twice in each WatchdogSec that it still is; at the end, that we stop."""
    done = threading.Event()
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    notify("READY=1")
    if microseconds.isdecimal() and int(microseconds):

        def tell() -> None:
            while not done.wait(int(microseconds) / 2e6):
                if is_alive():
                    notify("WATCHDOG=1")

        threading.Thread(target=tell, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        done.set()
        notify("STOPPING=1")
