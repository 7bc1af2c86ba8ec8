"""`matinales --help` is read from the sub-commands' texts, and says what they say."""

import subprocess
import sys

import pytest
from cyclopts import App

from hub import __version__
from hub.cli import _menu, load, main, names


@pytest.mark.parametrize("name", names())
def test_each_sub_command_is_told_as_it_tells_itself(name: str) -> None:
    """The first paragraph of its own help, not a word else."""
    command = load(name)
    own = command.help if isinstance(command, App) else command.__doc__
    assert own
    assert _menu.about(name) == " ".join(own.partition("\n\n")[0].split())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_overview_names_every_sub_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """One line each at least, and how to learn more."""
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert all(f"\n {name} " in said for name in names())
    assert "matinales COMMAND --help" in said


@pytest.mark.parametrize("width", [30, 60, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """A narrow one breaks between words."""
    assert max(map(len, _menu.menu(names(), width=width).splitlines())) <= max(width, 46)


def test_the_overview_loads_no_library() -> None:
    """It is there at once: neither the command-line library nor a sub-command is imported."""
    code = "import sys; from hub.cli import main; main(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"cyclopts", "rich", "aiohttp", "msgspec", "hub.cli.demo"}


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"
