"""A data analyst: an agent with a tool that asks an SQLite database, which it can read and never change.

A scripted stand-in plays the model: its first statement would change data, its second has a mistake, its third works.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from agents import ReActAgent
from agents.testing import ModelStep, ScriptedModel, ScriptedRequest, tool_call
from agents.tool import Toolkit

SALES = [("north", "Q1", 120), ("north", "Q2", 150), ("south", "Q1", 200), ("south", "Q2", 90)]
MOST_ROWS = 100


class SalesDatabase:
    """Sales by region and quarter, for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE sales (region TEXT, quarter TEXT, amount INTEGER)")
            connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", SALES)

    def query_sales(self, sql: str) -> str:
        """Ask the table sales (region, quarter, amount) and get rows as JSON.

        Args:
            sql: One SELECT statement of SQLite.
        """
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute(sql).fetchmany(MOST_ROWS)
        return json.dumps([dict(row) for row in rows])


def analysis(request: ScriptedRequest) -> str:
    """What the analyst says about the rows it was given."""
    best = json.loads(request.last)[0]
    return f"The {best['region']} sold most: {best['total']}."


async def main(folder: Path) -> None:
    """Ask one question about sales."""
    database = SalesDatabase(folder / "sales.sqlite")
    toolkit = Toolkit()
    toolkit.register_tool_function(database.query_sales, timeout=10)
    script: list[ModelStep] = [
        tool_call("query_sales", sql="DELETE FROM sales"),
        tool_call("query_sales", sql="SELECT region, sum(amuont) FROM sales"),
        tool_call("query_sales", sql="SELECT region, sum(amount) AS total FROM sales GROUP BY region ORDER BY 2 DESC"),
        analysis,
    ]
    analyst = ReActAgent("Analyst", "You answer questions about sales.", ScriptedModel(script), toolkit=toolkit)
    reply = await analyst("Which region sold most?")
    for msg in await analyst.memory.get_memory():
        results: list[Any] = msg.get_content_blocks("tool_result")
        for result in results:
            print(f"tool: {result['output']}")
    print(f"{reply.name}: {reply.content}")


if __name__ == "__main__":
    with TemporaryDirectory() as name:
        asyncio.run(main(Path(name)))
