"""An InfluxDB made of answers: says to each write what the test wants, and keeps the lines it took."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.store.influx_client import Place
from servers.ports import HOST

Say = tuple[int, str, Mapping[str, str]]
"""Status, message, headers."""
TAKEN: Say = (204, "", {})


class Scripted:
    """What the writer met.

    Attributes:
        answer: called with the lines of each write.
        writes: the lines of each write, in order.
        taken: every line that was taken.
        looks: status of what is asked before writing (buckets, tasks).
        erase: the answer to each erasure.
    """

    def __init__(self) -> None:
        """Take everything."""
        self.answer: Callable[[list[str]], Say] = lambda _: TAKEN
        self.writes: list[list[str]] = []
        self.encodings: set[str | None] = set()
        self.taken: list[str] = []
        self.looks = 200
        self.erase: Say = TAKEN
        self.port = 0

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(url=f"http://{HOST}:{self.port}", org="o", bucket="b", token="secret-token")

    def write(self, lines: list[str]) -> Say:
        """Answer a write."""
        self.writes.append(lines)
        said = self.answer(lines)
        if said[0] == 204:
            self.taken += lines
        return said


@contextmanager
def scripted() -> Iterator[Scripted]:
    """Lend one on a free port."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:  # noqa: ANN401 — the base class's
            pass

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            names = [{"name": query.get("name", [""])[0], "id": "1", "flux": ""}]
            found = {"buckets": names, "tasks": [], "orgs": [{"name": "o", "id": "1"}]}
            self._say(script.looks, found if script.looks == 200 else {"message": "unauthorized access"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/api/v2/delete"):
                self._say(script.erase[0], {"message": script.erase[1]} if script.erase[1] else None)
                return
            if not self.path.startswith("/api/v2/write"):
                self._say(201, {})
                return
            encoding = self.headers["Content-Encoding"]
            script.encodings.add(encoding)
            plain = gzip.decompress(body) if encoding == "gzip" else body
            status, message, headers = script.write(plain.decode().split("\n"))
            self._say(status, {"message": message} if message else None, headers)

        def _say(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
