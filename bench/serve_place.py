"""A service over one small bank, in a folder and a process of its own, with a model of known latency beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.serve_model import FACTS

TEXT = f"# Replacement cards\n\n{' '.join(FACTS)}\n"
CONFIG = """\
banks:
  cards: {{title: Cards, description: Replacement cards and how they are shipped., sources: [documents]}}
model: {{name: scripted, base_url: "{model}"}}
server:
  flow: {{tier1: {{name: Support}}, router: null, tier2: null}}
  limits: {{turns: {turns}, queue: 10000}}
"""
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Served:
    """A service that runs, and where."""

    process: subprocess.Popen[str]
    url: str


@contextmanager
def model_at(seconds: float) -> Iterator[str]:
    """The address of the model, in a process of its own."""
    command = [sys.executable, "-m", "bench.serve_model", str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@contextmanager
def home(model: str, turns: int) -> Iterator[Path]:
    """A folder with one small bank and a service over it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "documents").mkdir()
        (place / "documents" / "cards.md").write_text(TEXT, "utf-8")
        (place / "refdesk.yaml").write_text(CONFIG.format(model=model, turns=turns), "utf-8")
        yield place


@contextmanager
def service(place: Path) -> Iterator[Served]:
    """`refdesk serve` in a process of its own."""
    command = [sys.executable, "-m", "serve", "serve", "--port", "0", "--json"]
    environment = {"PYTHONPATH": str(Path(__file__).parent.parent)}
    log = place / "serve.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, cwd=place, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"The service did not start: {log.read_text()}")
        yield Served(process, json.loads(line)["url"])
    finally:
        process.kill()
        process.wait()


def processor_seconds(served: Served) -> float:
    """What the service took of the processors so far."""
    times = psutil.Process(served.process.pid).cpu_times()
    return float(times.user + times.system)


def resident(process: psutil.Process) -> float:
    """Megabytes of a process and its children."""
    return sum(one.memory_info().rss for one in (process, *process.children(recursive=True))) / MEGABYTE
