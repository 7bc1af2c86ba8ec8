"""What must live is looked after in a thread of its own, with what a process needs that has little in memory."""

import logging
import threading
from collections.abc import Callable

from hub.errors import HubError

LOOKS_S = 0.5
"""How often [s] it is looked."""
LONGEST_PAUSE = 10.0
"""Between two looks [s] at something that does not start."""


def guarded(
    what: str, look: Callable[[], None], log: logging.Logger, *, every_s: float = LOOKS_S
) -> Callable[[], None]:
    """Look again and again, less often while it fails; return what ends this care.

    Args:
        what: its name, for the log.
        look: starts it again where it is dead; a `HubError` or an `OSError`: it does not start.
        log: whose words they are.
        every_s: how often it is looked [s].
    """
    done = threading.Event()

    def care() -> None:
        pause = every_s
        while not done.wait(pause):
            try:
                look()
                pause = every_s
            except (HubError, OSError) as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                log.warning("The %s does not start: %s", what, error)

    thread = threading.Thread(target=care, name=f"{what}-guard", daemon=True)
    thread.start()

    def end() -> None:
        done.set()
        thread.join()

    return end
