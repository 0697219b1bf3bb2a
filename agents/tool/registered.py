"""A tool as the toolkit knows it: what a model is told of it, and how it is called."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agents.exceptions import ToolError
from agents.message import ToolUseBlock
from agents.tool.docstring import read_docstring
from agents.tool.references import inlined
from agents.tool.response import ToolResponse, as_response
from agents.tool.schema import Signature, name_of, signature_of

PostProcess = Callable[..., Any]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class RegisteredTool:
    """One tool. `preset` arguments are added to each call and not shown to the model."""

    name: str
    description: str
    group: str
    signature: Signature
    function: Callable[..., Any]
    original: object
    preset: Mapping[str, Any] = field(default_factory=dict)
    postprocess: PostProcess | None = None
    timeout: float | None = None
    server: str | None = None

    @property
    def json_schema(self) -> dict[str, Any]:
        """The tool as an OpenAI function schema."""
        function = {"name": self.name, "description": self.description, "parameters": self.signature.parameters}
        return {"type": "function", "function": function}

    def bound(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """All arguments of a call, checked and converted; raises `InvalidArguments`."""
        return {**self.signature.bound(self.name, arguments), **self.preset}

    async def processed(self, call: ToolUseBlock, response: ToolResponse) -> ToolResponse:
        """The response after post-processing; what the post-processing returns replaces it, unless that is None."""
        if self.postprocess is None:
            return response
        wanted = len(inspect.signature(self.postprocess).parameters)
        result = self.postprocess(response) if wanted == 1 else self.postprocess(call, response)
        if isinstance(result, Awaitable):
            result = await result
        return response if result is None else as_response(result)


@dataclass(frozen=True, slots=True)
class Description:
    """What the caller says of a tool instead of its docstring and signature."""

    name: str | None = None
    text: str | None = None
    json_schema: Mapping[str, Any] | None = None
    include_details: bool = True
    include_var_keyword: bool = False


def described(
    function: object, group: str, given: Description, preset: Mapping[str, Any] | None = None
) -> RegisteredTool:
    """The tool that `function` makes: any callable, an object with a JSON schema of its own, or a LlamaIndex tool.

    Raises `ToolError` where it is none of these, or has a name or a type that no model can be told.
    """
    if _is_llama_index(function):
        from agents.tool.llama_index_tools import described_tool  # only where LlamaIndex is in use already

        return described_tool(function, group, given, dict(preset or {}))
    if not callable(function):
        raise ToolError(f"A tool is a function or a LlamaIndex tool, found {type(function).__name__}.")
    if isinstance(function, functools.partial):
        preset = {**_bound_by(function), **(preset or {})}
        return described_as(function.func, group, given, preset, original=function)
    return described_as(function, group, given, dict(preset or {}), original=function)


def described_as(
    function: Callable[..., Any], group: str, given: Description, preset: Mapping[str, Any], *, original: object
) -> RegisteredTool:
    """The tool that a plain callable makes."""
    doc = read_docstring(getattr(function, "description", None) or inspect.getdoc(_documented(function)))
    schema = given.json_schema or getattr(function, "json_schema", None)
    if schema is not None:
        told = schema.get("function", schema)
        signature = from_schema(told.get("parameters", told), hidden=frozenset(preset))
        name, text = told.get("name"), told.get("description")
    else:
        signature = signature_of(function, doc, hidden=frozenset(preset), var_keyword=given.include_var_keyword)
        name = text = None
    return RegisteredTool(
        name=checked_name(given.name or name or _callable_name(function)),
        description=given.text or text or (doc.whole if given.include_details else doc.summary),
        group=group,
        signature=signature,
        function=function,
        original=original,
        preset=dict(preset),
        server=getattr(function, "server", None),
    )


def from_schema(parameters: Mapping[str, Any], *, hidden: frozenset[str] = frozenset()) -> Signature:
    """A signature that only a JSON schema describes; the called function checks the values itself."""
    schema = {"type": "object", **inlined(parameters)}
    properties = {name: value for name, value in schema.get("properties", {}).items() if name not in hidden}
    schema["properties"] = properties
    if required := [name for name in schema.get("required", ()) if name in properties]:
        schema["required"] = required
    else:
        schema.pop("required", None)
    return Signature(schema, None, {name: name for name in properties})


def checked_name(name: str) -> str:
    """`name`, where models can call it; raises `ToolError` otherwise."""
    if not NAME.fullmatch(name):
        raise ToolError(
            f"{name!r} is no name for a tool:",
            hint="pass `func_name` with at most 64 letters, digits, underscores and hyphens.",
        )
    return name


def _callable_name(function: Callable[..., Any]) -> str:
    """The function's own name; servers may name their tools with dots and slashes, which models cannot call."""
    name = name_of(function)
    return re.sub(r"[^a-zA-Z0-9_-]", "_", name)[:64] if hasattr(function, "server") else name


def _documented(function: Callable[..., Any]) -> object:
    """An object that can be called is described by `__call__` where that has words of its own, else by its class."""
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    call = type(function).__call__
    return call if inspect.isfunction(call) and call.__doc__ else function


def _bound_by(partial: functools.partial[Any]) -> dict[str, Any]:
    names = [name for name in inspect.signature(partial.func).parameters]
    return {**dict(zip(names, partial.args, strict=False)), **partial.keywords}


def _is_llama_index(function: object) -> bool:
    """Told by where the class and its parents stand, so that LlamaIndex is not loaded to ask."""
    return any(
        kind.__name__ == "BaseTool" and kind.__module__.startswith("llama_index.") for kind in type(function).__mro__
    )
