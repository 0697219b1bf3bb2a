"""Accepted answers: a document of a bank, kept for good below the library's root, and a case that is evaluated."""

from __future__ import annotations

import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from eval.cases import Case, Gold
from eval.making.writing import case_to_json
from knowledge.errors import StorageError
from serve.http.failures import Refused
from serve.jobs.running import IngestJobs
from serve.store.jobs import new_job
from serve.store.proposals import Proposal, Proposals
from serve.store.schema import new_id

FOLDER = "knowledge-entries"
CASES = "cases.jsonl"
LONGEST_SLUG = 60
BREAKS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reviewer makes of a proposal: a question, its answer in Markdown, and the bank that is to know it."""

    question: str
    answer: str
    bank: str


class Entries:
    """Decides on proposals. Raises `Refused` for one that is decided on; blocks, so not for an event loop."""

    def __init__(self, root: Path, proposals: Proposals, jobs: IngestJobs) -> None:
        self._root = root
        self._proposals = proposals
        self._jobs = jobs
        self._deciding = Lock()

    @property
    def cases(self) -> Path:
        """Where the cases stand: `refdesk eval run` takes this file."""
        return self._root / FOLDER / CASES

    def proposal(self, id: str) -> Proposal:
        """The proposal called `id`."""
        found = self._proposals.find(id)
        if found is None:
            raise Refused(404, "proposal_not_found", "There is no such proposal.", hint="Reload the list.")
        return found

    def accept(self, id: str, entry: Entry, decider: str) -> Proposal:
        """Let a bank know it: the document is on disk and a job takes it in when this returns; its case is kept."""
        with self._deciding:
            proposal = self._undecided(id)
            name = file_name(entry.question, proposal.id)
            job = new_id()
            kept = self._jobs.uploads.receive(job, name, io.BytesIO(document(entry).encode("utf-8", "replace")))
            append_case(self.cases, case_of(proposal, entry, name))
            self._jobs.submit(new_job(entry.bank, decider, [kept], id=job, folder=FOLDER))
            fields = {"question": entry.question, "answer": entry.answer, "bank": entry.bank}
            self._proposals.decide(id, "accepted", decider, **fields, file=f"{FOLDER}/{entry.bank}/{name}", job=job)
        return self.proposal(id)

    def reject(self, id: str, decider: str) -> Proposal:
        """Let nobody know it."""
        with self._deciding:
            self._undecided(id)
            self._proposals.decide(id, "rejected", decider)
        return self.proposal(id)

    def _undecided(self, id: str) -> Proposal:
        proposal = self.proposal(id)
        if proposal.state != "proposed":
            raise Refused(409, "decided", f"This was {proposal.state} already.", hint="Reload the list.")
        return proposal


def document(entry: Entry) -> str:
    """The entry as a document: the question is its title."""
    return f"# {entry.question}\n\n{entry.answer.strip()}\n"


def file_name(question: str, id: str) -> str:
    """A name that people know the entry by, and that no other entry has."""
    slug = BREAKS.sub("-", question.casefold()).strip("-_")
    while len(slug.encode()) > LONGEST_SLUG:
        slug = slug[:-1]
    return f"{slug.rstrip('-_') or 'entry'}-{id[:8]}.md"


def case_of(proposal: Proposal, entry: Entry, name: str) -> Case:
    """The case that tells whether the bank still answers this."""
    return Case(
        f"handover-{proposal.id[:12]}",
        entry.question,
        (entry.answer.strip(),),
        answerable=True,
        gold=(Gold(f"{FOLDER}/{entry.bank}/{name}"),),
        bank=entry.bank,
        meta={"kind": "handover", "proposal": proposal.id},
    )


def append_case(path: Path, case: Case) -> None:
    """Add a case to a file of cases, where it is not in it yet; it is on disk when this returns."""
    line = json.dumps(case_to_json(case), ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        known = path.read_bytes() if path.exists() else b""
        if f'"{case.id}"'.encode() in known:
            return
        # A line that was broken off by a full disk would swallow this one.
        before = b"\n" if known and not known.endswith(b"\n") else b""
        with path.open("ab") as file:
            file.write(before + line.encode("utf-8", "replace") + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StorageError(
            f"Cannot write to {path}: {error.strerror}.", hint="Free some space or check the permissions."
        ) from error
