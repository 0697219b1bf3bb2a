"""Options of a run that cannot be meant together, told before anything is asked."""

from __future__ import annotations

from eval.choices import RunChoice
from eval.judges.judged import KINDS as JUDGES
from eval.metrics.registry import METRICS, RETRIEVAL
from eval.summaries.registry import SUMMARIES
from knowledge.errors import UsageError

KNOWN = (*METRICS, *SUMMARIES, *JUDGES)


def check(how: RunChoice) -> None:
    """Raises `UsageError` where an option would have no effect, or names no metric."""
    pairs = (
        (how.agent and how.url, "--agent and --url cannot both be evaluated:", "give one of them."),
        (how.retrieval_only and how.url, "--retrieval measures banks, and --url answers:", "leave one of them out."),
        (
            how.retrieval_only and how.agent,
            "--retrieval measures banks, and --agent answers:",
            "leave one of them out.",
        ),
        (how.retrieval_only and how.judge, "With --retrieval there is no answer to judge:", "leave --judge out."),
        (how.model and not how.url, "--model names what to ask at --url:", "give --url, or --judge for a judge."),
        (how.price and not how.url, "--price is what --url costs:", "give --url, or leave --price out."),
        (how.votes > 1 and not how.judge, "--votes counts judgements:", "name a judge with --judge."),
    )
    for contradicts, message, hint in pairs:
        if contradicts:
            raise UsageError(message, hint=hint)
    for name in how.metrics:
        if name not in KNOWN:
            raise UsageError(f"{name!r} is no metric:", hint=f"name some of {', '.join(KNOWN)}.")
        if name in JUDGES and not how.judge:
            raise UsageError(f"{name} is judged by a model:", hint="name one with --judge.")
        if how.retrieval_only and not name.startswith(RETRIEVAL):
            raise UsageError(f"{name} is measured by answers:", hint="leave --retrieval out.")
