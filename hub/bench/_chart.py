"""A small line chart as SVG, over powers of ten: what grows, and whether its cost grows too. Pure."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 560, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 40, 44
INKS = ("#1f6feb", "#b54708", "#087443", "#7a1fa2")
STEPS = 4
_STYLE = (
    "text{font:12px sans-serif;fill:#667}.title{font-weight:bold}.grid{stroke:#8884}polyline{fill:none;stroke-width:2}"
)


def chart(title: str, unit: str, across: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return a chart of lines whose x runs over powers of ten and whose y begins at 0.

    Args:
        title: above it.
        unit: of y, beside the title.
        across: what x counts.
        lines: name → (x, y), x above 0 and rising; one point at least.
    """
    points = [point for line in lines.values() for point in line]
    first, last = floor(log10(min(x for x, _ in points))), ceil(log10(max(x for x, _ in points)))
    most = _round_up(max(y for _, y in points))

    def place(x: float, y: float) -> tuple[float, float]:
        share = (log10(x) - first) / max(last - first, 1)
        return LEFT + share * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / most * (HEIGHT - TOP - BOTTOM)

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{escape(title)} [{escape(unit)}]</text>',
    ]
    for step in range(STEPS + 1):
        height = place(10**first, most * step / STEPS)[1]
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>')
        drawn.append(f'<text x="{LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{most * step / STEPS:g}</text>')
    for power in range(first, last + 1):
        across_at = place(10**power, 0)[0]
        drawn.append(f'<text x="{across_at:.1f}" y="{HEIGHT - 24}" text-anchor="middle">{10**power:,}</text>')
    drawn.append(f'<text x="{LEFT}" y="{HEIGHT - 6}">{escape(across)}</text>')
    for (name, line), ink in zip(lines.items(), INKS, strict=False):
        places = [place(x, y) for x, y in line]
        drawn.append(f'<polyline stroke="{ink}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{ink}"/>' for x, y in places]
        x, y = places[-1]
        drawn.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" style="fill:{ink}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>", ""])


def _round_up(value: float) -> float:
    """Return the next 1, 2, 4, 6 or 8 times a power of ten: four steps of it are round too."""
    if value <= 0:
        return 1.0
    power = 10 ** floor(log10(value))
    return float(next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value))
