"""The tool calls of one round: run side by side, each with a result whatever happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from agents.access import mark
from agents.agent.calls import KEPT, Turn
from agents.agent.window import cut
from agents.message.blocks import TextBlock, ToolUseBlock
from agents.message.msg import Msg
from agents.tool.response import INTERRUPTED, ToolResponse, as_response

Run = Callable[[ToolUseBlock], Awaitable[Any]]

# So often may one call give the same result before the model is told, and before the round of calls is ended.
TOLD_AFTER = 3
ENDED_AFTER = 5
AGAIN = "\n\n(This call has given the same result {times} times. Do not make it again; answer, or do something else.)"
SHORTEST = 2_000


class Repeats:
    """Notices calls that are made again and again and give the same each time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def note(self, call: ToolUseBlock, output: str) -> int:
        """How many times in a row this call has now given this result."""
        arguments = call.get("raw_input") or json.dumps(call["input"], sort_keys=True, default=str)
        key, result = f"{call['name']} {arguments}", hash(output)
        before, times = self._seen.get(key, (result, 0))
        times = times + 1 if before == result else 1
        self._seen[key] = (result, times)
        return times


async def act(said: Msg, run: Run, turn: Turn, *, parallel: bool, most: int) -> tuple[Msg, list[ToolResponse]]:
    """Run the calls that `said` makes; note it in the turn together with their results, which are given.

    A result has at most about `most` characters. Cancelled, or failing, it notes what has come until then, and for
    the calls that were not finished that they were not.
    """
    calls: list[Any] = said.get_content_blocks("tool_use")
    responses: list[ToolResponse | None] = [None] * len(calls)

    async def one(at: int) -> None:
        responses[at] = as_response(await run(calls[at]))

    try:
        if parallel and len(calls) > 1:
            await _together([one(at) for at in range(len(calls))])
        else:
            for at in range(len(calls)):
                await one(at)
    finally:
        ended = [response or _unfinished() for response in responses]
        results = _results(calls, ended, most // max(1, len(calls)))
        turn.note([said, mark(results, turn.access)])
    return results, ended


async def _together(runs: Sequence[Any]) -> None:
    """All at once; the first that fails, which a tool never does, ends the others before it is raised."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _unfinished() -> ToolResponse:
    return ToolResponse(INTERRUPTED, is_interrupted=True, is_error=True)


def _results(calls: Sequence[ToolUseBlock], responses: Sequence[ToolResponse], most: int) -> Msg:
    """The results as one message, in the order of the calls."""
    blocks: list[Any] = []
    kept: dict[int, str] = {}
    for at, (call, response) in enumerate(zip(calls, responses, strict=True)):
        block = response.as_block(id=call["id"], name=call["name"])
        block["output"] = _within(block["output"], max(most, SHORTEST))
        blocks.append(block)
        if response.metadata and KEPT in response.metadata:
            kept[at] = str(response.metadata[KEPT])
    return Msg("system", blocks, "system", {KEPT: kept} if kept else {})


def _within(output: Any, most: int) -> Any:
    if isinstance(output, str):
        return cut(output, most)
    return [{**part, "text": cut(part["text"], most)} if part["type"] == "text" else part for part in output]


def warn(results: Msg, at: int, times: int) -> None:
    """Tell the model, with the result of a call, that it goes round in circles."""
    block: Any = results.content[at]
    words = AGAIN.format(times=times)
    if isinstance(block["output"], str):
        block["output"] += words
    else:
        block["output"].append(TextBlock(type="text", text=words))
