"""A process that adds messages and says so after each, for tests that kill it or let it compete.

python talking.py KIND PATH NAME COUNT SIZE
"""

from __future__ import annotations

import sys
from pathlib import Path

from agents.memory import FileDumpMemory, MemoryBase, SQLiteMemory
from agents.message import Msg


def main(kind: str, path: str, name: str, count: str, size: str) -> None:
    memory: MemoryBase = FileDumpMemory(Path(path)) if kind == "file" else SQLiteMemory(Path(path))
    for at in range(int(count)):
        memory.append_turn([Msg(name, f"{at} {'x' * int(size)}"), Msg(name, f"{at} done")])
        print(at, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
