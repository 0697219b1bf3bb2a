"""Reads what models write when they reason in text, which is often not quite the format they were asked for."""

from __future__ import annotations

import json
import re

from llama_index.core.agent.react.output_parser import ReActOutputParser
from llama_index.core.agent.react.types import BaseReasoningStep

OBSERVATION = re.compile(r"^\s*Observation:", re.MULTILINE)
LABEL = re.compile(r"^\s*(?:Thought|Action|Answer):", re.MULTILINE)
ACTION = re.compile(r"^\s*Action:[ \t]*([^\s(]+)[^\n]*(?:\n+\s*Action Input:(.*))?", re.MULTILINE | re.DOTALL)
BARE_INPUT = re.compile(r"(Action Input:)[ \t]*([^\s{][^\n]*)")


class TolerantReActParser(ReActOutputParser):
    """LlamaIndex's parser, for replies without `Thought:`, with bare words as input, or with made-up observations.

    LlamaIndex asks again for each of these until its iterations are used up (run-llama/llama_index 22563).
    """

    def parse(self, output: str, is_streaming: bool = False) -> BaseReasoningStep:
        """The step that `output` takes; raises `ValueError` where none can be made out."""
        return super().parse(tidied(output), is_streaming)


def tidied(output: str) -> str:
    """`output` in the format that was asked for, as far as it can be guessed."""
    made_up = OBSERVATION.search(output)
    text = output[: made_up.start()] if made_up else output
    first = LABEL.search(text)
    if first and "Thought:" not in text:
        text = f"Thought: {text[: first.start()].strip() or 'Go on.'}\n{text[first.start() :].lstrip()}"
    return BARE_INPUT.sub(lambda match: f"{match.group(1)} {_as_query(match.group(2))}", text)


def _as_query(words: str) -> str:
    return json.dumps({"query": words.strip().strip("\"'`")}, ensure_ascii=False)


def action_of(output: str) -> tuple[str, str] | None:
    """The name and the arguments, as they stand, of an action that no step can be made of; None where there is none."""
    made_up = OBSERVATION.search(output)
    match = ACTION.search(output[: made_up.start()] if made_up else output)
    return (match.group(1), (match.group(2) or "").strip()) if match else None
