"""A CSV file on the page: bounded, previewed as it would be read, checked, imported, cancelled (X11, issue 5 §5)."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Sequence
from importlib import import_module
from typing import Any

import pytest

from hub.errors import JournalError
from hub.ingest.csv_import import LARGEST
from hub.model import Message, Source
from hub.web.api.uploads import ImportWish
from hub.web.keys import UPLOADS
from hub.web.uploads import MOST
from servers.web import Client, FakeHub, Serve, eventually

PLACE = "/api/v1/imports"
GOOD = "Date;Température (°F);Porte\n24/11/2026 09:00;71,6;1\n24/11/2026 09:15;32;\n"
WISH: dict[str, Any] = {"device": "oven"}


async def ask(client: Client, method: str, path: str, *, status: int = 200, **more: Any) -> Any:  # noqa: ANN401 — JSON
    """Return what the API answers."""
    async with client.request(method, PLACE + path, **more) as response:
        assert response.status == status, await response.text()
        return await response.json(content_type=None) if response.status != 204 else None


async def hand_over(client: Client, data: bytes | str = GOOD, name: str = "oven.csv") -> Any:  # noqa: ANN401 — JSON
    """Return what is said of a file that was handed over."""
    return await ask(client, "POST", f"?name={name}", data=data, status=201)


async def ended(client: Client, upload: str) -> Any:  # noqa: ANN401 — JSON
    """Return how an import ended."""
    for _ in range(3000):
        said = await ask(client, "GET", f"/{upload}")
        if said["state"] not in {"reading", "importing"}:
            return said
        await asyncio.sleep(0.01)
    pytest.fail(f"it does not end: {said}")


async def test_a_file_says_what_it_looks_like(client: Client) -> None:
    """Separator, decimal sign, encoding, columns, first rows; its name without a path."""
    said = await hand_over(client, GOOD.encode("latin-1"), name="C:%5Cdata%5Coven.csv")
    assert (said["name"], said["size"]) == ("oven.csv", len(GOOD))
    assert said["shape"] == {
        "encoding": "latin-1",
        "separator": ";",
        "decimal": ",",
        "columns": ["Date", "Température (°F)", "Porte"],
        "headed": True,
        "sample": [["24/11/2026 09:00", "71,6", "1"], ["24/11/2026 09:15", "32", ""]],
    }


async def test_the_preview_shows_the_rows_as_the_hub_would_read_them(hub: FakeHub, client: Client) -> None:
    """Time in UTC, channels by their names, units as the hub keeps them; nothing is journalled."""
    upload = (await hand_over(client))["id"]
    said = await ask(client, "POST", f"/{upload}/preview", json=WISH)
    assert said["problem"] is None
    assert said["plan"]["time"] == ["Date"]
    assert said["rows"][0] == {
        "line": 2,
        "time": "2026-11-24T08:00:00Z",
        "readings": [
            {"channel": "temperature", "value": 22.0, "unit": "°C", "quality": "good"},
            {"channel": "porte", "value": 1.0, "unit": None, "quality": "good"},
        ],
        "rejected": [],
    }
    assert hub.journal == []


async def test_the_preview_follows_each_choice(client: Client) -> None:
    """Column, channel, unit, zone, decimal sign."""
    upload = (await hand_over(client))["id"]
    wish = {**WISH, "map": {"Porte": "door [%]"}, "time": ["Date"], "tz": "America/Martinique", "decimal": ","}
    said = await ask(client, "POST", f"/{upload}/preview", json=wish)
    assert [each["time"] for each in said["rows"]] == ["2026-11-24T13:00:00Z"]
    assert [each["channel"] for each in said["rows"][0]["readings"]] == ["door"]
    wrong = await ask(client, "POST", f"/{upload}/preview", json={**WISH, "decimal": "."})
    assert [(each["line"], each["column"]) for each in wrong["mistakes"]] == [(2, "Température (°F)")]
    assert "n’est pas un nombre" in wrong["mistakes"][0]["reasons"]["fr"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"time": ["Heure"]}, "pas de colonne 'Heure'"),
        ({"tz": "Mars/Base"}, "n’est pas un fuseau horaire"),
        ({"device": "a#"}, "écrivez un nom"),
        ({"map": {"Porte": "x", "Date": "X"}}, "chaque colonne a besoin"),
        ({"separator": "||"}, "un seul caractère"),
    ],
)
async def test_a_plan_that_does_not_fit_says_why_in_french(client: Client, change: dict[str, Any], words: str) -> None:
    """The preview says it beside the choices; the start refuses."""
    upload = (await hand_over(client))["id"]
    said = await ask(client, "POST", f"/{upload}/preview", json=WISH | change)
    assert words in said["problem"]["reasons"]["fr"]
    french = {"Accept-Language": "fr"}
    problem = await ask(client, "POST", f"/{upload}/start", json=WISH | change, status=400, headers=french)
    assert words in problem["detail"]


async def test_a_dry_run_checks_everything_and_imports_nothing(hub: FakeHub, client: Client) -> None:
    """It says how many rows there would be."""
    upload = (await hand_over(client))["id"]
    await ask(client, "POST", f"/{upload}/start", json={**WISH, "dry_run": True}, status=202)
    said = await ended(client, upload)
    assert (said["state"], said["rows"], said["imported"], said["count"]) == ("checked", 2, 0, 0)
    assert hub.journal == []


async def test_an_import_journals_each_row_at_its_own_time(hub: FakeHub, client: Client) -> None:
    """By the same door as `matinales import`; after a dry run the same file is imported."""
    upload = (await hand_over(client))["id"]
    for dry_run in (True, False):
        await ask(client, "POST", f"/{upload}/start", json={**WISH, "dry_run": dry_run}, status=202)
        said = await ended(client, upload)
    assert (said["state"], said["imported"], said["done"]) == ("done", 2, said["size"])
    assert [(each.topic, each.source) for each in hub.journal] == [("csv/oven", Source.IMPORT)] * 2
    assert hub.journal[0].payload == '{"Température (°F)":71.6,"Porte":1.0}'.encode()


async def test_a_wrong_line_is_named_and_nothing_is_imported(hub: FakeHub, client: Client) -> None:
    """All or nothing: line, column, reason in both languages; a formula is no number (X12)."""
    upload = (await hand_over(client, GOOD + "24/11/2026 09:30;=1+1;2\nlater;3;\n"))["id"]
    await ask(client, "POST", f"/{upload}/start", json=WISH, status=202)
    said = await ended(client, upload)
    assert (said["state"], said["rows"], said["imported"], said["count"]) == ("refused", 2, 0, 2)
    assert [(each["line"], each["column"]) for each in said["mistakes"]] == [(4, "Température (°F)"), (5, "Date")]
    assert set(said["mistakes"][0]["reasons"]) == {"fr", "en"}
    assert hub.journal == []


async def test_a_cancelled_import_stops_between_two_commits_and_says_how_far_it_came(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed stays; no task is left."""
    committing, go = asyncio.Event(), asyncio.Event()

    async def append(messages: Sequence[Message]) -> int:
        hub.journal += messages
        committing.set()
        await go.wait()
        return len(hub.journal)

    monkeypatch.setattr(hub, "append", append)
    upload = (await hand_over(client, "time;t\n" + "".join(f"{1_700_000_000 + n};{n}\n" for n in range(5000))))["id"]
    await ask(client, "POST", f"/{upload}/start", json=WISH, status=202)
    await committing.wait()
    assert (await ask(client, "POST", f"/{upload}/start", json=WISH, status=409))["status"] == 409
    stopping = asyncio.create_task(ask(client, "POST", f"/{upload}/cancel"))
    held = client.app[UPLOADS].get(upload)
    await eventually(lambda: held.stop)
    go.set()
    said = await stopping
    assert (said["state"], said["imported"]) == ("cancelled", len(hub.journal))
    assert 0 < said["imported"] < 5000
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("import ")]


async def test_a_journal_that_takes_nothing_fails_the_import_with_its_reason(
    hub: FakeHub, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be started again: what is there already is not doubled."""

    async def full(_messages: Sequence[Message]) -> int:
        msg = "the disk is full"
        raise JournalError(msg)

    monkeypatch.setattr(hub, "append", full)
    upload = (await hand_over(client))["id"]
    await ask(client, "POST", f"/{upload}/start", json=WISH, status=202)
    said = await ended(client, upload)
    assert (said["state"], said["reason"], said["imported"]) == ("failed", "the disk is full", 0)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"1", 201),
        (b"\x00\x01", 400),
        (b"time;a\n".ljust(64 * 1024, b"1"), 201),
        (b"time;a\n".ljust(64 * 1024 + 1, b"1"), 201),
        (b"time;a\n" + b"1;2\n" * 500_000, 201),
        (b"x" * 2_000_000, 400),
    ],
    ids=["nothing", "1", "bytes", "64 KiB", "64 KiB + 1", "2 MB", "2 MB without a line"],
)
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # the test's client's own affair
async def test_a_file_of_any_size_up_to_the_limit_is_answered(client: Client, data: bytes, status: int) -> None:
    """X11."""
    await ask(client, "POST", "?name=x.csv", data=data, status=status)


async def test_a_file_over_the_limit_is_refused_and_never_held(client: Client) -> None:
    """200 MB, with its length and without: refused, at once or at the first byte too many (X11)."""
    async with client.post(PLACE, headers={"Content-Length": "200000000"}, data=endless(1)) as response:
        assert response.status == 413
    sent = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal sent
        async for piece in endless(200_000_000 // 65_536):
            sent += len(piece)
            yield piece

    try:
        async with client.post(PLACE, data=counted()) as response:
            assert response.status == 413
    except ConnectionError:
        pass  # the hub hung up on what it did not want
    assert sent < 4 * LARGEST
    assert not client.app[UPLOADS]._held


async def endless(pieces: int) -> AsyncIterator[bytes]:
    """Give that many pieces of 64 KiB."""
    for _ in range(pieces):
        yield b"1;2\n" * 16_384
        await asyncio.sleep(0)


async def test_a_packed_file_is_refused(client: Client) -> None:
    """A gzip bomb is never unpacked, and a form is no file (X11)."""
    await ask(client, "POST", "", data=b"\x1f\x8b", headers={"Content-Encoding": "gzip"}, status=415)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    await ask(client, "POST", "", data=b"--x--", headers=form, status=415)


async def test_files_are_the_facilitators_and_of_the_hubs_own_page(hub: FakeHub, serve: Serve, client: Client) -> None:
    """A viewer, and a page of somewhere else, hand nothing over; the origin rules are those of every action."""
    outside: Client = await serve(hub, demo=False)
    for method, path in (("POST", ""), ("GET", "/x"), ("DELETE", "/x"), ("POST", "/x/start"), ("POST", "/x/preview")):
        await ask(outside, method, path, data=b"", status=403)
    foreign = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    await ask(client, "POST", "?name=x", data=GOOD, headers=foreign, status=403)


async def test_a_file_that_was_dropped_is_gone(client: Client) -> None:
    """From the disk too: it has no name there."""
    upload = (await hand_over(client))["id"]
    file = client.app[UPLOADS].get(upload).file
    await ask(client, "DELETE", f"/{upload}", status=204)
    assert file.closed
    problem = await ask(client, "GET", f"/{upload}", status=404, headers={"Accept-Language": "en"})
    assert "Choose the file again" in problem["remedy"]


async def test_what_nobody_finishes_makes_room(client: Client) -> None:
    """The oldest idle file goes when one too many comes."""
    held = [(await hand_over(client, name=f"{place}.csv"))["id"] for place in range(MOST + 1)]
    await ask(client, "GET", f"/{held[0]}", status=404)
    await ask(client, "GET", f"/{held[-1]}")


async def test_the_end_of_the_hub_leaves_no_file(hub: FakeHub, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import under way is stopped."""
    client: Client = await serve(hub)
    waiting, go = asyncio.Event(), asyncio.Event()

    async def slow(messages: Sequence[Message]) -> int:
        waiting.set()
        await go.wait()
        return len(messages)

    monkeypatch.setattr(hub, "append", slow)
    upload = (await hand_over(client, "time;t\n" + "".join(f"{1_700_000_000 + n};{n}\n" for n in range(20_000))))["id"]
    await ask(client, "POST", f"/{upload}/start", json=WISH, status=202)
    await waiting.wait()
    held = client.app[UPLOADS].get(upload)
    ending = asyncio.create_task(client.close())
    await eventually(lambda: held.stop)
    go.set()
    await ending
    assert held.file.closed
    assert held.state == "cancelled"


def test_the_screen_has_the_options_of_the_command() -> None:
    """Whoever knows the one knows the other."""
    command = import_module("hub.cli.import").command
    options = set(inspect.signature(command).parameters) - {
        "file",
        "json",
        "data",
        "config",
        "influx",
    }  # a file of the browser's, no other store
    renamed = {"time_column": "time"}
    assert {renamed.get(each, each) for each in options} == set(ImportWish.__struct_fields__)
