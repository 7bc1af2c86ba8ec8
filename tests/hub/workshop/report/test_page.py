"""The report as one HTML file: self-contained, and nothing that was typed is markup."""

import re
from html import escape
from html.parser import HTMLParser

import msgspec
import pytest

from hub.workshop.report import page
from servers.told import NASTY, report


class Read(HTMLParser):
    """What a reader sees, and which elements there are."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.said: list[str] = []
        self.elements: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        """Note what is said."""
        self.said.append(data)


def test_what_people_typed_is_read_as_they_typed_it() -> None:
    """In title, place, name, comment, device, vote and note: eight places, none of them markup."""
    found = Read(page.render(report(typed=NASTY)))
    assert "".join(found.said).count(NASTY) >= 9
    assert "script" not in found.elements


def test_it_needs_nothing_else() -> None:
    """No address, no script, no import; only the name space of SVG looks like an address."""
    text = page.render(report())
    assert set(re.findall(r"\w+://[^\"'\s<]+", text)) == {"http://www.w3.org/2000/svg"}
    assert "@import" not in text
    assert "url(" not in text


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_heading_is_in_the_language_chosen(language: str) -> None:
    """And the page says which it is."""
    made = report("fr" if language == "fr" else "en")
    text = page.render(made)
    assert f'<html lang="{language}">' in text
    unused = {code for code, said in made.words.items() if escape(said) not in text and said not in text}
    assert unused == {"no_story", "no_alarm", "todo"}  # of a session without, of a rule without


def test_a_session_without_a_reading_says_so() -> None:
    """Instead of an empty place."""
    text = page.render(msgspec.structs.replace(report(), stories=(), own=(), votes=(), notes=()))
    assert "Aucune mesure" in text
    assert "<svg" not in text


def test_a_part_without_an_alarm_says_so() -> None:
    """Silence would be a doubt."""
    made = report()
    part = msgspec.structs.replace(made.stories[0].parts[0], alarms=())
    story = msgspec.structs.replace(made.stories[0], parts=(part,))
    assert "Aucune alarme." in page.render(msgspec.structs.replace(made, stories=(story,)))


def test_what_was_real_wears_no_colour_of_the_simulation() -> None:
    """A phone's own curve: the frame of what is simulated would belie the word in it."""
    told = report()
    own = tuple(msgspec.structs.replace(each, mark="réel", real=True) for each in told.own)
    assert own
    assert '<span class="mark real">réel</span>' in page.render(msgspec.structs.replace(told, own=own))
    assert "mark real" not in page.render(msgspec.structs.replace(told, own=(), stories=()))


def test_each_command_to_type_is_a_line_of_its_own() -> None:
    """On a phone a long one is broken: its second half is indented, the next command is not."""
    told = report()
    step = msgspec.structs.replace(told.home[0], command="py -m venv .venv\n.venv\\Scripts\\activate")
    text = page.render(msgspec.structs.replace(told, home=(step,)))
    assert "<pre><span>py -m venv .venv</span><span>.venv\\Scripts\\activate</span></pre>" in text
    assert re.search(r"pre span {[^}]*display: block[^}]*text-indent: -", text)
