"""Work that goes on: retries and a fallback, a budget with an alert, a task that is redirected, a state that is kept.

Scripted stand-ins play the models.
"""

from __future__ import annotations

import asyncio
import json

from agents import ReActAgent
from agents.budget import BudgetManager
from agents.exceptions import AgentCallError
from agents.message import Msg
from agents.session import StateModule
from agents.testing import Reply, ScriptedModel, ScriptedRequest, failure


async def resilient() -> None:
    """An agent that fails is tried again, then another one is asked."""
    agent = ReActAgent("Primary", model=ScriptedModel([failure(500)]))
    fallback = ReActAgent("Fallback", model=ScriptedModel(["The short version."]))
    for attempt in range(2):
        try:
            print((await agent("A complex task")).content)
        except AgentCallError as error:
            print(f"Attempt {attempt + 1}: {error.agent} failed.")
    print(f"Fallback: {(await fallback('A simple version')).content}")


async def budgeted() -> None:
    """What a decorated operation takes is counted, and an alert is sent."""
    budget = BudgetManager(max_tokens=100, max_cost=5.00)
    expensive = ReActAgent("Expensive", model=ScriptedModel(["word " * 200]))

    @budget.track_usage
    async def operation() -> Msg:
        reply = await expensive("Analysis task")
        if budget.exceeds_limit():
            await budget.send_alert("Budget limit exceeded")
        return reply

    await operation()
    print(f"Over budget: {budget.exceeds_limit()}, alerts: {len(budget.alerts)}")


def brief(request: ScriptedRequest) -> str | Reply:
    """Takes long, unless it is told to be brief."""
    return "Briefly: yes." if "brief" in request.last else Reply("never heard", delay=60)


async def steered() -> None:
    """A long task gets another instruction while it runs."""
    agent = ReActAgent("Interactive", model=ScriptedModel([brief]), enable_interruption=True)
    task = asyncio.create_task(agent("A long analysis"))
    await asyncio.sleep(0.1)
    await agent.handle_interrupt(Msg("user", "Be brief"))
    print(f"{(await task).content} Heard before: {(await agent.memory.get_memory())[0].content}")


class Preferences(StateModule):
    """What an agent knows about its user."""

    def __init__(self) -> None:
        super().__init__()
        self.conversations = 0
        self.tone = "plain"


class Personal(ReActAgent):
    """An agent with preferences, which are part of its state."""

    def __init__(self) -> None:
        super().__init__("Personal", model=ScriptedModel(["Noted."]))
        self.state = Preferences()


async def kept() -> None:
    """State and conversation are saved, and restored elsewhere."""
    before = Personal()
    await before("Remember me")
    before.state.tone, before.state.conversations = "dry", 1
    after = Personal()
    after.load_state_dict(json.loads(json.dumps(before.state_dict())))
    print(f"Restored: {after.state.tone}, {[msg.content for msg in await after.memory.get_memory()]}")


async def main() -> None:
    """One after the other."""
    for part in (resilient, budgeted, steered, kept):
        await part()


if __name__ == "__main__":
    asyncio.run(main())
