"""The guests' process as the hub sees it: asked one thing at a time, heard within a budget, killed without mourning."""

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

import msgspec
import psutil

from hub.guests.protocol import LONGEST, Answer, answer, frames, send

LOOK = 0.05
"""How often [s] the memory of a driver that is waited for is looked at."""


class LostError(Exception):
    """No answer will come; the text says what the driver did, as the end of a sentence that names it."""


class Process:
    """One life of the process. Pipes are read and written by threads: no driver can make the hub wait for a pipe."""

    def __init__(self, *, memory: int, monotonic: Callable[[], float]) -> None:
        """Start it.

        Args:
            memory: what it may take [byte].
            monotonic: what budgets are measured with [s].
        """
        self._memory = memory
        self._monotonic = monotonic
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hub.guests"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._asked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._heard: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        streams = self._process.stdin, self._process.stdout
        assert streams[0] is not None and streams[1] is not None  # noqa: PT018, S101 — asked for above
        self._threads = [
            threading.Thread(target=self._write, args=(streams[0],), name="guests ask", daemon=True),
            threading.Thread(target=self._read, args=(streams[1],), name="guests hear", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._process.poll() is not None

    def ask(self, frame: bytes) -> None:
        """Send a question; all answers to the one before must have been heard."""
        self._asked.put(frame)

    def hear(self, until: float, budget: float) -> Answer:
        """Return the next answer.

        Args:
            until: when [s, monotonic] it is waited for no longer.
            budget: what it had [s], to say so.

        Raises:
            LostError: it takes longer, or too much memory, or the process has ended, or what it says is no answer.
        """
        while True:
            left = until - self._monotonic()
            try:
                frame = self._heard.get(timeout=max(min(left, LOOK), 0.0))
            except queue.Empty:
                if left <= 0:
                    msg = f"took longer than {budget:g} s"
                    raise LostError(msg) from None
                self.weigh()
                continue
            if frame is None:
                raise LostError(self._why_silent())
            try:
                return answer(frame)
            except msgspec.DecodeError as error:
                msg = f"spoiled its answer ({error})"
                raise LostError(msg) from None

    def _why_silent(self) -> str:
        try:
            return f"ended its process (code {self._process.wait(LOOK)})"
        except subprocess.TimeoutExpired:
            return f"closed its output, or gave more than {LONGEST // 2**20} MiB"

    def weigh(self) -> int:
        """Return the memory [byte] that it takes.

        Raises:
            LostError: that is too much.
        """
        try:
            taken: int = psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0  # it has ended: who waits for an answer hears so
        if taken > self._memory:
            msg = f"took more than {self._memory // 2**20} MiB of memory"
            raise LostError(msg)
        return taken

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._asked.put(None)
        for thread in self._threads:
            thread.join(LOOK)  # a process that the driver started may hold the pipe open: its thread ends with it

    def _write(self, stream: IO[bytes]) -> None:
        try:
            while (frame := self._asked.get()) is not None:
                send(stream, frame)
            stream.close()
        except OSError:
            pass  # it has ended: the reader tells

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for frame in frames(stream):
                self._heard.put(frame)
        self._heard.put(None)
