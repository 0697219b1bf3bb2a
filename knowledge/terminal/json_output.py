"""Answers, passages and citations as plain JSON values, the shape that every `--json` prints."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from knowledge.types import Answer, Citation, Passage


def citation_to_json(citation: Citation) -> dict[str, Any]:
    """The citation's own fields."""
    return asdict(citation)


def passage_to_json(passage: Passage) -> dict[str, Any]:
    """The passage's own fields, scores among them; the document's page table is left out."""
    fields = asdict(passage)
    del fields["pages"]
    return fields | {"metadata": dict(passage.metadata)}


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """The answer with all that it rests on: sentences, citations, closest passages, model, host and timings."""
    return {
        "question": answer.question,
        "text": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "sentences": [
            {
                "text": sentence.text,
                "rank": sentence.rank,
                "phrase": sentence.phrase,
                "citations": [citation_to_json(citation) for citation in sentence.citations],
            }
            for sentence in answer.sentences
        ],
        "phrase": answer.phrase,
        "citations": [citation_to_json(citation) for citation in answer.citations],
        "closest": [passage_to_json(passage) for passage in answer.closest],
        "banks": list(answer.banks),
        "model": answer.model,
        "host": answer.host,
        "dropped": list(answer.dropped),
        "timings": dict(answer.timings),
    }


def json_text(value: Any) -> str:
    """`value` as indented JSON, with characters beyond ASCII as they are."""
    return json.dumps(value, ensure_ascii=False, indent=2)
