"""Recordings of every form: what `mosquitto_sub` 2.0 really printed, and what people send by mail."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import pytest

from device_sims.errors import SimulationError
from device_sims.recording import Heard, opened, read

AT = 1_795_763_280.0
TELEGRAM = b'{"Time":"x","v":1}'
TELLS = b'{"tst":"%s","topic":"%s","qos":0,"retain":0,"payloadlen":%d,"payload":%s}\n'
FIRST, SECOND = b"2026-11-27T07:08:00.500000Z+0000", b"2026-11-27T08:08:01.000000Z+0100"
QUOTED = rb'"{\"Time\":\"x\",\"v\":1}"'
BY_J, BY_CAPITAL_J = (
    TELLS % (FIRST, b"tele/a/SENSOR", 18, payload) + TELLS % (SECOND, b"tele/a/LWT", 0, b"null")
    for payload in (QUOTED, TELEGRAM)
)
BY_I = b"""2026-11-27T07:08:00.5+0000 tele/a/SENSOR {"Time":"x","v":1}
2026-11-27T07:08:01+0000 tele/a/LWT
"""
BY_U = b"""1795763280.500000000 tele/a/SENSOR {"Time":"x","v":1}
1795763281.000000000 tele/a/LWT
"""
OF_THE_HUB = b'{"time":"2026-11-27T07:08:00.500000Z","topic":"tele/a/SENSOR","payload":%s}\n' % QUOTED + (
    b'{"time":"2026-11-27T07:08:01Z","topic":"tele/a/LWT","payload_hex":""}\n'
)
AS_CSV = b"""time;topic;payload
2026-11-27T07:08:00.500Z;tele/a/SENSOR;"{""Time"":""x"",""v"":1}"
1795763281;tele/a/LWT;
"""


def heard(content: bytes) -> Sequence[Heard]:
    """Return what a file of that content holds."""
    return list(read(content.splitlines(keepends=True), "record.txt"))


@pytest.mark.parametrize("form", [BY_J, BY_CAPITAL_J, OF_THE_HUB, AS_CSV], ids=["%j", "%J", "hub", "CSV"])
def test_every_form_with_times_says_the_same(form: bytes) -> None:
    """Time, topic and payload; an empty payload is empty, whatever it was written as."""
    assert heard(form) == [Heard(AT + 0.5, "tele/a/SENSOR", TELEGRAM), Heard(AT + 1, "tele/a/LWT", b"")]


@pytest.mark.parametrize("form", [BY_I, BY_U], ids=["%I", "%U"])
def test_a_time_before_the_topic_is_read(form: bytes) -> None:
    """Where the format asked for one; an empty payload leaves a space behind the topic."""
    form = form.replace(b"LWT\n", b"LWT \n")
    assert heard(form) == [Heard(AT + 0.5, "tele/a/SENSOR", TELEGRAM), Heard(AT + 1, "tele/a/LWT", b"")]


def test_the_plain_form_has_no_times() -> None:
    """`-v`: topic, a space, the payload; "(null)" where there is none; bytes stay bytes."""
    content = b'tele/a/SENSOR {"Time":"x","v":1}\ntele/a/LWT (null)\nbin \xff\x00\x01\n'
    assert heard(content) == [
        Heard(None, "tele/a/SENSOR", TELEGRAM),
        Heard(None, "tele/a/LWT", b""),
        Heard(None, "bin", b"\xff\x00\x01"),
    ]


def test_a_payload_of_several_lines_stays_one_message() -> None:
    """A line that begins with no time, or has no topic before a space, belongs to the message before."""
    assert heard(b"m/l x\ny\nz/w 2\n") == [Heard(None, "m/l", b"x\ny"), Heard(None, "z/w", b"2")]
    timed = heard(b"1795763280.5 m/l x\nand y\n1795763281.0 z 2\n")
    assert timed == [Heard(AT + 0.5, "m/l", b"x\nand y"), Heard(AT + 1, "z", b"2")]


def test_a_file_from_windows_is_read() -> None:
    """Its mark at the beginning and its line ends are no part of a topic."""
    assert heard(b"\xef\xbb\xbftopic,payload\r\na/b,21.5\r\n") == [Heard(None, "a/b", b"21.5")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"nonsense\n", "line 1: neither NDJSON, CSV"),
        (b'{"topic":"a/b","payload":"1"}\n{"topic":3}\n', "line 2: no .*topic"),
        (b'{"topic":"a/b","payload_hex":"zz"}\n', "line 1"),
        (b'{"topic":"a/b","time":"yesterday","payload":"1"}\n', "line 1: time 'yesterday'"),
        (b'{"topic":"a/b","time":"2026-11-27T07:08:00","payload":"1"}\n', "with an offset"),
        (b'{"topic":"a/#","payload":"1"}\n', "'a/#' is no topic"),
        (b"topic;payload\na/b\n", "line 2: 1 columns where the first line names 2"),
        (b"topic;payload\na/b;\xff\n", "line 2: is not UTF-8"),
        (b'topic;payload\na/b;"x\n', "line 2"),
    ],
)
def test_what_is_no_recording_is_named_with_its_line(content: bytes, said: str) -> None:
    """File, line and what should be there."""
    with pytest.raises(SimulationError, match=f"record.txt.*{said}"):
        heard(content)


def test_a_packed_recording_is_opened_as_it_is(tmp_path: Path) -> None:
    """An archive's, and one somebody packed for a mail."""
    plain, packed = tmp_path / "a.ndjson", tmp_path / "a.ndjson.gz"
    plain.write_bytes(OF_THE_HUB)
    packed.write_bytes(gzip.compress(OF_THE_HUB))
    for file in (plain, packed):
        with opened(file) as lines:
            assert [each.topic for each in read(lines, file.name)] == ["tele/a/SENSOR", "tele/a/LWT"]


def test_the_hubs_own_form_tells_timeline_and_history() -> None:
    """Real and live unless told."""
    said = b'{"time":"2026-11-27T07:08:00Z","topic":"a","payload":"1","run":"r-1","past":true}\n'
    assert [(each.run, each.past) for each in heard(said + b'{"topic":"a"}\n')] == [("r-1", True), ("real", False)]
