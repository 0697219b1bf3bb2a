"""Sets for retrieval as BEIR (queries.jsonl, qrels/*.tsv) and TREC (topics, qrels) publish them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from eval.cases import Case, Gold
from eval.sets.json_lines import Row, json_rows, table_rows, told_apart
from eval.sets.set_document import SetDocument
from knowledge.errors import ConfigError

SPLITS = ("test", "dev", "train")


def read_beir(path: Path) -> tuple[tuple[Case, ...], list[SetDocument]]:
    """The judged queries of the `test` split, else `dev`, else `train`, and the corpus where it is there."""
    judgements = next((path / "qrels" / f"{split}.tsv" for split in SPLITS if _split(path, split).is_file()), None)
    if judgements is None:
        raise ConfigError(f"{path / 'qrels'}: holds none of test.tsv, dev.tsv and train.tsv.")
    questions = {name: row.text("text") for name, row in told_apart(json_rows(path / "queries.jsonl"), "_id")}
    names = ("query-id", "corpus-id", "score")
    rows = (row for row in table_rows(judgements, names) if row.fields["query-id"] != "query-id")
    corpus = path / "corpus.jsonl"
    documents = [
        SetDocument(name, row.text("title", default=""), text=row.text("text", default=""))
        for name, row in told_apart(json_rows(corpus) if corpus.is_file() else (), "_id")
    ]
    return _cases(questions, rows, names, judgements), documents


def read_trec(path: Path) -> tuple[tuple[Case, ...], tuple[SetDocument, ...]]:
    """Topics as `id<TAB>question` lines in a file `topics*`, judgements as `id 0 doc grade` lines in `qrels*`."""
    topics, judgements = (next(iter(sorted(path.glob(mark))), None) for mark in ("topics*", "qrels*"))
    if topics is None or judgements is None:
        raise ConfigError(f"{path}: needs a file topics* and a file qrels*.")
    questions = {name: row.text("question") for name, row in told_apart(table_rows(topics, ("id", "question")), "id")}
    names = ("id", "iteration", "doc", "grade")
    rows = table_rows(judgements, names, separator=None)
    return _cases(questions, rows, ("id", "doc", "grade"), judgements), ()


def _split(path: Path, split: str) -> Path:
    return path / "qrels" / f"{split}.tsv"


def _cases(
    questions: Mapping[str, str], rows: Iterable[Row], names: tuple[str, str, str], judgements: Path
) -> tuple[Case, ...]:
    """One case for each query with a relevant document; every relevant document is needed, and counts once."""
    query, doc, grade = names
    judged: dict[tuple[str, str], int] = {}
    gold: dict[str, list[Gold]] = {}
    for row in rows:
        if row.text(query) not in questions:
            raise row.wrong(query, "expected the id of a query")
        pair = row.text(query), row.text(doc)
        if judged.setdefault(pair, row.whole(grade)) != row.whole(grade):
            raise row.wrong(grade, f"expected {judged[pair]}, as it was judged before")
    for (name, document), value in judged.items():
        if value > 0:
            entries = gold.setdefault(name, [])
            entries.append(Gold(document, group=len(entries), grade=value))
    if not gold:
        raise ConfigError(f"{judgements}: judges no document relevant.")
    return tuple(
        Case(name, questions[name], (), answerable=True, gold=tuple(entries)) for name, entries in gold.items()
    )
