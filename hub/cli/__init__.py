"""The command `matinales`: one file a sub-command, found without being listed.

A file `hub/cli/<name>.py` defines `command`: a function with typed parameters, or a `cyclopts.App` with
sub-commands of its own; its docstring's first line is what `--help` shows. It returns its exit status (None: 0).
"""

import errno
import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hub import __version__
from hub.cli import _menu, _streams

if TYPE_CHECKING:  # a tenth of a second, which `--help` and `--version` do without
    from cyclopts import App

WRONG_USAGE = 2
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""What a disk says that takes nothing more: of no use to anybody with a traceback."""


def names() -> list[str]:
    """Return the sub-commands, by the files that lie here."""
    return sorted(info.name.replace("_", "-") for info in pkgutil.iter_modules(__path__) if info.name[0] != "_")


def load(name: str) -> "App | Callable[..., Any]":
    """Return what the file of a sub-command defines."""
    command: App | Callable[..., Any] = importlib.import_module(f"hub.cli.{name.replace('-', '_')}").command
    return command


def build(wanted: list[str]) -> "App":
    """Return the command with the sub-commands named, so that a start imports only what it uses."""
    from cyclopts import App  # noqa: PLC0415 — see above

    app = App(
        name="matinales",
        version=__version__,
        help=_menu.TITLE,
        result_action="return_value",
    )
    for name in wanted:
        app.command(load(name), name=name)
    return app


def main(arguments: list[str]) -> int:
    """Run the sub-command that the arguments name.

    Returns:
        0 good, 1 a problem found, 2 wrong usage; 130 after Ctrl-C, 141 where nobody reads on (`| head`).
    """
    _streams.make_fit(for_a_program="--json" in arguments)
    try:
        status = _said(arguments, names())
        sys.stdout.flush()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # rich's own way to end
            return _streams.NOBODY_READS
        raise
    except OSError as error:
        if _streams.is_unread(error):
            _streams.let_go()
            return _streams.NOBODY_READS
        if error.errno not in NO_ROOM:
            raise
        where = f"{error.filename}: " if error.filename else ""
        remedy = "free some space, or name another folder with --data"
        print(f"matinales: {where}{error.strerror}; {remedy}", file=sys.stderr)  # noqa: T201 — the terminal is the interface
        _streams.let_go()
        return 1
    return status


def _said(arguments: list[str], known: list[str]) -> int:
    if arguments in ([], ["--help"], ["-h"], ["--version"]):
        print(__version__ if arguments == ["--version"] else _menu.menu(known))  # noqa: T201 — the terminal is the interface
        return 0
    return _run(arguments, known)


def _run(arguments: list[str], known: list[str]) -> int:
    from cyclopts import CycloptsError  # noqa: PLC0415 — see above
    from rich.console import Console  # noqa: PLC0415 — see above

    from hub.errors import ConfigError, HubError, UsageError  # noqa: PLC0415 — see above

    one = [arguments[0]] if arguments and arguments[0] in known else known
    errors = Console(stderr=True)
    try:
        result = build(one)(arguments, exit_on_error=False, print_error=True, error_console=errors)
    except CycloptsError:
        return WRONG_USAGE
    except HubError as error:
        print(f"matinales: {error}", file=sys.stderr)  # noqa: T201 — the terminal is the interface
        return WRONG_USAGE if isinstance(error, ConfigError | UsageError) else 1
    except KeyboardInterrupt:
        return 130
    return result if isinstance(result, int) else 0
