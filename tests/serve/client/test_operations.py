"""Every call of the client exists in the OpenAPI document, with these parameters."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from serve.client import AsyncClient, Client, operations
from serve.client.operations import Call
from serve.http.app import make_app
from tests.serve.served import opened

HISTORY = [("user", "Before?"), ("assistant", "Before.")]
CALLS: Mapping[str, Call[Any]] = {
    "ask": operations.ask("Why?", banks=["hr"], history=HISTORY, instructions="Be brief."),
    "ask_stream": operations.ask_stream("Why?", banks=["hr"], history=HISTORY, instructions="Be brief."),
    "search": operations.search("why", banks=["hr"], filters={"title": "x"}, history=["Before?"], explain=True),
    "banks": operations.banks(),
    "documents": operations.documents("hr"),
    "document": operations.document("hr", 1),
    "source": operations.source("hr", 1, 0, 5),
    "remove_document": operations.remove_document("hr", 1),
    "upload": operations.upload("hr", [("a.md", b"text")]),
    "job": operations.job("x"),
    "jobs": operations.jobs(bank="hr"),
    "job_events": operations.job_events("x"),
    "begin": operations.begin(),
    "conversations": operations.conversations(),
    "conversation": operations.conversation("x"),
    "say": operations.say("x", "Why?"),
    "stop": operations.stop("x"),
    "rate": operations.rate("x", "up", "good"),
    "remove_conversation": operations.remove_conversation("x"),
    "cited": operations.cited("x", 1),
}


@pytest.fixture(scope="module")
def document(banks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    service = opened(banks, tmp_path_factory.mktemp("openapi") / "store.sqlite")
    yield make_app(service).openapi()
    service.close()


def test_every_operation_is_looked_at() -> None:
    made = {
        name
        for name, function in inspect.getmembers(operations, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == operations.__name__
    }
    assert made == set(CALLS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_a_call_is_in_the_document(document: dict[str, Any], name: str) -> None:
    call = CALLS[name]
    operation = document["paths"][call.template][call.method.lower()]
    parameters = {(one["in"], one["name"]): one for one in operation.get("parameters", [])}
    assert set(call.values) == {name for where, name in parameters if where == "path"}
    assert set(call.values) == set(re.findall(r"{(\w+)}", call.template))
    assert {("query", name) for name in call.query} <= set(parameters)
    assert {name for (where, name), one in parameters.items() if where == "query" and one["required"]} <= set(
        call.query
    )
    success = next(response for status, response in operation["responses"].items() if status[0] == "2")
    assert ("text/event-stream" in success.get("content", {})) >= call.streams
    if call.files:
        form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert {field for field, _ in call.files} <= set(form["properties"])
    elif call.body:
        schema = resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])
        assert set(call.body) <= set(schema["properties"])
        assert set(schema.get("required", [])) <= set(call.body)


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def test_both_clients_offer_the_same() -> None:
    def offered(kind: type) -> dict[str, list[str]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {name: list(inspect.signature(method).parameters) for name, method in methods if name[0] != "_"}

    assert offered(Client) == offered(AsyncClient)
    documented = [method for _, method in inspect.getmembers(AsyncClient, inspect.isfunction) if method.__doc__]
    assert all(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in documented)
