"""The scripted server speaks the protocol that clients expect, whole and streamed."""

from __future__ import annotations

import asyncio

import openai
import pytest

from agents.testing import Reply, Request, ScriptedServer, ToolCall, failure, tool_call

HELLO = [{"role": "user", "content": "Hello"}]


def client(server: ScriptedServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.base_url, api_key="test-key", max_retries=0)


def test_replies_come_in_the_order_of_the_script_and_the_last_one_stays() -> None:
    with ScriptedServer(["one", "two"]) as server, client(server) as asking:
        said = [
            asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}]) for _ in range(3)
        ]
    assert [reply.choices[0].message.content for reply in said] == ["one", "two", "two"]


def test_requests_are_recorded_with_their_headers() -> None:
    with ScriptedServer(["hi"]) as server, client(server) as asking:
        asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])
    [request] = server.requests
    assert request.messages == HELLO
    assert request.headers["authorization"] == "Bearer test-key"
    assert "Hello" in request.text


def test_a_step_may_answer_what_it_was_asked() -> None:
    def echo(request: Request) -> str:
        return str(request.messages[-1]["content"]).upper()

    with ScriptedServer([echo]) as server, client(server) as asking:
        reply = asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "abc"}])
    assert reply.choices[0].message.content == "ABC"


def test_a_streamed_reply_arrives_in_pieces_with_its_usage() -> None:
    with ScriptedServer([Reply("a reply in pieces", piece=4)]) as server, client(server) as asking:
        stream = asking.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "?"}],
            stream=True,
            stream_options={"include_usage": True},
        )
        events = list(stream)
    pieces = [event.choices[0].delta.content or "" for event in events if event.choices]
    assert "".join(pieces) == "a reply in pieces"
    assert len([piece for piece in pieces if piece]) > 3
    assert events[-1].usage is not None


def test_a_streamed_tool_call_arrives() -> None:
    with ScriptedServer([tool_call("search", query="x")]) as server, client(server) as asking:
        events = list(
            asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True)
        )
    calls = [call for event in events for choice in event.choices for call in choice.delta.tool_calls or ()]
    assert [(call.function.name, call.function.arguments) for call in calls if call.function] == [
        ("search", '{"query": "x"}')
    ]


def test_malformed_arguments_are_sent_as_they_are() -> None:
    with ScriptedServer([Reply(tool_calls=(ToolCall("search", "{bad"),))]) as server, client(server) as asking:
        reply = asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
    calls = reply.choices[0].message.tool_calls or []
    assert [call.function.arguments for call in calls if call.type == "function"] == ["{bad"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, openai.AuthenticationError), (429, openai.RateLimitError), (500, openai.InternalServerError)],
)
def test_errors_have_their_status(status: int, kind: type[openai.APIStatusError]) -> None:
    with ScriptedServer([failure(status, Retry_After="0")]) as server, client(server) as asking:
        with pytest.raises(kind) as caught:
            asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
        assert caught.value.response.headers["retry-after"] == "0"


def test_a_slow_reply_can_be_given_up_without_holding_up_the_server() -> None:
    async def give_up(server: ScriptedServer) -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="k", max_retries=0, timeout=0.2) as asking:
            await asking.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])

    with ScriptedServer([Reply("late", delay=30)]) as server, pytest.raises(openai.APITimeoutError):
        asyncio.run(give_up(server))


def test_an_empty_script_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one step"):
        ScriptedServer([])
