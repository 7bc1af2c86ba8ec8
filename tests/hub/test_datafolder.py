"""The data folder is its owner's, whatever command fills it and whoever made the folder."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import datafolder
from hub.__main__ import main
from servers.houses import House

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="files have no mode bits there: the folder's list rules"
)


@pytest.fixture(autouse=True)
def a_usual_mask() -> Iterator[None]:
    """What a shell has: files that a command makes are for everybody to read unless it says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    """Return the files that others than their owner may read."""
    files = (each for each in folder.rglob("*") if each.is_file())
    return sorted(each.relative_to(folder).as_posix() for each in files if stat.S_IMODE(each.stat().st_mode) & 0o077)


def test_a_folder_restored_on_another_machine_is_its_owners_only(tmp_path: Path) -> None:
    """Its lock too, and what commands leave there afterwards."""
    old, new, file = tmp_path / "old", tmp_path / "new", tmp_path / "backup.zip"
    for data in (old, new):
        data.mkdir(mode=0o755)
    House(old).close()
    assert main(["devices", "add", "fridge-1", "--data", str(old)]) == 0
    assert main(["tokens", "new", "gateway", "--data", str(old)]) == 0
    assert main(["backup", str(file), "--secrets", "--data", str(old)]) == 0
    assert main(["restore", str(file), "--data", str(new)]) == 0
    assert main(["devices", "revoke", "fridge-1", "--data", str(new)]) == 0
    assert main(["tokens", "revoke", "gateway", "--data", str(new)]) == 0
    assert main(["devices", "list", "--data", str(new)]) == 0
    assert main(["session", "new", "Bakers", "--data", str(new)]) == 0
    assert readable_by_others(new) == []


def test_a_lock_is_its_owners_only(tmp_path: Path) -> None:
    """Nobody else can hold it, and so keep a hub from starting."""
    with datafolder.owned(tmp_path):
        assert readable_by_others(tmp_path) == []
