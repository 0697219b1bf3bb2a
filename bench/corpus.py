"""Real documents as files: the abstracts of SciFact, one Markdown file each."""

from __future__ import annotations

import json
from pathlib import Path


def write_documents(datasets: Path, folder: Path, count: int) -> int:
    """Writes the first `count` abstracts below `folder`, in subfolders of 100; returns how many there were."""
    written = 0
    with (datasets / "scifact" / "corpus.jsonl").open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if number == count:
                break
            row = json.loads(line)
            path = folder / f"{number // 100:03}" / f"{row['id']}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {row['title']}\n\n{row['text']}\n", encoding="utf-8")
            written += 1
    return written
