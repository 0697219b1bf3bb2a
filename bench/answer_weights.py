"""Fits the weights of `ranking.py` and `confidence.py` in knowledge/answers (`python -m bench.answers ... --fit`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.answer_cases import Asked, Bools, Floats, auroc
from knowledge.answers.confidence import EVIDENCE, evidence
from knowledge.answers.features import FEATURES
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.questions import analyse
from knowledge.answers.ranking import rank
from knowledge.embedding.embedder import Embedder

FOR_RANKING = ("squad2", "hotpotqa100", "chroma_chunking_eval", "doc2dial")
HARD_NEGATIVES, WEIGHT_OF_HARD = "squad2", 8.0
RIDGE = 0.01
ALIGNMENT = "alignment"
EVERY_UNIT = 10**6


@dataclass(frozen=True)
class Samples:
    """Values to fit on: a row of `x` for a unit or a question, `y` whether it is right, `group` question or article."""

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
        values = evidence(question, ranked, row.passages, lexicon)
        questions.append((values, row.answerable, str(row.case.meta.get("source", {}).get("doc", ""))))
        if not row.answerable:
            continue
        # Weights are fitted over all units, since which of them are embedded is a matter of speed.
        everything = rank(question, row.passages, embedder, lexicon, units=EVERY_UNIT)
        right = [row.met_by(r.candidate.passage.cite(r.candidate.start, r.candidate.end)) for r in everything]
        if any(right):
            units += [(r.values, hit, row.case.id) for r, hit in zip(everything, right, strict=True)]
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


def listwise(parts: dict[str, Samples]) -> Floats:
    """Weights of a conditional logit over the units of each question, in which every set counts alike.

    What is maximised is the probability that a question's best unit is a right one (McFadden 1974), so that questions
    are not compared with each other: what makes all units of one likely says nothing about which to quote.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # has no stubs

    x = np.vstack([part.x for part in parts.values()])
    y = np.concatenate([part.y for part in parts.values()])
    names = np.concatenate([np.char.add(f"{name}/", part.group) for name, part in parts.items()])
    question = np.unique(names, return_inverse=True)[1]
    each = np.concatenate([np.full(len(part.y), 1 / len(set(part.group))) for part in parts.values()])
    weight = np.zeros(question.max() + 1)
    weight[question] = each / len(parts)
    center, spread = x.mean(0), x.std(0) + 1e-9
    scaled = (x - center) / spread

    def loss(w: Floats) -> tuple[float, Floats]:
        scores = scaled @ w
        exps = np.exp(scores - scores.max())
        whole, right = (np.bincount(question, exps * part) for part in (np.ones_like(exps), y))
        pull = weight[question] * exps * (y / right[question] - 1 / whole[question])
        return RIDGE * float(w @ w) - float(weight @ np.log(right / whole)), 2 * RIDGE * w - scaled.T @ pull

    weights: Floats = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x / spread
    return weights


def fitted(parts: dict[str, Samples], *, balanced: bool) -> tuple[Floats, float]:
    """Weights and intercept: a conditional logit for the ranking; for the confidence (`balanced`) a logistic regression
    in which every set counts alike, but for the hard negatives."""
    if not balanced:
        return listwise(parts), 0.0
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # has no stubs

    weights = [_weights(name, part) for name, part in parts.items()]
    weight = np.concatenate(weights)
    model = LogisticRegression(C=10.0, max_iter=5000)
    model.fit(
        np.vstack([p.x for p in parts.values()]),
        np.concatenate([p.y for p in parts.values()]),
        sample_weight=weight / weight.mean(),
    )
    return model.coef_[0], float(model.intercept_[0])


def _weights(name: str, part: Samples) -> Floats:
    right = part.y.sum()
    by_class = np.where(part.y, 0.5 / right, 0.5 / (len(part.y) - right))
    weights: Floats = by_class * (WEIGHT_OF_HARD if name == HARD_NEGATIVES else 1.0)
    return weights


def fit(pools: dict[str, tuple[Samples, Samples]]) -> None:
    """Fit both regressions and print them; judge every set by weights fitted without it."""
    units = {name.partition(" ")[0]: pool[0] for name, pool in pools.items()}
    ranking = {name: part for name, part in units.items() if name in FOR_RANKING}
    questions = {name: pool[1] for name, pool in pools.items()}
    for title, parts, named in (("ranking", ranking, FEATURES), ("confidence", questions, EVIDENCE)):
        names = (*named, ALIGNMENT)
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
