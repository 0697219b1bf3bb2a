"""How words are drawn for one request, and for no other."""

from __future__ import annotations

from llama_index.core.llms import ChatMessage

from agents.model import FallbackChatModel, OpenAIChatModel
from agents.model.sampling import Sampling, sampled
from agents.testing import ScriptedModel, ScriptedServer


async def test_options_of_one_request_leave_the_model_as_it_is() -> None:
    with ScriptedServer(["yes"]) as server:
        model = OpenAIChatModel("scripted", base_url=server.base_url, temperature=0.1)
        other = sampled(FallbackChatModel([model]), Sampling(temperature=1.0, seed=3))
        await other.respond([ChatMessage("Say yes.")])
        await model.respond([ChatMessage("Say yes.")])
    told = [(request.body["temperature"], request.body.get("seed")) for request in server.requests]
    assert told == [(1.0, 3), (0.1, None)]
    reasoning = sampled(OpenAIChatModel("gpt-5-mini", "key"), Sampling(temperature=1.0, top_p=0.5, max_tokens=9))
    assert isinstance(reasoning, OpenAIChatModel)
    assert reasoning._options == {"max_completion_tokens": 9}


def test_a_model_behind_another_protocol_stays_as_it_is_configured() -> None:
    model = ScriptedModel()
    assert sampled(model, Sampling(temperature=1.0)) is model
