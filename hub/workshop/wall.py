"""What the facilitator imposes on all screens: a picture that stands still, silence, and where the guide is. Pure."""

from msgspec import UNSET, Struct, UnsetType, structs

from hub.errors import UsageError

MOST_STEPS = 1000


class Place(Struct, frozen=True, kw_only=True):
    """Where the show is: the use case told, the step of its guide (from 0), and since when (RFC 3339)."""

    usecase: str
    step: int
    since: str


class Wall(Struct, frozen=True, kw_only=True):
    """What holds for every screen.

    Attributes:
        frozen: since when (RFC 3339) the room's screens show the same picture; None: they live.
        muted: no screen rings.
        guide: where the show is, the same for every facilitator; None: it has not begun.
    """

    frozen: str | None = None
    muted: bool = False
    guide: Place | None = None


class StepWish(Struct, forbid_unknown_fields=True):
    """The step of a use case's guide (from 0) that begins now."""

    usecase: str
    step: int


class WallWish(Struct, forbid_unknown_fields=True):
    """What to change; what is not named stays. `guide` null: the show has not begun."""

    frozen: bool | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    guide: StepWish | UnsetType | None = UNSET


def changed(wall: Wall, wish: WallWish, now: str) -> Wall:
    """Return the wall as it is wished; frozen again, it stays the picture that it was.

    Args:
        wall: as it is.
        wish: what to change.
        now: RFC 3339.

    Raises:
        UsageError: no guide has such a step.
    """
    if wish.frozen is not UNSET:
        wall = structs.replace(wall, frozen=(wall.frozen or now) if wish.frozen else None)
    if wish.muted is not UNSET:
        wall = structs.replace(wall, muted=wish.muted)
    if wish.guide is not UNSET:
        wall = structs.replace(wall, guide=None if wish.guide is None else _begun(wish.guide, now))
    return wall


def _begun(wish: StepWish, now: str) -> Place:
    if not 0 <= wish.step < MOST_STEPS:
        msg = f"step is {wish.step}: a step of the guide is expected, from 0"
        raise UsageError(msg)
    return Place(usecase=wish.usecase, step=wish.step, since=now)
