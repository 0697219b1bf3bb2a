"""Puts a canonical text together block by block, for formats that are not text themselves."""

from __future__ import annotations

from ingest.decoding import visible
from ingest.parsers.titles import clean_title
from ingest.structure import Block, BlockKind

CELL_SEPARATOR = " | "


class Assembly:
    """Blocks in the order in which they are added, with blank lines between them and exact spans."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._length = 0
        self._groups = 0

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)

    @property
    def length(self) -> int:
        """Code points so far."""
        return self._length

    def new_group(self) -> int:
        """A number for the rows of one table or the items of one list."""
        self._groups += 1
        return self._groups

    def add(self, kind: BlockKind, content: str, *, level: int = 0, group: int = 0) -> bool:
        """Append a block, cleaned and trimmed; False, and nothing happens, where no text is left of it."""
        content = visible(content).replace("\xa0", " ")
        content = content.rstrip().lstrip("\r\n") if kind is BlockKind.CODE else content.strip()
        if not content.strip():
            return False
        together = bool(group and self.blocks and self.blocks[-1].group == group)
        self.append("\n" if together else "\n\n" if self._parts else "")
        label = clean_title(content) if kind is BlockKind.HEADING else ""
        start, end = self._length, self._length + len(content)
        self.blocks.append(Block(kind, start, end, level=level, label=label, group=group))
        self.append(content)
        return True

    def add_row(self, cells: list[str], *, group: int, header: bool = False) -> bool:
        """Append one row of a table; False where all its cells are empty."""
        flat = [" ".join(cell.split()) for cell in cells]
        kind = BlockKind.TABLE_HEADER if header else BlockKind.TABLE_ROW
        return any(flat) and self.add(kind, CELL_SEPARATOR.join(flat), group=group)

    def append(self, raw: str) -> None:
        """Append what belongs to no block."""
        self._parts.append(raw)
        self._length += len(raw)

    def first_heading(self) -> str:
        """The label of the first heading of the highest rank."""
        headings = [block for block in self.blocks if block.kind is BlockKind.HEADING]
        return min(headings, key=lambda block: block.level).label if headings else ""
