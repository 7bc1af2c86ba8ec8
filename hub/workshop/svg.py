"""An SVG without anything that acts: what draws is kept, everything else is left out. Pure.

A picture of somebody else's may hold scripts, and addresses that tell who looks at it. It is read as a stream and
written anew from a list of what only draws (OWASP ASVS 5.0, 1.3.4): what nobody listed does not come through. It is
served besides so that no script could run (`hub.web.api.plan`).
"""

import re
from html import escape
from xml.parsers import expat

from hub.workshop.plan import PlanError

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
DEEPEST, MOST = 100, 50_000
"""Nesting, and elements: a plan of a house has hundreds."""
LARGEST_SIDE = 2560
"""Pixels that the page reckons with: a drawing has none of its own."""
SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image"}
GROUPS = {"svg", "g", "defs", "symbol", "use", "switch"}
PAINTS = {"linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern", "marker"}
WORDS = frozenset({"text", "tspan", "title", "desc", "style"})
"""Elements whose text is kept."""
DRAWS = SHAPES | GROUPS | PAINTS | WORDS
INSIDE = re.compile(r"#[^\s\"'()<>\\]+")
EMBEDDED = re.compile(r"data:image/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+")
ADDRESS = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)", re.IGNORECASE)
ACTS = re.compile(r"\\|@|javascript:|expression\s*\(|image-set|src\s*\(", re.IGNORECASE)
"""What style sheets must not hold: escapes, which hide the rest, imports, and what asks for an address."""
LENGTH = re.compile(r"\s*\+?(\d{1,7}(?:\.\d{1,6})?)\s*(px|pt|mm|cm|in|pc)?\s*")
PIXELS = {None: 1.0, "px": 1.0, "pt": 96 / 72, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pc": 16.0}
NUMBER = re.compile(r"[+-]?(?:\d{1,9}\.?\d{0,9}|\.\d{1,9})(?:[eE][+-]?\d{1,2})?")


def cleaned(data: bytes) -> tuple[bytes, int, int]:
    """Return an SVG that only draws, with the width and height [px] that it is to be shown in.

    Raises:
        PlanError: it is none, is broken, or does not say its size.
    """
    writer = _Writer()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = writer.begin
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.words
    parser.EntityDeclHandler = _no_entities
    try:
        parser.Parse(data, True)  # noqa: FBT003 — expat's own
    except (expat.ExpatError, ValueError) as error:  # ValueError: an encoding that nobody knows
        PlanError.refuse(
            f"the SVG is broken ({str(error)[:80]}): export it anew, as « plain SVG »",
            f"le SVG est abîmé ({str(error)[:80]}) : exportez-le de nouveau, en « SVG simple »",
        )
    width, height = writer.size
    return "".join(writer.written).encode(), width, height


def _no_entities(*_: object) -> None:
    """Refuse words that stand for other words: a few of them fill a memory."""
    PlanError.refuse(
        "the SVG declares entities: export it anew, as « plain SVG »",
        "le SVG déclare des entités : exportez-le de nouveau, en « SVG simple »",
    )


class _Writer:
    """Writes what may stay, as it is read."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.size = (0, 0)
        self._open: list[str] = []
        self._left_out = 0
        """How deep in something that is left out."""
        self._count = 0

    def begin(self, name: str, given: dict[str, str]) -> None:
        """Write an element, or leave it out with all that is in it."""
        space, _, bare = name.rpartition(" ")
        self._count += 1
        if not self._open and (space, bare) != (SVG, "svg"):
            PlanError.refuse(
                "the file is no SVG: its root is none", "le fichier n'est pas un SVG : sa racine n'en est pas une"
            )
        if self._count > MOST or len(self._open) + self._left_out >= DEEPEST:
            PlanError.refuse(
                f"the SVG has too many elements (over {MOST}) or nests them too deeply: export it as a PNG",
                f"le SVG a trop d'éléments (plus de {MOST}) ou trop imbriqués : exportez-le en PNG",
            )
        if self._left_out or space != SVG or bare not in DRAWS:
            self._left_out += 1
            return
        kept = _kept(given)
        first = "" if self._open else f' xmlns="{SVG}"'
        if not self._open:
            box, self.size = _sized(given)
            kept = {key: value for key, value in kept.items() if key not in {"width", "height", "viewBox", "x", "y"}}
            kept |= {"viewBox": box, "width": str(self.size[0]), "height": str(self.size[1])}
        self._open.append(bare)
        said = "".join(f' {key}="{escape(value)}"' for key, value in kept.items())
        self.written.append(f"<{bare}{first}{said}>")

    def end(self, _name: str) -> None:
        """Close it."""
        if self._left_out:
            self._left_out -= 1
        else:
            self.written.append(f"</{self._open.pop()}>")

    def words(self, text: str) -> None:
        """Write what stands in it; a style sheet only where it asks for nothing."""
        if self._left_out or not self._open or self._open[-1] not in WORDS:
            return
        if self._open[-1] != "style" or _is_calm(text):
            self.written.append(escape(text, quote=False))


def _kept(given: dict[str, str]) -> dict[str, str]:
    """Return the attributes that only draw."""
    kept = {}
    for name, value in given.items():
        space, _, bare = name.rpartition(" ")
        if bare == "href" and space in {"", XLINK}:
            if INSIDE.fullmatch(value.strip()) or EMBEDDED.fullmatch(value.strip()):
                kept["href"] = value.strip()
        elif not space and not bare.lower().startswith("on") and bare not in {"filter", "src"} and _is_calm(value):
            kept[bare] = value
    return kept


def _is_calm(text: str) -> bool:
    """Tell whether a style, or an attribute, asks for nothing outside the picture."""
    addresses = ADDRESS.findall(text)
    told = len(re.findall(r"url\s*\(", text, re.IGNORECASE))
    return len(addresses) == told and all(INSIDE.fullmatch(each) for _, each in addresses) and not ACTS.search(text)


def _sized(given: dict[str, str]) -> tuple[str, tuple[int, int]]:
    """Return the root's viewBox, and its size [px] as it is to be shown.

    Raises:
        PlanError: neither can be told.
    """
    box = [float(each) for each in re.split(r"[\s,]+", given.get("viewBox", "").strip()) if NUMBER.fullmatch(each)]
    sides = [_length(given.get(name, "")) for name in ("width", "height")]
    if len(box) != 4:  # noqa: PLR2004 — left, top, width, height
        box = [0.0, 0.0, *sides]
    wide, tall = (sides if all(sides) else box[2:])[:2]
    if min(wide, tall, *box[2:]) <= 0 or max(wide, tall) / min(wide, tall) > DEEPEST:
        PlanError.refuse(
            "the SVG does not say its size: give it a viewBox, or a width and a height",
            "le SVG ne dit pas sa taille : donnez-lui une viewBox, ou une largeur et une hauteur",
        )
    scale = min(LARGEST_SIDE / max(wide, tall), max(1.0, 1000 / max(wide, tall)))
    size = (max(round(wide * scale), 1), max(round(tall * scale), 1))
    return " ".join(f"{each:g}" for each in box), size


def _length(text: str) -> float:
    found = LENGTH.fullmatch(text)
    return float(found[1]) * PIXELS[found[2]] if found else 0.0
