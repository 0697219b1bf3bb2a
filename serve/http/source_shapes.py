"""A cited document as the interface shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from serve.sources.showing import ShownSource, shown_uri


class BoxShape(BaseModel):
    """A box on a page, in fractions of the page from its upper left corner."""

    page: int
    x0: float = Field(ge=0, le=1)
    y0: float = Field(ge=0, le=1)
    x1: float = Field(ge=0, le=1)
    y1: float = Field(ge=0, le=1)


class SourceShape(BaseModel):
    """A cited document. `start`, `end` and `offset` count Unicode code points of the whole document's text."""

    kind: Literal["pdf", "text"] = Field(description="`pdf` where the file itself can be shown, else `text`.")
    title: str
    uri: str
    page: int | None
    pages: int | None = Field(description="How many pages there are.")
    headings: list[str]
    quote: str
    text: str = Field(description="The document's text, or 200,000 characters of it around the quote.")
    offset: int = Field(description="Where `text` begins in the document.")
    start: int
    end: int
    file: str | None = Field(description="Where the PDF can be had, as long as it is as it was ingested.")
    boxes: list[BoxShape] = Field(description="Where the quote stands on the pages of the PDF, one box a line.")


def source_shape(shown: ShownSource, *, file: str, root: Path) -> SourceShape:
    """What is shown; `file` is where the original can be had, if it can."""
    document = shown.document
    return SourceShape(
        kind="pdf" if shown.original else "text",
        title=document.title,
        uri=shown_uri(document.uri, root),
        page=shown.page,
        pages=len(document.pages) or None,
        headings=list(shown.headings),
        quote=shown.quote,
        text=shown.text,
        offset=shown.offset,
        start=shown.start,
        end=shown.end,
        file=file if shown.original else None,
        boxes=[BoxShape(page=box.page, x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1) for box in shown.boxes],
    )
