"""The built page: files known by name before anybody asks, so that no path of a request touches the disk."""

import re
from datetime import tzinfo
from pathlib import Path

from aiohttp import web

from hub.web import problems
from hub.web.opening import Opening

IMMUTABLE = "public, max-age=31536000, immutable"
CHECKED = "no-cache"
PAGES = (
    "/",
    "/projector",
    "/facilitator",
    "/join",
    "/devices",
    "/history",
    "/plan",
    "/setup",
    "/import",
    "/alarms",
    "/gallery",
    "/secure",
    "/selftest",
    "/doctor",
    "/table/{table}",
)
"""Addresses of the one page; what it shows there is its own business."""
NOT_BUILT = {
    "en": (
        "The page is not built",
        "The hub is running, but this installation has no page.",
        "Install the package (pip install .), or in a work tree run: python web/build_page.py",
    ),
    "fr": (
        "La page n'est pas construite",
        "Le hub fonctionne, mais cette installation n'a pas de page.",
        "Installez le paquet (pip install .), ou dans l'arbre de travail : python web/build_page.py",
    ),
}


def drawn(folder: Path, what: str) -> frozenset[str]:
    """Return what the built page draws of `panels` or `drawings`, in small letters; empty: it is not built. Blocks.

    The page finds its panels by their files (web/src/panels.ts), and keeps those names to do so.
    """
    name = re.compile(rf"\./{what}/(\w+)\.svelte")
    scripts = (path.read_text(encoding="utf-8") for path in folder.glob("assets/*.js"))
    return frozenset(found.lower() for script in scripts for found in name.findall(script))


class Static:
    """The files below a folder: no links, no hidden files, no index; compressed siblings are aiohttp's to choose."""

    def __init__(self, folder: Path, zone: tzinfo) -> None:
        """List the files, once: a new build is seen at the next start; `zone`: of the venue. Blocks."""
        found: dict[str, Path] = {}
        if folder.is_dir():
            for path in folder.rglob("*"):
                parts = path.relative_to(folder).parts
                below = [each for each in (path, *path.parents) if folder in each.parents]
                links = any(each.is_symlink() for each in below)
                hidden = any(part.startswith(".") for part in parts)
                if path.is_file() and not links and not hidden and path.suffix not in {".gz", ".br", ".map"}:
                    found["/" + "/".join(parts)] = path
        self._files = found
        self.opening = Opening(folder / "index.html", found, zone)

    def page(self, request: web.Request) -> web.StreamResponse:
        """Answer with the page, or with how to build it."""
        path = self._files.get("/index.html")
        if path is None:
            lang = problems.language(request)
            text = problems.page(lang, *NOT_BUILT[lang])
            return web.Response(status=503, text=text, content_type="text/html", charset="utf-8")
        return web.FileResponse(path, headers={"Cache-Control": CHECKED})

    def file(self, address: str) -> web.StreamResponse:
        """Answer with a file.

        Raises:
            web.HTTPNotFound: there is none by that name.
        """
        path = self._files.get(address)
        if path is None:
            raise web.HTTPNotFound
        fixed = address.startswith("/assets/")
        return web.FileResponse(path, headers={"Cache-Control": IMMUTABLE if fixed else CHECKED})
