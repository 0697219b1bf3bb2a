"""The widget: the script that other sites carry, the page inside its frame, and the passes of its visitors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from serve.http.described import described
from serve.http.failures import Refused
from serve.http.page import STATIC, PageFile, read_page, served
from serve.http.shapes import Taken
from serve.security.headers import CONTENT_POLICY
from serve.security.identity import Caller
from serve.security.passes import TICKET_COOKIE
from serve.service import Service

SCRIPT, FRAME = "widget.js", "widget.html"
ALONE = "frame-ancestors 'none'"
Sealed = Annotated[str, Field(max_length=1_000)]


class GrantShape(BaseModel):
    """What a page needs to show the widget: a grant, and how the button looks."""

    grant: str = Field(description="Holds for two minutes, for pages of the same origin.")
    title: str
    accent: str


class Admitted(Taken):
    """The grant that the page around the frame was given."""

    grant: Sealed


class PassShape(BaseModel):
    """A visitor's pass, which goes into `Authorization: Bearer`."""

    token: str
    seconds: float = Field(description="How long the pass holds.")


def widget_routes(service: Service) -> APIRouter:
    """The routes of the widget."""
    router = APIRouter(tags=["widget"])
    passes = service.guard.passes

    @router.post("/api/widget/grant", responses=described(403))
    async def grant(request: Request, origin: Annotated[str, Header(max_length=300)] = "") -> JSONResponse:
        """A grant for the page that asks; its browser says of which origin it is."""
        await spend(service, request)
        granted = passes.grant(origin.lower())
        if granted is None:
            raise Refused(
                403, "wrong_origin", "The chat is not meant for this site.", hint="Add it to `server.widget.origins`."
            )
        look = GrantShape(grant=granted, title=service.settings.title, accent=service.settings.accent)
        headers = {
            "Access-Control-Allow-Origin": origin,
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Vary": "Origin",
        }
        return JSONResponse(look.model_dump(), headers=headers)

    @router.post("/api/widget/token", responses=described(403))
    async def token(request: Request, response: Response, given: Admitted) -> PassShape:
        """A pass for the visitor in the frame, in exchange for the grant that its page was given.

        A cookie, which belongs to that site alone, makes it the same visitor the next time.
        """
        await spend(service, request)
        admission = passes.admit(given.grant, request.cookies.get(TICKET_COOKIE, ""))
        if admission is None:
            raise Refused(403, "wrong_grant", "This grant is over, or none of ours.", hint="Reload the page.")
        response.headers.append("Set-Cookie", admission.cookie)
        return PassShape(token=admission.given, seconds=admission.seconds)

    add_files(router, service)
    return router


def add_files(router: APIRouter, service: Service, folder: Path = STATIC) -> None:
    """The script, which any page may load, and the page in the frame, which only allowed pages may hold."""
    files = read_page(folder)
    holders = " ".join(sorted(service.guard.passes.origins)) or "'none'"
    policy = CONTENT_POLICY.replace(ALONE, f"frame-ancestors {holders}")
    add_file(router, "/widget.js", SCRIPT, files, {"Cross-Origin-Resource-Policy": "cross-origin"})
    add_file(router, "/widget", FRAME, files, {"Content-Security-Policy": policy})


def add_file(
    router: APIRouter, path: str, name: str, files: Mapping[str, PageFile], headers: Mapping[str, str]
) -> None:
    """One file of the built page, with headers of its own."""
    if name not in files:
        return

    @router.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    def file(request: Request) -> Response:
        response = served(files[name], name, request)
        response.headers.update(headers)
        return response


async def spend(service: Service, request: Request) -> None:
    """Count this against the address: nobody is known yet."""
    address = service.guard.peer(request).address
    await service.guard.spend(Caller("visitor", f"widget {address}", address=address))
