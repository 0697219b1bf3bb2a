"""Where the provider tells that somebody has signed out there."""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from serve.http.described import described
from serve.http.failures import Refused
from serve.security.back_channel import ended_elsewhere
from serve.security.oidc_provider import ProviderAway, Untrusted
from serve.security.peers import Peer
from serve.security.sign_in import SignIn
from serve.service import Service
from serve.store.sessions import ToldBefore

logger = logging.getLogger(__name__)
PATH = "/api/staff/back-channel-logout"
Token = Annotated[str, Form(max_length=20_000, description="A token that the provider has signed.")]


def back_channel_routes(service: Service) -> APIRouter:
    """The one route at which the provider calls."""
    router = APIRouter()

    @router.post(PATH, responses=described(404))
    async def signed_out(request: Request, logout_token: Token) -> Response:
        """End the sessions of whoever has signed out at the provider (OpenID Connect Back-Channel Logout 1.0)."""
        way, peer = service.sign_in, service.guard.peer(request)
        await service.guard.spend_at(peer.address)
        if way is None:
            raise Refused(404, "no_sign_in", "Nobody signs in here:", hint="set `server.oidc`.")
        try:
            await _end(service, way, peer, logout_token)
        except ProviderAway as error:
            raise Refused(503, "unreachable", error.message) from error
        except (Untrusted, ToldBefore) as error:
            logger.warning("Nobody was signed out: %s", error.message)
            raise Refused(400, "invalid_request", error.message) from error
        return Response(headers={"Cache-Control": "no-store"})

    return router


async def _end(service: Service, way: SignIn, peer: Peer, token: str) -> None:
    told = ended_elsewhere(*await way.provider.signed(token), way.settings)
    note = service.guard.audit.note
    for session in await asyncio.to_thread(way.staff.sessions.end_as_told, told):
        actor = f"staff:{session.person.subject}"
        await asyncio.to_thread(note, "staff.signed_out_there", actor=actor, address=peer.address, session=session.id)
