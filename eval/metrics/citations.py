"""Citations: whether they hold the gold evidence, and whether the answer's sentences follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.cases import Case
from eval.evidence import evidence, meets_finest, met, share_met, squeezed
from eval.metrics.score import Score
from eval.observation import Hit, Observation, Sentence
from knowledge.embedding.embedder import Embedder
from knowledge.types import Passage, Scores

UNSCORED = Scores(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class CitationPrecision:
    """The share of citations that hold gold evidence."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where nothing was cited or the case has no evidence."""
        groups = evidence(case, seen)
        if not groups or seen.abstained or not seen.citations:
            return None
        right = sum(any(met(group, [cited], meets_finest) for group in groups) for cited in seen.citations)
        return Score(right / len(seen.citations), f"{right} of {len(seen.citations)} citations hold evidence")


@dataclass(frozen=True, slots=True)
class CitationRecall:
    """The share of evidence groups that are cited; an abstention cites none."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where the case has no evidence or is rightly not answered."""
        groups = evidence(case, seen)
        if not groups or not case.answerable:
            return None
        return Score(0.0, "abstained") if seen.abstained else Score(share_met(groups, seen.citations, meets_finest))


@dataclass(frozen=True, slots=True)
class Groundedness:
    """The share of the answer's sentences that follow from what they cite, else from what was retrieved.

    A sentence that stands in its citation as it is follows from it; any other is checked as the platform checks
    what a language model wrote: numbers, names, words, meaning, denial.
    """

    embedder: Embedder

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """None where nothing was answered."""
        if seen.abstained or not seen.sentences:
            return None
        loose = [sentence.text for sentence in seen.sentences if not self._follows(sentence, seen.hits or ())]
        share = 1 - len(loose) / len(seen.sentences)
        return Score(share, f"without support: {loose[0]}" if loose else "every sentence has support")

    def _follows(self, sentence: Sentence, retrieved: Sequence[Hit]) -> bool:
        from knowledge.answers.support import support  # brings the stemmer

        sources = [hit for hit in (sentence.citations or retrieved) if hit.text]
        if any(_quotes(sentence.text, hit.text) for hit in sources):
            return True
        passages = [_passage(number, hit) for number, hit in enumerate(sources)]
        return bool(support(sentence.text, passages, self.embedder))


def _quotes(sentence: str, source: str) -> bool:
    words = squeezed(sentence)
    return bool(words) and words in squeezed(source)


def _passage(number: int, hit: Hit) -> Passage:
    start = hit.start or 0
    return Passage(
        chunk_id=number,
        document_id=number,
        bank=hit.bank,
        title=hit.title,
        uri=hit.doc,
        text=hit.text,
        start=start,
        end=start + len(hit.text),
        headings=(),
        page_first=hit.page_first,
        page_last=hit.page_last,
        pages=(),
        metadata={},
        scores=UNSCORED,
    )
