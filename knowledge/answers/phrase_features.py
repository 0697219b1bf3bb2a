"""What says how likely a phrase of a unit is the answer itself.

After the features of Rajpurkar et al., "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (EMNLP 2016,
section 5), with the words' own vectors in place of a parse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from knowledge.answers.lexicon import Lexicon
from knowledge.answers.phrase_spans import Spans, Traits
from knowledge.answers.questions import Expects, Question
from knowledge.embedding.embedder import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from knowledge.types import Matrix, Vector

    Floats = NDArray[np.float64]

FAR = 20.0
NEARBY = 4.0
PUNCTUATION = re.compile(r"[^\s\-–’']")
ASKING = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
NUMERIC = frozenset(
    {Expects.NUMBER, Expects.MONEY, Expects.PERCENT, Expects.DURATION, Expects.AGE, Expects.SPEED, Expects.DISTANCE}
)
GROUPS: Mapping[Expects, str] = {
    **dict.fromkeys(NUMERIC, "number"),
    Expects.DATE: "date",
    Expects.PERSON: "person",
    Expects.PLACE: "place",
    **dict.fromkeys((Expects.REASON, Expects.STEPS), "reason"),
}
OTHER = "other"


def phrases_of(asked: Question, traits: Traits) -> Spans:
    """The spans that could answer: a number where one is asked for, a name for a person or place; no single letter."""
    spans = Spans.of(traits)
    group = GROUPS.get(asked.expects, OTHER)
    if group in ("number", "date"):
        return spans.only(spans.total(traits.number + traits.date + traits.measure) > 0)
    if group in ("person", "place"):
        return spans.only(spans.total(traits.capital) > 0)
    letters = np.array([len(word.surface) == 1 for word in traits.words], float)
    return spans.only((spans.mean(letters) < 1) | (spans.total(traits.number) > 0))


def phrase_features(
    asked: Question, question: Reading, traits: Traits, spans: Spans, lexicon: Lexicon
) -> dict[str, Floats]:
    """The value of each feature for each span, by name."""
    meant = _meaning(asked, question, traits, spans, lexicon)
    kinds = {
        "number": (spans.total(traits.number) > 0).astype(float),
        "date": (spans.total(traits.date) > 0).astype(float),
        "measure": (spans.total(traits.measure) > 0).astype(float),
        "name": (spans.mean(np.maximum(traits.capital, traits.stop)) >= 1) * _not_first_alone(spans),
        "capital": (spans.total(traits.capital) > 0) * _not_first_alone(spans),
        "words": np.log(spans.lengths),
        "asking": meant["asking"],
        "head": meant["head"],
    }
    group = GROUPS.get(asked.expects, OTHER)
    return {
        **_inside(traits, spans),
        **_outside(traits, spans),
        **meant,
        **{f"{group}_{name}": values for name, values in kinds.items()},
    }


def _inside(traits: Traits, spans: Spans) -> dict[str, Floats]:
    """What a span is made of."""
    asked_or_stop = np.maximum(traits.asked, traits.stop)
    return {
        "asked": spans.mean(traits.asked),
        "only_asked": (spans.mean(asked_or_stop) >= 1).astype(float),
        "any_asked": (spans.total(traits.asked) > 0).astype(float),
        "length": spans.lengths,
        "words": np.log(spans.lengths),
        "content": spans.total(1 - traits.stop),
        "stops": spans.total(traits.stop),
        "verbs": spans.total(traits.verb),
        "prepositions": spans.total(traits.preposition),
        "determiners": spans.total(traits.determiner),
        "commas": spans.total(np.array(["," in gap for gap in traits.gaps[:-1]], float))
        - np.array(["," in traits.gaps[first] for first in spans.first], float),
    }


def _outside(traits: Traits, spans: Spans) -> dict[str, Floats]:
    """What stands around a span: the words beside it, and the question's words farther off."""
    begins = [traits.gaps[first] for first in spans.first]
    ends = [traits.gaps[last + 1] for last in spans.last]
    punctuated = [np.array([bool(PUNCTUATION.search(gap)) for gap in gaps], float) for gaps in (begins, ends)]
    names_before = spans.before(traits.capital) * traits.capital[spans.first] * (1 - punctuated[0])
    names_after = spans.after(traits.capital) * traits.capital[spans.last] * (1 - punctuated[1])
    return {
        "after_preposition": spans.before(traits.preposition),
        "after_determiner": spans.before(traits.determiner),
        "after_verb": spans.before(traits.verb),
        "after_stop": spans.before(traits.stop),
        "after_asked": spans.before(traits.asked),
        "first": (spans.first == 0).astype(float),
        "before_preposition": spans.after(traits.preposition),
        "before_verb": spans.after(traits.verb),
        "before_stop": spans.after(traits.stop),
        "before_asked": spans.after(traits.asked),
        "last": (spans.last == spans.count - 1).astype(float),
        "mark_before": punctuated[0],
        "mark_after": punctuated[1],
        "cuts_name": names_before + names_after,
        "cuts_measure": traits.number[spans.last] * spans.after(traits.measure),
        **_distances(traits, spans),
    }


def _distances(traits: Traits, spans: Spans) -> dict[str, Floats]:
    """How near the question's words stand to each span, in words, on either side."""
    near = np.zeros(len(spans.first))
    left, right = np.full(len(near), FAR), np.full(len(near), FAR)
    places = np.flatnonzero(traits.asked)
    for place in places:
        before, behind = spans.first - place, place - spans.last
        away = np.maximum(np.maximum(before, behind), 0)
        near += np.where(away > 0, np.exp(-away / NEARBY), 0.0) / len(places)
        left = np.where(before > 0, np.minimum(left, before), left)
        right = np.where(behind > 0, np.minimum(right, behind), right)
    return {"near": near, "left": np.log1p(left), "right": np.log1p(right)}


def _meaning(asked: Question, question: Reading, traits: Traits, spans: Spans, lexicon: Lexicon) -> dict[str, Floats]:
    """How near each span lies to the question: all of it, its content, the word that asks and what that names."""
    states = question.tokens.astype(np.float32)
    sums = np.vstack([np.zeros((1, states.shape[1]), np.float32), np.cumsum(traits.vectors, axis=0)])
    means = sums[spans.last + 1] - sums[spans.first]
    means /= np.linalg.norm(means, axis=1, keepdims=True) + 1e-6
    content, asking, head = _asked_tokens(asked.text, question, lexicon)
    near = (traits.vectors @ states[content].T).max(axis=1) if content else np.zeros(spans.count)
    aligned = (near - near.mean()) / (near.std() + 1e-6)
    return {
        "aligned": spans.mean(aligned),
        "asking": means @ _mean(states, asking),
        "head": means @ _mean(states, head),
        "cosine": means @ question.vector,
    }


def _asked_tokens(text: str, question: Reading, lexicon: Lexicon) -> tuple[list[int], list[int], list[int]]:
    """The tokens of a question's content, of the word that asks, and of the first word of content behind that."""
    content = [word for word in lexicon.words(text) if not word.is_stop]
    asking = ASKING.search(text)
    behind = [word for word in content if asking and word.start >= asking.end()][:1]
    return (
        [token for word in content for token in question.within(word.start, word.end)],
        question.within(*asking.span()) if asking else [],
        [token for word in behind for token in question.within(word.start, word.end)],
    )


def _mean(states: Matrix, rows: Sequence[int]) -> Vector:
    mean: Vector = states[list(rows)].mean(axis=0) if rows else np.zeros(states.shape[1], np.float32)
    return mean


def _not_first_alone(spans: Spans) -> Floats:
    """0 for the first word by itself, whose capital letter says nothing."""
    return np.where((spans.first == 0) & (spans.last == 0), 0.0, 1.0)
