"""Answers of a given form: by the server's own schema support, else by a tool, else in JSON; checked, asked again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from agents.exceptions import ContextOverflow, ModelRefused
from agents.message.blocks import TextBlock, ToolUseBlock
from agents.message.storable import storable_data
from agents.model.chat import ChatModel, ChatRequest
from agents.model.response import ChatResponse, OnDelta, Usage
from knowledge.errors import ModelError

if TYPE_CHECKING:
    from llama_index.core.llms import ChatMessage

OUTPUT_TOOL = "generate_structured_output"
ATTEMPTS = 3
PROBLEMS = 5
FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)

Way = Callable[[ChatRequest, type[BaseModel]], ChatRequest]


async def structured_answer(
    model: ChatModel,
    request: ChatRequest,
    form: type[BaseModel],
    *,
    on_delta: OnDelta | None = None,
    agent: str = "",
) -> ChatResponse:
    """A response whose `metadata` is an answer that `form` accepts, or one that calls a tool of `request`.

    A model that answers otherwise is told what was wrong and asked again, three times in all; then `ModelError`.
    The usage is that of all attempts together. A server that refuses one way of asking is asked the next way.
    """
    *ways, last = _ways(model, request)
    for way in ways:
        try:
            return await _asked(model, request, form, way, on_delta=on_delta, agent=agent)
        except ContextOverflow:
            raise
        except ModelRefused:
            continue
    return await _asked(model, request, form, last, on_delta=on_delta, agent=agent)


def _ways(model: ChatModel, request: ChatRequest) -> tuple[Way, ...]:
    """Servers that hold a reply to a schema would keep the model from calling tools, so with tools it is not used."""
    if not model.function_calling:
        return (by_schema, in_words) if model.follows_schemas else (in_words,)
    if request.tools or not model.follows_schemas:
        return by_tool, in_words
    return by_schema, by_tool, in_words


def by_schema(request: ChatRequest, form: type[BaseModel]) -> ChatRequest:
    """The server holds the reply to the schema."""
    return replace(request, schema={"title": form.__name__, **form.model_json_schema()})


def by_tool(request: ChatRequest, form: type[BaseModel]) -> ChatRequest:
    """The answer is the arguments of a tool."""
    function = {
        "name": OUTPUT_TOOL,
        "description": form.__doc__ or "Give the final answer in this form.",
        "parameters": form.model_json_schema(),
    }
    choice = "required" if request.tools else OUTPUT_TOOL
    return replace(request, tools=(*request.tools, {"type": "function", "function": function}), tool_choice=choice)


def in_words(request: ChatRequest, form: type[BaseModel]) -> ChatRequest:
    """The model is asked for JSON."""
    from llama_index.core.llms import ChatMessage, MessageRole

    return replace(request, messages=(*request.messages, ChatMessage(_wanted(form), role=MessageRole.USER)))


async def _asked(
    model: ChatModel, request: ChatRequest, form: type[BaseModel], way: Way, *, on_delta: OnDelta | None, agent: str
) -> ChatResponse:
    own = {tool["function"]["name"] for tool in request.tools}
    prepared = way(request, form)
    usage: Usage | None = None
    problem = ""
    for _ in range(ATTEMPTS):
        response = await model.ask(prepared, on_delta=on_delta, agent=agent)
        usage = _sum(usage, response.usage)
        response.usage = usage
        if any(call["name"] in own for call in response.tool_calls):
            response.content = [block for block in response.content if not _is_output(block, own)]
            return response
        try:
            return _answered(response, form)
        except ValueError as error:
            problem = str(error)
        prepared = replace(prepared, messages=(*prepared.messages, *_corrections(response, form, problem)))
    raise ModelError(
        f"{model.model_name} at {model.host} gave no {form.__name__} in {ATTEMPTS} attempts ({problem}):",
        hint="ask for a simpler form, or name another model.",
    )


def _sum(before: Usage | None, now: Usage | None) -> Usage | None:
    return before + now if before and now else now or before


def _is_output(block: Any, own: set[str]) -> bool:
    return block["type"] == "tool_use" and block["name"] not in own


def _answered(response: ChatResponse, form: type[BaseModel]) -> ChatResponse:
    """The response with its answer as `metadata` and as text; raises `ValueError` that says what is wrong."""
    value = _value(response, form)
    response.metadata = value.model_dump(mode="json")
    response.content = [block for block in response.content if block["type"] != "tool_use"]
    if not response.text:
        text = json.dumps(response.metadata, ensure_ascii=False)
        response.content.append(TextBlock(type="text", text=text))
    return response


def _value(response: ChatResponse, form: type[BaseModel]) -> BaseModel:
    problem = "it holds no JSON object"
    for candidate in _candidates(response):
        try:
            return form.model_validate_json(_freed(candidate))
        except ValidationError as error:
            problem = _problem(error)
    raise ValueError(problem)


def _freed(candidate: str) -> str:
    """The JSON with its escapes storable; pydantic refuses halves of characters, of which the model means none."""
    if "\\u" not in candidate:
        return candidate
    try:
        return json.dumps(storable_data(json.loads(candidate)))
    except (ValueError, RecursionError):
        return candidate


def _candidates(response: ChatResponse) -> Iterator[str]:
    """What may be the answer, the likeliest first."""
    for call in response.tool_calls:
        yield call.get("raw_input") or json.dumps(call["input"])
    text = response.text.strip()
    yield from (match.strip() for match in FENCED.findall(text))
    begin, end = text.find("{"), text.rfind("}")
    if 0 <= begin < end:
        yield text[begin : end + 1]


def _problem(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_context=False)[:PROBLEMS]
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in details)


def _corrections(response: ChatResponse, form: type[BaseModel], problem: str) -> list[ChatMessage]:
    """What the model said, and what is wrong with it: as the results of its calls where it made some."""
    from llama_index.core.llms import ChatMessage, MessageRole

    wrong = f"This is not the form that was asked for: {problem}. {_wanted(form)}"
    said = ChatMessage(response.text, role=MessageRole.ASSISTANT)
    if not response.tool_calls:
        return [said, ChatMessage(wrong, role=MessageRole.USER)]
    said.blocks = [*said.blocks, *(_tool_call(call) for call in response.tool_calls)]
    return [said, *(_told(call, wrong) for call in response.tool_calls)]


def _tool_call(call: ToolUseBlock) -> Any:
    from llama_index.core.base.llms.types import ToolCallBlock

    return ToolCallBlock(tool_call_id=call["id"], tool_name=call["name"], tool_kwargs=call["input"])


def _told(call: ToolUseBlock, words: str) -> ChatMessage:
    from llama_index.core.llms import ChatMessage, MessageRole

    extra = {"tool_call_id": call["id"], "name": call["name"]}
    return ChatMessage(words, role=MessageRole.TOOL, additional_kwargs=extra)


def _wanted(form: type[BaseModel]) -> str:
    schema = json.dumps(form.model_json_schema(), ensure_ascii=False)
    return f"Answer with one JSON object and nothing else, following this JSON schema: {schema}"
