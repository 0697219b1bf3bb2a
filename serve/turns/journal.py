"""What a turn tells while it is under way, and what is kept of how it came about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from time import perf_counter
from typing import Any

from agents.model.chat import ChatModel
from agents.model.response import Usage
from knowledge.types import Passage
from serve.store.messages import CitedPlace
from serve.store.turns import ModelUse, Retrieved, ToolUse
from serve.turns.events import Delta, Progress, Stage, TurnEvent

LONGEST_RESULT = 20_000
Tell = Callable[[TurnEvent], None]


class Journal:
    """One turn's journal; as a meter it counts the model calls of whatever runs within `metered(journal)`."""

    def __init__(self, answer: str, tell: Tell) -> None:
        self.shown = ""
        self.cited: tuple[CitedPlace, ...] = ()
        self.tools: list[ToolUse] = []
        self.retrieved: list[Retrieved] = []
        self.timings: dict[str, float] = {}
        self._answer = answer
        self._tell = tell
        self._used: dict[tuple[str, str], Usage] = {}
        self._lock = Lock()

    def progress(self, stage: Stage, label: str, **detail: Any) -> None:
        """Tell what is being done."""
        self._tell(Progress(stage, label, detail))

    def delta(self, text: str, cited: tuple[CitedPlace, ...] = ()) -> None:
        """Show more of the answer; `cited` is what its marks stand for until now."""
        self.shown += text
        self.cited = cited
        self._tell(Delta(self._answer, text))

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the seconds of what runs within for `stage`."""
        began = perf_counter()
        try:
            yield
        finally:
            self.timings[stage] = self.timings.get(stage, 0.0) + perf_counter() - began

    def found(self, query: str, passages: Sequence[Passage]) -> None:
        """Note what a search gave."""
        self.retrieved += [_retrieved(query, rank, passage) for rank, passage in enumerate(passages, 1)]

    def used_tool(self, name: str, arguments: Mapping[str, Any], result: str, *, seconds: float, failed: bool) -> None:
        """Note what came of a tool."""
        self.tools.append(ToolUse(name, dict(arguments), result[:LONGEST_RESULT], seconds, failed))

    @property
    def models(self) -> tuple[ModelUse, ...]:
        """What each agent took of each model."""
        with self._lock:
            return tuple(_model_use(model, agent, usage) for (model, agent), usage in self._used.items())

    def check(self, *, agent: str) -> None:
        """Every call may begin."""

    def instead(self, *, agent: str) -> ChatModel | None:
        """No model takes the place of another."""
        return None

    def add(self, usage: Usage, *, model: str, agent: str) -> None:
        """A model call took this."""
        with self._lock:
            before = self._used.get((model, agent))
            self._used[model, agent] = before + usage if before else usage


def _retrieved(query: str, rank: int, passage: Passage) -> Retrieved:
    scores = {name: round(float(getattr(passage.scores, name)), 6) for name in type(passage.scores).__slots__}
    return Retrieved(query, rank, passage.bank, passage.document_id, passage.chunk_id, passage.title, scores)


def _model_use(model: str, agent: str, usage: Usage) -> ModelUse:
    return ModelUse(
        model,
        agent,
        usage.calls,
        usage.input_tokens,
        usage.output_tokens,
        usage.seconds,
        usage.cost,
        usage.estimated,
    )
