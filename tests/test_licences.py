"""Whose work comes with the hub, and on which terms: a licence that nobody has read stops the build.

Python: everything that `pip install matinales-hub` brings, on any system. The page: everything that its build takes
(`web/package-lock.json`), of which little reaches the browser.
"""

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from hub.cli import _offline

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FREE = {
    *("0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC"),
    *("MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
}
"""They ask for their notice, which every wheel and package carries."""
FILES = {"MPL-2.0"}
"""Changes to their own files are to be published; we change none."""
READ = {
    "apsw": ("any-OSI", "any licence that the OSI approves: MIT is taken"),
    "zeroconf": ("LGPL-2.1-or-later", "a wheel of its own, which anybody may replace; imported in one place only"),
    "paho-mqtt": ("EPL-2.0 OR BSD-3-Clause", "BSD-3-Clause is taken"),
}
"""Read one by one: the licence, and why it will do."""
SPELLED = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


def packages() -> list[str]:
    """Return what the hub brings on any system, itself left out."""
    versions = _offline.locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    found: set[str] = set()
    for platform, python in _offline.targets(_offline.PLATFORMS, _offline.PYTHONS):
        found |= _offline.needed(_offline.PLATFORMS[platform], python, versions, PROJECT["dependencies"]).keys()
    return sorted(found)


PACKAGES = packages()


def licence(name: str) -> str:
    """Return what an installed distribution says of itself, as SPDX spells it."""
    told = metadata.metadata(name).json
    classifiers = [str(each) for each in told.get("classifier", []) if str(each).startswith("License ::")]
    short = str(told.get("license", ""))
    said = str(told.get("license_expression", "")) or ("" if "\n" in short else short)
    said = said or (classifiers[0].rpartition(" :: ")[2] if classifiers else "")
    return SPELLED.get(said, said)


def is_free(expression: str) -> bool:
    """Tell whether an SPDX expression lets us; every part of an AND has to, one of an OR is enough."""
    choices = re.split(r"\s+OR\s+", expression.strip("()"))
    return any(all(part.strip("() ") in FREE | FILES for part in re.split(r"\s+AND\s+", each)) for each in choices)


@pytest.mark.parametrize(
    ("expression", "free"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0-only OR MIT", True),
        ("(MIT OR GPL-2.0-only)", True),
        ("GPL-3.0-or-later", False),
        ("MIT AND AGPL-3.0-only", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_an_expression_is_read_as_spdx_means_it(expression: str, *, free: bool) -> None:
    """So that the next tests can fail."""
    assert is_free(expression) is free


@pytest.mark.parametrize("name", PACKAGES)
def test_the_licence_of_each_package_is_known_and_allowed(name: str) -> None:
    """Another one is read by somebody, and listed with the reason."""
    try:
        found = licence(name)
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is another system's: pip download it there") if name == "tzdata" else pytest.fail(name)
    if name in READ:
        assert found == READ[name][0], f"{name} changed its licence: read it again"
    else:
        assert is_free(found), f"{name} is under {found!r}: read it, then list it with the reason"


def test_what_was_read_is_still_there() -> None:
    """A package that went takes its row along."""
    assert READ.keys() <= set(PACKAGES)


def test_the_licences_of_the_pages_packages_are_known_and_allowed() -> None:
    """Each of the lock file, those that only build included."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    told = {name: each.get("license", "") for name, each in lock["packages"].items() if name}
    assert len(told) > 50
    assert {name: said for name, said in told.items() if not is_free(said)} == {}


def test_every_upper_bound_has_its_reason() -> None:
    """A bound without one is never lifted."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for line in PROJECT["dependencies"]:
        if any(each.operator in {"<", "<=", "==", "~="} for each in Requirement(line).specifier):
            written = next(each for each in text.splitlines() if line in each)
            assert "#" in written.split('",')[-1], f"{line}: say why, in a comment behind it"
