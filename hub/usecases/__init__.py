"""Use cases: one folder each, found without being listed."""

from hub.usecases.loader import find, load, load_all, names
from hub.usecases.schema import UseCase

__all__ = ["UseCase", "find", "load", "load_all", "names"]
