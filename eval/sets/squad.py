"""SQuAD's JSON, versions 1 and 2: an article is a document, its paragraphs set apart by blank lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from eval.cases import Case, Gold, Words
from eval.sets.json_lines import read_text
from eval.sets.set_document import SetDocument
from eval.wrong_field import wrong_field
from knowledge.errors import ConfigError

BETWEEN = "\n\n"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Answer(_Part):
    text: Annotated[str, Field(min_length=1)]
    answer_start: Annotated[int, Field(ge=0)]


class _Question(_Part):
    id: str
    question: Words
    answers: tuple[_Answer, ...] = ()
    is_impossible: bool = False


class _Paragraph(_Part):
    context: str
    qas: tuple[_Question, ...]


class _Article(_Part):
    title: str
    paragraphs: tuple[_Paragraph, ...]


class _File(_Part):
    data: tuple[_Article, ...]


def read_squad(path: Path) -> tuple[tuple[Case, ...], list[SetDocument]]:
    """The questions and articles of a SQuAD file; `ConfigError` names the field, or the answer that is not there."""
    articles = _parsed(path).data
    documents = [
        SetDocument(_name(article), article.title, text=BETWEEN.join(p.context for p in article.paragraphs))
        for article in articles
    ]
    cases: dict[str, Case] = {}
    for case in (case for article in articles for case in _cases(path, article)):
        if case.id in cases:
            raise ConfigError(f"{path}, question {case.id!r}, field `id`: it has been used before.")
        cases[case.id] = case
    if not cases:
        raise ConfigError(f"{path}: holds no questions.")
    return tuple(cases.values()), documents


def _parsed(path: Path) -> _File:
    try:
        raw: Mapping[str, Any] = json.loads(read_text(path))
        return _File.model_validate(raw)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}, line {error.lineno}: Invalid JSON: {error.msg}.") from error
    except ValidationError as error:
        name, words = wrong_field(error)
        raise ConfigError(f"{path}{f', field `{name}`' if name else ''}: {words}.") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: is nested too deeply to be a SQuAD file.") from error


def _name(article: _Article) -> str:
    return f"{article.title}.md"


def _cases(path: Path, article: _Article) -> Iterator[Case]:
    offset = 0
    for paragraph in article.paragraphs:
        for question in paragraph.qas:
            answers = tuple(dict.fromkeys(answer.text for answer in question.answers))
            gold = tuple(
                _gold(path, article, paragraph, question, answer, offset) for answer in dict.fromkeys(question.answers)
            )
            answerable = bool(gold) and not question.is_impossible
            yield Case(
                question.id,
                question.question,
                answers if answerable else (),
                answerable=answerable,
                gold=gold if answerable else (),
                meta={"source": {"doc": _name(article), "start": offset, "end": offset + len(paragraph.context)}},
            )
        offset += len(paragraph.context) + len(BETWEEN)


def _gold(
    path: Path, article: _Article, paragraph: _Paragraph, question: _Question, answer: _Answer, offset: int
) -> Gold:
    start, end = answer.answer_start, answer.answer_start + len(answer.text)
    if paragraph.context[start:end] != answer.text:
        raise ConfigError(
            f"{path}, question {question.id!r}, field `answer_start`: {answer.text!r} does not stand at {start}."
        )
    return Gold(_name(article), start=offset + start, end=offset + end, text=answer.text, group=0)
