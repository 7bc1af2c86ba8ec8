"""What the tests of the kits share."""

from pathlib import Path

import pytest


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that looks like the hub's own, and stand in it."""
    (tmp_path / "hub" / "drivers").mkdir(parents=True)
    (tmp_path / "hub" / "drivers" / "__init__.py").touch()
    (tmp_path / "tests" / "captures").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
