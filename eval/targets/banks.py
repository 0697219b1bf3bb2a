"""Banks as they answer by themselves: retrieval, routing, and extractive answers."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from eval.cases import Case
from eval.observation import Hit, Observation, Sentence
from eval.targets.placing import Placer
from knowledge.answers.answering import extract
from knowledge.card import card_to_json
from knowledge.types import AnswerSentence, Citation, Passage

if TYPE_CHECKING:
    from knowledge.library import Library
    from knowledge.types import Answer

DEPTH = 50
TEXTS_KEPT = 10


class BankTarget:
    """The banks called `names` of a library, or one that the question is routed to among several.

    `depth` passages are looked at, to tell what was not found from what was ranked too low. Without `answering`
    only retrieval is measured, which is several times faster.
    """

    def __init__(self, library: Library, names: tuple[str, ...], *, depth: int = DEPTH, answering: bool = True) -> None:
        self._library = library
        self._banks = tuple(library.bank(name) for name in names)
        self._names = names
        self._depth = depth
        self._answering = answering
        self._placer = Placer(self._banks)

    def describe(self) -> Mapping[str, Any]:
        """The cards and contents of the banks; raises where one cannot be opened."""
        return {
            "kind": "banks",
            "depth": self._depth,
            "answering": self._answering,
            "banks": [
                {
                    "generation": bank.catalog.generation(),
                    "documents": bank.catalog.counts()[0],
                    "chunks": bank.catalog.counts()[1],
                    "card": card_to_json(bank.card()),
                }
                for bank in self._banks
            ],
        }

    def observe(self, case: Case) -> Observation:
        """The answer by quoting, with the passages behind it."""
        started = perf_counter()
        answer = self._ask(case) if self._answering else None
        answered = perf_counter()
        # The banks that were asked are known by now; deciding once more among many passages of all takes long.
        asked = answer.banks if answer and answer.banks else self._names
        # Single chunks, among which the answer was looked for.
        found = self._library.search(
            case.question, k=self._depth, banks=asked, reader=case.reader, history=case.turns, single=True
        )
        placed = self._placer.place(case)
        return Observation(
            text=answer.text if answer else "",
            sentences=_sentences(answer.sentences) if answer else (),
            withheld=self._withheld(case, answer) if answer and answer.abstained else (),
            abstained=answer.abstained if answer else False,
            confidence=answer.confidence if answer else None,
            hits=tuple(hit_of(passage, keep_text=rank < TEXTS_KEPT) for rank, passage in enumerate(found)),
            banks=answer.banks if answer else tuple(dict.fromkeys(passage.bank for passage in found)),
            gold=placed.gold,
            unplaced=placed.unplaced,
            phrase=answer.phrase if answer else "",
            seconds=(answered if self._answering else perf_counter()) - started,
        )

    def _ask(self, case: Case) -> Answer:
        return self._library.ask(case.question, banks=self._names, reader=case.reader, history=case.turns)

    def _withheld(self, case: Case, answer: Answer) -> tuple[Sentence, ...]:
        if not answer.closest:
            return ()
        return _sentences(extract(case.question, answer.closest, self._banks[0].sentence_embedder).sentences)


def hit_of(passage: Passage, *, keep_text: bool = True) -> Hit:
    """A passage as a hit."""
    return Hit(
        passage.uri,
        passage.start,
        passage.end,
        passage.page_first,
        passage.page_last,
        passage.text if keep_text else "",
        passage.title,
        passage.bank,
    )


def hit_of_citation(cited: Citation) -> Hit:
    """A citation as a hit."""
    return Hit(cited.uri, cited.start, cited.end, cited.page, cited.page, cited.quote, cited.title, cited.bank)


def _sentences(sentences: tuple[AnswerSentence, ...]) -> tuple[Sentence, ...]:
    return tuple(Sentence(one.text, tuple(hit_of_citation(cited) for cited in one.citations)) for one in sentences)
