"""The sentences of the best passages, each with the words that give it its meaning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.answers.layout import SpanKind
from knowledge.answers.lexicon import Lexicon
from knowledge.answers.markup import plain, plain_row
from knowledge.answers.sentences import Span, split
from knowledge.types import Passage

ANSWERING = frozenset({SpanKind.SENTENCE, SpanKind.ITEM, SpanKind.ROW, SpanKind.CODE})


@dataclass(frozen=True, slots=True)
class Candidate:
    """One unit of a passage that could be quoted.

    `start` and `end` count in the document. `rank` is the passage's place among those given, `index` the
    unit's place in its passage. `text` is readable; `around` also has the words that give it its meaning
    (title, headings, a table's header, the neighbours).
    """

    passage: Passage
    rank: int
    index: int
    start: int
    end: int
    kind: SpanKind
    text: str
    stems: frozenset[str]
    around: frozenset[str]
    topic: frozenset[str]

    @property
    def embedded_text(self) -> str:
        """What is embedded: the unit under its title and nearest heading, without which it may say little."""
        return f"{' '.join((self.passage.title, *self.passage.headings[-1:]))}. {self.text}"

    @property
    def quote(self) -> str:
        """The words as they stand in the document."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


def candidates(passages: Sequence[Passage], lexicon: Lexicon) -> list[Candidate]:
    """Every quotable unit of `passages` in order; where passages overlap, a unit is taken once."""
    seen: set[tuple[str, int, int]] = set()
    found: list[Candidate] = []
    for rank, passage in enumerate(passages):
        for candidate in _of_passage(passage, rank, lexicon):
            key = (passage.bank, passage.document_id, candidate.end)
            if key not in seen:
                seen.add(key)
                found.append(candidate)
    return found


def _of_passage(passage: Passage, rank: int, lexicon: Lexicon) -> Iterator[Candidate]:
    spans = split(passage.text)
    readable = _readable(passage.text, spans)
    stems = [lexicon.stems(text) for text in readable]
    title = lexicon.stems(" ".join((passage.title, *passage.headings)))
    heading: frozenset[str] = frozenset()
    for i, span in enumerate(spans):
        if span.kind in (SpanKind.HEADING, SpanKind.HEADER):
            heading = stems[i] if span.kind is SpanKind.HEADING else heading | stems[i]
        elif span.kind in ANSWERING:
            topic = title | heading
            near = frozenset().union(*stems[max(0, i - 1) : i + 2])
            start, end = passage.start + span.start, passage.start + span.end
            yield Candidate(passage, rank, i, start, end, span.kind, readable[i], stems[i], near | topic, topic)


def _readable(text: str, spans: Sequence[Span]) -> list[str]:
    header = ""
    found: list[str] = []
    for span in spans:
        raw = text[span.start : span.end]
        if span.kind is SpanKind.HEADER:
            header = raw
        elif span.kind is not SpanKind.ROW:
            header = ""
        found.append(plain_row(raw, header) if span.kind is SpanKind.ROW else plain(raw))
    return found
