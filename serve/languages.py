"""The languages that the service itself speaks: which one somebody is spoken to in, and its sentences in that one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from serve.german import GERMAN

# The language of the service's own words where no other is asked for.
ENGLISH = "en"
HOLE = "{}"
# Each language that the page knows, by the English sentences; what documents and models say is left as it is.
SENTENCES: Mapping[str, Mapping[str, str]] = {ENGLISH: {}, "de": GERMAN}


def said_in(language: str, sentence: str) -> str:
    """A sentence of the service in this language; as it is where the language has none for it."""
    known = SENTENCES.get(language, {})
    if sentence in known:
        return known[sentence]
    for english, other in known.items():
        if HOLE in english and (named := _shape(english).fullmatch(sentence)) is not None:
            return other.format(*named.groups())
    return sentence


def language_for(wanted: str, allowed: Sequence[str]) -> str:
    """The first language that `wanted`, as the header Accept-Language writes it, names and the service allows.

    Where there is none it is the first that is allowed, as on the page.
    """
    offered = [base for base in map(_base, allowed) if base in SENTENCES]
    found = next((base for base in map(_base, _preferred(wanted)) if base in offered), None)
    return found or next(iter(offered), ENGLISH)


def _shape(english: str) -> re.Pattern[str]:
    return re.compile("(.+)".join(map(re.escape, english.split(HOLE))), re.DOTALL)


def _preferred(wanted: str) -> list[str]:
    """The languages of the header, the most wanted first."""
    weighed = []
    for part in wanted.split(","):
        name, _, weight = part.partition(";")
        weighed.append((-_weight(weight), name.strip()))
    return [name for weight, name in sorted(weighed, key=lambda one: one[0]) if name and weight < 0]


def _weight(text: str) -> float:
    try:
        return float(text.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0.0


def _base(language: str) -> str:
    return language.lower().partition("-")[0]
