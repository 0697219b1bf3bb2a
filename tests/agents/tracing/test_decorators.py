from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from agents.tracing import (
    flush_tracing,
    setup_tracing,
    span,
    trace,
    trace_agent,
    trace_llm,
    trace_retrieval,
    trace_tool,
)
from tests.agents.tracing.receiver import Receiver, as_json, attributes


@trace
def plain(number: int) -> int:
    with span("function", "inside plain"):
        return number + 1


@trace("renamed")
async def later(number: int) -> int:
    await asyncio.sleep(0)
    with span("function", "inside later"):
        return number + 1


@trace(name="counted")
def counting(most: int) -> Iterator[int]:
    for number in range(most):
        with span("function", f"inside counting {number}"):
            yield number


@trace_llm(name="streamed")
async def streaming(most: int) -> AsyncIterator[int]:
    for number in range(most):
        with span("function", f"inside streaming {number}"):
            pass
        yield number


@pytest.fixture
def traced(receiver: Receiver) -> Receiver:
    setup_tracing(tracing_endpoint=receiver.url, capture_content=True)
    return receiver


async def test_decorated_functions_do_what_they_did(traced: Receiver) -> None:
    assert plain(1) == 2
    assert await later(1) == 2
    assert list(counting(3)) == [0, 1, 2]
    assert [number async for number in streaming(3)] == [0, 1, 2]
    assert (plain.__name__, later.__name__) == ("plain", "later")


async def test_what_happens_within_a_decorated_function_stands_below_its_span(traced: Receiver) -> None:
    plain(1)
    await later(1)
    flush_tracing()
    for outer, inner in (("plain", "inside plain"), ("renamed", "inside later")):
        assert traced.span(inner).parent_span_id == traced.span(outer).span_id


async def test_what_happens_between_two_items_of_a_generator_does_not(traced: Receiver) -> None:
    with span("function", "reader"):
        async for number in streaming(2):
            with span("function", f"reading {number}"):
                pass
    flush_tracing()
    reader = traced.span("reader").span_id
    assert traced.span("streamed").parent_span_id == reader
    assert traced.span("reading 1").parent_span_id == reader
    assert traced.span("inside streaming 1").parent_span_id == traced.span("streamed").span_id


async def test_a_generator_that_is_left_early_ends_its_span_without_an_error(traced: Receiver) -> None:
    items = streaming(5)
    assert await anext(items) == 0
    await asyncio.create_task(items.aclose())  # type: ignore[attr-defined]  # it is a generator
    numbers = counting(5)
    assert next(numbers) == 0
    numbers.close()  # type: ignore[attr-defined]  # it is a generator
    flush_tracing()
    assert traced.span("streamed").status.code == 0
    assert traced.span("counted").status.code == 0


def test_input_and_output_are_kept_where_content_is(traced: Receiver) -> None:
    plain(number=1)
    flush_tracing()
    found = attributes(traced.span("plain"))
    assert found["refdesk.input"] == as_json([{"number": 1}])
    assert found["refdesk.output"] == "2"


def test_each_decorator_says_what_kind_of_work_it_is(traced: Receiver) -> None:
    for kind, decorate in {
        "chat": trace_llm,
        "invoke_agent": trace_agent,
        "execute_tool": trace_tool,
        "retrieval": trace_retrieval,
    }.items():
        decorate(name=kind)(lambda: None)()
    flush_tracing()
    assert {attributes(found)["gen_ai.operation.name"] for found in traced.spans} == set(traced.names)


def test_a_method_can_be_decorated(traced: Receiver) -> None:
    class Store:
        @trace
        def get(self, key: str) -> str:
            return key

    assert Store().get("a") == "a"
    flush_tracing()
    assert str(attributes(traced.span("get"))["code.function.name"]).endswith("Store.get")


def test_decorated_functions_work_while_tracing_is_off() -> None:
    assert plain(1) == 2
    assert list(counting(2)) == [0, 1]
    with pytest.raises(ZeroDivisionError):
        trace(lambda: 1 / 0)()
