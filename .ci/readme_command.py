"""Print one of the README's commands, so that what runs here is what people are told to type.

A command is the first line of the fenced block that follows `<!-- command: NAME -->`.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def command(name: str) -> str:
    """Return the command that the README shows under `name`."""
    found = re.search(
        rf"<!-- command: {re.escape(name)} -->\s*```\w*\n(.+?)\n```", README.read_text(encoding="utf-8"), re.DOTALL
    )
    if found is None:
        sys.exit(f"README.md has no command marked {name!r}")
    return found[1]


if __name__ == "__main__":
    print(command(sys.argv[1]))
