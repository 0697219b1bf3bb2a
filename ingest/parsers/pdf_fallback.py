"""The adapter to pypdf, for files that PDFium refuses."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ingest.parsers.pdf_lines import Line, Page, PdfContent, needs_password
from knowledge.errors import ParseError

if TYPE_CHECKING:
    from pypdf import PageObject

# What pypdf is known to raise, beside its own errors, when a file contradicts itself.
DAMAGE = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
LEADING = 1.2


def read_with_pypdf(data: bytes, name: str) -> PdfContent:
    """The lines of every page, without their places; raises `NeedsPassword` or `ParseError`."""
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError, DeprecationError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
            raise needs_password(name)
        contents = [_page(page, number) for number, page in enumerate(reader.pages, start=1)]
    except DependencyError:
        raise needs_password(name) from None
    except (DeprecationError, PyPdfError, *DAMAGE):
        raise ParseError(f"{name} is damaged:", hint="open it in a PDF viewer and save it again.") from None
    pages = tuple(page for page, _ in contents)
    return PdfContent(pages, unreadable=tuple(page.number for page, readable in contents if not readable))


def _page(page: PageObject, number: int) -> tuple[Page, bool]:
    from pypdf.errors import DeprecationError, PyPdfError

    try:
        text = page.extract_text()
    except (DeprecationError, PyPdfError, *DAMAGE):
        return Page(number, 0, (), has_content=True), False
    # Without places, lines are set as a typewriter would: a blank line leaves a gap.
    rows = [(row, line.strip()) for row, line in enumerate(text.splitlines())]
    lines = tuple(Line((line,), (0,), len(line), -row * LEADING, -row * LEADING, 1) for row, line in rows if line)
    return Page(number, 0, lines, has_content=bool(lines) or "/Resources" in page), True
