"""Copies of this repository's tree, to build packages of."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def source(into: Path) -> Path:
    """Copy what the repository tracks, as it is in the work tree."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in tracked.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, into / name)
    return into
