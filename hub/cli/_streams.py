"""The standard streams that a command was started with: closed, of an old code page, or read by nobody any more."""

import codecs
import errno
import os
import sys

NOBODY_READS = 141
"""Exit status where the reader went before the end (`| head`): 128 and SIGPIPE, as of any other command."""


def make_fit(*, for_a_program: bool) -> None:
    r"""Let standard streams take whatever is written, and no file be opened in the place of a closed one.

    What the terminal's or the pipe's code page does not know (Windows: cp1252) is written as `?`, for a program as
    JSON's own `\uXXXX`; a closed stream is the null device.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 — the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115 — it stays open
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, "errors", "") == "strict":
            stream.reconfigure(errors="matinales-json" if for_a_program else "replace")  # type: ignore[union-attr]


def escaped(error: UnicodeError) -> tuple[str, int]:
    """Return what JSON writes where the code page has no letter: the error handler `matinales-json`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)), error.end


def is_unread(error: OSError) -> bool:
    """Tell whether an error says that nobody reads on; Windows says EINVAL there (bpo-19612)."""
    broken = isinstance(error, BrokenPipeError)
    return broken or (sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None)


def let_go() -> None:
    """Write what nobody takes to the null device, so that the end of Python does not complain of it again."""
    try:
        sys.stdout.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


codecs.register_error("matinales-json", escaped)
