"""LlamaIndex's tools in a toolkit, and a toolkit's tools as LlamaIndex's."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from llama_index.core.tools.types import AsyncBaseTool, BaseTool, ToolMetadata, ToolOutput, adapt_to_async_tool

from agents.tool.registered import Description, RegisteredTool, checked_name, from_schema
from agents.tool.response import ToolResponse

Execute = Callable[[str, Mapping[str, Any]], Awaitable[ToolResponse]]


def described_tool(tool: object, group: str, given: Description, preset: Mapping[str, Any]) -> RegisteredTool:
    """The tool that a LlamaIndex tool makes; a synchronous one runs in a thread."""
    assert isinstance(tool, BaseTool)
    metadata = tool.metadata
    if isinstance(tool, AsyncBaseTool):
        function: Callable[..., Any] = _awaiting(adapt_to_async_tool(tool))
    else:
        function = tool.__call__
    parameters = (given.json_schema or {}).get("parameters", given.json_schema) or metadata.get_parameters_dict()
    return RegisteredTool(
        name=checked_name(given.name or metadata.get_name()),
        description=given.text or metadata.description,
        group=group,
        signature=from_schema(parameters, hidden=frozenset(preset)),
        function=function,
        original=tool,
        preset=preset,
    )


def _awaiting(tool: AsyncBaseTool) -> Callable[..., Awaitable[ToolOutput]]:
    async def call(**arguments: Any) -> ToolOutput:
        return await tool.acall(**arguments)

    return call


class ToolkitTool(AsyncBaseTool):
    """One tool of a toolkit for LlamaIndex's agents; its failures are outputs marked as errors."""

    def __init__(self, tool: RegisteredTool, execute: Execute) -> None:
        self._metadata = _Metadata(tool)
        self._execute = execute

    @property
    def metadata(self) -> ToolMetadata:
        """Name, description and schema, as the toolkit offers them."""
        return self._metadata

    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """The output of one call; for code without a loop. In a running loop it works from a thread of its own."""
        result: list[ToolOutput] = []
        thread = threading.Thread(target=lambda: result.append(asyncio.run(self.acall(*args, **kwargs))))
        thread.start()
        thread.join()
        return result[0]

    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """The output of one call; a single positional argument goes to the tool's first parameter."""
        name = self._metadata.get_name()
        arguments = {**dict(zip(self._metadata.parameters.get("properties", {}), args, strict=False)), **kwargs}
        response = await self._execute(name, arguments)
        return ToolOutput(
            content=response.text,
            tool_name=name,
            raw_input=arguments,
            raw_output=response.value,
            is_error=response.is_error,
        )


class _Metadata(ToolMetadata):
    """Metadata whose parameters are a JSON schema, not a pydantic model."""

    def __init__(self, tool: RegisteredTool) -> None:
        super().__init__(description=tool.description, name=tool.name, fn_schema=None)
        self.parameters = tool.signature.parameters

    def get_parameters_dict(self) -> dict[str, Any]:
        return dict(self.parameters)
