"""Gathers what a tool yields, so that each response holds all that came before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from agents.message import TextBlock
from agents.tool.response import ToolResponse, as_response
from agents.tool.running import Part
from agents.tool.values import ResultBlock, as_blocks


@dataclass(slots=True)
class Gathered:
    """The results of one call so far: yielded texts are joined, other values listed, responses taken as they stand."""

    any: bool = False
    size: int = 0
    _text: str = ""
    _values: list[Any] = field(default_factory=list)
    _blocks: list[ResultBlock] = field(default_factory=list)
    _last: ToolResponse | None = None

    def add(self, part: Part) -> ToolResponse:
        """Take in one result; the response so far."""
        self.any = True
        response = self._streamed(part.value) if part.streamed else as_response(part.value)
        self._last = response
        return response

    def stopped(self, most: int) -> ToolResponse:
        """The response of a tool that yields more than a model can take."""
        note = TextBlock(type="text", text=f"[stopped after {most:,} characters]")
        return ToolResponse([*self._so_far(), note], stream=True)

    def failed(self, sentence: str) -> ToolResponse:
        """The response of a tool that failed: what came until then, and the sentence."""
        error = ToolResponse.error(sentence)
        return replace(error, content=[*self._so_far(), *error.blocks], stream=self._last is not None)

    def nothing(self) -> ToolResponse:
        """The response of a generator that yields nothing."""
        return as_response(None)

    def _so_far(self) -> list[ResultBlock]:
        return list(self._last.blocks) if self._last is not None else []

    def _streamed(self, item: Any) -> ToolResponse:
        if isinstance(item, ToolResponse):
            self.size = len(item.text)
            return replace(item, stream=True)
        if isinstance(item, str) and not self._values:
            self._text += item
            self.size = len(self._text)
            return ToolResponse(self._text, stream=True, is_last=False, value=self._text)
        return self._listed(item)

    def _listed(self, item: Any) -> ToolResponse:
        if self._text:
            self._values.append(self._text)
            self._blocks += as_blocks(self._text)
            self._text = ""
        self._values.append(item)
        added = as_blocks(item)
        self._blocks += added
        self.size += sum(len(block["text"]) for block in added if block["type"] == "text")
        return ToolResponse(list(self._blocks), stream=True, is_last=False, value=list(self._values))
