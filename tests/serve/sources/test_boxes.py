from __future__ import annotations

from serve.sources.boxes import Box, line_boxes


def letters(count: int, *, left: float = 0.1, top: float = 0.1, down: bool = False) -> list[Box]:
    """Characters side by side, each 0.01 wide and 0.02 high, or below each other."""
    if down:
        return [(left, top + 0.01 * at, left + 0.02, top + 0.01 * (at + 1)) for at in range(count)]
    return [(left + 0.01 * at, top, left + 0.01 * (at + 1), top + 0.02) for at in range(count)]


def rounded(boxes: list[Box]) -> list[tuple[float, ...]]:
    return [tuple(round(value, 3) for value in box) for box in boxes]


def test_a_line_is_one_box_and_the_next_line_another() -> None:
    found = line_boxes([*letters(10, left=0.5), *letters(5, top=0.13)])
    assert rounded(found) == [(0.5, 0.1, 0.6, 0.12), (0.1, 0.13, 0.15, 0.15)]


def test_a_wide_gap_in_a_line_is_left_out() -> None:
    assert rounded(line_boxes([*letters(3), *letters(3, left=0.5)])) == [(0.1, 0.1, 0.13, 0.12), (0.5, 0.1, 0.53, 0.12)]
    assert len(line_boxes([*letters(3), *letters(3, left=0.15)])) == 1


def test_lines_may_run_down_the_page() -> None:
    assert rounded(line_boxes(letters(8, down=True))) == [(0.1, 0.1, 0.12, 0.18)]


def test_nothing_has_no_boxes() -> None:
    assert line_boxes([]) == []
