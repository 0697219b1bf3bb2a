"""What a knowledge agent's answer looks like as a message: text with marks and files, citations as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from agents.message.msg import Msg
from knowledge.answers.grounding import UNANSWERED, Grounded
from knowledge.terminal.json_output import citation_to_json
from knowledge.types import Answer, Citation

if TYPE_CHECKING:
    from agents.answers.desk import Desk

UNDERSTOOD = "understood"


def cited(grounded: Grounded, desk: Desk) -> tuple[str, dict[str, Any]]:
    """The text of a checked reply with the files that it cites, and its metadata."""
    citations = _each_once(citation for sentence in grounded.sentences for citation in sentence.citations)
    dropped = list(grounded.dropped)
    kept = len(grounded.sentences)
    metadata = {
        "citations": as_data(citations),
        "dropped": dropped,
        "unchecked": list(desk.uncertain),
        "abstained": not kept,
        "confidence": kept / (kept + len(dropped)) if kept else 0.0,
        "escalate": desk.escalates,
        UNDERSTOOD: desk.question,
    }
    return with_files(grounded.text or UNANSWERED, citations), metadata


def quoted(answer: Answer, name: str, *, understood: str) -> Msg:
    """An extractive answer as a message of the agent `name`."""
    citations = _each_once(answer.citations)
    numbers = {citation: number for number, citation in enumerate(citations, 1)}
    parts = [
        f"{sentence.text} {''.join(f'[{numbers[citation]}]' for citation in _each_once(sentence.citations))}"
        for sentence in answer.sentences
    ]
    text = ("\n" if any("\n" in part for part in parts) else " ").join(parts) or answer.text
    metadata = {
        "citations": as_data(citations),
        "phrase": answer.phrase,
        "dropped": [],
        "unchecked": [],
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "escalate": False,
        "extractive": True,
    }
    if not answer.abstained:
        metadata[UNDERSTOOD] = understood
    return Msg(name, with_files(text, citations), "assistant", metadata)


def as_data(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """The citations in the order of their numbers; `file` is the base name."""
    return [
        {
            "number": number,
            "file": base_name(citation.uri),
            **citation_to_json(citation),
            "headings": list(citation.headings),
        }
        for number, citation in enumerate(citations, 1)
    ]


def with_files(text: str, citations: Sequence[Citation]) -> str:
    """`text`, and below it one line for each file and page that it cites."""
    lines: dict[str, str] = {}
    for number, citation in enumerate(citations, 1):
        place = base_name(citation.uri) + (f", page {citation.page}" if citation.page is not None else "")
        lines[place] = f"{lines.get(place, '')}[{number}]"
    return "\n".join([text, *([""] if lines else []), *(f"{marks} {place}" for place, marks in lines.items())])


def base_name(uri: str) -> str:
    """The file's own name, of a path or of an address."""
    path = unquote(urlsplit(uri).path) if "://" in uri else uri.replace("\\", "/")
    return PurePosixPath(path).name or uri


def understood_before(history: Sequence[Msg], name: str) -> str:
    """The question that the last answer of `name` was to, in words that stand alone; "" where there is none."""
    for at in range(len(history) - 1, -1, -1):
        said = history[at]
        if said.name != name or said.has_content_blocks("tool_use"):
            continue
        if understood := said.metadata.get(UNDERSTOOD):
            return str(understood)
    return next((msg.text for msg in history if msg.role == "user" and msg.name != name), "")


def _each_once(citations: Iterable[Citation]) -> list[Citation]:
    return list(dict.fromkeys(citations))
