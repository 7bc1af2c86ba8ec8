"""Whatever a command's standard streams are, it writes, ends quietly, and says by its status what came of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.cli import _streams

SAID = ("decode", "café/north/temperature", "21.5", "--json")


def matinales(*arguments: str, shell: str = "", encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """Run the command in a shell, with what follows it there."""
    line = f'"$0" -m hub "$@" {shell}'
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(["/bin/bash", "-c", line, sys.executable, *arguments], env=environment, capture_output=True)  # noqa: PLW1510 — its status is looked at


needs_bash = pytest.mark.skipif(not Path("/bin/bash").exists(), reason="no /bin/bash, as on Windows")


@pytest.mark.parametrize("arguments", [("--help",), ("drivers", "list"), ("usecases", "list"), SAID])
def test_a_reader_that_goes_early_is_no_accident(arguments: tuple[str, ...]) -> None:
    """`| head` ends the command as it ends any other: no traceback, the status of a broken pipe."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "hub", *arguments], stdout=writer, stderr=subprocess.PIPE)  # noqa: PLW1510 — its status is looked at
    os.close(writer)
    assert (done.stderr, done.returncode) == (b"", _streams.NOBODY_READS)


@needs_bash
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_closed_stream_changes_no_status(closed: str) -> None:
    """Nothing is written there, and what the command finds is still told by its status."""
    good, bad = (matinales("decode", "cellar/temperature", text, shell=closed) for text in ("21.5", "warm"))
    assert (good.stderr, good.returncode, bad.returncode) == (b"", 0, 1)


@needs_bash
def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    """Else what is printed would be written into the first database that is opened."""
    code = "import os; from hub.cli import _streams; _streams.make_fit(for_a_program=False); print(os.open('/', 0))"
    line = f'"$0" -c "{code}; os.write(2, b\'here\')" >&-'
    done = subprocess.run(["/bin/bash", "-c", line, sys.executable], capture_output=True)  # noqa: PLW1510 — likewise
    assert done.stderr == b"here"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@needs_bash
@pytest.mark.parametrize("arguments", [("--help",), ("drivers", "list")])
def test_output_that_finds_no_room_is_told_in_a_line(arguments: tuple[str, ...]) -> None:
    """A full disk behind `>` is a problem, not a traceback."""
    done = matinales(*arguments, shell=">/dev/full")
    assert (done.returncode, done.stderr.count(b"\n")) == (1, 1)
    assert b"No space left on device" in done.stderr


@needs_bash
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_code_page_without_the_letters_stops_no_command(encoding: str) -> None:
    """A pipe on Windows knows neither arrows nor ticks: they become question marks."""
    done = matinales("drivers", "show", "tasmota", encoding=encoding)
    assert (done.stderr, done.returncode) == (b"", 0)
    assert b"temperature" in done.stdout


@needs_bash
def test_a_program_reads_every_letter_in_any_code_page() -> None:
    """What the code page lacks is written by JSON's own escapes."""
    done = matinales("drivers", "list", "--json", encoding="ascii")
    assert done.returncode == 0, done.stderr
    assert "§" in json.loads(done.stdout)["drivers"][0]["source"]


@pytest.mark.parametrize("text", ["é", "→ ✓", "\U0001f41d"])
def test_an_escape_is_what_json_reads(text: str) -> None:
    """Letters beyond the first plane are two halves, as JSON has them."""
    assert json.loads(f'"{text}"'.encode("ascii", "matinales-json")) == text


def test_only_what_cannot_be_written_is_escaped() -> None:
    """What cannot be read stays an error."""
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "matinales-json")
