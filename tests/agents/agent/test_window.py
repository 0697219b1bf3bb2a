"""A conversation is cut to a model's window by leaving out old turns and the middle of long results."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.agent.window import SHORTEST_RESULT, cut, fitted, size
from agents.message import Msg


def result(text: str, count: int = 1) -> Msg:
    blocks: Any = [{"type": "tool_result", "id": str(at), "name": "t", "output": text} for at in range(count)]
    return Msg("system", blocks, "system")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 300), max_size=30), st.integers(0, 300), st.integers(1, 400))
def test_the_latest_turns_that_fit_are_kept_whole(lengths: list[int], own: int, room: int) -> None:
    history = [Msg("user", "x" * length, metadata={"turn": f"{at // 3}"}) for at, length in enumerate(lengths)]
    turn = [Msg("user", "y" * own)]
    kept = fitted(history, turn, room)
    assert kept[-1:] == turn
    earlier = kept[:-1]
    assert earlier == history[len(history) - len(earlier) :]
    assert sum(map(size, kept)) <= max(room * 4, own)
    if len(earlier) < len(history):
        left_out = history[len(history) - len(earlier) - 1].metadata["turn"]
        assert not any(msg.metadata["turn"] == left_out for msg in earlier)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9_000), min_size=1, max_size=6), st.integers(1, 4_000))
def test_long_results_are_cut_to_fit_and_short_ones_are_left_alone(lengths: list[int], room: int) -> None:
    turn = [Msg("user", "go"), *(result("z" * length) for length in lengths)]
    kept = fitted([], turn, room)
    assert len(kept) == len(turn)
    assert sum(map(size, kept)) <= max(room * 4, 2 + SHORTEST_RESULT * len(lengths))
    for before, after in zip(turn, kept, strict=True):
        assert size(after) <= size(before)
        assert size(before) > SHORTEST_RESULT or after == before


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=600), st.integers(100, 400))
def test_a_cut_text_keeps_both_ends(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= max(most, 90)
    if len(text) <= most:
        assert short == text
    else:
        assert "characters are left out here" in short


def test_results_of_several_parts_are_cut_too() -> None:
    parts: Any = [{"type": "text", "text": "a" * 9_000}, {"type": "text", "text": "b" * 9_000}]
    msg = Msg("system", [{"type": "tool_result", "id": "1", "name": "t", "output": parts}], "system")
    kept = fitted([], [Msg("user", "go"), msg], 1_000)
    assert size(kept[1]) <= 4_100
