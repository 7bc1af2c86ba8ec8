"""Nobody waits for the slowest screen, and no screen shows what is not true any more."""

import asyncio
import json
from typing import Any

import pytest

from hub import live as live_module
from hub.live import CLOSED_KEPT, Batch, Live, Mailbox
from hub.model import NS, Alarm, Availability, Device, Quality, Reading, Run, TimeSource

WALL = 1_800_000_000 * NS
PROBE = "tasmota:kitchen"
PATIENCE_S = 30.0


def reading(value: float, *, time: int = 0, channel: str = "temperature", run: str = "real") -> Reading:
    """Return a reading of the probe, `time` [s] after WALL."""
    at = WALL + time * NS
    return Reading(PROBE, channel, "°C", value, at, at, TimeSource.ARRIVAL, Quality.GOOD, run, 0)


def probe(run: str = "real", **more: Any) -> Device:  # noqa: ANN401 — the device's own
    """Return the probe as a device of a run."""
    return Device(uid=PROBE, family="tasmota", name="kitchen", run=run, **more)


def alarm(number: int, **more: Any) -> Alarm:  # noqa: ANN401 — the alarm's own
    """Return an alarm raised `number` seconds after WALL."""
    return Alarm(
        id=f"cold_room.air_high-real-{number}",
        usecase="cold_room",
        rule="air_high",
        measure="air",
        device=PROBE,
        run="real",
        priority="medium",
        raised_at=WALL + number * NS,
        texts={"fr": "trop chaud", "en": "too warm"},
        **more,
    )


@pytest.fixture
def live() -> Live:
    """Lend an empty state whose wall clock stands at WALL."""
    return Live(wall=lambda: WALL, is_health=lambda _device, channel: channel == "battery")


def value(live: Live, channel: str = "temperature") -> float | None:
    """Return what the page shows of the probe."""
    found = live.channel(PROBE, channel)
    return None if found is None or found.reading is None else found.reading.value


async def frame(mailbox: Mailbox) -> dict[str, Any]:
    """Return the next frame."""
    async with asyncio.timeout(PATIENCE_S):
        content: dict[str, Any] = json.loads(await mailbox.take())
    return content


def test_a_late_older_measure_replaces_nothing(live: Live) -> None:
    """The newest measure stays, whatever arrives after it."""
    live.apply(Batch(readings=[reading(4.0, time=10), reading(3.0, time=5)]))
    assert value(live) == 4.0


def test_of_two_measures_of_one_time_the_later_one_is_shown(live: Live) -> None:
    """A correction with the same time is news."""
    live.apply(Batch(readings=[reading(4.0), reading(3.0)]))
    assert value(live) == 3.0


def test_a_new_run_replaces_the_value_of_the_old_one(live: Live) -> None:
    """A run may start at an earlier hour than the one before ended."""
    live.apply(Batch(devices=[probe("a")], readings=[reading(4.0, time=900, run="a")]))
    live.apply(Batch(devices=[probe("b")], readings=[reading(2.0, time=0, run="b")]))
    assert value(live) == 2.0


def test_a_new_run_starts_without_the_values_of_the_old_one(live: Live) -> None:
    """Waiting for the first value, not showing another afternoon's."""
    live.apply(Batch(devices=[probe("a")], readings=[reading(4.0, run="a")]))
    live.apply(Batch(devices=[probe("b")]))
    view = live.device_view(PROBE)
    assert view["run"] == "b"
    assert view["channels"] == [
        {"name": "temperature", "unit": "°C", "value": None, "time": None, "quality": None},
    ]


def test_a_straggler_of_the_old_run_is_not_shown(live: Live) -> None:
    """What the old run still had under way does not come back on the page."""
    live.apply(Batch(devices=[probe("a")], readings=[reading(4.0, run="a")]))
    live.apply(Batch(devices=[probe("b")], readings=[reading(2.0, run="b"), reading(4.1, time=5, run="a")]))
    assert value(live) == 2.0


def test_channels_come_in_the_order_first_seen_with_health_last(live: Live) -> None:
    """People see what the device measures before what it says of itself."""
    names = ["battery", "temperature", "humidity"]
    live.apply(Batch(readings=[reading(1.0, channel=name) for name in names]))
    assert [channel["name"] for channel in live.device_view(PROBE)["channels"]] == [
        "temperature",
        "humidity",
        "battery",
    ]


def test_a_device_of_a_run_is_marked_simulated(live: Live) -> None:
    """Everything not real is marked so."""
    live.apply(Batch(devices=[probe("cold-room-20270115t0800-abcd", availability=Availability.ONLINE)]))
    view = live.device_view(PROBE)
    assert view["simulated"] is True
    assert view["availability"] == "online"


def test_open_alarms_stay_and_old_closed_ones_go(live: Live) -> None:
    """The page keeps every alarm that somebody must still see."""
    closed = [alarm(n, returned_at=WALL, acknowledged_at=WALL) for n in range(1, CLOSED_KEPT + 10)]
    live.apply(Batch(alarms=[alarm(0), *closed]))
    views = live.alarm_views()
    assert len(views) == CLOSED_KEPT + 1
    assert views[-1]["state"] == "unacknowledged"
    assert views[0]["id"].endswith(str(CLOSED_KEPT + 9))


def test_a_run_has_its_own_now(live: Live) -> None:
    """Speed ×60: two wall seconds after the beat are two minutes."""
    run = Run(id="a", scenario="s", seed=1, speed=60.0, state="running", wall=WALL - 2 * NS, simulated=WALL - 3600 * NS)
    live.apply(Batch(runs=[run]))
    assert live.now("a") == WALL - 3480 * NS
    assert live.run_views()["a"] == {"now": "2027-01-15T07:02:00Z", "speed": 60.0, "state": "running"}


@pytest.mark.parametrize(("begun", "state"), [(False, "preparing"), (True, "paused")])
def test_a_run_whose_history_is_on_its_way_is_not_one_that_somebody_paused(
    live: Live,
    begun: bool,  # noqa: FBT001 — a column
    state: str,
) -> None:
    """Pages call nothing silent then: what has come of it last may be hours old."""
    run = Run(id="a", scenario="s", seed=1, speed=0, state="paused", wall=WALL, simulated=WALL, begun=begun)
    live.apply(Batch(runs=[run]))
    assert live.run_views()["a"]["state"] == state


async def test_a_late_page_starts_full(live: Live) -> None:
    """The first frame holds everything."""
    live.apply(Batch(readings=[reading(4.0)], alarms=[alarm(1)], sentences={"cold_room": {"code": "ok"}}))
    with live.mailbox(role="facilitator") as mailbox:
        first = await frame(mailbox)
    assert first["type"] == "full"
    assert first["role"] == "facilitator"
    assert first["devices"][0]["channels"][0]["value"] == 4.0
    assert first["alarms"][0]["text"] == "trop chaud"
    assert first["sentences"] == {"cold_room": {"code": "ok"}}
    assert first["runs"]["real"]["speed"] == 1


async def test_a_delta_carries_what_changed_and_nothing_else(live: Live) -> None:
    """A value costs a value."""
    live.apply(Batch(readings=[reading(4.0), reading(50.0, channel="humidity")]))
    with live.mailbox() as mailbox:
        first = await frame(mailbox)
        live.apply(Batch(readings=[reading(4.5, time=1)]))
        second = await frame(mailbox)
    assert second == {
        "seq": first["seq"] + 1,
        "type": "delta",
        "now": "2027-01-15T08:00:00Z",
        "values": [
            {
                "device": PROBE,
                "channel": "temperature",
                "value": 4.5,
                "time": "2027-01-15T08:00:01Z",
                "quality": "good",
                "run": "real",
            }
        ],
    }


async def test_a_repeated_sentence_is_no_news(live: Live) -> None:
    """Only what changed is sent."""
    live.apply(Batch(sentences={"cold_room": {"code": "ok"}}))
    with live.mailbox() as mailbox:
        await frame(mailbox)
        live.apply(Batch(sentences={"cold_room": {"code": "ok"}}))
        live.apply(Batch(not_understood=2))
        delta = await frame(mailbox)
    assert "sentences" not in delta
    assert delta["messages"] == 2


async def test_a_thousand_readings_while_a_tab_sleeps_cost_one_frame(live: Live) -> None:
    """Who does not keep up gets the whole state when it is ready again."""
    with live.mailbox(rate=20) as sleeper, live.mailbox(rate=20) as awake:
        await frame(sleeper)
        await frame(awake)
        for number in range(1000):
            live.apply(Batch(readings=[reading(float(number), time=number)]))
            if number % 400 == 0:
                await frame(awake)
        seen = await frame(awake)
        while seen["values"][-1]["value"] < 999:
            seen = await frame(awake)
        late = await frame(sleeper)
        live.apply(Batch(readings=[reading(-1.0, time=2000)]))
        after = await frame(sleeper)
    assert late["type"] == "full"
    assert late["devices"][0]["channels"][0]["value"] == 999.0
    assert after["type"] == "delta"
    assert after["seq"] == late["seq"] + 1


async def test_all_viewers_of_a_rate_share_one_serialisation(live: Live) -> None:
    """The very same bytes go to all."""
    with live.mailbox() as one, live.mailbox() as other:
        await frame(one)
        await frame(other)
        live.apply(Batch(readings=[reading(4.0)]))
        assert await one.take() is await other.take()


async def test_a_hidden_tab_gets_nothing_and_everything_on_its_return(live: Live) -> None:
    """Rate 0 is a pause."""
    with live.mailbox() as mailbox, live.mailbox() as witness:
        await frame(mailbox)
        await frame(witness)
        mailbox.set_rate(0)
        live.apply(Batch(readings=[reading(4.0)]))
        await frame(witness)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(mailbox.take(), 0.05)
        mailbox.set_rate(3.9)
        assert mailbox.rate == 2
        assert (await frame(mailbox))["type"] == "full"


async def test_leaving_leaves_nothing_behind(live: Live) -> None:
    """No viewer, no view, no timer."""
    loop = asyncio.get_running_loop()
    with live.mailbox() as mailbox:
        await frame(mailbox)
        live.apply(Batch(readings=[reading(4.0)]))
        assert live.viewers == 1
    assert live.viewers == 0
    live.apply(Batch(readings=[reading(5.0)]))
    assert [timer for timer in loop._scheduled if not timer.cancelled()] == []  # type: ignore[attr-defined]


async def test_frames_come_no_faster_than_the_rate(live: Live) -> None:
    """A storm of readings is a few frames a second."""
    loop = asyncio.get_running_loop()
    with live.mailbox(rate=10) as mailbox:
        await frame(mailbox)
        start = loop.time()
        live.apply(Batch(readings=[reading(0.0)]))
        await frame(mailbox)
        live.apply(Batch(readings=[reading(1.0, time=1)]))
        await frame(mailbox)
        assert loop.time() - start >= 0.09


@pytest.mark.parametrize(
    "pressed",
    [
        {"wall": {"frozen": "now"}},
        {"scenario": {"usecase": "silo"}},
        {"siren": 2},
        {"vote": {"id": "v1", "state": "open"}},
        {"room": {"session": None, "shows": "join", "people": []}},
        {"devices": [probe(hidden=True)]},
        {"devices": [probe(locked=True)]},
    ],
)
async def test_what_somebody_pressed_waits_for_no_tick(
    live: Live, pressed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that asks for a frame only now and then shows it at once all the same, with what waited."""
    seldom = 0.5 / PATIENCE_S
    monkeypatch.setattr(live_module, "RATES", (0, seldom))
    with live.mailbox(rate=seldom) as mailbox:
        await frame(mailbox)
        live.apply(Batch(siren=1))
        await frame(mailbox)
        live.apply(Batch(readings=[reading(1.0, time=1)]))
        live.apply(Batch(**pressed))
        told = await frame(mailbox)
        assert pressed.keys() <= told.keys()
        assert [each["value"] for each in told["values"]] == [1.0]


@pytest.mark.parametrize(
    "came",
    [{"room": {"session": None, "shows": "story", "people": [{"id": "p1"}]}}, {"devices": [probe(room="kitchen")]}],
)
async def test_what_comes_by_itself_waits_for_its_tick(live: Live, came: dict[str, Any]) -> None:
    """A room that joins makes no storm of frames."""
    loop = asyncio.get_running_loop()
    with live.mailbox(rate=10) as mailbox:
        await frame(mailbox)
        start = loop.time()
        live.apply(Batch(readings=[reading(0.0)]))
        await frame(mailbox)
        live.apply(Batch(**came))
        await frame(mailbox)
        assert loop.time() - start >= 0.09


async def test_a_use_case_that_is_turned_off_is_told_at_once_and_once(live: Live) -> None:
    """Every screen says so; the same again says nothing."""
    with live.mailbox() as mailbox:
        assert (await frame(mailbox))["off"] == []
        live.turn_off({"silo"})
        assert (await frame(mailbox))["off"] == ["silo"]
        live.turn_off({"silo"})
        live.turn_off(())
        assert (await frame(mailbox))["off"] == []


async def test_everything_is_sent_again_every_few_seconds(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a page missed, it has soon."""
    monkeypatch.setattr("hub.live.FULL_EVERY", 0.02)
    with live.mailbox() as mailbox:
        assert [(await frame(mailbox))["type"] for _ in range(3)] == ["full"] * 3


def test_a_removed_device_leaves_the_screen_until_it_speaks_again(live: Live) -> None:
    """Its last values of the same moment do not bring it back."""
    live.apply(Batch(devices=[probe()], readings=[reading(4.0)]))
    live.apply(Batch(devices=[probe(removed=True)], readings=[reading(4.1, time=1)]))
    assert live.device_views() == []
    live.apply(Batch(devices=[probe()], readings=[reading(4.2, time=2)]))
    assert value(live) == 4.2


def test_a_forgotten_device_is_gone(live: Live) -> None:
    """With its channels."""
    live.apply(Batch(readings=[reading(4.0)]))
    live.apply(Batch(forgotten=[PROBE]))
    assert live.device_views() == []
    assert live.channel(PROBE, "temperature") is None
