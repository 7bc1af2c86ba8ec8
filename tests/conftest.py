"""What all tests share."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from hub import freeport

ON_DEMAND = ("long", "docker")
"""Marks of tests that run when asked for by name. An engine that makes networks breaks the browsers beside it."""


FIRST_WORKER = "gw0"
LATER = 5
"""By how much the other workers stand back: the first one has the browsers, whose readers have little patience."""


PATIENT = "patient"


def pytest_configure(config: pytest.Config) -> None:
    """Let the worker with the browsers go first, where the system knows such an order, and each pick ports apart.

    Examples are the same in each run, so that a run that failed fails again, and new ones in the long tier; how long
    one takes says something of the machine alone.
    """
    is_repeated = "long" not in config.option.markexpr
    slow = [HealthCheck.too_slow]
    settings.register_profile(PATIENT, deadline=None, derandomize=is_repeated, suppress_health_check=slow)
    settings.load_profile(PATIENT)
    worker = os.environ.get("PYTEST_XDIST_WORKER", FIRST_WORKER)
    if worker != FIRST_WORKER and hasattr(os, "nice"):
        os.nice(LATER)
    # between picking a port and binding it no other worker picks it
    freeport.MANY //= int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    freeport.FIRST += freeport.MANY * int(worker.removeprefix("gw"))
    freeport.LANE = freeport.MANY  # a worker asks for many: none comes again soon


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage while thousands of tests are found, nor among them ever after: they stay to the end.

    It took a third of the time until the first test.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not asked for by name: `pytest -m long`, `pytest -m docker`."""
    out = {name for name in ON_DEMAND if name not in config.option.markexpr}
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in out)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    # the longest first, and on one worker as long as the others find work: browsers do not run well side by side
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail what is skipped where everything is provided (CI): a test that should run there must run."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where it should run: {report.longrepr}"
    return report
