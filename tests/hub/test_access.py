"""Who may say and hear what at a Mosquitto with the shipped file: the whole table (reliability.md §3.6, X2)."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub import accounts
from hub.driver import topic_matches
from hub.registry import load_bundled
from servers.hanging_up import hang_up
from servers.ports import until
from servers.production import Production, production

pytestmark = pytest.mark.mosquitto
PASSWORD = "of a test"
ROLES = ["hub", "simulator", "node-red", "fridge-1", "+"]
"""Hub, simulator, integrator, device, and a device whose name is a wildcard, put there by hand."""

H, S, R, D = "hub", "simulator", "node-red", "fridge-1"
TABLE: dict[str, tuple[set[str], set[str]]] = {  # topic → who may write it, who may read it
    "tele/fridge-1/SENSOR": ({S, D}, {H, S, R}),
    "stat/fridge-1/POWER": ({S, D}, {H, S, R}),
    "cmnd/fridge-1/Power": ({H, S}, {H, S, R, D}),
    "fridge-1/status/switch:0": ({S, D}, {H, S, R, D}),
    "fridge-1/rpc": ({H, S, D}, {H, S, R, D}),
    "matinales-ask/fridge-1/rpc": ({H, S, D}, {H, S, R}),
    "homeassistant/sensor/fridge-1/t/config": ({S, D}, {H, S, R}),
    "node-red/flow": ({S, R}, {H, S, R}),
    "tele/fridge-2/SENSOR": ({S}, {H, S, R}),
    "cmnd/fridge-2/Power": ({H, S}, {H, S, R}),
    "fridge-2/events/rpc": ({H, S}, {H, S, R}),
    "fridge-2/rpc": ({H, S}, {H, S, R}),
    "matinales-ask/fridge-2/rpc": ({H, S}, {H, S, R}),
    "zigbee2mqtt/lamp": ({S}, {H, S, R}),
    "zigbee2mqtt/lamp/set": ({H, S}, {H, S, R}),
    "zigbee2mqtt/bridge/request/permit_join": ({H, S}, {H, S, R}),
    "matinales/sim/run/clock": ({H, S}, {H, S, R}),
    "matinales/hub/x/probe": ({H}, {H, R}),
    "cellar": ({S}, {H, S, R}),
    "$SYS/broker/version": (set(), set()),
    "$other/x": (set(), set()),
}
UPTIME = "$SYS/broker/uptime"
BY_PATTERN = {R, D}
"""Whose branch is named by %u: Mosquitto grants them nothing of it while their client id holds a wildcard."""


class Client:
    """A client that keeps what it hears, as topic → whether it was retained."""

    def __init__(
        self, port: int, user: str | None, password: str | None, *, name: str = "", clean: bool = True, will: str = ""
    ) -> None:
        """Prepare to connect; see `connected`."""
        self.heard: dict[str, bool] = {}
        self.refusal: ReasonCode | None = None
        self._events: dict[int | None, threading.Event] = {None: threading.Event()}
        self._lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=clean)
        if user is not None:
            self._client.username_pw_set(user, password)
        if will:
            self._client.will_set(will, b"gone", qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_message = self._hear
        self._client.on_subscribe = lambda _c, _u, mid, _r, _p: self._event(mid).set()
        self._client.on_unsubscribe = lambda _c, _u, mid, _r, _p: self._event(mid).set()
        self._port = port

    def start(self) -> None:
        """Connect and wait for the answer."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._events[None].wait(30)

    def stop(self, *, politely: bool = True) -> None:
        """Leave, or fall silent so that the will is published."""
        if not politely and (connection := self._client.socket()) is not None:
            connection.close()
            self._client.loop_stop()
        hang_up(self._client)

    def say(self, topic: str, *, retain: bool = False) -> None:
        """Publish at QoS 1 and wait for PUBACK, which Mosquitto sends after it has handed the message on."""
        said = self._client.publish(topic, b"1", qos=1, retain=retain)
        said.wait_for_publish(30)
        assert said.is_published()

    def forget(self, *topics: str) -> None:
        """Take away what was retained, and wait for PUBACK."""
        for topic in topics:
            self._client.publish(topic, b"", qos=1, retain=True).wait_for_publish(10)

    def hear(self, *filters: str) -> None:
        """Subscribe and wait for SUBACK."""
        _, mid = self._client.subscribe([(each, 1) for each in filters])
        assert mid is not None
        assert self._event(mid).wait(30)

    def settle(self) -> None:
        """Wait for an answer of the broker: what it had sent before has then been heard."""
        _, mid = self._client.unsubscribe("never/subscribed")
        assert mid is not None
        assert self._event(mid).wait(30)

    def _connected(self, _c: object, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
        if code.is_failure:
            self.refusal = code
            self._client.disconnect()
        self._events[None].set()

    def _hear(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        self.heard.setdefault(message.topic, message.retain)

    def _event(self, mid: int) -> threading.Event:
        with self._lock:
            return self._events.setdefault(mid, threading.Event())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Lend one Mosquitto with an account of each role."""
    others = dict.fromkeys(["node-red", "fridge-1", "fridge-2", "+", "#"], PASSWORD)
    folder = tmp_path_factory.mktemp("mosquitto")
    with production(folder, reading=("node-red",), **others) as lent:
        yield lent


@contextmanager
def connected(broker: Production, user: str, *, name: str = "", will: str = "") -> Iterator[Client]:
    """Lend a client of this account."""
    password = broker.password(user) if user in {"hub", "simulator"} else PASSWORD
    client = Client(broker.port, user, password, name=name, will=will)
    client.start()
    assert client.refusal is None
    try:
        yield client
    finally:
        client.stop()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["", "#", "fridge-2"], ids=["empty id", "# as id", "another's id"])
def test_who_may_write_what(broker: Production, role: str, name: str) -> None:
    """Every topic of the table, whatever the client calls itself; what is not allowed is confirmed and goes nowhere."""
    with connected(broker, "hub") as observer:
        observer.hear("#", "$SYS/broker/version", "$other/#")
        with connected(broker, role, name=name) as client:
            for topic in TABLE:
                client.say(topic)
        observer.settle()
        allowed = set() if name == "#" and role in BY_PATTERN else {topic for topic in TABLE if role in TABLE[topic][0]}
        assert observer.heard.keys() == allowed


FILTERS = {
    "#": ("#",),
    "+": ("+", "+/+", "+/+/+", "+/+/+/+", "+/+/+/+/+"),
    "$SYS": ("#", "$SYS/#", "$other/#"),
    "$share": ("$share/group/#",),
    "each by name": tuple(TABLE),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_who_may_read_what(broker: Production, role: str, filters: tuple[str, ...]) -> None:
    """The same topics come by whatever filter they are asked for: rights go by topic."""
    with connected(broker, role) as client, connected(broker, "simulator") as writer, connected(broker, "hub") as hub:
        client.hear(*filters)
        for topic in TABLE:
            writer.say(topic)
        hub.say("matinales/hub/x/probe")
        client.settle()
        readable = {topic for topic, (_, readers) in TABLE.items() if role in readers}
        assert client.heard.keys() - {UPTIME} == readable


@pytest.mark.parametrize("role", ROLES)
def test_only_the_hub_hears_how_long_the_broker_has_run(broker: Production, role: str) -> None:
    """It must know of a restart; of all that a broker says of itself nobody else hears anything."""
    with connected(broker, role) as client:
        client.hear("$SYS/#")
        client.settle()
        assert client.heard.keys() == ({UPTIME} if role == "hub" else set())


def test_the_hub_may_send_every_command_that_a_driver_writes() -> None:
    """A command that the broker drops in silence would only time out; Home Assistant's topics may be any."""
    text = (Path(__file__).parents[2] / "hub" / "mosquitto.acl").read_text()
    own = text.partition("user hub\n")[2].partition("\nuser ")[0]
    filters = [line.removeprefix("topic write ") for line in own.splitlines() if line.startswith("topic write ")]
    drivers = load_bundled().values()
    proofs = [*(each for driver in drivers for each in driver.commandings)]
    proofs += [driver.period.proof for driver in drivers if driver.period is not None]
    topics = {topic for proof in proofs for topic, _payload in proof.sends}
    assert len(topics) > 10
    assert [topic for topic in topics if not any(topic_matches(each, topic) for each in filters)] == []


def test_what_is_retained_is_judged_by_the_same_rights(broker: Production) -> None:
    """A device leaves something only where it may write, and finds only what it may read."""
    with connected(broker, "fridge-1") as device, connected(broker, "simulator") as owner:
        for topic in ("fridge-1/online", "fridge-2/online"):
            device.say(topic, retain=True)
        owner.say("tele/fridge-2/LWT", retain=True)
        with connected(broker, "hub") as hub, connected(broker, "fridge-1") as again:
            hub.hear("#")
            hub.settle()
            again.hear("#")
            again.settle()
            assert {topic for topic, retained in hub.heard.items() if retained} == {
                "fridge-1/online",
                "tele/fridge-2/LWT",
            }
            assert set(again.heard) == {"fridge-1/online"}
        owner.forget("fridge-1/online", "tele/fridge-2/LWT")


@pytest.mark.parametrize(("topic", "allowed"), [("tele/fridge-1/LWT", True), ("tele/fridge-2/LWT", False)])
def test_a_will_is_a_message_like_any_other(broker: Production, topic: str, allowed: bool) -> None:  # noqa: FBT001 — a column
    """A device's last word is heard in its own branch only."""
    with connected(broker, "hub") as hub:
        hub.hear("tele/+/LWT", "fridge-1/#")
        hub.settle()
        hub.heard.clear()
        client = Client(broker.port, "fridge-1", PASSWORD, name=f"will-{allowed}", will=topic)
        client.start()
        client.stop(politely=False)
        with connected(broker, "fridge-1") as witness:
            if allowed and client.refusal is None:
                until("the will comes", lambda: topic in hub.heard)
            witness.say("fridge-1/after")
        hub.settle()
        assert (topic in hub.heard) is allowed
        if allowed:
            with connected(broker, "simulator") as owner:
                owner.forget(topic)


NOBODY = [
    (None, None),
    ("", ""),
    ("hub", ""),
    ("hub", None),
    ("hub", "matinales"),
    ("fridge-1", "fridge-1"),
    ("x", "y"),
]


@pytest.mark.parametrize(("user", "password"), NOBODY)
def test_nobody_comes_in_without_name_and_password(broker: Production, user: str | None, password: str | None) -> None:
    """Neither anonymous, nor empty, nor by a guess."""
    client = Client(broker.port, user, password)
    client.start()
    client.stop()
    assert client.refusal is not None


def test_a_stolen_client_id_brings_nothing_of_the_hubs(broker: Production) -> None:
    """The id cuts the hub, which is why it is random in each installation; its queue is not handed over."""
    hub = Client(broker.port, "hub", broker.password("hub"), name="the-hubs", clean=False)
    hub.start()
    hub.hear("#")
    hub.stop()
    with connected(broker, "simulator") as writer:
        writer.say("tele/fridge-2/SENSOR")
    thief = Client(broker.port, "fridge-1", PASSWORD, name="the-hubs", clean=False)
    thief.start()
    thief.settle()
    thief.stop()
    assert "tele/fridge-2/SENSOR" not in thief.heard


def test_the_certificate_is_trusted_by_who_was_given_it(broker: Production) -> None:
    """And by nobody else; names and addresses are checked."""
    given = ssl.create_default_context(cafile=broker.accounts / "server.crt")
    client = Client(broker.tls_port, "fridge-1", PASSWORD)
    client._client.tls_set_context(given)
    client.start()
    client.stop()
    assert client.refusal is None
    for context, name in ((ssl.create_default_context(), "localhost"), (given, "elsewhere.example")):
        with (
            socket.create_connection(("127.0.0.1", broker.tls_port), timeout=30) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
            context.wrap_socket(plain, server_hostname=name),
        ):
            pass


def test_a_new_account_works_once_the_files_are_read_again(broker: Production) -> None:
    """HUP is enough; nobody is cut."""
    with connected(broker, "fridge-1") as witness:
        password = accounts.add(broker.accounts, "cellar-3")
        broker.read_again()

        def comes_in() -> bool:
            client = Client(broker.port, "cellar-3", password)
            client.start()
            client.stop()
            return client.refusal is None

        until("it comes in", comes_in)
        witness.say("fridge-1/here")


def test_no_file_of_the_secrets_is_readable_by_others(broker: Production) -> None:
    """Passwords, key, PIN and tokens are their owner's."""
    found: list[Path] = [each for each in (broker.folder / "secrets").rglob("*") if each.is_file()]
    assert len(found) >= 9
    assert all(each.stat().st_mode & 0o077 == 0 for each in found)
