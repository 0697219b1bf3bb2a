"""Answers against reference answers: exact match, token F1, ROUGE-L, nearness in meaning.

Exact match and F1 are SQuAD's (Rajpurkar et al. 2016, section 6.1); ROUGE-L is the F-measure over the longest common
subsequence (Lin 2004, section 3.2). The best reference counts. An abstention scores 0 where there was an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from eval.cases import Case
from eval.evidence import evidence, meets_finest, met
from eval.metrics.score import Score
from eval.observation import Observation
from knowledge.embedding.embedder import Embedder

ARTICLES = frozenset({"a", "an", "the"})
WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+|[^\w\s]", re.UNICODE)
Compare = Callable[[Sequence[str], Sequence[str]], float]


def tokens(text: str) -> list[str]:
    """The words of `text`, lower-cased, without articles and punctuation marks; numbers without thousands marks."""
    found = (word.casefold() for word in WORD.findall(text))
    return [word.replace(",", "") for word in found if word not in ARTICLES and any(c.isalnum() for c in word)]


@dataclass(frozen=True, slots=True)
class ExactMatch:
    """1 where the answer is a reference answer, word for word."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case without reference answers."""
        return _best(case, seen, lambda given, wanted: float(given == wanted))


@dataclass(frozen=True, slots=True)
class TokenF1:
    """Harmonic mean of token precision and recall."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case without reference answers."""
        return _best(case, seen, token_f1)


@dataclass(frozen=True, slots=True)
class PhraseF1:
    """Token F1 of the words that are marked as the answer itself."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case without reference answers, and for an answer in which nothing is marked."""
        return _best(case, replace(seen, text=seen.phrase), token_f1) if seen.phrase else None


@dataclass(frozen=True, slots=True)
class RougeL:
    """F-measure over the longest common subsequence of tokens."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case without reference answers."""
        return _best(case, seen, rouge_l)


@dataclass(frozen=True, slots=True)
class Similarity:
    """Cosine of the answer to the nearest reference answer, by the bank's own embedder, not below 0."""

    embedder: Embedder

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case without reference answers."""
        if not (case.answerable and case.answers):
            return None
        if seen.abstained or not seen.text.strip():
            return Score(0.0, "abstained" if seen.abstained else "no answer")
        rows = self.embedder.embed([seen.text, *case.answers])
        return Score(max(0.0, min(1.0, float((rows[1:] @ rows[0]).max()))))


@dataclass(frozen=True, slots=True)
class Correct:
    """1 where the answer says what a reference says, or quotes the gold evidence; what was withheld counts as said.

    This is what risk is counted in, together with the answers to what the documents do not answer, all of them wrong.
    """

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None for a case that the documents do not answer, or with neither reference answers nor evidence."""
        groups = evidence(case, seen)
        if not case.answerable or not (case.answers or groups):
            return None
        text = " ".join(sentence.text for sentence in seen.attempt)
        if any(contains(tokens(text), tokens(answer)) for answer in case.answers):
            return Score(1.0, "says a reference answer")
        cited = [hit for sentence in seen.attempt for hit in sentence.citations]
        if any(met(group, cited, meets_finest) for group in groups):
            return Score(1.0, "quotes the evidence")
        return Score(0.0, "says no reference answer and quotes no evidence" if text else "no answer")


def contains(given: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether `wanted`, which must not be empty to be found, stands in `given` as it is."""
    size = len(wanted)
    return bool(size) and any(list(given[at : at + size]) == list(wanted) for at in range(len(given) - size + 1))


def token_f1(given: Sequence[str], wanted: Sequence[str]) -> float:
    """Harmonic mean of the shares of tokens that both have."""
    shared = sum((Counter(given) & Counter(wanted)).values())
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


def rouge_l(given: Sequence[str], wanted: Sequence[str]) -> float:
    """F-measure over the longest common subsequence."""
    shared = longest_common_subsequence(given, wanted)
    return 2 * shared / (len(given) + len(wanted)) if shared else 0.0


def longest_common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Its length; takes time in proportion to the product of the lengths."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = 0
        for at, there in enumerate(other, 1):
            before, row[at] = row[at], before + 1 if word == there else max(row[at], row[at - 1])
    return row[-1]


def _best(case: Case, seen: Observation, compare: Compare) -> Score | None:
    if not (case.answerable and case.answers):
        return None
    if seen.abstained:
        return Score(0.0, "abstained")
    given = tokens(seen.text)
    value, best = max((compare(given, tokens(answer)), answer) for answer in case.answers)
    return Score(value, f"nearest reference: {best}")
