"""The application: every router over one service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version

from fastapi import APIRouter, FastAPI
from starlette.types import Lifespan

from serve.http.access_log import add_access_log
from serve.http.admin import Reload, admin_routes
from serve.http.asking import asking_routes
from serve.http.audit import audit_routes
from serve.http.banks import bank_routes
from serve.http.chat import chat_routes
from serve.http.conversations import conversation_routes
from serve.http.failures import add_failure_handlers
from serve.http.handover import handover_routes
from serve.http.health import health_routes
from serve.http.inbox import inbox_routes
from serve.http.lifespan import living
from serve.http.mcp_mount import Desks, mcp_routes
from serve.http.metrics import metrics_routes
from serve.http.page import page_routes
from serve.http.people import people_routes
from serve.http.proposals import proposal_routes
from serve.http.records import record_routes
from serve.http.session import session_routes
from serve.http.sources import source_routes
from serve.http.staff import staff_routes
from serve.http.uploads import upload_routes
from serve.http.widget import widget_routes
from serve.openai.routes import openai_routes
from serve.security.edge import add_edge
from serve.service import Service

# Each makes the routes of one noun; the order is that of the OpenAPI document.
ROUTERS: Sequence[Callable[[Service], APIRouter]] = (
    session_routes,
    staff_routes,
    conversation_routes,
    record_routes,
    chat_routes,
    handover_routes,
    inbox_routes,
    proposal_routes,
    source_routes,
    asking_routes,
    bank_routes,
    upload_routes,
    widget_routes,
    openai_routes,
    people_routes,
    audit_routes,
    health_routes,
    metrics_routes,
)


def make_app(service: Service) -> FastAPI:
    """The application over `service`, with what runs beside its requests; whoever makes it closes the service."""
    desks = Desks(service)
    return make_routes(service, desks, life=living(service, desks))


def make_routes(
    service: Service, desks: Desks, *, reload: Reload | None = None, life: Lifespan[FastAPI] | None = None
) -> FastAPI:
    """What answers requests to `service`; clients have their sessions at `desks`. `reload` reads the settings anew."""
    app = FastAPI(
        title=service.settings.title,
        version=version("refdesk"),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=life,
    )
    settings = service.settings
    add_failure_handlers(app, settings.languages)
    add_edge(app, service.guard, upload_mb=settings.limits.upload_mb, languages=settings.languages)
    add_access_log(app, service.metrics)
    for routes in ROUTERS:
        app.include_router(routes(service))
    app.include_router(mcp_routes(service, desks))
    app.include_router(admin_routes(service, reload))
    app.include_router(page_routes())
    return app
