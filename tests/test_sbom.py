"""The list of parts names what is installed and what the page is built from, and nothing that only checks them."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def found() -> Any:  # noqa: ANN401 — JSON
    """Lend the document."""
    spec = importlib.util.spec_from_file_location("sbom", ROOT / ".ci" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.document()


def test_it_is_cyclonedx_1_6_of_this_version(found: Any) -> None:  # noqa: ANN401 — JSON
    """Serial number, version, ourselves; everything is ours to depend on, once."""
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", found["serialNumber"])
    refs = [each["bom-ref"] for each in found["components"]]
    assert len(refs) == len(set(refs)) > 80
    assert found["dependencies"][0]["dependsOn"] == refs
    assert found["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0"}]


def test_each_part_has_a_place_a_version_and_a_licence(found: Any) -> None:  # noqa: ANN401 — JSON
    """Versions of Python's are those of the lock; npm's have their fingerprints."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower().replace("_", "-")
    for each in found["components"]:
        assert each["licenses"], each["name"]
        if each["purl"].startswith("pkg:pypi/"):
            assert f"{each['name']}=={each['version']}" in lock
        else:
            assert len(each["hashes"][0]["content"]) == 128
    assert re.search(r'"pkg:npm/%40sveltejs/vite-plugin-svelte@[\d.]+"', json.dumps(found))


def test_what_only_checks_is_no_part(found: Any) -> None:  # noqa: ANN401 — JSON
    """No test tool of either side."""
    names = {each["name"] for each in found["components"]}
    assert {"aiohttp", "svelte", "uplot"} <= names
    assert names.isdisjoint({"pytest", "mypy", "eslint", "prettier", "typescript"})
