"""What people see in a terminal: answers, passages and citations; plain text when piped.

Text of documents is printed as it is, never as markup, and without characters that steer a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from knowledge.answers.markup import plain
from knowledge.types import Answer, AnswerSentence, Citation, Passage, Scores

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH = 100_000
SNIPPET = 320
CLOSEST_SHOWN = 3

STEERING = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NO_ANSWER = "The documents do not answer this question."


def console(*, stderr: bool = False) -> Console:
    """A console on standard output or error; lines are wrapped and coloured only on a terminal."""
    from rich.console import Console  # keeps `--help` light

    made = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    return (
        made
        if made.is_terminal
        else Console(stderr=stderr, markup=False, emoji=False, highlight=False, no_color=True, width=PIPED_WIDTH)
    )


def printable(text: str) -> str:
    """`text` without control and direction characters, which could steer a terminal or disguise words."""
    return STEERING.sub("", text.replace("\r\n", "\n"))


def readable(text: str) -> str:
    """Document text as one printable line without inline Markdown; for display only."""
    return printable(plain(text))


def shortened(text: str, limit: int = SNIPPET) -> str:
    """`text` cut at a word, with an ellipsis, where it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[:limit].rsplit(' ', 1)[0]} …"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 bank`, `2 banks`; `plural` where it is more than an s at the end."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def shown_path(uri: str) -> str:
    """A document's address for people: a file as a path, relative to the working folder where it lies inside."""
    path = local_path(uri)
    if path is None:
        return printable(uri)
    try:
        return printable(str(path.relative_to(Path.cwd())))
    except ValueError:
        return printable(str(path))


def local_path(uri: str) -> Path | None:
    """The path that `uri` names, given as a path or a `file:` address; None for any other address."""
    if uri.startswith("file:"):
        path = unquote(urlsplit(uri).path)
        return Path(path[1:] if re.match(r"/[A-Za-z]:", path) else path)
    return None if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", uri) else Path(uri)


def pages(first: int | None, last: int | None) -> str:
    """`page 3`, `pages 3 to 4`, or nothing for a document without pages."""
    if first is None:
        return ""
    return f"page {first}" if last in (None, first) else f"pages {first} to {last}"


def where(uri: str, page: str, headings: Sequence[str]) -> str:
    """File, then page, then heading path, as far as they are known."""
    path = " › ".join(readable(heading) for heading in headings)
    return " · ".join(part for part in (shown_path(uri), page, path) if part)


def source_line(citation: Citation) -> str:
    """File, and page or heading."""
    return where(citation.uri, pages(citation.page, None), citation.headings)


def citation_line(citation: Citation) -> str:
    """File, page or heading, and the quoted words."""
    return f"{source_line(citation)} · “{shortened(readable(citation.quote))}”"


def passage_line(passage: Passage) -> str:
    """Title, file, pages and heading of a passage."""
    below_title = passage.headings[1:] if passage.headings[:1] == (passage.title,) else passage.headings
    place = where(passage.uri, pages(passage.page_first, passage.page_last), below_title)
    return f"{readable(passage.title)} · {place}"


def scores_line(scores: Scores) -> str:
    """How a passage's total came about."""
    return (
        f"total {scores.total:.3f} · cosine {scores.cosine:.3f} → dense {scores.dense:.3f}"
        f" · BM25 {scores.bm25:.2f} → lexical {scores.lexical:.3f} · link +{scores.link:.3f}"
        f" · document +{scores.document:.3f}" + (f" · rerank {scores.rerank:+.3f}" if scores.rerank else "")
    )


def print_answer(answer: Answer, out: Console) -> None:
    """The answer with numbered citations, or the abstention with what was closest, and who wrote it."""
    if answer.abstained:
        out.print(printable(answer.text) or NO_ANSWER, style="bold")
        print_closest(answer.closest[:CLOSEST_SHOWN], out)
    else:
        numbers = {citation: number for number, citation in enumerate(answer.citations, 1)}
        for line in answer_lines(answer, numbers):
            out.print(_with_phrase(*line, out))
        out.print()
        shown = {sentence.text for sentence in answer.sentences if not answer.model and is_quoted(sentence)}
        for citation, number in numbers.items():
            repeated = readable(citation.quote) in shown
            print_indented(f"[{number}]", source_line(citation) if repeated else citation_line(citation), out)
    for note in notes(answer):
        out.print(note, style="dim")


def is_quoted(sentence: AnswerSentence) -> bool:
    """Whether the sentence is, but for its mark-up, the words of one of its citations."""
    return sentence.text in [readable(citation.quote) for citation in sentence.citations]


def answer_lines(answer: Answer, numbers: dict[Citation, int]) -> Iterable[tuple[str, str, str]]:
    """The answer with the numbers of its citations: each line before, in and behind what answers by itself.

    A model's text carries these numbers already.
    """
    if answer.model or not answer.sentences:
        yield printable(answer.text), "", ""
        return
    for sentence in answer.sentences:
        marks = "".join(f"[{numbers[citation]}]" for citation in dict.fromkeys(sentence.citations))
        before, phrase, after = map(printable, sentence.parts)
        begins, ends = ("“", "”") if is_quoted(sentence) else ("", "")
        yield f"{begins}{before}", phrase, f"{after}{ends} {marks}"


def _with_phrase(before: str, phrase: str, after: str, out: Console) -> Text | str:
    """A line with its phrase in bold on a terminal, between asterisks elsewhere."""
    from rich.text import Text  # keeps `--help` light

    if out.is_terminal:
        return Text.assemble(before, (phrase, "bold"), after)
    return f"{before}**{phrase}**{after}" if phrase else f"{before}{after}"


def notes(answer: Answer) -> Iterable[str]:
    """Who wrote the answer, from which banks, how long it took, and what was left out."""
    if answer.dropped:
        yield f"Left out, since no passage supports it: {' '.join(readable(text) for text in answer.dropped)}"
    writer = f"{answer.model} at {answer.host}" if answer.model else "quoted, no language model"
    seconds = sum(answer.timings.values())
    parts = (writer, f"banks: {', '.join(answer.banks)}" if answer.banks else "", f"{seconds:.2f} s" if seconds else "")
    yield " · ".join(part for part in parts if part)


def print_closest(passages: Sequence[Passage], out: Console) -> None:
    """What came nearest, below an abstention."""
    if passages:
        out.print("Closest:")
    for passage in passages:
        print_indented("-", f"{passage_line(passage)} · “{shortened(readable(passage.text), 160)}”", out)


def print_passages(passages: Sequence[Passage], out: Console, *, explain: bool = False) -> None:
    """A numbered list of passages; with `explain`, the scores of each."""
    if not passages:
        out.print("No passage found.")
    for number, passage in enumerate(passages, 1):
        print_indented(f"{number}.", f"{passage.bank}: {passage_line(passage)}", out, style="bold")
        print_indented("", _snippet(passage), out)
        if explain:
            print_indented("", scores_line(passage.scores), out, style="dim")


def _snippet(passage: Passage) -> str:
    """Its beginning, or that of the chunk that was found."""
    skipped = passage.best.start - passage.start
    return f"{'… ' if skipped else ''}{shortened(readable(passage.text[skipped:]))}"


def print_indented(mark: str, text: str, out: Console, *, style: str = "") -> None:
    """`mark`, then `text` hanging beside it over as many lines as it takes."""
    from rich.table import Table  # keeps `--help` light
    from rich.text import Text

    row = Table.grid(padding=(0, 1))
    row.add_column(width=4, no_wrap=True, justify="right")
    row.add_column(overflow="fold")
    row.add_row(Text(mark, style="cyan"), Text(text, style=style))
    out.print(row if out.is_terminal else f"{mark:>4} {text}", soft_wrap=True)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]], out: Console) -> None:
    """A table on a terminal; tab-separated lines when piped."""
    from rich.table import Table  # keeps `--help` light
    from rich.text import Text

    cells = [[printable(cell).replace("\t", " ").replace("\n", " ") for cell in row] for row in rows]
    if not out.is_terminal:
        for row in [list(headings), *cells]:
            out.file.write("\t".join(row) + "\n")  # rich would turn tabs into spaces
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    out.print(table)
