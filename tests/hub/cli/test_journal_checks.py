"""`matinales doctor` looks at the servers of the journal, and at what NATS as a broker refuses."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from hub.cli import doctor
from hub.cli._journal_checks import broker_habits, journal
from hub.config import Config
from hub.journal import place
from hub.journal.jetstream import JetStreamJournal, Log
from hub.journal.nats_link import Outgoing, Url
from hub.journal.shares import make_dead
from servers import nats
from servers.brokers import Broker, broker
from servers.ports import HOST, free_port

__all__ = ["broker"]

WORDS = doctor.sentences()


def said(config: Config, data: Path) -> list[str]:
    """Return each finding's code; its sentence and its remedy can be said in both languages."""
    found = list(journal(config, data))
    for each in found:
        for lang in ("fr", "en"):
            assert doctor.line(each, lang, WORDS)["text"]
    return [each.code for each in found]


def test_a_journal_in_the_folder_is_not_spoken_of(tmp_path: Path) -> None:
    """Nobody asks any server."""
    assert said(Config(), tmp_path) == []


def test_a_journal_that_is_not_made_yet_and_one_on_a_single_server(tmp_path: Path) -> None:
    """The second is told to be the only copy; found also by the data folder alone."""
    url = nats.fresh_url()
    assert said(Config(journal_url=url), tmp_path) == ["nats_new", "nats_sync"]
    JetStreamJournal(Url.parsed(url)).close()
    place.note(tmp_path, url)
    assert said(Config(), tmp_path) == ["nats_alone", "nats_sync"]


def test_what_was_set_aside_is_told_with_its_reason(tmp_path: Path) -> None:
    """A line that InfluxDB refused for good, at whatever worker."""
    url = Url.parsed(nats.fresh_url())
    JetStreamJournal(url).close()
    with closing(Log(url)) as log:
        make_dead(log)
        log.link.publish(Outgoing(f"{url.name}_dead.line", b"telemetry x=1i", {"Hub-Reason": "no integer"}))
    place.note(tmp_path, f"{url.servers[0]}/{url.name}")
    assert said(Config(), tmp_path) == ["nats_alone", "nats_sync", "nats_dead"]
    *_, found = journal(Config(), tmp_path)
    assert "no integer: telemetry x=1i" in doctor.line(found, "en", WORDS)["text"]


def test_servers_that_do_not_answer_are_a_fault_told_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the remedy, and what the broker does meanwhile."""
    monkeypatch.setattr("hub.journal.nats_link._FIRST_S", 0.3)
    config = Config(journal_url=f"nats://me:secret@{HOST}:{free_port()}")
    (found,) = journal(config, tmp_path)
    told = doctor.line(found, "en", WORDS)
    assert found.ok is False
    assert "start nats-server" in told["remedy"]
    assert "secret" not in told["text"] + told["remedy"]


def test_what_nats_refuses_as_a_broker_is_told() -> None:
    """Tried out on its own MQTT listener."""
    with nats.to_kill(mqtt=free_port()) as lent:
        found = list(broker_habits(f"mqtt://{HOST}:{lent.mqtt}"))
    *limits, rate = found
    assert [each.code for each in limits] == ["broker_no_dots", "broker_no_spaces", "broker_no_five"]
    assert all(doctor.line(each, "fr", WORDS)["remedy"] for each in limits)
    assert re.search(r"confirme environ [\d ]+ messages par seconde", doctor.line(rate, "fr", WORDS)["text"])


def test_other_brokers_take_dots_and_spaces(broker: Broker) -> None:
    """The embedded one speaks no MQTT 5 there, Mosquitto does."""
    *codes, rate = [each.code for each in broker_habits(broker.url)]
    assert rate == "broker_rate"
    assert codes == ([] if broker.kind == "mosquitto" else ["broker_no_five"])


def test_a_broker_that_is_away_is_not_told_twice() -> None:
    """Another finding says so."""
    assert list(broker_habits(f"mqtt://{HOST}:{free_port()}")) == []
