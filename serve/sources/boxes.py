"""Where words stand on a page: one box for each line of them."""

from __future__ import annotations

from collections.abc import Iterable

Box = tuple[float, float, float, float]
# Shares of a character's size: how far the next one may stand away and how much of it has to overlap.
GAP_ACROSS = 3.0
GAP_DOWN = 0.3
OVERLAP = 0.5


def line_boxes(characters: Iterable[Box]) -> list[Box]:
    """The boxes of characters that follow one another, as one box a line; a gap in a line begins another box.

    Boxes are left, top, right and bottom. Lines may also run from top to bottom, or from right to left.
    """
    lines: list[Box] = []
    last: Box | None = None
    for box in characters:
        if last is not None and _on_one_line(last, box):
            lines[-1] = _around(lines[-1], box)
        else:
            lines.append(box)
        last = box
    return lines


def _on_one_line(one: Box, other: Box) -> bool:
    return _run_on(one, other, 0) or _run_on(one, other, 1)


def _run_on(one: Box, other: Box, axis: int) -> bool:
    """Whether two characters are neighbours along an axis (0 across, 1 down), side by side on the other one."""
    along, beside = (axis, axis + 2), (1 - axis, 3 - axis)
    thickness = min(one[beside[1]] - one[beside[0]], other[beside[1]] - other[beside[0]])
    shared = min(one[beside[1]], other[beside[1]]) - max(one[beside[0]], other[beside[0]])
    if shared < OVERLAP * thickness:
        return False
    gap = max(one[along[0]], other[along[0]]) - min(one[along[1]], other[along[1]])
    # A word may be followed by a wide space; down a page, what stands apart is the next line.
    return gap < (GAP_DOWN if axis else GAP_ACROSS) * thickness


def _around(one: Box, other: Box) -> Box:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
