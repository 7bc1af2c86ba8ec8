"""`GET /messages/groups`: what nobody understood, together with why and what to do."""

from hub.model import Heard
from servers.web import WALL, Client, FakeHub, Serve

PLACE = "/api/v1/messages/groups"


def refused(topic: str, reason: str, payload: bytes, driver: str, position: int) -> Heard:
    """Return a refused message."""
    return Heard(
        position=position, topic=topic, received=WALL, understood=False, driver=driver, reason=reason, payload=payload
    )


async def test_a_group_says_what_was_expected_and_what_to_do(hub: FakeHub, client: Client) -> None:
    """In both languages; the newest message is there to be saved as a capture."""
    said = "a JSON object is due here, not 21.5"
    hub.heard = [
        refused("zigbee2mqtt/kitchen/temperature", said, b"21.5", "zigbee2mqtt", 1),
        refused("zigbee2mqtt/bath/temperature", said, b"19", "zigbee2mqtt", 2),
    ]
    async with client.get(PLACE) as answer:
        body = await answer.json()
    (group,) = body["groups"]
    assert (group["topic"], group["topics"], group["count"]) == ("zigbee2mqtt/+/temperature", 2, 2)
    assert (group["driver"], group["family"]["model"], group["family"]["title"]["fr"]) == (
        "zigbee2mqtt",
        "zigbee2mqtt",
        "Zigbee2MQTT",
    )
    assert group["reasons"] == {"en": said, "fr": "un objet JSON est attendu ici, pas 21.5"}
    assert "doit publier du JSON" in group["remedy"]["fr"]
    assert group["newest"] == {"position": 2, "topic": "zigbee2mqtt/bath/temperature", "payload": "19"}
    assert (body["count"], body["found"]) == (1, 1)


async def test_it_is_searched_and_limited(hub: FakeHub, client: Client) -> None:
    """How many there are in all, and how many were found, is said."""
    hub.heard = [refused(f"{letter}", f"odd {letter}", b"x", "generic", place) for place, letter in enumerate("abc", 1)]
    async with client.get(PLACE, params={"search": "odd", "limit": "2"}) as answer:
        body = await answer.json()
    assert ([each["topic"] for each in body["groups"]], body["count"], body["found"]) == (["c", "b"], 3, 3)
    async with client.get(PLACE, params={"search": "nothing of it"}) as answer:
        body = await answer.json()
    assert (body["groups"], body["count"], body["found"]) == ([], 3, 0)


async def test_raw_messages_are_the_facilitators(hub: FakeHub, serve: Serve) -> None:
    """Whoever only watches gets 403."""
    outside: Client = await serve(hub, demo=False)
    async with outside.get(PLACE) as answer:
        assert answer.status == 403
