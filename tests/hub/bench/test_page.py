"""The page's weight: what a phone loads in a room without internet."""

from hub.bench.page import GATES, STATIC, compressed


def test_the_page_stays_light() -> None:
    """Everything that a first visit loads, as it goes over the wire."""
    assert (STATIC / "index.html").exists(), "the page is not built: python web/build_page.py"
    limit = GATES["page_kb"][1] * 1024
    assert 20_000 < compressed() <= limit
