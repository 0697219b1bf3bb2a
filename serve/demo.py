"""The demonstration: ingest the sample documents, ask a handful of questions, say what to type next."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from serve.cli import main

ABSTAINED = 3
SAMPLES = Path(__file__).parent.parent / "data"
QUESTIONS = (
    "How long can I still use the rewards on my card after I close it?",
    "From which version on can Prometheus discover targets in Docker Swarm?",
    "Who called the null reference his billion-dollar mistake?",
    "Why did the twin turboprop Piper land on its belly at Muscle Shoals?",
    "Which company made the propeller that came apart on the Fisher Celebrity?",
)
NEXT = (
    ("--root", "{data}", "ask", "--as", "staff", "What can I offer a mid-tier cardholder who insists on closing?"),
    ("ingest", "PATH/TO/YOUR/DOCUMENTS", "--bank", "mine"),
    ("ask", "YOUR QUESTION"),
)


def demonstrate() -> int:
    """Run every step as a person would type it; the exit code of the first step that fails, else 0."""
    data = shown(SAMPLES)
    steps = [("ingest", "--config", f"{data}/refdesk.yaml"), *(("--root", data, "ask", text) for text in QUESTIONS)]
    for step in steps:
        click.secho(f"\n$ {command_line(step)}", bold=True)
        code = main(step)
        if code not in (0, ABSTAINED):
            return code
    click.secho("\nNow yours:", bold=True)
    for step in NEXT:
        click.echo(f"  {command_line(tuple(part.format(data=data) for part in step))}")
    return 0


def command_line(step: tuple[str, ...]) -> str:
    """The step as it is typed, with the program's path as it stands in this environment."""
    return shlex.join([shown(Path(sys.executable).parent / "refdesk"), *step])


def shown(path: Path) -> str:
    """`path` from the working folder where it lies inside, else in full."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    sys.exit(demonstrate())
