"""Staff: signing in at the provider and out again, and the sessions of all of them."""

import asyncio
import logging
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from serve.http.back_channel import back_channel_routes
from serve.http.described import described
from serve.http.failures import Refused
from serve.http.inbox_shapes import Nothing
from serve.security.caller import Caller, require
from serve.security.peers import Peer
from serve.security.sign_in import DEFAULT, PATIENCE, NotSignedIn, SignIn, with_answer
from serve.security.sign_in import PLAIN_COOKIE as PLAIN_WAY
from serve.security.sign_in import SECURE_COOKIE as SECURE_WAY
from serve.security.staff import PLAIN_COOKIE, SECURE_COOKIE
from serve.service import Service
from serve.store.sessions import StaffSession

logger = logging.getLogger(__name__)
BACK = "/api/staff/callback"
# What an account was refused for; that somebody turned back or came too late is nothing to keep.
NOTED = ("untrusted", "no-team")
# A path of this service: what begins with two slashes is another host, and browsers take a backslash for one.
Next = Annotated[str, Query(pattern=r"^/([\x21-\x2e\x30-\x5b\x5d-\x7e][\x21-\x5b\x5d-\x7e]*)?$", max_length=1_000)]
Code = Annotated[str, Query(max_length=4_000)]
Given = Annotated[str, Query(max_length=1_000)]


class SignedOutShape(BaseModel):
    """Where to go to be signed out at the provider as well; empty where that is not wanted."""

    url: str


class StaffSessionShape(BaseModel):
    """Somebody signed in."""

    id: str
    name: str
    email: str
    created: datetime
    expires: datetime
    scopes: list[str] = Field(description="What they may do now; nothing where no team has them any more.")
    roles: list[str]


def staff_routes(service: Service) -> APIRouter:
    """The routes of signing in and out."""
    router = APIRouter(tags=["staff"])

    @router.get("/api/staff/sign-in", status_code=303, response_class=RedirectResponse, responses=described(404))
    async def sign_in(request: Request, next: Next = DEFAULT) -> RedirectResponse:
        """Go to the provider; whoever signs in there comes back to `next`, a path of this service."""
        way, peer = _way(service), service.guard.peer(request)
        await service.guard.spend_at(peer.address)
        here = address_of(way, peer)
        try:
            url, kept = await way.begin(f"{here}{BACK}", next)
        except NotSignedIn as failure:
            return await _refused(service, peer, failure, here)
        response = RedirectResponse(url, 303)
        _set(response, peer, (PLAIN_WAY, SECURE_WAY), kept)
        return response

    @router.get(BACK, status_code=303, response_class=RedirectResponse, responses=described(404))
    async def callback(
        request: Request, code: Code = "", state: Given = "", error: Given = "", iss: Given = ""
    ) -> RedirectResponse:
        """Come back from the provider. What went wrong is told to the page, as `sign-in` in its address."""
        way, peer = _way(service), service.guard.peer(request)
        await service.guard.spend_at(peer.address)
        here = address_of(way, peer)
        cookie = request.cookies.get(_name(peer, (PLAIN_WAY, SECURE_WAY)), "")
        try:
            done = await way.finish(cookie, {"code": code, "state": state, "error": error, "iss": iss})
        except NotSignedIn as failure:
            response = await _refused(service, peer, failure, here)
        else:
            await _arrived(service, done.session, peer)
            response = RedirectResponse(f"{here}{done.next}", 303)
            seconds = int((done.session.expires - done.session.created).total_seconds())
            _set(response, peer, (PLAIN_COOKIE, SECURE_COOKIE), done.token, seconds)
        _set(response, peer, (PLAIN_WAY, SECURE_WAY), "", 0)
        return response

    router.include_router(back_channel_routes(service))
    router.include_router(_session_routes(service))
    return router


def _session_routes(service: Service) -> APIRouter:
    """The routes of sessions."""
    router = APIRouter()
    known, admin = Depends(require(service)), Depends(require(service, "admin"))
    audit = service.guard.audit

    @router.post("/api/staff/sign-out", responses=described(404, 409))
    async def sign_out(
        request: Request, response: Response, given: Nothing, caller: Annotated[Caller, known]
    ) -> SignedOutShape:
        """End the session of whoever calls, and say where else they may want to sign out."""
        way, peer = _way(service), service.guard.peer(request)
        if not caller.session:
            raise Refused(409, "not_signed_in", "Nobody is signed in here.")
        await asyncio.to_thread(way.staff.sessions.end, [caller.session])
        await asyncio.to_thread(audit.did, caller, "staff.signed_out", caller.session)
        _set(response, peer, (PLAIN_COOKIE, SECURE_COOKIE), "", 0)
        wanted = way.settings.sign_out_everywhere
        return SignedOutShape(url=await way.provider.end_address(address_of(way, peer) + DEFAULT) if wanted else "")

    @router.get("/api/staff/sessions", responses=described(404))
    def sessions(caller: Annotated[Caller, admin]) -> list[StaffSessionShape]:
        """Who is signed in, the latest first."""
        way = _way(service)
        return [session_shape(way, one) for one in way.staff.sessions.open()]

    @router.delete("/api/staff/sessions/{id}", status_code=204, responses=described(404))
    def revoke(id: Annotated[str, Path(max_length=64)], caller: Annotated[Caller, admin]) -> Response:
        """Sign somebody out: the session opens nothing more."""
        if not _way(service).staff.sessions.end([id.replace("\0", "")]):
            raise Refused(404, "session_not_found", "There is no such session.")
        audit.did(caller, "staff.revoked", id)
        return Response(status_code=204)

    return router


def session_shape(way: SignIn, session: StaffSession) -> StaffSessionShape:
    """A session as it is sent."""
    access = way.staff.access(session.person)
    return StaffSessionShape(
        id=session.id,
        name=session.person.name,
        email=session.person.email,
        created=session.created,
        expires=session.expires,
        scopes=sorted(access.scopes) if access else [],
        roles=sorted(access.roles) if access else [],
    )


def address_of(way: SignIn, peer: Peer) -> str:
    """The address of this service, as whoever asks sees it."""
    return way.settings.url.rstrip("/") or f"{peer.scheme}://{peer.host}"


def _way(service: Service) -> SignIn:
    if service.sign_in is None:
        raise Refused(404, "no_sign_in", "Nobody signs in here:", hint="use a key, or set `server.oidc`.")
    return service.sign_in


async def _arrived(service: Service, session: StaffSession, peer: Peer) -> None:
    """Note who signed in."""
    person = session.person
    said = {"session": session.id, "name": person.name, "email": person.email}
    note = service.guard.audit.note
    await asyncio.to_thread(note, "staff.signed_in", actor=f"staff:{person.subject}", address=peer.address, **said)


async def _refused(service: Service, peer: Peer, failure: NotSignedIn, here: str) -> RedirectResponse:
    """Back to the page, which says why nobody was signed in."""
    logger.warning("Nobody was signed in: %s", failure.message)
    if failure.why in NOTED:
        note, said = service.guard.audit.note, {"why": failure.why, "reason": failure.message}
        await asyncio.to_thread(note, "staff.refused", actor="nobody", address=peer.address, **said)
    return RedirectResponse(here + with_answer(failure.next, failure.why), 303)


def _name(peer: Peer, names: tuple[str, str]) -> str:
    return names[1] if peer.scheme == "https" else names[0]


def _set(response: Response, peer: Peer, names: tuple[str, str], value: str, seconds: int = int(PATIENCE)) -> None:
    """Let the browser keep a cookie that no script reads; none for no seconds."""
    response.set_cookie(
        _name(peer, names),
        value,
        max_age=seconds,
        path="/",
        secure=peer.scheme == "https",
        httponly=True,
        samesite="lax",  # it is the provider's page that leads back here
    )
