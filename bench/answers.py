"""Quality of extractive answers and of abstaining on the development sets, in the default configuration.

    .venv/bin/python -m bench.answers ../shared/datasets [SET ...] [--most 400]
    .venv/bin/python -m bench.answers ../shared/datasets --fit

For each set: how well the confidence tells answerable from unanswerable questions (AUROC; where a set has no
unanswerable ones, the same questions with the documents that answer them taken away), precision and recall of
abstaining, how many answers quote the evidence, token F1 and seconds. `--fit` fits the weights of
`knowledge/ranking.py` and `knowledge/confidence.py` and prints them, with what each set says of weights that were
fitted without it. Banks are those of `bench.retrieval`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.retrieval import BenchSet, by_span, fill, prepare
from eval import Case, load_cases
from knowledge.answering import extract
from knowledge.bank import KnowledgeBank
from knowledge.candidates import FEATURES, features
from knowledge.confidence import EVIDENCE, THRESHOLD, evidence
from knowledge.embedding.embedder import Embedder, EmbedderIdentity, TokenCounter
from knowledge.lexicon import Lexicon
from knowledge.library import Library
from knowledge.questions import analyse
from knowledge.ranking import rank
from knowledge.types import Citation, Passage

if TYPE_CHECKING:
    from knowledge.types import Matrix, Vector

READ = 6
TIMED = 40
SETS = ("squad2", "hotpotqa100", "chroma_chunking_eval", "doc2dial", "cuad")
FOR_RANKING = ("squad2", "hotpotqa100", "chroma_chunking_eval", "doc2dial")
HARD_NEGATIVES, WEIGHT_OF_HARD = "squad2", 8.0
CUAD_PART = "txt/c01"
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Remembering:
    """An embedder that embeds a text once: neighbouring questions meet the same sentences."""

    inner: Embedder
    seen: dict[str, Vector] = field(default_factory=dict)

    @property
    def identity(self) -> EmbedderIdentity:
        """That of the embedder within."""
        return self.inner.identity

    def tokens(self) -> TokenCounter:
        """Those of the embedder within."""
        return self.inner.tokens()

    def embed_query(self, text: str) -> Vector:
        """As any other text."""
        vector: Vector = self.embed([text])[0]
        return vector

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Many texts; what was seen before is remembered."""
        new = [text for text in dict.fromkeys(texts) if text not in self.seen]
        if new:
            self.seen.update(zip(new, self.inner.embed(new), strict=True))
        return np.stack([self.seen[text] for text in texts])

    def embed_bulk(self, texts: Sequence[str]) -> Matrix:
        """As `embed`."""
        return self.embed(texts)


@dataclass(frozen=True)
class Asked:
    """A question with the passages it is answered from. `removed`: the documents that answer were taken away."""

    case: Case
    text: str
    passages: tuple[Passage, ...]
    removed: bool = False

    @property
    def answerable(self) -> bool:
        """Whether the passages could hold the answer."""
        return self.case.answerable and not self.removed

    def met_by(self, citation: Citation) -> bool:
        """Whether the quotation overlaps the gold evidence."""
        return any(
            citation.uri == g.doc and citation.start < (g.end or 0) and (g.start or 0) < citation.end
            for g in self.case.gold
        )


def bank_of(library: Library, name: str, datasets: Path) -> KnowledgeBank:
    """The bank of a set; of CUAD a part of its texts."""
    if name != "cuad":
        return prepare(library, BenchSet(name, by_span), datasets, fresh=False)
    bank = library.create("cuad_part")
    if not bank.catalog.counts()[0]:
        fill(bank, datasets / name, CUAD_PART)
    return bank


def asked(name: str, bank: KnowledgeBank, cases: Sequence[Case], *, removed: bool) -> Iterator[Asked]:
    """Each question with its passages; with `removed`, each answerable one again without its documents."""
    for case in cases:
        text = " ".join([*(t.text for t in case.history if t.role == "user"), case.question][-3:])
        found = bank.search(text, k=200 if name == "cuad" else 60)
        scope = set(case.meta.get("scope", ()))
        found = tuple(p for p in found if not scope or p.uri in scope)
        yield Asked(case, text, found[:READ])
        if removed and case.answerable:
            source = case.meta.get("source", {}).get("doc")
            gone = {g.doc for g in case.gold} | {source}
            yield Asked(case, text, tuple(p for p in found if p.uri not in gone)[:READ], removed=True)


def auroc(truth: Bools, scores: Floats) -> float:
    """Probability that an answerable question scores above an unanswerable one; ties count half."""
    order = np.argsort(scores, kind="stable")
    _, inverse, counts = np.unique(scores[order], return_inverse=True, return_counts=True)
    ranks = np.empty(len(scores))
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive = int(truth.sum())
    above = ranks[truth].sum() - positive * (positive + 1) / 2
    return float(above / (positive * (len(truth) - positive)))


def token_f1(given: str, references: Sequence[str], lexicon: Lexicon) -> float:
    """Harmonic mean of token precision and recall against the best reference (SQuAD's measure, on stems)."""

    def f1(reference: str) -> float:
        ours, theirs = (Counter(word.stem for word in lexicon.words(text)) for text in (given, reference))
        shared = sum((ours & theirs).values())
        return 2 * shared / (sum(ours.values()) + sum(theirs.values())) if shared else 0.0

    return max(map(f1, references), default=0.0)


def milliseconds(rows: Sequence[Asked], embedder: Embedder) -> float:
    """Median time of choosing the sentences for a question that was never seen before."""
    spent = []
    for row in rows[:: max(1, len(rows) // TIMED)]:
        started = perf_counter()
        extract(row.text, row.passages, embedder)
        spent.append(perf_counter() - started)
    return 1000 * sorted(spent)[len(spent) // 2]


def measure(rows: Sequence[Asked], embedder: Remembering) -> dict[str, float]:
    """The figures of one set."""
    lexicon = Lexicon()
    found = [extract(row.text, row.passages, embedder) for row in rows]
    truth = np.array([row.answerable for row in rows])
    sure = np.array([one.confidence for one in found])
    abstains = np.array([one.abstains for one in found])
    with_gold = [
        (row, one) for row, one in zip(rows, found, strict=True) if row.answerable and any(g.end for g in row.case.gold)
    ]
    hits = [[row.met_by(s.citations[0]) for s in one.sentences] for row, one in with_gold]
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
        "ms": milliseconds(rows, embedder.inner),
        "token F1": float(np.mean(scored)) if scored else float("nan"),
    }


@dataclass(frozen=True)
class Samples:
    """Values to fit on: one row of `x` a unit or a question, `y` whether it is right, `group` its question, or its article."""

    x: Floats
    y: Bools
    group: NDArray[np.str_]


def samples(rows: Sequence[Asked], embedder: Embedder) -> tuple[Samples, Samples]:
    """For the ranking, a row for every unit of answerable questions; for the confidence, one for every question."""
    lexicon = Lexicon()
    units: list[tuple[Sequence[float], bool, str]] = []
    questions: list[tuple[Sequence[float], bool, str]] = []
    for row in rows:
        question = analyse(row.text, lexicon)
        ranked = rank(question, row.passages, embedder, lexicon)
        if not ranked:
            continue
        values = evidence(question, [r.candidate for r in ranked], [r.cosine for r in ranked], row.passages, lexicon)
        questions.append((values, row.answerable, str(row.case.meta.get("source", {}).get("doc", ""))))
        right = [row.met_by(r.candidate.passage.cite(r.candidate.start, r.candidate.end)) for r in ranked]
        if row.answerable and any(right):
            best = max(p.scores.total for p in row.passages)
            units += [
                (features(question, r.candidate, r.cosine, best), hit, row.case.id)
                for r, hit in zip(ranked, right, strict=True)
            ]
    return _samples(units), _samples(questions)


def _samples(rows: Sequence[tuple[Sequence[float], bool, str]]) -> Samples:
    x, y, group = zip(*rows, strict=True)
    return Samples(np.array(x), np.array(y), np.array(group))


def top1(part: Samples, scores: Floats) -> float:
    """The share of groups whose best-scored row is right."""
    best: dict[str, tuple[float, bool]] = {}
    for group, score, right in zip(part.group, scores, part.y, strict=True):
        best[group] = max(best.get(group, (-np.inf, False)), (float(score), bool(right)), key=lambda one: one[0])
    return float(np.mean([right for _, right in best.values()]))


def fitted(parts: dict[str, Samples], *, balanced: bool) -> tuple[Floats, float]:
    """Weights and intercept of a logistic regression in which every set counts alike, but for the hard negatives."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # has no stubs

    weights = [_weights(name, part, balanced=balanced) for name, part in parts.items()]
    weight = np.concatenate(weights)
    model = LogisticRegression(C=10.0, max_iter=5000)
    model.fit(
        np.vstack([p.x for p in parts.values()]),
        np.concatenate([p.y for p in parts.values()]),
        sample_weight=weight / weight.mean(),
    )
    return model.coef_[0], float(model.intercept_[0])


def _weights(name: str, part: Samples, *, balanced: bool) -> Floats:
    if not balanced:
        return np.full(len(part.y), 1.0 / len(part.y))
    right = part.y.sum()
    by_class = np.where(part.y, 0.5 / right, 0.5 / (len(part.y) - right))
    weights: Floats = by_class * (WEIGHT_OF_HARD if name == HARD_NEGATIVES else 1.0)
    return weights


def fit(pools: dict[str, tuple[Samples, Samples]]) -> None:
    """Fit both regressions and print them; judge every set by weights fitted without it."""
    units = {name.partition(" ")[0]: pool[0] for name, pool in pools.items()}
    ranking = {name: part for name, part in units.items() if name in FOR_RANKING}
    questions = {name: pool[1] for name, pool in pools.items()}
    for title, parts, names in (("ranking", ranking, FEATURES), ("confidence", questions, EVIDENCE)):
        balanced = parts is questions
        weights, intercept = fitted(parts, balanced=balanced)
        print(title, {n: round(float(w), 2) for n, w in zip(names, weights, strict=True)}, round(intercept, 2))
        for left_out, part in parts.items():
            others = {n: p for n, p in parts.items() if n.split()[0] != left_out.split()[0]}
            scores = part.x @ fitted(others, balanced=balanced)[0]
            judged = auroc(part.y, scores) if balanced else top1(part, scores)
            print(f"  {left_out}, left out: {'AUROC' if balanced else 'first is right'} {judged:.3f}", end="")
            print(f" (cosine {auroc(part.y, part.x[:, 0]) if balanced else top1(part, part.x[:, 0]):.3f})")
    _halves(questions)


def _halves(parts: dict[str, Samples]) -> None:
    """The hard set by halves of its articles, each judged by weights fitted on the other half and the other sets."""
    hard = parts[HARD_NEGATIVES]
    articles = sorted(set(hard.group))
    first = np.isin(hard.group, articles[::2])
    others = {n: p for n, p in parts.items() if n.partition(" ")[0] != HARD_NEGATIVES}
    for fit_on, judge in ((first, ~first), (~first, first)):
        half = Samples(hard.x[fit_on], hard.y[fit_on], hard.group[fit_on])
        weights, _ = fitted({**others, HARD_NEGATIVES: half}, balanced=True)
        print(f"  {HARD_NEGATIVES}, other half fitted: AUROC {auroc(hard.y[judge], hard.x[judge] @ weights):.3f}")


def main() -> None:
    """Measures or fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("sets", nargs="*", default=list(SETS))
    parser.add_argument("--most", type=int, default=400, help="at most about this many questions a set, evenly spread")
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
        embedder = Remembering(bank.embedder)
        rows = list(asked(name, bank, cases, removed=name != "cuad"))
        hard = [row for row in rows if not row.removed]
        easy = [row for row in rows if row.answerable or row.removed]
        for title, some in ((name, hard), (f"{name} or removed", easy)):
            if not any(not row.answerable for row in some):
                continue
            if arguments.fit:
                pools[title] = samples(some, embedder)
            else:
                shown = "  ".join(f"{key} {value:.3g}" for key, value in measure(some, embedder).items())
                print(f"{title} (threshold {THRESHOLD}): {shown}", flush=True)
        bank.close()
    if arguments.fit:
        fit(pools)


if __name__ == "__main__":
    main()
