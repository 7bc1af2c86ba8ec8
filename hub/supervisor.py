"""The command's own process: starts the parts, restarts what dies, ends them in order (design.md §1, Processes).

Parts end when their standard input ends, so that they never outlive a killed supervisor. The embedded broker is no
part in this sense: it outlives the hub on purpose, and watches the data folder's lock (`hub.broker`).
"""

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from hub.errors import HubError

_LOG = logging.getLogger(__name__)

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
"""A part that dies at each start costs little."""
STEADY = 3.0
"""A part that lived this long [s] is restarted at once: it had started, so one killed again and again is soon back."""
ORDERLY = 5.0
"""What a part gets to end by itself [s]."""


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


class Taken:
    """A child that this process started before it became another program: what `Part` uses of a `Popen`."""

    def __init__(self, pid: int, stdin: int, stdout: int) -> None:
        """Take over a child by its number and our ends [file descriptors] of its input and output."""
        self.pid = pid
        self.stdin: IO[bytes] | None = os.fdopen(stdin, "wb")
        self.stdout: IO[bytes] | None = os.fdopen(stdout, "rb")
        self._status: int | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._reap, daemon=True, name=f"{pid} reaper").start()

    def _reap(self) -> None:
        try:
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:  # it ended, and nobody knows how
            self._status = -1
        self._ended.set()

    def poll(self) -> int | None:
        """Return how it ended; None: it lives."""
        return self._status

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not after `timeout` [s].
        """
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self._status

    def terminate(self) -> None:
        """Tell it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by force."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Part:
    """A child process that is kept alive.

    One of our modules gets a JSON object of settings as its first line of input, answers with JSON lines, and ends
    when its input ends. A foreign program gets nothing and is told to end by the system's signal.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environ: Mapping[str, str],
        said: Callable[[str, Any], None],
        errors: IO[bytes] | None = None,
    ) -> None:
        """Name a part and its command; `said(name, object)` gets each JSON line it prints.

        What must not be read in the list of processes goes into `environ`. `errors` takes its standard error: ours
        unless told.
        """
        self.name = name
        self._environ = environ
        self._command = command
        self._is_ours = command[0] == sys.executable
        self._said = said
        self._errors = errors
        self._process: subprocess.Popen[bytes] | Taken | None = None
        self._pause = 0.0
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """Its process, while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def status(self) -> int | None:
        """How its process ended, as the system tells it; None: it lives, or never did."""
        return None if self._process is None else self._process.poll()

    def start(self, settings: Mapping[str, Any], ended: Callable[["Part"], None]) -> None:
        """Start the process; `ended` is called from a thread when it is over."""
        process = subprocess.Popen(  # noqa: S603 — our own modules, or the broker asked for
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._environ},
        )
        assert process.stdin is not None  # noqa: S101 — asked for above
        with contextlib.suppress(OSError):  # it may have ended already: `watch` tells
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            process.stdin.flush()
        self._follow(process, ended)

    def take(self, process: Taken, ended: Callable[["Part"], None]) -> None:
        """Keep a process alive that runs already."""
        self._follow(process, ended)

    def leave(self) -> dict[str, Any]:
        """Return what takes this part over in another program (`Supervisor.take`), to which its pipes are left open."""
        process = self._process
        assert process is not None and process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 — it runs
        ends = process.stdin.fileno(), process.stdout.fileno()
        for each in ends:
            os.set_inheritable(each, True)  # noqa: FBT003 — the signature is os's
        return {
            "name": self.name,
            "command": list(self._command),
            "environ": dict(self._environ),
            "process": (process.pid, *ends),
        }

    def _follow(self, process: "subprocess.Popen[bytes] | Taken", ended: Callable[["Part"], None]) -> None:
        """Listen to a process, and tell when it is over."""
        self._process = process
        started = time.monotonic()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018, S101 — asked for
        its_input = process.stdin
        threading.Thread(target=self._listen, args=(process.stdout,), daemon=True, name=f"{self.name} said").start()

        def watch() -> None:
            process.wait()
            with contextlib.suppress(OSError):  # what it did not read any more
                its_input.close()
            lived = time.monotonic() - started
            self._pause = 0.0 if lived > STEADY else min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
            ended(self)

        threading.Thread(target=watch, daemon=True, name=f"{self.name} watch").start()

    def wait_before_restart(self) -> float:
        """Return how long [s] to wait before the next start."""
        return self._pause

    def let_go(self) -> None:
        """Ask it to end."""
        if self._process is not None and not self._is_ours:
            self._process.terminate()
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def end(self, patience: float = ORDERLY) -> None:
        """Wait until it has ended; end it by force after `patience` [s]."""
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            _LOG.warning("%s did not end within %.0f s and was ended", self.name, patience)
            self._process.kill()
            self._process.wait()

    def _listen(self, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                try:
                    self._said(self.name, json.loads(line))
                except ValueError:
                    _LOG.info("%s: %s", self.name, line.decode(errors="replace").rstrip())


class Supervisor:
    """Keeps parts alive until it is told to stop."""

    def __init__(self, errors: IO[bytes] | None = None) -> None:
        """Start with no part; `errors` takes what they write to standard error: ours unless told."""
        self._errors = errors
        self.parts: dict[str, Part] = {}
        self._settings: dict[str, Mapping[str, Any]] = {}
        self._events: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._stopping = False
        self._starting = threading.Lock()
        """Held while a part is started again: none begins once the end has begun."""

    def add(
        self,
        name: str,
        command: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start a part that is kept alive."""
        part = Part(name, command, environ or {}, self._hear, self._errors)
        self.parts[name] = part
        self._settings[name] = settings or {}
        part.start(self._settings[name], self._ended)

    def leave(self) -> list[dict[str, Any]] | None:
        """Return what takes the parts over in another program; None: one is being started again, or has just spoken."""
        if not self._events.empty() or any(part.pid is None for part in self.parts.values()):
            return None
        return [part.leave() | {"settings": self._settings[name]} for name, part in self.parts.items()]

    def take(self, left: Sequence[Mapping[str, Any]]) -> None:
        """Keep the parts alive that this process left (`leave`) when it was another program."""
        for each in left:
            name, (pid, stdin, stdout) = each["name"], each["process"]
            part = Part(name, each["command"], each["environ"], self._hear, self._errors)
            self.parts[name] = part
            self._settings[name] = each["settings"]
            part.take(Taken(pid, stdin, stdout), self._ended)

    def _hear(self, name: str, word: object) -> None:
        self._events.put((name, word))

    @property
    def pids(self) -> dict[str, int]:
        """Name → pid of the living parts."""
        return {name: part.pid for name, part in self.parts.items() if part.pid is not None}

    def wait_for(self, name: str, key: str, timeout: float) -> Any:  # noqa: ANN401 — whatever the part says
        """Return what part `name` says under `key`.

        Raises:
            HubError: it did not say it in time, or said why it cannot (`{"error": …}`).
        """
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            try:
                who, word = self._events.get(timeout=left)
            except queue.Empty:
                break
            if who == "":
                msg = "ended before it was up"
                raise HubError(msg)
            if word is None:
                self._restart(who)
            elif "error" in word:
                raise HubError(str(word["error"]))
            elif who == name and key in word:
                return word[key]
        msg = f"{name} was not ready after {timeout:.0f} s"
        raise HubError(msg)

    def run(self, others: Callable[[str, Any], None]) -> None:
        """Keep the parts alive until `stop`; their words go to `others`, restarts are (name, None)."""
        while True:
            who, word = self._events.get()
            if who == "":
                return
            if word is None:
                self._restart(who)
            elif "error" in word:
                _LOG.error("%s: %s", who, word["error"])
            others(who, word)

    def stop(self) -> None:
        """Make `run` return; safe from a signal handler."""
        self._stopping = True
        self._events.put(("", None))

    def close(self, *order: Sequence[str]) -> None:
        """End the parts: those named together at once, one group after the other."""
        with self._starting:
            self._stopping = True
        for group in order:
            parts = [self.parts[name] for name in group if name in self.parts]
            for part in parts:
                part.let_go()
            for part in parts:
                part.end()

    def _ended(self, part: Part) -> None:
        if not self._stopping:
            self._events.put((part.name, None))

    def _restart(self, name: str) -> None:
        part = self.parts[name]
        if self._stopping or part.pid is not None:
            return
        pause = part.wait_before_restart()
        _LOG.warning("%s ended (status %s); started again in %.1f s", name, part.status, pause)
        part.restarts += 1

        def again() -> None:
            with self._starting:
                if self._stopping:
                    return
                part.start(self._settings[name], self._ended)
            self._events.put((name, {"restarted": part.pid}))

        timer = threading.Timer(pause, again)
        timer.daemon = True
        timer.start()


def on_end(stop: Callable[[], None]) -> None:
    """Call `stop` at Ctrl-C, at an orderly end and when the terminal closes."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop())
