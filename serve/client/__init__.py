"""The Python client of a service: the same calls, waited for (`Client`) or awaited (`AsyncClient`)."""

from serve.client.async_client import AsyncClient
from serve.client.client import Client
from serve.client.failures import ServiceRefused, ServiceUnreachable
from serve.client.results import (
    Answer,
    Bank,
    Box,
    Citation,
    Conversation,
    Delta,
    Document,
    DocumentPage,
    DocumentSummary,
    FileResult,
    Job,
    Message,
    Passage,
    Progress,
    Source,
)

__all__ = [
    "Answer",
    "AsyncClient",
    "Bank",
    "Box",
    "Citation",
    "Client",
    "Conversation",
    "Delta",
    "Document",
    "DocumentPage",
    "DocumentSummary",
    "FileResult",
    "Job",
    "Message",
    "Passage",
    "Progress",
    "ServiceRefused",
    "ServiceUnreachable",
    "Source",
]
