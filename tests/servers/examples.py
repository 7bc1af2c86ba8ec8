"""The examples of hub/web/README.md, as somebody copies them."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "hub" / "web" / "README.md"
PRINTED = "http://localhost:8080"
DEVICE = "tasmota:kitchen"


def example(name: str, address: str = PRINTED, device: str = DEVICE) -> str:
    """Return an example, with another address and device where they are told."""
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.+?)\n```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, f"hub/web/README.md has no example {name!r}"
    return found[1].replace(PRINTED, address.rstrip("/")).replace(DEVICE, device)
