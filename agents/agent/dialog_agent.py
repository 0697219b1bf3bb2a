"""The agent that only talks: one call of its model for each reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agents.agent.model_agent import ModelAgent
from agents.message.msg import Msg

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.memory import BaseMemory
    from pydantic import BaseModel

    from agents.agent.recall import Remembers
    from agents.memory.compaction import Compaction
    from agents.memory.memory import MemoryBase
    from agents.model.chat import ChatModel

ROUNDS = 10


class DialogAgent(ModelAgent):
    """An agent without tools. What is said to it while it replies is answered before it is done."""

    def __init__(
        self,
        name: str = "",
        sys_prompt: str = "",
        model: ChatModel | LLM | str | None = None,
        *,
        model_config_name: str | None = None,
        formatter: Any = None,
        memory: MemoryBase | BaseMemory | None = None,
        long_term_memory: Remembers | None = None,
        compaction: Compaction | None = None,
        roles: Sequence[str] = (),
        enable_interruption: bool = True,
        to_dist: bool | Mapping[str, Any] = False,  # taken by the class, which makes a proxy where it is set
    ) -> None:
        super().__init__(
            name,
            sys_prompt,
            model,
            model_config_name=model_config_name,
            formatter=formatter,
            memory=memory,
            long_term_memory=long_term_memory,
            compaction=compaction,
            roles=roles,
            enable_interruption=enable_interruption,
        )

    async def reply(self, msg: Msg | list[Msg] | None = None, structured_model: type[BaseModel] | None = None) -> Msg:
        """What the model says; with `structured_model` the answer stands in `metadata`, whole under "structured"."""
        if not self._is_called():
            return await self(msg, structured_model)
        turn = await self._begin(msg)
        for _ in range(ROUNDS):
            said = await self._ask(turn, structured=structured_model)
            said.content = said.text
            if not turn.inbox:
                break
            turn.note([said])
            turn.take_inbox()
        await self._recall.remember([*turn.messages, said])
        return said
