"""What the hub needs in InfluxDB, looked at and made at start: three buckets, and a task that thins them out.

What is there already is left as it is, its retention included: whoever runs InfluxDB decides.
"""

from typing import Any

from msgspec import Struct

from hub.errors import StoreError
from hub.store.influx_client import BUSY, Answer, Client, Place, RefusedError
from hub.store.influx_thinning import task, task_name

DAY = 86_400
FOR_EVER = 0
SIMULATED_DAYS = 30
"""Simulated runs go after so many days (design.md §5)."""


class SetupError(StoreError):
    """InfluxDB is not as the hub needs it.

    Attributes:
        code: of the sentence and remedy in parts.toml and doctor.toml.
        reason: what InfluxDB said.
    """

    def __init__(self, code: str, text: str, reason: str = "") -> None:
        """Keep code and reason beside the message."""
        super().__init__(text)
        self.code = code
        self.reason = reason


class State(Struct, frozen=True):
    """What was found.

    Attributes:
        missing: buckets that are not there (never after `prepare`).
        task: why the down-sampling task could not be made; None: it is there.
    """

    missing: tuple[str, ...] = ()
    task: str | None = None


def look(client: Client) -> State:
    """See whether address, organization, token and buckets are right; changes nothing.

    Raises:
        SetupError: naming what is wrong and the remedy.
    """
    return State(missing=tuple(name for name in _wanted(client.place) if not _has_bucket(client, name)))


def prepare(client: Client) -> State:
    """Make what is missing.

    Raises:
        SetupError: it cannot be made, or the address, organization or token is wrong.
    """
    place = client.place
    for name in look(client).missing:
        rules = [{"type": "expire", "everySeconds": _wanted(place)[name]}]
        body = {"orgID": _org(client), "name": name, "retentionRules": rules}
        try:
            client.request("POST", "/api/v2/buckets", body)
        except RefusedError as error:
            if _has_bucket(client, name):
                continue  # another worker was faster
            raise _trouble(place, error.answer, bucket=name) from error
    try:
        _ensure_task(client)
    except RefusedError as error:
        return State(task=error.answer.reason)
    return State()


def _wanted(place: Place) -> dict[str, int]:
    """Return bucket → seconds that its points are kept."""
    return {place.bucket: FOR_EVER, place.simulated: SIMULATED_DAYS * DAY, place.coarse: FOR_EVER}


def _has_bucket(client: Client, name: str) -> bool:
    place = client.place
    try:
        found = client.request("GET", "/api/v2/buckets", name=name, org=place.org)
    except RefusedError as error:
        if error.answer.status == 404 and "organization" not in error.answer.reason:  # noqa: PLR2004 — HTTP: not found
            return False
        raise _trouble(place, error.answer) from error
    return any(each["name"] == name for each in found["buckets"])


def _org(client: Client) -> str:
    place = client.place
    try:
        found = client.request("GET", "/api/v2/orgs")["orgs"]
    except RefusedError as error:
        raise _trouble(place, error.answer) from error
    for each in found:
        if place.org in {each["name"], each["id"]}:
            identity: str = each["id"]
            return identity
    raise _trouble(place, Answer(404, f"organization {place.org!r} not found"))


def _trouble(place: Place, answer: Answer, bucket: str | None = None) -> SetupError:
    """Return what is wrong, with the remedy."""
    said = answer.reason
    if answer.status is None:
        text = f"InfluxDB at {place.url} does not answer ({said}); start it, or correct HUB_INFLUX_URL"
        return SetupError("influx_away", text, said)
    if answer.status in BUSY:
        text = f"InfluxDB at {place.url} is overloaded or in trouble ({answer.status}: {said}); see its own log"
        return SetupError("influx_busy", text, said)
    if bucket is not None:
        text = (
            f"InfluxDB at {place.url} has no bucket {bucket!r} and the token may not make one ({said});"
            f" make it (influx bucket create -n {bucket}), or give HUB_INFLUX_TOKEN a token that may"
        )
        return SetupError("influx_bucket", text, said)
    if answer.status in {401, 403}:
        text = (
            f"InfluxDB at {place.url} refuses the token ({said});"
            f" put one that reads and writes {place.bucket!r} in HUB_INFLUX_TOKEN"
        )
        return SetupError("influx_token", text, said)
    if answer.status == 404 and "organization" in said:  # noqa: PLR2004 — HTTP: not found
        text = f"InfluxDB at {place.url} knows no organization {place.org!r}; correct HUB_INFLUX_ORG (influx org list)"
        return SetupError("influx_org", text, said)
    text = f"{place.url} answered {answer.status}: {said}; is HUB_INFLUX_URL the address of an InfluxDB 2?"
    return SetupError("influx_address", text, said)


def _ensure_task(client: Client) -> None:
    place = client.place
    name = task_name(place)
    wanted = task(place)
    found: list[dict[str, Any]] = client.request("GET", "/api/v2/tasks", name=name, org=place.org)["tasks"]
    if not found:
        client.request("POST", "/api/v2/tasks", {"org": place.org, "flux": wanted, "status": "active"})
    elif found[0]["flux"] != wanted:
        client.request("PATCH", f"/api/v2/tasks/{found[0]['id']}", {"flux": wanted})
