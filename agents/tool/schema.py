"""Makes a function's JSON schema from its signature and docstring, and checks arguments against it."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, create_model
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, PydanticUndefinedAnnotation
from pydantic.fields import FieldInfo

from agents.exceptions import InvalidArguments, ToolError
from agents.tool.docstring import Docstring
from agents.tool.references import inlined
from agents.tool.typed_dicts import readable

VARIADIC = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
NAMES_PYDANTIC_KEEPS = ("model_", "_")


# Marks a parameter that models are not told of: `api_key: Annotated[str | None, HIDDEN] = None`.
HIDDEN = "not told to models"


@dataclass(frozen=True, slots=True)
class Signature:
    """The arguments that a model fills in: `parameters` as JSON schema, and the pydantic model that checks them."""

    parameters: dict[str, Any]
    model: type[BaseModel] | None
    fields: Mapping[str, str]  # the model's field for each argument
    any_keyword: bool = False

    def bound(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments as Python values of the annotated types, those that were given only.

        Raises `InvalidArguments`, which names every argument that is wrong and what was expected.
        """
        known = self.parameters.get("properties", {})
        problems = [f"`{name}` is missing" for name in self.parameters.get("required", ()) if name not in arguments]
        extra = [name for name in arguments if name not in known]
        if extra and not (self.any_keyword or self.parameters.get("additionalProperties")):
            problems += [f"`{name}` is not one of its arguments" for name in extra]
        if problems:
            raise InvalidArguments(_sentence(tool, problems, self.parameters))
        if self.model is None:
            return dict(arguments)
        return self._checked(tool, self.model, arguments) | {name: arguments[name] for name in extra}

    def _checked(self, tool: str, model: type[BaseModel], arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in arguments.items() if name in self.fields}
        try:
            checked = model.model_validate(given)
        except ValidationError as error:
            checked = self._second_try(tool, model, given, error)
        return {name: getattr(checked, self.fields[name]) for name in given}

    def _second_try(
        self, tool: str, model: type[BaseModel], given: dict[str, Any], first: ValidationError
    ) -> BaseModel:
        """Models often write a list or an object as text; what is JSON in the arguments that failed is read as such."""
        wrong = {str(problem["loc"][0]) for problem in first.errors() if problem["loc"]}
        try:
            return model.model_validate(
                {name: _unquoted(value) if name in wrong else value for name, value in given.items()}
            )
        except ValidationError:
            raise InvalidArguments(_sentence(tool, _problems(first), self.parameters)) from first


def signature_of(
    function: Callable[..., Any],
    doc: Docstring,
    *,
    hidden: frozenset[str] = frozenset(),
    var_keyword: bool = False,
) -> Signature:
    """The signature of `function` without the parameters in `hidden`; `var_keyword` lets its `**kwargs` take any more.

    Raises `ToolError` where a parameter's type has no JSON form, or names a type that cannot be found.
    """
    name = name_of(function)
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    listed = _parameters(function, name)
    for parameter in listed:
        if parameter.kind not in VARIADIC and parameter.name not in hidden and not _is_hidden(function, parameter):
            names[parameter.name] = _field_name(parameter.name)
            fields[names[parameter.name]] = _field(function, parameter, doc.parameters.get(parameter.name))
    any_keyword = var_keyword and any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in listed)
    model, parameters = _modelled(name, fields)
    if any_keyword:
        parameters["additionalProperties"] = True
    return Signature(parameters, model, names, any_keyword)


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function, a method, a partial of one, or an object that can be called."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__name__", None) or getattr(function, "name", None)
    return name if isinstance(name, str) else type(function).__name__


def _parameters(function: Callable[..., Any], name: str) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError) as error:
        raise ToolError(
            f"The signature of {name} cannot be read:", hint="wrap it in a function of your own."
        ) from error


def _field_name(name: str) -> str:
    """Pydantic keeps some names for itself; such a parameter gets a field of another name, and its own as alias."""
    taken = name.startswith(NAMES_PYDANTIC_KEEPS) or hasattr(BaseModel, name)
    return f"argument_{name.strip('_')}" if taken else name


def _field(function: Callable[..., Any], parameter: inspect.Parameter, words: str | None) -> tuple[Any, Any]:
    annotation = _annotation(function, parameter)
    default = parameter.default
    if isinstance(default, FieldInfo):
        return annotation, default
    if default is inspect.Parameter.empty:
        default = ...
    described = words if words and not _says(annotation) else None
    told: dict[str, Any] = {"description": described} if described else {}
    return annotation, Field(default, alias=parameter.name, **told)


def _is_hidden(function: Callable[..., Any], parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    if isinstance(annotation, str) and "HIDDEN" in annotation:
        annotation = _evaluated(function, parameter.name, annotation)
    return typing.get_origin(annotation) is Annotated and HIDDEN in typing.get_args(annotation)[1:]


def _says(annotation: Any) -> bool:
    """Whether the annotation brings its own description, which then wins over the docstring's."""
    metadata = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
    return any(isinstance(item, FieldInfo) and item.description for item in metadata)


def _annotation(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return Any
    if isinstance(annotation, str):
        annotation = _evaluated(function, parameter.name, annotation)
    plain = typing.get_origin(annotation) is Annotated and [
        item for item in typing.get_args(annotation)[1:] if isinstance(item, str)
    ]
    told = Annotated[annotation, Field(description=plain[0])] if plain else annotation
    return readable(told)


def _evaluated(function: Callable[..., Any], name: str, annotation: str) -> Any:
    inner = inspect.unwrap(function.func if isinstance(function, functools.partial) else function)
    inner = getattr(inner, "__func__", inner)
    if not hasattr(inner, "__globals__"):
        inner = type(inner).__call__
    known = {**getattr(inner, "__globals__", {}), **_enclosed(inner)}
    try:
        carrier = type("Carrier", (), {"__annotations__": {name: annotation}})
        return typing.get_type_hints(carrier, globalns=known, localns=known, include_extras=True)[name]
    except (NameError, AttributeError, SyntaxError, TypeError) as error:
        raise ToolError(
            f"The type {annotation} of the parameter `{name}` of {name_of(function)} cannot be found ({error}):",
            hint="define it at the top of its module, or pass `json_schema`.",
        ) from error


def _enclosed(function: Any) -> dict[str, Any]:
    """The variables around a function that have a value yet: a tool may refer to the agent that is made after it."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None) or ()
    known: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars if code else (), cells, strict=False):
        with contextlib.suppress(ValueError):
            known[name] = cell.cell_contents
    return known


def _modelled(name: str, fields: dict[str, Any]) -> tuple[type[BaseModel], dict[str, Any]]:
    try:
        model = create_model(name, **fields)
        schema = model.model_json_schema(by_alias=True)
    except (PydanticSchemaGenerationError, PydanticInvalidForJsonSchema, PydanticUndefinedAnnotation) as error:
        first = str(error).splitlines()[0]
        raise ToolError(
            f"A parameter of {name} has a type without JSON form ({first}):",
            hint="annotate it otherwise, hide it with `preset_kwargs`, or pass `json_schema`.",
        ) from error
    parameters = inlined(schema)
    parameters.pop("title", None)
    parameters.pop("description", None)
    parameters.setdefault("properties", {})
    return model, parameters


def _unquoted(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _problems(error: ValidationError) -> list[str]:
    return [
        f"`{'.'.join(str(part) for part in problem['loc'])}`: {problem['msg'][:1].lower()}{problem['msg'][1:]}"
        for problem in error.errors(include_url=False)
    ]


def _sentence(tool: str, problems: list[str], parameters: Mapping[str, Any]) -> str:
    required = set(parameters.get("required", ()))
    names = [f"{name}{'' if name in required else ' (optional)'}" for name in parameters.get("properties", {})]
    takes = f"it takes {', '.join(names)}" if names else "it takes no arguments"
    return f"The arguments do not fit {tool}: {'; '.join(problems[:8])}; {takes}."
