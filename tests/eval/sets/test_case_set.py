"""Sets in the layouts that others publish: what is read, and what a wrong file is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval.cases import Gold
from eval.sets.case_set import read_set, read_sets
from knowledge.errors import ConfigError

QUESTION = {"id": "a", "question": "How long?", "answers": ["9 days"], "answerable": True, "gold": [{"doc": "a.md"}]}


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def beir(folder: Path, qrels: str) -> Path:
    lines(folder / "corpus.jsonl", {"_id": "d1", "title": "T", "text": "one"}, {"_id": "d2", "text": "two"})
    lines(folder / "queries.jsonl", {"_id": "q1", "text": "what?"}, {"_id": "q2", "text": "why?"})
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder


def squad(path: Path, start: int = 4, **more: Any) -> Path:
    answers = [{"text": "cat", "answer_start": start}]
    asked = [
        {"id": "1", "question": "Who sat?", "answers": answers, "is_impossible": False, **more},
        {"id": "2", "question": "Who flew?", "answers": [], "is_impossible": True},
    ]
    paragraphs = [{"context": "Before.", "qas": []}, {"context": "The cat sat.", "qas": asked}]
    path.write_text(json.dumps({"version": "2", "data": [{"title": "Cats", "paragraphs": paragraphs}]}), "utf-8")
    return path


def test_a_folder_of_files_gives_cases_and_documents_by_the_names_that_gold_uses(tmp_path: Path) -> None:
    lines(tmp_path / "questions.jsonl", QUESTION)
    (tmp_path / "corpus" / "sub").mkdir(parents=True)
    (tmp_path / "corpus" / "sub" / "a.md").write_text("text", "utf-8")
    lines(tmp_path / "docs.jsonl", {"doc": "sub/a.md", "title": "A", "bank": "hr"})
    made = read_set(tmp_path)
    assert [case.id for case in made.cases] == ["a"]
    [document] = made.documents
    assert (document.name, document.title, document.bank, document.content()) == ("sub/a.md", "A", "hr", b"text")


def test_a_folder_of_passages_gives_their_texts(tmp_path: Path) -> None:
    lines(tmp_path / "questions.jsonl", QUESTION)
    lines(tmp_path / "corpus.jsonl", {"id": "p1", "title": "T", "text": "né"})
    assert [(d.name, d.content().decode()) for d in read_set(tmp_path).documents] == [("p1", "né")]


def test_beir_keeps_grades_and_leaves_out_what_is_not_relevant(tmp_path: Path) -> None:
    made = read_set(beir(tmp_path, "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"))
    [case] = made.cases
    assert (case.id, case.question, case.gold) == ("q1", "what?", (Gold("d1", group=0, grade=2),))
    assert [document.title for document in made.documents] == ["T", ""]


def test_trec_reads_topics_and_judgements(tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("7\twhat?\n", "utf-8")
    (tmp_path / "qrels.txt").write_text("7 0 d1 1\n7 0 d2 1\n", "utf-8")
    [case] = read_set(tmp_path).cases
    assert [gold.doc for gold in case.gold] == ["d1", "d2"]
    assert len(case.groups) == 2


def test_squad_offsets_count_in_the_whole_article(tmp_path: Path) -> None:
    made = read_set(squad(tmp_path / "dev.json"))
    text = made.documents[0].text
    first, second = made.cases
    [gold] = first.gold
    assert (made.documents[0].name, text[gold.start : gold.end], first.answers) == ("Cats.md", "cat", ("cat",))
    assert (second.answerable, second.gold, second.answers) == (False, (), ())


@pytest.mark.parametrize(
    ("qrels", "place"),
    [
        ("query-id\tcorpus-id\tscore\nq9\td1\t1\n", "line 2, field `query-id`: expected the id of a query, found 'q9'"),
        ("query-id\tcorpus-id\tscore\nq1\td1\thigh\n", "line 2, field `score`: expected a whole number, found 'high'"),
        ("query-id\tcorpus-id\tscore\nq1\td1\n", "line 2, field `score`: expected 3 columns"),
        ("query-id\tcorpus-id\tscore\nq1\td1\t0\n", "judges no document relevant"),
    ],
)
def test_a_wrong_judgement_is_named_with_file_line_and_field(tmp_path: Path, qrels: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_set(beir(tmp_path, qrels))
    assert place in caught.value.sentence
    assert "test.tsv" in caught.value.sentence


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("queries.jsonl", '{"_id": "q1", "text": "  "}', "queries.jsonl, line 1, field `text`: expected text"),
        ("queries.jsonl", '{"_id": "q1", "text": "a"}\n' * 2, "line 2, field `_id`: expected an id that was not used"),
        ("queries.jsonl", '{"_id": "q1"\n', "queries.jsonl, line 1: Invalid JSON: Expecting ',' delimiter, column"),
        ("queries.jsonl", "[" * 200_000, "queries.jsonl, line 1: Invalid JSON: it is nested too deeply"),
        ("corpus.jsonl", '{"_id": "d1", "text": "a"}\n' * 2, "corpus.jsonl, line 2, field `_id`: expected an id that"),
        ("qrels/test.tsv", "q1 d1 1\n", "line 1, field `corpus-id`: expected 3 columns, set apart by tabs, found 1"),
        ("qrels/test.tsv", "q1\td1\t1\nq1\td1\t2\n", "line 2, field `score`: expected 1, as it was judged before"),
    ],
)
def test_a_wrong_line_of_beir_is_named(tmp_path: Path, name: str, text: str, place: str) -> None:
    folder = beir(tmp_path, "q1\td1\t1\n")
    (folder / name).write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_set(folder)
    assert place in caught.value.sentence


def test_a_document_that_is_judged_twice_alike_counts_once(tmp_path: Path) -> None:
    [case] = read_set(beir(tmp_path, "q1\td1\t1\nq1\td1\t1\n")).cases
    assert len(case.gold) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "dev.json: expected an object"),
        ('{"data": [\n', "dev.json, line 2: Invalid JSON"),
        ("[" * 200_000, "dev.json: is nested too deeply"),
    ],
)
def test_a_file_that_is_no_squad_is_told_in_plain_words(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "dev.json").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_set(tmp_path / "dev.json")
    assert words in caught.value.sentence


def test_a_squad_id_that_is_used_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="question '2', field `id`: it has been used before"):
        read_set(squad(tmp_path / "dev.json", id="2"))


def test_a_squad_answer_that_does_not_stand_where_it_should_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"question '1', field `answer_start`: 'cat' does not stand at 5"):
        read_set(squad(tmp_path / "dev.json", start=5))


def test_a_wrong_squad_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"field `data.0.paragraphs.1.qas.0.question`"):
        read_set(squad(tmp_path / "dev.json", question=""))


def test_a_wrong_line_of_a_corpus_is_named(tmp_path: Path) -> None:
    lines(tmp_path / "questions.jsonl", QUESTION)
    lines(tmp_path / "corpus.jsonl", {"id": "p1", "title": "T", "text": "t"}, {"id": 7, "title": "T", "text": "t"})
    with pytest.raises(ConfigError, match=r"corpus.jsonl, line 2, field `id`: expected text, found 7"):
        read_set(tmp_path)


def test_a_place_without_cases_is_told_what_a_set_looks_like(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is no set of cases: a folder needs questions.jsonl"):
        read_set(tmp_path)
    with pytest.raises(ConfigError, match="is not there"):
        read_set(tmp_path / "none")


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    one, two = lines(tmp_path / "one.jsonl", QUESTION), lines(tmp_path / "two.jsonl", QUESTION)
    with pytest.raises(ConfigError, match=r"two.jsonl: the id 'a' is used in .*one.jsonl too"):
        read_sets([one, two])
    assert len(read_sets([one])) == 1
