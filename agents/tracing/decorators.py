"""Spans around functions: each is called after its function, and works with plain, async and generating ones."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing
from functools import partial, wraps
from typing import Any, TypeVar, overload

from agents.tracing.record import INPUT_TOKENS, OPERATION, OUTPUT_TOKENS
from agents.tracing.spans import Span, detached, span

Function = TypeVar("Function", bound=Callable[..., Any])
Decorator = Callable[[Function], Function]


@overload
def trace(function: Function) -> Function: ...
@overload
def trace(function: str | None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of the function: `@trace`, `@trace("name")`, `@trace(name="name")`."""
    if isinstance(function, str):
        return partial(_traced, operation="", name=function)
    return _decorator("", function, name)


@overload
def trace_llm(function: Function) -> Function: ...
@overload
def trace_llm(function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace_llm(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of a function that asks a model; the usage of a `ChatResponse` it gives is noted."""
    return _decorator("chat", function, name)


@overload
def trace_agent(function: Function) -> Function: ...
@overload
def trace_agent(function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace_agent(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of a function that lets an agent reply."""
    return _decorator("invoke_agent", function, name)


@overload
def trace_tool(function: Function) -> Function: ...
@overload
def trace_tool(function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace_tool(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of a tool."""
    return _decorator("execute_tool", function, name)


@overload
def trace_retrieval(function: Function) -> Function: ...
@overload
def trace_retrieval(function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace_retrieval(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of a function that finds passages."""
    return _decorator("retrieval", function, name)


@overload
def trace_embedding(function: Function) -> Function: ...
@overload
def trace_embedding(function: None = None, *, name: str | None = None) -> Callable[[Function], Function]: ...
def trace_embedding(function: Any = None, *, name: str | None = None) -> Any:
    """A span around each call of a function that embeds texts."""
    return _decorator("embeddings", function, name)


trace_reply = trace_agent
trace_toolkit = trace_tool


def _decorator(operation: str, function: Any, name: str | None) -> Any:
    decorate = partial(_traced, operation=operation, name=name)
    return decorate if function is None else decorate(function)


def _traced(function: Callable[..., Any], *, operation: str, name: str | None) -> Callable[..., Any]:
    title = name or str(getattr(function, "__name__", type(function).__name__))
    attributes: dict[str, Any] = {OPERATION: operation} if operation else {}
    attributes["code.function.name"] = getattr(function, "__qualname__", title)
    for kind, wrapper in WRAPPERS:
        if kind(function):
            return wrapper(function, title, attributes)
    return _plain(function, title, attributes)


def _plain(function: Callable[..., Any], title: str, attributes: Mapping[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with span("function", title, attributes) as opened:
            _note_input(opened, args, kwargs)
            return _noted(opened, function(*args, **kwargs))

    return call


def _async(function: Callable[..., Any], title: str, attributes: Mapping[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        with span("function", title, attributes) as opened:
            _note_input(opened, args, kwargs)
            return _noted(opened, await function(*args, **kwargs))

    return call


def _generating(function: Callable[..., Any], title: str, attributes: Mapping[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with detached("function", title, attributes) as opened:
            _note_input(opened, args, kwargs)
            items, last = function(*args, **kwargs), None
            while True:
                with opened.current():
                    try:
                        last = next(items)
                    except StopIteration as end:
                        _noted(opened, last if end.value is None else end.value)
                        return end.value
                yield last

    return call


def _async_generating(function: Callable[..., Any], title: str, attributes: Mapping[str, Any]) -> Callable[..., Any]:
    @wraps(function)
    async def call(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        with detached("function", title, attributes) as opened:
            _note_input(opened, args, kwargs)
            last = None
            async with aclosing(function(*args, **kwargs)) as items:
                while True:
                    with opened.current():
                        try:
                            last = await anext(items)
                        except StopAsyncIteration:
                            break
                    yield last
            _noted(opened, last)

    return call


WRAPPERS: tuple[tuple[Callable[[object], bool], Callable[..., Callable[..., Any]]], ...] = (
    (inspect.isasyncgenfunction, _async_generating),
    (inspect.isgeneratorfunction, _generating),
    (inspect.iscoroutinefunction, _async),
)


def _note_input(opened: Span, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    opened.content("refdesk.input", lambda: _text([*args, dict(kwargs)] if kwargs else list(args)))


def _noted(opened: Span, result: Any) -> Any:
    """Note what came out, and what it took where it says so; gives it back."""
    if opened.recording:
        opened.content("refdesk.output", lambda: _text(result))
        usage = getattr(result, "usage", None)
        for name, field in ((INPUT_TOKENS, "input_tokens"), (OUTPUT_TOKENS, "output_tokens")):
            opened.set(name, getattr(usage, field, None))
    return result


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
