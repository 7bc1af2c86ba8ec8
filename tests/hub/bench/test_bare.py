"""The reference beside an idle hub (hub/bench/_bare.py)."""

import json
import subprocess
import sys

import pytest

from hub.bench import _bare


def test_whoever_only_wakes_takes_a_share_of_a_core() -> None:
    """And less than a core."""
    assert 0 < _bare.wakes(50.0, 0.1)["cpu_percent"] < 100


def test_work_that_is_dearer_after_a_pause_has_a_factor_above_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The median of what it costs then, beside the median in the loop; what comes first in the loop does not count."""
    costs = iter([9.0] * _bare.LOOP + [2e-4] * _bare.LOOP + [1e-3])
    monkeypatch.setattr(_bare, "_cost", lambda: next(costs))
    assert _bare.cold(0.0, 0.0) == {"us": pytest.approx(1000), "factor": pytest.approx(5)}


@pytest.mark.parametrize(
    ("asked", "told"),
    [(("wakes", "50", "0.02"), {"cpu_percent"}), (("cold", "0.02", "0.02"), {"us", "factor"})],
)
def test_it_runs_without_anything_installed(asked: tuple[str, ...], told: set[str]) -> None:
    """A bare interpreter, so that nothing but itself is measured."""
    command = [sys.executable, "-I", "-S", _bare.__file__, *asked]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout).keys() == told
