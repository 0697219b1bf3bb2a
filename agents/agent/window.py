"""What of a conversation fits into a model's context window."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from agents.agent.calls import TURN
from agents.message.msg import Msg

CHARACTERS_PER_TOKEN = 4
# Pictures are counted as providers charge a middling one.
CHARACTERS_PER_PICTURE = 4_000
SHORTEST_RESULT = 400
LEFT_OUT = "\n[… {count} characters are left out here: ask for less, or for a part …]\n"


def fitted(history: Sequence[Msg], turn: Sequence[Msg], room: int) -> list[Msg]:
    """The latest of `history` and all of `turn`, in at most about `room` tokens.

    Earlier turns are left out whole, the oldest first. Where `turn` alone is too long, the longest tool results in it
    are cut in the middle; nothing else of it is, so it may stay too long.
    """
    letters = room * CHARACTERS_PER_TOKEN
    needed = sum(map(size, turn))
    if needed > letters:
        return _cut_results(turn, letters)
    kept: list[Msg] = []
    for group in reversed(_turns(history)):
        needed += sum(map(size, group))
        if needed > letters:
            break
        kept[:0] = group
    return [*kept, *turn]


def size(msg: Msg) -> int:
    """About how many characters a message takes in a request."""
    if isinstance(msg.content, str):
        return len(msg.content)
    return sum(map(_size, msg.content))


def cut(text: str, most: int) -> str:
    """`text`, without its middle where it has more than `most` characters; says how much is left out."""
    if len(text) <= most:
        return text
    note = LEFT_OUT.format(count=f"{len(text) - most:,}")
    ends = max(0, most - len(note))
    return f"{text[: ends - ends // 3]}{note}{text[len(text) - ends // 3 :]}"


def _size(block: Any) -> int:
    match block["type"]:
        case "text":
            return len(block["text"])
        case "tool_use":
            return len(block["name"]) + len(block.get("raw_input") or str(block["input"]))
        case "tool_result":
            output = block["output"]
            return len(output) if isinstance(output, str) else sum(map(_size, output))
        case "thinking":
            return 0
    return CHARACTERS_PER_PICTURE


def _turns(messages: Iterable[Msg]) -> list[list[Msg]]:
    """The messages, those of one turn together."""
    groups: list[list[Msg]] = []
    last: object = None
    for msg in messages:
        turn = msg.metadata.get(TURN)
        if groups and turn is not None and turn == last:
            groups[-1].append(msg)
        else:
            groups.append([msg])
        last = turn
    return groups


def _cut_results(turn: Sequence[Msg], letters: int) -> list[Msg]:
    """The messages with every tool result at most as long as makes them fit."""
    sizes = [_size(block) for msg in turn for block in msg.get_content_blocks("tool_result")]
    fixed = sum(map(size, turn)) - sum(sizes)
    most = _water_level(sizes, max(letters - fixed, 0))
    return [_with_results(msg, most) for msg in turn]


def _water_level(sizes: Sequence[int], room: int) -> int:
    """The greatest length such that sizes cut to it come to at most `room`."""
    for at, shortest in enumerate(ordered := sorted(sizes)):
        if shortest * (len(ordered) - at) > room:
            return max(SHORTEST_RESULT, room // (len(ordered) - at))
        room -= shortest
    return max(sizes, default=SHORTEST_RESULT)


def _with_results(msg: Msg, most: int) -> Msg:
    if not msg.has_content_blocks("tool_result"):
        return msg
    return replace(msg, content=[_with_output(block, most) for block in msg.get_content_blocks()])


def _with_output(block: Any, most: int) -> Any:
    if block["type"] != "tool_result" or _size(block) <= most:
        return block
    output = block["output"]
    if isinstance(output, str):
        return {**block, "output": cut(output, most)}
    texts = [part for part in output if part["type"] == "text"]
    share = most // max(1, len(texts))
    return {**block, "output": [{**part, "text": cut(part["text"], share)} for part in texts]}
