"""Which ports are opened, and that a device is known wherever it is plugged."""

import pytest

from hub.errors import ConfigError
from hub.ingest.ports import BAUD, Plugged, Target, Wanted, Watch, names, wanted

UNO = Plugged("/dev/ttyACM0", "2341:0043", "7573530313635", "1-1", "Arduino Uno")
CLONE = Plugged("/dev/ttyUSB0", "1a86:7523", "", "1-2", "USB2.0-Serial")


@pytest.mark.parametrize(
    ("setting", "meant"),
    [
        ("off", None),
        ("", None),
        ("auto", Wanted(auto=True, baud=BAUD, paths={})),
        ("auto@9600", Wanted(auto=True, baud=9600, paths={})),
        ("COM3, /dev/ttyS0@9600", Wanted(auto=False, baud=BAUD, paths={"COM3": BAUD, "/dev/ttyS0": 9600})),
        ("auto,/dev/ttyS0", Wanted(auto=True, baud=BAUD, paths={"/dev/ttyS0": BAUD})),
    ],
)
def test_the_setting_is_read(setting: str, meant: Wanted | None) -> None:
    """As config.py says."""
    assert wanted(setting) == meant


@pytest.mark.parametrize("setting", ["COM3@", "COM3@fast", "@9600", "COM3@0", "COM3@٣٣", "COM3,off"])
def test_a_setting_that_is_none_is_named(setting: str) -> None:
    """With its remedy."""
    with pytest.raises(ConfigError, match="is not auto, off, or a port"):
        wanted(setting)


def test_a_device_keeps_its_name_at_another_path() -> None:
    """`ttyACM0` comes back as `ttyACM1`."""
    watch = Watch(Wanted(auto=True, baud=BAUD, paths={}), lambda _path: False)
    (before,) = watch.targets([UNO])
    after = Plugged("/dev/ttyACM1", UNO.number, UNO.serial, "1-3", UNO.product)
    assert watch.targets([after]) == {before: Target("/dev/ttyACM1", BAUD)}


def test_a_port_that_was_named_is_followed_to_its_next_path() -> None:
    """The name in the setting meant the device behind it."""
    watch = Watch(Wanted(auto=False, baud=BAUD, paths={"/dev/ttyACM0": 9600}), lambda path: path == "/dev/ttyACM0")
    (name,) = watch.targets([UNO, CLONE])
    moved = Plugged("/dev/ttyACM7", UNO.number, UNO.serial, "1-3", UNO.product)
    assert watch.targets([moved]) == {name: Target("/dev/ttyACM7", 9600)}


def test_a_named_port_without_usb_is_opened_where_it_is() -> None:
    """And said to be absent where it is not."""
    there = {"/tmp/A"}
    watch = Watch(Wanted(auto=False, baud=BAUD, paths={"/tmp/A": BAUD}), there.__contains__)
    assert watch.targets([]) == {"a": Target("/tmp/A", BAUD)}
    there.clear()
    assert watch.targets([]) == {"a": None}


@pytest.mark.parametrize("product", ["Sonoff Zigbee 3.0 USB Dongle Plus", "ConBee II", "Z-Wave Stick", "u-blox GNSS"])
def test_radio_sticks_are_left_alone_unless_they_are_named(product: str) -> None:
    """Zigbee2MQTT owns them."""
    stick = Plugged("/dev/ttyUSB3", "10c4:ea60", "0001", "1-4", product)
    assert Watch(Wanted(auto=True, baud=BAUD, paths={}), lambda _path: True).targets([stick]) == {}
    named = Watch(Wanted(auto=False, baud=BAUD, paths={"/dev/ttyUSB3": BAUD}), lambda _path: True)
    assert [*named.targets([stick]).values()] == [Target("/dev/ttyUSB3", BAUD)]


def test_two_boards_of_one_serial_number_are_two() -> None:
    """Many clones are all `0001`; one without any is known by its socket."""
    boards = [Plugged(f"/dev/ttyUSB{n}", "10c4:ea60", "0001", f"1-{n}", "CP2102") for n in range(3)]
    assert len(names(boards)) == 3
    assert [*names([CLONE])] == ["usb2-0-serial-1-2"]


def test_what_a_device_calls_itself_is_never_a_topic_of_its_own() -> None:
    """A USB device is untrusted input."""
    evil = Plugged("/dev/ttyUSB0", "1:2", "../#\x1b[1m", "x", "a/b/+/\n" + "é" * 500)
    (name,) = names([evil])
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(name) < 100


def test_what_is_left_alone_is_listed() -> None:
    """A radio stick beside a board; a board that the setting does not name; never one that is read at its path."""
    stick = Plugged("/dev/ttyUSB3", "10c4:ea60", "0001", "1-4", "ConBee II")
    auto = Watch(Wanted(auto=True, baud=BAUD, paths={}), lambda _path: True)
    assert [*auto.unread([UNO, stick], auto.targets([UNO, stick])).values()] == ["/dev/ttyUSB3"]
    named = Watch(Wanted(auto=False, baud=BAUD, paths={UNO.path: BAUD}), lambda _path: True)
    assert [*named.unread([UNO, CLONE], named.targets([UNO, CLONE])).values()] == [CLONE.path]
