"""What asks nothing is answered without looking anything up, in the language of the page."""

from __future__ import annotations

import pytest

from serve.languages import said_in
from serve.service import Service
from serve.turns.courtesies import ABOUT, ALL_RIGHT, GOODBYE, HELLO, WELCOME, courtesy
from serve.turns.words import spoken
from tests.serve.conftest import Open
from tests.serve.served import FAST, answer_of, asked, begun, client_of


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hi", HELLO),
        ("Hello there!", HELLO),
        ("Hallo, guten Tag 👋", HELLO),
        ("hi, how are you?", HELLO),
        ("Thanks!", WELCOME),
        ("ok great, thank you so much :-)", WELCOME),
        ("Vielen Dank", WELCOME),
        ("Alles klar.", ALL_RIGHT),
        ("Danke, tschüss", GOODBYE),
        ("What can you do?", ABOUT),
        ("Hi! Who are you?", ABOUT),
        ("Wie geht’s", HELLO),
    ],
)
def test_what_asks_nothing_is_told_apart(text: str, answer: str) -> None:
    assert courtesy(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        FAST,
        "",
        "?!",
        "Hi, what is the annual fee?",
        "Thanks, and abroad?",
        "What is a thank you bonus?",
        "good card",
        "What is this?",
        "hi " * 20,
        "help me block my card",
    ],
)
def test_what_may_ask_something_is_looked_up(text: str) -> None:
    assert courtesy(text) is None


async def test_a_conversation_goes_on_over_thanks(service: Service) -> None:
    async with client_of(service) as client:
        id = await begun(client)
        await asked(client, id, "Hello")
        assert (await client.get(f"/api/conversations/{id}")).json()["title"] == ""
        await asked(client, id, FAST)
        assert (await client.get(f"/api/conversations/{id}")).json()["title"] == FAST
        thanked = answer_of(await asked(client, id, "Thanks!"))
        await asked(client, id, "And what does it cost?")
    assert (thanked["text"], thanked["abstained"], thanked["citations"], thanked["closest"]) == (WELCOME, False, [], [])
    assert "replacement card" in service.store.messages.of(id)[-1].understood


async def test_a_german_page_is_greeted_in_german(open_served: Open) -> None:
    async with client_of(open_served(languages=["de"])) as client:
        answer = answer_of(await asked(client, await begun(client), "Hallo"))
    assert answer["text"] == said_in("de", HELLO) == spoken(HELLO, "de") != HELLO
