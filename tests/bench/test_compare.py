"""The hub's ingest beside what is installed; prints the figures (`pytest -m long -s tests/bench`)."""

import pytest

from hub import mosquitto
from hub.bench import ingest
from hub.errors import ConfigError

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]


def test_nobody_misses_a_message() -> None:
    """The same burst on a Mosquitto each; a plain paho loop is always there to compare with."""
    try:
        mosquitto.program()
    except ConfigError as error:
        pytest.skip(str(error))
    figures = ingest.compare(messages=5_000, rounds=1)
    for name, value in figures.items():
        print(f"{name:32} {value:12,.2f}")  # noqa: T201 — what it is run for
    assert figures["hub_missing"] == 0
    assert figures["paho_loop_missing"] == 0
    assert figures["ratio_paho_loop"] > 0
