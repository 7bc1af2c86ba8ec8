"""The supervisor of a hub that is up, `python -m hub.keeper FD`: the same process, without what only a start needs.

The command becomes this program once all is up (`hand_over`): the same process id, parts, lock and terminal, 9 MB
instead of 25 (measured). It keeps the parts and the broker alive and ends them in order; what that needs beyond a few
modules is imported when something has happened.
"""

import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hub import logs, systemd
from hub.guarding import guarded
from hub.supervisor import Supervisor, on_end

_LOG = logging.getLogger(__name__)
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


def hand_over(supervisor: Supervisor, rest: Mapping[str, Any], lock: int) -> None:
    """Become the keeper of everything that runs; return where that cannot be: nothing has changed then.

    Args:
        supervisor: of the parts.
        rest: what the keeper is told, the attributes of `_Keeper`.
        lock: descriptor that holds the data folder's lock.
    """
    if sys.platform == "win32":  # there a process cannot become another program
        return
    with _signals_kept() as signals:
        parts = supervisor.leave()
        if parts is not None:
            _become({**rest, "parts": parts, "lock": lock, "signals": signals})


@contextlib.contextmanager
def _signals_kept() -> Iterator[int]:
    """Lend a descriptor that has a byte for each signal from now on.

    Any thread of ours may be given one; what its handler then notes in memory is gone with the program.
    """
    signals, told = os.pipe()
    for each in (signals, told):
        os.set_blocking(each, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    try:
        yield signals
    finally:
        signal.set_wakeup_fd(-1)
        os.close(signals)
        os.close(told)


def _become(told: Mapping[str, Any]) -> None:
    import tempfile  # noqa: PLC0415 — not the keeper's

    with tempfile.TemporaryFile() as file:  # without a name: it holds passwords
        file.write(json.dumps(told).encode())
        file.seek(0)
        for each in (file.fileno(), told["lock"], told["signals"]):
            os.set_inheritable(each, True)  # noqa: FBT003 — the signature is os's
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _numbers())  # one that comes meanwhile waits until it is listened for
        try:
            os.execv(sys.executable, [sys.executable, "-m", "hub.keeper", str(file.fileno())])  # noqa: S606 — our own
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())
            _LOG.warning("The supervisor stays as large as it is: %s", error)


def _numbers() -> list[signal.Signals]:
    return [signal.Signals[name] for name in _SIGNALS]


class _Keeper:
    """Keeps broker and parts alive until somebody ends it."""

    def __init__(self, told: Mapping[str, Any]) -> None:
        """Take over what `hand_over` left."""
        self._data = Path(told["data"])
        self._url: str = told["url"]
        self._secret: str = told["secret"]
        self._broker: int | None = told["broker"]
        self._file = None if told["file"] is None else Path(told["file"])
        self._order: Sequence[Sequence[str]] = told["order"]
        self._temporary: bool = told["temporary"]
        self._words: int = told["words"]
        self._lock: int = told["lock"]
        self._signals: int = told["signals"]
        self.supervisor = Supervisor()
        self.supervisor.take(told["parts"])

    def listen(self) -> None:
        """Hear the signals that end it, and those that came while the command became this program."""
        on_end(self.supervisor.stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _numbers())
        with contextlib.suppress(BlockingIOError):
            if os.read(self._signals, 1):
                self.supervisor.stop()
        os.close(self._signals)

    def run(self) -> None:
        """Keep everything alive, then end it."""
        unguard = None if self._file is None else guarded("broker", partial(self._look, self._file), _LOG)
        with systemd.watched(self._answers):
            self.supervisor.run(lambda _name, word: self._publish() if word is None or "restarted" in word else None)
        with contextlib.suppress(OSError):  # who read it is gone
            os.write(self._words, b"Ending \xe2\x80\xa6\n")
        if unguard is not None:
            unguard()
        self.supervisor.close(*self._order)
        if self._file is not None:
            from hub import broker  # noqa: PLC0415 — see above

            broker.stop(self._data)
        (self._data / "run.json").unlink(missing_ok=True)
        os.close(self._lock)
        if self._temporary:
            import shutil  # noqa: PLC0415 — see above

            shutil.rmtree(self._data, ignore_errors=True)

    def _answers(self) -> bool:
        """Tell whether the hub serves its page; asked by a systemd's watchdog only."""
        from hub.asking import asked  # noqa: PLC0415 — see above

        return bool(asked(f"{self._url}health"))

    def _look(self, file: Path) -> None:
        """Start the broker again where it has crashed."""
        if self._broker is not None and _lives(self._broker):
            return
        from hub import broker  # noqa: PLC0415 — see above

        _LOG.warning("The broker has crashed and is started again")
        self._broker = broker.start(file).pid
        self._publish()

    def _publish(self) -> None:
        from hub import datafolder  # noqa: PLC0415 — see above

        processes = ({} if self._broker is None else {"broker": self._broker}) | self.supervisor.pids
        living = datafolder.Living(url=self._url, pid=os.getpid(), secret=self._secret, processes=processes)
        datafolder.publish(self._data, living)


def _lives(pid: int) -> bool:
    """Tell whether the broker lives: our own child, or one that an earlier hub left."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> int:
    """Run as what the command becomes."""
    logs.configure("supervisor")
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        keeper = _Keeper(json.loads(file.read()))
    keeper.listen()
    keeper.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
