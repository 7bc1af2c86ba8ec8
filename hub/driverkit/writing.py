"""Where a new driver may go: a name that is free, a place that is meant, no file overwritten."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from hub.driver import MODEL_NAME
from hub.errors import UsageError


def new_name(name: str, taken: Collection[str]) -> None:
    """Refuse a name that a driver cannot have for ever.

    Raises:
        UsageError: it is not kebab-case, or another driver's.
    """
    if not MODEL_NAME.fullmatch(name):
        msg = f"{name!r} is no driver name; it is kebab-case: small letters, digits and single dashes, as acme-cr1"
        raise UsageError(msg)
    if name in taken:
        msg = f"there is already a driver {name!r}; names are for ever: choose another, as {name}-2"
        raise UsageError(msg)


def new_title(title: str) -> None:
    """Refuse a title that files in three languages could not quote.

    Raises:
        UsageError: it is empty, or holds quotes, backslashes or control characters.
    """
    if not title.strip() or not title.isprintable() or any(char in '"\\' for char in title):
        msg = f"--title: {title!r} is no title; give plain words, as 'Acme CR-1'"
        raise UsageError(msg)


def checkout(place: Path) -> Path:
    """Return the checkout of the hub that `place` is the root of.

    Raises:
        UsageError: it is none.
    """
    if not (place / "hub" / "drivers" / "__init__.py").is_file() or not (place / "tests" / "captures").is_dir():
        msg = f"{place.resolve()} is no checkout of the hub; go to its root, or give --package FOLDER"
        raise UsageError(msg)
    return place


def write(root: Path, files: Mapping[str, str]) -> Iterator[Path]:
    """Write files below `root` and return each path; either all are new, or none is written.

    Raises:
        UsageError: one is there already, or the place cannot be written.
    """
    there = next((root / path for path in files if (root / path).exists()), None)
    if there is not None:
        msg = f"{there} is there already and stays as it is; choose another name or place"
        raise UsageError(msg)
    for name, text in files.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            msg = f"{path} cannot be written ({error.strerror}); choose another place"
            raise UsageError(msg) from None
        yield path
