"""Proposed knowledge: what people answered, for a reviewer to take into a bank or to refuse."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from serve.handover.entries import Entry
from serve.http.banks import offered_bank
from serve.http.described import described
from serve.http.inbox_shapes import Acceptance, Nothing, ProposalShape, ProposalsShape, proposal_shape
from serve.security.caller import Caller, require
from serve.service import Service
from serve.store.proposals import Proposal

ProposalId = Annotated[str, Path(max_length=64)]


def proposal_routes(service: Service) -> APIRouter:
    """The routes of proposed entries."""
    router = APIRouter(tags=["inbox"])
    reviewing = Depends(require(service, "documents:write"))
    entries, audit = service.handover.entries, service.guard.audit

    def shown(one: Proposal) -> ProposalShape:
        return proposal_shape(one, service.jobs.table.find(one.job) if one.job else None)

    @router.get("/api/proposals", responses=described())
    def listed(
        caller: Annotated[Caller, reviewing],
        state: Annotated[Literal["proposed", "accepted", "rejected"], Query()] = "proposed",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> ProposalsShape:
        """Proposed entries, the newest first."""
        found = service.handover.proposals.latest(state=state, limit=limit)
        return ProposalsShape(proposals=[shown(one) for one in found], banks=list(service.banks))

    @router.post("/api/proposals/{id}/accept", responses=described(404, 409))
    def accept(id: ProposalId, given: Acceptance, caller: Annotated[Caller, reviewing]) -> ProposalShape:
        """Let a bank know it, as it is given. `job` tells when it does; its evaluation case is kept."""
        entry = Entry(" ".join(given.question.split()), given.answer, offered_bank(service, given.bank).name)
        accepted = entries.accept(id, entry, caller.id)
        audit.did(caller, "proposal.accepted", f"{entry.bank}/{id}")
        return shown(accepted)

    @router.post("/api/proposals/{id}/reject", responses=described(404, 409))
    def reject(id: ProposalId, given: Nothing, caller: Annotated[Caller, reviewing]) -> ProposalShape:
        """Let nobody know it."""
        rejected = entries.reject(id, caller.id)
        audit.did(caller, "proposal.rejected", id)
        return shown(rejected)

    return router
