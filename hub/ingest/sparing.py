"""Imports that a library makes for what we never do."""

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def spared(name: str, *, unless: str) -> Iterator[None]:
    """Let modules that are imported meanwhile find an empty module in the place of one that they will not use.

    Args:
        name: of the module, which stays to be imported by whoever else wants it.
        unless: a package that makes use of it: where that is installed, or the module is there already, nothing is
            spared.
    """
    if name in sys.modules or importlib.util.find_spec(unless) is not None:
        yield
        return
    sys.modules[name] = ModuleType(name)
    try:
        yield
    finally:
        del sys.modules[name]
