"""Which words of a quoted sentence are the answer itself.

The weights are those of a conditional logit over the spans of the sentence that holds the answer (which of them has the
highest F1 with a reference answer?), fitted on 2026-11-27 by `python -m bench.phrases ../shared/datasets --fit` on the
answerable questions of SQuAD 2. No sample document and no question of `data/eval` was used for them; that a number must
be there where one is asked for, and `LEAST_F1`, were set with a look at what is marked there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from knowledge.answers.candidates import Candidate
from knowledge.answers.claims import denials
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.phrase_features import ASKING, phrase_features, phrases_of
from knowledge.answers.phrase_spans import Spans, Traits
from knowledge.answers.questions import Expects, Question
from knowledge.embedding.embedder import Embedder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LEAST_F1 = 0.4
ANSWERED_BY_ALL = frozenset({Expects.YES_NO, Expects.STEPS})
LONGEST = 100
# Of something that a question only describes ("the owner of the firm that ..."), the best sentence often holds the
# description, and another the answer; not so where what is described is asked for ("what is the firm that ...").
RELATIVE = re.compile(r"\s(?:(?:in|by|for|of|to|from|with)\s)?(?:that|which|who|whose|whom|where)\b", re.IGNORECASE)
ASKS_OF_OTHERS = re.compile(
    r"\b(?:what|which|who|whose|whom|where|when|how)\b"
    rf"(?!\s(?:is|was|are|were)\s(?:the|an?)\s\w+{RELATIVE.pattern})",
    re.IGNORECASE,
)
YEAR_ASKED, YEAR = re.compile(r"\b(?:what|which)\s+year\b", re.IGNORECASE), re.compile(r"\d{3,4}")
SIGN_BEFORE = re.compile(r"(?<![^\s(\[“\"‘'])(?:--?|[−$€£¥#@+~±<>=]{1,2})$")
SIGN_AFTER = re.compile(r"[\u0300-\u036f%°+#€£]{1,3}(?!\w)")
WEIGHTS: Mapping[str, float] = MappingProxyType({
    "asked": -0.743, "only_asked": -2.814, "any_asked": -0.212, "length": -0.022, "words": 0.095, "content": 0.057,
    "stops": -0.194, "verbs": -1.121, "prepositions": -0.225, "determiners": -0.393, "commas": -1.11,
    "after_preposition": 1.118, "after_determiner": 1.203, "after_verb": 0.215, "after_stop": 0.034,
    "after_asked": 0.111, "first": 1.987, "before_preposition": 0.272, "before_verb": 0.861, "before_stop": 0.385,
    "before_asked": 0.141, "last": 1.917, "mark_before": 0.446, "mark_after": 1.306, "cuts_name": -1.28,
    "cuts_measure": -0.529, "near": 5.441, "left": -0.205, "right": -0.031, "aligned": -0.385, "asking": 2.419,
    "head": 1.473, "cosine": -1.731, "date_number": 1.776, "date_date": 2.681, "date_measure": 0.625,
    "date_name": 0.322, "date_capital": 1.012, "date_words": -2.033, "date_asking": 1.492, "date_head": -0.346,
    "other_number": 0.198, "other_date": -0.849, "other_measure": -0.467, "other_name": 1.695,
    "other_capital": -0.019, "other_words": 0.437, "other_asking": -2.451, "other_head": 3.441,
    "person_number": -0.937, "person_date": -1.147, "person_measure": 0.209, "person_name": 2.804,
    "person_capital": -1.796, "person_words": 0.412, "person_asking": 3.528, "person_head": -3.901,
    "place_number": -0.712, "place_date": -1.198, "place_measure": -3.04, "place_name": 1.703, "place_capital": 0.051,
    "place_words": -0.503, "place_asking": 0.973, "place_head": 2.518, "number_number": 1.975, "number_date": -0.229,
    "number_measure": 2.084, "number_name": -2.221, "number_capital": 0.48, "number_words": -1.558,
    "number_asking": 9.335, "number_head": -3.846, "reason_number": -2.46, "reason_date": 1.114,
    "reason_measure": -0.052, "reason_name": -4.003, "reason_capital": -0.625, "reason_words": 2.489,
    "reason_asking": -6.272, "reason_head": -4.132,
})  # fmt: skip


def answer_phrase(
    asked: Question, unit: Candidate, share: float, embedder: Embedder, lexicon: Lexicon
) -> tuple[int, int] | None:
    """The characters `start:end` of `unit.text` that answer by themselves; `share` is how likely the unit answers.

    None where that is not clear: an F1 with the answer of less than `LEAST_F1` is expected, the unit denies something
    before the phrase, the question says the phrase itself, asks whether or how, describes what it asks about ("the film
    that ..."), or has no English word that asks; the unit has several lines or more than `LONGEST` words; the model
    tells no tokens.
    """
    if share < LEAST_F1 or "\n" in unit.text or not _asks_for_words(asked):
        return None
    found = phrases_in(unit, asked, embedder, lexicon)
    if found is None:
        return None
    best, expected = likeliest(span_scores(found.values), found.spans)
    start, end = found.places[best]
    if (
        share * expected < LEAST_F1
        or denials(unit.text[:start])
        or not _may_answer(asked, unit.text[start:end], lexicon)
    ):
        return None
    return _with_signs(unit.text, start, end)


def _asks_for_words(asked: Question) -> bool:
    """Whether some words of a sentence may be the whole answer."""
    return asked.expects not in ANSWERED_BY_ALL and bool(ASKING.search(asked.text)) and not _describes(asked.text)


def _describes(question: str) -> bool:
    """Whether a line of it asks for one thing by describing another."""
    # In two steps, as one pattern would read a line anew for every word that asks.
    asking = ((line, ASKS_OF_OTHERS.search(line)) for line in question.split("\n"))
    return any(found and RELATIVE.search(line, found.end()) for line, found in asking)


def _may_answer(asked: Question, phrase: str, lexicon: Lexicon) -> bool:
    """Whether it says what the question does not, or is one of two that it offers; a year, where one is asked for."""
    said = lexicon.stems(phrase) <= set(asked.terms) and " or " not in asked.text
    return not said and (not YEAR_ASKED.search(asked.text) or bool(YEAR.search(phrase)))


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """What could be the answer within a unit: the spans, the characters of its text that each takes, their features."""

    spans: Spans
    places: Sequence[tuple[int, int]]
    values: Mapping[str, Floats]


def phrases_in(unit: Candidate, asked: Question, embedder: Embedder, lexicon: Lexicon) -> Phrases | None:
    """What could answer within `unit`; None where nothing could, it is too long, or the model tells no tokens."""
    question, read = embedder.read([asked.text, unit.embedded_text])
    if not (question.spans and read.spans):
        return None
    traits = Traits.of(unit.text, asked, read, len(unit.embedded_text) - len(unit.text), lexicon)
    words = traits.words
    if len(words) > LONGEST:
        return None
    spans = phrases_of(asked, traits)
    if not len(spans.first):
        return None
    places = [(words[one].start, words[other].end) for one, other in zip(spans.first, spans.last, strict=True)]
    return Phrases(spans, places, phrase_features(asked, question, traits, spans, lexicon))


def span_scores(values: Mapping[str, Floats], weights: Mapping[str, float] = WEIGHTS) -> Floats:
    """The weighted sum of the features of each span."""
    scores: Floats = sum(weights[name] * value for name, value in values.items())  # type: ignore[assignment]
    return scores


def likeliest(scores: Floats, spans: Spans) -> tuple[int, float]:
    """The span of which the highest F1, in words, is to be expected, and that F1.

    The decision of least expected loss (Kumar and Byrne, "Minimum Bayes-Risk Decoding", NAACL 2004, section 2), not the
    most probable span: many spans share their words.
    """
    shares = np.exp(scores - scores.max())
    expected = spans.overlaps() @ (shares / shares.sum())
    best = int(expected.argmax())
    return best, float(expected[best])


def _with_signs(text: str, start: int, end: int) -> tuple[int, int]:
    """With what belongs to its first and last word and is none: "$5", "40%", "−18", "--force", "C++"."""
    before, after = SIGN_BEFORE.search(text[:start]), SIGN_AFTER.match(text, end)
    return (before.start() if before else start), (after.end() if after else end)
