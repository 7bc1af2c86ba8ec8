"""The report as PDF, made by the real typst and read by a text extractor."""

import io
from typing import Any

import msgspec
import pypdf
import pytest

from hub.workshop.report import paper
from servers.told import NASTY, report


def read(made: bytes) -> pypdf.PdfReader:
    """Return the document."""
    return pypdf.PdfReader(io.BytesIO(made))


def text(document: pypdf.PdfReader) -> str:
    """Return its words, spaces and line ends made alike."""
    return " ".join(" ".join(page.extract_text() for page in document.pages).replace(paper.ANYWHERE, "").split())


def fonts(document: pypdf.PdfReader) -> list[Any]:
    """Return the descriptor of every font of every page."""
    found = []
    for page in document.pages:
        resources: Any = page["/Resources"]
        for font in resources.get("/Font", {}).values():
            inner = font["/DescendantFonts"][0] if "/DescendantFonts" in font else font
            found.append(inner["/FontDescriptor"])
    return found


def test_a_pdf_is_tagged_titled_in_its_language_and_brings_its_fonts() -> None:
    """So that a screen reader reads it, and it looks the same on any machine."""
    document = read(paper.render(report()))
    root: Any = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "fr"
    assert "/StructTreeRoot" in root
    assert document.metadata is not None
    assert document.metadata.title == "Compte rendu – Boulangers de Nantes"
    assert fonts(document)
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(each) for each in fonts(document))


def test_a_text_extractor_reads_all_of_it() -> None:
    """Alarms with their regulation, euros, prices, votes, notes, commands, and what is written in the drawings."""
    said = text(read(paper.render(report())))
    for part in (
        "L’air est à +9 °C.", "Arrêté du 21 décembre 2009", "3 000 € × 0,10 = 300 €/an", "novembre 2026", "1 voix",
        "matinales demo --use-case cold_room --seed 7", "Ce que l’on écrit", "0 h 04",
    ):  # fmt: skip
        assert part in said, part


def test_what_people_typed_is_no_markup() -> None:
    """It comes out as it went in, the long word too."""
    typed = f"{NASTY} {'Rhabarberbarbara' * 20}"
    said = text(read(paper.render(report(typed=typed))))
    assert "<script>alert(1)</script> & #let x = 1; $a_b$ *fat* @ref {{ 7 * 7 }}" in said
    assert "Rhabarberbarbara" * 20 in said.replace(" ", "").replace("-", "")


@pytest.mark.parametrize("typed", ["🥐 Ødegård Łukasz 山田", "\u202e\u0000\u001f", " "])
def test_no_text_can_refuse_it(typed: str) -> None:
    """Not even letters that no font here has."""
    assert paper.render(report(typed=typed)).startswith(b"%PDF-")


def test_a_session_without_a_reading_says_so() -> None:
    """On one page."""
    empty = msgspec.structs.replace(report("en"), stories=(), own=(), votes=(), notes=())
    assert "No reading was recorded in this session" in text(read(paper.render(empty)))
