"""Each pipeline as one call: the steps and the message in, the result out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.message.msg import Msg
from agents.pipeline.branches import IfElsePipeline, SwitchPipeline
from agents.pipeline.fanout import FanoutPipeline
from agents.pipeline.flow import Given
from agents.pipeline.loops import MOST_ROUNDS, ForLoopPipeline, WhileLoopPipeline
from agents.pipeline.pipeline import Body, Step
from agents.pipeline.sequential import SequentialPipeline


async def sequential_pipeline(agents: Sequence[Step], msg: Given = None) -> Any:
    """Run the steps one after another, each on what the one before gave; without a message each still speaks."""
    return await SequentialPipeline(agents)(msg)


async def fanout_pipeline(
    agents: Sequence[Step], msg: Given = None, enable_gather: bool = True, **arguments: Any
) -> list[Msg]:
    """Give every step its own copy of the message, and `arguments` by keyword; what each gave, in their order."""
    made: list[Msg] = await FanoutPipeline(agents, enable_gather, arguments=arguments)(msg)
    return made


async def if_else_pipeline(
    condition_func: Callable[[Any], Any], if_body: Body, else_body: Body | None = None, msg: Given = None
) -> Any:
    """Run one of two bodies, as the condition says of the message."""
    return await IfElsePipeline(condition_func, if_body, else_body)(msg)


async def switch_pipeline(
    condition_func: Callable[[Any], Any],
    case_operators: Mapping[Any, Body],
    default_operators: Body | None = None,
    msg: Given = None,
) -> Any:
    """Run the case whose key the condition gives for the message."""
    return await SwitchPipeline(condition_func, case_operators, default_operators)(msg)


async def for_loop_pipeline(
    loop_body: Body, max_loop: int, break_func: Callable[[Any], Any] | None = None, msg: Given = None
) -> Any:
    """Run the body `max_loop` times, each round on what the one before gave, or until `break_func` holds."""
    return await ForLoopPipeline(loop_body, max_loop, break_func)(msg)


async def while_loop_pipeline(
    loop_body: Body, condition_func: Callable[..., Any], msg: Given = None, *, max_loop: int = MOST_ROUNDS
) -> Any:
    """Run the body as long as the condition holds of the message."""
    return await WhileLoopPipeline(loop_body, condition_func, max_loop=max_loop)(msg)
