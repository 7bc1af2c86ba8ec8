"""What the doctor finds."""

from hub.web.shapes.words import Shape


class Finding(Shape):
    """One thing that was looked at; `ok`: null is good to know; `remedy`: what to do, where there is something."""

    id: str
    ok: bool | None
    text: str
    remedy: str | None


class FindingList(Shape):
    """All that was looked at."""

    findings: list[Finding]
