"""Tools for models that take none: described in the prompt, called and answered in text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agents.message.blocks import ContentBlock, TextBlock, ToolUseBlock
from agents.message.msg import Msg, new_id
from agents.message.storable import storable_data

PROMPT = """You may use these tools:

{tools}

To use one, write exactly these lines and stop:

Thought: why you use it
Action: the tool's name, one of {names}
Action Input: its arguments as one JSON object, {{}} for none

You are then given its result as

Observation: the result

Never write an observation yourself. When you need no more tools, write

Thought: I can answer now.
Answer: your answer, in the language of the question"""


GO_ON = "(Go on: write an Action with its Action Input, or your Answer.)"


def prompt(schemas: Sequence[Mapping[str, Any]]) -> str:
    """What tells the model of its tools and how it calls them; empty where there are none."""
    functions = [schema["function"] for schema in schemas]
    if not functions:
        return ""
    described = "\n".join(
        f"- {function['name']}: {function.get('description', '')}\n"
        f"  arguments: {json.dumps(function.get('parameters', {}), ensure_ascii=False)}"
        for function in functions
    )
    return PROMPT.format(tools=described, names=", ".join(function["name"] for function in functions))


def read(text: str, schemas: Sequence[Mapping[str, Any]]) -> str | list[ContentBlock]:
    """What the model wrote: its answer, or its thought and the tool call that it makes.

    An action whose arguments cannot be made out becomes a call with them as `raw_input`, which is answered by what is
    wrong with it.
    """
    from llama_index.core.agent.react.types import ActionReasoningStep, ResponseReasoningStep

    from agents.agent.react_format import TolerantReActParser, action_of

    try:
        step = TolerantReActParser().parse(text)
    except ValueError:
        step = None
    if isinstance(step, ResponseReasoningStep):
        return step.response.strip() or text
    if isinstance(step, ActionReasoningStep):
        given = storable_data(json.loads(json.dumps(step.action_input, default=str)))
        call = _call(step.action, _named(given, step.action, schemas))
        return [TextBlock(type="text", text=step.thought), call] if step.thought else [call]
    action = action_of(text)
    if action is None:
        return text.strip().removeprefix("Thought:").strip() or text
    name, raw = action
    return [ToolUseBlock(type="tool_use", id=new_id(), name=name, input={}, raw_input=raw or "(nothing)")]


def is_thought(text: str) -> bool:
    """Whether the model only thought, and neither acted nor answered."""
    return text.lstrip().startswith("Thought:") and "Action:" not in text and "Answer:" not in text


def as_text(messages: Sequence[Msg], speaker: str) -> list[Msg]:
    """The conversation with every tool call and result of `speaker` as text."""
    asker = next((msg.name for msg in messages if msg.name != speaker and msg.role == "user"), "user")
    made: list[Msg] = []
    for msg in messages:
        if msg.name == speaker and msg.has_content_blocks("tool_use"):
            made.append(replace(msg, content=_calls(msg)))
        elif msg.has_content_blocks("tool_result"):
            made.append(replace(msg, name=asker, role="user", content=_observations(msg)))
        else:
            made.append(msg)
    return made


def _calls(msg: Msg) -> str:
    uses: list[Any] = msg.get_content_blocks("tool_use")
    actions = [
        f"Action: {use['name']}\nAction Input: {use.get('raw_input') or json.dumps(use['input'], ensure_ascii=False)}"
        for use in uses
    ]
    return "\n".join([f"Thought: {msg.text or 'I use a tool.'}", *actions])


def _observations(msg: Msg) -> str:
    from agents.model.formatting import output_text

    results: list[Any] = msg.get_content_blocks("tool_result")
    return "\n".join(f"Observation: {output_text(result['output'])}" for result in results)


def _call(name: str, arguments: dict[str, Any]) -> ToolUseBlock:
    return ToolUseBlock(type="tool_use", id=new_id(), name=name, input=arguments)


def _named(given: dict[str, Any], name: str, schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Bare words are read as `query`; a tool whose one argument has another name takes them under that."""
    parameters: Mapping[str, Any] = next(
        (s["function"].get("parameters", {}) for s in schemas if s["function"]["name"] == name), {}
    )
    properties, required = parameters.get("properties", {}), parameters.get("required", [])
    if set(given) == {"query"} and "query" not in properties and len(required) == 1:
        return {required[0]: given["query"]}
    return given
