"""The ingestion layer: from files and addresses to committed documents."""

from ingest.documents import ingest_documents
from ingest.pipeline import IngestOptions, Progress, ingest, planned
from ingest.report import FileResult, IngestReport, IngestStopped, Outcome

__all__ = [
    "FileResult",
    "IngestOptions",
    "IngestReport",
    "IngestStopped",
    "Outcome",
    "Progress",
    "ingest",
    "ingest_documents",
    "planned",
]
