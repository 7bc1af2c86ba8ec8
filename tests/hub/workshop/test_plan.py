"""The floor plan: what may be shown on it, whose it is, and that its picture goes with it."""

import io
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from hub.errors import NotFoundError
from hub.workshop import plan as pure
from hub.workshop import raster
from hub.workshop.desk import Desk
from hub.workshop.plan import MOST, Place, Plan, PlanError
from hub.workshop.planner import Planner, seen
from hub.workshop.session import Moment, Wish
from hub.workshop.store import SessionStore
from servers.bytes_on_disk import on_disk

HERE = Place(0.25, 0.5)


class Room:
    """A desk, a planner and their store."""

    def __init__(self, folder: Path) -> None:
        """Open the store."""
        self.store = SessionStore(folder)
        ids, places, names = iter(range(1, 99)), iter(range(10, 999)), iter(range(1, 99))
        self.desk = Desk(
            self.store,
            mark=lambda _: Moment(next(places), 1),
            today=lambda: date(2026, 11, 27),
            new_id=lambda: f"sitting{next(ids)}",
        )
        self.planner = Planner(self.store, current=self.desk.current, new_id=lambda: f"picture{next(names)}")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Lend one without a session."""
    opened = Room(tmp_path)
    with closing(opened.store):
        yield opened


def image(kind: str = "PNG", size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    """Return a picture."""
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, kind, **more)
    return out.getvalue()


def drawing(inside: str = "", root: str = 'viewBox="0 0 400 300"') -> bytes:
    """Return an SVG."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{inside}</svg>'.encode()


@pytest.mark.parametrize(("x", "y"), [(-0.01, 0.5), (0.5, 1.01), (float("nan"), 0.5), (0.5, float("inf"))])
def test_a_device_hangs_on_the_picture(x: float, y: float) -> None:
    """Its edges included; what lies beside it is said."""
    assert (pure.place(0, 1), pure.place(1 / 3, 0.5)) == (Place(0, 1), Place(0.3333, 0.5))
    with pytest.raises(PlanError, match="fractions"):
        pure.place(x, y)


def test_a_plan_holds_as_many_as_can_be_told_apart() -> None:
    """One that hangs already can still be moved."""
    full = Plan(places={f"d{each}": HERE for each in range(MOST)})
    assert pure.placed(full, "d7", Place(0, 0)).places["d7"] == Place(0, 0)
    with pytest.raises(PlanError, match="take one off"):
        pure.placed(full, "new", HERE)


def test_what_a_picture_is_called_is_one_short_line() -> None:
    """Without what turns the words around it."""
    assert pure.titled("  Atelier\n\u202erez-de-chaussée ") == "Atelier rez-de-chaussée"
    assert len(pure.titled("x" * 500)) == pure.LONGEST_TITLE


def test_a_session_changes_a_plan_of_its_own(room: Room) -> None:
    """The plan of the house is what it begins with, and is as it was when the session is over."""
    room.planner.show(image(), "House")
    room.planner.hang("door", HERE)
    session = room.desk.start(Wish(title="Bakers"))
    assert room.planner.shown().places == {"door": HERE}
    room.planner.hang("door", Place(1, 1))
    room.planner.hang("oven", HERE)
    assert [*room.planner.shown().places] == ["door", "oven"]
    room.desk.archive(session.id)
    assert room.planner.shown().places == {"door": HERE}
    assert room.planner.picture()[0].title == "House"


def test_the_plan_is_there_after_a_restart(tmp_path: Path) -> None:
    """Its picture too."""
    first = Room(tmp_path)
    first.planner.show(image("JPEG"), "")
    before = first.planner.hang("door", HERE), first.planner.picture()
    first.store.close()
    again = Room(tmp_path)
    with closing(again.store):
        assert (again.planner.shown(), again.planner.picture()) == before


def test_a_session_is_erased_with_its_plan_and_picture(room: Room, tmp_path: Path) -> None:
    """No byte of it stays on the disk; the picture of the house, which it showed before, does."""
    room.planner.show(drawing("<text>of-the-house</text>"), "")
    session = room.desk.start(Wish(title="Bakers"))
    room.planner.hang("door", HERE)
    room.planner.show(drawing("<text>of-the-session</text>"), "")
    assert on_disk(tmp_path, b"of-the-session")
    room.desk.erased(room.desk.purge(session.id).id)
    assert not on_disk(tmp_path, b"of-the-session")
    assert b"of-the-house" in room.planner.picture()[1]
    assert room.planner.shown().places == {}


def test_a_picture_that_is_replaced_or_taken_away_is_gone(room: Room) -> None:
    """Devices stay where they hang; browsers ask for the new one by another id."""
    room.planner.hang("door", HERE)
    first = room.planner.show(image(), "").picture
    second = room.planner.show(image("WEBP"), "").picture
    assert first is not None
    assert second is not None
    assert room.store.picture(first.id) is None
    with pytest.raises(NotFoundError):
        room.planner.picture(first.id)
    assert room.planner.picture(second.id)[0].type == "image/webp"
    assert room.planner.draw().places == {"door": HERE}
    assert room.store.picture(second.id) is None


def test_a_forgotten_device_is_on_no_plan(room: Room) -> None:
    """That of the house included, which nobody sees while a session has its own."""
    room.planner.hang("door", HERE)
    room.desk.start(Wish(title="Bakers"))
    room.planner.hang("oven", HERE)
    room.planner.forget({"door", "a door's alias"})
    assert [[*each.places] for each in room.store.plans()] == [[], ["oven"]]
    with pytest.raises(NotFoundError, match="not on the plan"):
        room.planner.take_off("door")


@pytest.mark.parametrize(("kind", "type_"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp")])
def test_a_picture_is_told_by_what_it_holds(kind: str, type_: str) -> None:
    """It is decoded and written anew."""
    data, told, *size = seen(image(kind))
    assert (told, size) == (type_, [40, 30])
    with Image.open(io.BytesIO(data)) as again:
        assert again.format == kind


def test_a_photograph_is_turned_upright_and_keeps_nothing_but_its_pixels() -> None:
    """Not the place where it was taken; nor what somebody hid behind its end."""
    about = Image.Exif()
    about[0x0112], about[0x010E] = 6, "SECRET"  # turned by a quarter; a description
    data, _, width, height = seen(image("JPEG", exif=about) + b"<script>HIDDEN</script>")
    assert (width, height) == (30, 40)
    assert b"SECRET" not in data
    assert b"HIDDEN" not in data


def test_a_large_picture_is_made_as_small_as_a_wall_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too large to be decoded is refused before it is."""
    monkeypatch.setattr(raster, "LARGEST_SIDE", 20)
    assert seen(image())[2:] == (20, 15)
    monkeypatch.setattr(raster, "MOST_PIXELS", 40 * 30 - 1)
    with pytest.raises(PlanError, match="40 × 30 pixels"):
        seen(image())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"MZ a program", id="a program"),
        pytest.param(image()[:60], id="half a PNG"),
        pytest.param(image("JPEG")[:300], id="half a JPEG"),
        pytest.param(image("GIF"), id="a GIF"),
        pytest.param(b"<!doctype html><html><script>1</script></html>", id="a page"),
        pytest.param(b"<svg>", id="a broken SVG"),
        pytest.param(b"<svg/>", id="no SVG's namespace"),
        pytest.param(drawing(root=""), id="no size"),
        pytest.param(drawing(root='viewBox="0 0 400 0"'), id="no height"),
        pytest.param(drawing(root='viewBox="0 0 1e9 1"'), id="a line"),
        pytest.param(drawing("<g>" * 200 + "</g>" * 200), id="too deep"),
        pytest.param(b'<!DOCTYPE svg [<!ENTITY a "aaa">]>' + drawing("&a;"), id="entities"),
    ],
)
def test_what_is_no_picture_is_refused_in_both_languages(data: bytes) -> None:
    """By what it holds, whatever it is called; and what to do."""
    with pytest.raises(PlanError) as error:
        seen(data)
    assert error.value.texts.keys() == {"fr", "en"}
    assert ":" in error.value.texts["fr"]


@pytest.mark.parametrize(
    "evil",
    [
        "<script>EVIL</script>",
        '<rect onload="EVIL"/>',
        '<rect ONCLICK="EVIL"/>',
        '<a href="javascript:EVIL"><rect/></a>',
        '<use href="http://EVIL/x.svg#a"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://EVIL/"/>',
        '<image href="http://EVIL/pixel.png"/>',
        '<image href="data:image/svg+xml;base64,EVIL"/>',
        '<set attributeName="href" to="javascript:EVIL"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="EVIL"/></body></foreignObject>',
        "<style>@import 'http://EVIL/';</style>",
        "<style>rect { fill: url(http://EVIL/) }</style>",
        "<style>rect { fill: \\75rl(//EVIL/) }</style>",
        "<rect style=\"fill:url( '//EVIL/' )\"/>",
        '<rect fill="url(//EVIL#a"/>',
        '<rect filter="url(#EVIL)"/>',
        "<?xml-stylesheet href='http://EVIL/'?>",
        "<!-- EVIL -->",
        '<ev:listener xmlns:ev="http://www.w3.org/2001/xml-events">EVIL</ev:listener>',
        "<g><metadata><script xmlns='http://www.w3.org/1999/xhtml'>EVIL</script></metadata></g>",
    ],
)
def test_an_svg_keeps_only_what_draws(evil: str) -> None:
    """What acts or asks for an address goes; what stands beside it stays."""
    data, kind, *_ = seen(drawing(f'<circle r="3" fill="url(#paint)"/>{evil}<text>Fournil &amp; cour</text>'))
    assert kind == "image/svg+xml"
    assert b"EVIL" not in data
    assert b'<circle r="3" fill="url(#paint)">' in data
    assert b"<text>Fournil &amp; cour</text>" in data


@pytest.mark.parametrize(
    ("root", "box", "size"),
    [
        ('viewBox="0 0 400 300"', "0 0 400 300", (1000, 750)),
        ('width="40cm" height="30cm"', "0 0 1511.81 1133.86", (1512, 1134)),
        ('width="100%" height="100%" viewBox="-5,-5 9000,4500"', "-5 -5 9000 4500", (2560, 1280)),
        ('width="200" height="100" viewBox="0 0 20 20"', "0 0 20 20", (1000, 500)),
    ],
)
def test_an_svg_says_how_large_it_is(root: str, box: str, size: tuple[int, int]) -> None:
    """By its viewBox, or by its width and height; the page leaves so much room."""
    data, _, *told = seen(drawing(root=root))
    assert tuple(told) == size
    assert f'viewBox="{box}" width="{size[0]}" height="{size[1]}"'.encode() in data
