"""Write what the package consists of as CycloneDX 1.6 JSON: `.venv/bin/python .ci/sbom.py FILE`.

Python packages are those that `pip install matinales-hub` brings on this machine, with the versions that are installed;
of npm, what the page is built from (`web/package-lock.json`, without what only checks it). Written here and not by
cyclonedx-py: that takes 40 s of processor in a CI that counts minutes; its validator accepts the result.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub import __version__
from hub.cli import _offline

ROOT = Path(__file__).parent.parent
SPDX = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*|\(.*\)")
OURS = "pkg:pypi/matinales-hub"


def python_components() -> Iterator[dict[str, Any]]:
    """Give the distributions that come with the hub on this machine."""
    for name in sorted(_closure()):
        told = metadata.metadata(name).json
        licence = str(told.get("license_expression", "")) or _classified(told)
        yield _component(f"pkg:pypi/{name}@{told['version']}", name, str(told["version"]), licence)


def _closure() -> dict[str, str]:
    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    versions = _offline.locked((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    here = next(
        (each for each in _offline.PLATFORMS.values() if each.environment["sys_platform"] == sys.platform),
        _offline.PLATFORMS["linux-x86_64"],
    )
    return _offline.needed(here, f"3.{sys.version_info.minor}", versions, own)


def _classified(told: dict[str, Any]) -> str:
    found = [each for each in told.get("classifier", []) if each.startswith("License ::")]
    short = str(told.get("license", ""))
    return short if short and "\n" not in short else (found[0].rpartition(" :: ")[2] if found else "")


def npm_components() -> Iterator[dict[str, Any]]:
    """Give the packages that the page is built from, with their fingerprints."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for place, each in sorted(lock["packages"].items()):
        if place and not each.get("dev"):
            name = place.rpartition("node_modules/")[2]
            purl = f"pkg:npm/{quote(name, safe='/')}@{each['version']}"
            yield _component(purl, name, each["version"], each.get("license", ""), each.get("integrity", ""))


def _component(purl: str, name: str, version: str, licence: str, integrity: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if licence:
        is_spdx = SPDX.fullmatch(licence) is not None
        found["licenses"] = [{"expression": licence}] if is_spdx else [{"license": {"name": licence}}]
    if integrity.startswith("sha512-"):
        import base64  # noqa: PLC0415 — of npm only

        digest = base64.b64decode(integrity.removeprefix("sha512-")).hex()
        found["hashes"] = [{"alg": "SHA-512", "content": digest}]
    return found


def document() -> dict[str, Any]:
    """Return the whole; the same content has the same serial number."""
    components = [*{each["bom-ref"]: each for each in (*python_components(), *npm_components())}.values()]
    text = json.dumps(components, sort_keys=True)
    ours = {"type": "application", "bom-ref": OURS, "name": "matinales-hub", "version": __version__}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {
            "component": {**ours, "purl": f"{OURS}@{__version__}", "licenses": [{"expression": "Apache-2.0"}]}
        },
        "components": components,
        "dependencies": [{"ref": OURS, "dependsOn": [each["bom-ref"] for each in components]}],
    }


def main() -> int:
    """Write the file named on the command line."""
    (path,) = sys.argv[1:]
    found = document()
    Path(path).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{path}: {len(found['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
