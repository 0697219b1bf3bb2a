"""What people read in a terminal and what programs read from `--json`."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from knowledge.terminal.json_output import answer_to_json, json_text
from knowledge.terminal.presentation import (
    citation_line,
    print_answer,
    print_passages,
    print_table,
    printable,
    readable,
    shortened,
    shown_path,
)
from knowledge.types import Answer, AnswerSentence, Citation, Passage, Scores

CITATION = Citation("hr", 1, "Leave", "/somewhere/leave.pdf", 10, 40, "You get **25 days** of leave.", 3, ("Leave",))
PASSAGE = Passage(
    chunk_id=1,
    document_id=1,
    bank="hr",
    title="Leave",
    uri="/somewhere/leave.pdf",
    text="You get **25 days** of leave.",
    start=10,
    end=39,
    headings=("Leave", "Days"),
    page_first=3,
    page_last=4,
    pages=(),
    metadata={"year": 2024},
    scores=Scores(0.9, 0.6, 11.2, 1.0, 0.8, 0.3),
)
ANSWER = Answer(
    question="How much leave?",
    text="You get 25 days of leave.",
    sentences=(AnswerSentence("You get 25 days of leave.", (CITATION,)),),
    abstained=False,
    confidence=0.8,
    closest=(PASSAGE,),
    banks=("hr",),
)


def shown(answer: Answer) -> str:
    file = io.StringIO()
    print_answer(answer, Console(file=file, width=1000))
    return file.getvalue()


def test_an_answer_shows_file_page_and_quoted_words() -> None:
    text = shown(ANSWER)
    assert "“You get 25 days of leave.” [1]" in text
    assert "[1] /somewhere/leave.pdf · page 3 · Leave\n" in text


def test_words_that_differ_from_the_answer_are_quoted_beside_their_place() -> None:
    text = shown(replace(ANSWER, sentences=(AnswerSentence("Leave: 25 days.", (CITATION,)),)))
    assert "Leave: 25 days. [1]" in text
    assert "[1] /somewhere/leave.pdf · page 3 · Leave · “You get 25 days of leave.”" in text


def test_the_phrase_that_answers_stands_out() -> None:
    marked = replace(ANSWER, sentences=(AnswerSentence("You get 25 days of leave.", (CITATION,), 1, (8, 15)),))
    assert "“You get **25 days** of leave.” [1]" in shown(marked)
    file = io.StringIO()
    print_answer(marked, Console(file=file, width=1000, force_terminal=True, color_system="standard"))
    assert "“You get \x1b[1m25 days\x1b[0m of leave.” [1]" in file.getvalue()
    data = json.loads(json_text(answer_to_json(marked)))
    assert data["phrase"] == "25 days"
    assert [(one["rank"], one["phrase"]) for one in data["sentences"]] == [(1, [8, 15])]


def test_a_phrase_cannot_steer_a_terminal() -> None:
    sentence = AnswerSentence("You get \x1b[2J25\x07 days.", (CITATION,), 1, (8, 20))
    assert "You get **25 days**" in shown(replace(ANSWER, sentences=(sentence,)))


def test_an_answer_by_a_model_names_model_and_host() -> None:
    assert "gpt-x at api.example.org" in shown(replace(ANSWER, model="gpt-x", host="api.example.org"))
    assert "no language model" in shown(ANSWER)


def test_what_a_model_wrote_keeps_its_own_marks_and_names_what_was_left_out() -> None:
    text = shown(replace(ANSWER, model="m", host="h", text="You get 25 days. [1]", dropped=("It snows.",)))
    assert text.startswith("You get 25 days. [1]\n")
    assert "It snows." in text


def test_an_abstention_shows_what_was_closest() -> None:
    text = shown(replace(ANSWER, abstained=True, text="The documents do not say.", sentences=()))
    assert text.startswith("The documents do not say.")
    assert shown(replace(ANSWER, abstained=True, text="", sentences=())).startswith("The documents do not answer")
    assert "Leave · /somewhere/leave.pdf · pages 3 to 4 · Days" in text


def test_explained_passages_show_where_the_score_comes_from() -> None:
    file = io.StringIO()
    print_passages([PASSAGE], Console(file=file, width=1000), explain=True)
    for part in ("total 0.900", "cosine 0.600", "BM25 11.20", "dense 1.000", "lexical 0.800", "link +0.300"):
        assert part in file.getvalue()
    assert "rerank" not in file.getvalue()
    moved = replace(PASSAGE, scores=replace(PASSAGE.scores, rerank=-0.25))
    print_passages([moved], Console(file=file, width=1000), explain=True)
    assert "rerank -0.250" in file.getvalue()


def test_no_passage_is_said_in_words() -> None:
    file = io.StringIO()
    print_passages([], Console(file=file))
    assert file.getvalue() == "No passage found.\n"


def test_a_piped_table_is_tab_separated() -> None:
    file = io.StringIO()
    print_table(["name", "size"], [["a\tb", "1"]], Console(file=file))
    assert file.getvalue() == "name\tsize\na b\t1\n"


def test_a_long_quote_is_cut_at_a_word() -> None:
    assert shortened("one two three", 9) == "one two …"
    assert "…" in citation_line(replace(CITATION, quote="word " * 200))


def test_a_path_below_the_working_folder_is_shown_from_there() -> None:
    inside = Path.cwd() / "data" / "a b.md"
    assert shown_path(str(inside)) == shown_path(inside.as_uri()) == str(Path("data", "a b.md"))
    assert shown_path("https://example.org/a") == "https://example.org/a"


def test_inline_markdown_is_taken_off_and_other_signs_stay() -> None:
    assert readable("## See [the guide](x.md):\n- use `rate(x)` **now**") == "See the guide: use rate(x) now"
    assert readable("a * b * c and snake_case_name and 2*3*4") == "a * b * c and snake_case_name and 2*3*4"


@given(st.text())
def test_no_document_can_steer_the_terminal(text: str) -> None:
    assert not any(sign in printable(f"\x1b[2J{text}\x1b]0;title\x07") for sign in "\x1b\x07\x9b\u202e")


def test_json_keeps_every_citation_exactly() -> None:
    data = json.loads(json_text(answer_to_json(ANSWER)))
    assert data["citations"][0]["quote"] == CITATION.quote
    assert data["closest"][0]["scores"]["total"] == 0.9
    assert data["closest"][0]["metadata"] == {"year": 2024}
