"""The command `matinales`; also `python -m hub`."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one sub-command and return its exit status: 0 good, 1 a problem found, 2 wrong usage."""
    from hub import cli  # noqa: PLC0415 — child processes import this package without the command line

    return cli.main(sys.argv[1:] if arguments is None else list(arguments))


if __name__ == "__main__":
    sys.exit(main())
