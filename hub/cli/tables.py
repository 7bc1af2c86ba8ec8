"""`matinales tables`: how the room's tables stand, and which of them have a simulator of their own."""

from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from hub.cli._house import opened
from hub.cli._place import HERE, Place, listed, printed
from hub.errors import UsageError

TITLES = ("table", "state", "story", "value", "alarm", "worth")
Chosen = Annotated[tuple[int, ...], Parameter(name="--table", negative="", consume_multiple=False)]


def command(
    count: int | None = None,
    *,
    table: Chosen = (),
    may_act: Annotated[bool | None, Parameter(negative="--may-not-act")] = None,
    place: Place = HERE,
) -> int:
    """List the room's tables, or give tables 1 to COUNT a simulator of their own (0: none any more).

    Args:
        count: so many tables; without it, nothing is changed.
        table: in place of a count, the number of a table, once for each.
        may_act: whether who sits at a table may switch its faults and change its hypotheses.
        place: whose hub, and how to answer.
    """
    wish = _wish(count, table, may_act=may_act)
    with opened(place.folder) as house:
        found = house.ask("PUT", "/tables", wish) if wish else house.ask("GET", "/tables")
    if place.json:
        printed(found)
        return 0
    listed(TITLES, (_line(each) for each in found["tables"]))
    words = "may act on their own simulator" if found["may_act"] else "may look and not act"
    Console().print(f"Those who sit at a table {words}.")
    return 0


def _wish(count: int | None, table: tuple[int, ...], *, may_act: bool | None) -> dict[str, Any]:
    if count is not None and table:
        msg = "COUNT and --table say the same: give one of them"
        raise UsageError(msg)
    wish: dict[str, Any] = {} if count is None else {"count": count}
    if table:
        wish["tables"] = [*table]
    return wish if may_act is None else wish | {"may_act": may_act}


def _line(each: dict[str, Any]) -> list[str]:
    value, alarm, worth = each["value"], each["alarm"], each["worth"]
    shown = "" if value is None or value["value"] is None else f"{value['value']:.{value['decimals']}f}"
    unit = "" if value is None or not shown else f" {value['unit'] or ''}".rstrip()
    return [
        str(each["table"]),
        each["state"],
        each["usecase"] or "",
        shown + unit,
        "" if alarm is None else f"{alarm['state']}: {alarm['texts']['en']}",
        "" if worth is None else f"{worth['value']:.0f} {worth['unit']['en']}",
    ]
