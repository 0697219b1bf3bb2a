"""What a question asks for: its terms and their weights, its names and numbers, and the kind of answer it expects."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate, pairwise

from knowledge.answers.lexicon import CODE, NUMBER, STOP_WORDS, Lexicon, Word


class Expects(StrEnum):
    """The kind of answer that a question's wording calls for."""

    NUMBER = "number"
    MONEY = "money"
    PERCENT = "percent"
    DURATION = "duration"
    AGE = "age"
    SPEED = "speed"
    DISTANCE = "distance"
    DATE = "date"
    PERSON = "person"
    PLACE = "place"
    REASON = "reason"
    STEPS = "steps"
    YES_NO = "yes-no"
    OTHER = "other"


ASKS = (
    (Expects.PERCENT, r"\b(what|which) (percentage|percent|proportion|share|fraction|rate)\b|\bapr\b|\binterest\b"),
    (Expects.MONEY, r"\bhow much (does|do|did|will|is|money|cash)\b.*\b(cost|pay|charge|fee|price|spend)|"
     r"\b(fee|price|cost|charge|salary|budget|worth|amount|deposit|revenue)s?\b.*\?"),
    (Expects.AGE, r"\bhow old\b|\b(what|which) age\b"),
    (Expects.SPEED, r"\bhow fast\b|\b(what|which) speed\b"),
    (Expects.DISTANCE, r"\bhow (far|high|tall|wide|deep)\b|\b(what|which) (distance|height|width|altitude)\b"),
    (Expects.DURATION, r"\bhow (long|soon|quickly|often)\b|\bfor how (many|long)\b|"
     r"\bhow many (seconds|minutes|hours|days|weeks|months|years)\b"),
    (Expects.NUMBER, r"\bhow (many|much|large|big|heavy)\b|\b(number|total|age|size|limit|"
     r"maximum|minimum|population) of\b"),
    (Expects.DATE, r"^\W*(and )?when\b|\b(what|which) (year|date|day|month|century|decade|time)\b|\buntil when\b|"
     r"\bsince when\b"),
    (Expects.PERSON, r"\b(who|whom|whose)\b"),
    (Expects.PLACE, r"\bwhere\b|\b(what|which) (city|country|state|town|place|region|county|airport|river|island)\b"),
    (Expects.REASON, r"\bwhy\b|\b(what|which) (is |are |was |were )?(the )?(reasons?|causes?)\b|\bhow come\b|"
     r"\bprobable cause\b"),
    (Expects.STEPS, r"\bhow (do|can|should|would|could|to|must|may) ?(i|you|we|one|a|an|the)?\b|\bsteps?\b|"
     r"\bwhat (do|must|should) (i|we) (do|need)\b"),
    (Expects.YES_NO, r"^\W*(and |so |then |but )?(is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|"
     r"have|had|am)\b"),
)  # fmt: skip
ASKS_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in ASKS)

NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|"
    "thousand|million|billion|dozen|half|third|quarter|twice|several|no"
)
MONTHS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
TIME_UNITS = "seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centur(?:y|ies)"
NUMBER_CUE = rf"\d|\b(?:{NUMBER_WORDS})\b"
CUES = {
    Expects.NUMBER: NUMBER_CUE,
    Expects.MONEY: r"[$€£¥]\s?\d|\b\d[\d,.]*\s?(?:usd|eur|dollars?|euros?|pounds?|cents?|million|billion)\b|"
    r"\b(?:free|no (?:\w+ )?fee|no charge)\b",
    Expects.PERCENT: r"\d\s?%|\bper ?cent\b|\bpercentage\b|\b(?:half|third|quarter)s?\b",
    Expects.DURATION: rf"(?:{NUMBER_CUE})[\w,.-]*\s(?:\w+\s)?(?:{TIME_UNITS})\b|\b\d+-(?:{TIME_UNITS})\b|"
    r"\b(?:immediate|instant|forever|never|every|daily|weekly|monthly|yearly|annual)|\b\d+[smhd]\b",
    Expects.AGE: r"\bage[ds]?\b|\d[- ]years?|\byears? old\b|\bborn\b|\bcentur(?:y|ies)\b",
    Expects.SPEED: r"\d\s?(?:knots?|kts?|mph|km/h|kph|m/s|fps|[kmg]?b(?:it)?/?ps)\b|\bspeeds?\b|\b(?:fast|slow)",
    Expects.DISTANCE: rf"(?:{NUMBER_CUE})[\w,.-]*[\s-]?(?:foot|feet|ft|met(?:er|re)s?|m|km|kilomet\w+|miles?|"
    r"mi|nm|nautical|inch\w*|cm|mm|yards?)\b",
    Expects.DATE: rf"\b(?:1\d|20)\d\d\b|\b(?:{MONTHS})\.?\s\d|\d\s(?:{MONTHS})\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|"
    rf"\b(?:century|today|yesterday|{TIME_UNITS})\b|\d[/:]\d",
    Expects.PERSON: r"\b(?-i:[A-Z][\w'’.-]+ (?:[A-Z]\. )?[A-Z][\w'’-]+)|\b(?:he|she|they|team|president|king|author|by)"
    r"\b",
    Expects.PLACE: r"\b(?:in|at|near|from|to|of|on|into) (?:the )?(?-i:[A-Z])\w+|"
    r"\b(?:located|situated|page|tab|menu)\b",
    Expects.REASON: r"\b(?:because|due to|since|so that|as a result|caus\w+|reasons?|results? (?:in|from)|therefore|"
    r"thus|in order to|so|leads? to|failure|inadequate|to (?:avoid|prevent|protect|reduce|increase|make|allow))\b",
    Expects.STEPS: r"^(?:to \w+|first|then|next|step|if you|you (?:can|must|should|need|may)|run|use|set|go|open|click|"
    r"select|enter|add|call|create|choose|submit|complete|send|contact|visit|install|download|type)\b|`|\$ |"
    r"\b(?:you can|you must|you need|you should|by \w+ing)\b",
}
CUES_COMPILED = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in CUES.items()}
CAPITALISED = re.compile(r"(?<![\w.])[A-Z][\w'’&-]*|\b[a-z]+[A-Z]\w*")
HEAD = re.compile(
    r"\b(?:which|what|how many|how much) (?:other |kind of |type of |sort of )?([^\W\d_]{3,})", re.IGNORECASE
)
FIRST_WORD = re.compile(r"[\w'’-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart. `weights` sum to one over `terms`; `strict` are the stems of names and numbers,
    `phrases` those that stand side by side; `head` is what "which", "what" or "how many" asks for, where that is named.
    """

    text: str
    terms: tuple[str, ...]
    weights: tuple[float, ...]
    strict: frozenset[str]
    phrases: tuple[tuple[str, str], ...]
    head: str
    expects: Expects

    def coverage(self, stems: frozenset[str]) -> float:
        """The weighted share of the question's terms among `stems`."""
        return sum(weight for term, weight in zip(self.terms, self.weights, strict=True) if term in stems)

    def answered_by(self, text: str) -> float:
        """1 if `text` holds what the kind of question calls for, 0 if not, a half where the kind says nothing."""
        cue = CUES_COMPILED.get(self.expects)
        return 0.5 if cue is None else float(bool(cue.search(text)))


def analyse(text: str, lexicon: Lexicon, *, rarity: Callable[[str], float] | None = None) -> Question:
    """`text` taken apart; terms weigh as `rarity` says, else alike, names and numbers half as much again."""
    terms = lexicon.terms(text)
    exact = exact_words(text, lexicon)
    strict = frozenset(stem for stem, _, _ in exact)
    raw = [rarity(term) if rarity else (1.5 if term in strict else 1.0) for term in terms]
    total = sum(raw) or 1.0
    return Question(
        text,
        terms,
        tuple(weight / total for weight in raw),
        strict,
        _phrases(text, exact),
        _head(text, lexicon),
        expected(text),
    )


def expected(question: str) -> Expects:
    """The kind of answer that the wording calls for; the most specific one that fits."""
    return next((kind for kind, pattern in ASKS_COMPILED if pattern.search(question)), Expects.OTHER)


def exact_words(text: str, lexicon: Lexicon) -> list[tuple[str, int, int]]:
    """What must be found as it stands: names (capitalised after the first word), codes, numbers. Stems and places."""
    first = FIRST_WORD.search(text)
    beginning = first.end() if first else 0
    named = [
        m.span() for m in CAPITALISED.finditer(text) if m.start() >= beginning and not _after_stop(text, m.start())
    ]
    spans = sorted([*named, *(m.span() for pattern in (CODE, NUMBER) for m in pattern.finditer(text))])
    starts, ends = [start for start, _ in spans], [*accumulate((end for _, end in spans), max)]

    def stands(word: Word) -> bool:
        """Whether one of those that begin before the word's end reaches into it."""
        before = bisect_left(starts, word.end)
        return before > 0 and ends[before - 1] > word.start

    return [(word.stem, word.start, word.end) for word in lexicon.words(text) if not word.is_stop and stands(word)]


def _phrases(text: str, exact: Sequence[tuple[str, int, int]]) -> tuple[tuple[str, str], ...]:
    """The pairs of names or numbers with nothing but a space or a hyphen between them."""
    return tuple(
        (one, two) for (one, _, end), (two, start, _) in pairwise(exact) if text[end:start] in (" ", "-", "_", ".")
    )


def _head(text: str, lexicon: Lexicon) -> str:
    asked = HEAD.search(text)
    return lexicon.stem(asked.group(1)) if asked and asked.group(1).lower() not in STOP_WORDS else ""


def _after_stop(text: str, at: int) -> bool:
    """Whether a new sentence begins at `at`, where a capital letter says nothing."""
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return text[at - 1 : at] in {".", "?", "!"}
