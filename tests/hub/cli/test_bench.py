"""`matinales bench` finds its benches by their files, and judges them by what is promised."""

import json
import platform
from types import ModuleType

import pytest

from hub.bench import ingest
from hub.cli import bench, main
from hub.errors import UsageError


def test_benches_are_found_without_being_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name they are listed, one line each."""
    assert main(["bench"]) == 0
    assert "ingest" in capsys.readouterr().out
    assert all(not name.startswith("_") for name in bench.names())


def test_each_bench_says_what_it_measures() -> None:
    """Its first line, and options that all have defaults."""
    for name in bench.names():
        assert bench._about(bench._load(name))
        assert bench.converted(bench._load(name).measure, {}) == {}


def test_options_become_the_benchs_own_types() -> None:
    """Numbers and choices, by the types of `measure`."""
    options = bench.converted(ingest.measure, {"seconds": "2.5", "stage": "store", "rate": "1000", "devices": "3"})
    assert options == {"seconds": 2.5, "stage": "store", "rate": 1000.0, "devices": 3}


@pytest.mark.parametrize("options", [{"second": "2"}, {"seconds": "x"}, {"broker": "other"}])
def test_a_wrong_option_is_named(options: dict[str, str]) -> None:
    """With those that there are, or the value that does not fit."""
    with pytest.raises(UsageError, match=next(iter(options))):
        bench.converted(ingest.measure, options)


def test_an_unknown_bench_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names those that there are."""
    assert main(["bench", "speed"]) == 2
    assert "ingest" in capsys.readouterr().err


def test_a_broken_promise_is_a_problem_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status says it, beside the figures as JSON."""
    fake = ModuleType("fake", "A fake.")
    fake.measure = lambda: {"rate": 5.0, "lost": 0.0}  # type: ignore[attr-defined]
    fake.GATES = {"rate": (">=", 6.0), "lost": ("<=", 0.0)}  # type: ignore[attr-defined]
    monkeypatch.setattr(bench, "_load", lambda _: fake)
    assert main(["bench", "fake", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"rate": 5.0, "lost": 0.0}
    assert bench.judged({"rate": 5.0, "lost": 0.0}, fake.GATES) == {"rate": (">= 6", False), "lost": ("<= 0", True)}


def test_a_bench_may_tell_its_figures_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of repeated runs too, and what is promised is judged all the same."""
    fake = ModuleType("fake", "A fake.")
    fake.measure = lambda: {"rate": 5.0}  # type: ignore[attr-defined]
    fake.GATES = {"rate": (">=", 6.0)}  # type: ignore[attr-defined]
    fake.shown = lambda figures, machine: f"{figures['rate']} on Python {machine['python']}"  # type: ignore[attr-defined]
    monkeypatch.setattr(bench, "_load", lambda _: fake)
    assert main(["bench", "fake", "--repeat", "2"]) == 1
    assert capsys.readouterr().out == f"(5.0, 5.0, 5.0) on Python {platform.python_version()}\n"


def test_a_bench_may_add_notes_to_its_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """For who reads them; a program that reads JSON gets the figures alone."""
    fake = ModuleType("fake", "A fake.")
    fake.measure = lambda: {"rate": 5.0}  # type: ignore[attr-defined]
    fake.NOTES = ("until [8] MB",)  # type: ignore[attr-defined]
    monkeypatch.setattr(bench, "_load", lambda _: fake)
    assert main(["bench", "fake"]) == 0
    assert "until [8] MB" in capsys.readouterr().out
    assert main(["bench", "fake", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"rate": 5.0}


def test_repeated_runs_tell_least_median_and_most(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line a run, and a last one with the machine; the median is what is judged."""
    runs = iter([{"rate": 9.0}, {"rate": 2.0}, {"rate": 7.0, "extra": 1.0}])
    fake = ModuleType("fake", "A fake.")
    fake.measure = lambda: next(runs)  # type: ignore[attr-defined]
    fake.GATES = {"rate": (">=", 6.0)}  # type: ignore[attr-defined]
    monkeypatch.setattr(bench, "_load", lambda _: fake)
    assert main(["bench", "fake", "--json", "--repeat", "3"]) == 0
    *each, whole = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [run["rate"] for run in each] == [9.0, 2.0, 7.0]
    assert (whole["least"], whole["median"], whole["most"]) == ({"rate": 2.0}, {"rate": 7.0}, {"rate": 9.0})
    told = {"processor", "memory", "system", "python", "packages", "sqlite", "load"}
    assert whole["machine"].keys() - {"programs"} == told, "programs only where some are"


def test_a_bench_without_peers_says_which_have_some(capsys: pytest.CaptureFixture[str]) -> None:
    """`--compare` is wrong usage there."""
    assert main(["bench", "decode", "--compare"]) == 2
    assert "ingest" in capsys.readouterr().err


def test_the_ingest_bench_loses_nothing() -> None:
    """A short run of the real thing: every confirmed message is in the journal."""
    figures = ingest.measure(seconds=1, rate=500, devices=5)
    assert figures["lost"] == 0
    assert figures["messages"] > 300
    assert {"acknowledged_per_s", "ingest_us_per_message", "commit_p99_ms"} <= figures.keys()
