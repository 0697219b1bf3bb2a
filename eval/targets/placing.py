"""Finds gold evidence in a bank's own documents, whatever their parser made of the files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from eval.cases import Case, Gold
from eval.observation import Hit, same_document, source_path
from knowledge.types import Document, Reader

if TYPE_CHECKING:
    from knowledge.bank import KnowledgeBank
    from knowledge.storage.rows import DocumentSummary

DOCUMENTS_KEPT = 128
NOT_IN_BANK = "the document is not in the bank"
NOT_IN_TEXT = "its words are not in the document's text"
Located = tuple["KnowledgeBank", "DocumentSummary"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A case's evidence in a bank's documents; for an entry that could not be found, `unplaced` says why."""

    gold: tuple[Gold, ...]
    unplaced: tuple[str, ...]


class Placer:
    """Looks evidence up in `banks`. Thread-safe."""

    def __init__(self, banks: Sequence[KnowledgeBank]) -> None:
        self._banks = tuple(banks)
        self._lock = Lock()
        self._listed: dict[Reader, dict[str, list[Located]]] = {}
        self._document = lru_cache(DOCUMENTS_KEPT)(self._load)

    def place(self, case: Case) -> Placed:
        """The evidence of `case` as its reader may see it."""
        results = [self._place(gold, case.reader) for gold in case.gold]
        reasons = tuple(reason for _, reason in results)
        return Placed(tuple(gold for gold, _ in results), reasons if any(reasons) else ())

    def named(self, hit: Hit, reader: Reader) -> Hit:
        """`hit` under the name that its document has in the banks: others see shorter ones, which differ by system.

        Of several documents of one name it is the one that has the words of the hit where it says; else none.
        """
        candidates = [
            (bank, summary)
            for bank, summary in self._list(reader).get(_last(hit.doc), ())
            if hit.bank in ("", bank.name) and same_document(hit.doc, summary.uri)
        ]
        if len(candidates) > 1 and hit.text:
            candidates = [(bank, one) for bank, one in candidates if self._holds(bank, one.id, hit, reader)]
        return replace(hit, doc=candidates[0][1].uri) if len(candidates) == 1 else hit

    def _holds(self, bank: KnowledgeBank, document_id: int, hit: Hit, reader: Reader) -> bool:
        text = self._document(bank, document_id, reader).text
        return text[hit.start : hit.end] == hit.text if hit.start is not None else hit.text in text

    def _place(self, gold: Gold, reader: Reader) -> tuple[Gold, str]:
        found = self._find(gold.doc, reader)
        if found is None:
            return gold, NOT_IN_BANK
        bank, summary = found
        here = replace(gold, doc=summary.uri)
        if gold.start is None and not gold.text:
            return here, ""
        span = locate(gold, self._document(bank, summary.id, reader))
        if span is None:
            return replace(here, start=None, end=None), NOT_IN_TEXT
        return replace(here, start=span[0], end=span[1]), ""

    def _find(self, name: str, reader: Reader) -> Located | None:
        candidates = self._list(reader).get(_last(name), [])
        return next((one for one in candidates if same_document(name, one[1].uri)), None)

    def _list(self, reader: Reader) -> dict[str, list[Located]]:
        with self._lock:
            if reader not in self._listed:
                listed: dict[str, list[Located]] = {}
                for bank in self._banks:
                    for summary in bank.documents(reader=reader):
                        listed.setdefault(_last(summary.uri), []).append((bank, summary))
                self._listed[reader] = listed
            return self._listed[reader]

    def _load(self, bank: KnowledgeBank, document_id: int, reader: Reader) -> Document:
        return bank.document(document_id, reader=reader)


def locate(gold: Gold, document: Document) -> tuple[int, int] | None:
    """The span of the gold words in the document: where they are said to stand, else where they do.

    White space may differ. Of several places the one on the gold page counts, else the nearest to the given offset.
    """
    if gold.start is not None and gold.end is not None:
        exact = document.text[gold.start : gold.end]
        if exact == gold.text or (not gold.text and exact):
            return gold.start, gold.end
    words = gold.text.split()
    if not words:
        return None
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words), re.IGNORECASE)
    places = [match.span() for match in pattern.finditer(document.text)]
    on_page = [span for span in places if gold.page is None or document.page_at(span[0]) == gold.page]
    return min(on_page or places, key=lambda span: abs(span[0] - (gold.start or 0)), default=None)


def _last(name: str) -> str:
    return source_path(name).rpartition("/")[2]
