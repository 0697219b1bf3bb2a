"""The metrics of one case by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from eval.cases import Case
from eval.metrics.answers import Correct, ExactMatch, PhraseF1, RougeL, Similarity, TokenF1
from eval.metrics.citations import CitationPrecision, CitationRecall, Groundedness
from eval.metrics.effort import Cost, Latency, Routing
from eval.metrics.ranking import AllGold, Ranked, Recall
from eval.metrics.score import Score
from eval.metrics.spans import PageRecall, SpanRecall, SpanShare
from eval.observation import Observation
from knowledge.embedding.embedder import Embedder


class Metric(Protocol):
    """Measures one case; a frozen dataclass whose fields are its parameters. Thread-safe."""

    def evaluate(self, case: Case, seen: Observation) -> Score | None:
        """The value with its reason; None where the metric has nothing to say about this case."""
        ...


@dataclass(frozen=True, slots=True)
class MetricEntry:
    """How a metric is made, with the embedder of the bank, and whether more of it is better."""

    make: Callable[[Embedder], Metric]
    higher_is_better: bool = True


def fixed(metric: Metric) -> Callable[[Embedder], Metric]:
    """A maker of a metric that needs no embedder."""
    return lambda _: metric


LOWER_IS_BETTER = False
METRICS: Mapping[str, MetricEntry] = {
    **{f"recall@{k}": MetricEntry(fixed(Recall(k))) for k in (1, 3, 5, 10)},
    **{f"all-gold@{k}": MetricEntry(fixed(AllGold(k))) for k in (5, 10)},
    "ndcg@10": MetricEntry(fixed(Ranked("nDCG@10"))),
    "mrr": MetricEntry(fixed(Ranked("RR"))),
    **{f"span-recall@{k}": MetricEntry(fixed(SpanRecall(k))) for k in (1, 5)},
    **{f"page-recall@{k}": MetricEntry(fixed(PageRecall(k))) for k in (1, 5)},
    "span-coverage@5": MetricEntry(fixed(SpanShare(5, "coverage"))),
    "span-precision@5": MetricEntry(fixed(SpanShare(5, "precision"))),
    "span-iou@5": MetricEntry(fixed(SpanShare(5, "iou"))),
    "correct": MetricEntry(fixed(Correct())),
    "em": MetricEntry(fixed(ExactMatch())),
    "f1": MetricEntry(fixed(TokenF1())),
    "phrase-f1": MetricEntry(fixed(PhraseF1())),
    "rouge-l": MetricEntry(fixed(RougeL())),
    "similarity": MetricEntry(Similarity),
    "citation-precision": MetricEntry(fixed(CitationPrecision())),
    "citation-recall": MetricEntry(fixed(CitationRecall())),
    "groundedness": MetricEntry(Groundedness),
    "routing": MetricEntry(fixed(Routing())),
    "latency": MetricEntry(fixed(Latency()), LOWER_IS_BETTER),
    "cost": MetricEntry(fixed(Cost()), LOWER_IS_BETTER),
}

RETRIEVAL = ("recall@", "all-gold@", "ndcg@", "mrr", "span-", "page-", "routing", "latency")


def retrieval_metrics() -> tuple[str, ...]:
    """The metrics that need no answer."""
    return tuple(name for name in METRICS if name.startswith(RETRIEVAL))


def make_metrics(embedder: Embedder, names: tuple[str, ...] = ()) -> dict[str, Metric]:
    """The metrics of those names, all without names; raises `KeyError` for a name that is none."""
    return {name: METRICS[name].make(embedder) for name in names or METRICS}
