"""When alarms are a flood, and what is said of it (hub/rules/flood.py)."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.model import NS, Alarm
from hub.rules.flood import BEGINS, ENDS, WINDOW, Cause, Flood, flood, grouped
from hub.rules.wording import Text
from hub.store.alarms import AlarmStore, Asked
from hub.store.file import StoreFile

MINUTE = 60 * NS


def alarm(number: int, at: int, device: str = "acme:a", **more: object) -> Alarm:
    """Return an alarm raised at a time [ns]."""
    plain = Alarm(
        id=f"a{number}",
        usecase="cold_room",
        rule=f"r{number}",
        measure="air",
        device=device,
        run="real",
        priority="medium",
        raised_at=at,
        texts={"fr": f"Alarme {number}.", "en": f"Alarm {number}."},
    )
    return replace(plain, **more)


def row(count: int, step: int = 10 * NS, **more: object) -> list[Alarm]:
    """Return alarms one after another, `step` [ns] apart, from time 0 on."""
    return [alarm(number, number * step, **more) for number in range(count)]  # type: ignore[arg-type]


def seen(alarms: Sequence[Alarm], now: int = 5 * MINUTE, *, silent: bool = False, away: bool = False) -> Flood | None:
    """Return the flood at `now`; whether all alarms are of silence."""
    return flood(alarms, now, is_silence=lambda _: silent, is_broker_away=away)


def test_ten_alarms_in_ten_minutes_are_no_flood_eleven_are() -> None:
    """It began with the eleventh, and all eleven belong to it."""
    assert seen(row(10)) is None
    found = seen(row(11))
    assert found is not None
    assert (found.since, len(found.alarms), found.alarms[0].id) == (100 * NS, 11, "a0")


def test_eleven_alarms_in_an_hour_are_no_flood() -> None:
    """An operator takes one every six minutes."""
    assert seen(row(11, 6 * MINUTE), 70 * MINUTE) is None


def test_a_flood_ends_when_fewer_than_five_are_left_of_ten_minutes() -> None:
    """Not before: it would come and go."""
    alarms = row(11)
    sixth = alarms[6].raised_at + WINDOW
    assert seen(alarms, sixth - 1) is not None
    assert seen(alarms, sixth) is None


def test_alarms_after_a_flood_are_alone_again() -> None:
    """The next flood begins anew."""
    later = [alarm(100 + number, 60 * MINUTE + number * NS) for number in range(11)]
    assert seen([*row(11), *later[:10]], 61 * MINUTE) is None
    found = seen([*row(11), *later], 61 * MINUTE)
    assert found is not None
    assert found.alarms == tuple(later)


def test_what_rings_nobody_makes_no_flood() -> None:
    """Back-fill, and what was set aside."""
    assert seen(row(30, past=True)) is None
    assert seen(row(30, shelved_until=60 * MINUTE)) is None


def test_the_worst_alarm_that_nobody_acknowledged_is_its_priority() -> None:
    """A siren goes quiet when the last one that rings was seen."""
    alarms = [*row(11), alarm(11, 200 * NS, priority="critical")]
    found = seen(alarms)
    assert found is not None
    assert found.priority == "critical"
    acknowledged = replace(alarms[-1], acknowledged_at=201 * NS)
    found = seen([*alarms[:-1], acknowledged])
    assert found is not None
    assert found.priority == "medium"


@pytest.mark.parametrize(
    ("alarms", "options", "cause", "of"),
    [
        (row(11), {"silent": True, "away": True}, Cause.BROKER, None),
        (row(11), {"silent": False, "away": True}, Cause.DEVICE, "acme:a"),
        (row(11), {"silent": True}, Cause.SILENT_DEVICE, "acme:a"),
        ([*row(8), *[alarm(20 + n, 90 * NS, f"acme:{n}") for n in range(5)]], {}, Cause.DEVICE, "acme:a"),
        ([alarm(n, n, f"acme:{n}") for n in range(11)], {"silent": True}, Cause.SILENCE, None),
        ([alarm(n, n, f"acme:{n}") for n in range(11)], {}, Cause.USECASE, "cold_room"),
        ([alarm(n, n, f"acme:{n}", usecase=f"u{n}") for n in range(11)], {}, Cause.SEVERAL, None),
    ],
)
def test_alarms_are_grouped_by_what_most_have_in_common(
    alarms: list[Alarm], options: dict[str, bool], cause: Cause, of: str | None
) -> None:
    """The broker, a device that is silent or speaks nonsense, the network, one use case."""
    found = seen(alarms, **options)
    assert found is not None
    assert (found.cause, found.of) == (cause, of)


def test_a_flood_is_one_sentence_in_both_languages() -> None:
    """How many, the first in its own words, the cause by its name."""
    found = seen(row(12), silent=True)
    assert found is not None
    sentence = found.sentence(lambda _: Text("sonde", "probe"))
    assert sentence.code == "silent_device"
    assert sentence.params == {"count": 12, "first": "a0", "of": "acme:a"}
    assert sentence.text.fr == (
        "12 alarmes à la suite, la première\u00a0: «\u202fAlarme 0.\u202f» Cause\u00a0: l’appareil sonde ne parle plus."
    )
    assert sentence.text.en == "12 alarms in a row, the first: “Alarm 0.” Cause: device probe is silent."


# --- against what is obvious

COURSES = st.lists(st.integers(0, 60), max_size=30).map(
    lambda gaps: [alarm(n, sum(gaps[: n + 1]) * NS) for n in range(len(gaps))]
)


def obvious(alarms: Sequence[Alarm], now: int) -> list[str]:
    """Return the ids of the flood at `now`, looking at every second."""
    group: list[str] = []
    for second in range(now // NS + 1):
        lately = [each.id for each in alarms if second * NS - WINDOW < each.raised_at <= second * NS]
        before = [each.id for each in alarms if second * NS - WINDOW < each.raised_at < second * NS]
        if group and len(before) < ENDS:
            group = []
        if group:
            group += [each for each in lately if each not in group]
        elif len(lately) > BEGINS:
            group = lately
        if len(lately) < ENDS:
            group = []
    return group


@settings(max_examples=30, deadline=None)
@given(COURSES, st.integers(0, 700))
def test_a_flood_is_what_somebody_with_a_watch_would_count(alarms: list[Alarm], later: int) -> None:
    """Second by second."""
    now = (alarms[-1].raised_at if alarms else 0) + later * NS
    assert [each.id for each in grouped(alarms, now)[1]] == obvious(alarms, now)


@settings(max_examples=10, deadline=None)
@given(COURSES)
def test_nothing_is_lost(alarms: list[Alarm]) -> None:
    """Whatever is grouped: each alarm is in the journal, and was shown by itself or in a group when it was raised."""
    with TemporaryDirectory() as folder, closing(StoreFile(Path(folder) / "store.db")) as file:
        journal = AlarmStore(file.db)
        for count, each in enumerate(alarms, 1):
            journal.put([each])
            found = seen(alarms[:count], each.raised_at)
            shown = [each] if found is None else found.alarms
            assert each in shown
        assert journal.find(Asked()).alarms == sorted(alarms, key=lambda one: (-one.raised_at, -int(one.id[1:])))
        assert all(len(journal.transitions(each)) == 1 for each in alarms)
