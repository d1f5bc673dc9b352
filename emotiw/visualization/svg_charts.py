"""Line charts as inline SVG; colours and type come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 12, 46
Span = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One line or cloud of points.

    Attributes:
        name: in the legend.
        points: (x, y); a NaN breaks the line.
        colour: number of its colour in the style sheet.
        style: ``line``, ``dashed``, ``marked`` (a line with its points) or ``points``.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    style: str = "line"


def chart(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_span: Span | None = None,
    y_span: Span | None = None,
    x_ticks: Sequence[float] | None = None,
    has_diagonal: bool = False,
) -> str:
    """Return an SVG of one coordinate system with named axes.

    Args:
        series: what to draw; without any point the chart is empty but for its axes.
        title: what to see in it; read aloud in place of the image.
        x_label: with its unit.
        y_label: with its unit.
        x_span: smallest and largest x; those of the data by default.
        y_span: likewise.
        x_ticks: where the x axis has numbers; at round ones by default.
        has_diagonal: whether to draw where both are equal.
    """
    known = [p for s in series for p in s.points if all(map(math.isfinite, p))]
    x_span = x_span or _span([x for x, _ in known])
    y_span = y_span or _span([y for _, y in known])
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}"><title>{escape(title)}</title>'
    ]
    for tick in x_ticks if x_ticks is not None else ticks(*x_span):
        x = _x(tick, x_span)
        parts.append(
            f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{x}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{tick:g}</text>'
        )
    for tick in ticks(*y_span):
        y = _y(tick, y_span)
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{tick:g}</text>'
        )
    middle_x, middle_y = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="axis" x="{middle_x}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_label)}</text>"
        f'<text class="axis" transform="translate(14 {middle_y}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_label)}</text>'
    )
    if has_diagonal:
        low, high = max(x_span[0], y_span[0]), min(x_span[1], y_span[1])
        parts.append(
            f'<line class="diagonal" x1="{_x(low, x_span)}" y1="{_y(low, y_span)}" '
            f'x2="{_x(high, x_span)}" y2="{_y(high, y_span)}"/>'
        )
    parts += [_drawn(one, x_span, y_span) for one in series]
    parts.append("</svg>")
    return "".join(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers between two others, at most ``most`` of them.

    Examples:
        >>> ticks(0, 1)
        [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        >>> ticks(1, 40)
        [10.0, 20.0, 30.0, 40.0]
    """
    raw = (high - low) / max(most - 1, 1)
    if not raw > 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def _drawn(series: Series, x_span: Span, y_span: Span) -> str:
    places = [
        (_x(x, x_span), _y(y, y_span)) if math.isfinite(x) and math.isfinite(y) else None
        for x, y in series.points
    ]
    dots = "".join(f'<circle cx="{p[0]}" cy="{p[1]}" r="3"/>' for p in places if p)
    path, is_new = "", True
    for place in places:
        if place is not None:
            path += f"{'M' if is_new else 'L'}{place[0]} {place[1]}"
        is_new = place is None
    kind = f"series c{series.colour} {series.style}"
    name = f"<title>{escape(series.name)}</title>"
    if series.style == "points":
        return f'<g class="{kind}">{name}{dots}</g>'
    line = f'<path d="{path}"/>' if path else ""
    return f'<g class="{kind}">{name}{line}{dots if series.style == "marked" else ""}</g>'


def _span(values: Sequence[float]) -> Span:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - room, high + room


def _x(value: float, span: Span) -> float:
    share = (value - span[0]) / (span[1] - span[0])
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, span: Span) -> float:
    share = (value - span[0]) / (span[1] - span[0])
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)
