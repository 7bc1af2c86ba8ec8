"""The fake Shelly Plus 1PM: JSON-RPC notifications, partial, and its answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sims.devices import Device, Moment, Packet, View, make
from device_sims.errors import SimulationError
from device_sims.sensing import Lost, Sampled

FIELDS = {
    "power": {"field": "apower", "id": ""},
    "energy": {"field": "aenergy", "id": ""},
    "defrost": {"field": "input", "id": ""},
    "switch": {"field": "output", "id": ""},
    "voltage": {"field": "voltage", "id": ""},
    "chip": {"field": "temperature", "id": ""},
    "rssi": {"field": "rssi", "id": ""},
}
VALUES: dict[str, Sampled] = {
    "power": 1001.5,
    "energy": 1234.5,
    "defrost": 0.0,
    "switch": 1.0,
    "voltage": 231.0,
    "chip": 41.0,
    "rssi": -58.0,
}


def device() -> Device:
    """Return a relay."""
    return make("shelly", "pump-sim", FIELDS)


def view(wrong_by_h: float | None = None, *, on: bool = True, **values: Sampled) -> View:
    """Return the relay on 2026-11-23 at 07:30:00 UTC, a minute after its boot."""
    moment = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, 0, 60, wrong_by_h)
    return View(moment, VALUES | {"switch": float(on)} | values, {"switch": float(on)})


def body(packet: Packet) -> dict[str, Any]:
    """Return a packet's JSON."""
    found: dict[str, Any] = json.loads(packet.payload)
    return found


def test_it_is_born_online_with_a_full_status() -> None:
    """`online` true retained, then NotifyFullStatus with every component."""
    online, full = device().birth(view())
    assert online == ("pump-sim/online", b"true", True)
    assert device().will == ("pump-sim/online", b"false", True)
    assert full.topic == "pump-sim/events/rpc"
    assert body(full)["method"] == "NotifyFullStatus"
    assert body(full)["src"] == "pump-sim"
    assert {"switch:0", "input:0", "sys", "wifi"} <= body(full)["params"].keys()


def test_a_minute_brings_the_meter_and_the_counter() -> None:
    """NotifyStatus with ts in run time, apower, voltage, current, aenergy in Wh and by_minute in mWh."""
    one = device()
    one.report(view(energy=1217.8))
    (packet,) = one.report(view())
    params = body(packet)["params"]
    assert params["ts"] == datetime(2026, 11, 23, 7, 30, tzinfo=UTC).timestamp()
    switch = params["switch:0"]
    assert (switch["apower"], switch["voltage"], switch["current"]) == (1001.5, 231.0, 4.335)
    assert switch["aenergy"]["total"] == 1234.5
    assert switch["aenergy"]["by_minute"][0] == pytest.approx(16_700, abs=0.1)
    assert switch["temperature"] == {"tC": 41.0, "tF": 105.8}
    assert "output" not in switch


@pytest.mark.parametrize(
    ("channel", "component", "keys"),
    [("power", "switch:0", {"id", "apower", "voltage", "current"}), ("defrost", "input:0", {"id", "state"})],
)
def test_a_change_tells_only_what_changed(channel: str, component: str, keys: set[str]) -> None:
    """Partial: the other components are not there."""
    (packet,) = device().changed(view(), frozenset({channel}))
    params = body(packet)["params"]
    assert params.keys() == {"ts", component}
    assert params[component].keys() == keys


def test_a_clock_never_set_counts_seconds_since_boot() -> None:
    """A small `ts`, as before the clock is set."""
    (packet,) = device().report(view(wrong_by_h=0))
    assert body(packet)["params"]["ts"] == 60


def test_a_failed_meter_is_null_with_errors() -> None:
    """As the vendor says a failed probe."""
    (packet,) = device().report(view(power=Lost.UNPLUGGED))
    switch = body(packet)["params"]["switch:0"]
    assert switch["apower"] is None
    assert switch["errors"] == ["power_meter_failure"]
    assert switch["voltage"] == 231.0


def ask(payload: object) -> list[Packet]:
    """Return the answers to a request."""
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return list(device().command(view(), "pump-sim/rpc", raw).packets)


def test_get_status_is_answered_on_the_askers_topic() -> None:
    """`{"id":1,"src":"hub","method":"Shelly.GetStatus"}` → `hub/rpc`."""
    (answer,) = ask({"id": 1, "src": "hub-7", "method": "Shelly.GetStatus"})
    assert answer.topic == "hub-7/rpc"
    assert (body(answer)["id"], body(answer)["src"], body(answer)["dst"]) == (1, "pump-sim", "hub-7")
    assert body(answer)["result"]["switch:0"]["apower"] == 1001.5


def test_switch_set_answers_and_orders_the_actuator() -> None:
    """The report follows when the actuator has obeyed."""
    request = json.dumps({"id": 2, "src": "hub", "method": "Switch.Set", "params": {"id": 0, "on": False}}).encode()
    reply = device().command(view(), "pump-sim/rpc", request)
    assert body(reply.packets[0])["result"] == {"was_on": True}
    assert reply.orders == {"switch": 0.0}
    (report,) = device().changed(view(on=False, power=0.0), frozenset({"switch", "power"}))
    assert body(report)["params"]["switch:0"]["output"] is False


@pytest.mark.parametrize(
    ("request_body", "code"),
    [
        ({"id": 3, "src": "hub", "method": "Switch.Set", "params": {"id": 0, "on": "yes"}}, -103),
        ({"id": 3, "src": "hub", "method": "Switch.Set", "params": {"id": 1, "on": True}}, -103),
        ({"id": 3, "src": "hub", "method": "Shelly.Explode"}, 404),
    ],
)
def test_a_wrong_request_is_answered_with_an_error(request_body: object, code: int) -> None:
    """JSON-RPC error object."""
    (answer,) = ask(request_body)
    assert body(answer)["error"]["code"] == code


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"id":1}',
        b'{"method":1}',
        b'{"id":1,"method":"Shelly.GetStatus"}',
        b'{"id":1,"src":"a/#","method":"Shelly.GetStatus"}',
    ],
)
def test_what_is_no_request_gets_no_answer(payload: bytes) -> None:
    """Broken JSON, no `src`, or one that is no topic."""
    assert ask(payload) == []


# The other models: fields as the vendor documents each component.


def other(model: str, **fields: str) -> Device:
    """Return a device of a model; `fields`: channel → its field."""
    return make(
        "shelly", "a-sim", {name: {"field": field, "id": ""} for name, field in fields.items()}, {"model": model}
    )


def seen(time_s: int = 0, order: dict[str, float] | None = None, **values: Sampled) -> View:
    """Return what it sees, so many seconds after the run's start."""
    moment = Moment(datetime(2026, 11, 23, 7, 30, tzinfo=UTC), UTC, time_s, 60 + time_s)
    return View(moment, values, order or {})


def params(packet: Packet) -> dict[str, Any]:
    """Return the components of a notification."""
    found: dict[str, Any] = body(packet)["params"]
    return {key: each for key, each in found.items() if key != "ts"}


def test_a_pm_minis_notification_has_the_printed_keys_and_types() -> None:
    """wire_formats.md §3, `shellyplugpmg3-…`: apower, current, freq, voltage, and the counter in Wh."""
    printed = {
        "aenergy": {"by_minute": [0, 0, 0], "minute_ts": 1783004880, "total": 1},
        "apower": 27,
        "current": 0.123,
        "freq": 50.01,
        "voltage": 233.3,
    }
    meter = other("pmmini", w="apower", wh="aenergy", v="voltage", hz="freq")
    found = params(meter.report(seen(w=27.0, wh=1.0, v=233.3, hz=50.01))[0])["pm1:0"]
    assert found.keys() - {"id"} == printed.keys()
    assert found["aenergy"].keys() == {"by_minute", "minute_ts", "total"}
    assert (found["aenergy"]["total"], found["apower"], found["freq"], found["voltage"]) == (1, 27, 50.01, 233.3)


def test_a_meter_without_a_counter_of_the_model_adds_its_power_up() -> None:
    """1000 W for an hour are 1000 Wh; a failed meter goes on with what it knew."""
    plug = other("plugs", on="output", w="apower")
    plug.report(seen(0, on=1.0, w=1000.0))
    plug.changed(seen(1800, on=1.0, w=0.0), frozenset({"w"}))
    plug.changed(seen(3600, on=1.0, w=1000.0), frozenset({"w"}))
    (packet,) = plug.report(seen(5400, on=1.0, w=0.0))
    assert params(packet)["switch:0"]["aenergy"]["total"] == pytest.approx(1000.0)


def test_a_relay_without_a_meter_shows_no_power() -> None:
    """Plus 1: the output, the input, the chip."""
    valve = other("plus1", valve="output")
    full = params(valve.birth(seen(valve=1.0))[1])
    assert full["switch:0"] == {"id": 0, "source": "init", "output": True, "temperature": {"tC": 40.0, "tF": 104.0}}
    (moved,) = valve.changed(seen(valve=0.0), frozenset({"valve"}))
    assert params(moved) == {"switch:0": {"id": 0, "output": False, "source": "MQTT"}}


def test_a_relay_that_a_model_moves_is_told_as_it_is() -> None:
    """No order was ever given."""
    relay = other("plugs", on="output", w="apower")
    (packet,) = relay.changed(seen(on=0.0, w=0.0), frozenset({"on", "w"}))
    assert params(packet)["switch:0"]["output"] is False


@pytest.mark.parametrize(
    ("here", "target", "state"),
    [
        (0.0, None, "closed"),
        (100.0, None, "open"),
        (40.0, None, "stopped"),
        (40.0, 90.0, "opening"),
        (40.0, 0.0, "closing"),
    ],
)
def test_a_cover_says_where_it_stands_and_where_it_goes(here: float, target: float | None, state: str) -> None:
    """`state`, `current_pos`, and `target_pos` while it moves."""
    vent = other("cover", vent="current_pos")
    (packet,) = vent.changed(seen(vent=here, order={} if target is None else {"vent": target}), frozenset({"vent"}))
    found = params(packet)["cover:0"]
    assert (found["state"], found["current_pos"], found.get("target_pos")) == (state, here, target)


@pytest.mark.parametrize(
    ("method", "extra", "position"),
    [
        ("Cover.Open", {}, 100.0),
        ("Cover.Close", {}, 0.0),
        ("Cover.Stop", {}, 40.0),
        ("Cover.GoToPosition", {"pos": 25}, 25.0),
        ("Cover.GoToPosition", {"rel": -10}, 30.0),
        ("Cover.GoToPosition", {"rel": 90}, 100.0),
    ],
)
def test_a_cover_obeys_and_answers_null(method: str, extra: dict[str, int], position: float) -> None:
    """As the vendor prints: `"result": null`."""
    request = {"id": 1, "src": "hub", "method": method, "params": {"id": 0, **extra}}
    reply = other("cover", vent="current_pos").command(seen(vent=40.0), "a-sim/rpc", json.dumps(request).encode())
    assert reply.orders == {"vent": position}
    assert body(reply.packets[0])["result"] is None


@pytest.mark.parametrize(
    "extra", [{}, {"pos": 101}, {"pos": True}, {"pos": "half"}, {"rel": -101}, {"pos": 50, "id": 1}]
)
def test_a_cover_refuses_a_position_that_is_none(extra: dict[str, object]) -> None:
    """-103, and nothing moves."""
    request = {"id": 1, "src": "hub", "method": "Cover.GoToPosition", "params": {"id": 0, **extra}}
    reply = other("cover", vent="current_pos").command(seen(vent=40.0), "a-sim/rpc", json.dumps(request).encode())
    assert (body(reply.packets[0])["error"]["code"], reply.orders) == (-103, {})


@pytest.mark.parametrize(
    ("model", "topic", "payload", "orders"),
    [
        ("plus1", "switch:0", b"on", {"it": 1.0}),
        ("plus1", "switch:0", b"toggle", {"it": 0.0}),
        ("plus1", "switch:0", b"open", {}),
        ("plus1", "switch:0", b"\xff", {}),
        ("plus1", "cover:0", b"open", {}),
        ("cover", "cover:0", b"close", {"it": 0.0}),
        ("cover", "cover:0", b"pos,30", {"it": 30.0}),
        ("cover", "cover:0", b"pos,300", {}),
    ],
)
def test_control_topics_are_obeyed_without_an_answer(
    model: str, topic: str, payload: bytes, orders: dict[str, float]
) -> None:
    """`<prefix>/command/switch:0` and `…/cover:0`."""
    device = other(model, it="output" if model == "plus1" else "current_pos")
    reply = device.command(seen(it=1.0), f"a-sim/command/{topic}", payload)
    assert (dict(reply.orders), reply.packets) == (orders, ())


def test_a_component_can_be_asked_alone() -> None:
    """`Switch.GetStatus`, and what it is: `Shelly.GetDeviceInfo`."""
    relay = other("pro1", pump="output")
    asked = [{"id": 1, "src": "hub", "method": method} for method in ("Switch.GetStatus", "Shelly.GetDeviceInfo")]
    status, about = (
        body(relay.command(seen(pump=1.0), "a-sim/rpc", json.dumps(each).encode()).packets[0])["result"]
        for each in asked
    )
    assert status["output"] is True
    assert (about["id"], about["model"], about["gen"]) == ("a-sim", "SPSW-201XE16EU", 2)


@pytest.mark.parametrize("model", ["plugs", "pmmini", "em"])
def test_a_dropped_sample_is_absent_and_a_failed_meter_is_null(model: str) -> None:
    """A lost sample says nothing of the meter."""
    field = "act_power" if model == "em" else "apower"
    device = other(model, w=field, **({"on": "output"} if model == "plugs" else {}))
    (packet,) = device.report(seen(w=Lost.UNPLUGGED, on=1.0))
    failed = next(iter(params(packet).values()))
    assert (failed[field], failed["errors"]) == (None, ["power_meter_failure"])
    dropped = [part for packet in device.report(seen(w=Lost.DROPPED, on=1.0)) for part in params(packet).values()]
    assert not any(field in part for part in dropped)


def test_an_h_and_t_says_a_failed_probe_and_keeps_the_other() -> None:
    """`null` with `errors`."""
    device = other("ht", t="tC", rh="rh", battery="battery")
    found = params(device.report(seen(t=Lost.UNPLUGGED, rh=54.5, battery=88.0))[0])
    assert found["temperature:0"] == {"id": 0, "tC": None, "errors": ["read"]}
    assert found["humidity:0"] == {"id": 0, "rh": 54.5}


@pytest.mark.parametrize(
    ("model", "fields", "reason"),
    [
        ("plus1pm", {"on": "output"}, "needs a channel with field 'apower'"),
        ("plus1", {"on": "output", "w": "apower"}, "has no field 'apower'; it has input, output"),
        ("plus9", {"on": "output"}, "model"),
    ],
)
def test_what_a_model_needs_or_has_not_is_said(model: str, fields: dict[str, str], reason: str) -> None:
    """The author is told which field is missing, or misspelt."""
    with pytest.raises(SimulationError, match=reason):
        other(model, **fields)
