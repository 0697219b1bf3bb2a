"""A first agent: it streams its answer, runs code in a sandbox, remembers, and is asked by a user.

A scripted stand-in plays the model. For a real one write `model=OpenAIChatModel("gpt-4o", stream=True)`, or name one in
`agents.init(model_configs=...)`; its key comes from the environment.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from agents import ReActAgent, UserAgent
from agents.agent import QueueInput
from agents.memory import FileDumpMemory
from agents.testing import ModelStep, ScriptedModel, tool_call
from agents.tool import Toolkit, execute_python_code


async def main(folder: Path) -> None:
    """Two questions of a user, the second about the first."""
    toolkit = Toolkit()
    toolkit.register_tool_function(execute_python_code)
    script: list[ModelStep] = [
        tool_call("execute_python_code", code="print(6 * 7)"),
        "Six times seven is 42.",
        lambda request: f"You asked {sum(message.role == 'user' for message in request.messages)} times.",
    ]
    assistant = ReActAgent(
        "Assistant",
        "You're a helpful assistant with coding capabilities.",
        ScriptedModel(script, stream=True),
        toolkit=toolkit,
        memory=FileDumpMemory(folder / "history.json"),
    )
    typed = QueueInput()
    user = UserAgent("user", typed)
    for question in ("What is six times seven?", "How often did I ask?"):
        typed.put(question)
        asked = await user()
        reply = await assistant(asked)
        print(f"{asked.name}: {asked.content}\n{reply.name}: {reply.content}")
    print(f"{len(FileDumpMemory(folder / 'history.json').get_memory())} messages are in the file.")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
