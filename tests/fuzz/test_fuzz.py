"""Ten minutes of coverage-guided fuzzing: every driver, the topic map, serial lines, line protocol.

A finding is mended with a test of its own in the commit tier. Elsewhere than on Linux, or by hand, longer:
`python tests/fuzz/fuzz.py tasmota /tmp/corpus -max_total_time=600`.
"""

import logging
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from servers.fuzzing import NEXT, targets

ROOT = Path(__file__).parents[2]
TARGETS = targets()
SECONDS = 600 // len(TARGETS)
FLAGS = (f"-max_total_time={SECONDS}", "-timeout=10", "-rss_limit_mb=1024")
every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_its_own_seeds_find_nothing(name: str) -> None:
    """They are what must be understood: examples, proofs of commands, captures."""
    target = TARGETS[name]
    assert target.seeds
    for seed in target.seeds:
        target.take(seed)


@every_target
def test_seeds_that_are_cut_find_nothing(name: str) -> None:
    """A quick look before the long one: each seed's first half, and two of them in one."""
    target = TARGETS[name]
    for first, second in zip(target.seeds, reversed(target.seeds), strict=True):
        target.take(first[: len(first) // 2])
        target.take(first + NEXT + second)


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 60)
@every_target
def test_a_fuzzer_finds_nothing(name: str, tmp_path: Path) -> None:
    """No other error than the contract's, no reading it does not know, no message that takes 100 ms."""
    if find_spec("atheris") is None:
        pytest.skip("needs atheris: pip install -c requirements.lock -e '.[test,fuzz]' (wheels for Linux)")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT)])}
    script = str(ROOT / "tests/fuzz/fuzz.py")
    done = subprocess.run(
        [sys.executable, script, name, str(tmp_path / name), *FLAGS, f"-artifact_prefix={tmp_path}/"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    ran = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    assert ran is not None
    assert int(ran[1]) > len(TARGETS[name].seeds)
    logging.getLogger(__name__).info("%s: %s inputs in %d s, nothing found", name, ran[1], SECONDS)
