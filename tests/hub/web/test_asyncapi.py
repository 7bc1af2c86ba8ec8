"""`/live` is described, and every frame of the tests of this folder is held to it (`servers.answers`)."""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from hub.live import Batch, Live
from hub.model import Alarm, Device, Run
from hub.web.api import live
from servers.answers import DIALECT, faults_of_frame, sockets
from servers.web import WALL, Client, FakeHub, reading


def test_messages_of_both_directions_are_told_with_their_shapes() -> None:
    """What the hub says, what a viewer may say; each reference leads somewhere."""
    document = sockets()
    assert document["asyncapi"] == "3.0.0"
    messages = document["channels"]["live"]["messages"]
    assert set(messages) == {"full", "delta", "askFull", "rate", "sound"}
    for operation, action in (("show", "send"), ("wish", "receive")):
        assert document["operations"][operation]["action"] == action
        for each in document["operations"][operation]["messages"]:
            assert each["$ref"].rpartition("/")[2] in messages
    schemas = document["components"]["schemas"]
    for each in document["components"]["messages"].values():
        jsonschema_rs.validator_for({"$schema": DIALECT, "components": {"schemas": schemas}, **each["payload"]})


def test_gap_rate_and_full_are_explained() -> None:
    """In the words that a program's author needs."""
    said = sockets()["info"]["description"]
    assert all(word in said for word in ("seq", '{"type": "full"}', "1013", "1008", "0, 1, 2, 4, 10, 20", "?table="))


@pytest.mark.parametrize(
    ("wish", "is_one"),
    [
        ({"type": "full"}, True),
        ({"type": "rate", "hz": 2}, True),
        ({"type": "rate"}, False),
        ({"type": "sound", "page": "/", "sound": "on"}, True),
        ({"type": "sound", "page": "/", "sound": "loud"}, False),
        ({"type": "moon"}, False),
    ],
)
def test_a_viewers_wishes_are_read_as_they_are_described(wish: dict[str, Any], is_one: bool) -> None:  # noqa: FBT001
    """The description refuses what the hub refuses."""
    components = sockets()["components"]
    found = []
    for name in ("askFull", "rate", "sound"):
        schema = {"$schema": DIALECT, "components": components, **components["messages"][name]["payload"]}
        found.append(jsonschema_rs.validator_for(schema).is_valid(wish))
    assert any(found) == is_one
    try:
        live._wish(json.dumps(wish).encode())
    except msgspec.MsgspecError:
        assert not is_one
    else:
        assert is_one


async def test_frames_are_as_they_are_described() -> None:
    """Whole and in part: with devices, a run, an alarm, one that was forgotten."""
    state = Live(wall=lambda: WALL)
    with state.mailbox() as mailbox:
        frames = [await mailbox.take()]
        state.apply(
            Batch(
                devices=[Device(uid="tasmota:a", family="tasmota", name="a", run="r-1", seen=WALL)],
                readings=[reading("tasmota:a", "temperature", 21.5, run="r-1")],
                runs=[Run(id="r-1", scenario="x", seed=1, speed=1.0, state="running", wall=WALL, simulated=WALL)],
                alarms=[
                    Alarm(
                        id="x.y-r-1-1",
                        usecase="x",
                        rule="y",
                        measure="m",
                        device="tasmota:a",
                        run="r-1",
                        priority="high",
                        raised_at=WALL,
                        texts={"fr": "chaud", "en": "warm"},
                    )
                ],
            )
        )
        frames.append(await mailbox.take())
        state.apply(Batch(forgotten=["tasmota:a"], wall={"frozen": None, "muted": True, "guide": None, "coming": None}))
        mailbox.ask_full()
        frames.append(await mailbox.take())
    assert [fault for frame in frames for fault in faults_of_frame(frame)] == []
    assert faults_of_frame(b'{"type": "delta", "seq": 1}')


async def test_the_description_is_served(client: Client, hub: FakeHub) -> None:
    """Beside openapi.json."""
    del hub
    async with client.get("/api/v1/asyncapi.json") as answer:
        assert (await answer.json())["asyncapi"] == "3.0.0"
