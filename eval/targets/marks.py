"""Answers as written text with marks such as [1]: their sentences, and what each of them cites."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from eval.observation import Hit, Observation, Sentence
from knowledge.answers.grounding import UNANSWERED
from knowledge.answers.sentences import SpanKind, split

Kind = TypeVar("Kind")
MARK = re.compile(r"\s*\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
LATE_MARKS = re.compile(rf"([.!?…])((?:{MARK.pattern})+)")
# What systems write below an answer: lines that name the source of a mark, as "[1] leave.md", and say nothing.
REFERENCE = rf"\n(?:{MARK.pattern})+(?:[^\n]*[^\n.!?…])?"
REFERENCES = re.compile(rf"\n[ \t]*(?:{REFERENCE})+\s*\Z")
# What is set in bold is the same words; products of powers are not.
BOLD = re.compile(r"(?<![A-Za-z0-9_*])\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*(?![A-Za-z0-9_*])")
NAMES: Mapping[str, tuple[str, ...]] = {
    "doc": ("uri", "doc", "document", "file", "source", "url", "filename"),
    "text": ("quote", "text", "snippet", "content"),
    "title": ("title", "name"),
    "bank": ("bank",),
    "start": ("start", "start_index"),
    "end": ("end", "end_index"),
    "page": ("page", "page_number"),
}


def unmarked(text: str) -> str:
    """`text` without marks, and without the list of sources below it: what the system says, and nothing about where."""
    return MARK.sub("", REFERENCES.sub("", text)).strip()


def cited_sentences(text: str, citations: Sequence[Hit]) -> tuple[Sentence, ...]:
    """The sentences of `text` with what their marks name; without any mark, each cites everything."""
    text = REFERENCES.sub("", text)
    marked = MARK.search(text) is not None
    sentences = []
    moved = LATE_MARKS.sub(lambda match: f"{match.group(2)}{match.group(1)}", text)
    for span in split(moved):
        if span.kind in (SpanKind.HEADING, SpanKind.HEADER):
            continue
        written = moved[span.start : span.end]
        numbers = [int(n) for mark in MARK.finditer(written) for n in re.findall(r"\d+", mark.group(1))]
        named = tuple(citations[n - 1] for n in dict.fromkeys(numbers) if 0 < n <= len(citations))
        sentences.append(Sentence(MARK.sub("", written).strip(), named if marked else tuple(citations)))
    return tuple(sentences)


def citation_hits(given: object) -> tuple[Hit, ...]:
    """Citations as systems write them: a list of mappings or objects that name a document, and maybe page and words.

    What names no document is left out.
    """
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        return ()
    return tuple(hit for hit in map(_hit, given) if hit is not None)


def says_nothing(text: str) -> bool:
    """Whether `text` is the platform's own way of saying that the documents do not answer, or empty."""
    said = MARK.sub("", text).strip().rstrip(".").casefold()
    return said in ("", UNANSWERED.rstrip(".").casefold())


def said(text: str, citations: Sequence[Hit], told: Mapping[str, Any], **more: Any) -> Observation:
    """A system's answer with what it told besides: whether it abstained, and how sure it is. Bold is left out."""
    text = BOLD.sub(r"\1", text)
    abstained, phrase = told.get("abstained"), told.get("phrase")
    withheld = abstained if isinstance(abstained, bool) else says_nothing(text)
    return Observation(
        text=unmarked(text) if citations else text,
        sentences=() if withheld else cited_sentences(text, citations),
        abstained=withheld,
        confidence=_number(told.get("confidence")),
        phrase=phrase if isinstance(phrase, str) and not withheld else "",
        **more,
    )


def _number(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return float(given)


def _hit(given: object) -> Hit | None:
    fields = _fields(given)
    doc = _first(fields, "doc", str)
    if not doc:
        return None
    page, start, end = (_first(fields, name, int) for name in ("page", "start", "end"))
    if start is None or end is None or start >= end:
        start = end = None
    words, title, bank = (_first(fields, name, str) or "" for name in ("text", "title", "bank"))
    return Hit(doc, start, end, page, page, words, title, bank)


def _fields(given: object) -> Mapping[str, Any]:
    if isinstance(given, str):
        return {"doc": given}
    if isinstance(given, Mapping):
        nested = [value for value in given.values() if isinstance(value, Mapping)]
        return {**{key: value for inner in nested for key, value in inner.items()}, **given}
    if is_dataclass(given) and not isinstance(given, type):
        return asdict(given)
    return vars(given) if hasattr(given, "__dict__") else {}


def _first(fields: Mapping[str, Any], name: str, kind: type[Kind]) -> Kind | None:
    values = (fields.get(key) for key in NAMES[name])
    return next((value for value in values if isinstance(value, kind) and not isinstance(value, bool)), None)
