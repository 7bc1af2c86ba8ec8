"""A photograph or scan as the plan keeps it: decoded, turned the right way up, made no larger than a wall needs.

It is written anew, so nothing of the file comes through but its pixels: no place and hour at which it was taken, no
second file behind the first. The one place that knows Pillow.
"""

import io
from typing import TYPE_CHECKING

from hub.workshop.plan import PlanError

if TYPE_CHECKING:
    from PIL import Image

LARGEST_SIDE = 2560
"""Pixels: sharp on a projector, quick on a phone."""
MOST_PIXELS = 50_000_000
"""Of the file: a phone's largest photograph."""
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
LARGEST = 4 * 1024 * 1024
"""Bytes kept; a drawing that needs more as it came is kept as a WebP."""


def decoded(data: bytes) -> tuple[bytes, str, int, int]:
    """Return a picture's bytes as they are kept, its media type, width and height [px].

    Raises:
        PlanError: it is no PNG, JPEG or WebP, it is broken, or has too many pixels.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 — heavy, and seldom needed
    from PIL.ImageOps import exif_transpose  # noqa: PLC0415 — the same

    Image.MAX_IMAGE_PIXELS = None  # its own limit warns where ours refuses
    try:
        with Image.open(io.BytesIO(data), formats=[*TYPES]) as image:
            kind = image.format or ""
            if image.width * image.height > MOST_PIXELS:
                PlanError.refuse(
                    f"the picture has {image.width} × {image.height} pixels: make it smaller, 4000 × 3000 is plenty",
                    f"l'image a {image.width} × {image.height} pixels : réduisez-la, 4000 × 3000 suffisent",
                )
            image.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))  # a large JPEG is never held whole
            upright = exif_transpose(image)
    except UnidentifiedImageError:
        PlanError.refuse(
            "the file is no picture that the plan can show: send a PNG, JPEG, WebP or SVG",
            "le fichier n'est pas une image que le plan sait montrer : envoyez un PNG, JPEG, WebP ou SVG",
        )
    except (OSError, SyntaxError, ValueError) as error:
        PlanError.refuse(
            f"the picture is broken ({str(error)[:80]}): save it anew",
            f"l'image est abîmée ({str(error)[:80]}) : enregistrez-la de nouveau",
        )
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    plain = upright.convert("RGBA" if has_alpha else "RGB")
    plain.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    kept = _written(plain, kind)
    if len(kept) > LARGEST:
        kind, kept = "WEBP", _written(plain, "WEBP")
    return kept, TYPES[kind], plain.width, plain.height


def _written(image: "Image.Image", kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, optimize=kind == "JPEG", quality=85)
    return out.getvalue()
