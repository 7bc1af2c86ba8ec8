"""The hub beside Telegraf on the same Mosquitto and InfluxDB; prints the figures (`pytest -m long -s tests/bench`)."""

import shutil

import pytest

from hub import mosquitto
from hub.bench import telegraf
from hub.errors import ConfigError

MOST = 1.3
"""Of a machine that does other things too: behind a slow broker the hub takes fewer messages a step, which costs it
more than Telegraf. What is promised, of a quiet one, is the bench's."""


@pytest.mark.long
@pytest.mark.timeout(900)  # six bursts of 40,000 messages, each with a broker of its own
def test_a_message_costs_the_hub_hardly_more_than_telegraf() -> None:
    """Both write all that was sent; the ratio is of one run, so that a slow machine is slow for both."""
    if shutil.which("telegraf") is None:
        pytest.skip(telegraf.HOW)
    if shutil.which("influxd") is None:
        pytest.skip("needs InfluxDB 2: PATH=$PATH:$(dirname $(.ci/influxd ~/.cache/matinales)) builds it")
    try:
        mosquitto.program()
    except ConfigError as error:
        pytest.skip(str(error))
    figures = telegraf.measure()
    for name, value in figures.items():
        print(f"{name:32} {value:12,.2f}")  # noqa: T201 — what it is run for
    assert figures["hub_missing"] == figures["telegraf_missing"] == 0
    assert figures["ratio"] <= MOST
