"""Citations as the page shows them, and words of documents as Markdown that says exactly those words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from knowledge.types import AnswerSentence, Citation, Passage
from serve.store.messages import CitedPlace

CLOSEST = 5
SHOWN_OF_CLOSEST = 400
# What Markdown would take for mark-up, or the page for a mark of a citation.
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")
BEGINS_BLOCK = re.compile(r"^([-+=]|\d{1,9}[.)](?=\s|$))")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>#|~$!&.)+=-])|\*\*")
LIST_ITEM = "- "
# Where a phrase begins and ends while it is made Markdown: characters that are none (Unicode 16, section 23.7).
BEGINS, ENDS = "\ufdd0", "\ufdd1"
AROUND = frozenset(" \t\n.,;:!?()[]\"'“”‘’")


def cited_places(sentences: Iterable[AnswerSentence]) -> tuple[CitedPlace, ...]:
    """The citations of the sentences, each once, numbered in order of appearance as the marks in the text are."""
    each = dict.fromkeys(citation for sentence in sentences for citation in sentence.citations)
    return tuple(as_place(citation, number) for number, citation in enumerate(each, 1))


def closest_places(passages: Sequence[Passage]) -> tuple[CitedPlace, ...]:
    """The beginnings of the nearest passages, for a reader whose question they do not answer."""
    return tuple(as_place(_beginning(passage), number) for number, passage in enumerate(passages[:CLOSEST], 1))


def as_place(citation: Citation, number: int) -> CitedPlace:
    """The citation under its number."""
    return CitedPlace(
        number=number,
        title=citation.title,
        bank=citation.bank,
        uri=citation.uri,
        document_id=citation.document_id,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        page=citation.page,
        headings=citation.headings,
        kind="pdf" if citation.page is not None else "text",
    )


def marked_sentences(sentences: Sequence[AnswerSentence]) -> list[str]:
    """Quoted sentences as Markdown, each with its marks, and in bold what answers by itself."""
    numbers: dict[Citation, int] = {}
    parts = []
    for sentence in sentences:
        marks = dict.fromkeys(numbers.setdefault(citation, len(numbers) + 1) for citation in sentence.citations)
        parts.append(f"{_quoted(sentence)} {''.join(f'[{number}]' for number in marks)}".rstrip())
    return parts


def escaped(quote: str) -> str:
    """Words of a document as Markdown; the lines of a list stay one."""
    return "\n".join(_escaped_line(line) for line in quote.split("\n"))


def unescaped(markdown: str) -> str:
    """The words that `escaped` was given, whatever of them is in bold."""
    return ESCAPED.sub(lambda found: found.group(1) or "", markdown)


def _quoted(sentence: AnswerSentence) -> str:
    before, phrase, after = sentence.parts
    if not _can_be_bold(before, phrase, after) or BEGINS in sentence.text or ENDS in sentence.text:
        return escaped(sentence.text)
    return escaped(f"{before}{BEGINS}{phrase}{ENDS}{after}").replace(BEGINS, "**").replace(ENDS, "**")


def _can_be_bold(before: str, phrase: str, after: str) -> bool:
    """Whether Markdown takes asterisks around the phrase for marks: between a sign and a letter it does not."""
    return (
        bool(phrase)
        and (phrase[0].isalnum() or not before or before[-1] in AROUND)
        and (phrase[-1].isalnum() or not after or after[0] in AROUND)
    )


def _escaped_line(line: str) -> str:
    """One line, which begins where it begins: space before it would make it code."""
    if line.startswith(LIST_ITEM):
        return LIST_ITEM + _escaped_text(line.removeprefix(LIST_ITEM))
    return _escaped_text(line)


def _escaped_text(text: str) -> str:
    return BEGINS_BLOCK.sub(_escaped_beginning, MARKUP.sub(r"\\\1", text.lstrip()))


def _escaped_beginning(found: re.Match[str]) -> str:
    mark = found.group(1)
    return f"{mark[:-1]}\\{mark[-1]}"


def _beginning(passage: Passage) -> Citation:
    end = min(passage.end, passage.start + SHOWN_OF_CLOSEST)
    if end < passage.end:
        words = passage.text[: end - passage.start].rsplit(maxsplit=1)
        end = passage.start + len(words[0]) if len(words) == 2 else end
    return passage.cite(passage.start, end)
