from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal, TypedDict

import pytest
from pydantic import BaseModel, Field

from agents.exceptions import InvalidArguments, ToolError
from agents.tool.docstring import Docstring
from agents.tool.schema import HIDDEN, Signature, signature_of

NO_DOC = Docstring()


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Place:
    city: str
    tags: list[str] = field(default_factory=list)


class Person(BaseModel):
    name: str
    age: int = Field(default=0, ge=0, description="In years.")


class Row(TypedDict):
    key: str
    value: int


class Tree(BaseModel):
    name: str
    children: list[Tree] = []


class Opaque:
    pass


def schema_of(function: Any) -> dict[str, Any]:
    return signature_of(function, NO_DOC).parameters


def test_every_kind_of_type_has_its_schema() -> None:
    def tool(  # type: ignore[no-untyped-def]  # what is not annotated may be anything
        text: str,
        number: int | None = None,
        either: int | str = 1,
        choice: Literal["a", "b"] = "a",
        color: Color = Color.RED,
        place: Place | None = None,
        person: Person | None = None,
        row: Row | None = None,
        numbers: list[float] = [],  # noqa: B006  # a default that the schema shows
        table: dict[str, int] | None = None,
        day: date | None = None,
        bounded: Annotated[int, Field(ge=1, le=5)] = 3,
        told: Annotated[str, "what it is"] = "",
        anything=None,
    ) -> None: ...

    schema = schema_of(tool)
    properties = schema["properties"]
    assert schema["required"] == ["text"]
    assert properties["number"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    assert properties["either"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["choice"] == {"enum": ["a", "b"], "type": "string", "default": "a"}
    assert properties["color"] == {"enum": ["red", "blue"], "type": "string", "default": "red"}
    assert properties["place"]["anyOf"][0]["properties"]["tags"]["items"] == {"type": "string"}
    assert properties["person"]["anyOf"][0]["properties"]["age"]["description"] == "In years."
    assert properties["row"]["anyOf"][0]["required"] == ["key", "value"]
    assert properties["numbers"] == {"items": {"type": "number"}, "type": "array", "default": []}
    assert properties["bounded"] == {"type": "integer", "minimum": 1, "maximum": 5, "default": 3}
    assert properties["told"]["description"] == "what it is"
    assert properties["anything"] == {"default": None}
    assert "$defs" not in schema


def test_arguments_become_values_of_the_annotated_types() -> None:
    def tool(color: Color, place: Place, person: Person, row: Row, day: date, count: int = 7) -> None: ...

    bound = signature_of(tool, NO_DOC).bound(
        "tool",
        {
            "color": "blue",
            "place": {"city": "Brno"},
            "person": {"name": "Eva", "age": "4"},
            "row": {"key": "k", "value": 1},
            "day": "2024-02-29",
        },
    )
    assert bound == {
        "color": Color.BLUE,
        "place": Place("Brno"),
        "person": Person(name="Eva", age=4),
        "row": {"key": "k", "value": 1},
        "day": date(2024, 2, 29),
    }


def test_lists_and_objects_that_were_written_as_text_are_read() -> None:
    def tool(numbers: list[int], place: Place) -> None: ...

    bound = signature_of(tool, NO_DOC).bound("tool", {"numbers": "[1, 2]", "place": '{"city": "Brno"}'})
    assert bound == {"numbers": [1, 2], "place": Place("Brno")}


def test_a_text_that_looks_like_a_list_stays_a_text_where_one_is_wanted() -> None:
    def tool(text: str, numbers: list[int]) -> None: ...

    bound = signature_of(tool, NO_DOC).bound("tool", {"text": "[1]", "numbers": "[1]"})
    assert bound == {"text": "[1]", "numbers": [1]}


def test_every_problem_with_the_arguments_is_told_at_once() -> None:
    def tool(a: int, person: Person | None = None) -> None: ...

    with pytest.raises(InvalidArguments) as caught:
        signature_of(tool, NO_DOC).bound("tool", {"a": "x", "person": {"age": -1}})
    assert "`a`: input should be a valid integer" in str(caught.value)
    assert "`person.name`: field required" in str(caught.value)
    assert "it takes a, person (optional)" in str(caught.value)


def test_a_type_that_refers_to_itself_keeps_its_reference() -> None:
    def tool(tree: Tree) -> None: ...

    schema = schema_of(tool)
    assert schema["properties"]["tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert schema["$defs"]["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}


def test_parameters_may_have_any_name() -> None:
    def tool(
        title: str, schema: int, model_config: int, copy: int, json: int, _private: int = 1, self_: int = 2
    ) -> None: ...

    signature = signature_of(tool, NO_DOC)
    assert list(signature.parameters["properties"]) == [
        "title",
        "schema",
        "model_config",
        "copy",
        "json",
        "_private",
        "self_",
    ]
    given = {"title": "t", "schema": 1, "model_config": 2, "copy": 3, "json": 4, "_private": 5}
    assert signature.bound("tool", given) == given


def test_a_hidden_parameter_is_not_told() -> None:
    def tool(a: int, key: Annotated[str, HIDDEN] = "") -> None: ...

    assert list(schema_of(tool)["properties"]) == ["a"]


def test_methods_partials_and_callable_objects_have_signatures() -> None:
    class Tool:
        def method(self, a: int) -> None: ...

        def __call__(self, b: str) -> None: ...

    def free(a: int, b: str) -> None: ...

    assert list(schema_of(Tool().method)["properties"]) == ["a"]
    assert schema_of(Tool())["properties"] == {"b": {"type": "string"}}
    assert "a" not in schema_of(functools.partial(free, 1))["properties"]


def test_further_keywords_are_refused_unless_they_are_wanted() -> None:
    def tool(a: int, *args: int, **kwargs: str) -> None: ...

    strict = signature_of(tool, NO_DOC)
    with pytest.raises(InvalidArguments, match="`more` is not one of its arguments"):
        strict.bound("tool", {"a": 1, "more": "x"})
    open_ended = signature_of(tool, NO_DOC, var_keyword=True)
    assert open_ended.parameters["additionalProperties"] is True
    assert open_ended.bound("tool", {"a": 1, "more": "x"}) == {"a": 1, "more": "x"}


def test_a_type_without_json_form_says_what_to_do() -> None:
    def tool(a: Opaque) -> None: ...

    with pytest.raises(ToolError, match="hide it with `preset_kwargs`"):
        signature_of(tool, NO_DOC)
    assert signature_of(tool, NO_DOC, hidden=frozenset({"a"})).parameters["properties"] == {}


def test_a_type_that_cannot_be_found_says_what_to_do() -> None:
    def tool(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # the point of the test

    with pytest.raises(ToolError, match=r"Nowhere of the parameter `a` of tool cannot be found.*top of its module"):
        signature_of(tool, NO_DOC)


def test_a_built_in_without_signature_says_what_to_do() -> None:
    with pytest.raises(ToolError, match="wrap it in a function of your own"):
        signature_of(dict.update, NO_DOC)


def test_a_signature_from_a_schema_checks_names_only() -> None:
    signature = Signature({"properties": {"a": {"type": "integer"}}, "required": ["a"]}, None, {"a": "a"})
    assert signature.bound("tool", {"a": "anything"}) == {"a": "anything"}
    with pytest.raises(InvalidArguments, match="`a` is missing"):
        signature.bound("tool", {})
