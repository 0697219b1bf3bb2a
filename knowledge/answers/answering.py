"""Answers without a language model: the sentences of the sources that answer, quoted and cited, or an abstention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.confidence import THRESHOLD, confidence
from knowledge.answers.grounding import UNANSWERED
from knowledge.answers.layout import SpanKind
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.markup import plain_list
from knowledge.answers.phrases import answer_phrase
from knowledge.answers.questions import Expects, Question, analyse
from knowledge.answers.ranking import Ranked, rank
from knowledge.embedding.embedder import Embedder
from knowledge.types import Answer, AnswerSentence, Passage

MOST_SENTENCES = 3
LONGEST_LIST = 1200
NEW_TERMS = 0.2
TOO_ALIKE = 0.7
ENOUGH = 0.75
WORTH_OF_NEW_TERMS = 16.0
NOT_CALIBRATED: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say to a question: the best sentences as they are read, and how sure it is that they answer it.

    `rank` of a sentence says which of them is best.
    """

    sentences: tuple[AnswerSentence, ...]
    confidence: float
    closest: tuple[Passage, ...]
    threshold: float = THRESHOLD

    @property
    def abstains(self) -> bool:
        """Whether the sentences are too unsure to be given as an answer."""
        return not self.sentences or self.confidence < self.threshold


def extract(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder,
    *,
    thresholds: Mapping[str, float] = NOT_CALIBRATED,
    language: str = "english",
) -> Extract:
    """One to three units out of `passages`, best first as given, that answer `question`, in reading order.

    In the best of them the phrase is marked that answers, where that is clear. Every citation's quote is verbatim.
    `thresholds` are the least confidences of banks that are calibrated.
    """
    lexicon = Lexicon(language)
    asked = analyse(question, lexicon)
    ranked = rank(asked, passages, embedder, lexicon)
    sure = confidence(asked, ranked, passages, lexicon)
    chosen = _choose(asked, ranked, lexicon)
    phrase = answer_phrase(asked, chosen[0], ranked[0].share, embedder, lexicon) if chosen else None
    quoted = tuple(
        AnswerSentence(one.text, (one.passage.cite(one.start, one.end),), place, phrase if place == 1 else None)
        for place, one in _in_reading_order(chosen)
    )
    bank = chosen[0].passage.bank if chosen else ""
    return Extract(quoted, sure, tuple(passages), thresholds.get(bank, THRESHOLD))


def answer(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder,
    *,
    banks: Sequence[str] = (),
    thresholds: Mapping[str, float] = NOT_CALIBRATED,
    timings: Mapping[str, float] | None = None,
    language: str = "english",
) -> Answer:
    """The extractive answer to `question`, or an abstention; `closest` holds what came nearest either way."""
    begun = perf_counter()
    found = extract(question, passages, embedder, thresholds=thresholds, language=language)
    given = () if found.abstains else found.sentences
    return Answer(
        question=question,
        text=_joined_text(given) or UNANSWERED,
        sentences=given,
        abstained=found.abstains,
        confidence=found.confidence,
        closest=found.closest,
        banks=tuple(banks) or tuple(dict.fromkeys(p.bank for p in passages)),
        timings={**(timings or {}), "select": perf_counter() - begun},
    )


def _joined_text(sentences: Sequence[AnswerSentence]) -> str:
    """The sentences in one paragraph, or a line each where one of them is a list."""
    texts = [sentence.text for sentence in sentences]
    return ("\n" if any("\n" in text for text in texts) else " ").join(texts)


def _choose(asked: Question, ranked: Sequence[Ranked], lexicon: Lexicon) -> list[Candidate]:
    """The best unit, and others: until the answer is likely to be among them, and where they say what is left open."""
    chosen: list[Candidate] = []
    held = 0.0
    for one in ranked:
        repeats = any(_repeats(one.candidate, other) for other in chosen)
        if not repeats and (held < ENOUGH or _adds(asked, one, ranked[0], chosen)):
            chosen.append(_whole_list(one.candidate, lexicon) if asked.expects is Expects.STEPS else one.candidate)
        elif not repeats:
            continue
        held += one.share
        if len(chosen) == MOST_SENTENCES:
            break
    return chosen


def _in_reading_order(chosen: Sequence[Candidate]) -> list[tuple[int, Candidate]]:
    """The chosen units, each with its place among them by how well it answers, as a reader meets them.

    The document that answers best comes first; within a document the order is its own.
    """
    documents = list(dict.fromkeys(_document(one) for one in chosen))
    return sorted(enumerate(chosen, 1), key=lambda one: (documents.index(_document(one[1])), one[1].start))


def _document(one: Candidate) -> tuple[str, int]:
    return one.passage.bank, one.passage.document_id


def _adds(asked: Question, one: Ranked, best: Ranked, chosen: Sequence[Candidate]) -> bool:
    """Whether a unit says enough of what the question asks for and those that were chosen leave open."""
    covered = frozenset().union(*(other.stems | other.topic for other in chosen))
    gain = asked.coverage(covered | one.candidate.stems | one.candidate.topic) - asked.coverage(covered)
    return gain >= NEW_TERMS and best.score - one.score <= WORTH_OF_NEW_TERMS * gain


def _repeats(one: Candidate, other: Candidate) -> bool:
    """Whether a unit stands within one that was chosen, or says little more than that."""
    within = _document(one) == _document(other) and one.start < other.end and other.start < one.end
    return within or _said_by(other.stems, one.stems) >= TOO_ALIKE


def _said_by(other: frozenset[str], stems: frozenset[str]) -> float:
    """The share of `stems` that `other` has too."""
    return len(stems & other) / len(stems) if stems else 0.0


def _whole_list(chosen: Candidate, lexicon: Lexicon) -> Candidate:
    """The list that `chosen` is an item of, or introduces, as one unit; else, or if that is too long, `chosen`."""
    units = candidates([chosen.passage], lexicon)
    first = last = next(i for i, unit in enumerate(units) if unit.start == chosen.start)
    while first > 0 and units[first].kind is SpanKind.ITEM and _joined(units[first - 1], units[first]):
        first -= 1
    while last + 1 < len(units) and units[last + 1].kind is SpanKind.ITEM and _joined(units[last], units[last + 1]):
        last += 1
    start, end = units[first].start, units[last].end
    if first == last or end - start > LONGEST_LIST:
        return chosen
    offset = chosen.passage.start
    text = plain_list(chosen.passage.text[start - offset : end - offset])
    stems = frozenset().union(*(unit.stems for unit in units[first : last + 1]))
    return replace(chosen, start=start, end=end, text=text, stems=stems)


def _joined(one: Candidate, following: Candidate) -> bool:
    """Whether two units stand in one list, or the first introduces it."""
    introduces = one.kind is SpanKind.SENTENCE and one.text.endswith(":")
    return following.index == one.index + 1 and (one.kind is SpanKind.ITEM or introduces)
