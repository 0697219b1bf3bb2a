"""Source code and configuration: the text is the file, each top-level definition a block."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from itertools import pairwise

from ingest.decoding import decode
from ingest.parsers.lines import Lines
from ingest.parsers.titles import clean_title
from ingest.structure import Block, BlockKind, ParsedDocument

LANGUAGES = {
    "python": (".py", ".pyi"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "typescript": (".ts", ".tsx"),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java",),
    "kotlin": (".kt", ".kts"),
    "swift": (".swift",),
    "scala": (".scala",),
    "c": (".c", ".h"),
    "c++": (".cc", ".cpp", ".cxx", ".hh", ".hpp"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "perl": (".pl", ".pm"),
    "lua": (".lua",),
    "r": (".r",),
    "julia": (".jl",),
    "shell": (".sh", ".bash", ".zsh", ".ps1", ".bat"),
    "sql": (".sql",),
    "css": (".css", ".scss", ".less"),
    "toml": (".toml",),
    "yaml": (".yaml", ".yml"),
    "json": (".json", ".jsonl"),
    "ini": (".ini", ".cfg", ".conf", ".properties"),
    "terraform": (".tf", ".hcl"),
    "protobuf": (".proto",),
    "graphql": (".graphql",),
}
BY_SUFFIX = {suffix: language for language, suffixes in LANGUAGES.items() for suffix in suffixes}
# What closes the definition above it, or goes on with it, and so begins nothing.
CONTINUES = re.compile(r"[\s)\]}]|else\b|elif\b|except\b|finally\b|catch\b|end\b|done\b|fi\b|esac\b")


class SourceCodeParser:
    """Cut at top-level definitions: by the syntax tree for Python, by layout for everything else."""

    name = "source-code"
    version = 1
    suffixes = tuple(BY_SUFFIX)
    media_type = "text/x-source"

    def accepts(self, head: bytes, suffix: str) -> bool:
        """What is named as source code."""
        return suffix in BY_SUFFIX

    def parse(self, data: bytes, name: str) -> ParsedDocument:
        """The decoded file, titled with its name."""
        decoded = decode(data)
        lines = Lines(decoded.text)
        suffix = re.search(r"\.\w+$", name)
        language = BY_SUFFIX.get(suffix[0].lower(), "text") if suffix else "text"
        starts = (_python_starts(decoded.text) if language == "python" else None) or _layout_starts(lines)
        return ParsedDocument(
            text=decoded.text,
            title=clean_title(name.rsplit("/", 1)[-1]),
            media_type=f"text/x-{language}",
            blocks=tuple(_blocks(lines, starts)),
            metadata={"language": language},
            notes=decoded.notes,
            own_title="",
        )


def _blocks(lines: Lines, starts: list[int]) -> Iterator[Block]:
    for first, beyond in pairwise(sorted({0, *starts, len(lines)})):
        start, end = lines.span(first, beyond)
        if start < end:
            # The first line keeps its indentation.
            start = max(lines.start(first), lines.text.rfind("\n", 0, start) + 1)
            yield Block(BlockKind.CODE, start, end)


def _python_starts(text: str) -> list[int] | None:
    """The lines on which functions, classes and methods begin; None where Python cannot read the file."""
    try:
        with warnings.catch_warnings():
            # Other people's escape sequences are not our warnings.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    starts: list[int] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            members = node.body if isinstance(node, ast.ClassDef) else []
            methods = [member for member in members if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)]
            starts += [_first_line(definition) for definition in (node, *methods)]
            starts.append(node.end_lineno or 0)
    return starts


def _first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1


def _layout_starts(lines: Lines) -> list[int]:
    """Lines at the left margin after a blank line: where most languages begin something new."""
    starts: list[int] = []
    blank = True
    for number in range(len(lines)):
        line = lines.text[lines.start(number) : lines.start(number + 1)]
        if blank and line.strip() and not CONTINUES.match(line):
            starts.append(number)
        blank = not line.strip()
    return starts
