"""What `matinales --help` shows, read from the sub-commands' texts: importing them all would take a second."""

import ast
import shutil
import textwrap
from collections.abc import Iterable
from pathlib import Path

TITLE = "Makes connected objects tangible: broker, hub, simulators and page on this machine."
OPTIONS = {"--help (-h)": "Display this message and exit.", "--version": "Display application version."}
_MARGIN = 3


def menu(names: Iterable[str], *, width: int | None = None) -> str:
    """Return the overview of the sub-commands, each with its line, for a terminal of `width` columns."""
    columns = width or shutil.get_terminal_size().columns
    lines = {name: about(name) for name in names}
    indent = max(map(len, [*lines, *OPTIONS])) + _MARGIN
    shown = ["Usage: matinales COMMAND", "", *textwrap.wrap(TITLE, columns), ""]
    for heading, entries in (("Commands", lines), ("Options", OPTIONS)):
        shown += [f"{heading}:"]
        for name, text in entries.items():
            first = f" {name}".ljust(indent)
            shown += textwrap.wrap(text, max(columns, 2 * indent), initial_indent=first, subsequent_indent=" " * indent)
        shown += [""]
    return "\n".join([*shown, "matinales COMMAND --help explains one of them."])


def about(name: str) -> str:
    """Return what a sub-command is for: its function's first paragraph, or the `help` of its `App`."""
    source = Path(__file__).with_name(f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "command":
            return _paragraph(ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            targets = [each.id for each in node.targets if isinstance(each, ast.Name)]
            given = {word.arg: word.value for word in node.value.keywords}
            if targets == ["command"] and "help" in given:
                return _paragraph(str(ast.literal_eval(given["help"])))
    return ""


def _paragraph(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())
