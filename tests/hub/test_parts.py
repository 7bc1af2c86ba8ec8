"""How the serial ports are told as a part of the hub."""

import pytest

from hub.app import _serial
from hub.ingest.link import SerialPort


def test_ports_that_work_are_listed() -> None:
    """A healthy part, with what a page shows of each."""
    part = _serial([SerialPort("uno", "/dev/ttyACM0", "open", lines=3)])
    assert (part["status"], part["text"]) == ("ok", None)
    assert part["ports"][0]["lines"] == 3


@pytest.mark.parametrize("state", ["busy", "denied", "lost", "absent", "failed"])
def test_a_port_that_does_not_work_names_itself_and_the_remedy(state: str) -> None:
    """In both languages."""
    part = _serial([SerialPort("uno", "/dev/ttyACM0", "open"), SerialPort("esp", "/dev/ttyUSB0", state, "why")])
    assert part["status"] == "degraded"
    assert part["reason"] == "esp (/dev/ttyUSB0): why"
    assert all(part[member][lang] for member in ("text", "remedy") for lang in ("fr", "en"))
