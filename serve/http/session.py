"""The session of whoever opens the page: what the service is called, what it offers, and the token of their forms."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from knowledge.types import Reader
from serve.http.described import described
from serve.security.caller import Visit, visit
from serve.service import Service


class FeaturesShape(BaseModel):
    """What the page offers."""

    handover: bool
    upload: bool
    feedback: bool


class ModelShape(BaseModel):
    """The language model that writes the answers, and where it runs."""

    name: str
    host: str


class BankShape(BaseModel):
    """A bank that is asked."""

    name: str
    title: str
    description: str


class StaffShape(BaseModel):
    """Somebody of the staff, signed in."""

    name: str


class SignInShape(BaseModel):
    """Where staff sign in, at `/api/staff/sign-in`."""

    name: str


class SessionShape(BaseModel):
    """Who visits, and what of the service the page shows. `csrf` goes back in the header X-Refdesk-CSRF."""

    csrf: str
    visitor: str
    title: str
    tagline: str
    accent: str
    logo: str
    languages: list[str]
    suggested: list[str]
    features: FeaturesShape
    model: ModelShape | None
    banks: list[BankShape]
    sign_in: SignInShape | None = None
    staff: StaffShape | None = None


def session_routes(service: Service) -> APIRouter:
    """The one route of the session."""
    router = APIRouter(tags=["session"])
    visiting = Depends(visit(service))

    @router.get("/api/session", responses=described())
    async def session(visit: Annotated[Visit, visiting]) -> SessionShape:
        """Who visits, known by a cookie from now on."""
        settings, features = service.settings, service.settings.features
        model = service.model
        return SessionShape(
            csrf=visit.csrf,
            visitor=visit.caller.id,
            title=settings.title,
            tagline=settings.tagline,
            accent=settings.accent,
            logo=settings.logo,
            languages=settings.languages,
            suggested=list(service.suggestions.questions),
            features=FeaturesShape(
                handover=features.handover,
                upload=features.upload and visit.caller.may("documents:write"),
                feedback=features.feedback,
            ),
            model=ModelShape(name=model.model_name, host=model.host) if model else None,
            banks=await asyncio.to_thread(banks_shown, service, visit.caller.reader),
            sign_in=SignInShape(name=service.sign_in.settings.name) if service.sign_in else None,
            staff=StaffShape(name=visit.caller.name) if visit.caller.session else None,
        )

    return router


def banks_shown(service: Service, reader: Reader) -> list[BankShape]:
    """The banks in which there is something for this reader."""
    found = []
    for name in service.banks:
        bank = service.library.bank(name)
        if bank.catalog.kinds(reader) == ():
            continue
        card = bank.card()
        found.append(BankShape(name=name, title=card.title or name, description=card.description))
    return found
