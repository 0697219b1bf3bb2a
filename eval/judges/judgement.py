"""What a judge is given, and where judgements are kept so that none is paid for twice."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Protocol

from eval.metrics.score import Score
from eval.runs.patience import Patience
from knowledge.errors import ModelError, RefdeskError, StorageError


class JudgeFailed(RefdeskError):
    """A judge gave no verdict; the message says what it said instead."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """An answer to be judged. `vote` counts repeated judgements of the same answer."""

    question: str
    answer: str
    contexts: tuple[str, ...]
    reference: str
    vote: int = 0


class Judge(Protocol):
    """Gives a score in 0..1 with a reason; raises `JudgeFailed` or `ModelError`. Thread-safe."""

    @property
    def name(self) -> str:
        """What a judgement may be kept under: everything that it depends on beside the answer."""
        ...

    def judge(self, judgement: Judgement) -> Score:
        """The verdict."""
        ...


class KeptJudgements:
    """Judgements in a file, one JSON object a line; failures are not kept. Thread-safe.

    A model that cannot be asked several times in a row is not asked any more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._known: dict[str, Score] | None = None
        self._patience = Patience()

    def judged(self, judge: Judge, judgement: Judgement) -> Score:
        """The verdict, asked for only where it is not known yet."""
        key = sha256(json.dumps([judge.name, asdict(judgement)], ensure_ascii=False).encode()).hexdigest()
        with self._lock:
            self._known = _read(self._path) if self._known is None else self._known
            known = self._known.get(key)
        return known if known is not None else self._keep(key, self._asked(judge, judgement))

    def _asked(self, judge: Judge, judgement: Judgement) -> Score:
        if lost := self._patience.lost:
            raise JudgeFailed(f"Not asked any more after {self._patience.most} failures in a row: {lost.sentence}")
        try:
            score = judge.judge(judgement)
        except ModelError as error:
            self._patience.failed(error)
            raise
        except JudgeFailed:
            self._patience.reached()
            raise
        self._patience.reached()
        return score

    def _keep(self, key: str, score: Score) -> Score:
        line = json.dumps({"key": key, "value": score.value, "reason": score.reason}, ensure_ascii=False)
        with self._lock:
            if self._known is not None:
                self._known[key] = score
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(f"\n{line}")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise StorageError(f"{self._path}: cannot be written: {error.strerror}.") from error
        return score


def _read(path: Path) -> dict[str, Score]:
    """What was kept; a line that was cut off counts as not there."""
    found: dict[str, Score] = {}
    if not path.is_file():
        return found
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                row = json.loads(line)
                found[row["key"]] = Score(float(row["value"]), str(row["reason"]))
            except (ValueError, KeyError, TypeError):
                continue
    return found
