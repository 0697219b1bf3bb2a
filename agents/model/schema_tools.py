"""Function schemas as LlamaIndex tools, for LLMs that prepare tools in their own way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.tools.types import BaseTool, ToolMetadata, ToolOutput


class SchemaMetadata(ToolMetadata):
    """What is known of a tool by its schema."""

    def __init__(self, function: Mapping[str, Any]) -> None:
        super().__init__(description=function.get("description") or function["name"], name=function["name"])
        self._parameters = dict(function.get("parameters") or {"type": "object", "properties": {}})

    def get_parameters_dict(self) -> dict[str, Any]:
        """The schema of its arguments."""
        return self._parameters


class SchemaTool(BaseTool):
    """A tool that is only described: whoever asked for the call carries it out."""

    def __init__(self, function: Mapping[str, Any]) -> None:
        self._metadata = SchemaMetadata(function)

    @property
    def metadata(self) -> ToolMetadata:
        """Its description."""
        return self._metadata

    def __call__(self, input: Any) -> ToolOutput:
        """Carries nothing out."""
        raise NotImplementedError(f"{self._metadata.name} is carried out by the agent.")


def tools_from_schemas(schemas: Sequence[Mapping[str, Any]], tool_choice: str | None = None) -> list[SchemaTool]:
    """The tools that a model may choose from: all, the one that `tool_choice` names, or none."""
    functions = [schema["function"] for schema in schemas]
    if tool_choice == "none":
        return []
    named = [function for function in functions if function["name"] == tool_choice]
    return [SchemaTool(function) for function in named or functions]
