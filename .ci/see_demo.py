"""See that the demo whose `--json` line lies in a file serves its page and living values."""

import json
import sys
import time
import urllib.request
from pathlib import Path


def get(address: str) -> bytes:
    """Return what an address answers."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        body: bytes = answer.read()
        return body


lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
page = json.loads(next(line for line in lines if line.startswith("{")))["page"]
if b"<html" not in get(page):
    sys.exit(f"{page} serves no page")
deadline = time.monotonic() + 20
while True:
    devices = json.loads(get(f"{page}api/v1/devices"))["devices"]
    temperatures = {d["id"]: c["value"] for d in devices for c in d["channels"] if c["name"].startswith("temperature")}
    if any(value is not None for value in temperatures.values()):
        break
    if time.monotonic() > deadline:
        sys.exit(f"no temperature within 20 s; devices: {[d['id'] for d in devices]}")
    time.sleep(0.2)
print(page, "serves the page and", len(devices), "devices:", temperatures)
