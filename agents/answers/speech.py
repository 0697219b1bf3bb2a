"""Which sentences of a reply speak about the documents, and which belong to the conversation itself.

Only the former can be held to the documents. Nothing here looks for words: a sentence is placed by its meaning, between
what the passages and the question say on one side and what people say to run a conversation on the other. The bounds
were set on 2026-11-26 over the phrases of `tests/agents/answers/test_speech.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from agents.answers.topic import Topic
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.sentences import split

if TYPE_CHECKING:
    from knowledge.embedding.embedder import Embedder
    from knowledge.types import Matrix, Vector

# What it means to pass a case on, and to keep a conversation going; meanings to compare with, not words to find.
HANDING_OVER = (
    "I must escalate this case to a specialist.",
    "I am passing this on to a human colleague who can help.",
    "I will connect you with a representative.",
    "This needs to be escalated to the support team.",
    "A person will take over from here.",
    "I am forwarding your request to the next level of support.",
    "I am bringing in my manager.",
    "Another department has to deal with this.",
    "One of our experts will contact you shortly.",
    "I am transferring you now.",
)
TALKING = (
    "Hello, how can I help you?",
    "Thank you for contacting us.",
    "I am sorry, I cannot help with that.",
    "Could you give me more details?",
    "Let me check this for you.",
    "One moment, please.",
    "Is there anything else you need?",
    "I understand, that must be frustrating.",
    "I could not find this information.",
    "Here is what I found in the documents.",
    "I have opened a ticket for you.",
    "Sure, I will do that now.",
    "Which one do you mean?",
    "To answer that, I need to know more about your order.",
    "Let us begin with the first step.",
    "I have noted that.",
)
# What it means to state something about the world, an offer or a rule: the other side to talk.
STATING = (
    "Every customer receives a free gift.",
    "You get a gold watch as a present.",
    "The product includes insurance and a warranty.",
    "Staff are entitled to a bonus.",
    "Requests must be made two weeks ahead.",
    "The service is free of charge.",
    "The fee is 20 dollars a year.",
    "The office is open on weekdays.",
)
TALK = 0.28
MAYBE_TALK = 0.2
HANDOVER = 0.33
SURE_HANDOVER = 0.45
SAME_TOPIC = 0.6
# To a model that does not know their language, sentences are alike by their looks.
SAME_LOOKS = 0.7
RESTATED = 0.6
PIECES_PER_WORD = 1.8
FEW_WORDS = 3
LONGER = 4
KNOWN = 0.7
DIGITS = re.compile(r"\d+")
WORD = re.compile(r"[^\W_]+")
MOST_COMPARED = 40
ASKING = ("?", "？", "؟")
QUOTES = "\"'”’»)]}*_` "


class Kind(StrEnum):
    """What a sentence is; `uncertain` where nobody can tell, as in a language that the embedder does not know."""

    CLAIM = "claim"
    TALK = "talk"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence as it was understood.

    `hands_over` where it says that somebody else takes over, `surely` where it says so beyond doubt; `on_topic` where
    the passages speak of the same.
    """

    kind: Kind
    hands_over: bool = False
    on_topic: bool = False
    surely: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """What a reply is heard in the light of: the question, what the passages say, what else happened in the turn.

    `happened` holds what tools are for and what they gave; a sentence about that is no claim about the documents.
    """

    question: str
    passages: tuple[str, ...] = ()
    happened: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scene:
    """The same as vectors, and what the passages speak of by their words."""

    topic: Matrix
    happened: Matrix | None
    spoken_of: Topic


class Listener:
    """Tells claims from talk by the built-in embedding model, whatever model the banks use."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def scene(self, around: Around) -> Scene:
        """What sentences are heard in the light of, made once for several of them."""
        topic = self._embedder.embed([around.question, *around.passages[:MOST_COMPARED]])
        happened = self._embedder.embed(around.happened) if around.happened else None
        return Scene(topic, happened, Topic.of(around.passages, Lexicon()))

    def hear(self, sentences: Sequence[str], around: Around | Scene) -> list[Heard]:
        """What each sentence is."""
        if not sentences:
            return []
        scene = around if isinstance(around, Scene) else self.scene(around)
        meanings = self._embedder.embed(list(sentences))
        lexicon = Lexicon()  # a stemmer serves one thread
        return [
            self._heard(sentence, meaning, scene, lexicon)
            for sentence, meaning in zip(sentences, meanings, strict=True)
        ]

    def may_hand_over(self, sentences: Sequence[str]) -> list[str]:
        """The sentences that could say that somebody else takes over; cheaper than to hear them."""
        if not sentences:
            return []
        near = np.matmul(self._embedder.embed(list(sentences)), self._poles.handing.T)
        return [sentence for sentence, row in zip(sentences, near, strict=True) if float(np.max(row)) >= HANDOVER]

    def restates(self, sentence: str, asked: str) -> bool:
        """Whether `sentence` says what the asker has stated: nothing he only asks, and no number he did not give."""
        stated = [asked[one.start : one.end] for one in split(asked)]
        stated = [one for one in stated if not is_asking(one)]
        if not stated or set(DIGITS.findall(sentence)) - set(DIGITS.findall(asked)):
            return False
        [meaning] = self._embedder.embed([sentence])
        return _near(self._embedder.embed(stated), meaning) >= RESTATED

    def _heard(self, sentence: str, meaning: Vector, scene: Scene, lexicon: Lexicon) -> Heard:
        if is_asking(sentence):
            return Heard(Kind.TALK)
        poles = self._poles
        handing, talking, stating = (_near(pole, meaning) for pole in (poles.handing, poles.talking, poles.stating))
        near_topic = _near(scene.topic, meaning)
        near_talk = max(handing, talking, _near(scene.happened, meaning))
        hands_over = handing >= HANDOVER and handing > max(talking, near_topic)
        leans_to_talk = near_talk > max(near_topic, stating)
        surely = hands_over and handing >= SURE_HANDOVER
        if leans_to_talk and near_talk >= TALK:
            return Heard(Kind.TALK, hands_over, surely=surely)
        understood = self._understands(sentence, lexicon)
        near = near_topic >= (SAME_TOPIC if understood else SAME_LOOKS)
        on_topic = near or scene.spoken_of.has(lexicon.stems(sentence))
        known = understood and not (leans_to_talk and near_talk >= MAYBE_TALK)
        return Heard(Kind.CLAIM, hands_over, on_topic, surely) if on_topic or known else Heard(Kind.UNCERTAIN)

    @cached_property
    def _poles(self) -> _Poles:
        embed = self._embedder.embed
        return _Poles(embed(HANDING_OVER), embed(TALKING), embed(STATING))

    def _understands(self, sentence: str, lexicon: Lexicon) -> bool:
        """Whether the sentence is in the embedder's own language: it falls into few pieces, as known words do.

        One word that two languages share makes no sentence of one: most longer words have to be known whole, or more
        of the short ones.
        """
        words = WORD.findall(sentence)
        if not words:
            return True
        count = self._embedder.tokens().count
        if count(" ".join(words)) > PIECES_PER_WORD * len(words):
            return False
        common = sum(word.is_stop for word in lexicon.words(sentence)) / len(words)
        if not common and len(words) >= FEW_WORDS:
            return False
        longer = [word for word in words if len(word) >= LONGER]
        whole = sum(count(word) == 1 for word in longer) / len(longer) if longer else 1.0
        return whole + common >= KNOWN


@dataclass(frozen=True, slots=True)
class _Poles:
    """The meanings that sentences are compared with, as vectors."""

    handing: Matrix
    talking: Matrix
    stating: Matrix


def _near(pole: Matrix | None, meaning: Vector) -> float:
    return float(np.max(pole @ meaning)) if pole is not None else 0.0


def is_asking(sentence: str) -> bool:
    """Whether a sentence ends as a question does; what is asked claims nothing."""
    return sentence.rstrip(QUOTES).endswith(ASKING)
