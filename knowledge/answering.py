"""Answers without a language model: the sentences of the sources that answer, quoted and cited, or an abstention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from knowledge.candidates import FEATURES, Candidate, candidates, cosines, features, shortlist
from knowledge.confidence import THRESHOLD, confidence
from knowledge.embedding.embedder import Embedder
from knowledge.layout import SpanKind
from knowledge.lexicon import Lexicon
from knowledge.markup import plain_list
from knowledge.questions import Expects, Question, analyse
from knowledge.types import Answer, AnswerSentence, Passage

PASSAGES_READ = 6
SENTENCES_EMBEDDED = 24
MOST_SENTENCES = 3
LONGEST_LIST = 1200
NEW_TERMS = 0.2
TOO_ALIKE = 0.7
CLOSE_ENOUGH = 2.0
RANKING = {
    "cosine": 6.7, "coverage": 3.2, "context": 1.2, "strict": 0.0, "cue": 0.6, "prior": 5.6, "passage_cosine": -3.7,
    "heading": -1.2, "brief": 0.0, "lengthy": -0.3, "asks": -2.0, "item": 0.0, "row": 0.0, "code": 0.0, "lead_in": -0.8,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extract:
    """What the passages say to a question: the best sentences, and how sure it is that they answer it."""

    sentences: tuple[AnswerSentence, ...]
    confidence: float
    closest: tuple[Passage, ...]

    @property
    def abstains(self) -> bool:
        """Whether the sentences are too unsure to be given as an answer."""
        return not self.sentences or self.confidence < THRESHOLD


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its cosine to the question and its score, a log-odds."""

    candidate: Candidate
    cosine: float
    score: float


def extract(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder,
    *,
    rarity: Callable[[str], float] | None = None,
    language: str = "english",
) -> Extract:
    """One to three units out of `passages`, best first as given, that answer `question`.

    Every citation's quote is verbatim. `rarity` is the inverse document frequency of a stem in the bank;
    without it every term counts alike, names and numbers half as much again.
    """
    lexicon = Lexicon(language)
    asked = analyse(question, lexicon, rarity=rarity)
    ranked = rank(asked, passages, embedder, lexicon)
    sure = confidence(asked, [r.candidate for r in ranked], [r.cosine for r in ranked])
    chosen = _choose(asked, ranked)
    return Extract(tuple(_sentence(asked, one, passages, lexicon) for one in chosen), sure, tuple(passages))


def answer(
    question: str,
    passages: Sequence[Passage],
    embedder: Embedder,
    *,
    banks: Sequence[str] = (),
    timings: Mapping[str, float] | None = None,
    rarity: Callable[[str], float] | None = None,
    language: str = "english",
) -> Answer:
    """The extractive answer to `question`, or an abstention that names what came closest."""
    begun = perf_counter()
    found = extract(question, passages, embedder, rarity=rarity, language=language)
    given = () if found.abstains else found.sentences
    return Answer(
        question=question,
        text="\n".join(s.text for s in given)
        if any("\n" in s.text for s in given)
        else " ".join(s.text for s in given),
        sentences=given,
        abstained=found.abstains,
        confidence=found.confidence,
        closest=found.closest,
        banks=tuple(banks) or tuple(dict.fromkeys(p.bank for p in passages)),
        timings={**(timings or {}), "select": perf_counter() - begun},
    )


def rank(asked: Question, passages: Sequence[Passage], embedder: Embedder, lexicon: Lexicon) -> list[Ranked]:
    """The most promising units of the first passages, best first."""
    short = shortlist(asked, candidates(passages[:PASSAGES_READ], lexicon), SENTENCES_EMBEDDED)
    if not short:
        return []
    best = max(p.scores.total for p in passages)
    near = cosines(embedder.embed_query(asked.text), embedder.embed([c.embedded_text for c in short]))
    weights = [RANKING[name] for name in FEATURES]
    ranked = [
        Ranked(c, cosine, sum(w * f for w, f in zip(weights, features(asked, c, cosine, best), strict=True)))
        for c, cosine in zip(short, near, strict=True)
    ]
    return sorted(ranked, key=lambda r: r.score, reverse=True)


def _choose(asked: Question, ranked: Sequence[Ranked]) -> list[Candidate]:
    """The best unit, and others that say something asked for that it leaves open."""
    chosen: list[Candidate] = []
    covered: frozenset[str] = frozenset()
    for one in ranked:
        candidate = one.candidate
        if chosen and not _adds(asked, one, ranked[0], covered, chosen):
            continue
        chosen.append(candidate)
        covered |= candidate.stems | candidate.topic
        if len(chosen) == MOST_SENTENCES:
            break
    return chosen


def _adds(asked: Question, one: Ranked, best: Ranked, covered: frozenset[str], chosen: Sequence[Candidate]) -> bool:
    candidate = one.candidate
    gain = asked.coverage(covered | candidate.stems | candidate.topic) - asked.coverage(covered)
    alike = max(_overlap(candidate.stems, other.stems) for other in chosen)
    return best.score - one.score <= CLOSE_ENOUGH and gain >= NEW_TERMS and alike < TOO_ALIKE


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / min(len(one), len(other)) if one and other else 0.0


def _sentence(asked: Question, chosen: Candidate, passages: Sequence[Passage], lexicon: Lexicon) -> AnswerSentence:
    listed = _whole_list(chosen, passages, lexicon) if asked.expects is Expects.STEPS else None
    whole = listed or chosen
    return AnswerSentence(whole.text, (whole.passage.cite(whole.start, whole.end),))


def _whole_list(chosen: Candidate, passages: Sequence[Passage], lexicon: Lexicon) -> Candidate | None:
    """The run of list items around `chosen` as one unit, if it is one of several or introduces them."""
    units = [c for c in candidates([chosen.passage], lexicon)]
    at = next(i for i, unit in enumerate(units) if unit.start == chosen.start)
    first = last = at
    while first > 0 and units[first].kind is SpanKind.ITEM and _joined(units[first - 1], units[first]):
        first -= 1
    while last + 1 < len(units) and units[last + 1].kind is SpanKind.ITEM and _joined(units[last], units[last + 1]):
        last += 1
    start, end = units[first].start, units[last].end
    if first == last or end - start > LONGEST_LIST:
        return None
    offset = chosen.passage.start
    return replace(chosen, start=start, end=end, text=plain_list(chosen.passage.text[start - offset : end - offset]))


def _joined(one: Candidate, following: Candidate) -> bool:
    """Whether two units stand in one list, or the first introduces it."""
    introduces = one.kind is SpanKind.SENTENCE and one.text.endswith(":")
    return following.index == one.index + 1 and (one.kind is SpanKind.ITEM or introduces)
