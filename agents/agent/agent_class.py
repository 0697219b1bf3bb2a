"""How agents are made: here, or elsewhere when `to_dist` says so; and how hooks come around what they do."""

from __future__ import annotations

from collections.abc import Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from agents.agent.hooks import Hook, HookTable, hooked
from knowledge.errors import UsageError

if TYPE_CHECKING:
    from agents.agent.agent import AgentBase

STEPS = {
    "reply": "reply",
    "observe": "observe",
    "print": "print",
    "_reasoning": "reasoning",
    "_acting": "acting",
}


class AgentMeta(type):
    """The class of agent classes: `to_dist` in a constructor gives a proxy of an agent that runs elsewhere.

    Every class has hooks of its own, which hold for its instances and those of its subclasses.
    """

    _class_hooks: HookTable
    _hook_tables: tuple[HookTable, ...]

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> AgentMeta:
        for method, step in STEPS.items():
            if isinstance(namespace.get(method), FunctionType):
                namespace[method] = hooked(step, namespace[method], hooks_of)
        made = super().__new__(mcs, name, bases, namespace, **options)
        made._class_hooks = HookTable()
        # Looked up here once: hooks are asked for at every step of every agent.
        made._hook_tables = tuple(owner._class_hooks for owner in made.__mro__ if isinstance(owner, AgentMeta))
        return made

    def __call__(cls, *args: Any, to_dist: bool | Mapping[str, Any] = False, **kwargs: Any) -> Any:
        if to_dist:
            from agents.distribution import remote_agent  # an agent that runs here needs nothing of it

            return remote_agent(cast("type[AgentBase]", cls), to_dist, args, kwargs)
        return super().__call__(*args, **kwargs)


class Hookable:
    """What takes hooks, on one instance or on a class."""

    supported_hook_types: ClassVar[tuple[str, ...]] = tuple(
        f"{when}_{step}" for step in ("reply", "observe", "print") for when in ("pre", "post")
    )
    _hooks: HookTable
    _class_hooks: ClassVar[HookTable]
    _hook_tables: ClassVar[tuple[HookTable, ...]]

    def register_instance_hook(self, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Run `hook` around a step of this agent.

        Before a step (`pre_reply`): `hook(agent, arguments)` gives the arguments to go on with, or None. After it
        (`post_reply`): `hook(agent, arguments, output)` gives the output to go on with, or None. Either may be async.
        Raises `UsageError` for a type that is none.
        """
        self._hooks.add(self._known(hook_type), hook_name, hook)

    def remove_instance_hook(self, hook_type: str, hook_name: str) -> None:
        """Take a hook out; raises `UsageError` where there is none of that name."""
        self._hooks.remove(self._known(hook_type), hook_name)

    def clear_instance_hooks(self, hook_type: str | None = None) -> None:
        """Take out the hooks of this agent, of one type where it is given."""
        self._hooks.clear(hook_type)

    @classmethod
    def register_class_hook(cls, hook_type: str, hook_name: str, hook: Hook) -> None:
        """Run `hook` around a step of every agent of this class; as `register_instance_hook`."""
        cls._class_hooks.add(cls._known(hook_type), hook_name, hook)

    @classmethod
    def remove_class_hook(cls, hook_type: str, hook_name: str) -> None:
        """Take a hook of this class out; raises `UsageError` where there is none of that name."""
        cls._class_hooks.remove(cls._known(hook_type), hook_name)

    @classmethod
    def clear_class_hooks(cls, hook_type: str | None = None) -> None:
        """Take out the hooks of this class, of one type where it is given."""
        cls._class_hooks.clear(hook_type)

    @classmethod
    def _known(cls, hook_type: str) -> str:
        if hook_type not in cls.supported_hook_types:
            known = ", ".join(cls.supported_hook_types)
            raise UsageError(f"{cls.__name__} has no hooks of type {hook_type!r};", hint=f"there are: {known}.")
        return hook_type


def hooks_of(agent: Hookable, hook_type: str) -> tuple[Hook, ...]:
    """The hooks of one type that hold for an agent: its own, then those of its class and the classes above."""
    found = () if agent._hooks.is_empty else agent._hooks.of(hook_type)
    for table in agent._hook_tables:
        if not table.is_empty:
            found += table.of(hook_type)
    return found
