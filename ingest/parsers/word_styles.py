"""What the styles of a Word document say about its paragraphs, also where an organisation named them itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BUILT_IN_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop)\s*([1-9])$", re.IGNORECASE)
HOUSE_HEADING = re.compile(r"head(?:ing)?\s*-?([a-f])$", re.IGNORECASE)
TITLE = re.compile(r"(?:title|(?:chapter|appendix|part|book|document)\s*-?title)$", re.IGNORECASE)
CODE = re.compile(r"code|preformatted|verbatim|source text|macro text", re.IGNORECASE)
NOT_CODE = re.compile(r"label|caption|title|head|char$", re.IGNORECASE)
LIST = re.compile(r"list(?!ing|\s*head)|bullet", re.IGNORECASE)
TABLE_HEADER = re.compile(r"table\s*head", re.IGNORECASE)
MONOSPACE = re.compile(
    r"\bmono|mono\b|courier|consolas|menlo|monaco|inconsolata|fira code|source code|lucida console", re.IGNORECASE
)
LONGEST_CHAIN = 20


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style: heading level or 0, and what else its name and settings say."""

    name: str = ""
    level: int = 0
    is_code: bool = False
    is_list: bool = False
    is_table_header: bool = False
    numbering: str = ""


class Styles:
    """The paragraph styles of one document, by id."""

    def __init__(self, root: Any) -> None:
        self._elements = {style.get(f"{W}styleId"): style for style in root.iterfind(f"{W}style")}
        self._known: dict[str, Style] = {}
        self.default = next(
            (key for key, style in self._elements.items() if style.get(f"{W}default") and _is_paragraph(style)), ""
        )

    def get(self, style_id: str | None) -> Style:
        """The style with this id; a plain one where there is none."""
        key = style_id or self.default
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, key: str) -> Style:
        chain = self._chain(key)
        if not chain:
            return Style()
        names = [_value(style.find(f"{W}name")) for style in chain]
        level = next((level for style, name in zip(chain, names, strict=True) if (level := _level(style, name))), 0)
        fonts = chain[0].find(f"{W}rPr/{W}rFonts")
        font = fonts.get(f"{W}ascii") or "" if fonts is not None else ""
        code = CODE.search(names[0]) or MONOSPACE.search(font)
        numbered = next((n for style in chain if (n := style.find(f"{W}pPr/{W}numPr/{W}numId")) is not None), None)
        return Style(
            name=names[0],
            level=level,
            is_code=bool(code) and not NOT_CODE.search(names[0]),
            is_list=bool(LIST.search(names[0])),
            is_table_header=bool(TABLE_HEADER.match(names[0])),
            numbering=_value(numbered),
        )

    def _chain(self, key: str) -> list[Any]:
        """The style and those that it is based on; a circle of them ends."""
        chain: list[Any] = []
        while key in self._elements and len(chain) < LONGEST_CHAIN:
            chain.append(self._elements[key])
            key = _value(chain[-1].find(f"{W}basedOn"))
        return chain


def _level(style: Any, name: str) -> int:
    """The heading level that one style of a chain sets."""
    outline = _value(style.find(f"{W}pPr/{W}outlineLvl"))
    if outline.isdigit() and int(outline) < 9:
        return min(6, int(outline) + 1)
    if found := BUILT_IN_HEADING.match(name):
        return min(6, int(found[1]))
    if found := HOUSE_HEADING.match(name):
        # A, B, C heads stand below the title of a chapter.
        return ord(found[1].lower()) - ord("a") + 2
    return 1 if TITLE.match(name) else 0


def _is_paragraph(style: Any) -> bool:
    return bool(style.get(f"{W}type") == "paragraph")


def _value(element: Any) -> str:
    return element.get(f"{W}val") or "" if element is not None else ""
