"""A chart as SVG: what is drawn, and where."""

import re
from xml.etree import ElementTree as ET

import pytest

from hub.model import NS
from hub.workshop.report.curve import LEFT, PLOT, RIGHT, WIDTH, Limit, Line, Mark, Point, draw
from hub.workshop.report.words import Language
from servers.told import NASTY, local

MINUTE, HOUR = 60 * NS, 3600 * NS
SVG = "{http://www.w3.org/2000/svg}"


def made(
    *lines: Line,
    unit: str | None = "°C",
    limits: tuple[Limit, ...] = (),
    marks: tuple[Mark, ...] = (),
    language: Language = "fr",
) -> ET.Element:
    """Return a drawing, read by an XML parser."""
    return ET.fromstring(draw("Titre", lines, unit=unit, language=language, local=local, limits=limits, marks=marks))


def words(drawing: ET.Element) -> list[str]:
    """Return what is written in it."""
    return [" ".join((each.text or "").split()) for each in drawing.iter(f"{SVG}text")]


def pen(drawing: ET.Element, width: str = "1.8") -> str:
    """Return what the pen does for the curve of that width."""
    return next(each.attrib["d"] for each in drawing.iter(f"{SVG}path") if each.get("stroke-width") == width)


def rising(count: int = 5, step: int = MINUTE) -> list[Point]:
    """Return 0, 1, 2 … a minute apart."""
    return [(step * place, float(place)) for place in range(count)]


def test_the_first_and_the_last_value_lie_at_the_edges() -> None:
    """And the lowest and highest, round ones, at bottom and top."""
    ends = re.findall(r"([\d.]+) ([\d.]+)", pen(made(Line("Air", rising()))))
    assert (float(ends[0][0]), float(ends[-1][0])) == (LEFT, WIDTH - RIGHT)
    assert float(ends[0][1]) - float(ends[-1][1]) == pytest.approx(PLOT, abs=0.2)


def test_a_gap_lifts_the_pen_and_a_lonely_value_is_a_dot() -> None:
    """Nothing is drawn where nothing was measured."""
    points = [(0, 1.0), (MINUTE, 2.0), (2 * MINUTE, None), (3 * MINUTE, 3.0), (4 * MINUTE, None), (5 * MINUTE, 1.0)]
    drawn = pen(made(Line("Air", points)))
    assert drawn.count("M") == 3
    assert drawn.count("L") == 1
    assert drawn.count("h.1") == 2


def test_a_contact_is_drawn_in_steps() -> None:
    """It holds until it changes."""
    drawn = pen(made(Line("Porte", [(0, 0.0), (MINUTE, 1.0)], steps=True), unit=None))
    assert re.fullmatch(r"M[\d.]+ [\d.]+H[\d.]+V[\d.]+", drawn)


def test_numbers_and_hours_are_written_as_the_language_does() -> None:
    """Decimal comma and "1 h 00", or point and "01:00"."""
    line = Line("Air", [(0, 0.0), (2 * HOUR, 0.9)])
    assert {"0,5", "1 h 00", "°C"} <= {*words(made(line))}
    assert {"0.5", "01:00", "°C"} <= {*words(made(line, language="en"))}


def test_a_week_is_told_by_its_days() -> None:
    """Hours would all be alike."""
    found = words(made(Line("Air", [(0, 0.0), (7 * 24 * HOUR, 1.0)])))
    assert {"03/01", "05/01"} <= {*found}


def test_a_limit_is_drawn_where_it_does_not_flatten_the_curve() -> None:
    """One that is far off is left to the list of alarms."""
    found = words(made(Line("Air", rising()), limits=(Limit(5.0, "limite +5 °C"), Limit(900.0, "limite +900 °C"))))
    assert "limite +5 °C" in found
    assert "limite +900 °C" not in found


def test_alarms_are_numbered_and_those_outside_left_out() -> None:
    """Each has its triangle; numbers that would lie on one another are told together."""
    marks = (Mark(MINUTE, 11), Mark(MINUTE + NS, 12), Mark(3 * MINUTE, 13), Mark(9 * HOUR, 14))
    drawing = made(Line("Air", rising()), marks=marks)
    triangles = [each for each in drawing.iter(f"{SVG}path") if each.get("fill") == "#b3201a"]
    assert {"11–12", "13"} <= {*words(drawing)}
    assert not {"11", "12", "14"} & {*words(drawing)}
    assert len(triangles) == 3


def test_power_begins_at_zero() -> None:
    """A steady motor is not to look like a wild one."""
    assert "0" in words(made(Line("Puissance", [(0, 990.0), (MINUTE, 1010.0)]), unit="W"))


@pytest.mark.parametrize("points", [[], [(0, None)], [(0, 5.0)], [(0, 5.0), (MINUTE, 5.0)], [(0, -1e9), (NS, 1e9)]])
def test_any_values_can_be_drawn(points: list[Point]) -> None:
    """None at all, one, a flat one, an enormous one."""
    assert made(Line("Air", points)).get("aria-label") == "Titre"


def test_names_are_text_and_long_ones_are_shortened() -> None:
    """A device may be called anything."""
    found = words(made(Line(NASTY[:38], rising()), Line("x" * 200, rising()), Line("y" * 200, rising())))
    assert " ".join(NASTY[:38].split()) in found
    assert "x" * 39 + "…" in found


def test_what_is_written_in_a_corner_has_its_own_line_in_a_phone_s_letters() -> None:
    """The unit above the highest value, the first hour below the lowest: there letters are 19 units high."""
    drawing = made(Line("Air", rising()))
    height = {
        text: float(each.attrib["y"]) for text, each in zip(words(drawing), drawing.iter(f"{SVG}text"), strict=True)
    }
    first_hour = next(text for text in height if " h " in text)
    assert height["4"] - height["°C"] >= 19
    assert height[first_hour] - height["0"] >= 16
    assert height[first_hour] <= float(drawing.attrib["viewBox"].split()[-1]) - 6
