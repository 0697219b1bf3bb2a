"""The service's own words, in the language of the page."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from knowledge.answers.grounding import UNANSWERED
from serve.languages import SENTENCES, language_for
from serve.turns.flow import HANDED_OVER
from serve.turns.places import unescaped
from serve.turns.quoting import OFFER
from serve.turns.words import OWN, spoken
from tests.serve.conftest import Open
from tests.serve.served import FAST, UNKNOWN, answer_of, begun, client_of, events_in

GERMAN = SENTENCES["de"]


def test_only_the_services_own_sentences_are_said_in_another_language() -> None:
    assert spoken(UNANSWERED, "de") == GERMAN[UNANSWERED]
    assert spoken(f"{UNANSWERED} {OFFER}", "de") == f"{GERMAN[UNANSWERED]} {GERMAN[OFFER]}"
    assert spoken(f"It costs nothing. [1]\n\n{HANDED_OVER}", "de") == f"It costs nothing. [1]\n\n{GERMAN[HANDED_OVER]}"
    for text in ("It costs nothing.", "", f"He said: {OFFER} Nobody did.", f"“{OFFER}"):
        assert spoken(text, "de") == text
    for language in ("en", "fr", ""):
        assert spoken(f"{UNANSWERED} {OFFER}", language) == f"{UNANSWERED} {OFFER}"


def test_every_language_has_every_sentence() -> None:
    assert all(sentences.keys() >= set(OWN) for language, sentences in SENTENCES.items() if language != "en")


@pytest.mark.parametrize(
    ("wanted", "allowed", "found"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", ["en", "de"], "de"),
        ("en;q=0.2, de;q=0.7", ["en", "de"], "de"),
        ("de", ["en"], "en"),
        ("fr", ["de", "en"], "de"),
        ("", ["de-CH"], "de"),
        ("*", ["fr"], "en"),
        ("de;q=0, en", ["de", "en"], "en"),
        ("de;q=much;x, ,;,", ["en", "de"], "en"),
    ],
)
def test_a_language_is_one_that_is_wanted_and_allowed(wanted: str, allowed: list[str], found: str) -> None:
    assert language_for(wanted, allowed) == found


async def said(client: httpx.AsyncClient, question: str, language: str) -> str:
    path = f"/api/conversations/{await begun(client)}/messages"
    body = {"id": uuid4().hex, "text": question}
    response = await client.post(path, json=body, headers={"Accept-Language": language})
    return str(answer_of(events_in(response.text))["text"])


async def test_a_german_page_hears_german_and_quotes_as_they_are(open_served: Open) -> None:
    rules = [{"words": ["lawyer"]}]
    async with client_of(open_served(languages=["en", "de"], handover={"rules": rules})) as client:
        assert await said(client, UNKNOWN, "de-DE") == f"{GERMAN[UNANSWERED]} {GERMAN[OFFER]}"
        assert await said(client, UNKNOWN, "en-US") == f"{UNANSWERED} {OFFER}"
        assert await said(client, "I will call my lawyer.", "de-DE") == GERMAN[HANDED_OVER]
        assert "2–3 business days" in unescaped(await said(client, FAST, "de-DE"))
    async with client_of(open_served(languages=["en"])) as client:
        assert await said(client, UNKNOWN, "de-DE") == f"{UNANSWERED} {OFFER}"


async def test_an_answer_that_is_asked_for_again_stays_in_the_language(open_served: Open) -> None:
    async with client_of(open_served(languages=["en", "de"])) as client:
        conversation = await begun(client)
        path = f"/api/conversations/{conversation}"
        await client.post(f"{path}/messages", json={"id": "question-0001", "text": UNKNOWN})
        german = {"Accept-Language": "de"}
        again = await client.post(f"{path}/retry", json={"message": "question-0001"}, headers=german)
        assert answer_of(events_in(again.text))["text"].startswith(GERMAN[UNANSWERED])
