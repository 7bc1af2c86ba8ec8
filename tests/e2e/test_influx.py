"""A whole hub whose store is InfluxDB: values arrive there, an outage stops nothing, a kill loses nothing."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from hub.store.influx_client import Client, Place
from servers import influx
from servers.fault_proxy import in_front_of
from servers.hubs import Demo, demo, until
from servers.ports import HOST

pytestmark = pytest.mark.timeout(180)


def settings(monkeypatch: pytest.MonkeyPatch, place: Place, port: int) -> None:
    """Have the next hub write there, through this port."""
    monkeypatch.setenv("HUB_STORE", "influx")
    monkeypatch.setenv("HUB_INFLUX_URL", f"http://{HOST}:{port}")
    monkeypatch.setenv("HUB_INFLUX_TOKEN", place.token)
    monkeypatch.setenv("HUB_INFLUX_ORG", place.org)
    monkeypatch.setenv("HUB_INFLUX_BUCKET", place.bucket)


def say(hub: Demo, temperature: float, second: int) -> None:
    """Let a real device measure; its clock is wrong, so the time is the arrival's."""
    hub.publish(
        "tele/oven/SENSOR", f'{{"Time":"2026-09-21T12:00:{second:02}","DS18B20":{{"Temperature":{temperature}}}}}'
    )


def values(hub: Demo, query: str = "") -> list[float]:
    """Return the stored values of that device."""
    return [row["value"] for row in hub.get(f"api/v1/readings?device=tasmota:oven{query}")["readings"]]


def store(hub: Demo) -> dict[str, object]:
    """Return what /health says of the store."""
    part: dict[str, object] = hub.get("health")["parts"]["store"]
    return part


def points(place: Place, measurement: str, name: str) -> list[str]:
    """Return the values that InfluxDB has of a device in a measurement."""
    flux = (
        "from(bucket: _bucket) |> range(start: 0) |> filter(fn: (r) => r._measurement == _measurement) |> toString()"
        ' |> filter(fn: (r) => r.device == _device) |> keep(columns: ["_value"]) |> group()'
    )
    names = {"_bucket": place.bucket, "_measurement": measurement, "_device": f"tasmota:{name}"}
    with closing(Client(place)) as client:
        return [row["_value"] for row in client.rows(flux, names)]


def waiting(hub: Demo) -> float:
    """Return how many lines wait."""
    return float(hub.get("health")["counters"]["influx_lines_waiting"])


def test_an_absent_influxdb_is_a_banner_and_heals_and_a_kill_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away at start, then there, then the hub is killed with lines that wait: everything arrives once."""
    server = influx.server()
    with influx.buckets(server) as place, in_front_of(urlsplit(server.url).port or 0) as proxy:
        settings(monkeypatch, place, proxy.port)
        proxy.mode = "refuse"
        data = tmp_path / "data"
        with demo(data) as hub:
            until(lambda: store(hub)["status"] == "degraded")
            assert "InfluxDB" in str(store(hub)["text"])
            say(hub, 21.5, 1)
            until(lambda: values(hub) == [21.5])  # charts go on, from the hub's own history
            until(lambda: waiting(hub) > 0)
            hub.kill()
        proxy.mode = "through"
        with demo(data) as hub:
            until(lambda: store(hub)["status"] == "ok" and waiting(hub) == 0)
            say(hub, 22.5, 2)
            until(lambda: values(hub) == [21.5, 22.5])
            until(lambda: waiting(hub) == 0)
            assert values(hub, "&aggregate=mean") == [22.0]
            (curve,) = hub.get("api/v1/series?device=tasmota:oven&channel=temperature")["series"]
            assert (curve["v"], curve["unit"]) == ([21.5, 22.5], "°C")
            page = hub.get("api/v1/readings?limit=5")
            assert str(page["next"]).rpartition("~")[2].startswith("i"), "it is InfluxDB that answered"
            assert all(row["simulated"] for row in page["readings"])
            hub.ask("PATCH", "api/v1/devices/tasmota:oven", {"name": "Four", "room": "Fournil"})
            until(lambda: waiting(hub) == 0 and "Fournil" in points(place, "devices", "oven"))
            answer = hub.ask("DELETE", "api/v1/devices/tasmota:oven")
            assert [each["code"] for each in answer["elsewhere"]] == ["influx", "copies"]
            until(lambda: not points(place, "telemetry", "oven") and not points(place, "devices", "oven"))
            until(lambda: not store(hub)["influx"]["erasing"])  # type: ignore[index]
