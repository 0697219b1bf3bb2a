"""A process of its own for one ingestion: reads what to do from standard input, tells on what was standard output.

Started by `serve.jobs.running`. It steps back behind the process that answers people, and ends when that one does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

from ingest import IngestReport, Progress
from ingest.deployment import jobs
from knowledge.errors import RefdeskError
from knowledge.settings import process_environment
from knowledge.terminal.opening import open_library
from knowledge.terminal.shell import Shell

NICE = 5
# How often progress is told, in seconds.
TELL = 0.25


def main() -> None:
    """Carry out the one job that standard input describes in its first line."""
    answers = _take_over_output()
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        report = carry_out(job, Teller(answers))
    except RefdeskError as error:
        _tell(answers, {"failure": {"kind": type(error).__name__, "message": error.message, "hint": error.hint}})
    else:
        _tell(answers, {"report": report.to_json()})


def carry_out(job: dict[str, Any], teller: Teller) -> IngestReport:
    """What `refdesk ingest PATHS --bank NAME` does, under the same settings."""
    config = Path(job["config"]) if job["config"] else None
    shell = Shell(Path(job["root"]), config, process_environment(), offline=job["offline"], root_given=True)
    (work,) = jobs(shell, job["paths"], [job["bank"]])
    return work.run(open_library(shell), teller.progress)


class Teller:
    """Tells how far an ingestion is, not too often."""

    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self._told = 0.0

    def progress(self, progress: Progress) -> None:
        """Tell it, unless it was told a moment ago and is not the end."""
        moment = time.monotonic()
        if moment - self._told < TELL and progress.done < progress.total:
            return
        self._told = moment
        last = Path(progress.last.uri).name if progress.last else ""
        _tell(self._answers, {"progress": {"done": progress.done, "chunks": progress.chunks, "last": last}})


def _tell(answers: TextIO, what: dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _take_over_output() -> TextIO:
    """The pipe to the parent, out of reach of a library that prints."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _end_with_parent() -> None:
    """What was committed stays, and the next run goes on from there."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
