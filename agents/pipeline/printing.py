"""What agents show while they work, as a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from agents.message.msg import Msg
from agents.pipeline.flow import copy_of
from agents.pipeline.relay import relayed

# A message as far as it has come, and whether it is complete.
Printed = tuple[Msg, bool]


class Printing(Protocol):
    """An agent that prints."""

    def register_instance_hook(self, hook_type: str, hook_name: str, hook: Callable[..., Any]) -> None:
        """Run `hook` around a step of the agent."""
        ...

    def remove_instance_hook(self, hook_type: str, hook_name: str) -> None:
        """Take the hook out."""
        ...


def stream_printing_messages(
    agents: Sequence[Printing], coroutine_task: Awaitable[Any]
) -> AsyncGenerator[Printed, None]:
    """Run the task, and give what these agents print meanwhile: each message as far as it has come, and whether it is
    complete. Then raises what the task raised. Closing the generator cancels the task.
    """

    async def work(emit: Callable[[Printed], None]) -> None:
        name = f"stream-{uuid4().hex}"

        def printed(agent: object, arguments: Mapping[str, Any], output: object) -> None:
            emit((copy_of(arguments["msg"]), bool(arguments["last"])))

        for agent in agents:
            agent.register_instance_hook("post_print", name, printed)
        try:
            await coroutine_task
        finally:
            for agent in agents:
                agent.remove_instance_hook("post_print", name)

    return relayed(work)
