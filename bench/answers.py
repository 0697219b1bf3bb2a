"""Quality of extractive answers and of abstaining on the development sets, in the default configuration.

    .venv/bin/python -m bench.answers ../shared/datasets [SET ...] [--most 1500]
    .venv/bin/python -m bench.answers ../shared/datasets --fit

For each set: how well the confidence tells answerable from unanswerable questions (AUROC; where a set has no
unanswerable ones, the same questions with the documents that answer them taken away), precision and recall of
abstaining, how many answers quote the evidence, token F1 and seconds. `--fit` fits the weights of `ranking.py` and
`confidence.py` in knowledge/answers and prints them, with what each set says of weights that were fitted without
it. Banks are those of `bench.retrieval`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.answer_cases import Asked, asked, auroc, bank_of, remembering
from bench.answer_weights import Samples, fit, samples
from eval import load_cases
from knowledge.answers.answering import extract
from knowledge.answers.confidence import THRESHOLD
from knowledge.answers.lexicon import Lexicon
from knowledge.embedding.embedder import Embedder
from knowledge.library import Library
from knowledge.types import AnswerSentence

TIMED = 40
SETS = ("squad2", "hotpotqa100", "chroma_chunking_eval", "doc2dial", "cuad")


def token_f1(given: str, references: Sequence[str], lexicon: Lexicon) -> float:
    """Harmonic mean of token precision and recall against the best reference (SQuAD's measure, on stems)."""

    def f1(reference: str) -> float:
        ours, theirs = (Counter(word.stem for word in lexicon.words(text)) for text in (given, reference))
        shared = sum((ours & theirs).values())
        return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0

    return max(map(f1, references), default=0.0)


def best_first(sentences: Sequence[AnswerSentence]) -> list[AnswerSentence]:
    """The quoted sentences by how well they answer."""
    return sorted(sentences, key=lambda one: one.rank)


def milliseconds(rows: Sequence[Asked], embedder: Embedder) -> float:
    """Median time of choosing the sentences for a question that was never seen before."""
    spent = []
    for row in rows[:: max(1, len(rows) // TIMED)]:
        started = perf_counter()
        extract(row.text, row.passages, embedder)
        spent.append(perf_counter() - started)
    return 1000 * sorted(spent)[len(spent) // 2]


def measure(rows: Sequence[Asked], embedder: Embedder, inner: Embedder) -> dict[str, float]:
    """The figures of one set; `inner` is the embedder that remembers nothing."""
    lexicon = Lexicon()
    found = [extract(row.text, row.passages, embedder) for row in rows]
    truth = np.array([row.answerable for row in rows])
    sure = np.array([one.confidence for one in found])
    abstains = np.array([one.abstains for one in found])
    with_gold = [
        (row, one) for row, one in zip(rows, found, strict=True) if row.answerable and any(g.end for g in row.case.gold)
    ]
    hits = [[row.met_by(s.citations[0]) for s in best_first(one.sentences)] for row, one in with_gold]
    answered = [hit for hit, (_, one) in zip(hits, with_gold, strict=True) if not one.abstains]
    judged = [(row, one) for row, one in with_gold if row.case.answers]
    scored = [token_f1(" ".join(s.text for s in one.sentences), row.case.answers, lexicon) for row, one in judged]
    return {
        "questions": len(rows),
        "answerable": float(truth.sum()),
        "AUROC": auroc(truth, sure) if 0 < truth.sum() < len(truth) else float("nan"),
        "abstained: of unanswerable": float(abstains[~truth].mean()) if (~truth).any() else float("nan"),
        "of answerable": float(abstains[truth].mean()),
        "abstention precision": float((~truth)[abstains].mean()) if abstains.any() else float("nan"),
        "first quote hits": float(np.mean([hit[:1] == [True] for hit in hits])),
        "any quote hits": float(np.mean([any(hit) for hit in hits])),
        "any quote hits, where answered": float(np.mean([any(hit) for hit in answered])),
        "quotes": float(np.mean([len(hit) for hit in hits])),
        "ms": milliseconds(rows, inner),
        "token F1": float(np.mean(scored)) if scored else float("nan"),
    }


def main() -> None:
    """Measures or fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--most", type=int, default=1500, help="at most about this many questions a set, evenly spread")
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    library = Library(Path("bench/results"))
    pools: dict[str, tuple[Samples, Samples]] = {}
    for name in arguments.sets:
        bank = bank_of(library, name, arguments.datasets)
        here = {document.uri for document in bank.documents()}
        cases = [
            case for case in load_cases(arguments.datasets / name / "questions.jsonl")
            if name != "cuad" or here & set(case.meta["scope"])
        ]  # fmt: skip
        cases = cases[:: max(1, len(cases) // arguments.most)]
        embedder = remembering(bank.embedder)
        rows = list(asked(name, bank, cases, removed=name != "cuad"))
        hard = [row for row in rows if not row.removed]
        easy = [row for row in rows if row.answerable or row.removed]
        for title, some in ((name, hard), (f"{name} or removed", easy)):
            if not any(not row.answerable for row in some):
                continue
            if arguments.fit:
                pools[title] = samples(some, embedder)
            else:
                shown = "  ".join(f"{key} {value:.3g}" for key, value in measure(some, embedder, bank.embedder).items())
                print(f"{title} (threshold {THRESHOLD}): {shown}", flush=True)
        bank.close()
    if arguments.fit:
        fit(pools)


if __name__ == "__main__":
    main()
