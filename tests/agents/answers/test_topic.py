"""What passages speak of is told by the words that say something, found together."""

from __future__ import annotations

from agents.answers.topic import Topic
from knowledge.answers.lexicon import Lexicon

SENTENCES = ("wir sind in den Ferien bei den Großeltern", "wir sind in den Bergen", "der Bahnhof ist bei den Bergen")


def test_one_sentence_has_to_hold_the_words_that_say_something() -> None:
    lexicon = Lexicon()
    topic = Topic.of(SENTENCES, lexicon)
    assert topic.has(lexicon.stems("Ferien bei den Großeltern"))
    assert not topic.has(lexicon.stems("Ferien am Bahnhof"))
    assert not topic.has(lexicon.stems("wir sind in den Verhandlungen"))
    assert not topic.has(lexicon.stems("Ferien"))
    assert not topic.has(frozenset())


def test_nothing_is_spoken_of_by_nobody() -> None:
    assert not Topic.of((), Lexicon()).has(Lexicon().stems("annual leave"))
