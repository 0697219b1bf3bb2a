"""Plots as inline SVG: lines over a grid, each run in its own colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 340, 220
LEFT, RIGHT, TOP, BOTTOM = 42, 20, 10, 34
MOST_POINTS = 160
SERIES = ("first", "second")

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis runs over, with the values that are marked on it."""

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    shown: Callable[[float], str] = field(default=lambda value: f"{value:g}")


@dataclass(frozen=True, slots=True)
class Line:
    """The points of one run, by rising x; `dots` marks each of them."""

    points: Sequence[Point]
    dots: bool = False


def plot(title: str, x: Axis, y: Axis, lines: Sequence[Line]) -> str:
    """A figure with at most two lines; the plot is described in words for those who cannot see it."""
    drawn = "".join(_line(line, x, y, kind) for line, kind in zip(lines, SERIES, strict=False))
    described = escape(f"{title}: {y.label} over {x.label}")
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{described}">{_grid(x, y)}{drawn}</svg></figure>'
    )


def nice_ticks(high: float, count: int = 4) -> tuple[float, ...]:
    """Round values from 0 to at least `high`, which must be positive."""
    least = high / count
    decade = 10.0 ** math.floor(math.log10(least))
    step = next(decade * factor for factor in (1, 2, 2.5, 5, 10) if decade * factor >= least)
    return tuple(step * number for number in range(count + 1))


def _grid(x: Axis, y: Axis) -> str:
    parts = []
    for value in y.ticks:
        at = _down(value, y)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escape(y.shown(value))}</text>')
    for value in x.ticks:
        at = _across(value, x)
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{escape(x.shown(value))}</text>'
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 3}" text-anchor="middle">{escape(x.label)}</text>')
    return "".join(parts)


def _line(line: Line, x: Axis, y: Axis, kind: str) -> str:
    points = [(_across(px, x), _down(py, y)) for px, py in _thinned(line.points)]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    dots = "".join(f'<circle class="dot {kind}" cx="{px:.1f}" cy="{py:.1f}" r="3.2"/>' for px, py in points)
    return f'<polyline class="line {kind}" points="{path}"/>{dots if line.dots else ""}'


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    step = max(1, len(points) // MOST_POINTS)
    return [*points[:-1:step], points[-1]] if points else []


def _across(value: float, axis: Axis) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * _share(value, axis)


def _down(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(value, axis)


def _share(value: float, axis: Axis) -> float:
    return min(1.0, max(0.0, (value - axis.low) / ((axis.high - axis.low) or 1.0)))
