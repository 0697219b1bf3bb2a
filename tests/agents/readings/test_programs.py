"""The tutorial's blocks one after the other in one process, and with nothing configured."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import agents
from agents import DialogAgent, ReActAgent
from agents.message import Msg
from agents.testing import Reply, Request
from agents.tool import Toolkit
from agents.tracing import stop_tracing
from knowledge.errors import RefdeskError
from tests.agents.readings.wire import assert_paired
from tests.agents.tutorial.blocks import blocks, needs_tutorial, run
from tests.agents.tutorial.conftest import CONFIGS, Serve
from tests.agents.tutorial.test_knowledge import write_docs
from tests.agents.tutorial.test_operation import names_resolve

pytestmark = needs_tutorial
# The functions that the blocks define: those whose reply is a message, and all of them in the tutorial's order.
SPEAKING = (
    "advanced_communication_example monitored_agent_call resilient_agent_interaction cost_controlled_operation "
    "run_research_project migrate_from_autogen interactive_agent_system adaptive_agent_system"
)
CALLED = (
    "create_first_agent advanced_communication_example setup_rag_system collaborative_rag_example "
    "monitored_agent_call distributed_workflow resilient_agent_interaction cost_controlled_operation "
    "optimized_research_workflow run_research_project build_customer_service_system migrate_from_autogen "
    "interactive_agent_system adaptive_agent_system"
)


@pytest.fixture(autouse=True)
async def nothing_goes_on() -> AsyncIterator[None]:
    yield
    stop_tracing(timeout=0.1)


def write_folders(workplace: Path) -> None:
    write_docs(workplace)
    for folder, name in (("legal", "contract.pdf"), ("tech", "leave.md"), ("knowledge", "leave.md")):
        (workplace / folder).mkdir()
        (workplace / folder / name).write_bytes((workplace / "docs" / name).read_bytes())


def supplied() -> dict[str, Any]:
    """What a reader of the tutorial brings along."""

    def tool(name: str) -> Any:
        def work(query: str = "") -> str:
            return f"{name} of {query}"

        work.__name__ = name
        work.__doc__ = f"Do {name}."
        return work

    inputs = iter(["wait", "redirect: be brief"])

    async def get_user_input_async() -> str:
        await asyncio.sleep(0.05)
        return next(inputs, "wait")

    async def fallback_agent(task: str) -> str:
        return task

    tools = (
        "web_search webpage_extract link_analysis pandas_query matplotlib_plot statistical_analysis "
        "lookup_customer_account create_support_ticket escalate_to_human"
    )
    team = "agent1 agent2 agent3 researcher writer"
    return {
        **{name: tool(name) for name in tools.split()},
        **{name: DialogAgent(name=name) for name in team.split()},
        "execute_db_query": lambda query, database: [query, database],
        "research_tools": Toolkit(),
        "analysis_tools": Toolkit(),
        "technical_agent": DialogAgent(name="Technical"),
        "general_agent": DialogAgent(name="General"),
        "specialist_agent": ReActAgent(name="Specialist"),
        "expensive_agent": ReActAgent(name="Expensive"),
        "complex_analysis_needed": True,
        "initial_message": Msg("user", "What moved the market?"),
        "initial_task": "Write about the sea",
        "memory": agents.memory.InMemoryMemory(),  # type: ignore[attr-defined]  # loaded by an import above
        "get_user_input_async": get_user_input_async,
        "fallback_agent": fallback_agent,
        "generate_task": lambda number: f"task {number}",
        "analysis_script": "print(6 * 7)",
        "combine_results": lambda *results: [str(result) for result in results],
    }


async def test_the_blocks_run_one_after_the_other_in_one_process(
    serve: Serve, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> str | Reply:
        last = str(request.messages[-1]["content"])
        if "Long-running" in last:
            return Reply("never shown", delay=30)
        return "Every employee has 25 days of paid leave a year."

    server = serve([answer])
    write_folders(workplace)
    Path("model_config.json").write_text(json.dumps(CONFIGS), "utf-8")
    Path("data.csv").write_text("a,b\n1,2\n", "utf-8")
    names = supplied()
    for code in blocks():
        names = await run(
            code.replace("range(1000)", "range(24)")
            .replace("range(100)", "range(8)")
            .replace("asyncio.sleep(1)", "asyncio.sleep(0)"),
            **names,
        )
    called: dict[str, Any] = {}
    with names_resolve(monkeypatch, ".cluster"):
        for name in CALLED.split():
            if name == "optimized_research_workflow":
                for tool in (names["web_search"], names["execute_python_code"]):
                    names["toolkit"].register_tool_function(tool, namesake_strategy="skip")
            called[name] = await names[name]()
    assert called["advanced_communication_example"].name == "Writer"
    assert [len(str(part)) > 1 for part in called["optimized_research_workflow"]] == [True] * 3
    assert "42" in called["optimized_research_workflow"][1]
    assert len(called["distributed_workflow"]) == 24
    assert called["run_research_project"].name == "Research_Synthesizer"
    assert any("be brief" in request.text for request in server.requests)
    for name, value in called.items():
        if isinstance(value, Msg):
            assert type(value.content) is str, name
    assert "leave.md" in (await called["build_customer_service_system"]("How many days of leave are there?")).content
    for rag in (called["setup_rag_system"], *called["collaborative_rag_example"]):
        assert type((await rag("How many days of leave are there?")).content) is str
    assert_paired(server.requests)


async def test_the_blocks_work_with_nothing_configured_and_without_network(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "k")
    assert "OPENAI_API_KEY" not in os.environ
    write_folders(workplace)
    Path("data.csv").write_text("a,b\n1,2\n", "utf-8")
    names = supplied()
    for code in blocks():
        if "studio_url" in code:
            with pytest.raises(RefdeskError, match="model_config"):
                await run(code, **names)
            continue
        names = await run(code.replace("asyncio.sleep(1)", "asyncio.sleep(0.01)"), **names)
    for name in SPEAKING.split():
        reply = await names[name]()
        assert type(reply.content) is str, name
        assert "model" in reply.content, name
    handle = await names["build_customer_service_system"]()
    reply = await handle("How many days of paid leave does an employee have?")
    assert reply.name == "Tier1_Support"
    assert "25 days" in reply.content
    assert "leave.md" in reply.content
    for asked in ("setup_rag_system", "collaborative_rag_example"):
        with pytest.raises(RefdeskError) as raised:
            await names[asked]()
        assert any(word in str(raised.value) for word in ("embedding_model", "gpt-4"))
