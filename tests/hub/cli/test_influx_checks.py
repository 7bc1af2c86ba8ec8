"""`matinales doctor` where InfluxDB is the store: address, token, buckets, what waits, what was refused."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.cli import _influx_checks, doctor
from hub.cli._checks import Finding, of_part
from hub.config import Config
from servers import influx
from servers.forwarders import forwarding
from servers.ports import HOST, free_port
from servers.scripted import scripted
from servers.stores import reading

WORDS = doctor.sentences()


def config() -> Config:
    """Return settings for a real InfluxDB that has none of the hub's buckets."""
    place = influx.server().place()
    return Config(
        store="influx",
        influx_url=place.url,
        influx_token=place.token,
        influx_org=place.org,
        influx_bucket=place.bucket,
        web_port=free_port(),
        mqtt_port=free_port(),
    )


def said(finding: Finding, lang: str = "en") -> str:
    """Return text and remedy."""
    line = doctor.line(finding, lang, WORDS)
    return f"{line['text']} {line['remedy']}"


def test_a_first_start_is_told_what_will_be_made() -> None:
    """Nothing is wrong, and nothing was changed."""
    settings = config()
    for _ in range(2):
        finding = _influx_checks.server(settings)
        assert finding.ok is None
        assert f"{settings.influx_bucket}_sim" in said(finding)


def test_a_ready_influxdb_is_one_good_line() -> None:
    """After the hub has run."""
    with scripted() as script:
        place = script.place
        settings = replace(
            Config(store="influx"),
            influx_url=place.url,
            influx_token=place.token,
            influx_org=place.org,
            influx_bucket=place.bucket,
        )
        finding = _influx_checks.server(settings)
        assert finding.ok
        assert place.token not in said(finding)


@pytest.mark.parametrize(
    ("mistake", "remedy"),
    [
        ({"influx_token": "wrong"}, "HUB_INFLUX_TOKEN"),
        ({"influx_org": "nobody"}, "HUB_INFLUX_ORG"),
        ({"influx_url": f"http://{HOST}:{free_port()}"}, "HUB_INFLUX_URL"),
    ],
)
@pytest.mark.parametrize("lang", ["fr", "en"])
def test_each_mistake_has_its_remedy(mistake: dict[str, str], remedy: str, lang: str) -> None:
    """Which setting to correct, in the reader's language."""
    finding = _influx_checks.server(replace(config(), **mistake))
    assert finding.ok is False
    assert remedy in said(finding, lang)


def test_what_was_refused_and_what_waits_is_listed_with_the_reason(tmp_path: Path) -> None:
    """Also while no hub runs."""
    with scripted() as script:
        script.answer = lambda _: (422, "partial write: points beyond retention policy dropped=2", {})
        with forwarding(tmp_path, script.place) as hub:
            hub.store([reading()])
            hub.drain()
            hub.store([reading(1)])
    found = list(_influx_checks.kept(tmp_path / "store.db"))
    assert [(each.id, each.ok) for each in found] == [
        ("influx.waiting", None),
        ("influx.refused", False),
        ("influx.refused", False),
    ]
    assert "1 lines" in said(found[0])
    assert any("telemetry,device=acme:a7" in said(each) for each in found)
    assert all("beyond retention policy" in said(each) for each in found[1:])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_forgotten_device_that_influxdb_still_has_is_listed(tmp_path: Path, lang: str) -> None:
    """Waiting: worth knowing; refused: a problem with the command that helps."""
    with scripted() as script, forwarding(tmp_path, script.place) as hub:
        hub.kept.forget(["acme:a7"], {"acme:a7"}, set())
        (waits,) = _influx_checks.kept(tmp_path / "store.db")
        assert (waits.id, waits.ok) == ("influx.erasing", None)
        script.erase = (400, "bad predicate", {})
        hub.writer.step()
        (refused,) = _influx_checks.kept(tmp_path / "store.db")
    assert (refused.id, refused.ok) == ("influx.erasing", False)
    assert "bad predicate" in said(refused, lang)
    assert "influx delete" in said(refused, lang)
    assert "acme:a7" in said(waits, lang)


def test_the_doctor_looks_at_influxdb_only_where_it_is_the_store(tmp_path: Path) -> None:
    """SQLite needs none."""
    ids = {finding.id for finding in doctor.look(replace(config(), store="sqlite"), tmp_path)}
    assert not any(name.startswith("influx") for name in ids)
    ids = {finding.id for finding in doctor.look(config(), tmp_path)}
    assert "influx.reached" in ids


def test_a_part_that_is_ill_is_told_in_one_language() -> None:
    """The page's sentences come in both; a terminal shows one."""
    part = {"status": "degraded", "text": {"fr": "malade", "en": "ill"}, "remedy": {"fr": "soignez", "en": "heal"}}
    assert doctor.line(of_part("store", part), "fr", WORDS)["text"] == "store : malade"
    assert doctor.line(of_part("store", part), "en", WORDS)["remedy"] == "heal"
