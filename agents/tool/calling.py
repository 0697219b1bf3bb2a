"""Calls a tool as a model asked for it; whatever goes wrong becomes a response of one clear sentence."""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

from agents.exceptions import InvalidArguments
from agents.message import ToolUseBlock
from agents.message.storable import storable_data
from agents.tool.gathering import Gathered
from agents.tool.registered import RegisteredTool
from agents.tool.response import ToolResponse
from agents.tool.running import OutOfTime, parts
from agents.tool.threads import Threads
from agents.tool.values import fitting, shortened
from agents.tracing.spans import span
from knowledge.errors import RefdeskError

Update = Callable[[ToolResponse], object]
Find = Callable[[str], RegisteredTool]
LOG = logging.getLogger(__name__)
MOST_OF_AN_ERROR = 2_000


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What holds for tools that are not given their own: seconds for a call, characters of its result; and threads."""

    timeout: float | None
    max_output: int
    threads: Threads = field(default_factory=Threads)


class ResponseStream:
    """Responses as they come: `async for response in stream`, or, as in AgentScope, `in await stream`."""

    def __init__(self, responses: AsyncGenerator[ToolResponse, None]) -> None:
        self._responses = responses

    def __aiter__(self) -> AsyncIterator[ToolResponse]:
        return self._responses

    def __await__(self) -> Generator[Any, None, AsyncGenerator[ToolResponse, None]]:
        return self._itself().__await__()

    async def _itself(self) -> AsyncGenerator[ToolResponse, None]:
        return self._responses

    async def aclose(self) -> None:
        """Cancel the call."""
        await self._responses.aclose()


async def respond(
    find: Find, call: ToolUseBlock, settings: CallSettings, on_update: Update | None = None
) -> ToolResponse:
    """The whole response to one call; `on_update`, plain or async, hears of it as it grows."""
    last: ToolResponse | None = None
    async with aclosing(responses(find, call, settings)) as stream:
        async for last in stream:
            if on_update is not None and last.stream:
                heard = on_update(last)
                if inspect.isawaitable(heard):
                    await heard
    if last is None:  # a stream ends with a response, whatever happens
        raise RuntimeError(f"The call of {call['name']} ended without a response.")
    last.is_last = True
    return last


async def responses(find: Find, call: ToolUseBlock, settings: CallSettings) -> AsyncGenerator[ToolResponse, None]:
    """The responses to one call, each with all that came before. Raises nothing but `CancelledError`."""
    name = str(call.get("name") or "")
    attributes = {"gen_ai.tool.name": name, "gen_ai.tool.call.id": call.get("id", "")}
    with span("execute_tool", name, attributes) as opened:
        opened.content("gen_ai.tool.call.arguments", lambda: call.get("raw_input") or call.get("input"))
        gathered = Gathered()
        try:
            tool = find(name)
            arguments = tool.bound(_arguments(call, tool))
            async with aclosing(_results(tool, arguments, gathered, settings)) as results:
                async for response in results:
                    fitted = _fitted(await tool.processed(call, response), settings)
                    opened.content("gen_ai.tool.call.result", fitted.text)
                    yield fitted
        except Exception as error:  # the edge of a tool, which may raise anything; the model is told, and goes on
            LOG.debug("The tool %s failed.", name, exc_info=error)
            opened.set("error.type", type(error).__name__)
            yield _fitted(gathered.failed(failure(name, error)), settings)


async def _results(
    tool: RegisteredTool, arguments: Mapping[str, Any], gathered: Gathered, settings: CallSettings
) -> AsyncGenerator[ToolResponse, None]:
    timeout = settings.timeout if tool.timeout is None else tool.timeout
    running = parts(tool.function, arguments, threads=settings.threads, timeout=timeout)
    try:
        async with aclosing(running):
            async for part in running:
                yield gathered.add(part)
                if part.streamed and gathered.size > settings.max_output:
                    yield gathered.stopped(settings.max_output)
                    return
    except OutOfTime:
        yield gathered.failed(f"{tool.name} took longer than {timeout:g} s and was stopped.")
    else:
        if not gathered.any:
            yield gathered.nothing()


def failure(name: str, error: BaseException) -> str:
    """What went wrong, as one sentence for a model."""
    if isinstance(error, RefdeskError):
        return error.sentence
    words = " ".join(str(error).split())
    kind = type(error).__name__
    told = f"{name} failed: {kind}: {words}" if words else f"{name} failed: {kind}"
    return shortened(told, MOST_OF_AN_ERROR, what="error").rstrip(".") + "."


def _arguments(call: ToolUseBlock, tool: RegisteredTool) -> Mapping[str, Any]:
    """The arguments, also where the model's own words are JSON after all; raises `InvalidArguments`."""
    given: object = call.get("input")
    raw = call.get("raw_input")
    if raw is not None and not given:
        given = _parsed(raw)
    if given is None or given == "":
        return {}
    if isinstance(given, str):
        given = _parsed(given)
    if not isinstance(given, Mapping):
        example = json.dumps(dict.fromkeys(tool.signature.parameters.get("properties", {}), "..."))
        words = shortened(" ".join(str(raw if raw is not None else call.get("input")).split()), 200)
        raise InvalidArguments(f"The arguments of {tool.name} are no JSON object: {words!r}; write {example}.")
    return {str(key): value for key, value in given.items()}


def _parsed(words: object) -> object:
    try:
        return storable_data(json.loads(words)) if isinstance(words, str) and words.strip() else {}
    except ValueError:
        return words


def _fitted(response: ToolResponse, settings: CallSettings) -> ToolResponse:
    fitted = fitting(response.blocks, settings.max_output)
    return response if fitted == response.blocks else replace(response, content=fitted)
