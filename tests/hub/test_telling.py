"""From the commit of an alarm to those who are told of it (hub/telling.py)."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.config import Config
from hub.flooding import Floods
from hub.live import Batch, Live
from hub.model import NS, Action, Commanded, CommandState, Device
from hub.notify.siren import BY
from hub.telling import Outbox, Telling
from servers.acme import AIR, PROBE, announcement, said
from servers.mailing import listening, post_office
from servers.ports import until
from servers.workers import Hub, usecases

PRODUCT = "temperature_ds18b20_2"
LOW = {"notify_from": "low", "notify_simulated": "on"}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Lend a worker whose thread does not run yet."""
    lent = Hub(tmp_path)
    yield lent
    lent.worker.stop()
    lent.kept.close()


def telling(hub: Hub, live: Live, **settings: str) -> Telling:
    """Return what tells of its alarms."""
    config = Config(**settings)  # type: ignore[arg-type]
    return Telling(
        config, kept=hub.kept, worker=hub.worker, live=live, floods=Floods(live, usecases()), cases=usecases()
    )


def raise_alarm(hub: Hub, live: Live) -> None:
    """Let the product be too warm, and start the worker's thread."""
    hub.take(announcement(), said(PROBE, 0, **{AIR: 3.0, PRODUCT: 3.0}))  # type: ignore[arg-type]
    hub.take(said(PROBE, 10, **{AIR: 3.0, PRODUCT: 5.0}))  # type: ignore[arg-type]
    for outcome in hub.delivered:
        live.apply(outcome.batch)
    hub.worker.start()


@pytest.fixture
def live() -> Live:
    """Return an empty live state."""
    return Live()


async def until_told(tells: Telling, told: Sequence[object]) -> None:
    """Let it tell until something arrived and nothing waits."""
    task = asyncio.create_task(tells.run())
    try:
        await asyncio.to_thread(until, "it was told", lambda: told and not tells._kept.notices())
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_alarm_reaches_a_web_address_once(hub: Hub, live: Live) -> None:
    """With the alarm as the API gives it; what was told waits no more."""
    async with listening() as server:
        tells = telling(hub, live, notify_url=server.url, **LOW)
        await asyncio.to_thread(raise_alarm, hub, live)
        await until_told(tells, server.heard)
    told = [json.loads(body) for _, body in server.heard]
    assert ("product_high", "raised") in [(each["alarm"]["rule"], each["step"]) for each in told]
    assert len({each["id"] for each in told}) == len(told)
    assert tells.trouble() is None
    assert tells.counters()["notices_told_total"] == len(told)


async def test_an_alarm_reaches_people_by_mail(hub: Hub, live: Live) -> None:
    """In the hub's language, with the rule's title and its source."""
    async with post_office() as server:
        mail = {"mail_url": f"smtp://127.0.0.1:{server.port}", "mail_from": "hub@h.example", "mail_to": "a@h.example"}
        tells = telling(hub, live, lang="fr", **mail, **LOW)
        await asyncio.to_thread(raise_alarm, hub, live)
        await until_told(tells, server.mails)
    (mail_of_product,) = (each for each in server.mails if "critique, simulation" in each["Subject"])
    text = mail_of_product.get_content()
    assert usecases()["cold_room"].title.fr in text
    assert "Référence" in text


def test_nothing_is_kept_for_nobody(hub: Hub, live: Live) -> None:
    """Without settings no notice waits, whatever rings."""
    tells = telling(hub, live)
    raise_alarm(hub, live)
    assert (tells.is_wanted, hub.kept.notices(), tells.siren_due()) == (False, [], None)


def test_a_device_rings_while_an_alarm_does(hub: Hub, live: Live) -> None:
    """On once, off once it was acknowledged; a restart commands nothing again."""
    tells = telling(hub, live, siren="tasmota:buzzer/power", **LOW)
    tells.resume()
    assert tells.siren_due() is None
    raise_alarm(hub, live)
    due = tells.siren_due()
    assert due is not None
    assert (due[0], due[1].channel, due[1].value) == ("tasmota:buzzer", "power", 1.0)
    given = Commanded(
        id="1",
        device="tasmota:buzzer",
        channel="power",
        value=1.0,
        by=BY,
        run="real",
        at=NS,
        wall=NS,
        state=CommandState.SENT,
    )
    tells.siren_given(given)
    hub.worker.call(lambda: hub.kept.put_commands([given])).result()
    again = telling(hub, live, siren="tasmota:buzzer/power", **LOW)
    hub.worker.call(again.resume).result()
    assert (tells.siren_due(), again.siren_due()) == (None, None)
    seen = [hub.worker.call(lambda each=each: hub.worker.acknowledge(each.id, "me", None)) for each in hub.alarms()]  # type: ignore[misc]
    live.apply(Batch(alarms=[each.result() for each in seen]))
    due = again.siren_due()
    assert due is not None
    assert due[1].value == 0.0


def test_a_device_does_not_ring_for_one_that_is_kept_from_the_room(hub: Hub, live: Live) -> None:
    """Shown again while its alarm stands, it is heard."""
    tells = telling(hub, live, siren="tasmota:buzzer/power", **LOW)
    tells.resume()
    raise_alarm(hub, live)
    (about,) = {(alarm.device, alarm.run) for alarm in live.alarms.values()}
    device = Device(uid=about[0], family="acme", name="probe", run=about[1])
    live.apply(Batch(devices=[replace(device, hidden=True)]))
    assert tells.siren_due() is None
    live.apply(Batch(devices=[device]))
    assert tells.siren_due() is not None


def test_a_device_does_not_ring_for_a_story_that_ended(hub: Hub, live: Live) -> None:
    """Its alarm stays unacknowledged in the journal for ever: nobody measures a return any more."""
    tells = telling(hub, live, siren="shelly:buzzer/switch", **LOW)
    raise_alarm(hub, live)
    tells.resume()
    assert (due := tells.siren_due()) is not None
    assert due[1].value == 1
    live.apply(Batch(runs=[replace(run, state="ended") for run in hub.runs().values()]))
    tells.resume()
    assert tells.siren_due() is None


async def test_one_that_stands_by_tells_nobody_and_keeps_only_what_may_not_have_been_told(hub: Hub, live: Live) -> None:
    """Another worker's turn: should it die, what it may not have told any more is told here, under the same key."""
    telling(hub, live, **LOW, notify_url="http://127.0.0.1:9/")
    standing, taking = Outbox(hub.kept, hub.worker, lambda: True), Outbox(hub.kept, hub.worker, lambda: False)
    await asyncio.to_thread(raise_alarm, hub, live)
    assert len(await taking.waiting()) == 1
    assert await standing.waiting() == []
    assert await taking.waiting() == [], "by the wall's clock it was told long since"
    (raised,) = await asyncio.to_thread(hub.alarms)
    hub.kept._wall = time.time_ns
    fresh = replace(raised, returned_at=raised.raised_at + 1)
    await asyncio.wrap_future(hub.worker.call(lambda: hub.kept.act(Action(), [], None, [fresh])))
    assert await standing.waiting() == []
    assert len(await taking.waiting()) == 1
