"""The broker beside the hub: a process of its own, `python -m hub.broker FILE`, and the functions to start and stop it.

FILE is rumqttd's configuration (`.toml`: the embedded broker) or Mosquitto's (`.conf`). The process outlives a killed
hub, which finds it, its queue and its session again; it ends by itself once the data folder's lock has been free for a
while. iotcore is rumqttd in a wheel; its limits are in reliability.md §2.3.
"""

import argparse
import hashlib
import importlib.util
import json
import logging
import logging.handlers
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import psutil
from filelock import Timeout
from msgspec import Struct

from hub import mosquitto, provisioned
from hub.datafolder import lock_of
from hub.errors import ConfigError, HubError
from hub.guarding import LOOKS_S, guarded
from hub.logs import Repeats, Words
from hub.provisioned import Account

MAX_PAYLOAD = 4 * 1024 * 1024
"""Above it the broker cuts its publisher [byte]; Zigbee2MQTT's bridge/devices passes 100 KB."""
SEGMENT = 8 * 1024 * 1024
SEGMENTS = 8
"""What waits for an absent hub: 8 × 8 MiB, then the oldest are dropped. About 160 MB of RSS (reliability.md §2.3)."""
KEPT = SEGMENT * (SEGMENTS - 1)
"""As much is always kept: one that takes less out of the queue has missed nothing [byte]."""
WINDOW = 100
"""Messages in flight towards one subscriber: fixed in rumqttd 0.20, whatever its configuration says.

Mosquitto's is `hub.mosquitto.WINDOW`.
"""
CONNECT_TIMEOUT_MS = 5_000
LINGER_S = 60.0
LISTS_S = 0.5
"""How often [s] it is looked whether Mosquitto's lists have changed."""
LOG_BYTES = 1024 * 1024
START_S = 10.0

Kind = Literal["embedded", "mosquitto", "foreign"]
"""Of a broker: ours, an installed one that we start, or somebody's."""
_STATE, _REFUSED, _LOCK, _LOG_FILE = "broker.json", "broker-refused.json", "lock", "broker.log"
_LISTS = "broker-lists.json"  # what Mosquitto has read of its passwords and rights: when they were written
_SESSION = "subscription.json"  # the ingest's memory of its session, which ends with an orderly stop
_STRANGER = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00"
"""A CONNECT of MQTT 3.1.1 without a name: whoever may come in, it is answered."""
_OVERSIZE = re.compile(r"PayloadSizeLimitExceeded\((\d+)\)|disconnected due to oversize packet")
if sys.platform == "win32":  # Ctrl-C and the end of our process group stay away; elsewhere: a session of its own
    _APART = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
else:
    _APART = 0
_LOG = logging.getLogger(__name__)


class State(Struct, frozen=True):
    """What `broker.json` records of the living broker; `created` tells a reused process id [s since 1970]."""

    pid: int
    created: float
    config: str
    listen: str
    port: int


class Tls(Struct, frozen=True):
    """Where a broker listens by TLS, and the file that holds its certificate and key."""

    port: int
    file: Path


class Refused(Struct, frozen=True):
    """Over-size messages that the broker refused since it started.

    Attributes:
        count: how many.
        size: packet length of the newest [byte]; 0 where the broker does not say (Mosquitto).
        time: when [ns].
    """

    count: int = 0
    size: int = 0
    time: int = 0


def write_config(
    path: Path,
    *,
    listen: str = "127.0.0.1",
    port: int,
    user: str | None = None,
    password: str | None = None,
    max_payload: int = MAX_PAYLOAD,
    accounts: Mapping[str, Account] | None = None,
    tls: Tls | None = None,
) -> None:
    """Write the broker's configuration, readable by its owner only; without `user` anybody who reaches it may connect.

    Args:
        path: file to write, `.toml` for the embedded broker or `.conf` for Mosquitto; its folder is the data folder.
        listen: address to listen on: loopback unless the hub is opened to the room.
        port: TCP port; not 0.
        user: MQTT user name, with `password`.
        password: its password.
        max_payload: largest packet that the embedded broker accepts [byte].
        accounts: of devices, beside `user`; their rights hold with Mosquitto only.
        tls: where it listens by TLS too.
    """
    given_out = accounts or {}
    first = [] if tls is None else [f"# tls {tls.port} {tls.file}"]
    if path.suffix == ".conf":
        text = mosquitto.config(
            path.parent,
            listen=listen,
            port=port,
            user=user,
            password=password,
            accounts="".join(each.line for each in given_out.values()),
            rights=provisioned.rights(given_out),
            tls=None if tls is None else (tls.port, tls.file),
        )
        _write_private(path, "\n".join([*first, text]))
        return
    auth = {} if user is None else {user: password or ""}
    auth |= {name: each.password for name, each in given_out.items() if user is not None and each.password is not None}
    lines = [
        *first,
        "id = 0",
        "[router]",
        "id = 0",
        "max_connections = 10000",
        "max_outgoing_packet_count = 200",
        f"max_segment_size = {SEGMENT}",
        f"max_segment_count = {SEGMENTS}",
        "[v4.1]",
        'name = "matinales"',
        f"listen = {_quoted(f'{listen}:{port}')}",
        "next_connection_delay_ms = 0",
        "[v4.1.connections]",
        f"connection_timeout_ms = {CONNECT_TIMEOUT_MS}",
        f"max_payload_size = {max_payload}",
        f"max_inflight_count = {WINDOW}",
        "dynamic_filters = true",
    ]
    if auth:
        lines.append("[v4.1.connections.auth]")
        lines += [f"{_quoted(name)} = {_quoted(word)}" for name, word in auth.items()]
    _write_private(path, "\n".join(lines) + "\n")


def tls_of(path: Path) -> Tls | None:
    """Return where the broker of this file listens by TLS too; None: nowhere."""
    try:
        found = re.match(r"# tls (\d+) (.+)", path.read_text(encoding="utf-8"))
    except OSError:
        return None
    return None if found is None else Tls(int(found[1]), Path(found[2]))


def arguments(kind: Kind) -> list[str]:
    """Return what the ingest is told of this kind of broker: what it keeps for us, and whether it tells its age."""
    if kind == "embedded":
        return ["--queue-bytes", str(KEPT)]
    queue = ["--queue-messages", str(mosquitto.QUEUE), "--queue-bytes", str(mosquitto.QUEUE_BYTES)]
    return ["--uptime", *(queue if kind == "mosquitto" else [])]


def has_wheel() -> bool:
    """Tell whether the embedded broker is installed: it has no wheel for some Linux machines."""
    return importlib.util.find_spec("iotcore") is not None


def start(path: Path, *, linger_s: float = LINGER_S) -> State:
    """Start the broker that `path` describes, or take the living one over when its configuration is equal.

    The living one is ended first when it differs. Returns when it accepts connections.

    Raises:
        ConfigError: the port is taken by somebody else, or no such broker is installed here.
        HubError: the broker ended at once; the message quotes its last words.
    """
    living = alive(path.parent)
    if living is not None:
        if living.config == _fingerprint(path):
            _LOG.info("The broker on port %d is alive and is taken over", living.port)
            return living
        stop(path.parent)
    _check_installed(path)
    listen, port = address(path)
    _check_free(listen, port)
    secure = tls_of(path)
    if secure is not None:
        _check_free(listen, secure.port)
    process = subprocess.Popen(  # noqa: S603 — our own module
        [sys.executable, "-m", "hub.broker", str(path), "--linger", str(linger_s)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=_APART,
        start_new_session=True,
    )
    for each in (port, *([] if secure is None else [secure.port])):
        _await_listening(process, path, listen, each)
    state = State(process.pid, psutil.Process(process.pid).create_time(), _fingerprint(path), listen, port)
    _write_private(path.parent / _STATE, msgspec.json.encode(state).decode())
    threading.Thread(target=process.wait, name="broker-reaper", daemon=True).start()  # no zombie while we live
    return state


def stop(folder: Path, *, timeout_s: float = 5.0) -> None:
    """End the broker of this data folder in order, by force after `timeout_s`; nothing when there is none."""
    state = alive(folder)
    if state is not None:
        process = psutil.Process(state.pid)
        try:
            process.terminate()
            try:
                process.wait(timeout_s)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(timeout_s)
        except psutil.NoSuchProcess:
            pass
    for name in (_STATE, _SESSION, _LISTS):
        (folder / name).unlink(missing_ok=True)


def guard(
    path: Path,
    *,
    every_s: float = LOOKS_S,
    watched: Sequence[Path] = (),
    rewrite: Callable[[], None] | None = None,
    restarted: Callable[[], None] = lambda: None,
) -> Callable[[], None]:
    """Start the broker again whenever it has crashed; return what ends this care (call it before `stop`).

    Args:
        path: its file.
        every_s: how often it is looked [s].
        watched: files whose change calls `rewrite`.
        rewrite: writes `path` anew; a broker whose file then differs is started again, Mosquitto reads its lists again.
        restarted: called once it has been started again, for whatever reason.
    """
    seen = _stamps(watched)

    def look() -> None:
        nonlocal seen
        now = _stamps(watched)
        if rewrite is not None and now != seen:
            rewrite()
            seen = now
            start(path)
            restarted()
        elif alive(path.parent) is None:
            _LOG.warning("The broker has crashed and is started again")
            start(path)
            restarted()

    return guarded("broker", look, _LOG, every_s=every_s)


def _stamps(files: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Return what changes when a file does; None: it is not there."""
    found: list[tuple[int, int] | None] = []
    for each in files:
        try:
            state = each.stat()
            found.append((state.st_mtime_ns, state.st_ino))
        except OSError:
            found.append(None)
    return found


def alive(folder: Path) -> State | None:
    """Return what is known of this data folder's living broker; None when there is none."""
    try:
        state = msgspec.json.decode((folder / _STATE).read_bytes(), type=State)
        process = psutil.Process(state.pid)
        same = abs(process.create_time() - state.created) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, msgspec.DecodeError, psutil.Error):
        return None
    return state if same else None


def admits(folder: Path, name: str, account: Account | None) -> bool:
    """Tell whether the living broker of a data folder lets a name in by this account alone; None: not at all.

    False while it has not read its files as they lie there now, whatever they say.
    """
    state = alive(folder)
    for file in (folder / "broker.toml", folder / "broker.conf"):
        try:
            content = file.read_bytes()
            if state is None or state.config != hashlib.sha256(content).hexdigest():
                continue
            if file.suffix == ".toml":
                return _embedded_word(content, name) == (None if account is None else account.password)
            lines = (folder / mosquitto.PASSWORDS).read_text(encoding="utf-8").splitlines(keepends=True)
            read = msgspec.json.decode((folder / _LISTS).read_bytes(), type=list[tuple[int, int] | None])
        except (OSError, msgspec.DecodeError):
            continue
        found = next((each for each in lines if each.partition(":")[0] == name), None)
        return found == (None if account is None else account.line) and read == _stamps(_lists(file))
    return False


def _embedded_word(content: bytes, name: str) -> str | None:
    """Return the password by which rumqttd lets a name in; None: it does not."""
    told = msgspec.toml.decode(content)
    word: str | None = told["v4"]["1"]["connections"].get("auth", {}).get(name)
    return word


def _lists(path: Path) -> list[Path]:
    """Return the files that Mosquitto reads again while it runs: passwords, rights, certificate."""
    secure = tls_of(path)
    lists = [path.parent / name for name in (mosquitto.PASSWORDS, mosquitto.RIGHTS)]
    return lists if secure is None else [*lists, secure.file]


def refused(folder: Path) -> Refused:
    """Return the over-size messages that this data folder's broker refused since it started."""
    try:
        return msgspec.json.decode((folder / _REFUSED).read_bytes(), type=Refused)
    except (OSError, msgspec.DecodeError):
        return Refused()


def _quoted(text: str) -> str:
    """Return `text` as a TOML basic string, whose escapes are JSON's."""
    return json.dumps(text)


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def address(path: Path) -> tuple[str, int]:
    """Return where the broker of this file listens.

    Raises:
        ConfigError: it does not say so.
    """
    text = path.read_text(encoding="utf-8")
    if found := re.search(r'^listen = "(.*):(\d+)"$', text, re.MULTILINE):
        return found[1], int(found[2])
    if found := re.search(r"^listener (\d+) (\S+)$", text, re.MULTILINE):
        return found[2], int(found[1])
    msg = f"{path}: does not say where to listen; remove it, and the hub writes it again"
    raise ConfigError(msg)


def _check_installed(path: Path) -> None:
    if path.suffix == ".conf":
        mosquitto.program()
    elif not has_wheel():
        msg = "the embedded broker has no wheel for this platform; install Mosquitto and use --broker mosquitto"
        raise ConfigError(msg)


def _check_free(listen: str, port: int) -> None:
    with socket.socket() as probe:
        if sys.platform != "win32":  # there the option would allow two listeners
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as error:
            msg = (
                f"MQTT port {port} on {listen} cannot be used ({error.strerror}): another broker may run; "
                "stop it, or choose a port with --mqtt-port (0 picks a free one)"
            )
            raise ConfigError(msg) from None


def _await_listening(process: subprocess.Popen[bytes], path: Path, listen: str, port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection((_reached(listen), port), timeout=0.5).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                msg = f"the broker did not start on {listen}:{port}: {_last_words(path.parent)}"
                raise HubError(msg) from None
            time.sleep(0.02)
        else:
            return


def _last_words(folder: Path) -> str:
    try:
        lines = (folder / _LOG_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "it left no word"


class _RefusalCounter(logging.Handler):
    """Counts the refusals that the broker only logs, where the hub reads them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._count = 0
        path.unlink(missing_ok=True)

    def emit(self, record: logging.LogRecord) -> None:
        found = _OVERSIZE.search(record.getMessage())
        if found is None:
            return
        self._count += 1
        refusal = Refused(self._count, int(found[1] or 0), time.time_ns())
        try:
            _write_private(self._path, msgspec.json.encode(refusal).decode())
        except OSError:
            self.handleError(record)


def _log_to(folder: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(
        folder / _LOG_FILE, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(Words())
    handler.addFilter(Repeats())
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    # Every packet is a span reported as ERROR: with these off the broker is twice as fast (measured, iotcore 0.4)
    for name in ("rumqttd", "tracing"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        logging.getLogger(name).propagate = False
    refusals = _RefusalCounter(folder / _REFUSED)
    for name in ("rumqttd.server", "mosquitto"):
        server = logging.getLogger(name)
        server.setLevel(logging.INFO)
        server.propagate = False
        server.addHandler(handler)
        server.addHandler(refusals)


def _watch(lock: Path, linger_s: float, done: threading.Event) -> None:
    """Set `done` once nobody has held the data folder's lock for `linger_s`."""
    free_since: float | None = None
    while not done.wait(min(5.0, linger_s / 10)):
        try:
            with lock_of(lock, timeout=0):
                free_since = free_since or time.monotonic()
        except (Timeout, OSError):
            free_since = None
        if free_since is not None and time.monotonic() - free_since >= linger_s:
            _LOG.warning("No hub for %.0f s: the broker ends", linger_s)
            done.set()


def _serve_embedded(path: Path, done: threading.Event) -> None:
    """Run rumqttd until the process ends; sets `done` when it fails."""
    try:
        from iotcore.iotcore import IotCoreBroker  # noqa: PLC0415 — has no wheel on some platforms

        broker = IotCoreBroker(config_path=str(path))
        broker.check_ports()
        secure = tls_of(path)
        if secure is not None:
            from hub import tlsrelay  # noqa: PLC0415 — asyncio: 10 ms and 3 MB, only where the room may come in

            listen, port = address(path)
            tlsrelay.start(secure.file, listen, secure.port, port)
        broker.run_forever()
    except BaseException as error:  # noqa: BLE001 — whatever it was, the process ends and the supervisor starts another
        _LOG.error("The broker failed: %s", error)
    done.set()


def _serve_mosquitto(path: Path, done: threading.Event) -> None:
    """Run Mosquitto until `done`, or until it ends by itself; its words go to the capped log."""
    log = logging.getLogger("mosquitto")
    lists = _lists(path)
    read = _stamps(lists)  # before it reads them: what changes from now on is read again
    _note_read(path, read)
    process = subprocess.Popen(  # noqa: S603 — found by name, our own file
        [mosquitto.program(), "-c", str(path)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        creationflags=_APART,
        cwd=path.parent,
        encoding="utf-8",
        errors="backslashreplace",
    )

    def end_with_us() -> None:
        seen = read
        while not done.wait(LISTS_S):
            if (now := _stamps(lists)) != seen and _read_again(process, path):
                seen = now
                _note_read(path, seen)
        process.terminate()

    threading.Thread(target=end_with_us, daemon=True).start()
    for line in process.stderr or ():
        log.info("%s", line.rstrip())
    process.wait()
    done.set()


def _read_again(process: "subprocess.Popen[str]", path: Path) -> bool:
    """Let Mosquitto read its passwords, rights and certificate again: it cuts those who are in no list any more.

    Returns whether it has. It does so at the end of a round of its loop (its source), so whoever knocks after the
    signal is answered after it. Windows has no such signal: there it ends, saves its queues, and is started again by
    whoever guards it, so it has not read them.
    """
    if sys.platform == "win32":
        process.terminate()
        return False
    process.send_signal(signal.SIGHUP)
    try:
        listen, port = address(path)
        with socket.create_connection((_reached(listen), port), timeout=START_S) as stranger:
            stranger.sendall(_STRANGER)
            stranger.recv(1)
    except (OSError, ConfigError) as error:
        _LOG.warning("Mosquitto does not answer, and is told again to read its lists: %s", error)
        return False
    return True


def _note_read(path: Path, stamps: Sequence[tuple[int, int] | None]) -> None:
    """Let `admits` know what Mosquitto has read."""
    try:
        _write_private(path.parent / _LISTS, msgspec.json.encode(stamps).decode())
    except OSError as error:
        _LOG.warning("%s cannot be written: %s", path.parent / _LISTS, error)


def _reached(listen: str) -> str:
    """Return where programs of this machine reach who listens so."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)  # noqa: S104 — compared, not bound


def main() -> int:
    """Run the broker until it is told to stop, or until no hub has lived for a while."""
    parser = argparse.ArgumentParser(prog="python -m hub.broker")
    parser.add_argument("file", type=Path)
    parser.add_argument("--linger", type=float, default=LINGER_S, help="seconds without a hub before it ends")
    options = parser.parse_args()
    path = options.file.resolve()
    _log_to(path.parent)
    done, told = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        told.set()
        done.set()

    for name in ("SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's
    serve = _serve_mosquitto if path.suffix == ".conf" else _serve_embedded
    server = threading.Thread(target=serve, args=(path, done), name="broker", daemon=True)
    server.start()
    threading.Thread(target=_watch, args=(path.parent / _LOCK, options.linger, done), name="watch", daemon=True).start()
    while not done.wait(60):  # a wait without end cannot be interrupted on Windows
        pass
    if path.suffix == ".conf":
        server.join(10)  # it saves its queues
    logging.shutdown()
    os._exit(0 if told.is_set() else 1)  # rumqttd has no shutdown, and its threads would keep the process


if __name__ == "__main__":
    sys.exit(main())
