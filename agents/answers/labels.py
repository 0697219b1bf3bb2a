"""Labels at the beginning of a sentence, as in "Escalate: the account is locked": an act, and the reason for it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.answers.grounding import MARK
from knowledge.answers.sentences import split

LABEL = re.compile(r"(?P<head>[^\w\n]*\w[^:：\n]{0,59}?)(?P<sign>[:：][*_]*|[ \t][–—-])[ \t]+(?=\S)")
MOST_WORDS = 5


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before the colon, what after it to the end of the sentence, and where that begins in the text."""

    head: str
    reason: str
    at: int


def labels(text: str) -> list[Label]:
    """The labels in `text`, in order."""
    found = []
    for span in split(text):
        sentence = text[span.start : span.end]
        match = LABEL.match(sentence)
        if match is not None and len(match["head"].split()) <= MOST_WORDS:
            reason = MARK.sub("", sentence[match.end() :]).strip()
            found.append(Label(match["head"].strip(" \t*_#>-•"), reason, span.start + match.end()))
    return found


def parted(text: str, those: list[Label]) -> str:
    """`text` with these labels as sentences of their own."""
    for label in reversed(those):
        text = f"{text[: label.at].rstrip()}\n\n{text[label.at :]}"
    return text
