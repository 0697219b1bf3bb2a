"""Who acts after whom, and who hears whom: pipelines and hubs of agents."""

from agents.pipeline.bidding import Bidder, CostAwareHub
from agents.pipeline.branches import IfElsePipeline, SwitchPipeline
from agents.pipeline.fanout import FanoutPipeline
from agents.pipeline.functional import (
    fanout_pipeline,
    for_loop_pipeline,
    if_else_pipeline,
    sequential_pipeline,
    switch_pipeline,
    while_loop_pipeline,
)
from agents.pipeline.hub import MsgHub, Participant
from agents.pipeline.loops import ForLoopPipeline, WhileLoopPipeline
from agents.pipeline.pipeline import Pipeline
from agents.pipeline.printing import stream_printing_messages
from agents.pipeline.sequential import SequentialPipeline

__all__ = [
    "Bidder",
    "CostAwareHub",
    "FanoutPipeline",
    "ForLoopPipeline",
    "IfElsePipeline",
    "MsgHub",
    "Participant",
    "Pipeline",
    "SequentialPipeline",
    "SwitchPipeline",
    "WhileLoopPipeline",
    "fanout_pipeline",
    "for_loop_pipeline",
    "if_else_pipeline",
    "sequential_pipeline",
    "stream_printing_messages",
    "switch_pipeline",
    "while_loop_pipeline",
]
