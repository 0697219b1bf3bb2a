from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.access import mark
from agents.exceptions import AgentError, LoopExhausted
from agents.message import Msg
from agents.pipeline import (
    FanoutPipeline,
    ForLoopPipeline,
    IfElsePipeline,
    Pipeline,
    SequentialPipeline,
    SwitchPipeline,
    WhileLoopPipeline,
    fanout_pipeline,
    for_loop_pipeline,
    if_else_pipeline,
    sequential_pipeline,
    switch_pipeline,
    while_loop_pipeline,
)
from knowledge.errors import UsageError
from tests.agents.pipeline.speakers import Speaker, appending, texts

A, B, C = appending("a"), appending("b"), appending("c")


def failing(msg: Msg) -> Msg:
    raise ValueError("it broke")


def long_enough(msg: Msg) -> bool:
    return len(msg.text) > 4


# Sequential


async def test_each_step_takes_what_the_step_before_gave() -> None:
    team = [Speaker("Ann", lambda msg: f"{msg} 1"), Speaker("Bob", lambda msg: f"{msg} 2")]
    reply = await SequentialPipeline(team)(Msg("user", "0"))
    assert (reply.name, reply.text) == ("Bob", "0 1 2")


async def test_a_pipeline_takes_a_text_a_message_or_nothing() -> None:
    assert (await SequentialPipeline([A])("x")).text == "x a"
    assert (await SequentialPipeline([A])(Msg("user", "x"))).text == "x a"
    ann, bob = Speaker("Ann"), Speaker("Bob")
    reply = await sequential_pipeline([ann, bob])
    assert ann.inputs == [None]
    assert texts(bob.inputs) == ["Ann speaks"]
    assert reply.name == "Bob"


async def test_without_steps_what_goes_in_comes_out() -> None:
    assert (await sequential_pipeline([], "hello")).text == "hello"
    assert await sequential_pipeline([]) is None


async def test_a_step_is_an_agent_a_pipeline_a_function_or_an_async_one() -> None:
    async def later(msg: Msg) -> Msg:
        await asyncio.sleep(0)
        return Msg("later", f"{msg.text} later")

    steps: list[Any] = [A, later, SequentialPipeline([B]), Speaker("Ann", lambda msg: f"{msg} ann"), lambda msg: A(msg)]
    assert (await sequential_pipeline(steps, "x")).text == "x a later b ann a"


async def test_the_text_that_a_function_gives_is_said_under_its_name() -> None:
    assert (await sequential_pipeline([A], "x")).name == "a"


async def test_a_step_that_gives_nothing_passes_on_what_it_was_given() -> None:
    seen: list[str] = []
    assert (await sequential_pipeline([lambda msg: seen.append(msg.text), A], "x")).text == "x a"
    assert seen == ["x"]


# Fan-out


async def test_every_branch_gets_the_message_and_the_results_come_in_order() -> None:
    async def slow(msg: Msg) -> str:
        await asyncio.sleep(0.02)
        return f"{msg.text} slow"

    assert texts(await fanout_pipeline([slow, A], "x")) == ["x slow", "x a"]


async def test_branches_work_at_the_same_time_unless_they_are_to_go_one_after_another() -> None:
    at_once = most = 0

    async def count(msg: Msg) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1

    await FanoutPipeline([count] * 5)("x")
    assert most == 5
    most = 0
    await FanoutPipeline([count] * 5, enable_gather=False)("x")
    assert most == 1


async def test_a_branch_cannot_change_what_another_is_given() -> None:
    def spoil(msg: Msg) -> Msg:
        msg.content = "spoilt"
        msg.metadata["tags"].append("spoilt")
        return msg

    given_msg = Msg("user", "clean", metadata={"tags": []})
    branches = [spoil, lambda msg: f"{msg.text} {msg.metadata['tags']}"]
    for gather in (True, False):
        made = await fanout_pipeline(branches, given_msg, enable_gather=gather)
        assert texts(made) == ["spoilt", "clean []"]
        assert made[0].id == given_msg.id
    assert (given_msg.text, given_msg.metadata["tags"]) == ("clean", [])


async def test_further_arguments_reach_every_agent() -> None:
    made = await fanout_pipeline([Speaker("Ann"), Speaker("Bob")], "x", mood="good")
    assert [msg.metadata["mood"] for msg in made] == ["good", "good"]


async def test_when_a_branch_fails_the_others_are_stopped() -> None:
    stopped: list[str] = []

    async def endless(msg: Msg) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append("endless")
            raise

    with pytest.raises(ValueError, match="it broke") as raised:
        await fanout_pipeline([endless, failing], "x")
    assert stopped == ["endless"]
    assert "branch 2 of 2 (failing) of FanoutPipeline" in raised.value.__notes__[0]


async def test_a_cancelled_fan_out_leaves_no_branch_behind() -> None:
    stopped: list[int] = []

    async def endless(msg: Msg) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(1)

    task = asyncio.create_task(fanout_pipeline([endless] * 3, "x"))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped == [1, 1, 1]


async def test_what_a_fan_out_gives_goes_on_as_a_list() -> None:
    ann = Speaker("Ann", lambda msgs: " + ".join(texts(msgs)))  # type: ignore[arg-type]  # a list, here
    assert (
        await sequential_pipeline([FanoutPipeline([A, FanoutPipeline([B, C])]), ann], "x")
    ).text == "x a + x b + x c"


async def test_an_agent_is_given_nothing_that_it_may_not_read() -> None:
    secret = mark(Msg("records", "salaries"), [frozenset({"staff"})])
    staff, guest = Speaker("Staff", roles=["staff"]), Speaker("Guest")
    assert (await sequential_pipeline([staff, A], secret)).text == "Staff speaks a"
    for run in (
        sequential_pipeline([SequentialPipeline([guest])], secret),
        fanout_pipeline([staff, guest], secret, mood="good"),
        if_else_pipeline(lambda msg: True, [guest], msg=secret),
    ):
        with pytest.raises(AgentError, match="Guest may not read what records said"):
            await run
    assert guest.inputs == []


# If-else and switch


async def test_the_condition_chooses_the_branch() -> None:
    pipe = IfElsePipeline(condition_func=lambda msg: "technical" in msg.content.lower(), if_body=A, else_body=B)
    assert (await pipe(Msg("user", "A Technical question"))).text == "A Technical question a"
    assert (await pipe("anything")).text == "anything b"


async def test_the_condition_may_be_async_a_branch_a_list_and_the_else_body_missing() -> None:
    async def long(msg: Msg) -> bool:
        await asyncio.sleep(0)
        return long_enough(msg)

    pipe = IfElsePipeline(long, [A, B, C])
    assert (await pipe("long text")).text == "long text a b c"
    assert (await pipe("abc")).text == "abc"
    assert (await if_else_pipeline(long, A, msg="abc")).text == "abc"


async def test_a_switch_takes_the_case_of_the_key_or_the_default() -> None:
    pipe = SwitchPipeline(
        condition_func=lambda msg: msg.text, case_operators={"x": A, "y": [A, B]}, default_operators=C
    )
    assert [(await pipe(word)).text for word in ("x", "y", "z")] == ["x a", "y a b", "z c"]
    assert (await switch_pipeline(lambda msg: 1, {2: A}, msg="x")).text == "x"


async def test_a_key_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be a key"):
        await switch_pipeline(lambda msg: ["x"], {"x": A}, msg="x")


async def test_an_error_in_a_condition_names_the_pipeline() -> None:
    with pytest.raises(ValueError, match="it broke") as raised:
        await IfElsePipeline(failing, A, name="triage")("x")
    assert raised.value.__notes__ == ["in the condition of triage"]


# Loops


async def test_a_for_loop_runs_so_many_times_or_until_it_is_enough() -> None:
    assert (await ForLoopPipeline(loop_body=A, max_loop=3)("x")).text == "x a a a"
    assert (await ForLoopPipeline([A, B], max_loop=9, break_func=long_enough)("x")).text == "x a b"
    assert (await for_loop_pipeline(A, 0, msg="x")).text == "x"


async def test_a_while_loop_asks_before_each_round() -> None:
    async def short(msg: Msg) -> bool:
        return not long_enough(msg)

    assert (await WhileLoopPipeline(loop_body=A, condition_func=short)("x")).text == "x a a"
    assert (await while_loop_pipeline(A, short, "long text")).text == "long text"


async def test_the_condition_of_a_while_loop_may_count_rounds() -> None:
    assert (await while_loop_pipeline(A, lambda rounds, msg: rounds < 3, "x")).text == "x a a a"


async def test_a_while_loop_without_end_is_ended() -> None:
    with pytest.raises(LoopExhausted, match="after 7 rounds"):
        await WhileLoopPipeline(A, lambda msg: True, max_loop=7)("x")


@pytest.mark.parametrize("rounds", [-1, 1.5, "3", True, None])
def test_a_number_of_rounds_that_is_none_is_refused(rounds: Any) -> None:
    with pytest.raises(UsageError, match="max_loop"):
        ForLoopPipeline(A, rounds)


# All of them


async def test_an_error_says_which_step_of_which_pipeline() -> None:
    inner = SequentialPipeline([A, failing], name="inner")
    with pytest.raises(ValueError, match="it broke") as raised:
        await SequentialPipeline([B, inner], name="outer")("x")
    assert raised.value.__notes__ == ["in step 2 of 2 (failing) of inner", "in step 2 of 2 (inner) of outer"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: SequentialPipeline(["Ann"]),  # type: ignore[list-item]  # what is tested
        lambda: SequentialPipeline([Speaker]),
        lambda: SequentialPipeline("Ann"),  # type: ignore[arg-type]  # what is tested
        lambda: SequentialPipeline(Speaker("Ann")),  # type: ignore[arg-type]  # what is tested
        lambda: FanoutPipeline([A, None]),  # type: ignore[list-item]  # what is tested
        lambda: IfElsePipeline("yes", A),  # type: ignore[arg-type]  # what is tested
        lambda: IfElsePipeline(long_enough, None),  # type: ignore[arg-type]  # what is tested
        lambda: SwitchPipeline(long_enough, [A]),  # type: ignore[arg-type]  # what is tested
        lambda: WhileLoopPipeline(3, long_enough),  # type: ignore[arg-type]  # what is tested
    ],
)
def test_what_is_no_step_is_refused_before_anything_runs(make: Callable[[], Pipeline]) -> None:
    with pytest.raises(UsageError):
        make()


async def test_a_result_that_is_no_message_is_refused_by_name() -> None:
    def counting(msg: Msg) -> int:
        return 3

    with pytest.raises(UsageError, match="counting gave int"):
        await sequential_pipeline([counting], "x")


async def test_messages_are_streamed_as_their_steps_finish() -> None:
    gate = asyncio.Event()

    async def waiting(msg: Msg) -> str:
        await gate.wait()
        return "late"

    seen: list[str] = []
    async for msg in SequentialPipeline([A, SequentialPipeline([B, waiting])]).stream("x"):
        seen.append(msg.text)
        if len(seen) == 2:
            gate.set()
    assert seen == ["x a", "x a b", "late"]


async def test_a_stream_gives_what_came_before_an_error_and_then_the_error() -> None:
    stream = ForLoopPipeline([A, failing], 2).stream("x")
    assert (await anext(stream)).text == "x a"
    with pytest.raises(ValueError, match="it broke"):
        await anext(stream)


async def test_closing_a_stream_stops_the_steps() -> None:
    stopped = asyncio.Event()

    async def endless(msg: Msg) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    stream = SequentialPipeline([A, endless]).stream("x")
    assert (await anext(stream)).text == "x a"
    await asyncio.sleep(0)
    await stream.aclose()
    assert stopped.is_set()


async def test_the_branches_of_a_fan_out_are_streamed_in_the_order_in_which_they_finish() -> None:
    async def slow(msg: Msg) -> str:
        await asyncio.sleep(0.02)
        return "slow"

    assert [msg.text async for msg in FanoutPipeline([slow, A]).stream("x")] == ["x a", "slow"]


async def test_one_pipeline_can_run_several_times_at_once() -> None:
    pipe = SequentialPipeline([A, IfElsePipeline(long_enough, B), ForLoopPipeline(C, 2)])
    made = await asyncio.gather(*(pipe(word) for word in ("x", "a long one")))
    assert texts(made) == ["x a c c", "a long one a b c c"]


Tree = Any
leaves: st.SearchStrategy[Tree] = st.sampled_from("abc")


@given(st.recursive(leaves, lambda inner: st.lists(inner, max_size=4), max_leaves=20))
def test_nested_sequences_do_what_the_flat_one_does(tree: Tree) -> None:
    def built(node: Tree) -> Any:
        return appending(node) if isinstance(node, str) else SequentialPipeline([built(one) for one in node])

    def flat(node: Tree) -> list[str]:
        return [node] if isinstance(node, str) else [word for one in node for word in flat(one)]

    async def play() -> None:
        made = await SequentialPipeline([built(tree)])("x")
        assert made.text == " ".join(["x", *flat(tree)])
        streamed = [msg.text async for msg in SequentialPipeline([built(tree)]).stream("x")]
        assert len(streamed) == len(flat(tree))

    asyncio.run(play())
