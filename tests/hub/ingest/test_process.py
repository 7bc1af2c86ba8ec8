"""The ingest process beside real brokers: nothing acknowledged is lost, whatever is killed (R1, R7, R16)."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hub import broker as hub_broker
from hub.givingback import GivingBack
from hub.ingest.link import Status
from hub.ingest.linkclient import LinkClient
from servers import inside
from servers.brokers import Broker
from servers.hanging_up import hang_up
from servers.ingest import Ingest, ingesting
from servers.ports import until
from servers.publisher import Publisher, payload
from servers.web import eventually


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[Ingest]:
    """Lend an ingest process beside each broker in turn."""
    with ingesting(broker, tmp_path) as lent:
        until("it has subscribed", (tmp_path / "subscription.json").exists)
        yield lent


class Load(threading.Thread):
    """Publishes at a rate, from several connections, until told to stop; then every message has its PUBACK."""

    def __init__(self, port: int, *, rate: float, senders: int = 4) -> None:
        """Name the broker and the rate, of all senders together."""
        super().__init__(daemon=True)
        self.port, self.rate, self.senders = port, rate, senders
        self.stop = threading.Event()
        self.confirmed = [0] * senders

    def run(self) -> None:
        """Publish number after number on each connection."""
        publishers = [Publisher(self.port, f"load-{number}").__enter__() for number in range(self.senders)]
        begin, sent = time.monotonic(), 0
        while not self.stop.is_set() or any(each.confirmed < each.sent for each in publishers):
            due = int((time.monotonic() - begin) * self.rate) if not self.stop.is_set() else 0
            for number, each in enumerate(publishers):
                while each.room > 0 and sent < due and sent % self.senders == number:
                    each.say(f"load/{number}", payload(each.sent, f"{number}"))
                    sent += 1
                each.pump()
                self.confirmed[number] = each.confirmed
            time.sleep(0.001)
        for each in publishers:
            each.socket.close()

    def finish(self) -> list[int]:
        """Stop, wait for the last PUBACK, and return how many messages each sender saw confirmed."""
        self.stop.set()
        self.join(30)
        assert not self.is_alive(), "the broker does not confirm"
        return self.confirmed


@contextmanager
def listening(port: int, heard: list[tuple[str, bytes]]) -> Iterator[None]:
    """Be a client that is granted everything, and put down what it hears."""
    client, granted = paho.Client(CallbackAPIVersion.VERSION2), threading.Event()

    def ask(*_: object) -> None:
        client.subscribe("#", 1)

    client.on_connect = ask
    client.on_subscribe = lambda *_: granted.set()
    client.on_message = lambda _c, _u, message: heard.append((message.topic, bytes(message.payload)))
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert granted.wait(30)
        yield
    finally:
        hang_up(client)


def by_sender(ingest: Ingest, senders: int, *, repeats: bool) -> list[list[int]]:
    """Return the numbers journalled of each sender, with or without marked repeats, in the journal's order."""
    found: list[list[int]] = [[] for _ in range(senders)]
    for record in ingest.records():
        if record.message.topic.startswith("load/") and (repeats or not record.repeat):
            body = json.loads(record.message.payload)
            found[int(body["by"])].append(body["n"])
    return found


def test_a_run_announces_itself_before_what_its_devices_left_at_the_broker(broker: Broker, tmp_path: Path) -> None:
    """A broker hands over what it retains in any order: a device heard before its run would be real for ever."""
    announced, said = "matinales/sim/cold-room-1", b'{"run":"cold-room-1"}'
    left = [f"tele/{name}-sim-{number}/LWT" for number in range(25) for name in ("probe", "door")]
    with Publisher(broker.port, "p") as publisher:
        for topic in [*left, announced]:
            publisher.say(topic, said, retain=True)
        publisher.say_all(iter([("a", b"1")]))
        with ingesting(broker, tmp_path) as ingest:
            until("it has subscribed", (tmp_path / "subscription.json").exists)
            publisher.say_all((announced, b"%d" % number) for number in range(3))
            publisher.say_all(iter([("end", b"2")]))
            until("the end is journalled", lambda: any(each.message.topic == "end" for each in ingest.records()))
            messages = [each.message for each in ingest.records()]
    assert messages[0].topic == announced
    assert {each.topic for each in messages if each.retained} == {announced, *left}
    assert [each.payload for each in messages if each.topic == announced and not each.retained] == [b"0", b"1", b"2"]


def test_kill_minus_nine_under_load_loses_nothing_and_doubles_nothing(ingest: Ingest) -> None:
    """Three kills at random moments under 2,000 messages a second: every confirmed message once, in order."""
    chance = random.Random(7)
    load = Load(ingest.broker.port, rate=2_000)
    load.start()
    for _ in range(3):
        time.sleep(chance.uniform(0.3, 0.8))
        ingest.kill()
        ingest.start()
    time.sleep(0.5)
    confirmed = load.finish()
    until("all is journalled", lambda: sum(map(len, by_sender(ingest, 4, repeats=False))) >= sum(confirmed))
    assert sum(confirmed) > 2_000
    assert by_sender(ingest, 4, repeats=False) == [list(range(count)) for count in confirmed]
    positions = [record.position for record in ingest.records()]
    assert positions == list(range(1, len(positions) + 1))


def test_what_waited_for_an_absent_hub_is_late_and_what_follows_is_not(ingest: Ingest) -> None:
    """Arrival times of a draining session say nothing of the measurement."""
    ingest.end()
    with Publisher(ingest.broker.port, "p") as publisher:
        publisher.say_all(("a", b"%d" % number) for number in range(400))
        ingest.start()
        records = ingest.wait_for(400)
        assert [record.message.payload for record in records] == [b"%d" % number for number in range(400)]
        assert all(record.late for record in records)
        assert not any(record.repeat for record in records)

        def fresh() -> bool:
            publisher.say_all(iter([("b", b"now")]))
            return not ingest.wait_for(401)[-1].late

        until("the session is drained", fresh)


def test_who_hears_everything_at_the_broker_does_not_learn_the_hub_s_name_there(broker: Broker, tmp_path: Path) -> None:
    """Whoever knows it connects under it, cuts the hub off, and what waited for the hub is gone."""
    heard: list[tuple[str, bytes]] = []
    with listening(broker.port, heard), ingesting(broker, tmp_path, "--client-id", "hub-by-name"):
        until("its own word goes round", lambda: any(topic.endswith("/probe") for topic, _ in heard))
    assert not [(topic, said) for topic, said in heard if "by-name" in topic or b"by-name" in said]


def test_a_killed_broker_is_found_again(embedded: Broker, tmp_path: Path) -> None:
    """The broker restarts empty: connected again, subscribed again, and the possible gap is said."""
    with ingesting(embedded, tmp_path) as ingest:
        until("it has subscribed", (tmp_path / "subscription.json").exists)
        embedded.kill()
        time.sleep(1)
        embedded.start()
        with Publisher(embedded.port, "p") as publisher:

            def heard() -> bool:
                publisher.say_all(iter([("a", b"1")]))
                return bool(ingest.records())

            until("it is heard again", heard)


async def test_the_gap_and_the_reason_are_told(embedded: Broker, tmp_path: Path, link: LinkClient) -> None:
    """The hub hears of a lost broker with its reason, and of the session that is gone."""
    said: list[Status] = [Status()]
    link.on_status(lambda status: said.append(status or Status()))
    with ingesting(embedded, tmp_path):
        await eventually(lambda: said[-1].subscribed)
        assert (said[-1].reason, said[-1].gap) == (None, 0)
        embedded.kill()
        await eventually(lambda: not said[-1].connected)
        assert said[-1].reason
        embedded.start()
        await eventually(lambda: said[-1].subscribed)
        assert said[-1].gap == 1


def test_a_large_payload_is_journalled_cut_with_its_length(ingest: Ingest) -> None:
    """1 MB is taken whole, 3 MB is kept as its first KiB and its length."""
    with Publisher(ingest.broker.port, "p") as publisher:
        publisher.say_all(iter([("mb/1", b"x" * 1_000_000), ("mb/3", b"y" * 3_000_000), ("after", b"1")]))
    whole, cut, after = ingest.wait_for(3)
    assert (len(whole.message.payload), whole.message.length) == (1_000_000, 0)
    assert (cut.message.payload, cut.message.length) == (b"y" * 1024, 3_000_000)
    assert after.message.payload == b"1"


def test_the_broker_refuses_five_megabytes_and_the_rest_goes_on(ingest: Ingest) -> None:
    """The publisher is cut, the refusal is counted with its size, and others are heard."""
    with Publisher(ingest.broker.port, "big") as publisher, pytest.raises(ConnectionError):
        publisher.say_all(iter([("big", b"x" * 5_000_000)]))
    with Publisher(ingest.broker.port, "small") as publisher:
        publisher.say_all(iter([("small", b"1")]))
    assert ingest.wait_for(1)[0].message.topic == "small"
    until("it is counted", lambda: hub_broker.refused(ingest.broker.folder).count == 1)
    size = hub_broker.refused(ingest.broker.folder).size
    assert size == (0 if ingest.broker.kind == "mosquitto" else 5_000_007)


def test_it_ends_with_its_supervisor(ingest: Ingest) -> None:
    """The end of its stdin is the end of the process, in order."""
    assert ingest.end() == 0
    ingest.start()


def test_two_ingests_never_write_one_journal(ingest: Ingest) -> None:
    """A second one waits for a dying one, then gives up and says why."""
    second = subprocess.run(
        [
            *(sys.executable, "-m", "hub.ingest", "--data", str(ingest.folder)),
            *("--broker", ingest.broker.url, "--lock-wait", "0.2"),
        ],
        stdin=subprocess.PIPE,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1
    assert b"Another ingest process" in second.stderr


def test_a_retained_message_is_marked(broker: Broker, tmp_path: Path) -> None:
    """The last word of before is told from news."""
    with Publisher(broker.port, "p") as publisher:
        publisher.say("kept", b"1", retain=True)
        publisher.say_all(iter([]))
        with ingesting(broker, tmp_path) as ingest:
            assert ingest.wait_for(1)[0].message.retained
            publisher.say_all(iter([("kept", b"2")]))
            assert not ingest.wait_for(2)[1].message.retained


def test_memory_is_given_back_after_many_messages(embedded: Broker, tmp_path: Path) -> None:
    """Groups leave room between the journal's pages: 4.5 MB stayed free and kept after 300,000 messages."""
    told: list[int] = []
    with inside.ingesting(tmp_path, embedded.port, memory=GivingBack(100, told.append)):
        until("it has subscribed", (tmp_path / "subscription.json").exists)
        with Publisher(embedded.port, "many") as publisher:
            publisher.say_all((f"many/{number}", b"1") for number in range(250))
        until("memory went back", lambda: bool(told))
    assert set(told) == {0}
    assert len(told) <= 2
