"""One question's work with the documents: what may be searched, what was found, and what of a reply it supports."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.access import note_access
from agents.answers.labels import labels, parted
from agents.answers.links import without_strange_links
from agents.answers.planted import may_call, without_orders
from agents.answers.speech import Around, Kind, Listener, Scene
from agents.answers.unspoken import Unspoken
from agents.answers.verbatim import verbatim
from agents.rag.sources import Query, Source, Sources, access, described, found
from agents.tracing.spans import span
from knowledge.answers.evidence import Evidence
from knowledge.answers.grounding import Grounded, ground
from knowledge.answers.support import support
from knowledge.types import ANYONE, Citation, MetadataValue, Passage, Reader, Scores

TOOL = "search_documents"
SEARCHES = 4
# How much of what a tool gave is listened to, in characters.
TOLD = 500
ENOUGH = "No more searches. Answer now from the passages that you have, or say that they do not answer."
ESCALATE = re.compile(r"\s*\[escalate\]", re.IGNORECASE)
LATE_ESCALATE = re.compile(r"([.!?…。！？])\s*\[escalate\]", re.IGNORECASE)
NO_FILTERS: Mapping[str, MetadataValue] = {}


@dataclass(slots=True)
class Desk:
    """What one question may see, what its searches found, and how many of them are left.

    `question` stands alone, as far as that is known without a model; `asked` is how it was put. `happened` is what
    other tools are for and what they gave in this turn. Without a `listener` every sentence needs support; with one,
    every sentence that repeats what is `unspoken` does.
    """

    sources: Sources
    question: str
    reader: Reader = ANYONE
    names: tuple[str, ...] | None = None
    filters: Mapping[str, MetadataValue] = field(default_factory=dict)
    limit: int = 6
    asked: str = ""
    listener: Listener | None = None
    unspoken: Unspoken = field(default_factory=Unspoken)
    evidence: Evidence = field(default_factory=Evidence)
    happened: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    uncertain: list[str] = field(default_factory=list)
    escalates: bool = False
    searches: int = 0
    _reasons: set[str] = field(default_factory=set)
    _scene: tuple[Around, Scene] | None = None

    @property
    def searchable(self) -> tuple[Source, ...]:
        """The sources that were named, else all."""
        return self.sources.named(self.names)

    def schema(self) -> dict[str, Any]:
        """The search as a tool, described by what the sources are about."""
        properties = {
            "query": {"type": "string", "description": "Key words, or a question that stands alone."},
            "bank": {
                "type": "string",
                "description": "Search this bank only; leave it out to search where it fits.",
            },
        }
        return {
            "type": "function",
            "function": {
                "name": TOOL,
                "description": f"Finds passages in the documents of these banks:\n{described(self.searchable)}",
                "parameters": {"type": "object", "properties": properties, "required": ["query"]},
            },
        }

    async def called(self, arguments: Mapping[str, Any]) -> str:
        """What a model's search gives; without a usable query the question itself is searched for."""
        self.searches += 1
        if self.searches > SEARCHES:
            return ENOUGH
        bank, query = arguments.get("bank"), arguments.get("query")
        known = [source.name for source in self.searchable]
        if bank and bank not in known:
            return f"There is no bank {bank}. The banks are: {', '.join(known)}."
        words = query.strip() if isinstance(query, str) else ""
        if not words or words == self.asked:
            words = self.question
        return await self.find(words, (str(bank),) if bank else None)

    async def find(self, words: str, names: Sequence[str] | None = None) -> str:
        """Search, and take in what is found; the passages as text for a model, who has read them then."""
        passages = await self.search(words, names)
        await self.note(passages)
        return self.evidence.add(passages)

    async def search(
        self, words: str, names: Sequence[str] | None = None, *, history: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        """What is found for `words` after the turns of `history`.

        Whose eyes it is for is not noted before somebody makes use of it.
        """
        sources = self.sources.named(names) if names else self.searchable
        query = Query(words, self.limit, self.reader, self.filters, tuple(history))
        with span("retrieval", "search") as opened:
            opened.content("gen_ai.retrieval.query.text", words)
            passages = await asyncio.to_thread(found, query, sources)
            opened.set("refdesk.passages", len(passages))
        return passages

    async def note(self, passages: Sequence[Passage], cited: Collection[Citation] | None = None) -> None:
        """These passages have gone into the answer, or only those that are cited: it is for the same eyes."""
        documents = None if cited is None else {(one.bank, one.document_id) for one in cited}
        used = [one for one in passages if documents is None or (one.bank, one.document_id) in documents]
        note_access(await asyncio.to_thread(access, used, self.searchable))

    def may_call(self, tool: str) -> bool:
        """Whether a call of this tool may be the agent's own idea, and not that of a text that it has read."""
        read = (text for one in self.evidence.passages for text in (one.text, one.title, *one.headings))
        return may_call(tool, (*read, *self.results))

    def ids(self) -> str:
        """The passages by number, bank and chunk: what a conversation remembers of them."""
        numbered = (f"[{at}] {one.bank}/{one.chunk_id}" for at, one in enumerate(self.evidence.passages, 1))
        return f"Passages: {', '.join(numbered)}" if self.evidence.passages else "No passage was found."

    async def grounded(self, reply: str) -> Grounded:
        """What of `reply` may be shown."""
        return await asyncio.to_thread(self._ground, reply)

    def _ground(self, reply: str) -> Grounded:
        text = LATE_ESCALATE.sub(r" [escalate]\1", without_strange_links(reply, self._known_texts()))
        # A document that holds the mark could have planted it; then only the meaning counts.
        planted = any(ESCALATE.search(passage.text) for passage in self.evidence.passages)
        marked = not planted and self._marks(text)
        self.escalates |= marked
        self.uncertain.clear()
        if self.listener:
            text = self._parted(text, self.listener)
        kept = ground(text, self.evidence, self._check, spare=self._spared if self.listener else None)
        if self.listener and kept.sentences and not self.escalates:
            self._listen(kept)
        shown = ESCALATE.sub("", kept.text).strip()
        # A program may look for the word in the text, so where nothing but the mark says it, the mark stays.
        said = not marked or "escalate" in shown.casefold()
        return Grounded(shown if said else kept.text, kept.sentences, kept.dropped)

    def _parted(self, text: str, listener: Listener) -> str:
        """Labels that pass the case on as sentences of their own, so that they survive what stands behind them."""
        found = labels(text)
        heard = listener.hear([label.head for label in found], self._surroundings(listener)) if found else []
        acts = [label for label, one in zip(found, heard, strict=True) if one.surely]
        self._reasons = {label.reason for label in acts}
        return parted(text, acts)

    def _marks(self, text: str) -> bool:
        """Whether the reply itself bears the mark, and not what it tells of the agent's instructions."""
        from knowledge.answers.sentences import split

        marked = (one for cut in split(text) if ESCALATE.search(one := text[cut.start : cut.end]))
        return any(not self.unspoken.is_repeated_by(one) for one in marked)

    def _known_texts(self) -> Sequence[str]:
        """What an address may come from."""
        return [self.asked, *self.results, *(text for one in self.evidence.passages for text in (one.text, one.uri))]

    def _check(self, sentence: str, passages: Sequence[Passage]) -> tuple[Citation, ...]:
        said = ESCALATE.sub("", sentence)
        found = (verbatim(said, passages) or support(said, passages, self.sources.embedder())) if passages else ()
        return without_orders(found, passages) if found else ()

    def _spared(self, sentences: Sequence[str]) -> Collection[str]:
        """The sentences without support that are no claims about the documents."""
        assert self.listener is not None
        sentences = [sentence for sentence in sentences if not self.unspoken.is_repeated_by(sentence)]
        told = {sentence for sentence in sentences if self._told_by_a_tool(sentence)}
        # A reason for passing the case on may be what its owner has said himself; that it is true, nobody has checked.
        given = {one for one in self._reasons & set(sentences) - told if self.listener.restates(one, self.asked)}
        open_ones = [sentence for sentence in sentences if sentence not in told | given]
        heard = dict(zip(open_ones, self.listener.hear(open_ones, self._surroundings(self.listener)), strict=True))
        talk = {sentence for sentence, one in heard.items() if one.kind is Kind.TALK}
        # The mark stands for what is said in any words, but not for what the documents speak of. And what tools gave
        # may have been put together in other words; nobody can tell, so it stands and is named.
        unknown = {
            sentence
            for sentence, one in heard.items()
            if one.kind is Kind.UNCERTAIN
            or (one.kind is Kind.CLAIM and not one.on_topic and (self.results or ESCALATE.search(sentence)))
        }
        unknown |= given
        self.uncertain += [ESCALATE.sub("", sentence) for sentence in sentences if sentence in unknown]
        return told | talk | unknown

    def _told_by_a_tool(self, sentence: str) -> bool:
        passages = [_as_passage(at, text) for at, text in enumerate(self.results) if text.strip()]
        return bool(passages) and bool(support(sentence, passages, self.sources.embedder()))

    def _listen(self, kept: Grounded) -> None:
        """Whether the reply passes the case on: by meaning, or, where that is unknown, by saying nothing else.

        Beside an answer it has to be said beyond doubt.
        """
        assert self.listener is not None
        texts = [ESCALATE.sub("", sentence.text) for sentence in kept.sentences]
        handing_over = self.listener.may_hand_over(texts)
        heard = self.listener.hear(handing_over, self._surroundings(self.listener)) if handing_over else []
        bare = not any(sentence.citations for sentence in kept.sentences)
        self.escalates |= any(one.hands_over if bare else one.surely for one in heard)
        self.escalates |= bare and bool(self.question) and set(texts) <= set(self.uncertain) and not self.results

    def _surroundings(self, listener: Listener) -> Scene:
        """The sentences of the passages, since a whole passage speaks of too much to be near to one sentence."""
        around = self._around()
        if self._scene is None or self._scene[0] != around:
            self._scene = around, listener.scene(around)
        return self._scene[1]

    def _around(self) -> Around:
        from knowledge.answers.sentences import split

        passages = self.evidence.passages
        sentences = [one.text[cut.start : cut.end] for one in passages for cut in split(one.text)]
        results = [text[:TOLD] for text in self.results if text.strip()]
        return Around(self.question, tuple(sentences), (*self.happened, *results))


def _as_passage(number: int, text: str) -> Passage:
    """What a tool gave, in the shape in which support is looked for; it is never cited."""
    return Passage(
        chunk_id=number,
        document_id=number,
        bank="",
        title="",
        uri="",
        text=text,
        start=0,
        end=len(text),
        headings=(),
        page_first=None,
        page_last=None,
        pages=(),
        metadata={},
        scores=Scores(0.0, 0.0, 0.0, 0.0, 0.0),
    )
