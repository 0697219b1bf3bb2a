"""How long the harness takes: 1,000 cases, retrieval, answers and groundedness, offline, as a whole process.

    .venv/bin/python -m bench.evaluation ../shared/datasets [--cases 1000]

The cases are those of SQuAD 2, half of which its documents do not answer, so that what is withheld is looked at too.
The bank is made once, in bench/results. The bar is five minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from bench.processes import refdesk, run
from bench.retrieval import SETS, prepare
from knowledge.library import Library

SET = "squad2"
ROOT = Path("bench/results")
SHOWN = ("recall@1", "recall@5", "span-recall@5", "ndcg@10", "correct", "groundedness", "right", "abstention-auroc")
WAYS = {
    "retrieval, answers, every metric": [],
    "retrieval and groundedness": ["--metric", "recall@5", "--metric", "span-recall@5", "--metric", "groundedness"],
    "retrieval alone": ["--retrieval"],
}


def main() -> None:
    """Times each way of running the cases, everything asked anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", type=Path)
    parser.add_argument("--cases", type=int, default=1_000)
    arguments = parser.parse_args()
    bench = next(one for one in SETS if one.name == SET)
    prepare(Library(ROOT), bench, arguments.datasets, fresh=False).close()
    asked = ["eval", "run", str(arguments.datasets / SET), "--bank", SET, "--most", str(arguments.cases)]
    for title, options in WAYS.items():
        done = run(refdesk("--root", str(ROOT), "--offline", *asked, *options, "--fresh", "--json"))
        if done.code:
            raise SystemExit(done.output)
        found = json.loads(done.output[done.output.index("{") :])
        figures = "  ".join(
            f"{name} {found['figures'][name]['value']:.3f}" for name in SHOWN if name in found["figures"]
        )
        print(
            f"{title}: {found['cases']:,} cases in {done.seconds:.0f} s, {done.peak_mb:,.0f} MB\n  {figures}",
            flush=True,
        )


if __name__ == "__main__":
    main()
