"""A conversation as a model sees it: whose words are whose, and every tool call with its result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ImageBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage

from agents.message import Base64Source, Msg, TextBlock, ToolResultBlock, ToolUseBlock
from agents.message import ImageBlock as ImageOfUser
from agents.model.formatting import UNFINISHED, to_chat_messages


def call(call_id: str, **arguments: Any) -> ToolUseBlock:
    return ToolUseBlock(type="tool_use", id=call_id, name="search", input=arguments)


def result(call_id: str, output: Any = "found") -> ToolResultBlock:
    return ToolResultBlock(type="tool_result", id=call_id, name="search", output=output)


def said(messages: list[ChatMessage]) -> list[tuple[str, str]]:
    return [(message.role.value, message.content or "") for message in messages]


def test_own_words_are_the_assistants_and_all_others_the_users() -> None:
    messages = [Msg("user", "Hello"), Msg("writer", "Hi"), Msg("user", "Go on")]
    assert said(to_chat_messages(messages, speaker="writer", sys_prompt="Be brief")) == [
        ("system", "Be brief"),
        ("user", "Hello"),
        ("assistant", "Hi"),
        ("user", "Go on"),
    ]


def test_names_are_told_where_more_than_one_other_speaks() -> None:
    messages = [Msg("user", "Hello"), Msg("editor", "Shorter"), Msg("writer", "Yes")]
    assert said(to_chat_messages(messages, speaker="writer")) == [
        ("user", "user: Hello"),
        ("user", "editor: Shorter"),
        ("assistant", "Yes"),
    ]


def test_a_call_is_followed_by_its_result_wherever_that_stands() -> None:
    messages = [
        Msg("writer", [{"type": "text", "text": "Let me see"}, call("a", q=1), call("b", q=2)]),
        Msg("editor", "Hurry"),
        Msg("system", [result("b", "two"), result("a", "one")], "system"),
    ]
    made = to_chat_messages(messages, speaker="writer")
    assert said(made) == [("assistant", "Let me see"), ("tool", "one"), ("tool", "two"), ("user", "Hurry")]
    assert [message.additional_kwargs["tool_call_id"] for message in made[1:3]] == ["a", "b"]


def test_a_call_without_result_is_said_to_be_unfinished() -> None:
    made = to_chat_messages([Msg("writer", [call("a")]), Msg("user", "Well?")], speaker="writer")
    assert said(made) == [("assistant", ""), ("tool", UNFINISHED), ("user", "Well?")]


def test_a_result_without_call_and_the_calls_of_others_are_left_out() -> None:
    messages = [Msg("system", [result("x")], "system"), Msg("editor", [call("y")]), Msg("editor", [result("y")])]
    assert to_chat_messages(messages, speaker="writer") == []


def test_ids_that_a_model_uses_again_belong_to_the_latest_call() -> None:
    messages = [
        Msg("writer", [call("call_0", q=1)]),
        Msg("writer", [result("call_0", "first")]),
        Msg("writer", [call("call_0", q=2)]),
        Msg("writer", [result("call_0", "second")]),
    ]
    texts = [text for role, text in said(to_chat_messages(messages, speaker="writer")) if role == "tool"]
    assert texts == ["first", "second"]


def test_thoughts_and_empty_messages_are_left_out() -> None:
    messages = [Msg("writer", [{"type": "thinking", "thinking": "hm"}]), Msg("writer", ""), Msg("user", "")]
    assert to_chat_messages(messages, speaker="writer") == []


def test_a_picture_is_shown_and_one_that_a_tool_gave_too() -> None:
    source = Base64Source(type="base64", media_type="image/png", data="aGVsbG8=")
    picture = ImageOfUser(type="image", source=source)
    messages = [
        Msg("user", [TextBlock(type="text", text="Look"), picture]),
        Msg("writer", [call("a")]),
        Msg("writer", [result("a", [{"type": "text", "text": "a plot"}, picture])]),
    ]
    made = to_chat_messages(messages, speaker="writer")
    assert said(made) == [("user", "Look"), ("assistant", ""), ("tool", "a plot\n[image]"), ("user", "")]
    assert [block.image for message in made for block in message.blocks if isinstance(block, ImageBlock)] == [
        b"aGVsbG8=",
        b"aGVsbG8=",
    ]


@pytest.mark.parametrize(
    ("url", "shown"), [("https://example.com/a.png", "image"), ("https://example.com/a.pdf", "Attached: ")]
)
def test_what_a_message_refers_to_is_shown_or_named(url: str, shown: str) -> None:
    [message] = to_chat_messages([Msg("user", "See", url=url)], speaker="writer")
    last = message.blocks[-1]
    assert last.block_type == shown or str(getattr(last, "text", "")).startswith(shown)


def test_arguments_that_are_no_json_are_given_as_an_empty_object() -> None:
    wrong = ToolUseBlock(type="tool_use", id="a", name="search", input={}, raw_input="{bad")
    [asked, told] = to_chat_messages([Msg("writer", [wrong, result("a", "not JSON")])], speaker="writer")
    assert isinstance(asked.blocks[0], ToolCallBlock)
    assert asked.blocks[0].tool_kwargs == {}
    assert told.content == "not JSON"


# How long an example takes says nothing on a machine that is shared.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
BLOCKS = st.one_of(
    st.sampled_from("ab").map(call),
    st.sampled_from("abc").map(result),
    st.sampled_from(["x", "y"]).map(lambda text: {"type": "text", "text": text}),
)


@UNHURRIED
@given(st.lists(st.tuples(st.sampled_from(["writer", "user", "system"]), st.lists(BLOCKS, max_size=4)), max_size=8))
def test_every_call_has_its_result_right_after_it_and_no_result_stands_alone(
    conversation: list[tuple[str, list[Any]]],
) -> None:
    made = to_chat_messages([Msg(name, blocks) for name, blocks in conversation], speaker="writer")
    waiting: list[str | None] = []
    for message in made:
        if message.role == "tool":
            assert waiting
            assert message.additional_kwargs["tool_call_id"] == waiting.pop(0)
        else:
            assert not waiting
            waiting = [block.tool_call_id for block in message.blocks if isinstance(block, ToolCallBlock)]
    assert not waiting
