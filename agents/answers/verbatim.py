"""Words of a passage as they stand: what a reply quotes whole needs no further support."""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.types import Citation, Passage

SHORTEST = 8
LOOKED_BACK = 200
ENDS = ".!?…。！？"
# What may stand before and after a whole sentence, item or cell, so that no half of one is taken for all of it: a line
# that is merely wrapped begins and ends nothing.
ITEM = r"(?:[-*+•>]|\d{1,3}[.)])[ \t]+"
OPENED = r"[\"'“‘«(*_`]*"
CLOSED = r"[\"'”’»)\]*_`]*"
BEGINS = rf"\A|\n[ \t]*\n|[.!?…]{CLOSED}[ \t]*\n|[.!?…]{CLOSED}[ \t]+|[。！？]|\n#+[ \t]+[^\n]*\n|\|"
BEFORE = re.compile(rf"(?:{BEGINS})[ \t]*(?:{ITEM})*{OPENED}\Z|\n[ \t]*(?:{ITEM})+{OPENED}\Z")
AFTER = re.compile(rf"{CLOSED}[ \t]*(?:\Z|\n[ \t]*\n|\n[ \t]*(?:{ITEM}|#)|\|)")


def verbatim(sentence: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """The place in `passages` where `sentence` stands whole, white space aside; none where it does not."""
    words = sentence.strip().rstrip(ENDS).split()
    if sum(map(len, words)) < SHORTEST:
        return ()
    joined = r"\s+".join(map(re.escape, words))
    pattern = re.compile(f"{joined}[{re.escape(ENDS)}]*")
    for passage in passages:
        for found in pattern.finditer(passage.text):
            if _is_whole(passage.text, found):
                return (passage.cite(passage.start + found.start(), passage.start + found.end()),)
    return ()


def _is_whole(text: str, found: re.Match[str]) -> bool:
    before = text[: found.start()]
    if len(before) > LOOKED_BACK:
        # Anything but a beginning, which only the passage's own is.
        before = f"x{before[-LOOKED_BACK:]}"
    ended = found.group()[-1] in ENDS
    return bool(BEFORE.search(before)) and (ended or bool(AFTER.match(text, found.end())))
