"""The room's page goes out with the story in it, to whom it may be told, in the visitor's language."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.live import Batch
from hub.model import Device
from hub.usecases import find
from hub.usecases.describe import describe
from hub.web.security import HEADERS
from servers.web import WALL, Client, FakeHub, Serve

PROBE = "tasmota:coldroom-sim-probe"
AIR = "temperature_ds18b20_1"
HARM = "</script><img src=x onerror=alert(1)>"
PROGRAM = '<script type="module" crossorigin src="/assets/first-0a1b2c3d.js"></script>'
INDEX = (
    f'<!doctype html><html lang="fr"><head><title>page</title>{PROGRAM}</head><body><div id="page"></div></body></html>'
)


class Telling(FakeHub):
    """A hub that tells the cold room."""

    def __init__(self) -> None:
        """Tell it on the real timeline."""
        super().__init__()
        ZoneInfo("Europe/Paris")  # a hub reads it at its start, before anybody may wait for it
        self.told = describe(find("cold_room"), None, now=WALL) | {"tz": "Europe/Paris"}
        for each in (*self.told["measures"], *self.told["roles"]):
            each["device"] = PROBE
        self.asked = 0
        self.speak(PROBE, AIR, 7.25)
        self.live.apply(Batch(scenario={"usecase": "cold_room", "run": "real", "state": "running"}))

    def usecases(self, table: int = 0) -> list[Mapping[str, Any]]:
        """None is played but what the scenario says."""
        del table
        return []

    def usecase(self, name: str, table: int = 0) -> Mapping[str, Any]:
        """Return it whole."""
        del table
        assert name == "cold_room"
        self.asked += 1
        return self.told


@pytest.fixture
async def telling() -> Telling:
    """Lend one; a use case is read from its files."""
    return await asyncio.to_thread(Telling)


def built(folder: Path) -> Path:
    """Return a built page with words in two languages and two drawings."""
    (folder / "static" / "assets").mkdir(parents=True)
    (folder / "static" / "index.html").write_text(INDEX)
    for name in ("fr-0a1b2c3d.js", "en-0a-b_c3d.js", "cold_room-00000000.js", "beehive-00000000.js"):
        (folder / "static" / "assets" / name).write_text("")
    return folder / "static"


async def page(client: Client, path: str = "/", **headers: str) -> str:
    """Return what a visitor gets."""
    async with client.get(path, headers=headers) as response:
        assert response.status == 200
        return str(await response.text())


def data(found: str) -> dict[str, Any]:
    """Return what lies in the page for its program."""
    written = re.search(r'<script type="application/json" id="opening">(.*?)</script>', found)
    assert written is not None
    told: dict[str, Any] = json.loads(written[1])
    return told


async def test_the_first_value_is_in_the_page(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """For the eye, and for the program that takes over."""
    found = await page(await serve(telling, static_dir=built(tmp_path)))
    assert f'<data value="7.25" data-device="{PROBE}" data-channel="{AIR}" data-quality="good">' in found
    told = data(found)
    assert told["usecase"]["name"] == "cold_room"
    assert told["frame"] | {"seq": 0, "type": "full", "role": "facilitator"} == told["frame"]
    assert [each["id"] for each in told["frame"]["devices"]] == [PROBE]


async def test_it_is_kept_nowhere_and_runs_nothing(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """It is true for a moment; data is no script, so the policy stays strict; the program waits for the first paint."""
    client = await serve(telling, static_dir=built(tmp_path))
    async with client.get("/") as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        assert response.headers["Content-Encoding"] == "gzip"
        scripts = re.findall(r"<script[^>]*>", await response.text())
        assert (
            '<link rel="modulepreload" crossorigin href="/assets/first-0a1b2c3d.js" data-program>'
            in await response.text()
        )
    assert scripts == ['<script type="application/json" id="opening">']
    assert "7.25" in await page(client, **{"Accept-Encoding": "identity"})


@pytest.mark.parametrize(
    ("wish", "language", "title", "other"),
    [("en-GB,en;q=0.9", "en", "Cold room", "fr"), ("fr", "fr", "Chambre froide", "en")],
)
async def test_it_speaks_the_visitors_language(
    telling: Telling, serve: Serve, tmp_path: Path, *, wish: str, language: str, title: str, other: str
) -> None:
    """And asks for that language's words, and the story's drawing, before the program does."""
    found = await page(await serve(telling, static_dir=built(tmp_path)), **{"Accept-Language": wish})
    assert f'<html lang="{language}">' in found
    assert title in found.partition("<template>")[0]
    assert f'lang="{other}"' in found.partition("<template>")[2]
    ahead = re.findall(r'<link rel="modulepreload" href="/assets/(\w+)-', found)
    assert language in ahead
    assert "cold_room" in ahead
    assert not {other, "beehive"} & {*ahead}


async def test_a_hostile_name_stays_text(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """Names come from devices and people: neither the markup nor the data can be left through them."""
    telling.live.apply(Batch(devices=[Device(uid=PROBE, family="tasmota", name=HARM, run="real", seen=WALL)]))
    found = await page(await serve(telling, static_dir=built(tmp_path)))
    assert "<img" not in found
    assert data(found)["frame"]["devices"][0]["name"] == HARM


async def test_it_grows_with_the_story_and_not_with_the_room(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """Five hundred devices that are nobody's come with the live link."""
    client = await serve(telling, static_dir=built(tmp_path))
    before = len(await page(client))
    for number in range(500):
        telling.speak(f"tasmota:d{number}", "temperature", 20.0)
    assert len(await page(client)) <= before + 100


async def test_it_is_made_once_for_all_who_come_together(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """And anew once something has changed."""
    client = await serve(telling, static_dir=built(tmp_path))
    await asyncio.gather(*(page(client, **{"Accept-Language": "fr"}) for _ in range(20)))
    assert telling.asked == 1
    telling.speak(PROBE, AIR, 8.5)
    assert 'value="8.5"' in await page(client, **{"Accept-Language": "fr"})
    assert telling.asked == 2


async def test_what_the_facilitator_hides_is_in_no_viewers_page(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """The console's own machine sees it."""
    hidden = Device(uid=PROBE, family="tasmota", name="probe", run="real", seen=WALL, hidden=True)
    telling.live.apply(Batch(devices=[hidden]))
    assert "7.25" not in await page(await serve(telling, static_dir=built(tmp_path), lan=True))
    assert "7.25" in await page(await serve(telling, static_dir=built(tmp_path / "own")))


@pytest.mark.parametrize(
    "batch",
    [
        Batch(scenario=None),
        Batch(scenario={"usecase": "cold_room", "run": "r1", "state": "preparing"}),
        Batch(wall={"frozen": None, "muted": False, "guide": None, "coming": {"usecase": "beehive"}}),
    ],
    ids=["nothing is played", "its past is being made", "another one is coming"],
)
async def test_nothing_is_told_too_early(telling: Telling, serve: Serve, tmp_path: Path, batch: Batch) -> None:
    """The built page goes out as it is, checked for news each time."""
    telling.live.apply(batch)
    client = await serve(telling, static_dir=built(tmp_path))
    async with client.get("/") as response:
        assert await response.text() == INDEX
        assert response.headers["Cache-Control"] == "no-cache"


async def test_a_story_whose_alarms_are_off_is_left_to_the_page(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """It has more to say there than fits here."""
    telling.told["off"] = True
    assert await page(await serve(telling, static_dir=built(tmp_path))) == INDEX


async def test_a_scenario_without_a_story_tells_none(hub: FakeHub, serve: Serve, tmp_path: Path) -> None:
    """Its devices are all there is to see."""
    hub.live.apply(Batch(scenario={"usecase": "nobody_knows", "run": "r1", "state": "running"}))
    assert await page(await serve(hub, static_dir=built(tmp_path))) == INDEX


async def test_the_other_pages_are_as_they_were_built(telling: Telling, serve: Serve, tmp_path: Path) -> None:
    """Only the room's page begins with the story."""
    client = await serve(telling, static_dir=built(tmp_path))
    for path in ("/projector", "/devices", "/join"):
        assert await page(client, path) == INDEX
