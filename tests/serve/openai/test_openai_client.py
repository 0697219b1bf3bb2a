"""The official client of OpenAI, unchanged, against the service."""

from __future__ import annotations

import base64
import struct
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from agents.testing import Reply, ScriptedModel, tool_call
from tests.serve.openai.conftest import Served
from tests.serve.served import EXPEDITED, FAST, PLANE, QUOTED, UNKNOWN

ASK: list[Any] = [{"role": "user", "content": FAST}]


def client_of(served: Served, key: str = "anything") -> OpenAI:
    return OpenAI(base_url=served.base_url, api_key=key, max_retries=0)


def test_a_completion_has_marks_in_its_text_and_citations_beside_it(quoting: Served) -> None:
    with client_of(quoting) as client:
        completion = client.chat.completions.create(model="refdesk", messages=ASK)
    message = completion.choices[0].message
    assert message.content is not None
    assert QUOTED in message.content
    assert "[1]" in message.content
    assert completion.choices[0].finish_reason == "stop"
    told = (completion.model_extra or {})["refdesk"]
    assert (told["abstained"], told["model"], told["text"]) == (False, None, message.content)
    first = told["citations"][0]
    assert (first["number"], first["bank"], first["uri"][-3:]) == (1, "banking", ".md")
    assert completion.usage is not None
    assert completion.usage.total_tokens == 0


def test_a_stream_says_the_same_in_pieces_and_ends_with_what_it_rests_on(quoting: Served) -> None:
    with client_of(quoting) as client:
        options: Any = {"include_usage": True}
        chunks = list(
            client.chat.completions.create(model="refdesk", messages=ASK, stream=True, stream_options=options)
        )
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    told = [chunk.model_extra["refdesk"] for chunk in chunks if chunk.model_extra and "refdesk" in chunk.model_extra]
    assert len(told) == 1
    assert told[0]["text"] == text
    assert told[0]["citations"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert len({chunk.id for chunk in chunks}) == 1


def test_without_include_usage_no_chunk_speaks_of_it(quoting: Served) -> None:
    with client_of(quoting) as client:
        chunks = list(client.chat.completions.create(model="refdesk", messages=ASK, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)


def test_what_was_said_before_gives_a_question_its_meaning(quoting: Served) -> None:
    history: list[Any] = [
        {"role": "user", "content": FAST},
        {"role": "assistant", "content": f"{EXPEDITED} [1]"},
        {"role": "user", "content": [{"type": "text", "text": "And by standard shipping?"}]},
    ]
    with client_of(quoting) as client:
        completion = client.chat.completions.create(model="refdesk", messages=history)
    assert "replacement" in (completion.model_extra or {})["refdesk"]["understood"]
    assert "tandard" in str(completion.choices[0].message.content)


def test_a_question_that_nothing_answers_abstains(quoting: Served) -> None:
    with client_of(quoting) as client:
        completion = client.chat.completions.create(model="refdesk", messages=[{"role": "user", "content": UNKNOWN}])
    told = (completion.model_extra or {})["refdesk"]
    assert told["abstained"]
    assert told["citations"] == []
    assert told["closest"]
    assert "talk to a person" not in str(completion.choices[0].message.content)


def test_a_bank_is_a_model_that_answers_from_it_alone(quoting: Served) -> None:
    with client_of(quoting) as client:
        names = [model.id for model in client.models.list()]
        assert names == ["refdesk", "aviation", "banking"]
        assert (client.models.retrieve("aviation").model_extra or {})["refdesk"]["kind"] == "bank"
        other = client.chat.completions.create(model="aviation", messages=ASK)
        assert all(one["bank"] == "aviation" for one in (other.model_extra or {})["refdesk"]["closest"])
        assert QUOTED not in str(other.choices[0].message.content)
        plane = client.chat.completions.create(model="aviation", messages=[{"role": "user", "content": PLANE}])
        assert (plane.model_extra or {})["refdesk"]["citations"][0]["kind"] == "pdf"


def test_failures_are_those_that_the_client_knows(quoting: Served) -> None:
    with client_of(quoting) as client:
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="gpt-9", messages=ASK)
        assert missing.value.code == "model_not_found"
        assert missing.value.param == "model"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "system", "content": "Be brief."}]}, "question"),
            ({"messages": [*ASK, {"role": "assistant", "content": "x"}]}, "question"),
            ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}, *ASK]}, "Tools"),
            ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "image_url"),
            ({"messages": [{"role": "user", "content": "x" * 5_000}]}, "characters"),
            ({"messages": ASK, "n": 2}, "`n`"),
            ({"messages": ASK, "tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ]
        for body, words in wrong:
            with pytest.raises(openai.APIStatusError, match=words) as error:
                client.chat.completions.create(model="refdesk", **body)
            assert error.value.status_code in (400, 413)
            assert error.value.type == "invalid_request_error"


def test_keys_decide_who_asks_and_as_whom(quoting: Served) -> None:
    response = httpx.get(f"{quoting.base_url}/models", headers={"Host": "evil.example"})
    assert response.status_code == 400


def test_a_model_hears_instructions_history_and_counts_what_it_took(scripted: tuple[Served, ScriptedModel]) -> None:
    served, model = scripted
    messages: list[Any] = [
        {"role": "system", "content": "Always speak like a pirate."},
        {"role": "user", "content": "Hello, I lost my card."},
        {"role": "assistant", "content": "I am sorry to hear that."},
        *ASK,
    ]
    with client_of(served) as client:
        completion = client.chat.completions.create(model="refdesk", messages=messages)
    asked = model.requests[0].text
    assert "pirate" in asked
    assert "I lost my card" in asked
    told = (completion.model_extra or {})["refdesk"]
    assert told["model"] == "scripted"
    assert "2–3 business days" in str(completion.choices[0].message.content)
    assert completion.usage is not None
    assert completion.usage.prompt_tokens > 0
    assert completion.usage.completion_tokens > 0


def test_a_model_that_fails_is_a_bad_gateway_or_the_last_event(scripted: tuple[Served, ScriptedModel]) -> None:
    served, model = scripted
    model._script = (Reply(status=500, error="overloaded"),)
    with client_of(served) as client:
        with pytest.raises(openai.APIStatusError) as error:
            client.chat.completions.create(model="refdesk", messages=ASK)
        assert error.value.status_code == 502
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="refdesk", messages=ASK, stream=True))


def test_tools_of_the_flow_do_not_reach_for_a_person(scripted: tuple[Served, ScriptedModel]) -> None:
    served, model = scripted
    model._script = (tool_call("search_documents", query=FAST), "Within 2–3 business days [1].")
    with client_of(served) as client:
        client.chat.completions.create(model="refdesk", messages=ASK)
    assert "escalate_to_human" not in model.requests[0].tool_names


def test_vectors_are_numbers_or_base64(quoting: Served) -> None:
    with client_of(quoting) as client:
        plain = client.embeddings.create(model="refdesk", input=["days of leave", "a bird"], encoding_format="float")
        default = client.embeddings.create(model="banking", input="days of leave")
        by_name = client.embeddings.create(model="all-MiniLM-L6-v2", input="days of leave", dimensions=384)
    assert [one.index for one in plain.data] == [0, 1]
    assert len(plain.data[0].embedding) == 384
    assert plain.usage.prompt_tokens == 5
    for other in (default, by_name):
        assert other.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    raw = httpx.post(
        f"{quoting.base_url}/embeddings", json={"model": "refdesk", "input": "a bird", "encoding_format": "base64"}
    ).json()["data"][0]["embedding"]
    assert struct.unpack("<384f", base64.b64decode(raw)) == pytest.approx(plain.data[1].embedding, abs=1e-6)


@pytest.mark.parametrize(
    "sent", [{"dimensions": 100}, {"input": [1, 2]}, {"input": [[1], [2]]}, {"input": ["x", " "]}, {"input": []}]
)
def test_vectors_that_cannot_be_are_refused(quoting: Served, sent: dict[str, Any]) -> None:
    with client_of(quoting) as client, pytest.raises(openai.BadRequestError):
        client.embeddings.create(model="refdesk", **{"input": "x", **sent})


def test_vectors_of_a_model_that_is_not_here_are_refused(quoting: Served) -> None:
    with client_of(quoting) as client, pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="x")
