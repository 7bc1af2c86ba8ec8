"""Imports that a library makes for what we never do (hub/ingest/sparing.py)."""

import subprocess
import sys

from hub.ingest.sparing import spared


def test_a_module_that_nobody_uses_is_empty_meanwhile_and_whole_afterwards() -> None:
    """Whoever imports it later gets it."""
    code = """
from hub.ingest.sparing import spared
with spared("colorsys", unless="nowhere"):
    import colorsys
assert not hasattr(colorsys, "rgb_to_hls")
import colorsys
assert hasattr(colorsys, "rgb_to_hls")
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_spared_where_it_is_used() -> None:
    """The package that uses it is installed, or the module is there already."""
    before = sys.modules["subprocess"]
    with spared("subprocess", unless="nowhere"):
        assert sys.modules["subprocess"] is before
    sys.modules.pop("colorsys", None)
    with spared("colorsys", unless="pytest"):
        assert "colorsys" not in sys.modules
