"""What the service counts of itself, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from serve.store.turns import Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
COUNTERS = {
    "refdesk_requests_total": "HTTP requests, by method, route and status.",
    "refdesk_turns_total": "Questions that were worked on, by how they ended.",
    "refdesk_answers_total": "Answers, by whether the documents answered.",
    "refdesk_handovers_total": "Conversations that went to a person, by what led to it.",
    "refdesk_tool_calls_total": "Calls of tools, by tool and whether they failed.",
    "refdesk_tokens_total": "Tokens of language models, by model and direction.",
    "refdesk_cost_dollars_total": "What language models cost, where their price is known, by model.",
}
HISTOGRAMS = {
    "refdesk_request_seconds": "Seconds until a response was sent whole, by route.",
    "refdesk_turn_seconds": "Seconds from question to answer, waiting included.",
    "refdesk_model_seconds": "Seconds that the calls of a language model took in a turn, by model.",
}
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Gauge:
    """Something that is counted when it is asked for: its values, each under its labels."""

    name: str
    meaning: str
    values: Mapping[Labels, float]


class Metrics:
    """Counters and histograms since the process began. Safe in any thread."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._buckets: dict[str, dict[Labels, list[int]]] = defaultdict(dict)
        self._sums: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._lock = Lock()

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to one of `COUNTERS`."""
        with self._lock:
            self._counts[name][tuple(labels.items())] += amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Add a value to one of `HISTOGRAMS`."""
        key = tuple(labels.items())
        with self._lock:
            buckets = self._buckets[name].setdefault(key, [0] * (len(BOUNDS) + 1))
            buckets[bisect_left(BOUNDS, seconds)] += 1
            self._sums[name][key] += seconds

    def text(self, gauges: Iterable[Gauge]) -> str:
        """Everything, with `gauges` as they stand now."""
        with self._lock:
            return "\n".join([*self._counter_lines(), *self._histogram_lines(), *_gauge_lines(gauges), ""])

    def _counter_lines(self) -> Iterator[str]:
        for name, meaning in COUNTERS.items():
            yield from _head(name, meaning, "counter")
            for labels, value in self._counts[name].items():
                yield f"{name}{_labels(labels)} {value:g}"

    def _histogram_lines(self) -> Iterator[str]:
        for name, meaning in HISTOGRAMS.items():
            yield from _head(name, meaning, "histogram")
            for labels, buckets in self._buckets[name].items():
                below = 0
                for bound, count in zip((*BOUNDS, None), buckets, strict=True):
                    below += count
                    limit = "+Inf" if bound is None else f"{bound:g}"
                    yield f"{name}_bucket{_labels((*labels, ('le', limit)))} {below}"
                yield f"{name}_sum{_labels(labels)} {self._sums[name][labels]:.6f}"
                yield f"{name}_count{_labels(labels)} {below}"


def count_turn(metrics: Metrics, outcome: Outcome) -> None:
    """Count how a turn ended, and what it took."""
    metrics.count("refdesk_turns_total", ending=outcome.ending)
    metrics.observe("refdesk_turn_seconds", outcome.timings.get("total", 0.0))
    if outcome.ending == "complete":
        metrics.count("refdesk_answers_total", answered="no" if outcome.message.abstained else "yes")
    if outcome.state == "waiting":
        metrics.count("refdesk_handovers_total", trigger=outcome.trigger)
    for tool in outcome.tools:
        metrics.count("refdesk_tool_calls_total", tool=tool.name, failed="yes" if tool.failed else "no")
    for used in outcome.models:
        metrics.count("refdesk_tokens_total", used.input_tokens, model=used.model, direction="input")
        metrics.count("refdesk_tokens_total", used.output_tokens, model=used.model, direction="output")
        metrics.observe("refdesk_model_seconds", used.seconds, model=used.model)
        if used.cost is not None:
            metrics.count("refdesk_cost_dollars_total", used.cost, model=used.model)


def _gauge_lines(gauges: Iterable[Gauge]) -> Iterator[str]:
    for gauge in gauges:
        yield from _head(gauge.name, gauge.meaning, "gauge")
        for labels, value in gauge.values.items():
            yield f"{gauge.name}{_labels(labels)} {value:g}"


def _head(name: str, meaning: str, kind: str) -> tuple[str, str]:
    return f"# HELP {name} {meaning}", f"# TYPE {name} {kind}"


def _labels(labels: Labels) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
