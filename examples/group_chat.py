"""A group chat: members hear each other, join and leave, and a member without the right role is spared secrets.

Scripted stand-ins play the models: each says how many messages it has heard.
"""

from __future__ import annotations

import asyncio

from agents import DialogAgent
from agents.access import mark
from agents.message import Msg
from agents.pipeline import MsgHub, SequentialPipeline
from agents.testing import ScriptedModel, ScriptedRequest


def count(request: ScriptedRequest) -> str:
    """What a member says."""
    heard = sum(message.role == "user" for message in request.messages)
    return f"I have heard {heard}."


def member(name: str, *roles: str) -> DialogAgent:
    """Somebody who takes part."""
    return DialogAgent(name, f"You are {name}.", ScriptedModel([count]), roles=roles)


async def heard(agent: DialogAgent) -> list[str]:
    """Who said what an agent has heard, in order."""
    return [msg.name for msg in await agent.memory.get_memory() if msg.name != agent.name]


async def main() -> None:
    """Two talk, a third joins, the first leaves; then something is said that only staff may hear."""
    ada, ben, cleo = member("Ada", "staff"), member("Ben"), member("Cleo", "staff")
    async with MsgHub([ada, ben], announcement=Msg("host", "Welcome. Introduce yourselves.")) as hub:
        for said in (await ada(), await ben()):
            print(f"{said.name}: {said.content}")
        hub.add(cleo)
        said = await ada("What did I miss?")
        print(f"{said.name}: {said.content}")
        hub.delete(ada)
        last = await SequentialPipeline([ben, cleo])()
        print(f"{last.name}: {last.content}")
        await hub.broadcast(mark(Msg("host", "The salary bands change in May."), [frozenset({"staff"})]))
    await ada("Anybody there?")
    for agent in (ada, ben, cleo):
        print(f"{agent.name} heard: {', '.join(await heard(agent))}")


if __name__ == "__main__":
    asyncio.run(main())
