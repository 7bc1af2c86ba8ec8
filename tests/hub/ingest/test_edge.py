"""The MQTT edge against a broker that the test plays itself, byte by byte: acknowledgements, epochs, odd packets."""

import contextlib
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import JournalError
from hub.ingest import batch
from hub.ingest import edge as edge_module
from hub.ingest.edge import PROBES, MqttEdge
from hub.ingest.gaps import Gaps, Why
from hub.ingest.heralds import Heard
from hub.ingest.lookout import UPTIME
from hub.ingest.mqtt import DUP, IN_FLIGHT, MOST_SAID, BufferedClient, Listener
from hub.ingest.session import Settings
from hub.model import NS, Message
from servers.clock import Clock
from servers.publisher import publish_packet

CONNACK = b"\x20\x02\x00\x00"
RESUMED = b"\x20\x02\x01\x00"
SUBACK = b"\x90\x03\x00\x01\x01"
AGES = 1e12
"""As late as the edge's clock [s] never is: by itself it says nothing more."""


class Recorder:
    """A journal that remembers, and fails when told to."""

    def __init__(self) -> None:
        """Begin empty."""
        self.groups: list[list[Message]] = []
        self.late: list[bool] = []
        self.epochs: list[int] = []
        self.resumptions: list[int] = []
        self.restarted: list[bool] = []
        self.broken = False
        self.during: Callable[[], None] = lambda: None

    @property
    def end(self) -> int:
        """Return how many records there are."""
        return sum(map(len, self.groups))

    def append(self, messages: Sequence[Message], *, epoch: int = 0, late: bool = False) -> int:
        """Keep the group."""
        if self.broken:
            msg = "the disk is full"
            raise JournalError(msg)
        self.during()
        self.groups.append(list(messages))
        self.epochs.append(epoch)
        self.late.append(late)
        return self.end

    def resumed(self, epoch: int, *, restarted: bool = False) -> None:
        """Remember the epoch."""
        self.resumptions.append(epoch)
        self.restarted.append(restarted)

    def erase(self, positions: Sequence[int]) -> int:
        """Erase nothing: nobody asks."""
        return len(positions)

    def close(self) -> None:
        """Do nothing."""

    @property
    def payloads(self) -> list[bytes]:
        """Return all payloads."""
        return [message.payload for group in self.groups for message in group]


class Stage:
    """The edge, and the broker's end of its connection."""

    def __init__(self, folder: Path, **settings: Any) -> None:  # noqa: ANN401 — fields of Settings
        """Listen; the edge has not turned yet."""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.awake, self.waker = socket.socketpair()
        self.selector.register(self.awake, selectors.EVENT_READ, lambda _: self.awake.recv(10))
        self.journal = Recorder()
        url = f"mqtt://127.0.0.1:{self.port}"
        self.settings = Settings(url=url, client_id="t", state=folder / "state.json", **settings)
        self.gaps = Gaps(folder)
        self.runs: Heard = []  # announced at the broker
        self.ask: Callable[[], Heard] = lambda: self.runs
        self.ahead = 0  # the edge's wall clock [ns]
        self.edge = MqttEdge(
            self.settings,
            self.journal,
            self.selector,
            epoch=0,
            gaps=self.gaps,
            announced=self._ask,
            wake=self._wake,
            changed=lambda: None,
            chance=random.Random(1),
            wall_ns=lambda: time.time_ns() + self.ahead,
        )
        self.peer: socket.socket | None = None
        self.heard = bytearray()

    def _ask(self) -> Heard:
        return self.ask()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # a thread that asks outlives the test
            self.waker.send(b"\0")

    def pump(self, until: Callable[[], object], *, timeout_s: float = 30.0) -> None:
        """Turn the edge until something is so."""
        deadline = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < deadline, f"in vain: heard {bytes(self.heard)!r}, {self.edge.counters}"
            for key, mask in self.selector.select(min(self.edge.timeout(), 0.01)):
                key.data(mask)
            self.edge.turn()
            self._listen()

    def rest(self, seconds: float = 0.1) -> None:
        """Turn the edge for a while."""
        end = time.monotonic() + seconds
        self.pump(lambda: time.monotonic() >= end)

    def accept(self, answer: bytes = CONNACK) -> None:
        """Take the next connection, answer CONNECT, and SUBSCRIBE when it comes."""
        if self.peer is not None:
            self.peer.close()
        self.peer = None
        self.heard.clear()
        self.pump(lambda: self.heard[:1] == b"\x10")
        self.heard.clear()
        self.say(answer)

    def subscribed(self) -> None:
        """Grant the subscription."""
        self.pump(lambda: b"\x82" in self.heard)
        at = self.heard.index(b"\x82")
        self.say(b"\x90\x03" + self.heard[at + 2 : at + 4] + b"\x01")
        self.pump(lambda: self.edge.counters.subscribed)
        self.pump(lambda: b"probe" in self.heard)
        self.heard.clear()

    def say(self, data: bytes) -> None:
        """Send bytes to the edge."""
        assert self.peer is not None
        self.peer.sendall(data)

    @property
    def acks(self) -> list[int]:
        """Return the packet ids acknowledged since the connection was taken, in order."""
        found, at = [], 0
        while at < len(self.heard):
            if self.heard[at] == 0x40:
                found.append(int.from_bytes(self.heard[at + 2 : at + 4], "big"))
            at += 2 + self.heard[at + 1]
        return found

    def _listen(self) -> None:
        if self.peer is None:
            try:
                self.peer, _ = self.listener.accept()
            except BlockingIOError:
                return
            self.peer.settimeout(0)
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            self.heard += self.peer.recv(65_536)

    def close(self) -> None:
        """Close everything."""
        self.edge.close()
        for each in (self.peer, self.listener, self.awake, self.waker):
            if each is not None:
                each.close()
        self.selector.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Lend an edge that has just subscribed."""
    made = Stage(tmp_path)
    made.accept()
    made.subscribed()
    yield made
    made.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a resumed session be quiet for a moment only, where our own message does not come back."""
    monkeypatch.setattr(edge_module, "RESUME_QUIET_S", 0.05)


def burst(*numbers: int) -> bytes:
    """Return PUBLISH packets whose payload is their packet id."""
    return b"".join(publish_packet("a/b", b"%d" % number, number) for number in numbers)


def test_runs_that_are_announced_are_journalled_before_anything_is_subscribed_to(tmp_path: Path) -> None:
    """A device's word that came first would make it a real one, for ever."""
    with closing(Stage(tmp_path)) as stage:
        stage.runs = [("matinales/sim/cold-room-1", b"{}")]
        stage.journal.during = lambda: early.append(b"\x82" in stage.heard)
        early: list[bool] = []
        stage.accept()
        stage.subscribed()
        assert [(each.topic, each.retained) for each in stage.journal.groups[0]] == [(stage.runs[0][0], True)]
        assert early == [False]


def test_a_session_that_was_taken_over_does_not_ask_for_runs(tmp_path: Path) -> None:
    """Nothing may come between messages that are delivered again: in more groups than one they would be doubled."""
    with closing(Stage(tmp_path)) as stage:
        asked: list[bool] = []

        def ask() -> Heard:
            asked.append(True)
            return []

        stage.ask = ask
        stage.accept(RESUMED)
        stage.subscribed()
        assert asked == []


def test_an_answer_that_comes_after_its_connection_ended_is_nobodys(tmp_path: Path) -> None:
    """The next connection asks anew, and subscribes when that is answered: its session has heard nothing yet."""
    with closing(Stage(tmp_path)) as stage:
        answers, asked = [threading.Event(), threading.Event()], iter(range(2))

        def answer() -> Heard:
            number = next(asked)
            answers[number].wait(30)
            return [(f"matinales/sim/run-{number}", b"{}")]

        stage.ask = answer
        stage.accept()
        stage.pump(lambda: stage.edge.counters.connected)
        assert stage.peer is not None
        stage.peer.shutdown(socket.SHUT_RDWR)
        stage.pump(lambda: not stage.edge.counters.connected)
        stage.accept(RESUMED)
        stage.pump(lambda: stage.edge.counters.connected)
        answers[0].set()
        stage.rest()
        assert b"\x82" not in stage.heard
        answers[1].set()
        stage.subscribed()
        assert [each.topic for each in stage.journal.groups[0]] == ["matinales/sim/run-1"]


def test_a_session_that_the_broker_forgot_is_not_known_as_subscribed(tmp_path: Path) -> None:
    """Lost again before the broker grants anything, it is there and deaf; so it is for a process that begins then."""
    with closing(Stage(tmp_path)) as stage:
        stage.accept()
        stage.subscribed()
        for answer in (CONNACK, RESUMED):
            assert stage.peer is not None
            stage.peer.shutdown(socket.SHUT_RDWR)
            stage.accept(answer)
            stage.pump(lambda: b"\x82" in stage.heard)
            assert not stage.edge.counters.subscribed
            assert not stage.settings.state.exists()
        stage.subscribed()
        assert stage.settings.state.exists()
        assert [gap.why for gap in stage.gaps.newest] == [Why.SESSION]


def test_a_question_that_fails_in_any_way_ends_in_a_subscription(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the hub is not deaf."""
    with closing(Stage(tmp_path)) as stage:

        def fail() -> Heard:
            raise UnicodeError

        stage.ask = fail
        stage.accept()
        stage.subscribed()
    assert "Which runs are announced is not known" in caplog.text


@pytest.mark.parametrize(("filters", "asked"), [(("#",), 1), (("tele/#", "matinales/#"), 1), (("tele/#",), 0)])
def test_who_hears_of_no_runs_does_not_ask_for_them(tmp_path: Path, filters: tuple[str, ...], asked: int) -> None:
    """Filters that leave runs out leave the announced ones out too."""
    with closing(Stage(tmp_path, filters=filters)) as stage:
        stage.runs = [("matinales/sim/cold-room-1", b"{}")]
        stage.accept()
        stage.subscribed()
        assert len(stage.journal.groups) == asked


def test_acknowledgements_go_out_in_order_of_arrival_after_the_commit(stage: Stage) -> None:
    """Not one before its group is committed, and none out of order (MQTT-4.6.0-2)."""
    early: list[list[int]] = []
    stage.journal.during = lambda: early.append(stage.acks)
    order = random.Random(3).sample(range(1, 60_000), 500)
    stage.say(burst(*order))
    stage.pump(lambda: len(stage.acks) == 500)
    assert stage.acks == order
    assert stage.journal.payloads == [b"%d" % number for number in order]
    committed = 0
    for group, acknowledged in zip(stage.journal.groups, early, strict=True):
        assert acknowledged == order[: len(acknowledged)]
        assert len(acknowledged) <= committed
        committed += len(group)


def test_a_group_closes_at_half_the_window(stage: Stage) -> None:
    """The broker may go on filling the other half while the first is committed."""
    stage.say(burst(*range(1, 101)))
    stage.pump(lambda: len(stage.acks) == 100)
    assert max(map(len, stage.journal.groups)) <= 50


def test_a_lone_message_does_not_wait_for_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry socket closes the group, however long others would be waited for."""
    monkeypatch.setattr(batch, "MAX_NS", 3600 * NS)
    stage.say(burst(1))
    stage.pump(lambda: stage.acks == [1])


def test_what_the_journal_does_not_take_is_not_acknowledged(stage: Stage) -> None:
    """The group is kept and nothing more is read; it is committed and acknowledged when the journal is back."""
    stage.journal.broken = True
    stage.say(burst(1, 2))
    stage.rest(0.3)
    assert stage.acks == []
    assert stage.edge.counters.reason == "the disk is full"
    stage.say(burst(3))
    stage.journal.broken = False
    stage.pump(lambda: stage.acks == [1, 2, 3])
    assert stage.journal.payloads == [b"1", b"2", b"3"]
    assert stage.edge.counters.reason is None


def test_ids_of_a_connection_that_is_gone_are_never_acknowledged(stage: Stage) -> None:
    """A stale id would confirm another message; the broker delivers again."""
    stage.journal.broken = True
    stage.say(burst(1, 2, 3))
    stage.rest(0.1)
    assert stage.peer is not None
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.journal.broken = False
    stage.accept(RESUMED)
    stage.pump(lambda: stage.edge._nonce.startswith(b"2-"))
    stage.say(burst(1) + probe(stage, 1, 9))
    stage.pump(lambda: stage.acks == [1, 9])
    stage.rest()
    assert stage.acks == [1, 9]


def test_a_cut_connection_does_not_lose_what_was_read(stage: Stage) -> None:
    """Messages that came just before the end are journalled, though they cannot be acknowledged any more."""
    assert stage.peer is not None
    stage.say(burst(1, 2) + burst(3)[:5])
    stage.peer.shutdown(socket.SHUT_WR)
    stage.pump(lambda: not stage.edge.counters.connected)
    assert stage.journal.payloads == [b"1", b"2"]


def test_half_a_packet_does_not_reach_the_next_connection(stage: Stage) -> None:
    """Bytes of the old connection never reach the new one's reader."""
    assert stage.peer is not None
    stage.say(burst(1)[:5])
    stage.rest()
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.accept()
    stage.subscribed()
    stage.say(burst(2))
    stage.pump(lambda: stage.acks == [2])
    assert stage.journal.payloads == [b"2"]
    assert stage.gaps.possible == 1


@pytest.mark.usefixtures("impatient")
def test_a_resumed_session_is_not_subscribed_again(stage: Stage) -> None:
    """Its filters are remembered; the first group is compared with the journal's tail and marked late."""
    assert stage.peer is not None
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.accept(RESUMED)
    stage.pump(lambda: stage.edge._nonce.startswith(b"2-") and stage.heard.endswith(stage.edge._nonce))
    assert b"\x00\x01#" not in stage.heard
    stage.heard.clear()
    stage.say(burst(1, 2))
    stage.pump(lambda: stage.acks == [1, 2])
    assert stage.journal.resumptions == [2]
    assert stage.journal.late == [True]
    for earlier in (b"1", b"2", b"2-1"):  # an earlier connection's, or an earlier process's of the same number
        stage.say(publish_packet(stage.settings.probe, earlier, 8))
    stage.say(burst(9))
    stage.pump(lambda: 9 in stage.acks)
    stage.say(publish_packet(stage.settings.probe, stage.edge._nonce, 10) + burst(3))
    stage.pump(lambda: 3 in stage.acks)
    assert stage.journal.late == [True, True, False]
    assert stage.journal.payloads == [b"1", b"2", b"9", b"3"]


def test_a_resumed_group_waits_for_all_that_is_delivered_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resume rule compares the whole run at once, however the network cuts it, and a busy broker halts meanwhile.

    Cut in two, none of it would be known as a repeat.
    """
    assert stage.peer is not None
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.accept(RESUMED)
    stage.pump(lambda: stage.edge._nonce.startswith(b"2-"))
    clock = Clock(time.monotonic())
    monkeypatch.setattr(stage.edge, "_clock", clock)
    for number in range(1, 6):
        stage.say(burst(number))
        stage.pump(partial(lambda many: len(stage.edge.batch.messages) == many, number))
        clock.now += 0.5
        stage.rest(0.01)
    stage.say(probe(stage, 1, 6))
    stage.pump(lambda: len(stage.acks) == 6)
    assert [len(group) for group in stage.journal.groups] == [5]


def test_who_never_hears_itself_is_not_held_up_by_those_that_speak_all_the_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign broker may not let us publish, and many a device speaks at QoS 0, which fills no window."""
    assert stage.peer is not None
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.accept(RESUMED)
    stage.pump(lambda: stage.edge._nonce.startswith(b"2-"))
    clock = Clock(time.monotonic())
    monkeypatch.setattr(stage.edge, "_clock", clock)
    for number in range(10):
        stage.say(b"\x30\x06\x00\x03a/b%d" % number)
        stage.pump(partial(lambda many: stage.journal.end + len(stage.edge.batch.messages) == many, number + 1))
        clock.now += 0.5
    stage.pump(lambda: stage.journal.end == 10)
    assert stage.journal.resumptions == [2]
    assert len(stage.journal.groups[0]) < 10


def test_a_backlog_before_our_own_message_is_no_silence(stage: Stage) -> None:
    """What is heard proves that the subscription lives; connecting again would put us behind it once more."""
    stage.say(probe(stage, 1, 1))
    stage.pump(lambda: stage.edge._probe_seen)
    for number in range(10, 10 + 2 * PROBES):
        stage.say(burst(number))
        stage.pump(partial(lambda due: due in stage.acks, number))
        stage.edge._send_probe(AGES)
    assert stage.edge.counters.connected
    for _ in range(PROBES + 1):
        stage.edge._send_probe(AGES)
    assert not stage.edge.counters.connected


def probe(stage: Stage, number: int, packet: int) -> bytes:
    """Return the edge's own message of this number as it comes back."""
    return publish_packet(stage.settings.probe, b"%s%d" % (stage.edge._connection, number), packet)


def test_a_message_of_ours_that_does_not_come_back_tells_of_lost_ones(stage: Stage) -> None:
    """The broker keeps order: a later one that does come back was behind what it dropped."""
    stage.say(probe(stage, 1, 1) + probe(stage, 2, 2) + probe(stage, 2, 3))
    stage.pump(lambda: len(stage.acks) == 3)
    assert stage.gaps.newest == []
    stage.say(probe(stage, 4, 4))
    stage.pump(lambda: len(stage.acks) == 4)
    assert [gap.why for gap in stage.gaps.newest] == [Why.QUEUE]


def test_a_stopped_process_that_reads_on_was_away_all_the_same(tmp_path: Path) -> None:
    """What its socket still held is old news: the gap begins where its own message came back the last time."""
    with closing(Stage(tmp_path, queue_messages=3)) as stage:
        stage.accept()
        stage.subscribed()
        stage.say(probe(stage, 1, 1))
        stage.pump(lambda: stage.acks == [1])
        before = time.time_ns()
        stage.ahead = 90 * NS  # stopped, or asleep
        stage.say(burst(2, 3))
        stage.pump(lambda: stage.acks == [1, 2, 3])
        assert stage.peer is not None
        stage.peer.shutdown(socket.SHUT_RDWR)
        stage.accept(RESUMED)
        stage.pump(lambda: stage.edge._nonce.startswith(b"2-"))
        stage.say(burst(4, 5, 6, 7) + probe(stage, 1, 8))
        stage.pump(lambda: stage.gaps.newest)
    (gap,) = stage.gaps.newest
    assert gap.why is Why.QUEUE
    assert gap.since <= before
    assert gap.until >= before + 90 * NS


def aged(stage: Stage, seconds: int, *others: bytes) -> None:
    """Resume a session that the edge asks about the broker's age, say other packets, then the age."""
    stage.accept(RESUMED)
    stage.pump(lambda: UPTIME.encode() in stage.heard)
    stage.say(b"".join(others))
    stage.rest(0.2)
    age = UPTIME.encode() + b"%d seconds" % seconds
    stage.say(bytes([0x30, 2 + len(age), 0, len(UPTIME)]) + age)


@pytest.mark.usefixtures("impatient")
def test_a_restarted_broker_is_found_before_what_it_delivers_again_is_compared(tmp_path: Path) -> None:
    """Its queue comes before its age; nothing is committed, nor acknowledged, until that is known."""
    with closing(Stage(tmp_path, uptime=True)) as stage:
        aged(stage, 1_000)
        stage.pump(lambda: stage.gaps.started is not None)
        assert stage.peer is not None
        stage.peer.shutdown(socket.SHUT_RDWR)
        again = publish_packet("a/b", b"7", 7)
        aged(stage, 0, bytes([again[0] | DUP]) + again[1:], burst(8))
        assert stage.journal.groups == []
        stage.pump(lambda: stage.acks == [7, 8])
        assert stage.journal.restarted == [True]
        assert [gap.why for gap in stage.gaps.newest] == [Why.RESTART]


@pytest.mark.usefixtures("impatient")
def test_a_broker_of_the_right_age_was_not_restarted(tmp_path: Path) -> None:
    """What it delivers again is compared with the tail, as ever."""
    with closing(Stage(tmp_path, uptime=True)) as stage:
        aged(stage, 1_000)
        stage.pump(lambda: stage.gaps.started is not None)
        assert stage.peer is not None
        stage.peer.shutdown(socket.SHUT_RDWR)
        aged(stage, 1_000, burst(7))
        stage.pump(lambda: stage.acks == [7])
        assert stage.journal.restarted == [False]
        assert stage.gaps.newest == []


def test_a_broker_that_does_not_tell_its_age_holds_nobody_up(tmp_path: Path) -> None:
    """Foreign brokers refuse $SYS: the group goes after a moment."""
    with closing(Stage(tmp_path, uptime=True)) as stage:
        stage.accept(RESUMED)
        stage.pump(lambda: UPTIME.encode() in stage.heard)
        stage.say(burst(1))
        stage.pump(lambda: stage.acks == [1])
        assert stage.journal.restarted == [False]


def test_a_resumed_group_holds_a_whole_window_whatever_its_size(tmp_path: Path) -> None:
    """More than an ordinary group: the resume rule compares all that is delivered again at once."""
    with closing(Stage(tmp_path, window=2_000)) as stage:
        stage.accept(RESUMED)
        stage.pump(lambda: stage.edge._connection)
        stage.say(b"".join(publish_packet("a/b", b"%0200d" % number, number) for number in range(1, 1_501)))
        stage.say(probe(stage, 1, 1_501))
        stage.pump(lambda: len(stage.acks) == 1_501)
        assert [len(group) for group in stage.journal.groups] == [1_500]


def test_other_filters_than_the_session_has_are_subscribed(tmp_path: Path) -> None:
    """A persistent session does not learn new topics by itself, nor forget old ones."""
    first = Stage(tmp_path)
    first.accept()
    first.subscribed()
    state = first.settings.state.read_bytes().replace(b'"#"', b'"old/#"')
    first.settings.state.write_bytes(state)
    assert first.peer is not None
    first.peer.shutdown(socket.SHUT_RDWR)
    first.accept(RESUMED)
    first.pump(lambda: b"\xa2" in first.heard and b"\x82" in first.heard)
    assert b"old/#" in first.heard
    first.close()


def test_a_topic_that_is_no_utf8_is_kept_readable(stage: Stage) -> None:
    """It is journalled with its bytes escaped, and acknowledged."""
    stage.say(publish_packet(b"a/\xff\xfe", b"1", 1))
    stage.pump(lambda: stage.acks == [1])
    assert stage.journal.groups[0][0].topic == "a/\\xff\\xfe"


def test_the_brokers_own_topics_are_not_journalled(stage: Stage) -> None:
    """$SYS is acknowledged, in order, and forgotten."""
    stage.say(burst(1) + publish_packet("$SYS/broker/uptime", b"5", 2) + burst(3))
    stage.pump(lambda: stage.acks == [1, 2, 3])
    assert stage.journal.payloads == [b"1", b"3"]


def test_our_own_messages_do_not_count_as_acknowledged(stage: Stage) -> None:
    """Else more would be acknowledged than was received."""
    stage.say(burst(1) + publish_packet("$SYS/broker/uptime", b"5", 2) + probe(stage, 2, packet=3) + burst(4))
    stage.pump(lambda: stage.acks == [1, 2, 3, 4])
    assert (stage.edge.counters.received, stage.edge.counters.acknowledged) == (2, 2)


def test_qos_0_is_journalled_and_not_acknowledged(stage: Stage) -> None:
    """There is nothing to acknowledge; its flags are kept."""
    stage.say(b"\x31\x06\x00\x03a/b9")
    stage.pump(lambda: stage.journal.end == 1)
    (message,) = stage.journal.groups[0]
    assert (message.qos, message.retained, message.payload) == (0, True, b"9")
    assert stage.acks == []


def test_no_two_messages_share_an_arrival_time(stage: Stage) -> None:
    """Equal messages without a time of their own stay two readings."""
    stage.say(b"".join(publish_packet("a", b"1", number) for number in range(1, 200)))
    stage.pump(lambda: stage.journal.end == 199)
    times = [message.received for group in stage.journal.groups for message in group]
    assert times == sorted(set(times))


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x30\xff\xff\xff\xff\x7f",
        b"\x32\x02\x00\x05",
        b"\x32\x00",
        b"\x30\x01\x00",
        b"\xf0\x00",
        b"\x00\x00",
        b"\x36\x05\x00\x01a\x00\x01",
    ],
    ids=["length", "topic", "empty", "one", "auth", "zero", "qos3"],
)
def test_what_is_no_mqtt_ends_the_connection_and_nothing_else(stage: Stage, nonsense: bytes) -> None:
    """The edge connects again and goes on."""
    stage.say(burst(1) + nonsense)
    stage.pump(lambda: not stage.edge.counters.connected)
    stage.accept()
    stage.subscribed()
    stage.say(burst(7))
    stage.pump(lambda: 7 in stage.acks)
    assert stage.journal.payloads == [b"1", b"7"]


@pytest.mark.parametrize(("code", "word"), [(4, "user name or password"), (5, "authorized")])
def test_a_refusal_is_told_with_its_remedy(tmp_path: Path, code: int, word: str) -> None:
    """The reason names the broker and what to check."""
    stage = Stage(tmp_path)
    stage.accept(b"\x20\x02\x00" + bytes([code]))
    stage.pump(lambda: stage.edge.counters.reason)
    assert word in str(stage.edge.counters.reason)
    assert "check user and password" in str(stage.edge.counters.reason)
    stage.close()


def test_a_refused_subscription_is_told(tmp_path: Path) -> None:
    """Connected and deaf is not well."""
    stage = Stage(tmp_path)
    stage.accept()
    stage.pump(lambda: b"\x82" in stage.heard)
    stage.say(b"\x90\x03" + stage.heard[2:4] + b"\x80")
    stage.pump(lambda: stage.edge.counters.reason)
    assert not stage.edge.counters.subscribed
    assert "refuses the subscription to #" in str(stage.edge.counters.reason)
    stage.close()


def test_an_absent_broker_is_told_once_and_found_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Trying again is silent; the reason stays."""
    stage = Stage(tmp_path)
    stage.listener.close()
    stage.listener = socket.socket()  # accepts nobody
    stage.listener.bind(("127.0.0.1", 0))
    stage.listener.listen()
    stage.listener.settimeout(0)
    stage.pump(lambda: "does not answer" in str(stage.edge.counters.reason))
    stage.rest(1.5)
    assert "does not answer" in str(stage.edge.counters.reason)
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1
    stage.listener.close()
    stage.listener = socket.create_server(("127.0.0.1", stage.port))
    stage.listener.settimeout(0)
    stage.accept()
    stage.subscribed()
    assert stage.edge.counters.reason is None
    stage.close()


def test_commands_are_published_or_soon_dropped(stage: Stage) -> None:
    """What the hub says reaches the broker at once."""
    stage.edge.publish("cmnd/lamp/POWER", b"ON", 0, retain=False)
    stage.pump(lambda: b"cmnd/lamp/POWERON" in stage.heard)


def test_an_orderly_stop_says_goodbye_after_the_last_acknowledgement(stage: Stage) -> None:
    """The broker then keeps the session, and the will is not sent."""
    stage.say(burst(1))
    stage.pump(lambda: stage.journal.end == 1)
    stage.edge.close()
    stage.rest(0.05)
    assert stage.heard.endswith(b"\x40\x02\x00\x01\xe0\x00")


def test_paho_still_calls_what_we_override(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paho that reads, writes or makes sockets otherwise would silently undo the buffered read."""
    calls: set[str] = set()
    for name in ("_sock_recv", "_sock_send", "_create_socket", "loop_read", "_packet_read"):
        original = getattr(BufferedClient, name)

        def spy(
            self: BufferedClient, *args: object, _name: str = name, _original: Callable[..., object] = original
        ) -> object:
            calls.add(_name)
            return _original(self, *args)

        monkeypatch.setattr(BufferedClient, name, spy)
    assert stage.peer is not None
    stage.peer.shutdown(socket.SHUT_RDWR)
    stage.accept()
    stage.subscribed()
    assert calls == {"_sock_recv", "_sock_send", "_create_socket", "loop_read", "_packet_read"}
    client = stage.edge._client
    assert client._in_packet["command"] == 0
    assert client._sock is not None


class Collector:
    """A listener that only collects."""

    messages: list[tuple[bytes, bytes, int, int]]

    def heard(self, topic: bytes, payload: bytes, head: int, number: int) -> None:
        """Collect."""
        self.messages.append((topic, payload, head, number))

    @property
    def enough(self) -> bool:
        """Never."""
        return False


@given(
    messages=st.lists(
        st.tuples(st.binary(min_size=1, max_size=40), st.binary(max_size=300), st.integers(1, 65_535)), max_size=20
    ),
    cuts=st.lists(st.integers(1, 400), max_size=30),
)
def test_any_messages_cut_anywhere_arrive_whole(messages: list[tuple[bytes, bytes, int]], cuts: list[int]) -> None:
    """The fast reader and paho's give the same messages, however the network cuts the stream."""
    listener = Collector()
    listener.messages = []
    settings = Settings(url="mqtt://h", client_id="t", state=Path("none"))
    client = BufferedClient(settings, cast("Listener", listener))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        client._sock = ours
        data = b"".join(publish_packet(*message) for message in messages)
        for size in [*cuts, len(data)]:
            theirs.sendall(data[:size])
            data = data[size:]
            assert client.read() is None
        client._sock = None
    assert listener.messages == [(topic, body, 0x32, number) for topic, body, number in messages]


def test_what_is_said_faster_than_the_broker_confirms_waits_and_none_is_lost(stage: Stage) -> None:
    """Few are under way, our probe among them; the others follow as the confirmations come."""
    for number in range(2_000):
        stage.edge.publish(f"cmnd/{number}/STATUS", b"0", 1, retain=False)
    heard: dict[str, int] = {}

    def taken() -> int:
        heard.update(said(stage))
        return len(heard)

    stage.pump(lambda: taken() >= MOST_SAID - 1)  # one is the probe
    stage.rest()
    assert taken() <= IN_FLIGHT
    assert len(stage.edge._client._out_messages) <= IN_FLIGHT  # what waits, waits where it is small
    confirmed = 0

    def all_confirmed() -> bool:
        nonlocal confirmed
        taken()
        due = [*heard.values()][confirmed:]
        if due:
            stage.say(b"".join(b"\x40\x02" + packet.to_bytes(2, "big") for packet in due))
        confirmed += len(due)
        return confirmed >= 2_000

    stage.pump(all_confirmed)
    assert {f"cmnd/{number}/STATUS" for number in range(2_000)} <= heard.keys()


def said(stage: Stage) -> Iterator[tuple[str, int]]:
    """Take topic and packet id of each whole PUBLISH at QoS 1 out of what the broker heard."""
    data, at = stage.heard, 0
    while at + 2 <= len(data) and at + 2 + data[at + 1] <= len(data):
        end, size = at + 2 + data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at] & 0xF6 == 0x32:
            yield data[at + 4 : at + 4 + size].decode(), int.from_bytes(data[at + 4 + size : at + 6 + size], "big")
        at = end
    del data[:at]
