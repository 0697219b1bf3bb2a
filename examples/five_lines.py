"""From a folder of documents to a cited answer: a bank, an ingest, a question."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ingest import ingest
from knowledge import Library

HANDBOOK = Path(__file__).parent / "handbook"


def main(root: str) -> None:
    """Build a bank in `root` and ask it."""
    bank = Library(root).create("hr")
    print(ingest([HANDBOOK], bank).summary)
    answer = bank.ask("How many days of annual leave do I have?")
    print(answer.text)
    for citation in answer.citations:
        print(f"  {Path(citation.uri).name}, {' > '.join(citation.headings)}: {citation.quote}")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
