"""What `refdesk eval tune` gains on the development sets, on questions that it did not see.

    .venv/bin/python -m bench.tuning ../shared/datasets [SET ...] [--minutes 20] [--most 600]

Half of each set's questions are given to the tuner, which tests every value on folds of them; the other half is asked
before and after. Questions of one dialogue fall into the same half. Printed are the settings that were kept, and the
mean reciprocal rank of the evidence on the unseen half with its 95 % interval and the randomisation test. Banks and the
files that passages are written to are kept in bench/results/tuning.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from eval.cases import Case, load_cases
from eval.commands import spread
from eval.comparison.statistics import mean_interval, randomisation_p
from eval.sets.folder import read_folder
from eval.tuning.adapting import Adapting
from eval.tuning.deadline import Deadline
from eval.tuning.scratch import Scratch, scratch
from eval.tuning.tuner import tune
from ingest import ingest
from knowledge.bank import KnowledgeBank
from knowledge.card import BankCard
from knowledge.library import Library

ROOT = Path("bench/results/tuning")
SETS = (
    "squad2",
    "doc2dial",
    "chroma_chunking_eval",
    "cuad",
    "docugami_sec10q",
    "anthropic_docs_rag",
    "hotpotqa100",
    "scifact",
)
ONLY = {"cuad": "pdf/"}
ENDLESS = Deadline(float("inf"))


def prepare(library: Library, name: str, datasets: Path) -> KnowledgeBank:
    """The set's bank, ingested as `refdesk ingest` does."""
    bank = library.create(name)
    if not bank.catalog.counts()[0]:
        folder = datasets / name / "corpus" / ONLY.get(name, "")
        ingest([folder if folder.is_dir() else _written(name, datasets)], bank)
    return bank


def _written(name: str, datasets: Path) -> Path:
    """The passages of a set as files, named by their ids."""
    folder = ROOT / "documents" / name
    folder.mkdir(parents=True, exist_ok=True)
    for document in read_folder(datasets / name)[1]:
        (folder / f"{document.name}.md").write_text(f"# {document.title}\n\n{document.text}\n", "utf-8")
    return folder.resolve()


def cases_of(name: str, datasets: Path) -> list[Case]:
    """The cases with evidence, their gold under the names of the files that were ingested."""
    written = not (datasets / name / "corpus").is_dir()
    found = []
    for case in load_cases(datasets / name / "questions.jsonl"):
        gold = tuple(
            replace(entry, doc=f"{entry.doc}.md" if written else entry.doc)
            for entry in case.gold
            if entry.doc.startswith(ONLY.get(name, ""))
        )
        if gold:
            found.append(replace(case, gold=gold, bank=None))
    return found


def halves(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """The cases in two halves; those of one dialogue stay together."""
    groups = list(dict.fromkeys(str(case.meta.get("dialogue", case.id)) for case in cases))
    random.Random(0).shuffle(groups)
    seen = set(groups[: len(groups) // 2])
    first: list[Case] = []
    second: list[Case] = []
    for case in cases:
        (first if str(case.meta.get("dialogue", case.id)) in seen else second).append(case)
    return first, second


def demonstrate(name: str, bank: KnowledgeBank, library: Library, cases: Sequence[Case], seconds: float) -> None:
    """Tunes a copy by one half, and measures the other before and after."""
    seen, unseen = halves(cases)
    card = bank.card()
    with scratch(bank, library) as copy:
        tuned = tune(card, seen, copy.measure, deadline=Deadline.after(seconds), learning=Adapting(copy.evidence))
        before, after = (np.array(_measured(copy, one, unseen)) for one in (card, tuned.card))
    gains = after - before
    low, high = mean_interval(gains, seed=0)
    kept = "; ".join(trial.setting for trial in tuned.trials if trial.kept) or "nothing"
    print(f"{name}: tuned on {len(seen)} questions: kept {kept}")
    print(
        f"  on {len(unseen)} unseen {before.mean():.3f} to {after.mean():.3f},"
        f" gain {gains.mean():+.3f} ({low:+.3f} to {high:+.3f}), p = {randomisation_p(gains, seed=0):.4f}",
        flush=True,
    )
    for trial in tuned.trials:
        print(f"    {trial.setting}: {trial.before:.3f} to {trial.after:.3f}, p = {trial.p:.4f}{' kept' * trial.kept}")
    for knob, reason in tuned.skipped.items():
        print(f"    {knob}: {reason}")


def _measured(copy: Scratch, card: BankCard, cases: Sequence[Case]) -> list[float]:
    return copy.measure(card, cases, ENDLESS)


def main() -> None:
    """Demonstrates the sets that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--minutes", type=float, default=20, help="for each set")
    parser.add_argument("--most", type=int, default=1_200, help="at most this many questions a set, evenly spread")
    arguments = parser.parse_args()
    library = Library(ROOT)
    for name in arguments.sets or SETS:
        bank = prepare(library, name, arguments.datasets)
        cases = spread(cases_of(name, arguments.datasets), arguments.most)
        demonstrate(name, bank, library, cases, 60 * arguments.minutes)
        bank.close()


if __name__ == "__main__":
    main()
