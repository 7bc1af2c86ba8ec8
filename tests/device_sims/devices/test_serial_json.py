"""The fake board on USB: one JSON object a line."""

from datetime import UTC, datetime

import pytest

from device_sims import devices
from device_sims.devices import Device, Moment, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FIELDS = {axis: {"field": f"a{axis}", "id": ""} for axis in "xyz"}
VALUES: dict[str, Sampled] = {"x": 0.00351, "y": -0.0124, "z": 1.004}


def device(name: str = "sim-shake", **options: object) -> Device:
    """Return a board with an accelerometer."""
    return make("serial_json", name, FIELDS, options)


def view(**values: Sampled) -> View:
    """Return a moment."""
    return View(Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, 0, 60), VALUES | values)


def test_a_line_is_a_json_object() -> None:
    """In g, three digits behind the point, on the topic that the hub gives the port."""
    assert device().report(view()) == [("serial/sim-shake", b'{"ax":0.004,"ay":-0.012,"az":1.004}', False)]
    assert device(decimals=0).report(view()) == [("serial/sim-shake", b'{"ax":0,"ay":0,"az":1}', False)]


def test_a_lost_sample_is_not_in_its_line() -> None:
    """And nothing is printed where nothing was measured."""
    assert device().report(view(x=Lost.DROPPED))[0].payload == b'{"ay":-0.012,"az":1.004}'
    assert device().report(view(x=Lost.DROPPED, y=Lost.DROPPED, z=Lost.UNPLUGGED)) == []


def test_it_is_plugged_into_a_serial_port_and_only_prints() -> None:
    """No birth, no will, nothing retained, nothing obeyed."""
    one = device()
    assert (devices.link("serial_json"), devices.link("tasmota")) == ("serial", "mqtt")
    assert (one.birth(view()), one.will, one.retained, one.commands) == ([], None, (), ())
    assert one.command(view(), "serial/sim-shake", b"x") == ((), {}, None)
    assert one.changed(view(), frozenset({"x"})) == one.report(view())


@pytest.mark.parametrize("name", ["Sim", "sim_shake", "sim:shake", "-sim", "sim--shake", "sim-shake-of-the-machine-1"])
def test_an_id_that_the_hub_would_write_otherwise_is_refused(name: str) -> None:
    """The announced name must be the port's."""
    with pytest.raises(SimulationError, match="serial port's name"):
        device(name)


def test_decimals_are_no_less_than_none() -> None:
    """When the scenario is read."""
    with pytest.raises(SimulationError, match="decimals"):
        device(decimals=-1)
