"""The examples of hub/web/README.md do what they say, at a real server."""

import asyncio
import contextlib
import csv
import io
import json
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from servers import examples, node_red
from servers.web import SECRET, Client, FakeHub

NODES = {"inject", "http request", "change", "split", "debug"}
"""Of Node-RED itself: nothing else need be installed."""


def example(name: str, client: Client) -> str:
    """Return an example, its address that of a test's server."""
    return examples.example(name, str(client.make_url("")))


@pytest.fixture(autouse=True)
def kitchen(hub: FakeHub) -> None:
    """Let the device of the examples have said something."""
    hub.speak("tasmota:kitchen", "temperature", 21.5, time=hub.live.wall() - 1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed: apt-get install curl")
async def test_curl(hub: FakeHub, client: Client) -> None:
    """Devices, a table, and a measure that is journalled once however often it is sent."""
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            *("sh", "-euc", example("curl", client)),
            env=os.environ | {"TOKEN": SECRET},
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0
        devices, rest = said.split("\n", 1) if said.startswith('{"devices"') and "\n" in said else (said, said)
        assert "tasmota:kitchen" in devices
        assert "21.5" in rest
        assert '"accepted":1' in rest
    assert len(hub.journal) == 1


async def test_python(client: Client) -> None:
    """It runs as it stands, and prints what the device said."""
    source = example("python", client).replace("asyncio.run(main())", "")
    names: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), names)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        await names["main"]()  # type: ignore[operator]
    assert "kitchen [('temperature', 21.5, '°C')]" in printed.getvalue()
    assert "2027-01-15T07:59:59.999999999Z temperature 21.5" in printed.getvalue()


async def test_node_red(client: Client) -> None:
    """A flow that can be imported: nodes of Node-RED itself, wires that lead somewhere, an address that answers."""
    nodes = json.loads(example("node-red", client))
    names = {each["id"] for each in nodes}
    assert len(names) == len(nodes)
    assert {each["type"] for each in nodes} <= NODES
    assert {end for each in nodes for wire in each["wires"] for end in wire} <= names
    (asked,) = (each for each in nodes if each["type"] == "http request")
    async with client.get(urlsplit(asked["url"]).path) as answer:
        assert (await answer.json())["devices"]


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_node_red_plays_the_flow(client: Client, tmp_path: Path) -> None:
    """Imported as it stands into a real one: asked at once, one message a device, as the API tells it."""
    async with node_red.playing(tmp_path, json.loads(example("node-red", client))) as address:
        (device, *_) = await node_red.seen(address)
    assert device["id"] == "tasmota:kitchen"
    assert device["channels"][0]["value"] == 21.5


async def test_a_spreadsheet(client: Client) -> None:
    """As LibreOffice reads it where people write decimal commas: semicolons, UTF-8 with its mark."""
    address = urlsplit(example("spreadsheet", client))
    async with client.get(f"{address.path}?{address.query}") as answer:
        assert answer.content_type == "text/csv"
        text = (await answer.read()).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text), delimiter=";")
    assert dict(zip(head, row, strict=True)) | {"time": ""} == {
        "device": "tasmota:kitchen",
        "channel": "temperature",
        "unit": "°C",
        "time": "",
        "value": "21,5",
        "quality": "good",
        "simulated": "0",
        "run": "real",
    }


@pytest.mark.long
@pytest.mark.timeout(180)
@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice: apt-get install libreoffice-calc-nogui")
async def test_libreoffice_opens_the_address(client: Client, tmp_path: Path) -> None:
    """By its address, as a French one reads a table: the value is a number that formulas can use."""
    french = "Text - txt - csv (StarCalc):59,34,76,1,,1036,false,true"
    process = await asyncio.create_subprocess_exec(
        *("soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", f"--infilter={french}"),
        *("--convert-to", "fods", "--outdir", str(tmp_path), example("spreadsheet", client)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    sheets = await asyncio.to_thread(lambda: [each.read_text(encoding="utf-8") for each in tmp_path.glob("*.fods")])
    assert sheets, said
    (sheet,) = sheets
    assert 'office:value-type="float" office:value="21.5"' in sheet
    assert "<text:p>tasmota:kitchen</text:p>" in sheet
