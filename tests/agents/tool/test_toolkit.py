from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import pytest
from llama_index.core.tools import FunctionTool, ToolOutput
from pydantic import BaseModel

from agents.exceptions import ToolError
from agents.message import ToolUseBlock
from agents.tool import Toolkit, ToolResponse, stop_requested

WHO: ContextVar[str] = ContextVar("who", default="nobody")


def call(name: str, **arguments: Any) -> ToolUseBlock:
    return ToolUseBlock(type="tool_use", id="1", name=name, input=arguments)


def names(toolkit: Toolkit) -> list[str]:
    return [schema["function"]["name"] for schema in toolkit.json_schemas]


def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


async def test_a_plain_function_is_described_and_called() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    response = await toolkit.execute_tool_function("add", {"a": "3"})
    assert (response.text, response.value, response.is_error) == ("5", 5, False)
    assert toolkit.json_schemas[0]["function"]["description"] == "Add two numbers."


@dataclass
class Point:
    x: int


class Model(BaseModel):
    y: int


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("words", "words"),
        ("", ""),
        (None, "Done: the tool returned nothing."),
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ([1, "b"], '[1,"b"]'),
        ([], "[]"),
        (3.5, "3.5"),
        (True, "true"),
        (b"bytes", "bytes"),
        (b"\xff\xfe", "[2 bytes that are not text]"),
        (Point(1), '{"x":1}'),
        (Model(y=2), '{"y":2}'),
        (ToolResponse("as it stands"), "as it stands"),
        (ToolOutput(content="of LlamaIndex", tool_name="t", raw_input={}, raw_output=7), "of LlamaIndex"),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], "one\ntwo"),
    ],
)
async def test_whatever_a_tool_returns_becomes_text(value: object, text: str) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: value, func_name="give")
    assert (await toolkit.execute_tool_function("give", {})).text == text


async def test_pictures_stay_blocks() -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1/x.png"}}
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: picture, func_name="draw")
    response = await toolkit.run(call("draw"))
    assert response.content == [picture]
    assert response.as_block(id="7", name="draw")["output"] == [picture]


async def test_an_error_of_llama_index_stays_an_error() -> None:
    toolkit = Toolkit()
    output = ToolOutput(content="no", tool_name="t", raw_input={}, raw_output=None, is_error=True)
    toolkit.register_tool_function(lambda: output, func_name="fail")
    assert (await toolkit.execute_tool_function("fail")).is_error


async def test_a_circular_value_is_still_told() -> None:
    value: list[object] = []
    value.append(value)
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: value, func_name="turn")
    assert (await toolkit.execute_tool_function("turn")).text == "[[...]]"


async def test_blocking_tools_overlap_however_many_there_are() -> None:
    toolkit = Toolkit()
    barrier = threading.Barrier(40, timeout=10)
    toolkit.register_tool_function(barrier.wait, func_name="meet", preset_kwargs={"timeout": 10})
    responses = await asyncio.gather(*(toolkit.execute_tool_function("meet", {}) for _ in range(40)))
    assert not [response.text for response in responses if response.is_error]


async def test_a_blocking_tool_sees_the_context_of_its_caller() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(WHO.get, func_name="who", json_schema={"parameters": {}})
    WHO.set("somebody")
    assert (await toolkit.execute_tool_function("who")).text == "somebody"


async def test_texts_that_a_generator_yields_are_joined_as_they_come() -> None:
    def count() -> Iterator[str]:
        yield from ("one ", "two ", "three")

    toolkit = Toolkit()
    toolkit.register_tool_function(count)
    seen = [response.text async for response in toolkit.call_tool_function(call("count"))]
    assert seen == ["one ", "one two ", "one two three"]
    again = [response.text async for response in await toolkit.call_tool_function(call("count"))]
    assert again == seen


async def test_an_async_generator_streams_and_its_updates_are_heard() -> None:
    async def count() -> AsyncIterator[dict[str, int]]:
        for number in range(3):
            yield {"n": number}

    toolkit = Toolkit()
    toolkit.register_tool_function(count)
    heard: list[str] = []
    response = await toolkit.run(call("count"), on_update=lambda update: heard.append(update.text))
    assert response.value == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert len(heard) == 3
    assert response.is_last


async def test_responses_that_a_generator_yields_stand_as_they_are() -> None:
    async def grow() -> AsyncIterator[ToolResponse]:
        for words in ("a", "ab", "abc"):
            yield ToolResponse(words, stream=True)

    toolkit = Toolkit()
    toolkit.register_tool_function(grow)
    assert [response.text async for response in toolkit.call_tool_function(call("grow"))] == ["a", "ab", "abc"]


async def test_a_generator_that_fails_keeps_what_came_before() -> None:
    def half() -> Iterator[str]:
        yield "half"
        raise ValueError("no more")

    toolkit = Toolkit()
    toolkit.register_tool_function(half)
    response = await toolkit.run(call("half"))
    assert response.is_error
    assert response.text == "half\nError: half failed: ValueError: no more."


async def test_an_endless_generator_is_stopped_when_it_is_more_than_a_model_can_take() -> None:
    closed = threading.Event()

    def endless() -> Iterator[str]:
        try:
            while True:
                yield "x" * 1000
        finally:
            closed.set()

    toolkit = Toolkit(max_output=10_000)
    toolkit.register_tool_function(endless)
    response = await toolkit.run(call("endless"))
    assert len(response.text) < 11_000
    assert "stopped after 10,000 characters" in response.text
    assert await asyncio.to_thread(closed.wait, 5)


async def test_a_huge_result_is_cut_with_a_note_and_kept_for_code() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(lambda: "x" * 50_000_000, func_name="flood")
    response = await toolkit.execute_tool_function("flood")
    assert len(response.text) < 51_000
    assert "49,950,000 of 50,000,000 characters of the output left out" in response.text
    assert len(response.value) == 50_000_000


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (call("nothing"), "There is no tool nothing; the tools are: add."),
        (call("add"), "`a` is missing; it takes a, b (optional)"),
        (call("add", a=1, c=2), "`c` is not one of its arguments"),
        (call("add", a="many"), "`a`: input should be a valid integer"),
        (ToolUseBlock(type="tool_use", id="1", name="add", input={}, raw_input='{"a": '), "are no JSON object"),
        (ToolUseBlock(type="tool_use", id="1", name="add", input={}, raw_input="[1]"), "are no JSON object"),
        ({"type": "tool_use", "id": "1", "name": "add", "input": 5}, "are no JSON object"),
        ({"type": "tool_use", "id": "1", "name": "", "input": {}}, "There is no tool"),
    ],
)
async def test_a_bad_call_becomes_a_sentence(given: ToolUseBlock, said: str) -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    response = await toolkit.run(given)
    assert response.is_error
    assert said in response.text
    assert "\n" not in response.text


async def test_a_models_own_words_are_taken_where_they_are_json() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    block = ToolUseBlock(type="tool_use", id="1", name="add", input={}, raw_input=' {"a": 1}\n')
    assert (await toolkit.run(block)).value == 3


@pytest.mark.parametrize("error", [ValueError("it broke\nin two"), SystemExit(3), KeyboardInterrupt(), StopIteration()])
@pytest.mark.parametrize("awaited", [False, True])
async def test_a_tool_that_raises_becomes_a_sentence(error: BaseException, awaited: bool) -> None:
    def fail() -> None:
        raise error

    async def fail_awaited() -> None:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise ValueError("only an operator interrupts the loop")
        raise error

    toolkit = Toolkit()
    toolkit.register_tool_function(fail_awaited if awaited else fail, func_name="fail")
    response = await toolkit.execute_tool_function("fail")
    assert response.is_error
    assert response.text.startswith("Error: fail failed: ")
    assert "\n" not in response.text


async def test_a_tool_that_cancels_itself_fails_alone() -> None:
    async def give_up() -> None:
        raise asyncio.CancelledError

    toolkit = Toolkit()
    toolkit.register_tool_function(give_up)
    assert "cancelled from within" in (await toolkit.execute_tool_function("give_up")).text


async def test_a_blocking_tool_that_hangs_is_stopped_and_its_thread_ends() -> None:
    ended = threading.Event()

    def hang() -> None:
        try:
            while True:
                time.sleep(0.01)
        finally:
            ended.set()

    toolkit = Toolkit()
    toolkit.register_tool_function(hang, timeout=0.1)
    response = await toolkit.execute_tool_function("hang")
    assert response.text == "Error: hang took longer than 0.1 s and was stopped."
    assert await asyncio.to_thread(ended.wait, 5)


async def test_a_tool_that_ignores_its_cancellation_holds_up_nothing() -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    toolkit = Toolkit(timeout=0.05)
    toolkit.register_tool_function(stubborn)
    response = await asyncio.wait_for(toolkit.execute_tool_function("stubborn"), 3)
    assert "took longer than 0.05 s" in response.text
    release.set()
    await asyncio.sleep(0)


async def test_a_timeout_of_the_tools_own_is_its_failure() -> None:
    async def slow() -> None:
        raise TimeoutError("the server did not answer")

    toolkit = Toolkit(timeout=60)
    toolkit.register_tool_function(slow)
    assert "slow failed: TimeoutError: the server did not answer" in (await toolkit.execute_tool_function("slow")).text


@pytest.mark.parametrize("blocking", [True, False])
async def test_cancellation_reaches_the_tool(blocking: bool) -> None:
    started, ended = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        try:
            while not stop_requested():
                time.sleep(0.01)
        finally:
            ended.set()

    async def work_awaited() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    toolkit = Toolkit()
    toolkit.register_tool_function(work if blocking else work_awaited, func_name="work")
    task = asyncio.create_task(toolkit.execute_tool_function("work"))
    await asyncio.to_thread(started.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(ended.wait, 5)


async def test_leaving_a_stream_ends_its_tool() -> None:
    ended = threading.Event()

    async def endless() -> AsyncIterator[str]:
        try:
            while True:
                yield "x"
                await asyncio.sleep(0)
        finally:
            ended.set()

    toolkit = Toolkit()
    toolkit.register_tool_function(endless)
    stream = toolkit.call_tool_function(call("endless"))
    async for _ in stream:
        break
    await stream.aclose()
    assert ended.is_set()


async def test_preset_arguments_are_passed_and_not_told() -> None:
    def look(table: str, key: str) -> str:
        return f"{table} with {key}"

    toolkit = Toolkit()
    toolkit.register_tool_function(look, preset_kwargs={"key": "a secret"})
    assert list(toolkit.json_schemas[0]["function"]["parameters"]["properties"]) == ["table"]
    assert (await toolkit.execute_tool_function("look", {"table": "t"})).text == "t with a secret"
    assert (await toolkit.execute_tool_function("look", {"table": "t", "key": "mine"})).is_error


async def test_a_result_can_be_post_processed() -> None:
    seen: list[str] = []

    def note(block: ToolUseBlock, response: ToolResponse) -> None:
        seen.append(f"{block['name']}: {response.text}")

    async def redo(response: ToolResponse) -> str:
        return response.text * 2

    def fail(block: ToolUseBlock, response: ToolResponse) -> None:
        raise ValueError("post")

    toolkit = Toolkit()
    processes: dict[str, Any] = {"noted": note, "doubled": redo, "failing": fail}
    for name, process in processes.items():
        toolkit.register_tool_function(add, func_name=name, postprocess_func=process)
    assert (await toolkit.execute_tool_function("noted", {"a": 1})).text == "3"
    assert seen == ["noted: 3"]
    assert (await toolkit.execute_tool_function("doubled", {"a": 1})).text == "33"
    assert "ValueError: post" in (await toolkit.execute_tool_function("failing", {"a": 1})).text


def test_a_name_that_is_taken_says_what_to_do() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    toolkit.register_tool_function(add)
    with pytest.raises(ToolError, match="pass another `func_name`, or namesake_strategy="):
        toolkit.register_tool_function(lambda: 1, func_name="add")
    toolkit.register_tool_function(lambda: 1, func_name="add", namesake_strategy="skip")
    assert toolkit.tools["add"].original is add
    toolkit.register_tool_function(lambda: 1, func_name="add", namesake_strategy="rename")
    assert names(toolkit) == ["add", "add_2"]
    toolkit.register_tool_function(lambda: 1, func_name="add", namesake_strategy="override")
    assert toolkit.tools["add"].original is not add


@pytest.mark.parametrize("name", ["", "two words", "ä", "x" * 65])
def test_a_name_that_no_model_can_call_is_refused(name: str) -> None:
    with pytest.raises(ToolError, match=r"at most 64 letters|found str"):
        Toolkit().register_tool_function(add, func_name=name or "-!")


def test_what_is_no_tool_is_refused() -> None:
    with pytest.raises(ToolError, match="found int"):
        Toolkit().register_tool_function(5)


async def test_tools_of_llama_index_work_as_they_are() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(FunctionTool.from_defaults(fn=add, name="plus", description="Adds."))
    assert names(toolkit) == ["plus"]
    assert (await toolkit.execute_tool_function("plus", {"a": 1, "b": 4})).text == "5"
    assert (await toolkit.execute_tool_function("plus", {})).is_error


async def test_a_toolkits_tools_work_in_llama_index() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    (tool,) = toolkit.as_llama_index()
    assert (await tool.acall(a=1)).content == "3"
    assert tool.call(a=2).content == "4"
    assert (await tool.acall(b=1)).is_error
    assert tool.metadata.to_openai_tool()["function"] == toolkit.json_schemas[0]["function"]


def test_the_fn_schema_of_a_json_schema_can_be_given() -> None:
    toolkit = Toolkit()
    schema = {"name": "sum", "description": "Sums.", "parameters": {"properties": {"a": {"type": "integer"}}}}
    toolkit.register_tool_function(add, json_schema={"type": "function", "function": schema})
    function = toolkit.json_schemas[0]["function"]
    assert (function["name"], function["description"]) == ("sum", "Sums.")
    assert function["parameters"] == {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_a_tool_can_be_forgotten() -> None:
    toolkit = Toolkit()
    toolkit.register_tool_function(add)
    toolkit.remove_tool_function("add")
    toolkit.remove_tool_function("add")
    assert toolkit.json_schemas == []


async def test_a_response_may_be_awaited_like_that_of_any_tool() -> None:
    response = ToolResponse("here")
    assert await response is response
