"""Every example runs as it stands and prints what it is there to show."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOWN = {
    "five_lines": ["hr: 3 new", "leave.md, Leave: Every employee has 25 days"],
    "llamaindex_drop_in": [
        "Remote work",
        "20 days a year",
        "> Source (Doc id: hr/",
        "hr: Answers questions",
        "140 euros",
    ],
    "customer_service": [
        "Tier1: Expedited shipping: 2–3 business days. [1]",
        "credit_cards_credit_card_replacements_002.md",
        "Tier2: Verify the customer's identity using standard verification procedures. [1] Ticket 1 is open",
        "(for [['staff']])",
        "Tickets: ['stolen card, replacement wanted']",
    ],
    "data_analyst": [
        "attempt to write a readonly database",
        "no such column: amuont",
        "Analyst: The south sold most: 290.",
    ],
    "group_chat": [
        "Cleo: I have heard 2.",
        "Ben heard: host, Ada, Ada, Cleo\n",
        "Cleo heard: Ada, Ben, host\n",
    ],
    "research_team": [
        "Data: In 2024, 14 per cent of firms",
        "Writer: Report: In 2024, 14 per cent of firms in the sample used AI; their staff grew by 2 per cent. Two of",
        "Both searches at once: True",
    ],
    "distributed": [
        "Desk: Every employee has 25 days of annual leave a year. [1]\n\n[1] leave.md\n",
        "It remembers 2 messages.",
        "200 tasks of 20 agents: all right: True",
    ],
    "watched": [
        "It is five.\n  monitored_agent_call\n  invoke_agent Monitored\n  chat scripted\n  execute_tool add\n",
    ],
    "first_agent": [
        "Assistant: Six times seven is 42.",
        "Assistant: You asked 2 times.",
        "6 messages are in the file.",
    ],
    "knowledge_team": [
        "Coordinator: Every employee has 25 days of annual leave a year. [1]",
        "later they expire. [1]\n\n[1] leave.md",
        "Tech_Expert: The build server is restarted every Sunday",
        "People_Expert: Hotel, a night; Limit: 140 euros",
        "Expert: The documents do not answer this question.",
    ],
    "mcp_agent": [
        "Tools: get_weather\n",
        "Weather_Assistant: The weather: Porto: rain, Faro: sun",
    ],
    "steady_work": [
        "Attempt 2: Primary failed.\nFallback: The short version.",
        "Over budget: True, alerts: 1",
        "Briefly: yes. Heard before: A long analysis",
        "Restored: dry, ['Remember me', 'Noted.']",
    ],
    "ask_with_model": [
        "25 days of annual leave a year. [1]",
        "Left out, since no passage supports it: After ten years a sabbatical of six months is due.",
        "Written by a scripted model at 127.0.0.1:",
    ],
}


def test_every_example_is_run() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SHOWN)


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_an_example_shows_what_it_promises(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [words for words in SHOWN[name] if words not in done.stdout] == [], done.stdout
