"""The InfluxDB of docker-compose.yml, started by testcontainers as tests without an `influxd` do (tests/servers)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hub.store.base import Range
from hub.store.influx import InfluxHistory
from hub.store.influx_client import Client
from servers import influx
from servers.stores import readings

COMPOSE = Path(__file__).parents[3] / "docker-compose.yml"


@pytest.fixture
def history() -> Iterator[InfluxHistory]:
    """Lend an empty store in a container."""
    with influx.buckets(influx.contained()) as place, closing(Client(place)) as client:
        yield InfluxHistory(client)


def test_tests_and_compose_name_the_same_influxdb() -> None:
    """What is tested is what is started."""
    assert f"image: {influx.IMAGE}\n" in COMPOSE.read_text(encoding="utf-8")


@pytest.mark.docker
@pytest.mark.timeout(180)
def test_what_is_written_into_the_pinned_image_comes_back(history: InfluxHistory) -> None:
    """The container starts, is set up, takes lines and answers in Flux; a second write makes no second point."""
    history.write(readings(range(2000)))
    history.write(readings(range(2000)))
    assert [row.value for row in history.readings(Range(limit=3)).rows] == [0.0, 1.0, 2.0]
    assert [row.value for row in history.aggregate(Range(), "count", None)] == [2000.0]
    assert len(history.series(Range(), 100)[0].t) == 100
