"""What a sentence commits itself to: its content, what must be found as it stands, and whether it denies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.answers.lexicon import SPELLED_NUMBERS, Lexicon, word_set
from knowledge.answers.questions import exact_words

NEGATIONS = word_set(
    """no not never none nothing neither nor cannot without nobody nowhere hardly unable unavailable false fails failed
    lacks lack refuses refused prohibited forbidden excluded excludes except only unless n/a"""
)
CONTRACTED_NOT = re.compile(r"n['’]t\b", re.IGNORECASE)
WRITTEN = re.compile(r"[\w/]+")
CLAUSE_BREAK = re.compile(r"[,;:–—()]|\s-\s|\b(?:but|however|although|though|while|whereas|because|and|or|if|unless)\b")
SAME_WORDS = 0.7
SLASHED_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{2,4})\b")
ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
OPPOSITES = (
    ("increase", "decrease"), ("increase", "reduce"), ("rise", "fall"), ("before", "after"), ("minimum", "maximum"),
    ("least", "most"), ("more", "less"), ("above", "below"), ("higher", "lower"), ("allow", "prevent"),
    ("allow", "prohibit"), ("enable", "disable"), ("accept", "reject"), ("include", "exclude"), ("start", "end"),
    ("required", "optional"), ("always", "never"), ("first", "last"), ("open", "close"), ("left", "right"),
    ("north", "south"), ("east", "west"), ("mutable", "immutable"), ("safe", "unsafe"), ("valid", "invalid"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence taken apart. `numbers` and `names` are stems that its support must hold as they stand."""

    text: str
    stems: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    all_stems: frozenset[str]

    def contradicted_by(self, text: str, lexicon: Lexicon) -> bool:
        """Whether `text`, which is about the same, denies what this affirms or the other way round."""
        return self._denial_differs(text, lexicon) or opposed(self.all_stems, all_stems(text, lexicon), lexicon)

    def _denial_differs(self, text: str, lexicon: Lexicon) -> bool:
        theirs = lexicon.stems(text)
        if len(self.stems & theirs) >= SAME_WORDS * len(self.stems | theirs):
            return denials(self.text) != denials(text)
        if denials(self.text):
            return not denials(text)
        clauses = [clause for clause in CLAUSE_BREAK.split(text) if clause.strip()]
        shared = [(len(self.stems & lexicon.stems(clause)), not denials(clause)) for clause in clauses]
        return bool(shared) and not max(shared)[1]


def opposed(one: frozenset[str], other: frozenset[str], lexicon: Lexicon) -> bool:
    """Whether one text says "before" where the other says "after", and the like; both given as all their stems."""
    return any(
        lexicon.stem(said) in one - other and lexicon.stem(opposite) in other - one
        for pair in OPPOSITES
        for said, opposite in (pair, pair[::-1])
    )


def claim_of(sentence: str, lexicon: Lexicon) -> Claim:
    """`sentence` taken apart."""
    words = lexicon.words(sentence)
    exact = frozenset(stem for stem, _, _ in exact_words(sentence, lexicon))
    spelled = {SPELLED_NUMBERS[w.surface.lower()] for w in words if w.surface.lower() in SPELLED_NUMBERS}
    numbers = frozenset(stem for stem in exact if stem[0].isdecimal()) | spelled
    dated = frozenset(date_stems(sentence, lexicon))
    whole = frozenset(word.stem for word in words if SLASHED_DATE.fullmatch(word.surface))
    return Claim(
        sentence, lexicon.stems(sentence), (numbers - whole) | dated, exact - numbers, all_stems(sentence, lexicon)
    )


def all_stems(text: str, lexicon: Lexicon) -> frozenset[str]:
    """The stems of all words of `text`, with the parts of its dates."""
    return frozenset(word.stem for word in lexicon.words(text)) | frozenset(date_stems(text, lexicon))


def denials(text: str) -> int:
    """How many negations `text` holds."""
    return len(CONTRACTED_NOT.findall(text)) + sum(m.group().lower() in NEGATIONS for m in WRITTEN.finditer(text))


def date_stems(text: str, lexicon: Lexicon) -> Iterator[str]:
    """Day, month's name and year of the numeric dates in `text`, month first as in the United States."""
    parts = [(m.group(1), m.group(2), m.group(3)) for m in SLASHED_DATE.finditer(text)]
    parts += [(m.group(2), m.group(3), m.group(1)) for m in ISO_DATE.finditer(text)]
    for month, day, year in parts:
        if 1 <= int(month) <= len(MONTHS):
            yield from (lexicon.stem(MONTHS[int(month) - 1]), day.lstrip("0"), year)
