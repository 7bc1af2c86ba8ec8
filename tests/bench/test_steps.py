"""No step of a message's way has become dearer, beside a bare decoding of its JSON in the same run."""

import pytest

from hub.bench import steps
from hub.cli.bench import judged

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]


def test_no_step_has_become_dearer() -> None:
    """CPU time of the quickest of many passes, as multiples of a bare decoding: a busy machine is busy for both."""
    figures = steps.measure()
    dear = {name: figures[name] for name, (_, good) in judged(figures, steps.GATES).items() if not good}
    assert dear == {}
