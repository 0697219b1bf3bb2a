"""What customers are told in failures, in the language of the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from agents.testing import ScriptedModel, failure
from serve.http.shapes import RESERVED
from serve.languages import SENTENCES, said_in
from serve.store.messages import Message
from serve.store.schema import new_id, now
from serve.store.turns import INTERRUPTED
from tests.serve.conftest import Open
from tests.serve.served import FAST, UNKNOWN, begun, client_of, events_in

ROOT = Path(__file__).parent.parent.parent
GERMAN = {"Accept-Language": "de-AT"}
# What these raise, customers see in the chat.
SHOWN = (
    "serve/turns/reception.py",
    "serve/turns/room.py",
    "serve/turns/outcomes.py",
    "serve/turns/working.py",
    "serve/asking/once.py",
    "serve/http/handover.py",
    "serve/http/ownership.py",
    "serve/http/conversations.py",
    "serve/http/sources.py",
    "serve/security/streams.py",
    "serve/security/edge.py",
    "agents/model/failures.py",
)
RAISED = ("Refused", "Failed", "TooMany", "TooLarge", "ModelTimeout", "ModelUnavailable")


def sentences_in(node: ast.AST) -> Iterator[str]:
    """Every text of a program, with holes for what it names."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    else:
        for part in ast.iter_child_nodes(node):
            yield from sentences_in(part)


def raised_in(file: str) -> Iterator[str]:
    """The sentences of the failures that a file makes."""
    for call in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") in RAISED:
            given = [*call.args, *(word.value for word in call.keywords if word.arg == "hint")]
            yield from (text for one in given for text in sentences_in(one) if text.endswith((".", ":")))


@pytest.mark.parametrize("file", SHOWN)
def test_what_customers_may_see_has_words_in_every_language(file: str) -> None:
    said = set(raised_in(file))
    assert said
    for language, known in SENTENCES.items():
        assert language == "en" or not said - known.keys()


def test_no_sentence_has_words_that_nobody_says() -> None:
    files = [
        *(ROOT / "serve").rglob("*.py"),
        *(ROOT / "agents/model").rglob("*.py"),
        *(ROOT / "knowledge").rglob("*.py"),
    ]
    trees = (ast.parse(file.read_text("utf-8")) for file in files if file.name != "german.py")
    said = {text for tree in trees for text in sentences_in(tree)}
    for known in SENTENCES.values():
        assert not known.keys() - said
        assert all(other.count("{}") == english.count("{}") for english, other in known.items())


def test_what_a_sentence_names_stays_in_its_place() -> None:
    assert said_in("de", "This question has 5000 characters.") == "Diese Frage hat 5000 Zeichen."
    assert said_in("de", "llama at 127.0.0.1:9 gave no answer in time:") == (
        "llama unter 127.0.0.1:9 hat nicht rechtzeitig geantwortet:"
    )
    for sentence in ("This question has characters.", "Unheard of.", ""):
        assert said_in("de", sentence) == sentence
    assert said_in("fr", RESERVED) == RESERVED


async def test_a_german_page_is_refused_in_german(open_served: Open) -> None:
    service = open_served(languages=["en", "de"], limits={"question_chars": 100})
    async with client_of(service) as client:
        path = f"/api/conversations/{await begun(client)}/messages"
        body = {"id": uuid4().hex, "text": "x" * 200}
        told = [(await client.post(path, json=body, headers=headers)).json()["error"] for headers in (GERMAN, {})]
        assert told[0]["message"] == "Diese Frage hat 200 Zeichen."
        assert told[0]["hint"] == "Fragen Sie mit höchstens 100."
        assert told[1]["message"] == "This question has 200 characters."
        large = await client.post(path, content=b"x" * 2_000_000, headers=GERMAN)
        assert large.json()["error"]["hint"] == "Senden Sie weniger auf einmal."


async def test_a_failed_answer_is_told_and_kept_in_german(open_served: Open) -> None:
    service = open_served(model=ScriptedModel([failure(503)]), languages=["de"])
    async with client_of(service) as client:
        id = await begun(client)
        body = {"id": uuid4().hex, "text": FAST}
        events = events_in((await client.post(f"/api/conversations/{id}/messages", json=body)).text)
        error = next(event.data["error"] for event in events if event.name == "error")
        kept = (await client.get(f"/api/conversations/{id}")).json()["messages"][-1]
    assert error["hint"] == "Versuchen Sie es später noch einmal."
    assert kept["text"] == f"{error['message']} {error['hint']}"
    assert kept["text"].startswith("Die Frage kann gerade nicht beantwortet werden.")


async def test_what_was_put_down_for_nobody_in_particular_is_said_to_each_in_their_language(open_served: Open) -> None:
    service = open_served(languages=["en", "de"])
    async with client_of(service) as client:
        id = await begun(client)
        question = Message(new_id(), id, "user", FAST, "customer", now())
        service.store.turns.begin(question, replace(question, id=new_id(), role="assistant", status="pending"))
        assert service.store.turns.end_interrupted() == 1
        english, german = [
            (await client.get(f"/api/conversations/{id}", headers=headers)).json()["messages"][-1]["text"]
            for headers in ({}, GERMAN)
        ]
    assert (english, german) == (INTERRUPTED, said_in("de", INTERRUPTED))
    assert english != german


async def test_a_program_is_answered_in_the_language_that_it_wants(open_served: Open) -> None:
    async with client_of(open_served(languages=["en", "de"])) as client:
        body = {"question": UNKNOWN}
        told = [(await client.post("/api/ask", json=body, headers=headers)).json()["text"] for headers in ({}, GERMAN)]
        asked = {"model": "refdesk", "messages": [{"role": "user", "content": UNKNOWN}]}
        completion = (await client.post("/v1/chat/completions", json=asked, headers=GERMAN)).json()
    assert told == ["The documents do not answer this question.", "Die Dokumente beantworten diese Frage nicht."]
    assert completion["choices"][0]["message"]["content"] == told[1]
