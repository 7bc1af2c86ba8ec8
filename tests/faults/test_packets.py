"""The brokers that we ship, judged byte by byte by Mosquitto's own packet cases (reliability.md §3.6, X3; §4).

The cases stay in their own checkout; what is judged is the choice and the version of a broker, so the figure is
printed, and what is asserted is that no case makes a broker crash or hang.
"""

import contextlib
import json
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from servers.brokers import Broker

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
PLACE = "MATINALES_MOSQUITTO_TESTS"
GET_IT = f"git clone https://github.com/eclipse-mosquitto/mosquitto and set {PLACE} to its folder test/broker/data"
PATIENCE_S = 1.0
TOKEN = re.compile(r"'[^']*'|\S+")
PING, PONG = b"\xc0\x00", b"\xd0\x00"
CONNACK = b"\x20"
TO_CONNECT = {3: b"\x00\x06MQIsdp\x03", 4: b"\x00\x04MQTT\x04", 5: b"\x00\x04MQTT\x05"}


def number(value: int) -> bytes:
    """Return a variable byte integer (MQTT 5 §1.5.5), too large ones included."""
    low, high = value % 128, value // 128
    return bytes([low | 0x80]) + number(high) if high else bytes([low])


def packet(text: str) -> bytes:
    """Return the bytes that a case writes as `82 r6 m1234 s1 'p' 01`."""
    return b"".join(map(_piece, TOKEN.findall(text)))


def _piece(token: str) -> bytes:
    kind, rest = token[0], token[1:]
    if kind == "'":
        return token.strip("'").encode()
    if kind in "vr":
        return number(int(rest))
    size = {"i": 1, "H": 2, "k": 2, "m": 2, "s": 2, "L": 4}.get(kind)
    return bytes.fromhex(token) if size is None else int(rest).to_bytes(size, "big")


def test_a_case_is_read_as_its_bytes() -> None:
    """Numbers of each size, text with spaces, a length over the standard's limit."""
    assert packet("82 r6 m1234 s1 'p' 01") == b"\x82\x06\x04\xd2\x00\x01p\x01"
    assert packet("30 r268435456 'a b' L1 i7") == b"\x30\x80\x80\x80\x80\x01a b\x00\x00\x00\x01\x07"


def cases(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Give each case with what its group says of it."""
    for file in sorted(folder.glob("*.json")):
        for group in json.loads(file.read_text()):
            if group.get("disable"):
                continue
            about = {name: group[name] for name in ("ver", "connect", "expect_disconnect") if name in group}
            for case in group["tests"]:
                yield {"ver": 4, "connect": True, "expect_disconnect": True} | about | case | {"group": group["group"]}


def hello(name: str, version: int) -> bytes:
    """Return a CONNECT with a clean session."""
    who = name.encode()
    properties = b"\x00" if version == 5 else b""
    body = TO_CONNECT[version] + b"\x02\x00\x3c" + properties + len(who).to_bytes(2, "big") + who
    return b"\x10" + number(len(body)) + body


def received(line: socket.socket, many: int) -> bytes:
    """Return so many bytes, or those that came before the end."""
    got = b""
    while len(got) < many and (piece := line.recv(many - len(got))):
        got += piece
    return got


def connected(port: int, name: str, version: int) -> socket.socket:
    """Return a connection that was let in; whatever its CONNACK says beside that.

    Raises:
        OSError: it was not.
    """
    with contextlib.ExitStack() as stack:
        line = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S))
        line.sendall(hello(name, version))
        head = received(line, 2)
        rest = received(line, head[1]) if len(head) > 1 else b""
        if head[:1] != CONNACK or rest[1:2] != b"\x00":
            msg = f"not let in: {head.hex()} {rest.hex()}"
            raise ConnectionRefusedError(msg)
        stack.pop_all()
        return line


def publish(port: int, said: Mapping[str, Any]) -> None:
    """Publish as another client."""
    topic, payload, qos = said["topic"].encode(), said["payload"].encode(), int(said["qos"])
    identity = b"\x00\x01" if qos else b""
    body = len(topic).to_bytes(2, "big") + topic + identity + payload
    with connected(port, "helper", 4) as line:
        line.sendall(bytes([0x30 | qos << 1 | bool(said.get("retain"))]) + number(len(body)) + body)
        if qos:
            received(line, 4)
        if qos == 2:
            line.sendall(b"\x62\x02\x00\x01")
            received(line, 4)


def step(line: socket.socket, port: int, said: Mapping[str, Any]) -> None:
    """Do what a line of a case says."""
    kind = said["type"]
    if kind == "send":
        line.sendall(packet(said["payload"]))
    elif kind == "recv":
        wanted = packet(said["payload"])
        assert received(line, len(wanted)) == wanted
    elif kind == "external_publish":
        publish(port, said)
    else:
        pytest.fail(f"a case says {kind!r}, which this runner does not know")


def holds(case: Mapping[str, Any], port: int) -> bool:
    """Tell whether a broker answers a case as written."""
    with contextlib.ExitStack() as stack:
        try:
            name = f"{case['group']} {case['name']}"
            opened = (
                connected(port, name, case["ver"])
                if case["connect"]
                else socket.create_connection(("127.0.0.1", port), PATIENCE_S)
            )
            line = stack.enter_context(opened)
            for said in case["msgs"]:
                step(line, port, said)
            if not case["expect_disconnect"]:
                line.sendall(PING)
                return received(line, 2) == PONG
            return line.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            return bool(case["expect_disconnect"])
        except (OSError, AssertionError):
            return False


@pytest.fixture
def suite() -> Sequence[Mapping[str, Any]]:
    """Return the cases of the checkout."""
    place = os.environ.get(PLACE)
    if place is None:
        pytest.skip(f"needs Mosquitto's packet cases: {GET_IT}")
    return [*cases(Path(place))]


def test_no_packet_case_makes_a_broker_crash_or_hang(broker: Broker, suite: Sequence[Mapping[str, Any]]) -> None:
    """Each is answered or refused, and honest clients are let in afterwards; how many are as written is printed."""
    asked = [case for case in suite if broker.kind == "mosquitto" or case["ver"] == 4]
    good, failed = 0, Counter[str]()
    for case in asked:
        if holds(case, broker.port):
            good += 1
        else:
            failed[case["group"]] += 1
    print(f"{broker.kind}: {good} of {len(asked)} packet cases as written; others: {dict(failed)}")  # noqa: T201 — long tier
    connected(broker.port, "honest", 4).close()
    assert good, "not one is as written: the runner is at fault"
