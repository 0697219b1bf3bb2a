"""Which words of a sentence are marked as the answer: how well they fit, and the weights that choose them.

    .venv/bin/python -m bench.phrases ../shared/datasets [--fit]

Over the sentences that hold the answer, for the answerable questions of SQuAD 2 and HotpotQA-100: token F1 and exact
match (SQuAD's measures) of the phrase that would be marked, beside the whole sentence; and, as `refdesk ask` answers,
how often a phrase is marked and how well it fits. With `--fit` the weights of `knowledge/answers/phrases.py` are fitted
and printed; each half of SQuAD 2's articles is judged by weights of the other half, HotpotQA-100 by those of SQuAD 2.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.answer_cases import Asked, Floats, asked, bank_of, remembering
from eval import load_cases
from eval.metrics.answers import token_f1, tokens
from knowledge.answers.answering import extract
from knowledge.answers.candidates import Candidate
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.phrase_features import GROUPS, OTHER
from knowledge.answers.phrase_spans import Spans
from knowledge.answers.phrases import LEAST_F1, WEIGHTS, likeliest, phrases_in, span_scores
from knowledge.answers.questions import analyse
from knowledge.answers.ranking import rank
from knowledge.embedding.embedder import Embedder
from knowledge.library import Library

FITTED, JUDGED = "squad2", "hotpotqa100"
RIDGE = 0.002
LEAST_TO_LEARN = 0.5


@dataclass(frozen=True)
class Sentence:
    """A sentence that holds the answer: its spans with their features and their F1 to the best reference answer."""

    article: str
    group: str
    spans: Spans
    values: Mapping[str, Floats]
    f1: Floats
    whole: float


def fit_f1(text: str, answers: Sequence[str]) -> float:
    """Token F1 with the best reference answer."""
    return max((token_f1(tokens(text), tokens(answer)) for answer in answers), default=0.0)


def holding(row: Asked, embedder: Embedder, lexicon: Lexicon) -> Candidate | None:
    """The likeliest unit that overlaps the evidence and has the words of an answer."""
    for one in rank(analyse(row.text, lexicon), row.passages, embedder, lexicon):
        unit = one.candidate
        said = any(answer.lower() in unit.text.lower() for answer in row.case.answers)
        if said and row.met_by(unit.passage.cite(unit.start, unit.end)):
            return unit
    return None


def sentences(rows: Sequence[Asked], embedder: Embedder) -> Iterator[Sentence]:
    """What is to be learnt and judged."""
    lexicon = Lexicon()
    for row in rows:
        question, unit = analyse(row.text, lexicon), holding(row, embedder, lexicon)
        if unit is None:
            continue
        found = phrases_in(unit, question, embedder, lexicon)
        if found is None:
            continue
        f1 = [fit_f1(unit.text[start:end], row.case.answers) for start, end in found.places]
        yield Sentence(
            str(row.case.meta.get("source", {}).get("doc", "")),
            GROUPS.get(question.expects, OTHER),
            found.spans,
            found.values,
            np.array(f1),
            fit_f1(unit.text, row.case.answers),
        )


def fitted(some: Sequence[Sentence]) -> dict[str, float]:
    """Weights by which each sentence's best spans are likeliest (McFadden 1974), with a ridge."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]  # has no stubs

    learnt = [one for one in some if one.f1.max() >= LEAST_TO_LEARN]
    names = list(dict.fromkeys(name for one in learnt for name in one.values))
    x = np.vstack([np.stack([one.values.get(name, np.zeros(len(one.f1))) for name in names], 1) for one in learnt])
    right = np.concatenate([one.f1 >= one.f1.max() - 1e-9 for one in learnt]).astype(float)
    sentence = np.repeat(np.arange(len(learnt)), [len(one.f1) for one in learnt])
    spread = x.std(axis=0) + 1e-9
    scaled = (x - x.mean(axis=0)) / spread

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = scaled @ weights
        most = np.full(len(learnt), -np.inf)
        np.maximum.at(most, sentence, scores)
        exps = np.exp(scores - most[sentence])
        whole, met = np.bincount(sentence, exps), np.bincount(sentence, exps * right)
        pull = exps * (right / met[sentence] - 1 / whole[sentence])
        value = RIDGE * float(weights @ weights) - float(np.mean(np.log(met / whole)))
        return value, 2 * RIDGE * weights - scaled.T @ pull / len(learnt)

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x / spread
    return {name: round(float(weight), 3) for name, weight in zip(names, found, strict=True)}


def judge(title: str, some: Sequence[Sentence], weights: Mapping[str, float]) -> None:
    """Prints how the likeliest phrases fit, beside the whole sentences, and what the marked ones among them do."""
    decided = [likeliest(span_scores(one.values, weights), one.spans) for one in some]
    f1 = np.array([one.f1[best] for one, (best, _) in zip(some, decided, strict=True)])
    marked = np.array([expected >= LEAST_F1 for _, expected in decided])
    print(
        f"{title} n={len(some)}: F1 {f1.mean():.3f} (whole sentence {np.mean([one.whole for one in some]):.3f},"
        f" best span {np.mean([one.f1.max() for one in some]):.3f}), exact {np.mean(f1 == 1):.3f};"
        f" marked {marked.mean():.3f}, of these F1 {f1[marked].mean():.3f}, with a word of the answer"
        f" {np.mean(f1[marked] > 0):.3f}"
    )
    for group in dict.fromkeys(one.group for one in some):
        of_group = np.array([one.group == group for one in some])
        print(f"  {group} n={of_group.sum()}: F1 {f1[of_group].mean():.3f}, marked {marked[of_group].mean():.3f}")


def end_to_end(name: str, rows: Sequence[Asked], embedder: Embedder) -> None:
    """Prints how the phrases fit that an answer marks, over answerable questions that are answered."""
    marked, whole, answered = [], [], 0
    for row in rows:
        found = extract(row.text, row.passages, embedder)
        if found.abstains:
            continue
        answered += 1
        for one in found.sentences:
            if one.phrase:
                marked.append(fit_f1(one.text[slice(*one.phrase)], row.case.answers))
                whole.append(fit_f1(one.text, row.case.answers))
    print(
        f"{name}, as asked: {answered} of {len(rows)} answered, {len(marked)} with a marked phrase; its F1"
        f" {np.mean(marked):.3f} (the sentence's {np.mean(whole):.3f}), exact {np.mean(np.array(marked) == 1):.3f}"
    )


def main() -> None:
    """Measures or fits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--fit", action="store_true")
    arguments = parser.parse_args()
    library = Library(Path("bench/results"))
    found: dict[str, list[Sentence]] = {}
    for name in (FITTED, JUDGED):
        bank = bank_of(library, name, arguments.datasets)
        embedder = remembering(bank.embedder)
        cases = load_cases(arguments.datasets / name / "questions.jsonl")
        rows = list(asked(name, bank, [c for c in cases if c.answerable and c.answers], removed=False))
        found[name] = list(sentences(rows, embedder))
        if not arguments.fit:
            end_to_end(name, rows, embedder)
        bank.close()
    if not arguments.fit:
        for name, some in found.items():
            judge(name, some, WEIGHTS)
        return
    articles = sorted({one.article for one in found[FITTED]})
    halves = [[one for one in found[FITTED] if (one.article in articles[::2]) == first] for first in (True, False)]
    for judged, others in (halves, halves[::-1]):
        judge(f"{FITTED}, other half fitted", judged, fitted(others))
    whole = fitted(found[FITTED])
    judge(f"{JUDGED}, {FITTED} fitted", found[JUDGED], whole)
    print(whole)


if __name__ == "__main__":
    main()
