"""The tutorial is executed whole: every block of it is run by a test of this folder."""

from __future__ import annotations

from pathlib import Path

from tests.agents.tutorial.blocks import blocks, needs_tutorial, renamed

HERE = Path(__file__).parent


def test_imports_are_renamed_by_the_table_and_nothing_else() -> None:
    assert renamed("from agentscope.agent import ReActAgent") == "from agents import ReActAgent"
    assert renamed("from agentscope.rag.llama_index_knowledge import X") == "from agents.rag import X"
    assert renamed("from agentscope.utils.exceptions import X") == "from agents.exceptions import X"
    assert renamed("from agentscope.utils import BudgetManager") == "from agents.budget import BudgetManager"
    assert renamed("import agentscope\nagentscope.init()") == "import agents\nagents.init()"
    assert renamed("agent = agentscopes") == "agent = agentscopes"


@needs_tutorial
def test_the_tutorial_has_the_blocks_that_are_tested_here() -> None:
    assert len(blocks()) == 22
