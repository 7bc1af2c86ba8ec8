"""The README's table of figures is what one command prints, whatever the values."""

import inspect
import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from hub.bench import figures
from hub.bench.figures import Row, Run, measure, runs, shown
from hub.errors import ConfigError

README = Path(__file__).parents[3] / "README.md"
MACHINE = {"processor": "2 x Abacus", "load": "0.1"}


def rows(table: str) -> list[list[str]]:
    """Return the cells of a Markdown table, its head included, without the rule below it."""
    lines = [line for line in table.splitlines() if line.startswith("|") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_readme_has_the_rows_that_the_command_prints() -> None:
    """The values, and the promises of that day, are of the machine that is named below them."""
    found = re.search(r"<!-- figures -->\n(.+?)\n<!-- /figures -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    assert [what for what, *_ in rows(found[1])] == [what for what, *_ in rows(shown({}, MACHINE))]


@pytest.mark.parametrize("run", runs(), ids=lambda run: run.name)
def test_each_run_is_one_that_its_bench_can_do(run: Run) -> None:
    """The options exist, and there is something to compare with where that is asked."""
    how = run.module.compare if run.compare else run.module.measure
    assert inspect.signature(how).bind(**run.options).arguments == run.options
    assert run.rows


def test_no_figure_stands_for_two_rows() -> None:
    """Each run has its own names."""
    keys = [run.key(row) for run in runs() for row in run.rows]
    assert len(set(keys)) == len(keys)


def test_a_row_tells_median_span_and_promise() -> None:
    """With three digits; a figure that was not measured here has none."""
    table = rows(shown({"latency: seen_p99_ms": (99.62, 123.4, 1234.5)}, MACHINE))
    cells = {what: rest for what, *rest in table}
    assert cells["sent → seen in Chromium, 99 of 100"] == ["123 ms", "99.6 – 1,234", "≤ 150"]
    assert cells["sent → seen in Chromium, median"] == ["–", "–", ""]
    assert shown({}, MACHINE).endswith("On processor 2 x Abacus; load 0.1.")


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.5, "1.5"), (0.004, "0"), (20_455.4, "20,455"), (100.0, "100")]
)
def test_numbers_are_for_readers(value: float, text: str) -> None:
    """No exponent, no more digits than mean something."""
    assert figures._number(value) == text


def test_what_cannot_be_measured_here_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said why; what was measured is kept line by line, with the machine."""

    def absent() -> dict[str, float]:
        msg = "needs an abacus: apt install abacus"
        raise ConfigError(msg)

    def broken() -> dict[str, float]:
        msg = "the abacus fell"
        raise OSError(msg)

    names, ways = ("good", "bad", "broken"), (lambda: {"beads": 7.0, "other": 1.0}, absent, broken)
    modules = {name: ModuleType(name) for name in names}
    for module, way in zip(modules.values(), ways, strict=True):
        module.measure = way  # type: ignore[attr-defined]
    monkeypatch.setattr(Run, "module", property(lambda run: modules[run.bench]))
    row = Row("beads", "beads", "beads")
    wanted = (Run("bad", (row,)), Run("broken", (row,)), Run("good", (row, Row("ratio", "ratio_loom", "×", "loom"))))
    monkeypatch.setattr(figures, "runs", lambda: wanted)
    file = tmp_path / "figures.jsonl"
    assert measure(file=str(file)) == {"good: beads": 7.0}
    said = capsys.readouterr().err
    assert "bad: needs an abacus: apt install abacus" in said
    assert "broken: OSError: the abacus fell" in said
    assert "good: ratio_loom: loom is not installed" in said
    (line,) = file.read_bytes().splitlines()
    kept = msgspec.json.decode(line)
    assert (kept["bench"], kept["figures"]) == ("good", {"beads": 7.0, "other": 1.0})
    assert "processor" in kept["machine"]
