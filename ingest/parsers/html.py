"""HTML: what a reader of the page would see, as text with headings, lists, tables and code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.decoding import decode
from ingest.parsers.assembly import Assembly
from ingest.parsers.html_text import HtmlText
from ingest.parsers.titles import clean_title, sensible_title, title_from_name
from ingest.structure import ParsedDocument
from knowledge.errors import ParseError
from knowledge.types import MetadataValue

if TYPE_CHECKING:
    from lxml.etree import _Element

SIGNATURE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body|\?xml[^>]*>\s*<!doctype\s+html)[\s>]",
    re.I | re.S,
)
CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
# Names that pages are found under although they promise something else, or nothing.
DISGUISES = frozenset({"", ".pdf", ".doc", ".xls", ".asp", ".aspx", ".jsp", ".mhtml", ".cgi"})
LEAST_MAIN_WORDS = 50
DECLARED = ("author", "description")


class HtmlParser:
    """Pages, complete or not, however malformed; nothing they refer to is fetched."""

    name = "html"
    version = 1
    suffixes = (".html", ".htm", ".xhtml")
    media_type = "text/html"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """Anything named as HTML, and what begins like HTML unless its name says that it is text."""
        return suffix in self.suffixes or (suffix in DISGUISES and bool(SIGNATURE.match(head)))

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The visible text; the title is that of the page, else its first heading of the highest rank."""
        found = CHARSET.search(data, 0, 4096)
        decoded = decode(data, declared=found[1].decode("ascii", "replace") if found else "")
        root = _tree(decoded.text, name)
        assembly = Assembly()
        HtmlText(assembly).read(_main(root))
        own = _title(root) or assembly.first_heading()
        return ParsedDocument(
            text=assembly.text,
            title=own or title_from_name(name),
            media_type=self.media_type,
            blocks=tuple(assembly.blocks),
            metadata=_metadata(root),
            notes=decoded.notes,
            own_title=own,
        )


def _tree(text: str, name: str) -> _Element:
    from lxml import etree

    # The declared encoding is overruled by the one that was found; size and depth are the worker's to limit.
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.LxmlError as error:
        raise ParseError(f"{name} is not readable HTML ({error}):", hint="save the page again.") from None
    if any("depth" in entry.message for entry in parser.error_log):
        raise ParseError(f"{name} nests its elements too deeply to be read:", hint="save the page again, or as text.")
    if root is None:
        raise ParseError(f"{name} holds no HTML elements:", hint="give it the suffix of what it is.")
    return root


def _main(root: _Element) -> _Element:
    """The one element that the page declares to be its content, if it holds most of what there is to read."""
    found = root.xpath("//main | //*[@role='main']")
    if len(found) != 1:
        return root
    return found[0] if len("".join(found[0].itertext()).split()) > LEAST_MAIN_WORDS else root


def _title(root: _Element) -> str:
    element = root.find("head/title")
    return sensible_title("".join(map(str, element.itertext()))) if element is not None else ""


def _metadata(root: _Element) -> dict[str, MetadataValue]:
    declared = {str(meta.get("name")).lower(): meta.get("content") or "" for meta in root.iterfind("head/meta[@name]")}
    values = {key: clean_title(declared.get(key, "")) for key in DECLARED}
    values["language"] = clean_title(root.get("lang") or "")
    return {key: value for key, value in values.items() if value}
