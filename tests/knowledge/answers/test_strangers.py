"""Sentences that keep most of a passage's words and say something else with the rest: a set of them, measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from knowledge.answers.lexicon import Lexicon
from knowledge.answers.strangers import say_otherwise, strangers
from knowledge.answers.support import support
from knowledge.card import EmbedderSpec
from knowledge.embedding.embedder import Embedder
from knowledge.embedding.registry import open_embedder
from knowledge.testing import HashingEmbedder
from tests.knowledge.answers.test_support import passage

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

HANDBOOK = (
    passage(
        1,
        "Leave",
        "Every employee has 25 days of annual leave a year. Part-time staff get a pro-rata share. Up to 5 unused days "
        "may be carried over until 31 March. Employees may work from home up to 3 days a week. Working from another "
        "country is limited to 20 days a year and needs approval from Payroll.",
    ),
    passage(
        2,
        "Returns",
        "Goods may be returned for a refund within 30 days of delivery. A restocking fee of 12 dollars is deducted "
        "from the refund of opened goods.",
    ),
)
PARKING = (
    passage(
        3,
        "Parking permits",
        "A parking permit is valid for one calendar year. Residents may register two cars per household. Permits are "
        "renewed online before 15 December. A lost permit is replaced for a fee of 10 pounds. Visitors park free of "
        "charge after 6 pm. Motorcycles need no permit.",
    ),
)
HANDBUCH = (
    passage(
        4,
        "Urlaub",
        "Jeder Mitarbeiter hat 25 Tage bezahlten Urlaub im Jahr. Nicht genommene Tage verfallen Ende März. "
        "Das Passwort wird in den Einstellungen zurückgesetzt.",
    ),
)
THE_SAME = (
    (
        HANDBOOK,
        (
            "Every employee has 25 days of annual leave.",
            "Employees get 25 days of leave per year.",
            "You can carry over up to 5 unused days until 31 March.",
            "Part-time employees receive a pro-rata share.",
            "You may work from home three days a week.",
            "Working abroad is limited to 20 days per year and must be approved by Payroll.",
            "You need Payroll's approval to work from another country.",
            "Goods can be returned within 30 days of delivery for a refund.",
            "For opened goods a 12 dollar restocking fee is deducted.",
            "If you opened the goods, 12 dollars are deducted from your refund.",
            "Working from home is allowed up to three days each week.",
        ),
    ),
    (
        PARKING,
        (
            "Your permit is valid for a calendar year.",
            "Each household can register two cars.",
            "Renew your permit online before 15 December.",
            "Replacing a lost permit costs 10 pounds.",
            "After 6 pm visitors can park for free.",
            "You don't need a permit for a motorcycle.",
            "Of course, motorcycles do not need a permit.",
            "The deadline to renew a permit online is 15 December.",
            "If you lose your permit, you can get another one for 10 pounds.",
            "Up to two cars may be registered for every household.",
        ),
    ),
    (HANDBUCH, ("Jeder Mitarbeiter hat 25 Tage bezahlten Urlaub.", "Nicht genommene Tage verfallen Ende März.")),
)
OTHERWISE = (
    (
        HANDBOOK,
        (
            "Unused days are carried over forever.",
            "Unused days may be carried over without limit.",
            "Unused days can be carried over until 30 June.",
            "Up to 5 unused days may be carried over indefinitely.",
            "Part-time staff get the full share.",
            "Employees may work from home every day.",
            "Working from another country needs no approval.",
            "Working from another country is unlimited.",
            "Goods may be returned at any time.",
            "The restocking fee is deducted for unopened goods.",
            "A restocking fee of 12 euros is deducted from the refund of opened goods.",
            "Approval from Legal is needed to work from another country.",
            "Every contractor has 25 days of annual leave a year.",
            "Every employee has 25 days of sick leave a year.",
            "Employees may work from home up to 3 days a month.",
            "A restocking fee of 12 dollars is added to the refund of opened goods.",
            "Goods may be exchanged for store credit within 30 days of delivery.",
        ),
    ),
    (
        PARKING,
        (
            "A parking permit is valid indefinitely.",
            "Residents may register two boats per household.",
            "Permits are renewed by post before 15 December.",
            "A lost permit is replaced for a fee of 10 euros.",
            "Visitors park free of charge all night.",
            "A lost permit is replaced at no cost.",
            "Motorcycles need a permit.",
            "Permits are renewed online after 15 December.",
            "Unregistered cars need a permit.",
            "A parking permit is invalid after one calendar year.",
            "Lorries need no permit.",
        ),
    ),
    (
        HANDBUCH,
        (
            "Jeder Mitarbeiter hat 35 Tage Urlaub.",
            "Nicht genommene Tage werden unbegrenzt übertragen.",
            "Das Passwort kann nur der Chef zurücksetzen.",
            "Der Urlaub verfällt nie.",
            "Jeder Mitarbeiter hat 25 Tage unbezahlten Urlaub im Jahr.",
        ),
    ),
)
# Of 33. Without looking at the words that no passage has it is 21.
MOST_THAT_PASS = 8


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    return open_embedder(EmbedderSpec())


def test_what_says_the_same_in_other_words_stands(minilm: Embedder) -> None:
    lost = [said for ps, sentences in THE_SAME for said in sentences if not support(said, ps, minilm)]
    assert lost == []


def test_few_of_the_sentences_that_say_something_else_stand(minilm: Embedder) -> None:
    passed = [said for ps, sentences in OTHERWISE for said in sentences if support(said, ps, minilm)]
    assert len(passed) <= MOST_THAT_PASS, passed
    assert "Unused days are carried over forever." not in passed


def test_nothing_is_embedded_twice_to_look_into_the_words_of_a_sentence(minilm: Embedder) -> None:
    embedded: list[str] = []

    class Recording(HashingEmbedder):
        def embed_query(self, text: str) -> Vector:
            embedded.append(text)
            return minilm.embed_query(text)

        def embed(self, texts: Sequence[str]) -> Matrix:
            embedded.extend(texts)
            return minilm.embed(texts)

    assert not support("Unused days are carried over forever.", HANDBOOK, Recording())
    assert "Unused days are carried over ." in embedded
    assert len(embedded) == len(set(embedded))


def test_strangers_are_content_words_beyond_an_opening() -> None:
    lexicon = Lexicon()
    found = strangers("Of course, lorries aren't welcome here.", lexicon.stems("welcome"), lexicon)
    assert [word.surface for word in found] == ["lorries"]


def test_a_sentence_without_strangers_says_nothing_otherwise() -> None:
    assert not say_otherwise("Motorcycles need no permit.", [], {}, HashingEmbedder(), cosine=0.9)
