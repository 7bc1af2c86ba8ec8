"""Finds use cases, reads their files and refuses what does not hold together, naming the place."""

import importlib
import importlib.util
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from hub.errors import ConfigError, NotFoundError
from hub.source import run_file
from hub.usecases.checking import problems
from hub.usecases.schema import Document, UseCase
from hub.usecases.shape import of_toml, told

FILE = "usecase.toml"
HERE = Path(__file__).parent
ENTRY_POINT = "matinales.usecases"


def folders() -> dict[str, Path]:
    """Return the folders of all use cases by name: the hub's own, and those of other packages by entry point.

    An entry point of group `matinales.usecases` names a package whose folder holds usecase.toml.
    """
    found = {path.parent.name: path.parent for path in sorted(HERE.glob(f"*/{FILE}"))}
    for entry in entry_points(group=ENTRY_POINT):
        spec = importlib.util.find_spec(entry.value)
        if spec is not None and spec.origin is not None:
            found[entry.name] = Path(spec.origin).parent
    return found


def names() -> list[str]:
    """Return the names of all use cases."""
    return list(folders())


def find(name: str) -> UseCase:
    """Return a use case by its name.

    Raises:
        NotFoundError: no such use case.
        ConfigError: its file is wrong.
    """
    known = folders()
    if name not in known:
        msg = f"no use case {name!r}; known: {', '.join(known)}"
        raise NotFoundError(msg)
    return load(known[name], name)


def load_all() -> dict[str, UseCase]:
    """Return all use cases by name.

    Raises:
        ConfigError: naming the file and the place.
    """
    return {name: load(folder, name) for name, folder in folders().items()}


def payload_formats(chosen: Mapping[str, str], cases: Iterable[UseCase]) -> dict[str, str]:
    """Return device → how its own bytes are read: what the user chose, and what use cases say of simulated devices."""
    said = [usecase.payload_formats for usecase in cases]
    return {device: each for formats in (*said, chosen) for device, each in formats.items()}


def load(folder: Path, name: str | None = None) -> UseCase:
    """Read the use case of a folder; what does not hold together in it is refused.

    Raises:
        ConfigError: naming the file, the table, the key and the remedy.
    """
    usecase = read(folder, name)
    wrong = next(problems(usecase), None)
    if wrong is not None:
        msg = f"{folder / FILE}: {wrong}"
        raise ConfigError(msg)
    return usecase


def read(folder: Path, name: str | None = None) -> UseCase:
    """Read the use case of a folder as it is written: typed, whatever does not hold together in it.

    Raises:
        ConfigError: it is not of the shape; naming the file, the table, the key and the remedy.
    """
    document = _document(folder / FILE)
    module = _module(folder)
    return UseCase(
        **{key: getattr(document, key) for key in document.__struct_fields__},
        name=folder.name if name is None else name,
        functions={} if module is None else dict(getattr(module, "FUNCTIONS", {})),
        sentence=None if module is None else getattr(module, "sentence", None),
    )


def _document(path: Path) -> Document:
    text, raw = "", dict[str, Any]()
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
        return msgspec.convert(raw, Document)
    except FileNotFoundError:
        msg = f"{path}: no such file; a use case is a folder with a {FILE}"
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); check its permissions"
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8 text at byte {error.start}; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: is not valid TOML: {of_toml(text, str(error))}"
    except msgspec.ValidationError as error:
        msg = f"{path}: {told(str(error), raw)}"
    raise ConfigError(msg) from None


def _module(folder: Path) -> ModuleType | None:
    path = folder / "rules.py"
    if not path.exists():
        return None
    if folder.parent == HERE:
        return importlib.import_module(f"hub.usecases.{folder.name}.rules")
    try:
        return run_file(path, f"matinales_usecase_{folder.name}")
    except Exception as error:
        msg = f"{path}: fails when imported: {type(error).__name__}: {error}"
        raise ConfigError(msg) from error
