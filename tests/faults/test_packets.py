"""The brokers that we ship, judged byte by byte by Mosquitto's own packet cases (reliability.md §3.6, X3; §4).

The cases stay in their own checkout; what is judged is the choice and the version of a broker. They are written for
the newest Mosquitto, which answers all of them as written (2.1.2: 1,826 of 1,826), so the runner is right. What the
brokers that we ship answer otherwise is told apart by its cause, counted, and held (hub/decisions/0020): a new version,
or another suite, changes a figure here and is looked at.
"""

import contextlib
import json
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from hub import mosquitto as hub_mosquitto
from servers.brokers import Broker

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
PLACE = "MATINALES_MOSQUITTO_TESTS"
GET_IT = f"git clone https://github.com/eclipse-mosquitto/mosquitto and set {PLACE} to its folder test/broker/data"
PATIENCE_S = 1.0
TOKEN = re.compile(r"'[^']*'|\S+")
NOT_LET_IN = "not let in"
ENDS = "ends the connection without the answer"
SILENT = "does not mind the packet"
TAKEN = "takes the packet"
ANOTHER = "answers with another reason"
LIMITS = "lets in, by our own limits"
KNOWN: Mapping[str, Mapping[str, int]] = {
    "embedded 0.4.0": {TAKEN: 60, SILENT: 61, ENDS: 9},
    "mosquitto 2.0.11": {ENDS: 906, SILENT: 103, ANOTHER: 28, TAKEN: 22, LIMITS: 32},
    "mosquitto 2.1.2": {LIMITS: 32},
}
"""Broker → cause → cases of the suite of 2026-06-30 with the shipped settings; another version is only counted."""
CASE = "case"
"""Client id: a case's own name has `+` and `#` in it, which rumqttd lets in nobody with."""
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


def step(line: socket.socket, port: int, said: Mapping[str, Any]) -> str | None:
    """Do what a line of a case says; return what came otherwise than it says."""
    kind = said["type"]
    if kind == "send":
        line.sendall(packet(said["payload"]))
    elif kind == "recv":
        wanted = packet(said["payload"])
        got = received(line, len(wanted))
        if got != wanted:
            return _otherwise(got, wanted)
    elif kind == "external_publish":
        publish(port, said)
    else:
        pytest.fail(f"a case says {kind!r}, which this runner does not know")
    return None


def _otherwise(got: bytes, wanted: bytes) -> str:
    if not got:
        return ENDS
    if got[:4] == wanted[:4] and wanted[:1] + wanted[3:4] == CONNACK + b"\x00":
        return LIMITS
    return ANOTHER if got[:1] == wanted[:1] else TAKEN


def met(case: Mapping[str, Any], port: int) -> str | None:
    """Return how a broker answers otherwise than a case says; None: as written."""
    with contextlib.ExitStack() as stack:
        try:
            opened = (
                connected(port, CASE, case["ver"])
                if case["connect"]
                else socket.create_connection(("127.0.0.1", port), PATIENCE_S)
            )
        except OSError:
            return NOT_LET_IN
        line = stack.enter_context(opened)
        for said in case["msgs"]:
            try:
                if (found := step(line, port, said)) is not None:
                    return found
            except TimeoutError:
                return SILENT
            except OSError:  # cut off
                return None if said["type"] == "send" and case["expect_disconnect"] else ENDS
        return _ended(line) if case["expect_disconnect"] else _goes_on(line)


def _ended(line: socket.socket) -> str | None:
    try:
        return None if line.recv(1) == b"" else TAKEN
    except TimeoutError:
        return SILENT
    except OSError:
        return None


def _goes_on(line: socket.socket) -> str | None:
    try:
        line.sendall(PING)
        return None if received(line, 2) == PONG else ENDS
    except OSError:
        return ENDS


@pytest.fixture
def suite() -> Sequence[Mapping[str, Any]]:
    """Return the cases of the checkout."""
    place = os.environ.get(PLACE)
    if place is None:
        pytest.skip(f"needs Mosquitto's packet cases: {GET_IT}")
    return [*cases(Path(place))]


def version(kind: str) -> str:
    """Return which version of a broker runs here."""
    if kind == "embedded":
        return metadata.version("iotcore")
    said = subprocess.run([hub_mosquitto.program(), "-h"], capture_output=True, text=True, check=False).stdout
    return said.split()[2]


def test_each_packet_case_is_answered_as_written_or_by_a_known_cause(
    broker: Broker, suite: Sequence[Mapping[str, Any]]
) -> None:
    """None makes a broker crash or hang: each is answered or refused, and honest clients are let in afterwards."""
    asked = [case for case in suite if broker.kind == "mosquitto" or case["ver"] == 4]
    causes = Counter(cause for case in asked if (cause := met(case, broker.port)) is not None)
    runs = f"{broker.kind} {version(broker.kind)}"
    good = len(asked) - causes.total()
    print(f"{runs}: {good} of {len(asked)} packet cases as written; others: {dict(causes)}")  # noqa: T201 — long tier
    connected(broker.port, "honest", 4).close()
    assert good, "not one is as written: the runner is at fault"
    assert causes == KNOWN.get(runs, causes)
