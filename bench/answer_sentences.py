"""Whether the sentence that answers comes first: our ranking and a plain one over the same passages, and what is lost.

    .venv/bin/python -m bench.answer_sentences ../shared/datasets [--questions 400] [--seed 0]

Answerable questions of SQuAD 2 over a bank of the paragraphs that they were written for, each a document. The plain
ranking adds up the cosine of sentence and question, the share of the question's words that the sentence has, and the
score of its passage beside the best one's, over all sentences of the passages that are read. A sentence is right where
it overlaps the annotated words, or, counted apart, where it has the words of a reference answer, wherever they stand.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.answer_cases import remembering
from bench.retrieval import fill
from eval import Case, load_cases
from knowledge.answers.candidates import Candidate, candidates
from knowledge.answers.features import Pool, cosines, shortlist
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import analyse
from knowledge.answers.ranking import PASSAGES_READ, UNITS_EMBEDDED, rank
from knowledge.bank import READ_FOR_ANSWER, KnowledgeBank
from knowledge.embedding.embedder import Embedder
from knowledge.library import Library
from knowledge.types import Passage

RESULTS = Path("bench/results")
FIRST_FEW = 3


@dataclass(frozen=True)
class Gold:
    """Where the annotated words of a question stand in its paragraph, and its reference answers as their words."""

    paragraph: str
    spans: tuple[tuple[int, int], ...]
    answers: tuple[str, ...]

    def overlaps(self, unit: Candidate) -> bool:
        """Whether a unit overlaps the annotated words."""
        return unit.passage.uri == self.paragraph and any(
            unit.start < end and start < unit.end for start, end in self.spans
        )

    def said_by(self, unit: Candidate) -> bool:
        """Whether a unit has the words of an answer."""
        return self.overlaps(unit) or any(answer in _words(unit.text) for answer in self.answers)


def _words(text: str) -> str:
    return f" {' '.join(word.surface.lower() for word in Lexicon().words(text))} "


def paragraph_of(case: Case) -> tuple[str, int, int]:
    """The document and span that a question was written for."""
    source = case.meta["source"]
    return str(source["doc"]), int(source["start"]), int(source["end"])


def gold_of(case: Case) -> Gold:
    """The gold of a question within its paragraph."""
    doc, start, _ = paragraph_of(case)
    spans = tuple(((g.start or 0) - start, (g.end or 0) - start) for g in case.gold)
    return Gold(f"{doc}-{start}", spans, tuple(_words(answer) for answer in case.answers))


def bank_of(cases: Sequence[Case], datasets: Path, name: str) -> KnowledgeBank:
    """A bank of the paragraphs of these questions."""
    folder = RESULTS / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for doc, start, end in sorted({paragraph_of(case) for case in cases}):
            text = (datasets / "squad2" / "corpus" / doc).read_text(encoding="utf-8")[start:end]
            title = doc.removesuffix(".md").replace("_", " ")
            file.write(json.dumps({"id": f"{doc}-{start}", "title": title, "text": text}) + "\n")
    library = Library(RESULTS)
    if name in library.names():
        library.remove(name)
    bank = library.create(name)
    fill(bank, folder, "")
    return bank


def plain(question: str, passages: Sequence[Passage], embedder: Embedder) -> list[Candidate]:
    """All sentences of the passages by cosine, word overlap and passage score, best first."""
    lexicon = Lexicon()
    found = candidates(passages[:PASSAGES_READ], lexicon)
    asked = lexicon.stems(question)
    best = max((p.scores.total for p in passages), default=1.0)
    near = cosines(embedder.embed_query(question), embedder.embed([unit.text for unit in found])) if found else []
    scores = [
        cosine + len(asked & unit.stems) / max(1, len(asked)) + unit.passage.scores.total / best
        for unit, cosine in zip(found, near, strict=True)
    ]
    order = sorted(range(len(found)), key=lambda i: scores[i], reverse=True)
    return [found[i] for i in order]


def lost_at(question: str, passages: Sequence[Passage], ranked: Sequence[Candidate], gold: Gold) -> str:
    """The first step after which no unit holds the annotated words; empty if one is among the first few."""
    lexicon = Lexicon()
    read = passages[:PASSAGES_READ]
    if not any(
        p.uri == gold.paragraph and any(p.start < end and start < p.end for start, end in gold.spans) for p in read
    ):
        return "retrieval"
    found = candidates(read, lexicon)
    if not any(map(gold.overlaps, found)):
        return "splitting"
    short = shortlist(Pool.of(analyse(question, lexicon), found), found, UNITS_EMBEDDED)
    if not any(map(gold.overlaps, short)):
        return "shortlist"
    return "" if any(map(gold.overlaps, ranked[:FIRST_FEW])) else "ranking"


def main() -> None:
    """Prints both rankings and the losses of ours."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    everything = load_cases(arguments.datasets / "squad2" / "questions.jsonl")
    answerable = [case for case in everything if case.answerable and case.gold]
    cases = random.Random(arguments.seed).sample(answerable, min(arguments.questions, len(answerable)))
    bank = bank_of(cases, arguments.datasets, f"answer_sentences_{arguments.seed}")
    embedder = remembering(bank.embedder)
    lexicon = Lexicon()
    hits: Counter[str] = Counter()
    losses: Counter[str] = Counter()
    for case in cases:
        passages, gold = bank.search(case.question, k=READ_FOR_ANSWER, single=True), gold_of(case)
        ours = [one.candidate for one in rank(analyse(case.question, lexicon), passages, embedder, lexicon)]
        for name, ranked in (("ours", ours), ("plain", plain(case.question, passages, embedder))):
            for rule, met in (("overlaps", gold.overlaps), ("has the words", gold.said_by)):
                hits[f"{name}, {rule}, first"] += any(map(met, ranked[:1]))
                hits[f"{name}, {rule}, first {FIRST_FEW}"] += any(map(met, ranked[:FIRST_FEW]))
        losses[lost_at(case.question, passages, ours, gold)] += 1
    print(f"{len(cases)} questions, {bank.catalog.counts()[0]} paragraphs")
    for name in sorted(hits):
        print(f"{name}: {hits[name] / len(cases):.3f}")
    print("not among the first three:", {step: n for step, n in losses.most_common() if step})
    bank.close()


if __name__ == "__main__":
    main()
