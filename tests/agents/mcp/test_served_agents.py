"""Agents as tools of an MCP server: declared or brought, each conversation for itself."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from agents.access import mark
from agents.agent import AgentBase, DialogAgent, ReActAgent
from agents.answers.scope import Scope
from agents.exceptions import ToolError
from agents.mcp import StdIOStatefulClient
from agents.mcp.desk import Desk
from agents.mcp.protocol_server import desk_server, http_app
from agents.mcp.served_agents import OneForAll, OneForEach, ServedAgent
from agents.message import Msg
from agents.testing import ScriptedModel, failure
from agents.tool import Toolkit
from knowledge.library import Library
from knowledge.types import Reader
from tests.agents.mcp.servers import serving
from tests.agents.mcp.test_server import text_of
from tests.conftest import Refdesk

AGENTS = """
agents:
  desk:
    description: Knows the handbook, and cites it.
    banks: [hr]
  traveller:
    banks: [travel]
"""


def echoing(request: Any) -> str:
    """Says everything that it was told."""
    return " / ".join(str(message.content) for message in request.messages if message.role.value == "user")


def desk(root: Path, *agents: AgentBase | ServedAgent, reader: Reader | None = None) -> Desk:
    return Desk(Library(root), Scope(reader or Reader()), agents=agents)


async def asked(client: Client, tool: str, **arguments: str) -> tuple[str, str]:
    """What an agent says, and the conversation that it says it in."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return result.structured_content["text"], result.structured_content["conversation"]


async def make() -> AgentBase:
    return DialogAgent("echo", model=ScriptedModel([echoing]))


@pytest.mark.parametrize("kind", ["as it stands", "for each conversation"])
async def test_conversations_of_two_clients_never_mix(handbook: Path, kind: str) -> None:
    agent = await make() if kind == "as it stands" else ServedAgent("echo", make)
    app = http_app(desk_server(desk(handbook, agent)), host="127.0.0.1", token=None)
    async with serving(app) as port:
        url = f"http://127.0.0.1:{port}/mcp"
        async with Client(url) as one, Client(url) as other:
            (first, mine), (second, theirs) = await asyncio.gather(
                asked(one, "ask_echo", message="apples"), asked(other, "ask_echo", message="pears")
            )
            assert (first, second) == ("apples", "pears")
            assert mine != theirs
            assert (await asked(one, "ask_echo", message="and?", conversation=mine))[0] == "apples / and?"
            assert (await asked(other, "ask_echo", message="so?", conversation=theirs))[0] == "pears / so?"
            assert (await asked(one, "ask_echo", message="anew"))[0] == "anew"


async def test_an_agent_as_it_stands_is_afterwards_as_it_was(handbook: Path) -> None:
    agent = DialogAgent("echo", model=ScriptedModel([echoing]))
    await agent.observe("known before")
    toolkit = desk(handbook, agent).toolkit()
    response = await toolkit.execute_tool_function("ask_echo", {"message": "hello"})
    assert response.value["text"] == "known before / hello"
    assert [msg.text for msg in agent.memory.get_memory()] == ["known before"]


@pytest.mark.parametrize("conversation", ["1", "0" * 32, "../../etc", "x" * 10_000])
async def test_a_conversation_that_nobody_began_cannot_be_entered(handbook: Path, conversation: str) -> None:
    toolkit = desk(handbook, await make()).toolkit()
    response = await toolkit.execute_tool_function("ask_echo", {"message": "hi", "conversation": conversation})
    assert response.is_error
    assert "There is no such conversation" in response.text


@pytest.mark.parametrize(("message", "said"), [(" ", "Nothing was asked"), ("x" * 100_001, "has 100,001 characters")])
async def test_a_message_that_is_none_or_too_long_is_refused(handbook: Path, message: str, said: str) -> None:
    toolkit = desk(handbook, await make()).toolkit()
    response = await toolkit.execute_tool_function("ask_echo", {"message": message})
    assert response.is_error
    assert said in response.text


@pytest.mark.parametrize("kind", ["as it stands", "for each conversation"])
async def test_a_failure_is_a_sentence_and_the_conversation_goes_on(handbook: Path, kind: str) -> None:
    model = ScriptedModel([failure(500), echoing, failure(500), echoing])

    async def talker() -> AgentBase:
        return DialogAgent("echo", model=model)

    agent = await talker() if kind == "as it stands" else ServedAgent("echo", talker)
    toolkit = desk(handbook, agent).toolkit()
    failed = await toolkit.execute_tool_function("ask_echo", {"message": "one"})
    assert failed.is_error
    assert "500" in failed.text
    begun = await toolkit.execute_tool_function("ask_echo", {"message": "two"})
    assert begun.value["text"] == "two"
    again = {"conversation": begun.value["conversation"]}
    assert (await toolkit.execute_tool_function("ask_echo", {"message": "three", **again})).is_error
    assert "two" in (await toolkit.execute_tool_function("ask_echo", {"message": "four", **again})).value["text"]


async def test_the_conversation_that_was_quiet_longest_is_forgotten() -> None:
    for talks in (OneForEach(make, most=2), OneForAll(await make(), most=2)):
        first, second = await talks.begin(), await talks.begin()
        await talks.say(first, "x")
        third = await talks.begin()
        with pytest.raises(ToolError, match="or no longer"):
            await talks.say(second, "x")
        assert [(await talks.say(conversation, "y")).text for conversation in (first, third)] == ["x / y", "y"]


async def test_a_reply_from_documents_that_the_reader_may_not_read_is_kept_back(handbook: Path) -> None:
    class Insider(AgentBase):
        async def reply(self, msg: Msg | None = None) -> Msg:
            return mark(Msg(self.name, "the secret", "assistant"), [frozenset({"staff"})])

    public = desk(handbook, Insider("insider")).toolkit()
    response = await public.execute_tool_function("ask_insider", {"message": "tell"})
    assert response.is_error
    assert "the secret" not in response.text
    staff = desk(handbook, Insider("insider"), reader=Reader(frozenset({"staff"}))).toolkit()
    assert (await staff.execute_tool_function("ask_insider", {"message": "tell"})).value["text"] == "the secret"


def test_a_tool_is_named_for_its_agent_and_two_of_one_name_are_refused(handbook: Path) -> None:
    agent = ReActAgent("Café manager", model=ScriptedModel())
    assert list(desk(handbook, agent).toolkit().tools)[3:] == ["ask_Caf_manager"]
    with pytest.raises(ToolError, match="There is a tool ask_Caf_manager already"):
        desk(handbook, agent, ReActAgent("Caf manager", model=ScriptedModel())).toolkit()


async def test_the_command_serves_the_agents_that_the_settings_declare(own_handbook: Path) -> None:
    path = own_handbook / "refdesk.yaml"
    path.write_text(path.read_text("utf-8") + AGENTS, "utf-8")
    arguments = ["-m", "serve", "--root", str(own_handbook), "mcp", "--banks", "hr"]
    environment = {name: value for name, value in os.environ.items() if name.startswith(("REFDESK_", "XDG_"))}
    project = str(Path(__file__).parents[3])
    async with StdIOStatefulClient("desk", sys.executable, arguments, environment, project, timeout=120) as client:
        toolkit = Toolkit()
        # The traveller answers from a bank that is not served.
        assert await toolkit.register_mcp_client(client) == ["search", "ask", "open_document", "ask_desk"]
        assert toolkit.tools["ask_desk"].description == "Knows the handbook, and cites it."
        question = {"message": "How many days of paid leave are there?"}
        response = await toolkit.execute_tool_function("ask_desk", question)
        assert "25 days of paid leave" in response.text
        assert response.value["citations"][0]["bank"] == "hr"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("  third: {bank: hr}\n", "agents.third.bank is not a setting"),
        ("  third: {model: gpt}\n", "There is no model called 'gpt'"),
    ],
)
def test_a_mistake_in_the_settings_is_told_before_anything_is_served(
    refdesk: Refdesk, own_handbook: Path, more: str, said: str
) -> None:
    path = own_handbook / "refdesk.yaml"
    path.write_text(path.read_text("utf-8") + AGENTS + more, "utf-8")
    outcome = refdesk(["--root", str(own_handbook), "mcp"])
    assert outcome.code == 2
    assert said in outcome.err


def test_an_agent_that_is_not_declared_is_told(refdesk: Refdesk, own_handbook: Path) -> None:
    path = own_handbook / "refdesk.yaml"
    path.write_text(path.read_text("utf-8") + AGENTS, "utf-8")
    outcome = refdesk(["--root", str(own_handbook), "mcp", "--agent", "nobody"])
    assert outcome.code == 2
    assert "There is no agent 'nobody': the agents are: desk, traveller." in outcome.err
