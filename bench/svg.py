"""Horizontal bars as SVG, by plain string building. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LEFT, BAR, RIGHT = 190, 430, 150
ROW, TOP, BOTTOM = 28, 46, 30
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-weight: 600; font-size: 15px; }
.note { fill: #57606a; font-size: 11px; }
.bar { fill: #8c959f; }
.ours { fill: #0969da; }
.spread { stroke: #24292f; stroke-width: 1.5; }
.axis { stroke: #d0d7de; }
.target { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #8d96a0; }
  .bar { fill: #6e7681; }
  .ours { fill: #2f81f7; }
  .spread { stroke: #e6edf3; }
  .axis { stroke: #30363d; }
}
"""


@dataclass(frozen=True)
class Bar:
    """`ours` bars stand out. `low` and `high` are drawn as a whisker."""

    label: str
    value: float
    low: float
    high: float
    ours: bool = False


def bars(title: str, unit: str, rows: Sequence[Bar], *, cap: float | None = None, target: float | None = None) -> str:
    """Bars beyond `cap` end there and say so; `target` is a dashed line."""
    scale = max([row.high for row in rows] + [target or 0.0, 1e-9])
    if cap is not None and cap < scale:
        scale = max(cap, 1e-9)
    width, height = LEFT + BAR + RIGHT, TOP + ROW * len(rows) + BOTTOM
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="10" y="24">{escape(title)}</text>',
        f'<line class="axis" x1="{LEFT}" y1="{TOP - 6}" x2="{LEFT}" y2="{height - BOTTOM + 2}"/>',
    ]
    for index, row in enumerate(rows):
        parts += _row(row, TOP + ROW * index, scale, unit)
    if target is not None and target <= scale:
        x = LEFT + BAR * target / scale
        parts.append(f'<line class="target" x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - BOTTOM + 2}"/>')
    note = "shorter is better; the whisker spans all rounds" + ("; dashed: the aim" if target is not None else "")
    parts.append(f'<text class="note" x="{LEFT}" y="{height - 10}">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Bar, y: int, scale: float, unit: str) -> list[str]:
    capped = row.value > scale
    length = BAR * min(row.value / scale, 1.0)
    text = f"{number(row.value)} {unit}" + (" (off the scale)" if capped else "")
    middle = y + ROW / 2
    end = LEFT + length
    kind = "ours" if row.ours else "bar"
    parts = [
        f'<text x="{LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(row.label)}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" rx="2"/>',
    ]
    if row.high > row.low and not capped:
        low, high = (LEFT + BAR * min(edge / scale, 1.0) for edge in (row.low, row.high))
        end = max(end, high)
        parts.append(f'<line class="spread" x1="{low:.1f}" y1="{middle:.1f}" x2="{high:.1f}" y2="{middle:.1f}"/>')
    return [*parts, f'<text x="{end + 8:.1f}" y="{middle + 4:.1f}">{escape(text)}</text>']


def number(value: float) -> str:
    """Three digits that count, thousands grouped."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
