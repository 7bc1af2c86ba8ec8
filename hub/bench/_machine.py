"""What a figure was measured on: without it nobody can compare."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import apsw
import psutil

PACKAGES = ("matinales-hub", "aiohttp", "paho-mqtt", "msgspec", "iotcore")


def described() -> dict[str, str]:
    """Return processor, memory, system, versions, and how busy the machine is already."""
    return {
        "processor": f"{os.cpu_count()} x {_model()}",
        "memory": f"{psutil.virtual_memory().total / 1e9:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {number}" for name in PACKAGES if (number := _version(name))),
        "sqlite": apsw.sqlite_lib_version(),
        "load": f"{psutil.getloadavg()[0]:.1f}",
    }


def _model() -> str:
    """Return the processor's name; Python knows it on macOS and Windows only."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
