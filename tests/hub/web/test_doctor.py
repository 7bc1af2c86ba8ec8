"""The facilitator reads the doctor's findings without a terminal."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from hub import examining
from hub.config import Config
from hub.errors import HubError
from servers.web import Client, FakeHub, Serve


@pytest.mark.parametrize(("query", "lang"), [("?lang=fr", "fr"), ("?lang=en", "en"), ("", "en")])
async def test_the_language_can_be_named(client: Client, query: str, lang: str) -> None:
    """Else it is the reader's; one that nobody speaks is refused by name."""
    async with client.get(f"/api/v1/doctor{query}", headers={"Accept-Language": "en"}) as response:
        findings = (await response.json())["findings"]
    assert findings[1]["text"] == lang
    async with client.get("/api/v1/doctor?lang=de") as response:
        assert response.status == 400


async def test_a_program_reads_the_same_as_json(client: Client) -> None:
    """The findings of `matinales doctor --json`."""
    async with client.get("/api/v1/doctor?lang=en") as response:
        found = (await response.json())["findings"]
    assert [each["ok"] for each in found] == [True, None, False]


async def test_it_is_the_facilitators(hub: FakeHub, serve: Serve) -> None:
    """Addresses, ports and versions are no business of the room's."""
    client = await serve(hub, lan=True)
    async with client.get("/api/v1/doctor") as response:
        assert response.status == 403


async def test_the_hub_asks_the_very_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own settings and data folder."""
    script = tmp_path / "python"
    script.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([{{'id': ' '.join(sys.argv[1:]), "
        "'ok': os.environ['HUB_WEB_PORT'] == '8123', 'text': '', 'remedy': None}]))\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    (found,) = await examining.examined(tmp_path, Config(web_port=8123), "en")
    assert found["id"] == f"-m hub doctor --json --lang en --data {tmp_path}"
    assert found["ok"] is True
    script.write_text("#!/bin/sh\necho no json\n")
    with pytest.raises(HubError, match="in a terminal"):
        await examining.examined(tmp_path, Config(), "en")


async def test_many_who_ask_at_once_share_a_look_that_began_after_they_had_asked() -> None:
    """Twenty looks in turn took a minute; each language is looked for by itself, and a later question anew."""
    looks: list[str] = []
    begun, go = asyncio.Event(), asyncio.Event()

    async def look(lang: str) -> examining.Findings:
        looks.append(lang)
        begun.set()
        await go.wait()
        return [{"id": f"{len(looks)}"}]

    examiner = examining.Examiner(look)
    first = asyncio.create_task(examiner.look("fr"))
    await begun.wait()
    others = [asyncio.create_task(examiner.look(lang)) for lang in ("fr",) * 20 + ("en",)]
    await asyncio.sleep(0)
    go.set()
    assert await first == [{"id": "1"}]
    assert await asyncio.gather(*others) == [[{"id": "2"}]] * 20 + [[{"id": "3"}]]
    assert await examiner.look("fr") == [{"id": "4"}]
    assert looks == ["fr", "fr", "en", "fr"]


def test_every_setting_with_a_value_is_handed_on() -> None:
    """What is unset stays unset."""
    told = examining.environment(Config(broker_url="mqtt://x", mqtt_port=1))
    assert (told["HUB_BROKER_URL"], told["HUB_MQTT_PORT"]) == ("mqtt://x", "1")
    assert "HUB_DATA_DIR" not in told
    assert json.dumps(told)
