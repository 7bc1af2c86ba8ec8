"""What a figure was measured on: without it nobody can compare."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import apsw
import psutil

PACKAGES = ("matinales-hub", "aiohttp", "paho-mqtt", "msgspec", "iotcore")
PROGRAMS = {"mosquitto": "-h", "influxd": "version", "telegraf": "--version", "node-red": "--version"}
"""What a figure may be compared with, or measured through, and how each says its version."""
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")


def described() -> dict[str, str]:
    """Return processor, memory, system, versions, and how busy the machine is already."""
    programs = [f"{name} {found}" for name, word in PROGRAMS.items() if (found := _said(name, word))]
    return {
        "processor": f"{os.cpu_count()} x {_model()}",
        "memory": f"{psutil.virtual_memory().total / 1e9:.1f} GB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {number}" for name in PACKAGES if (number := _version(name))),
        "sqlite": apsw.sqlite_lib_version(),
        **({"programs": ", ".join(programs)} if programs else {}),
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


def _said(name: str, word: str) -> str | None:
    """Return the version that an installed program says; None: it is not installed, or says none."""
    program = shutil.which(name)
    if program is None:
        return None
    try:
        run = subprocess.run([program, word], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(f"{run.stdout} {run.stderr}")
    return found[0] if found else None
