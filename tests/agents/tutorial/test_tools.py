"""Tools and MCP servers, as the tutorial shows them."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from agents.testing import tool_call
from agents.tool import Toolkit, execute_python_code, view_text_file
from tests.agents.tutorial.blocks import block, needs_tutorial, run
from tests.agents.tutorial.conftest import Serve

pytestmark = needs_tutorial


async def test_the_tools_that_come_with_it_are_registered_and_work(workplace: Path) -> None:
    names = await run(block("dashscope_text_to_image"))
    toolkit: Toolkit = names["toolkit"]
    written = await toolkit.execute_tool_function("write_text_file", {"file_path": "note.txt", "content": "line one\n"})
    assert not written.is_error, written.text
    assert (workplace / "note.txt").read_text("utf-8") == "line one\n"
    seen = await toolkit.execute_tool_function("view_text_file", {"file_path": "note.txt"})
    assert "line one" in seen.text
    outside = await toolkit.execute_tool_function("view_text_file", {"file_path": "/etc/passwd"})
    assert outside.is_error
    assert "root:" not in outside.text
    picture = names["dashscope_text_to_image"]
    drawn = await Toolkit().execute_tool_function("nothing", {})
    assert drawn.is_error
    other = Toolkit()
    other.register_tool_function(picture)
    failed = await other.execute_tool_function("dashscope_text_to_image", {"prompt": "a cat"})
    assert failed.text


async def test_a_group_is_offered_and_callable_only_while_it_is_on() -> None:
    toolkit = Toolkit()
    toolkit.create_tool_group("execution_tools", "Code and shell execution")
    toolkit.register_tool_function(execute_python_code, group_name="execution_tools")
    offered = [schema["function"]["name"] for schema in toolkit.get_json_schemas()]
    assert "execute_python_code" not in offered
    refused = await toolkit.execute_tool_function("execute_python_code", {"code": "print(1)"})
    assert refused.is_error
    toolkit.update_tool_groups(["execution_tools"], active=True)
    ran = await toolkit.execute_tool_function("execute_python_code", {"code": "print(1 + 1)"})
    assert "2" in ran.text
    assert not ran.is_error
    toolkit.update_tool_groups(["execution_tools"], active=False)
    assert (await toolkit.execute_tool_function("execute_python_code", {"code": "print(1)"})).is_error


async def test_a_tool_of_ones_own_gets_its_schema_from_its_docstring(serve: Serve) -> None:
    server = serve([tool_call("custom_database_query", query="select 1"), "One row."])
    names = await run(
        block("custom_database_query", "Data_Analyst"),
        toolkit=Toolkit(),
        execute_db_query=lambda query, database: [query, database],
    )
    reply = await names["agent"]("How many rows?")
    assert reply.content == "One row."
    (schema,) = server.requests[0].body["tools"]
    function = schema["function"]
    assert function["name"] == "custom_database_query"
    assert "Execute database query and return results." in function["description"]
    properties = function["parameters"]["properties"]
    assert properties["query"]["type"] == "string"
    assert "SQL query to execute" in properties["query"]["description"]
    assert properties["database"]["default"] == "main"
    assert function["parameters"]["required"] == ["query"]
    assert json.loads(str(server.requests[1].messages[-1]["content"])) == ["select 1", "main"]


async def test_tools_run_side_by_side(workplace: Path) -> None:
    def web_search(query: str) -> str:
        """Search the web."""
        time.sleep(0.5)
        return f"results for {query}"

    async def slow(file_path: str) -> str:
        """Read slowly."""
        await asyncio.sleep(0.5)
        return file_path

    (workplace / "data.csv").write_text("a,b\n1,2\n", "utf-8")
    toolkit = Toolkit()
    for tool in (web_search, execute_python_code, view_text_file):
        toolkit.register_tool_function(tool)
    names = await run(
        block("optimized_research_workflow"),
        toolkit=toolkit,
        analysis_script="import time\ntime.sleep(0.5)\nprint('analysed')",
        combine_results=lambda *results: [result.text for result in results],
    )
    begun = time.perf_counter()
    searched, ran, seen = await names["optimized_research_workflow"]()
    took = time.perf_counter() - begun
    assert "results for AI trends" in searched
    assert "analysed" in ran
    assert "1,2" in seen
    assert took < 2.5


async def test_blocking_tools_of_one_kind_overlap_too() -> None:
    def blocking(number: int) -> int:
        """Take half a second."""
        time.sleep(0.5)
        return number

    toolkit = Toolkit()
    toolkit.register_tool_function(blocking)
    begun = time.perf_counter()
    results = await asyncio.gather(*(toolkit.execute_tool_function("blocking", {"number": at}) for at in range(6)))
    assert time.perf_counter() - begun < 1.5
    assert [result.text for result in results] == [str(at) for at in range(6)]
