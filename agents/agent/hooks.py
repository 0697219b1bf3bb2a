"""Hooks: functions that run before and after what an agent does, and may change what goes in or comes out."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from knowledge.errors import UsageError

# Before: hook(agent, arguments) gives other arguments, or None. After: hook(agent, arguments, output) gives another
# output, or None.
Hook = Callable[..., Any]
Method = Callable[..., Awaitable[Any]]

# Context-local by design: the steps that are under way, so that a call of `super()` does not run the hooks twice.
_UNDER_WAY: ContextVar[frozenset[tuple[int, str, int]]] = ContextVar("under_way", default=frozenset())


class HookTable:
    """Hooks by type, each under a name, in the order in which they were registered."""

    def __init__(self) -> None:
        self._hooks: dict[str, dict[str, Hook]] = {}

    def add(self, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Register a hook; the one that had the name is replaced in its place."""
        self._hooks.setdefault(hook_type, {})[hook_name] = hook

    def remove(self, hook_type: str, hook_name: str) -> None:
        """Take a hook out; raises `UsageError` where there is none of that name."""
        if self._hooks.get(hook_type, {}).pop(hook_name, None) is None:
            known = ", ".join(self._hooks.get(hook_type, {})) or "none"
            raise UsageError(f"No {hook_type} hook is called {hook_name!r};", hint=f"registered are: {known}.")

    def clear(self, hook_type: str | None = None) -> None:
        """Take out all hooks, of one type where it is given."""
        if hook_type is None:
            self._hooks.clear()
        else:
            self._hooks.pop(hook_type, None)

    @property
    def is_empty(self) -> bool:
        """Whether there are no hooks at all, which is what is asked most."""
        return not self._hooks

    def of(self, hook_type: str) -> tuple[Hook, ...]:
        """The hooks of one type."""
        found = self._hooks.get(hook_type)
        return tuple(found.values()) if found else ()


def hooked(step: str, method: Callable[..., Any], hooks_of: Callable[[Any, str], tuple[Hook, ...]]) -> Method:
    """`method` with the hooks `pre_<step>` and `post_<step>` around it; it may be a coroutine or not."""
    signature = inspect.signature(method)

    is_async = inspect.iscoroutinefunction(method)
    pre, post = f"pre_{step}", f"post_{step}"

    @wraps(method)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        before, after = hooks_of(self, pre), hooks_of(self, post)
        if not (before or after):
            made = method(self, *args, **kwargs)
            return await made if is_async else await _resolved(made)
        with _entered(self, step) as first:
            if not first:
                return await _resolved(method(self, *args, **kwargs))
            bound = signature.bind(self, *args, **kwargs)
            arguments = await _arguments(self, bound, before)
            output = await _resolved(method(*bound.args, **bound.kwargs))
            for hook in after:
                changed = await _resolved(hook(self, arguments, output))
                output = output if changed is None else changed
            return output

    return run


async def _arguments(agent: Any, bound: inspect.BoundArguments, hooks: tuple[Hook, ...]) -> dict[str, Any]:
    """The arguments by name, as the hooks leave them; `bound` then holds them too."""
    bound.apply_defaults()
    own, *names = bound.signature.parameters
    extra = next((name for name in names if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD), "")
    arguments = {name: bound.arguments[name] for name in names if name != extra} | dict(bound.arguments.get(extra, {}))
    for hook in hooks:
        changed = await _resolved(hook(agent, arguments))
        if changed is None:
            continue
        if not isinstance(changed, Mapping):
            raise UsageError(
                f"A hook gave {type(changed).__name__}:",
                hint="before a step it gives the arguments as a dict, or None.",
            )
        arguments = dict(changed)
    known = {name: arguments[name] for name in names if name in arguments and name != extra}
    others = {name: value for name, value in arguments.items() if name not in known}
    bound.arguments.clear()
    bound.arguments.update({own: agent, **known}, **({extra: others} if extra else others))
    return arguments


@contextmanager
def _entered(agent: Any, step: str) -> Iterator[bool]:
    """Within, the step of this agent is under way; tells whether it was not so already in the same call."""
    from agents.agent.calls import current_call

    key = (id(agent), step, id(current_call()))
    before = _UNDER_WAY.get()
    token = _UNDER_WAY.set(before | {key})
    try:
        yield key not in before
    finally:
        _UNDER_WAY.reset(token)


async def _resolved(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
