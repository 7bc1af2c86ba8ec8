"""Use cases: one folder each, found without being listed."""

from hub.usecases.describe import describe, main_sentence, summary
from hub.usecases.loader import find, load, load_all, names
from hub.usecases.schema import UseCase

__all__ = ["UseCase", "describe", "find", "load", "load_all", "main_sentence", "names", "summary"]
