"""The agent of one tier, at work on one turn: it tells what it does, and shows each sentence once it is checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields, replace
from time import perf_counter
from typing import TYPE_CHECKING

from agents.agent.knowledge_agent import LlamaIndexAgent
from agents.answers.desk import ESCALATE, TOOL, Desk
from agents.memory.in_memory import InMemoryMemory
from agents.message.blocks import ToolUseBlock
from agents.message.msg import Msg
from agents.tool.response import ToolResponse
from agents.tool.toolkit import Toolkit
from knowledge.answers.grounding import Grounded
from knowledge.library import Library
from knowledge.types import Passage, Reader
from serve.config.settings import Tier
from serve.turns.journal import Journal
from serve.turns.places import cited_places

if TYPE_CHECKING:
    from agents.model.chat import ChatModel

ROUNDS = 8
TITLES = 3
# The end of a sentence that is whole, marks of citations included: something else has begun after it. So it is with a
# line behind which another item of a list or, after a blank line, another paragraph has begun.
SENTENCE = r"[.!?…。！？][\"'”’»)\]]*(?:\s*\[\d+\])*(?=\s+[^\s\[])"
LINE = r"(?<=\S)(?=[ \t]*\n\s*(?:[-*+•]|\d{1,3}[.)])\s+\S|[ \t]*\n[ \t]*\n\s*[^\s\[])"
ENDED = re.compile(f"{SENTENCE}|{LINE}")


class TierAgent(LlamaIndexAgent):
    """Answers one turn from the banks that its tier and its reader may read.

    What is shown before the answer is whole has passed the same check, sentence by sentence, and rests on documents.
    """

    def __init__(
        self,
        tier: Tier,
        prompt: str,
        model: ChatModel,
        library: Library,
        *,
        reader: Reader,
        toolkit: Toolkit,
        journal: Journal,
        history: Sequence[Msg] = (),
    ) -> None:
        memory = InMemoryMemory()
        super().__init__(
            tier.name,
            prompt,
            model,
            knowledge_list=[library],
            toolkit=toolkit,
            memory=memory,
            max_iters=ROUNDS,
            roles=sorted(reader.roles),
        )
        memory.add(list(history))
        self.disable_console_output()
        # A reply is followed while it comes where somebody looks on: this is how one says so.
        self.register_instance_hook("pre_print", "shown", lambda _agent, _arguments: None)
        self.desk: Desk | None = None
        self.grounded: Grounded | None = None
        self._banks = tuple(tier.banks) if tier.banks is not None else None
        self._journal = journal
        self._preview: Desk | None = None
        self._previewed = 0
        self._writing = False

    def _desk_for(self, asked: str, question: str) -> Desk:
        desk = _WatchedDesk.over(super()._desk_for(asked, question), self._journal)
        desk.names = self._banks
        self.desk = desk
        # What is looked at early must not decide whether the case is passed on.
        self._preview = replace(desk, happened=desk.happened, results=desk.results, uncertain=[])
        return desk

    async def _show(self, said: Msg, *, last: bool) -> None:
        if last or said.has_content_blocks("tool_use"):
            return
        if not self._writing:
            self._writing = True
            self._journal.progress("writing", f"{self.name} is writing", agent=self.name)
        await self._show_checked(said.text)

    async def _show_checked(self, text: str) -> None:
        """Show the sentences that are whole, as far as they rest on documents and say no other than what was shown."""
        whole = max((found.end() for found in ENDED.finditer(text)), default=0)
        if whole <= self._previewed or self._preview is None or ESCALATE.search(text[:whole]):
            return
        self._previewed = whole
        grounded = await self._preview.grounded(text[:whole])
        shown = self._journal.shown
        rests = any(sentence.citations for sentence in grounded.sentences)
        if rests and grounded.text.startswith(shown) and len(grounded.text) > len(shown):
            self._journal.delta(grounded.text[len(shown) :], cited_places(grounded.sentences))

    async def _acting(self, tool_call: ToolUseBlock) -> ToolResponse:
        self._previewed = 0
        if tool_call["name"] == TOOL:
            return await super()._acting(tool_call)
        name, arguments = tool_call["name"], dict(tool_call["input"])
        self._journal.progress("tool", name.replace("_", " ").capitalize(), tool=name)
        began = perf_counter()
        response = await super()._acting(tool_call)
        seconds = perf_counter() - began
        self._journal.used_tool(name, arguments, response.text, seconds=seconds, failed=response.is_error)
        return response

    async def _answer(self, turn: object, said: Msg) -> Msg:
        self._journal.progress("checking", "Checking every sentence against the documents")
        return await super()._answer(turn, said)  # type: ignore[arg-type]  # passed on as it came

    def _checked(self, desk: Desk, grounded: Grounded) -> None:
        self.grounded = grounded


class _WatchedDesk(Desk):
    """A desk whose searches are told and kept."""

    __slots__ = ("journal",)
    journal: Journal

    @classmethod
    def over(cls, desk: Desk, journal: Journal) -> _WatchedDesk:
        """The same desk, watched."""
        given = {one.name: getattr(desk, one.name) for one in fields(desk) if one.init and one.name != "_scene"}
        watched = cls(**given)
        watched.journal = journal
        return watched

    async def search(
        self, words: str, names: Sequence[str] | None = None, *, history: Sequence[str] = ()
    ) -> tuple[Passage, ...]:
        self.journal.progress("searching", f"Searching for “{words}”", query=words, banks=list(names or ()))
        passages = await super().search(words, names, history=history)
        self.journal.found(words, passages)
        titles = list(dict.fromkeys(passage.title for passage in passages))[:TITLES]
        self.journal.progress("reading", f"Reading {titles[0]}" if titles else "Nothing was found", documents=titles)
        return passages
