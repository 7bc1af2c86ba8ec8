"""The one place that knows influxdb-client: ready lines in, rows of a Flux query out, and what answers mean.

Never its batching WriteApi (reliability.md §2.7): the request below it tries once, and trying again is ours.
"""

import csv
import gzip
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from hub.errors import StoreError
from hub.store import lines
from hub.store.file import off_the_loop

TIMEOUT = 10.0
"""Longest silence [s] of InfluxDB before a request counts as lost."""
BUSY = frozenset({429, 500, 502, 503, 504})
"""Statuses that pass by themselves."""
SLOW = 60.0
"""The same of what reads or rewrites a lot: erasing a device, computing an hour anew."""
_FIRST_TIME, _LAST_TIME = "1677-09-21T00:12:43.145224194Z", "2262-04-11T23:47:16.854775806Z"
"""All that InfluxDB can hold."""
_MESSAGE = 500
"""Characters kept of what InfluxDB says."""
LEVEL = 1
"""Of gzip: 0.6 µs a line of 110 bytes, to a sixth of it. The library's own 9 takes 17 µs, to an eighth (measured)."""
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})
_LINES = "text/plain; charset=utf-8"


class Place(Struct, frozen=True, kw_only=True):
    """Where readings go.

    Attributes:
        url: `http://host:8086`.
        org: name or id.
        bucket: of the real timeline; simulated runs go to `<bucket>_sim`.
    """

    url: str
    org: str
    bucket: str
    token: str = msgspec.field(default="")

    def __repr__(self) -> str:
        """Show everything but the token."""
        return f"Place(url={self.url!r}, org={self.org!r}, bucket={self.bucket!r})"

    @property
    def is_here(self) -> bool:
        """Whether it is this machine: then nothing is compressed on the way, which would cost more than it saves."""
        return urlsplit(self.url).hostname in _HERE

    @property
    def simulated(self) -> str:
        """The bucket of simulated runs."""
        return f"{self.bucket}_sim"

    @property
    def coarse(self) -> str:
        """The bucket of down-sampled readings."""
        return f"{self.bucket}_5m"


class Answer(Struct, frozen=True):
    """What became of a request.

    Attributes:
        status: of HTTP; None: no answer, nobody knows whether it was done.
        reason: in InfluxDB's words.
        retry_after: seconds InfluxDB asked to wait.
    """

    status: int | None
    reason: str = ""
    retry_after: float | None = None

    @property
    def fine(self) -> bool:
        """Whether all of it was taken."""
        return self.status is not None and self.status < 300  # noqa: PLR2004 — HTTP's success


class Client:
    """A connection to InfluxDB; any number of threads, none of them an event loop's."""

    def __init__(self, place: Place, *, timeout: float = TIMEOUT) -> None:
        """Prepare; nothing is sent yet.

        Args:
            place: where.
            timeout: longest silence [s].
        """
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415 — half a second of imports
        from influxdb_client.domain.dialect import Dialect  # noqa: PLC0415
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from influxdb_client.service.write_service import WriteService  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        self.place = place
        self._failures = (ApiException, HTTPError, OSError)
        self._dialect = Dialect(header=True, annotations=[], delimiter=",", comment_prefix="#")
        self._client = InfluxDBClient(url=place.url, token=place.token, org=place.org, timeout=int(timeout * 1000))
        self._write: Any = WriteService(self._client.api_client).post_write
        self._query = self._client.query_api()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def write(self, bucket: str, said: Sequence[bytes]) -> Answer:
        """Send lines in one request and return what became of it; raises nothing that a network can do."""
        off_the_loop()
        body, near = b"\n".join(said), self.place.is_here
        try:
            self._write(
                org=self.place.org,
                bucket=bucket,
                body=body if near else gzip.compress(body, LEVEL),
                content_encoding="identity" if near else "gzip",
                content_type=_LINES,
                precision="ns",
            )
        except self._failures as error:
            return answer_to(error)
        return Answer(204)

    def rows(self, flux: str, parameters: Mapping[str, Any]) -> list[dict[str, str]]:
        """Run a query, its parameters by name, and return its rows; `result` names the yield that a row is of.

        Raises:
            RefusedError: it could not be answered.
        """
        blocks = _blocks(self.raw(flux, parameters).decode())
        return [dict(zip(header, cells, strict=False)) for header, rows in blocks for cells in rows]

    def tables(self, flux: str, parameters: Mapping[str, Any]) -> list[dict[str, tuple[str, ...]]]:
        """Run a query and return its tables as columns: half the time of `rows` where a table has many rows.

        Raises:
            RefusedError: it could not be answered.
        """
        blocks = _blocks(self.raw(flux, parameters).decode())
        return [dict(zip(header, zip(*rows, strict=True), strict=True)) for header, rows in blocks]

    def raw(self, flux: str, parameters: Mapping[str, Any]) -> bytes:
        """Run a query and return its CSV.

        Raises:
            RefusedError: it could not be answered.
        """
        off_the_loop()
        try:
            found: bytes = self._query.query_raw(flux, dialect=self._dialect, params=dict(parameters)).data
        except self._failures as error:
            answer = answer_to(error)
            raise RefusedError(answer, _said(self.place, answer)) from error
        return found

    def erase(self, bucket: str, device: str) -> None:
        """Erase every point of a device, by its tag and whatever the measurement; may take its time.

        Raises:
            RefusedError: with the answer.
        """
        body = {"start": _FIRST_TIME, "stop": _LAST_TIME, "predicate": f"device={_quoted(lines.tag(device))}"}
        self.request("POST", "/api/v2/delete", body, org=self.place.org, bucket=bucket)

    def request(self, method: str, path: str, body: object = None, **query: str) -> Any:  # noqa: ANN401 — JSON
        """Call InfluxDB's API and return its JSON.

        Raises:
            RefusedError: with the answer.
        """
        off_the_loop()
        client = self._client.api_client
        try:
            answer = client.call_api(
                path,
                method,
                query_params=list(query.items()),
                header_params={"Accept": "application/json", "Content-Type": "application/json"},
                body=body,
                _preload_content=False,
                _return_http_data_only=True,
            )
        except self._failures as error:
            raise RefusedError(answer_to(error)) from error
        return msgspec.json.decode(answer.data) if answer.data else None


class RefusedError(StoreError):
    """InfluxDB did not do what it was asked to; `answer` says why."""

    def __init__(self, answer: Answer, text: str | None = None) -> None:
        """Keep the answer; `text`: what to tell people, instead of InfluxDB's own words."""
        super().__init__(answer.reason if text is None else text)
        self.answer = answer


def answer_to(error: Exception, now: float | None = None) -> Answer:
    """Return what an exception of the library says, as an answer."""
    status = getattr(error, "status", None)
    if not status:  # 0: TLS; none: no answer
        return Answer(None, f"{type(error).__name__}: {error}"[:_MESSAGE])
    headers = {str(name).lower(): str(value) for name, value in dict(getattr(error, "headers", None) or {}).items()}
    body = getattr(error, "body", None) or b""
    reason = message(body if isinstance(body, bytes) else str(body).encode()) or str(getattr(error, "reason", ""))
    wait = seconds(headers.get("retry-after"), time.time() if now is None else now)
    return Answer(int(status), reason[:_MESSAGE], wait)


def message(body: bytes) -> str:
    """Return what an error's body says: JSON's `message` or `error`, else the text itself."""
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode(errors="replace").strip()
    return str(said.get("message") or said.get("error") or said) if isinstance(said, dict) else str(said)


def seconds(retry_after: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After means (RFC 9110 §10.2.3: a number or a date); None: it says nothing."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(int(retry_after)))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, OverflowError):
        return None


Cells = list[str]


def _blocks(text: str) -> Iterator[tuple[Cells, list[Cells]]]:
    """Give header and rows of each table of InfluxDB's CSV: those with the same columns share a header.

    An empty line ends them.

    Raises:
        RefusedError: the query failed when half of it was answered.
    """
    header: Cells | None = None
    rows: list[Cells] = []
    number = name = ""
    for cells in csv.reader(io.StringIO(text)):
        if rows and cells and cells[2] == number and cells[1] == name:  # most of all: nothing dearer before it
            rows.append(cells)
            continue
        if rows and header is not None:
            yield header, rows
            rows = []
        if not cells:
            header = None
        elif header is None:
            header = cells
        elif "error" in header and "result" not in header:
            said = cells[header.index("error")]
            msg = f"InfluxDB gave up the query: {said}"
            raise RefusedError(Answer(200, said), msg)
        else:
            rows, number, name = [cells], cells[2], cells[1]
    if rows and header is not None:
        yield header, rows


def _quoted(text: str) -> str:
    """Return a text as a string of InfluxQL, which a predicate is read as."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _said(place: Place, answer: Answer) -> str:
    if answer.status is None:
        return f"InfluxDB at {place.url} does not answer ({answer.reason}); the live page goes on, try again later"
    return f"InfluxDB at {place.url} answered {answer.status}: {answer.reason}"
