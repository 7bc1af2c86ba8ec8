"""The hub's own broker, open to a room: accounts that come and go while it runs, TLS by the page's authority."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from filelock import FileLock
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from hub import broker, provisioned
from hub.accounts import Role
from hub.broker import Kind
from hub.lan.keeper import AUTHORITY, FOLDER, SERVER, Keeper
from hub.provisioning import AccountWish, Provisioning
from hub.setup import broker_of
from servers.brokers import KINDS, needs
from servers.hanging_up import hang_up
from servers.ports import free_port, until

EVERYBODYS = "the room's password"


@dataclass
class Client:
    """A client that remembers what it heard, and whether it was let in or cut."""

    heard: set[str] = field(default_factory=set)
    is_in: bool | None = None
    is_cut: bool = False


@dataclass
class House:
    """A living broker, guarded as by the command.

    Attributes:
        kind: of broker.
        folder: its data folder.
        port: plain.
        tls_port: by TLS.
    """

    kind: str
    folder: Path
    port: int
    tls_port: int

    @property
    def trust(self) -> ssl.SSLContext:
        """What a device does that was given the authority."""
        return ssl.create_default_context(cafile=self.folder / FOLDER / AUTHORITY)

    @contextmanager
    def connected(self, user: str, password: str, *, by_tls: bool = False) -> Iterator[tuple[Client, paho.Client]]:
        """Lend a client that has asked to come in."""
        seen, answered = Client(), threading.Event()
        client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        client.username_pw_set(user, password)
        if by_tls:
            client.tls_set_context(self.trust)

        def let_in(_c: object, _u: object, _f: object, code: ReasonCode, _p: object) -> None:
            seen.is_in = not code.is_failure
            answered.set()

        def gone(*_: object) -> None:
            seen.is_cut = True
            answered.set()

        client.on_connect = let_in
        client.on_disconnect = gone
        client.on_message = lambda _c, _u, message: seen.heard.add(message.topic)
        client.connect("localhost", self.tls_port if by_tls else self.port)
        client.loop_start()
        assert answered.wait(30)
        try:
            yield seen, client
        finally:
            hang_up(client)

    def lets_in(self, user: str, password: str) -> bool:
        """Tell whether a name and a password open."""
        try:
            with self.connected(user, password) as (seen, _):
                return seen.is_in is True
        except OSError:  # it is being started again
            return False

    def is_refused(self, user: str, password: str) -> bool:
        """Tell whether a living broker turns a name and a password away."""
        with self.connected(user, password) as (seen, _):
            return seen.is_in is not True

    @property
    def provisioning(self) -> Provisioning:
        """The accounts as the hub gives them."""
        there = broker_of(f"mqtt://127.0.0.1:{self.port}", ["192.0.2.7"], is_ours=True, tls_port=self.tls_port)
        kind: Kind = "mosquitto" if self.kind == "mosquitto" else "embedded"
        return Provisioning(self.folder, kind, lambda: there, partial(broker.admits, self.folder))

    def certificate(self) -> bytes:
        """Return the one that is shown now."""
        trust = self.trust  # before it connects: a handshake has 5 s, and a busy machine reads authorities slowly
        with (
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=30) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            return secure.getpeercert(binary_form=True) or b""


@pytest.fixture(
    params=[pytest.param(kind, marks=[pytest.mark.mosquitto] if kind == "mosquitto" else []) for kind in KINDS],
    scope="module",
)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Lend each kind in turn."""
    needs(request.param)
    folder = tmp_path_factory.mktemp("room")
    Keeper(folder).renew(["192.168.1.12"])
    lent = House(request.param, folder, free_port(), free_port())
    path = folder / ("broker.toml" if lent.kind == "embedded" else "broker.conf")

    def write() -> None:
        broker.write_config(
            path,
            port=lent.port,
            user=provisioned.EVERYBODYS,
            password=EVERYBODYS,
            accounts=provisioned.listed(folder),
            tls=broker.Tls(lent.tls_port, folder / FOLDER / SERVER),
        )

    write()
    with FileLock(folder / "lock"):
        broker.start(path, linger_s=5)
        end = broker.guard(path, every_s=0.05, watched=[folder / provisioned.FILE], rewrite=write)
        try:
            yield lent
        finally:
            end()
            broker.stop(folder)


def eventually(what: str, condition: Callable[[], bool]) -> None:
    """Wait until it is so."""
    until(what, condition)


def test_an_account_counts_as_soon_as_it_is_given_and_no_longer_than_it_stands(house: House) -> None:
    """Within a second or two, without anybody starting anything; revoked, its connection ends."""
    assert not house.lets_in("fridge-1", "a guess")
    password = provisioned.add(house.folder, "fridge-1")
    eventually("it comes in", lambda: house.lets_in("fridge-1", password))
    assert house.lets_in(provisioned.EVERYBODYS, EVERYBODYS)
    with house.connected("fridge-1", password) as (seen, _):
        assert seen.is_in
        provisioned.revoke(house.folder, "fridge-1")
        eventually("it is cut", lambda: seen.is_cut)
    eventually("the room is let in", lambda: house.lets_in(provisioned.EVERYBODYS, EVERYBODYS))
    assert not house.lets_in("fridge-1", password)


def test_a_revoked_account_is_out_once_the_broker_is_said_to_hold_to_it(house: House) -> None:
    """Who revokes may rely on it: nobody comes in by it afterwards, and who was in is cut."""
    accounts = house.provisioning
    password = accounts.give(AccountWish(name="mixer"), None)["password"]
    eventually("it comes in", lambda: house.lets_in("mixer", password))
    with house.connected("mixer", password) as (seen, _):
        accounts.revoke("mixer")
        eventually("the broker holds to it", lambda: accounts.is_held("mixer"))
        assert house.is_refused("mixer", password)
        eventually("it is cut", lambda: seen.is_cut)
    assert house.lets_in(provisioned.EVERYBODYS, EVERYBODYS)


def test_a_renewed_password_is_the_only_one_once_the_broker_is_said_to_hold_to_it(house: House) -> None:
    """The old one is out, the new one opens."""
    accounts = house.provisioning
    old = accounts.give(AccountWish(name="kettle"), None)["password"]
    eventually("it comes in", lambda: house.lets_in("kettle", old))
    new = accounts.give(AccountWish(name="kettle", renew=True), None)["password"]
    eventually("the broker holds to it", lambda: accounts.is_held("kettle"))
    assert house.is_refused("kettle", old)
    assert house.lets_in("kettle", new)


def test_a_renewed_password_ends_the_old_one(house: House) -> None:
    """Somebody photographed the label."""
    old = provisioned.add(house.folder, "oven")
    eventually("it comes in", lambda: house.lets_in("oven", old))
    new = provisioned.add(house.folder, "oven", renew=True)
    eventually("the new one opens", lambda: house.lets_in("oven", new))
    assert not house.lets_in("oven", old)


def test_devices_come_by_tls_with_the_page_s_authority(house: House) -> None:
    """TLS 1.2 and newer, for names and addresses of the certificate, by nobody else's word."""
    with house.connected(provisioned.EVERYBODYS, EVERYBODYS, by_tls=True) as (seen, client):
        assert seen.is_in
        client.subscribe("a", 1)
        client.publish("a", b"1" * 300_000, qos=1).wait_for_publish(30)
        eventually("it hears itself", lambda: seen.heard == {"a"})
    everybodys = ssl.create_default_context()
    with (
        socket.create_connection(("127.0.0.1", house.tls_port), timeout=30) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        everybodys.wrap_socket(plain, server_hostname="localhost")
    old = house.trust
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    old.set_ciphers("ECDHE+AES:!AESGCM:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", house.tls_port), timeout=30) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain, server_hostname="localhost")


def test_a_silent_one_at_the_tls_door_keeps_nobody_out(house: House) -> None:
    """Rumqttd's own listener would let all others wait for it."""
    with socket.create_connection(("127.0.0.1", house.tls_port), timeout=30):
        assert house.certificate()


def test_a_renewed_certificate_is_shown_without_a_restart(house: House) -> None:
    """The addresses changed; connections stay."""
    before = house.certificate()
    with house.connected(provisioned.EVERYBODYS, EVERYBODYS) as (seen, _):
        Keeper(house.folder, lambda: datetime.now(UTC) + timedelta(hours=1)).renew(["10.0.0.5"])
        until("the new one is shown", lambda: house.certificate() != before)
        assert seen.is_in
        assert not seen.is_cut


def test_with_mosquitto_an_account_opens_its_own_branch_only(house: House) -> None:
    """A device its own, an integrator hears all, a session's says what devices say; with the built-in one, all do."""
    passwords = {
        name: provisioned.add(house.folder, name, role)
        for name, role in (("lamp", Role.DEVICE), ("node-red", Role.INTEGRATOR), ("bakers-1", Role.SESSION))
    }
    for name, password in passwords.items():
        eventually(f"{name} comes in", lambda name=name, password=password: house.lets_in(name, password))  # type: ignore[misc]
    topics = ("lamp/x", "other/x", "matinales/sim/x")
    with house.connected(provisioned.EVERYBODYS, EVERYBODYS) as (room, listener):
        listener.subscribe("#", 1)
        eventually("it listens", lambda: bool(listener.publish("room/here", b"1")) and "room/here" in room.heard)
        said: dict[str, set[str]] = {}
        for name, password in passwords.items():
            with house.connected(name, password) as (_, client):
                for topic in topics:
                    client.publish(topic, name, qos=1).wait_for_publish(30)
            listener.publish(f"room/{name}", b"1", qos=1).wait_for_publish(30)
            eventually("all is heard", lambda name=name: f"room/{name}" in room.heard)  # type: ignore[misc]
            said[name] = room.heard & set(topics)
            room.heard.clear()
    everything = set(topics)
    if house.kind == "mosquitto":
        assert said == {"lamp": {"lamp/x"}, "node-red": set(), "bakers-1": {"lamp/x", "other/x"}}
    else:
        assert said == dict.fromkeys(passwords, everything)
