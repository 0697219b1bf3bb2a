"""The page that maps the tutorial to this project: what it names exists, and no section of the tutorial is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.agents.tutorial.blocks import TUTORIAL, needs_tutorial

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tutorial-coverage.md").read_text("utf-8")
NAMED = re.findall(r"`([\w/.]+\.py)::(test_\w+)`", PAGE)
PLACES = re.findall(r"^\| [^|]*\| `([\w/.]+)`", PAGE, re.MULTILINE)
HEADING = re.compile(r"^(#{2,3} .+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("file", "test"), sorted(set(NAMED)))
def test_a_test_that_the_page_names_exists(file: str, test: str) -> None:
    path = ROOT / "tests" / file.replace("tutorial/", "agents/tutorial/")
    assert f"def {test}(" in path.read_text("utf-8")


@pytest.mark.parametrize("place", sorted({*PLACES, *re.findall(r"`(examples/\w+\.py)`", PAGE)}))
def test_a_place_that_the_page_names_exists(place: str) -> None:
    assert (ROOT / place).exists()


@needs_tutorial
def test_every_section_of_the_tutorial_is_on_the_page() -> None:
    sections = HEADING.findall(FENCED.sub("", TUTORIAL.read_text("utf-8")))
    readings, *others = HEADING.findall(PAGE)
    assert readings == "## How ambiguous lines are read"
    assert others == sections
