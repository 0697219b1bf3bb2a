"""The demonstration: ingest the sample documents, ask a handful of questions, say what to type next."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from serve.cli import main
from serve.edge import exit_code

ABSTAINED = 3
SAMPLES = Path(__file__).parent.parent / "data"
QUESTIONS = (
    "How long can I still use the rewards on my card after I close it?",
    "From which version on can Prometheus discover targets in Docker Swarm?",
    "Who called the null reference his billion-dollar mistake?",
    "Which airplane was destroyed near Boquete, Panama?",
    "How do I compile a program on my PC for a Raspberry Pi?",
)


def demonstrate(root: Path | None = None) -> int:
    """Run every step as a person would type it; the exit code of the first step that fails, else 0.

    The banks stand beside the samples, or under `root`.
    """
    library = ("--root", shown(root or SAMPLES))
    ingest = ("ingest", "--config", shown(SAMPLES / "refdesk.yaml"))
    steps: list[tuple[str, ...]] = [
        (*library, *ingest) if root else ingest,
        *((*library, "ask", question) for question in QUESTIONS),
    ]
    for step in steps:
        click.secho(f"\n$ {command_line(step)}", bold=True)
        code = main(step)
        if code not in (0, ABSTAINED):
            return code
    click.secho("\nNow yours:", bold=True)
    following: list[tuple[str, ...]] = [
        (*library, "ask", "--as", "staff", "What can I offer a mid-tier cardholder who insists on closing?"),
        ("ingest", "PATH/TO/YOUR/DOCUMENTS", "--bank", "mine"),
        ("ask", "YOUR QUESTION"),
    ]
    for step in following:
        click.echo(f"  {command_line(step)}")
    return 0


def command_line(step: tuple[str, ...]) -> str:
    """The step as it is typed, with the program's path as it stands in this environment."""
    return shlex.join([shown(Path(sys.executable).parent / "refdesk"), *step])


def shown(path: Path) -> str:
    """`path` from the working folder where it lies inside, else in full."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    sys.exit(exit_code(demonstrate, debug=False))
