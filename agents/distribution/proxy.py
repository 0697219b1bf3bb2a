"""The proxy of an agent that runs elsewhere: constructed, called and looked at as the agent itself is."""

from __future__ import annotations

import contextlib
import inspect
import weakref
from collections.abc import Awaitable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.access import access_of, note_access
from agents.agent.agent import AgentBase, Input, as_input
from agents.agent.agent_class import hooks_of
from agents.agent.hooks import Hook
from agents.distribution.link import Link
from agents.distribution.pickling import pack
from agents.distribution.placement import Placement, read_placement
from agents.distribution.remote_call import RemoteCall
from agents.distribution.remote_memory import RemoteMemory
from agents.distribution.requests import Opaque
from agents.exceptions import DistributionError
from agents.message.msg import Msg, as_msg
from agents.runtime import current
from agents.studio.watching import show

if TYPE_CHECKING:
    from pydantic import BaseModel

OWN = frozenset({"name", "reader", "memory", "enable_interruption"})


class RemoteObject:
    """Something of an agent that stays in its worker: its attributes and methods are reached through this."""

    def __init__(self, link: Link, path: str, what: Opaque) -> None:
        self._link = link
        self._path = path
        self._what = what

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._what.is_async:
            return self._link.start(self._path, *args, kwargs=kwargs)
        if self._path.startswith("toolkit."):
            # A tool that is registered must be there again after a restart of the worker.
            return self._link.set_up(self._path, *args, **kwargs)
        return self._link.call(self._path, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return _reached(self._link, f"{self._path}.{name}", name)

    def __repr__(self) -> str:
        return f"<{self._path} of {self._link.name}, a {self._what.kind} in its worker>"


class RemoteAgent(AgentBase):
    """An agent of class `kind` in a worker; attributes that are not found here are those of the agent.

    A call is under way as soon as it is made and may be awaited, or its `result` taken without an event loop. Audiences
    hear the reply when it is awaited. What is no coroutine there, such as `agent.memory.get_memory()`, waits for the
    worker. Hooks around reply, observe and print run here, all others there. Raises `DistributionError` at the first
    call, not here, when there is no worker to be had.
    """

    def __init__(
        self, kind: type[AgentBase], placement: Placement, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> None:
        bound = _bound(kind, args, kwargs)
        super().__init__(str(bound.get("name") or kind.name or kind.__name__), roles=tuple(bound.get("roles") or ()))
        blueprint, _ = pack((kind, args, dict(kwargs)), None)
        self._kind = kind
        self._link = Link(self.name, placement, blueprint, current())
        self._memory = RemoteMemory(self._link)
        weakref.finalize(self, Link.release, self._link).atexit = False

    def __reduce__(self) -> tuple[Any, ...]:
        raise DistributionError(
            f"{self.name} is bound to this process and cannot be sent to another:",
            hint="construct it there, or let a tool that runs here call it.",
        )

    @property
    def memory(self) -> RemoteMemory:  # type: ignore[override]  # an attribute here, read only there
        """The agent's conversation."""
        return self._memory

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of the calls under way in the worker."""
        return tuple(self._link.look("running"))

    def __call__(  # type: ignore[override]  # a coroutine too, and under way before it is awaited
        self, msg: Input = None, structured_model: type[BaseModel] | None = None, **kwargs: Any
    ) -> RemoteCall[Msg] | Awaitable[Msg]:
        if structured_model is not None:
            kwargs["structured_model"] = structured_model
        asked = as_input(msg)
        show(asked, listener=self.name)
        if hooks_of(self, "pre_reply") or hooks_of(self, "post_reply"):
            return self._hooked_call(asked, kwargs)
        return self._link.start("", asked, kwargs=kwargs, afterwards=self._replied)

    async def reply(self, msg: Msg | list[Msg] | None = None, **kwargs: Any) -> Msg:
        """The agent's reply, which no audience hears."""
        return as_msg(await self._link.start("", msg, kwargs=kwargs))

    async def observe(self, msg: Input) -> None:
        """Hear `msg` without answering."""
        await self._link.start("observe", as_input(msg))

    async def handle_interrupt(self, *args: Any, **kwargs: Any) -> Msg | None:
        """Answer another task in place of what is being worked on; see `AgentBase`."""
        found: Msg | None = await self._link.start("handle_interrupt", *args, kwargs=kwargs, once=True)
        return found

    def interrupt(self, msg: Input = None, *, call: str | None = None) -> Awaitable[object]:
        """Stop every call under way, or the one whose id is given; takes effect without being awaited."""
        return self._link.start("interrupt", as_input(msg), kwargs={"call": call}, once=True)

    def inject(self, msg: Msg | str, *, call: str | None = None) -> Awaitable[object]:
        """Let the next model call of the call under way see `msg`; takes effect without being awaited."""
        return self._link.start("inject", as_msg(msg), kwargs={"call": call}, once=True)

    def register_instance_hook(self, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Run `hook` around a step: of reply, observe and print here, of all others in the worker."""
        if hook_type in self.supported_hook_types or hook_type not in self._kind.supported_hook_types:
            super().register_instance_hook(hook_type, hook_name, hook)
        else:
            self._link.set_up("register_instance_hook", hook_type, hook_name, hook)

    def state_dict(self) -> dict[str, Any]:
        """The state of the agent in its worker."""
        state: dict[str, Any] = self._link.call("state_dict", changes=False)
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Replace the state of the agent in its worker."""
        self._link.call("load_state_dict", state_dict, strict)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "_link" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return _reached(self._link, name, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name in OWN or "_link" not in self.__dict__:
            super().__setattr__(name, value)
        else:
            self._link.set_up("__setattr__", name, value)

    async def _hooked_call(self, asked: Msg | list[Msg] | None, kwargs: dict[str, Any]) -> Msg:
        reply = as_msg(await self.reply(asked, **kwargs), name=self.name)
        await self._replied(reply)
        return reply

    async def _replied(self, reply: Msg) -> None:
        note_access(access_of(reply))
        show(reply)
        await self.print(reply)
        for audience in tuple(self.audiences):
            await audience.heard(self, reply)


def remote_agent(
    kind: type[AgentBase], to_dist: bool | Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> RemoteAgent:
    """A proxy of the agent `kind(*args, **kwargs)`, which is made in a worker when it is first needed.

    Raises `UsageError` for a `to_dist` or arguments that are wrong, `DistributionError` for arguments that cannot be
    sent to another process.
    """
    return RemoteAgent(kind, read_placement(to_dist), tuple(args), kwargs)


def _bound(kind: type[AgentBase], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name; raises the `TypeError` that constructing the agent would."""
    with contextlib.suppress(ValueError):  # a class without a signature of its own
        return dict(inspect.signature(kind.__init__).bind(None, *args, **kwargs).arguments)
    return dict(kwargs)


def _reached(link: Link, path: str, name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"{name!r} of {link.name} is private and stays in its worker")
    try:
        value = link.look(path)
    except AttributeError as error:
        raise AttributeError(f"{link.name} has no attribute {name!r}") from error
    return RemoteObject(link, path, value) if isinstance(value, Opaque) else value
