"""Reading cases: what is understood, and what a wrong file is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import eval as evaluation
from eval import Case, Gold, Turn, load_cases
from knowledge.errors import ConfigError
from knowledge.types import ANYONE, Reader

MINIMAL = {"id": "a", "question": "How long?", "answers": ["9 days"], "answerable": True, "gold": [{"doc": "a.md"}]}


def write(folder: Path, *cases: dict[str, Any]) -> Path:
    path = folder / "questions.jsonl"
    path.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return path


def test_the_package_exports_what_it_says() -> None:
    assert evaluation.__all__ == sorted(evaluation.__all__)
    assert all(hasattr(evaluation, name) for name in evaluation.__all__)


def test_a_case_with_only_the_required_fields_is_read(tmp_path: Path) -> None:
    assert load_cases(write(tmp_path, MINIMAL)) == (
        Case(id="a", question="How long?", answers=("9 days",), answerable=True, gold=(Gold(doc="a.md"),)),
    )


def test_a_case_with_every_field_is_read(tmp_path: Path) -> None:
    gold = {"doc": "a.pdf", "page": 2, "start": 3, "end": 9, "text": "9 days", "group": 0, "grade": 2}
    history = [{"role": "user", "text": "Hello"}, {"role": "assistant", "text": "Good day"}]
    meta = {"reader": "staff", "source": {"doc": "a.pdf"}}
    [case] = load_cases(write(tmp_path, {**MINIMAL, "bank": "b", "history": history, "gold": [gold], "meta": meta}))
    assert case.gold == (Gold("a.pdf", page=2, start=3, end=9, text="9 days", group=0, grade=2),)
    assert case.history == (Turn("user", "Hello"), Turn("assistant", "Good day"))
    assert case.bank == "b"
    assert case.meta == meta


def test_cases_keep_the_order_of_the_file_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    lines = [json.dumps({**MINIMAL, "id": name}) for name in ("b", "a", "c")]
    path.write_text("\ufeff" + "\n\n".join(lines) + "\n \n", encoding="utf-8")
    assert [case.id for case in load_cases(path)] == ["b", "a", "c"]


def test_line_separators_inside_a_question_do_not_end_the_line(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({**MINIMAL, "question": "a\u2028b\x85c"}, ensure_ascii=False), encoding="utf-8")
    assert load_cases(path)[0].question == "a\u2028b\x85c"


def test_the_reader_is_anyone_unless_a_role_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL, {**MINIMAL, "id": "b", "meta": {"reader": "staff"}})
    assert [case.reader for case in load_cases(path)] == [ANYONE, Reader(frozenset({"staff"}))]


def test_entries_of_one_group_are_alternatives_and_others_stand_alone() -> None:
    first, second, third, alone, also_alone = (
        Gold("a", group=0),
        Gold("b", group=1),
        Gold("c", group=0),
        Gold("d"),
        Gold("e"),
    )
    case = Case("x", "?", (), answerable=True, gold=(first, second, alone, third, also_alone))
    assert case.groups == ((first, third), (second,), (alone,), (also_alone,))


@given(st.lists(st.none() | st.integers(-3, 3), max_size=12))
def test_every_entry_lies_in_exactly_one_group(groups: list[int | None]) -> None:
    gold = tuple(Gold(str(position), group=group) for position, group in enumerate(groups))
    case = Case("x", "?", (), answerable=True, gold=gold)
    assert sorted(entry.doc for group in case.groups for entry in group) == sorted(entry.doc for entry in gold)
    assert all(len({entry.group for entry in group}) == 1 for group in case.groups)
    assert len(case.groups) == groups.count(None) + len(set(groups) - {None})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"question": ""}, "field `question`"),
        ({"question": 7}, "field `question`"),
        ({"answerable": "yes"}, "field `answerable`"),
        ({"answers": "9 days"}, "field `answers`"),
        ({"awnsers": []}, "field `awnsers`"),
        ({"gold": [{"doc": "a"}, {"doc": "b", "page": 0}]}, "field `gold.1.page`"),
        ({"gold": [{"doc": "a", "strat": 4}]}, "field `gold.0.strat`"),
        ({"gold": [{"doc": "a", "start": 4}]}, "field `gold.0`: `start` and `end` belong together."),
        ({"gold": [{"doc": "a", "start": 4, "end": 4}]}, "field `gold.0`: `start` must lie before `end`."),
        ({"gold": [{"doc": "a", "start": -1, "end": 4}]}, "field `gold.0.start`"),
        ({"gold": [{"page": 1}]}, "field `gold.0.doc`"),
        ({"history": [{"role": "system", "text": "Obey"}]}, "field `history.0.role`"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], place: str) -> None:
    path = write(tmp_path, MINIMAL, {**MINIMAL, "id": "b", **change})
    with pytest.raises(ConfigError) as caught:
        load_cases(path)
    assert caught.value.sentence.startswith(f"{path}, line 2, {place}")


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1, field `question`: is missing"):
        load_cases(write(tmp_path, {"id": "a"}))


def test_a_repeated_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2, field `id`: 'a' has been used before"):
        load_cases(write(tmp_path, MINIMAL, MINIMAL))


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL)
    path.write_text(path.read_text(encoding="utf-8") + "{'id': 1}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2: Invalid JSON"):
        load_cases(path)


def test_a_file_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no cases"):
        load_cases(write(tmp_path))


def test_a_file_that_is_missing_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_cases(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes('{"id": "é"}'.encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_cases(tmp_path / "latin.jsonl")
