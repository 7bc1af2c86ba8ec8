"""InfluxData's line-protocol corpus: names are escaped as it says, and foreign lines are refused (X9)."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.errors import UsageError
from hub.store import lines, transfer
from hub.store.lines import Encoder
from servers.stores import reading

pytestmark = pytest.mark.long
PLACE = "MATINALES_LINE_CORPUS"
GET_IT = f"git clone https://github.com/influxdata/line-protocol and set {PLACE} to lineprotocol/testdata/corpus.json"


@pytest.fixture(scope="module")
def corpus() -> Mapping[str, Mapping[str, Any]]:
    """Return the vectors of the checkout."""
    place = os.environ.get(PLACE)
    if place is None:
        pytest.skip(f"needs the line-protocol corpus: {GET_IT}")
    found: Mapping[str, Mapping[str, Any]] = json.loads(Path(place).read_text())
    return found


def names(point: Mapping[str, Any]) -> Iterator[str]:
    """Give the names of a point, whatever they are of."""
    yield point["name"]
    for each in point.get("tags") or ():
        yield from (each["key"], each["value"])
    yield from (each["key"] for each in point["fields"])


def encoded(device: str, channel: str) -> str:
    """Return the line of a reading."""
    said = Encoder().lines([reading(device=device, channel=channel)])[False]
    return next(each for each in said if each.startswith(b"telemetry")).decode()


def test_names_are_written_as_the_corpus_writes_them(corpus: Mapping[str, Mapping[str, Any]]) -> None:
    """Of 115 points each tag value and field key that we write as it is: the same bytes; none is refused by us."""
    compared = 0
    for vector in corpus["encode"].values():
        result = vector["output"].get("result", "")
        point = vector["input"]["point"]
        for each in point["tags"] if result else ():
            written = encoded(each["value"], "c").split("device=")[1].split(",run=")[0]
            if lines.tag(each["value"]) == each["value"]:
                assert f"={written}" in result
                compared += 1
        for each in point["fields"] if result else ():
            written = encoded("d", each["key"]).removeprefix("telemetry,device=d,run=real ").rpartition("=")[0]
            if lines.field(each["key"]) == each["key"]:
                assert f"{written}=" in result
                compared += 1
    assert len(corpus["encode"]) == 115
    assert compared > 300


def test_every_name_of_the_corpus_comes_back_as_it_was(corpus: Mapping[str, Mapping[str, Any]]) -> None:
    """The encoder's and the decoder's vectors: what is written and read again is the same device and channel."""
    points = [each["input"]["point"] for each in corpus["encode"].values()]
    points += [point for each in corpus["decode"].values() for point in each["output"].get("result") or ()]
    found = {each for point in points for each in names(point)}
    for each in found:
        back = [*transfer.read("corpus", [encoded(each, each) + "\n"])]
        assert [(one.device, one.channel) for one in back] == [(each, each)]
    assert len(found) > 100


def test_a_line_of_another_program_is_refused_in_words_or_read_as_one_of_ours(
    corpus: Mapping[str, Mapping[str, Any]],
) -> None:
    """6,615 texts, most of them by a fuzzer: alone, and where a line of ours was promised; nothing else is raised."""
    ours = encoded("d", "c")
    for vector in corpus["decode"].values():
        text = vector["input"]["text"]
        if isinstance(text, str):
            for content in ([text], [ours, text], [ours.replace(" ", f",{text} ", 1)]):
                with contextlib.suppress(UsageError):
                    list(transfer.read("corpus", content))
    assert len(corpus["decode"]) == 6615
