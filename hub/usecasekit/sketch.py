"""The files of a new use case, as text by relative path; nothing is read or written here but the templates."""

import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from string import Template

from msgspec import Struct

from hub.errors import UsageError

NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Plan(Struct, frozen=True, kw_only=True):
    """A use case to be written.

    Attributes:
        name: its permanent name, `snake_case`: also its folder's.
        fr, en: its title.
    """

    name: str
    fr: str
    en: str

    @property
    def module(self) -> str:
        """The package it lies in where it is one of its own."""
        return f"matinales_usecase_{self.name}"

    @property
    def words(self) -> Mapping[str, str]:
        """What the templates leave open."""
        return {
            "name": self.name,
            "kebab": self.name.replace("_", "-"),
            "fr": self.fr,
            "en": self.en,
            "module": self.module,
            "distribution": self.module.replace("_", "-"),
        }


def new_name(name: str, taken: Collection[str]) -> None:
    """Refuse a name that a use case cannot have for ever.

    Raises:
        UsageError: it is not snake_case, or another use case's.
    """
    if not NAME.fullmatch(name):
        msg = f"{name!r} is no use case name; it is snake_case: small letters, digits and single _, as bread_oven"
        raise UsageError(msg)
    if name in taken:
        msg = f"there is already a use case {name!r}; names are for ever: choose another, as {name}_2"
        raise UsageError(msg)


def in_hub(plan: Plan) -> dict[str, str]:
    """Return the files of a use case in a checkout of the hub."""
    return {f"hub/usecases/{plan.name}/{file}": text for file, text in _folder(plan).items()}


def as_package(plan: Plan) -> dict[str, str]:
    """Return the files of a package of its own, found by the entry point group `matinales.usecases`."""
    return {
        "pyproject.toml": _filled("pyproject.toml", plan),
        "README.md": _filled("package.md", plan),
        "tests/test_usecase.py": _filled("test_usecase.py", plan),
        **{f"src/{plan.module}/{file}": text for file, text in _folder(plan).items()},
    }


def _folder(plan: Plan) -> dict[str, str]:
    return {
        "__init__.py": f'"""{plan.en}."""\n',
        "usecase.toml": _filled("usecase.toml", plan),
        "scenario.toml": _filled("scenario.toml", plan),
        "README.md": _filled("readme.md", plan),
    }


def _filled(name: str, plan: Plan) -> str:
    template = files("hub.usecasekit").joinpath("templates", f"{name}.txt").read_text(encoding="utf-8")
    return Template(template).substitute(plan.words)
