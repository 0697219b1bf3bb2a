"""A one-shot command answers from a cold start without loading what only ingestion needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
NOT_NEEDED = {
    "chromadb",
    "llama_index",
    "onnx",
    "openai",
    "sentence_transformers",
    "torch",
    "transformers",
    "unstructured",
}


@pytest.mark.parametrize("command", ["ask", "search"])
def test_an_answer_loads_no_torch_no_chroma_and_no_llama_index(handbook: Path, command: str) -> None:
    script = (
        "import sys\nfrom serve.cli import main\n"
        f"code = main(['--root', {str(handbook)!r}, {command!r}, 'How many days of paid leave are there?'])\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules})\nsys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    answer, _, loaded = done.stdout.partition("loaded:")
    assert "25 days" in answer
    assert not set(loaded.split()) & NOT_NEEDED
