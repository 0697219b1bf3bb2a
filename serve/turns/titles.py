"""Titles and headings as questions that a person might ask."""

from __future__ import annotations

import re

LONGEST = 90
ENDS = " .:?"
# Words that are written small even where titles are written large.
SHORT = 4
NUMBERING = re.compile(
    r"^\W*(?:(?:chapter|section|part|step)\s+)?(?:\d+|[IVX]+\b)(?:[.\-]\d+)*[.):]*\s+", re.IGNORECASE
)
TO_DO = re.compile(r"^(how|when|where|what) to (\w.*)$", re.IGNORECASE)
AUXILIARY = (
    r"(?:do|does|did|is|are|was|were|can|could|should|will|would|may|must|has|have|happens?|causes?|means?|makes?)"
)
ASKS = re.compile(
    rf"^(?:(?:what|when|where|which|who|why|how)(?: (?:many|much|long|often|far|fast|soon)(?: \w+)?)? {AUXILIARY}\b"
    rf"|(?:do|does|did|is|are|was|were|can|could|should|will|may|must)\b .)",
    re.IGNORECASE,
)
# What is done to something, as headings tell people to, unless they begin with one of the words that are no verbs.
TOLD_TO = re.compile(r"^([^\W\d_]+) ((?:a|an|the|your|up)\b.+)$", re.IGNORECASE)
IN_TIME = re.compile(r"^(after|before|during) (\w.*)$", re.IGNORECASE)
NO_VERBS = (
    "about above across after against all along among and as at because before behind below beside between beyond both"
    " but by despite during each every except for from half if in into like near not of off on only or over per since"
    " than that through throughout till to toward towards under unless until upon when where while why with within"
    " without"
)
ASKING = re.compile(r"(?:what|when|where|which|who|why|how)\b", re.IGNORECASE)
STATES = re.compile(r"\b(?:is|are|was|were|has|have|can|must|should|will)\b", re.IGNORECASE)
NOT_FOR_PEOPLE = re.compile(r"[()<>{}|#]|\d{4,}|_")


def as_question(title: str) -> str:
    """A title as the question that it asks; empty where it asks none."""
    words = bare(title)
    if found := TO_DO.match(words):
        asking = "How do I" if found.group(1).lower() == "how" else f"{found.group(1).capitalize()} should I"
        words = f"{asking} {in_a_sentence(found.group(2))}"
    elif found := IN_TIME.match(words):
        words = f"What happens {found.group(1).lower()} {in_a_sentence(found.group(2))}"
    elif (found := TOLD_TO.match(words)) and _is_verb(found.group(1)):
        words = f"How do I {found.group(1).lower()} {as_mine(in_a_sentence(found.group(2)))}"
    elif ASKS.match(words):
        first, _, rest = words.partition(" ")
        words = f"{first.capitalize()} {in_a_sentence(rest)}"
    else:
        return ""
    return f"{words}?" if len(words) < LONGEST and not NOT_FOR_PEOPLE.search(words) else ""


def as_topic(title: str) -> str:
    """A title within a sentence, as what may be spoken of; empty for what is a statement, or nothing for people."""
    words = bare(title)
    if STATES.search(words) or ASKING.match(words) or NOT_FOR_PEOPLE.search(words) or len(words) > LONGEST:
        return ""
    begins = words.partition(" ")[0].lower()
    return "" if begins in NO_VERBS.split() else as_mine(in_a_sentence(words))


def with_article(topic: str) -> str:
    """A topic as one speaks of it: names and doings have no article."""
    begins = topic.partition(" ")[0]
    takes_one = begins.islower() and not begins.endswith("ing") and begins not in ("a", "an", "the", "my", "our")
    return f"the {topic}" if takes_one else topic


def as_mine(words: str) -> str:
    """What is yours to the document is mine to whoever asks."""
    return re.sub(r"\byour\b", "my", words, flags=re.IGNORECASE)


def bare(title: str) -> str:
    """A title without its number and its full stop."""
    return NUMBERING.sub("", " ".join(title.split())).strip(ENDS + "#*_")


def in_a_sentence(title: str) -> str:
    """The words of a title within a sentence: what is written large only because titles are, is written small."""
    words = title.split()
    large = [word[:1].isupper() for word in words if len(word) > SHORT]
    if not all(large):
        return " ".join([_small(words[0]), *words[1:]])
    return " ".join(_small(word) for word in words)


def _is_verb(word: str) -> bool:
    return word.lower() not in NO_VERBS.split() and not word.lower().endswith("ing") and not ASKS.match(f"{word} x")


def _small(word: str) -> str:
    return word.lower() if word[1:].islower() and word.replace("-", "").isalpha() else word
