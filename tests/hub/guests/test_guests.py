"""Drivers of other packages: whatever one does, it is named, and the others go on (hub/guests)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import psutil
import pytest

from hub.driver import Command, Driver, Target
from hub.errors import NotFoundError, UsageError
from hub.guests import house
from hub.guests.__main__ import arguments
from hub.guests.house import STRIKES, Guest, Guests
from hub.guests.protocol import FUNCTIONS, Call, Description, pack
from hub.guests.proxy import drivers
from hub.model import Message
from hub.registry import Contexts, Outcome, Registry, decode_context, encode_context, load_bundled
from servers import packages
from servers.hubs import until

AT = 1_790_000_000_000_000_000
MB = 2**20


class Room:
    """A registry with the two guests in it."""

    def __init__(self, guests: Guests) -> None:
        """Know only the guests."""
        self.guests = guests
        self.registry = Registry(drivers(guests))
        self.contexts = Contexts()

    def say(self, model: str, *payloads: str) -> list[Outcome]:
        """Return what becomes of messages, decoded one by one."""
        return [
            self.registry.decode(Message(f"{model}/a/up", payload.encode(), AT), self.contexts) for payload in payloads
        ]

    def take(self, *said: tuple[str, str]) -> list[Outcome]:
        """Return what becomes of (model, payload), prepared as the hub does with a group of records."""
        messages = [Message(f"{model}/a/up", payload.encode(), AT) for model, payload in said]
        self.registry.prepare(messages, self.contexts)
        return [self.registry.decode(message, self.contexts) for message in messages]


def temperature(outcome: Outcome) -> float | None:
    """Return the temperature that a message gave; None: it was refused."""
    if outcome.decoded is None:
        return None
    return next((sample.value for sample in outcome.decoded.samples if sample.channel == "temperature"), None)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the package, installed for child processes only."""
    monkeypatch.setattr(house, "LOADING", 60.0)  # no slow machine may make a test fail
    folder = packages.write(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return folder


@pytest.fixture
def guests(place: Path) -> Iterator[Guests]:
    """Lend both drivers; the budget is ample: no slow machine may make a test fail."""
    assert place.is_dir()
    lodged = Guests(packages.points(), budget=30.0, memory=300 * MB)
    yield lodged
    lodged.close()


@pytest.fixture
def room(guests: Guests) -> Room:
    """Return a registry with them."""
    return Room(guests)


@pytest.fixture
def hurried(place: Path) -> Iterator[Room]:
    """Lend a room whose budget is over soon."""
    assert place.is_dir()
    lodged = Guests(packages.points(), budget=0.7)
    yield Room(lodged)
    lodged.close()


def test_without_a_package_there_is_no_process() -> None:
    """Who installs no driver pays for none."""
    guests = Guests([])
    assert guests.pid is None
    assert not Registry({**load_bundled(), **drivers(guests)}).has_remote


def test_a_guest_decodes_as_if_it_were_here(room: Room) -> None:
    """Values, units, and what it remembers from message to message, over its own process."""
    outcomes = room.say("acme-one", "21.5", "22", "hello")
    assert [temperature(each) for each in outcomes] == [21.5, 22.0, None]
    assert outcomes[1].driver is not None
    assert outcomes[1].decoded is not None
    done = room.registry.complete(outcomes[1].driver, outcomes[1].decoded)
    assert [(sample.channel, sample.value, unit) for sample, unit, _ in done] == [
        ("temperature", 22.0, "°C"),
        ("count", 1.0, None),
    ]
    assert [each.changed for each in outcomes] == [True, True, False]
    assert room.guests.pid not in {None, os.getpid()}


def test_what_it_remembers_survives_a_restart_of_the_hub(room: Room) -> None:
    """The store keeps bytes; only the guest knows what they mean."""
    room.say("acme-one", "1", "2", "3")
    driver = room.registry.drivers["acme-one"]
    kept = {key: encode_context(value) for key, value in room.contexts.items()}
    room.contexts = {key: decode_context(driver, blob) for key, blob in kept.items()}
    (outcome,) = room.say("acme-one", "4")
    assert outcome.decoded is not None
    assert outcome.decoded.samples[1].value == 3.0


def test_a_batch_says_the_same_as_one_by_one(room: Room) -> None:
    """In the order of each driver, whatever comes between."""
    said = [("acme-one", str(number)) if number % 3 else ("acme-two", str(number)) for number in range(1200)]
    outcomes = room.take(*said)
    assert [temperature(each) for each in outcomes] == [float(payload) for _, payload in said]
    counts = [each.decoded.samples[1].value for each in outcomes if each.decoded is not None]
    alone = {"acme-one": 0, "acme-two": 0}
    for (model, _), count in zip(said, counts, strict=True):
        assert count == alone[model]
        alone[model] += 1


def test_what_was_decoded_ahead_is_forgotten_where_another_message_came_first(room: Room) -> None:
    """A prepared message that nobody wants must not count."""
    messages = [Message("acme-one/a/up", str(number).encode(), AT) for number in range(4)]
    room.registry.prepare(messages, room.contexts)
    outcomes = [room.registry.decode(messages[number], room.contexts) for number in (0, 2, 3)]
    assert [each.decoded.samples[1].value for each in outcomes if each.decoded is not None] == [0, 1, 2]


def test_its_own_refusal_is_no_strike(room: Room) -> None:
    """With its reason, what it would ask for, and what it learnt all the same."""
    (refused, after) = room.say("acme-one", "refuse", "1")
    assert (refused.reason, refused.asks, refused.fault) == ("no temperature", (("acme/ask", b"?"),), False)
    assert after.decoded is not None
    assert after.decoded.samples[1].value == 100.0
    (foreign,) = room.say("acme-one", "foreign")
    assert foreign.reason == "another family's word"
    assert room.guests.named("acme-one").strikes == 0


MISDEEDS = ["raise", "deep", "exit", "leave", "eat"]
RUBBISH = ["none", "a-word", "half", "no-number", "nan", "stranger", "invented", "unpackable", "huge"]


@pytest.mark.parametrize("misdeed", [*MISDEEDS, *RUBBISH])
def test_a_misdeed_costs_its_own_message_and_names_the_driver(room: Room, misdeed: str) -> None:
    """The messages before and after it, and the other driver's, are decoded."""
    outcomes = room.take(("acme-one", "1"), ("acme-one", misdeed), ("acme-two", "2"), ("acme-one", "3"))
    assert [temperature(each) for each in outcomes] == [1.0, None, 2.0, 3.0]
    fault = outcomes[1]
    assert fault.fault
    assert fault.reason is not None
    assert fault.reason.startswith("driver acme-one of package")
    assert fault.reason.endswith(f": strike 1 of {STRIKES}")
    assert [each.strikes for each in room.guests.guests] == [1, 0]


@pytest.mark.parametrize("misdeed", ["block", "spin"])
def test_a_driver_that_blocks_is_killed_and_the_others_go_on(hurried: Room, misdeed: str) -> None:
    """What was decoded before stands; what comes after is decoded by a new process."""
    before = hurried.guests.pid
    outcomes = hurried.take(("acme-one", "1"), ("acme-one", misdeed), ("acme-one", "3"), ("acme-two", "2"))
    assert [temperature(each) for each in outcomes] == [1.0, None, 3.0, 2.0]
    assert "took longer than 0.7 s" in (outcomes[1].reason or "")
    assert hurried.guests.pid != before
    assert before is not None
    assert not psutil.pid_exists(before)


def test_three_strikes_and_it_is_off(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """Its messages say so with the remedy, nobody asks it any more, and the log has it once."""
    gone = list[str]()
    room.guests.changed = lambda guest: gone.append(guest.name)
    outcomes = room.take(*[("acme-one", "raise")] * 5, ("acme-two", "2"))
    assert [temperature(each) for each in outcomes] == [None] * 5 + [2.0]
    assert all(each.fault for each in outcomes[:5])
    reasons = [each.reason or "" for each in outcomes[:5]]
    assert [reason.rpartition(": ")[2] for reason in reasons[:3]] == [f"strike {n} of 3" for n in (1, 2, 3)]
    assert reasons[3] == reasons[4]
    assert "is off: it failed: KeyError" in reasons[3]
    assert reasons[3].endswith("matinales drivers enable acme-one")
    assert gone == ["acme-one"]
    assert caplog.text.count("is off") == 1
    assert [(each.strikes, each.off is None) for each in room.guests.guests] == [(3, False), (0, True)]


def test_three_blocked_seconds_are_all_that_one_costs(hurried: Room) -> None:
    """A hundred messages that would each block for ever: three are waited for."""
    outcomes = hurried.take(*[("acme-one", "block")] * 100, ("acme-two", "2"))
    assert sum("took longer" in (each.reason or "") and "strike" in (each.reason or "") for each in outcomes) == 3
    assert temperature(outcomes[-1]) == 2.0


def test_who_makes_the_process_heavy_has_the_strike(room: Room) -> None:
    """Little by little, while the other one does nothing wrong."""
    for _ in range(8):
        room.say("acme-one", "nibble")
        room.say("acme-two", "1")
    assert room.guests.named("acme-one").strikes >= 1
    assert room.guests.named("acme-two").strikes == 0
    assert temperature(room.say("acme-two", "5")[0]) == 5.0


def test_what_it_prints_disturbs_nobody(room: Room) -> None:
    """Standard output is the hub's; it goes elsewhere."""
    assert [temperature(each) for each in room.say("acme-one", "print", "7")] == [0.0, 7.0]


def test_its_other_functions_are_asked_there_too(room: Room) -> None:
    """Names, what it heard of a device, first words, commands with what it remembers, payload formats."""
    room.say("acme-one", "1", "2")
    driver = room.registry.drivers["acme-one"]
    assert room.registry.named(["acme-one/kitchen/up"]) == "acmeone:kitchen"
    (told,) = room.registry.about(["acmeone:a"], "acme-one/a/up", room.contexts)
    assert told[1].name == "heard 2"
    assert room.registry.believed("acmeone") == 60
    assert driver.ask is not None
    assert driver.ask("acmeone:a", "acme-one/a/up") == [("acme-one/a/ask", b"acmeone:a")]
    assert driver.command is not None
    target = Target(uid="acmeone:a", topic="acme-one/a/up", context=room.contexts["acme-one", ""])
    assert driver.command(target, Command("temperature", 19.0)).messages == (("acme-one/a/up", b"2:19"),)
    assert driver.reads is not None
    assert driver.reads(b"\x15").samples[0].value == 21.0


def test_what_can_be_set_is_asked_with_what_the_driver_remembers() -> None:
    """The device and the context travel; the guests' process puts them together again."""
    homie = load_bundled()["homie"]
    topic, properties = "homie/5/lamp/$description", b'{"on":{"datatype":"boolean","settable":true}}'
    description = b'{"homie":"5.0","version":1,"nodes":{"n":{"properties":%b}}}' % properties
    context = homie.decode(Message(topic, description, AT), homie.empty_context())[1]
    asked = Call("homie", "settable", [pack(Target(uid="homie:lamp", topic=topic)), encode_context(context)])
    assert homie.settable is not None
    assert [each.name for each in homie.settable(*arguments(homie, asked))] == ["on"]


def test_how_often_its_devices_report_is_told_there_too(room: Room) -> None:
    """The period travels with its range and proof; asking and setting know what the driver remembers."""
    room.say("acme-one", "1", "2")
    period = room.registry.drivers["acme-one"].period
    assert period is not None
    assert (period.low, period.high, period.proof.value) == (5, 600, 10)
    target = Target(uid="acmeone:a", topic="acme-one/a/up", context=room.contexts["acme-one", ""])
    assert period.ask(target) == (("acme-one/a/period", b""),)
    assert period.set(target, 30) == (("acme-one/a/period", b"2:30"),)
    room.guests.switch_off("acme-one", "was switched off")
    assert (period.ask(target), period.set(target, 30)) == ((), ())


def test_a_function_that_fails_strikes_and_has_a_plain_answer(room: Room) -> None:
    """No exception reaches who asks for a first word, or for a claim."""
    driver = room.registry.drivers["acme-one"]
    assert driver.claims is not None
    assert driver.claims("acme-one/a/claims")
    assert driver.reads is not None
    with pytest.raises(Exception, match="driver acme-one of package"):
        driver.reads(b"")
    assert room.guests.named("acme-one").strikes == 2


def test_one_that_cannot_be_loaded_is_named_and_the_others_are_there(place: Path) -> None:
    """Missing, broken, no driver, blocking at its import is not the hub's end."""
    (place / "ends.py").write_text("import os\nos._exit(5)\n")
    wrong = [EntryPoint("x", value, "matinales.drivers") for value in ("nowhere:DRIVER", "ends:DRIVER", "os:sep")]
    guests = Guests([*wrong, *packages.points()])
    try:
        assert [each.off is None for each in guests.guests] == [False, False, False, True, True]
        assert ["cannot be loaded" in (each.off or "") for each in guests.guests[:3]] == [True] * 3
        assert "ended its process (code 5)" in (guests.guests[1].off or "")
        assert set(drivers(guests)) == set(packages.MODELS)
        with pytest.raises(UsageError, match="nowhere:DRIVER cannot be loaded"):
            guests.switch_on("nowhere:DRIVER")
    finally:
        guests.close()


def test_a_name_of_the_hubs_own_is_refused(place: Path) -> None:
    """No package takes a bundled driver's place."""
    assert place.is_dir()
    guests = Guests(packages.points(), taken={"acme-one"})
    try:
        assert [each.off is None for each in guests.guests] == [False, True]
        assert set(drivers(guests)) == {"acme-two"}
    finally:
        guests.close()


def test_what_was_off_stays_off_until_it_is_switched_on(place: Path) -> None:
    """The hub remembers over its own end; its topics are still its own, so that its messages are listed."""
    assert place.is_dir()
    guests = Guests(packages.points(), off={"acme-one": "took longer than 1 s"})
    room = Room(guests)
    try:
        (outcome,) = room.say("acme-one", "1")
        assert outcome.fault
        assert "off: it took longer than 1 s" in (outcome.reason or "")
        guest = guests.switch_on("acme-one")
        (held,) = room.say("acme-one", "2")
        assert held.fault
        assert "waits" in (held.reason or "")
        guest.held = False
        assert temperature(room.say("acme-one", "3")[0]) == 3.0
    finally:
        guests.close()


def test_repaired_code_is_read_when_it_is_switched_on(room: Room, place: Path) -> None:
    """No restart of the hub is needed."""
    room.take(*[("acme-one", "raise")] * 3)
    code = (place / f"{packages.MODULE}.py").read_text().replace('lambda: {}["nothing"]', "lambda: None")
    (place / f"{packages.MODULE}.py").write_text(code)
    room.guests.switch_on("acme-one").held = False
    assert [temperature(each) for each in room.say("acme-one", "raise", "2")] == [0.0, 2.0]


def test_a_name_nobody_brings_is_refused(room: Room) -> None:
    """With those there are."""
    with pytest.raises(NotFoundError, match="there are: acme-one, acme-two"):
        room.guests.named("acme-three")


def test_a_process_that_ended_between_two_messages_comes_back(room: Room) -> None:
    """Who was asked last may have done it in the background: that is its strike, and no message is lost."""
    room.say("acme-two", "1")
    room.say("acme-one", "1")
    assert room.guests.pid is not None
    process = psutil.Process(room.guests.pid)
    process.kill()
    process.wait(30)
    assert [temperature(each) for each in room.take(("acme-two", "5"), ("acme-one", "2"))] == [5.0, 2.0]
    assert [each.strikes for each in room.guests.guests] == [1, 0]


def test_it_ends_with_the_hub(room: Room) -> None:
    """Nothing is left behind."""
    pid = room.guests.pid
    room.guests.close()
    assert pid is not None
    assert not psutil.pid_exists(pid)


HUB_THAT_DIES = """
import os, threading, time
from hub.guests.house import Guests
from hub.guests.protocol import FUNCTIONS, Call, Description, pack
from hub.guests.proxy import drivers
from hub.model import Message
from hub.registry import Registry
from servers import packages
guests = Guests(packages.points(), budget=60.0)
said = Message("acme-one/a/up", b"spin", 1)
threading.Thread(target=Registry(drivers(guests)).decode, args=(said, {}), daemon=True).start()
while guests.pid is None:
    time.sleep(0.01)
time.sleep(0.5)
print(guests.pid, flush=True)
os._exit(1)
"""


def test_it_ends_with_a_hub_that_is_killed_whatever_a_driver_is_doing(place: Path) -> None:
    """Its input has ended: nothing is left that turns for ever."""
    assert place.is_dir()
    root = Path(__file__).parents[3]
    there = os.pathsep.join([os.environ["PYTHONPATH"], str(root / "tests"), str(root)])
    line = [sys.executable, "-c", HUB_THAT_DIES]
    environment = {**os.environ, "PYTHONPATH": there}
    died = subprocess.run(line, capture_output=True, text=True, timeout=50, check=False, env=environment)
    assert died.returncode == 1, died.stderr
    until(lambda: not psutil.pid_exists(int(died.stdout)))


def test_a_guest_knows_its_package() -> None:
    """The name that pip knows, to upgrade or remove it."""
    assert Guest("m:D", "acme-drivers 1.2", "acme").package == "acme-drivers 1.2"


def test_every_word_of_the_contract_travels() -> None:
    """A field that drivers get later must not be lost on the way: it is described, asked for, or known to stay here."""
    # asked message by message; bytes; a proof for the kit; what reads bytes in this process
    here = {"decode", "context", "commandings", "alike", "foreign_by_members"}
    said = {*Description.__struct_fields__, *FUNCTIONS} - {"has"}
    assert set(Driver.__struct_fields__) - here == said
