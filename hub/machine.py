"""What the machine says of the hub: its processes and their disk, for /metrics. Blocks for some milliseconds."""

import contextlib
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

import psutil
from msgspec import Struct

from hub import __version__, datafolder


class Process(Struct, frozen=True):
    """A process.

    Attributes:
        cpu: processor time since its start [s].
        memory: in use [byte].
        threads: how many.
        started: since 1970 [s].
        files: open files and sockets; None where the system does not tell.
    """

    cpu: float
    memory: int
    threads: int
    started: float
    files: int | None


class Machine(Struct, frozen=True, kw_only=True):
    """What is told of one moment.

    Attributes:
        processes: part of the hub → its process, of those that live.
        disk_free, disk_size: of the data folder's disk [byte]; None: it cannot be asked.
        versions: what runs → its version.
    """

    processes: Mapping[str, Process] = {}
    disk_free: int | None = None
    disk_size: int | None = None
    versions: Mapping[str, str] = {}


def look(data: Path) -> Machine:
    """Look at the processes and the disk of a data folder."""
    hub = datafolder.living(data)
    pids = {} if hub is None else {"supervisor": hub.pid, **hub.processes}
    found = {name: process(pid) for name, pid in pids.items()}
    usage = None
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(data)
    return Machine(
        processes={name: each for name, each in found.items() if each is not None},
        disk_free=None if usage is None else usage.free,
        disk_size=None if usage is None else usage.total,
        versions={"version": __version__, "python": platform.python_version(), "system": platform.system()},
    )


def process(pid: int) -> Process | None:
    """Return the figures of a process; None: it has gone, or nobody may look."""
    try:
        with (found := psutil.Process(pid)).oneshot():
            times = found.cpu_times()
            files = getattr(found, "num_fds", None) or getattr(found, "num_handles", None)  # POSIX, Windows
            return Process(
                cpu=times.user + times.system,
                memory=found.memory_info().rss,
                threads=found.num_threads(),
                started=found.create_time(),
                files=None if files is None else files(),
            )
    except psutil.Error:
        return None
