"""What a document is called when it does not say so itself, and when not to believe it."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.decoding import visible

LONGEST = 200
# What writing programs leave in the title field when nobody fills it in.
PLACEHOLDER = re.compile(
    r"(untitled|unknown|title|(word |new )?document\s*\d*|presentation\d*|slide \d+|none|null|page \d+|[\d\W]*)$"
    r"|microsoft (word|powerpoint|excel)( - |$)"
    r"|.*\.(docx?|docm|dotx?|pdf|indd|qxd|rtf|odt|pptx?|xlsx?|tex|dvi|html?|txt|tmp)$",
    re.IGNORECASE,
)


def clean_title(title: str) -> str:
    """`title` on one line without invisible characters, cut to a sensible length."""
    words = " ".join(visible(title).split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def sensible_title(title: str) -> str:
    """`title`, cleaned; empty where it is a placeholder or the name of some file."""
    cleaned = clean_title(title)
    return "" if PLACEHOLDER.match(cleaned) else cleaned


def title_elsewhere(title: str, own_title: str, name: str) -> str:
    """What a document with these titles is called where its file is called `name`.

    A title that was made of the name of another file is not shown here: whoever may read this file need not know
    of the other.
    """
    base, stem = clean_title(name.rsplit("/", 1)[-1]), title_from_name(name)
    if title in (base, stem, f"{own_title} ({stem})"):
        return title
    suffix = PurePath(base).suffix
    return own_title or (base if suffix and title.endswith(suffix) else stem)


def title_from_name(name: str) -> str:
    """A readable title made from a file's name: `Q3_report-final.pdf` becomes `Q3 report final`."""
    stem = PurePath(name.rsplit("/", 1)[-1]).stem or name
    return clean_title(re.sub(r"[_\-]+", " ", stem)) or clean_title(name) or "Untitled"
