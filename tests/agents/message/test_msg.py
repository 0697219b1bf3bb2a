"""Messages: who says what, under an identity that survives every hop."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.message import Msg, TextBlock, as_msg
from knowledge.errors import UsageError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), st.text(), st.dictionaries(st.text(), JSON, max_size=3))
def test_a_message_is_json_and_comes_back_with_its_identity(name: str, words: str, metadata: dict[str, Any]) -> None:
    msg = Msg(name, [TextBlock(type="text", text=words)], metadata=metadata, url="https://example.org/a.png")
    back = Msg.from_dict(json.loads(json.dumps(msg.to_dict())))
    assert back == msg
    assert back.to_dict() == msg.to_dict()
    assert dict(back) == dict(msg)


@pytest.mark.parametrize(
    ("name", "role"), [("user", "user"), ("User", "user"), ("system", "system"), ("coordinator", "assistant")]
)
def test_the_name_tells_the_role(name: str, role: str) -> None:
    assert Msg(name, "Hello").role == role
    assert Msg(name, "Hello", "user").role == "user"


def test_two_messages_are_the_same_when_their_id_is() -> None:
    one, other = Msg("a", "x"), Msg("a", "x")
    assert one != other
    assert one == Msg.from_dict({**one.to_dict(), "content": "changed"})
    assert len({one, other, Msg.from_dict(one.to_dict())}) == 2


def test_content_is_text_or_blocks() -> None:
    thought: Any = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "text", "text": "one"},
        {"type": "text", "text": "two"},
    ]
    msg = Msg("a", thought)
    assert msg.text == "one\ntwo"
    assert msg.get_text_content(" ") == "one two"
    assert [block["type"] for block in msg.get_content_blocks(["thinking", "text"])] == ["thinking", "text", "text"]
    assert not msg.has_content_blocks("tool_use")
    assert Msg("a", "words").get_content_blocks() == [{"type": "text", "text": "words"}]
    assert Msg("a", "").get_content_blocks() == []
    assert Msg("a", []).get_text_content() is None


def test_fields_are_read_as_attributes_and_as_keys() -> None:
    msg = Msg("a", "x", metadata={"k": 1})
    assert msg["content"] == msg.content == msg.get("content")
    assert "url" in msg
    assert msg.get("nothing", 7) == 7
    with pytest.raises(KeyError):
        msg["nothing"]


@pytest.mark.parametrize("content", [7, [7], [{"text": "no type"}], {"text": "no type"}, object()])
def test_content_that_is_none_is_refused(content: Any) -> None:
    with pytest.raises(UsageError, match="text or a list of blocks"):
        Msg("a", content)


def test_what_is_no_message_is_refused() -> None:
    with pytest.raises(UsageError, match="not a role"):
        Msg("a", "x", "boss")  # type: ignore[arg-type]  # what callers do wrong
    with pytest.raises(UsageError, match="name of a message"):
        Msg(7, "x")  # type: ignore[arg-type]  # as above
    with pytest.raises(UsageError, match="needs content"):
        Msg.from_dict({"name": "a"})
    with pytest.raises(UsageError, match="found int"):
        as_msg(7)  # type: ignore[arg-type]  # as above


def test_a_text_and_a_dict_are_messages_too() -> None:
    assert as_msg("hello").role == "user"
    assert as_msg({"content": "hello"}, name="system").role == "system"
    msg = Msg("a", "x")
    assert as_msg(msg) is msg
