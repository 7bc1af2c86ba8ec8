"""OwnTracks: a phone's place and speed, and what is never read of it."""

import json
from typing import Any

import pytest

from hub.model import Availability, Kind
from servers.decoding import full, refusal, understood, values

HERE = "owntracks/van7/phone"
PLACE = {"_type": "location", "lat": 47.4784, "lon": -0.5632, "tst": 1_753_430_400}


def located(**more: Any) -> str:  # noqa: ANN401 — any JSON
    """Return a location with more keys."""
    return json.dumps(PLACE | more)


def test_a_location() -> None:
    """In km/h, hPa (sent in kPa), m and %, at `tst`."""
    said = understood(HERE, located(acc=12, batt=81, vel=42, p=100.9, created_at=1_753_430_460))
    assert said.device == "owntracks:van7/phone"
    assert {sample.measured for sample in said.samples} == {1_753_430_400 * 10**9}
    assert full(HERE, located(acc=12, batt=81, vel=42, p=100.9)) == {
        "latitude": (47.4784, "°", "good"),
        "longitude": (-0.5632, "°", "good"),
        "speed": (42, "km/h", "good"),
        "pressure": (1009, "hPa", "good"),
        "accuracy": (12, "m", "good"),
        "battery": (81, "%", "good"),
    }


def test_what_is_left_out_is_no_reading() -> None:
    """The app leaves zeros out; a zero that is there counts."""
    assert values(HERE, located(vel=0)) == {"latitude": 47.4784, "longitude": -0.5632, "speed": 0}


def test_wifi_names_are_not_kept() -> None:
    """Neither in a reading nor in a reason."""
    said = understood(HERE, located(SSID="home", BSSID="b0:f2:08:45:94:33", vel="fast"))
    assert "home" not in repr(said)
    assert "b0:f2" not in repr(said)
    assert "vel" in said.rejected


@pytest.mark.parametrize("key", ["lat", "lon", "tst"])
@pytest.mark.parametrize("value", [None, "", "north", True, [1]])
def test_place_and_time_are_required(key: str, value: object) -> None:
    """Without one there is no location."""
    assert f"{key}: " in refusal(HERE, located(**{key: value}))
    assert f"{key}: missing" in refusal(HERE, json.dumps({k: v for k, v in PLACE.items() if k != key}))


def test_a_place_out_of_the_world_is_marked() -> None:
    """Kept, uncertain."""
    assert full(HERE, located(lat=91))["latitude"] == (91, "°", "uncertain")


def test_a_clock_that_counts_from_boot() -> None:
    """The values stand, at their arrival."""
    assert {sample.measured for sample in understood(HERE, located(tst=77)).samples} == {None}


def test_the_last_will_lies_on_the_same_topic() -> None:
    """The phone is offline."""
    said = understood(HERE, '{"_type":"lwt","tst":1753430400}')
    assert (said.kind, said.availability, said.samples) == (Kind.AVAILABILITY, Availability.OFFLINE, ())


def test_a_transition_is_an_event() -> None:
    """No number is invented for it, and its place is no reading."""
    body = {"_type": "transition", "event": "leave", "desc": "Dépôt", "tst": 1_753_430_400, "lat": 1, "lon": 2}
    said = understood(f"{HERE}/event", json.dumps(body))
    assert said.samples == ()
    ((event),) = said.events
    assert (event.name, event.value, event.measured) == ("transition", "leave Dépôt", 1_753_430_400 * 10**9)


@pytest.mark.parametrize(
    ("tail", "kind"), [("waypoint", "waypoint"), ("waypoints", "waypoints"), ("status", "status"), ("info", "card")]
)
def test_housekeeping(tail: str, kind: str) -> None:
    """Waypoints, status and the card are understood; the device is the same."""
    said = understood(f"{HERE}/{tail}", json.dumps({"_type": kind, "lat": 1, "lon": 2, "tst": 3}))
    assert (said.kind, said.device, said.samples) == (Kind.HOUSEKEEPING, "owntracks:van7/phone", ())


def test_a_command_seen_passing() -> None:
    """Whatever it holds."""
    assert understood(f"{HERE}/cmd", b"\xff").kind is Kind.COMMAND


def test_the_http_mode_says_its_topic_inside() -> None:
    """It counts only where the outer topic names no device."""
    assert understood("owntracks/http", located(topic="owntracks/van 7/phone")).device == "owntracks:van 7/phone"
    assert understood(HERE, located(topic="owntracks/other/one")).device == "owntracks:van7/phone"


@pytest.mark.parametrize(
    ("topic", "payload", "because"),
    [
        (HERE, '{"_type":"encrypted","data":"x"}', "encrypted"),
        (HERE, '{"_type":"Location"}', "'Location': no message of OwnTracks"),
        (HERE, '{"_type":["location"]}', "_type is a list"),
        (HERE, "[]", "a JSON object is due"),
        (HERE, "", "empty payload"),
        ("owntracks/van7", located(), "no device named"),
        ("owntracks//phone", located(), "no device named"),
        ("owntracks/van7/ /cmd", "x", "no device named"),
    ],
)
def test_refusals(topic: str, payload: str, because: str) -> None:
    """In plain words."""
    assert because in refusal(topic, payload)
