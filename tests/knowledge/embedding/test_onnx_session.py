"""ONNX Runtime behind the encoder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import contextlib
from pathlib import Path
from knowledge.embedding.onnx_session import OnnxEncoder
with contextlib.suppress(Exception):
    OnnxEncoder(Path("nothing.onnx"))
import onnxruntime
"""


def test_a_program_that_embeds_leaves_no_mark_of_its_machine_and_tells_nobody(tmp_path: Path) -> None:
    """What ONNX Runtime would send, it first writes to the home folder, with an id of the device."""
    environment = {"HOME": str(tmp_path), "PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, check=True)
    assert not [*tmp_path.rglob("*")]
