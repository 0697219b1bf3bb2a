"""What the commands below `refdesk eval` do, once they are known to be needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from agents.model.settings import choose_model
from agents.model.spec import open_model
from eval.cases import Case
from eval.choices import RunChoice
from eval.comparison.gate import GateReport, gate
from eval.contradictions import check
from eval.display import progress_shown
from eval.judges.judged import KINDS
from eval.making.draft import Made
from eval.making.feedback import cases_from_feedback
from eval.making.from_bank import make_cases
from eval.making.from_model import make_cases_with_model
from eval.metrics.registry import METRICS, Metric, make_metrics, retrieval_metrics
from eval.runs.result import RunResult, load_result
from eval.runs.running import RunOptions, run
from eval.sets.case_set import read_sets
from eval.targets.choice import Wanted, choose
from eval.targets.price import Price
from eval.tuning.bank_tuning import TuningReport, tune_bank
from eval.tuning.tuner import KNOBS
from knowledge.card import RerankerSpec
from knowledge.errors import UsageError
from knowledge.terminal.opening import open_library
from knowledge.terminal.presentation import console, counted
from knowledge.terminal.shell import Shell

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


def run_cases(shell: Shell, paths: Sequence[Path], how: RunChoice) -> RunResult:
    """Runs the cases of all sets at `paths` against the system that `how` names.

    Raises `UsageError` for options that contradict each other.
    """
    check(how)
    cases = read_sets(paths)
    wanted = Wanted(
        banks=how.banks,
        agent=how.agent,
        url=how.url,
        model=how.model,
        price=Price(*how.price) if how.price else None,
        retrieval_only=how.retrieval_only,
        seed=how.seed,
    )
    library = open_library(shell)
    chosen = choose(wanted, cases, library, shell.environment, offline=shell.offline, folder=Path.cwd())
    options = RunOptions(shell.environment.cache, how.concurrency, how.seed, how.fresh)
    metrics = {**make_metrics(chosen.embedder, measured(how)), **judges(shell, how)}
    name = how.name or "+".join(path.stem for path in paths)
    asked = spread(chosen.cases, how.most)
    if not (how.agent or how.url):
        warn_of_strangers(asked, library.names())
    with progress_shown(len(asked)) as progress:
        return run(
            name,
            asked,
            chosen.target,
            metrics,
            options,
            tells_hits=chosen.tells_hits,
            lasting=not (how.agent or how.url),
            progress=progress,
        )


def warn_of_strangers(cases: Sequence[Case], banks: Sequence[str]) -> None:
    """Names banks that cases belong to and that are not there: a name may be misspelt."""
    for bank, count in Counter(case.bank for case in cases if case.bank and case.bank not in banks).items():
        console(stderr=True).print(
            f"{counted(count, 'case is', 'cases are')} about the bank {bank!r}, which is not there."
        )


def measured(how: RunChoice) -> tuple[str, ...]:
    """The metrics of single cases that `how` asks for; none means all of them."""
    if not how.metrics:
        return retrieval_metrics() if how.retrieval_only else ()
    found = [name for name in how.metrics if name in METRICS]
    if any(name.startswith("latency") for name in how.metrics):
        found.append("latency")
    if not how.retrieval_only:
        found.append("correct")  # tells what failed and what is right, whatever else is looked at
    return tuple(dict.fromkeys(found))


def judges(shell: Shell, how: RunChoice) -> Mapping[str, Metric]:
    """The metrics that the model judges which was named, if any. Raises `UsageError` where it may not be asked."""
    if how.judge is None:
        return {}
    from eval.judges.judged import make_judged
    from eval.judges.judgement import KeptJudgements
    from eval.judges.llamaindex_evaluators import EvaluatorJudge

    llm = named_model(shell, how.judge)
    kept = KeptJudgements(shell.environment.cache / "eval" / "judgements.jsonl")
    kinds = [kind for kind in KINDS if kind in how.metrics] or KINDS
    return make_judged({kind: EvaluatorJudge(llm, kind) for kind in kinds}, kept, votes=how.votes)


def named_model(shell: Shell, name: str) -> LLM:
    """The language model of that name, as `refdesk.yaml` and the environment describe it."""
    choice = choose_model(shell, name)
    if choice.spec is None:
        raise UsageError(f"Offline: {name} is not asked.", hint="Leave --offline out, or name a model on this machine.")
    return open_model(choice.spec)


def plain_words(llm: LLM) -> Callable[[str], str]:
    """Gives the model a prompt and takes what it says; raises `ModelError` where it cannot be asked."""
    from agents.model.openai_llm import identify, model_failures  # LlamaIndex takes a second to import

    def ask(prompt: str) -> str:
        with model_failures(identify(llm)):
            return llm.complete(prompt).text

    return ask


def gate_cases(
    shell: Shell, paths: Sequence[Path], how: RunChoice, baseline: Path, *, tolerance: float = 0.0
) -> GateReport:
    """Runs the cases and holds the result to the one in the file `baseline`, by the metrics of `how` or the usual."""
    check(how)
    before = load_result(baseline)
    return gate(before, run_cases(shell, paths, how), metrics=how.metrics, tolerance=tolerance, seed=how.seed)


def made_cases(shell: Shell, bank: str, *, model: str | None, feedback: Sequence[Path], most: int, seed: int) -> Made:
    """Cases from feedback where it is given, else written by the model that is named, else by rules.

    Raises `UsageError` where there is nothing to make a case of.
    """
    library = open_library(shell)
    chosen = library.bank(bank)
    if feedback and model:
        raise UsageError("--feedback holds what people said, and --model writes questions:", hint="give one of them.")
    if feedback:
        parts = [cases_from_feedback(path, bank) for path in feedback]
        made = Made(
            tuple({case.id: case for part in parts for case in part.cases}.values())[-most:],
            sum((part.rejected for part in parts), Counter()),
        )
    elif model:
        ask = plain_words(named_model(shell, model))
        with progress_shown(most) as progress:
            made = make_cases_with_model(chosen, ask, most=most, seed=seed, progress=progress)
    else:
        others = [library.bank(name) for name in library.names() if name != bank]
        made = make_cases(chosen, most=most, seed=seed, others=others)
    if not made.cases:
        raise nothing_made(made.rejected, bank, of_feedback=bool(feedback))
    return made


def nothing_made(rejected: Counter[str], bank: str, *, of_feedback: bool) -> UsageError:
    """Why there is no case, and what to do."""
    thrown = "; ".join(f"{count} {reason}" for reason, count in rejected.most_common())
    told = f" (thrown away: {thrown})" if thrown else ""
    if of_feedback:
        hint = "an answer that was wrong needs what would be right in `correction`."
        return UsageError(f"This feedback makes no case of {bank!r}{told}:", hint=hint)
    return UsageError(f"No case could be made from {bank!r}{told}:", hint="ingest more text, or write cases by hand.")


def tuned_bank(
    shell: Shell,
    bank: str,
    paths: Sequence[Path],
    *,
    minutes: float,
    tolerated: float,
    most: int,
    seed: int,
    settings: bool = True,
    reranker: str | None = None,
) -> TuningReport:
    """Tunes and calibrates a bank by the cases at `paths`, or by cases that are made from it and the other banks.

    Without `settings` it is calibrated only. `reranker` names a cross-encoder that is tried.
    """
    library = open_library(shell)
    chosen = library.bank(bank)
    others = [library.bank(name) for name in library.names() if name != bank]
    cases = read_sets(paths) if paths else make_cases(chosen, most=most, seed=seed, others=others).cases
    out = console(stderr=True)
    with out.status("Tuning …") if out.is_terminal else nullcontext():
        return tune_bank(
            library,
            chosen,
            spread(cases, most),
            seconds=60 * minutes,
            tolerated=tolerated,
            seed=seed,
            knobs=KNOBS if settings else (),
            asked_by_people=bool(paths),
            reranker=RerankerSpec(reranker) if reranker else None,
        )


def spread(cases: Sequence[Case], most: int | None) -> tuple[Case, ...]:
    """At most `most` of the cases, evenly spread over all of them."""
    if most is None or most >= len(cases):
        return tuple(cases)
    return tuple(cases[position * len(cases) // most] for position in range(most))
