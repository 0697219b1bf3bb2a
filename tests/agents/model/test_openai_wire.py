"""Whatever servers send is read or refused, and pieces add up to the whole."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.model.openai_chat import OpenAIChatModel
from agents.model.openai_wire import Accumulated, from_completion
from agents.model.retrying import ONCE
from agents.model.strict_schema import strict_schema
from agents.testing import Reply, ScriptedServer
from agents.testing.openai_dialect import chunks, completion
from agents.testing.script import ToolCall
from knowledge.errors import ConfigError, ModelError

# How long an example takes says nothing on a machine that is shared.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = (
    *("choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "index", "id"),
    *("usage", "prompt_tokens", "completion_tokens", "finish_reason", "text", "reasoning"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@UNHURRIED
@given(JSON)
def test_a_body_of_any_form_is_read_or_refused(body: Any) -> None:
    try:
        response = from_completion(body)
    except (ValueError, TypeError, AttributeError):
        return
    assert isinstance(response.text, str)


@UNHURRIED
@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "id", "model"]), JSON, max_size=3), max_size=4))
def test_pieces_of_any_form_are_read_or_refused(events: list[dict[str, Any]]) -> None:
    reply = Accumulated()
    try:
        for event in events:
            reply.add(event)
    except (ValueError, TypeError, AttributeError):
        return
    assert isinstance(reply.response().text, str)


@UNHURRIED
@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.sampled_from(["search", "weather"]), st.dictionaries(st.text(max_size=3), st.integers()))),
    st.integers(1, 9),
)
def test_pieces_add_up_to_the_whole(text: str, calls: list[tuple[str, dict[str, int]]], piece: int) -> None:
    made = tuple(ToolCall(name, json.dumps(arguments), f"id{at}") for at, (name, arguments) in enumerate(calls))
    reply = Reply(text, made, piece=piece)
    accumulated = Accumulated()
    for event in chunks(reply, "m", count=True):
        accumulated.add(event)
    pieces, whole = accumulated.response(), from_completion(completion(reply, "m"))
    assert (pieces.content, pieces.usage, pieces.finish_reason) == (whole.content, whole.usage, whole.finish_reason)


@pytest.mark.parametrize("numbered", ["not", "all the same"])
def test_calls_that_are_not_numbered_are_told_apart_by_their_ids(numbered: str) -> None:
    reply = Accumulated()
    index = {} if numbered == "not" else {"index": 0}
    for name in ("a", "b"):
        call = {**index, "id": name, "function": {"name": name, "arguments": "{}"}}
        reply.add({"choices": [{"delta": {"tool_calls": [call]}}]})
    assert [call["name"] for call in reply.response().tool_calls] == ["a", "b"]


def test_arguments_in_pieces_are_joined() -> None:
    reply = Accumulated()
    for piece in ('{"city', '": "Oslo"}'):
        call = {"index": 0, "function": {"name": "w", "arguments": piece}}
        reply.add({"choices": [{"delta": {"tool_calls": [call]}}]})
    assert reply.response().tool_calls[0]["input"] == {"city": "Oslo"}


@pytest.mark.parametrize("raw", ["[1]", "null", '{"choices": [3]}', '{"choices": [{"message": 3}]}', "\x00", ""])
async def test_a_body_in_no_protocol_is_an_error_that_says_so(raw: str) -> None:
    with ScriptedServer([Reply(raw=raw)]) as server:
        model = OpenAIChatModel("m", "k", base_url=server.base_url, retry=ONCE)
        with pytest.raises(ModelError, match=r"is no completion|returned an empty answer"):
            await model.respond([])


async def test_a_reply_of_many_megabytes_in_one_piece_is_read() -> None:
    with ScriptedServer([Reply("x" * 3_000_000, piece=3_000_000)]) as server:
        model = OpenAIChatModel("m", "k", base_url=server.base_url, retry=ONCE)
        response = await asyncio.wait_for(model.respond([]), 30)
    assert len(response.text) == 3_000_000


@pytest.mark.parametrize("key", ["sk-1\nX: y", "schlüssel", "\x00"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        OpenAIChatModel("m", key, base_url="http://127.0.0.1:9/v1")
    assert key not in caught.value.sentence


def test_white_space_around_a_key_is_left_out() -> None:
    model = OpenAIChatModel("m", " sk-1\n", base_url="http://127.0.0.1:9/v1")
    assert model._endpoint.api_key == "sk-1"


def test_a_schema_is_made_strict_where_it_can_be() -> None:
    schema = {
        "type": "object",
        "properties": {"default": {"type": "string", "default": "x"}, "at": {"$ref": "#/$defs/At"}},
        "$defs": {"At": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    }
    strict = strict_schema(schema)
    assert strict is not None
    assert strict["required"] == ["default", "at"]
    assert strict["properties"]["default"] == {"type": "string"}
    assert strict["$defs"]["At"]["additionalProperties"] is False
    assert strict_schema({"type": "object", "additionalProperties": {"type": "integer"}}) is None
