"""Runs a Python file that is not installed: a driver being written, the rules of a use case."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType


class _AsItIs(SourceFileLoader):
    """Reads the file itself: Python's cache takes one saved twice within a second for unchanged."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile what the file says now."""
        return self.source_to_code(self.get_data(self.path), self.get_filename(fullname))


def run_file(path: Path, name: str) -> ModuleType:
    """Run the file as module `name`, and return it. Whatever the file raises comes out.

    Raises:
        OSError: it cannot be read.
    """
    loader = _AsItIs(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec is not None  # noqa: S101 — a loader that knows its file always gives one
    module = sys.modules[name] = module_from_spec(spec)
    loader.exec_module(module)
    return module
