"""A budget counts what runs within it, live and in any number of tasks, and acts above its limits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from llama_index.core.llms import ChatMessage

from agents.budget import BudgetManager, Limits
from agents.exceptions import BudgetExceeded
from agents.model.chat import ChatModel
from agents.model.fallback_chat import FallbackChatModel
from agents.model.pricing import Price
from agents.runtime import init, isolated
from agents.testing import Reply, ScriptedModel, ScriptedServer, failure
from knowledge.errors import ModelError, UsageError

HELLO = [ChatMessage("Hello")]
PRICE = Price(1_000_000, 2_000_000)


def counted(asked: int = 10, answered: int = 5) -> Reply:
    return Reply("five words are said here", input_tokens=asked, output_tokens=answered)


def model(*script: Reply, stream: bool = False, name: str = "scripted", price: Price | None = None) -> ScriptedModel:
    return ScriptedModel(script or (counted(),), stream=stream, model_name=name, price=price)


async def ask(asked: ChatModel, *, agent: str = "") -> None:
    await asked.respond(HELLO, agent=agent)


async def test_an_operation_counts_its_own_calls_and_no_others() -> None:
    budget = BudgetManager()
    speaking = model(price=PRICE)

    @budget.track_usage
    async def twice() -> str:
        await ask(speaking)
        await ask(speaking)
        return "done"

    assert await twice() == "done"
    await ask(speaking)
    assert (budget.total_tokens, budget.total_calls, budget.total_cost) == (30, 2, 40.0)


async def test_over_means_above() -> None:
    budget = BudgetManager(max_tokens=15)
    with budget:
        await ask(model())
        assert not budget.exceeds_limit()
        await ask(model())
        assert budget.exceeds_limit()


async def test_a_budget_of_nothing_is_not_over_before_anything_was_taken() -> None:
    budget = BudgetManager(max_tokens=0, max_cost=0.0)
    assert not budget.exceeds_limit()


async def test_tasks_and_threads_that_an_operation_starts_count() -> None:
    budget = BudgetManager()
    speaking = model()

    @budget.track_usage
    async def many() -> None:
        await asyncio.gather(*(ask(speaking) for _ in range(50)))
        await asyncio.to_thread(asyncio.run, ask(speaking))

    await many()
    assert budget.total_calls == 51
    assert budget.total_tokens == 51 * 15


async def test_two_budgets_at_once_count_each_its_own() -> None:
    one, other = BudgetManager(), BudgetManager()

    async def within(budget: BudgetManager, calls: int) -> None:
        async with budget:
            for _ in range(calls):
                await ask(model())
                await asyncio.sleep(0)

    await asyncio.gather(within(one, 3), within(other, 5), within(one, 2))
    assert (one.total_calls, other.total_calls) == (5, 5)


async def test_an_operation_within_an_operation_counts_once() -> None:
    budget = BudgetManager()

    @budget.track_usage
    async def inner() -> None:
        await ask(model())

    @budget.track_usage
    async def outer() -> None:
        await inner()
        with budget:
            await ask(model())

    await outer()
    assert budget.total_calls == 2


def test_a_function_that_is_not_async_counts() -> None:
    budget = BudgetManager()

    @budget.track_usage
    def answer() -> str:
        return str(model().llm.chat(HELLO).message.content)

    assert answer() == "five words are said here"
    assert budget.total_calls == 1


async def test_a_generator_counts_step_by_step_and_what_runs_between_does_not() -> None:
    budget = BudgetManager()

    @budget.track_usage
    async def steps() -> AsyncIterator[int]:
        for number in range(3):
            await ask(model())
            yield number

    seen = []
    async for number in steps():
        seen.append((number, budget.total_calls))
        await ask(model())
    assert seen == [(0, 1), (1, 2), (2, 3)]
    assert budget.total_calls == 3


async def test_a_generator_that_is_left_early_is_closed() -> None:
    budget, closed = BudgetManager(), []

    @budget.track_usage
    async def steps() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    stream = steps()
    assert await anext(stream) == 1
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert closed == [True]


async def test_a_reply_counts_while_it_streams_and_exactly_in_the_end() -> None:
    budget = BudgetManager()
    speaking = ScriptedModel([Reply("word " * 400, piece=100, input_tokens=7, output_tokens=400)], stream=True)
    seen: list[int] = []
    with budget:
        await speaking.respond(HELLO, on_delta=lambda _: seen.append(budget.total_tokens))
    assert 0 < seen[5] < seen[10] < seen[15]
    assert budget.total_tokens == 407
    assert budget.total_calls == 1


async def test_what_a_call_took_until_it_was_cancelled_counts() -> None:
    budget = BudgetManager()
    speaking = ScriptedModel([Reply("word " * 4000, piece=40, pause=0.01)], stream=True)
    begun = asyncio.Event()
    with budget:
        task = asyncio.create_task(speaking.respond(HELLO, on_delta=lambda _: begun.set()))
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert 0 < budget.total_tokens < 5000
    assert budget.total_calls == 1
    assert budget.usage.estimated


async def test_a_price_that_is_not_known_is_told() -> None:
    budget = BudgetManager()
    with budget:
        await ask(model(name="nobody-knows-it"))
        await ask(model(name="gpt-4"))
    assert budget.unpriced_calls == 1
    assert budget.total_cost == pytest.approx((10 * 30 + 5 * 60) / 1e6)


async def test_a_budget_that_stops_lets_no_further_call_begin() -> None:
    budget = BudgetManager(max_tokens=20, on_limit="stop", name="research")
    speaking = model()
    with budget:
        await ask(speaking)
        await ask(speaking)
        with pytest.raises(BudgetExceeded, match=r"The research is used up: 30 of 20 tokens: raise the limit"):
            await ask(speaking)
    assert len(speaking.requests) == 2


async def test_as_many_calls_as_allowed_are_made_and_no_more() -> None:
    budget = BudgetManager(max_calls=2, on_limit="stop")
    speaking = model()
    with budget:
        await ask(speaking)
        await ask(speaking)
        assert not budget.exceeds_limit()
        with pytest.raises(BudgetExceeded):
            await ask(speaking)


async def test_a_budget_that_falls_back_asks_the_cheaper_model_from_then_on() -> None:
    cheap = model(name="cheap")
    budget = BudgetManager(max_tokens=20, on_limit="fallback", fallback=cheap)
    dear = model(name="dear")
    with budget:
        names = [(await dear.respond(HELLO)).model for _ in range(4)]
    assert names == ["dear", "dear", "cheap", "cheap"]
    assert set(budget.usage_by("model")) == {"dear", "cheap"}


async def test_a_budget_may_fall_back_to_a_chain() -> None:
    chain = FallbackChatModel([ScriptedModel([failure(401)]), model(name="cheap")])
    budget = BudgetManager(max_calls=0, on_limit="fallback", fallback=chain)
    with budget:
        assert (await model(name="dear").respond(HELLO)).model == "cheap"


async def test_time_is_limited_too() -> None:
    budget = BudgetManager(max_seconds=0.02, on_limit="stop")
    with budget:
        await asyncio.sleep(0.05)
        assert budget.exceeds_limit()
        with pytest.raises(BudgetExceeded, match="seconds"):
            await ask(model())
    assert 0.05 <= budget.total_seconds < 5


async def test_each_agent_has_its_own_limit() -> None:
    budget = BudgetManager(on_limit="stop", per_agent={"writer": Limits(max_tokens=10)})
    speaking = model()
    with budget:
        await ask(speaking, agent="writer")
        await ask(speaking, agent="editor")
        with pytest.raises(BudgetExceeded, match="budget of writer"):
            await ask(speaking, agent="writer")
        await ask(speaking, agent="editor")
    assert budget.usage_by("agent")["editor"].calls == 2
    assert budget.exceeds_limit(agent="writer")
    assert not budget.exceeds_limit(agent="editor")


async def test_each_conversation_has_its_own_limit() -> None:
    budget = BudgetManager(on_limit="stop", per_conversation=Limits(max_calls=1))
    speaking = model()
    for customer in ("anna", "ben"):
        with budget.conversation(customer):
            await ask(speaking)
            with pytest.raises(BudgetExceeded, match=f"conversation {customer}"):
                await ask(speaking)
    assert budget.total_calls == 2


async def test_a_budget_of_the_process_counts_everything() -> None:
    budget = BudgetManager()
    with isolated():
        init(budget=budget)
        await ask(model())
        with budget:
            await ask(model())
    assert budget.total_calls == 2


async def test_an_alert_is_logged_kept_and_told(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    with ScriptedServer(["ok"]) as server:
        budget = BudgetManager(on_alert=tell, webhook=f"http://{server.host}/alerts")
        with caplog.at_level(logging.WARNING):
            await budget.send_alert("Budget limit approaching")
        [posted] = server.others
    assert budget.alerts == told == ["Budget limit approaching"]
    assert "Budget limit approaching" in caplog.text
    assert posted.path == "/alerts"
    assert posted.body == {
        "text": "Budget limit approaching",
        "budget": "budget",
        "total_tokens": 0,
        "total_cost": 0.0,
        "total_calls": 0,
    }


async def test_a_webhook_that_is_not_there_holds_nothing_up(caplog: pytest.LogCaptureFixture) -> None:
    budget = BudgetManager(webhook="http://127.0.0.1:9/alerts")
    await budget.send_alert("careful")
    assert "cannot be reached" in caplog.text


async def test_a_limit_that_is_passed_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    budget = BudgetManager(max_tokens=10, on_alert=told.append)
    with budget:
        for _ in range(3):
            await ask(model())
        await asyncio.sleep(0)
    assert told == ["budget has taken 15 of 10 tokens."]


async def test_a_call_that_fails_takes_nothing() -> None:
    budget = BudgetManager()
    with budget, pytest.raises(ModelError):
        await ask(ScriptedModel([ModelError("broken.")]))
    assert budget.total_calls == 0


@pytest.mark.parametrize("wrong", [{"max_tokens": -1}, {"max_cost": "5"}, {"max_calls": True}])
def test_a_limit_that_is_no_number_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="is a number of at least 0"):
        BudgetManager(**wrong)  # type: ignore[arg-type]  # that is the point


def test_a_way_of_acting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="write one of warn, stop, fallback"):
        BudgetManager(on_limit="explode")  # type: ignore[arg-type]  # that is the point
    with pytest.raises(UsageError, match="go together"):
        BudgetManager(on_limit="fallback")


async def test_a_budget_can_begin_anew() -> None:
    budget = BudgetManager(max_tokens=1)
    with budget:
        await ask(model())
        budget.reset()
        assert (budget.total_tokens, budget.exceeds_limit()) == (0, False)
