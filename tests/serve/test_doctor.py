"""What `refdesk doctor` tells, and what it complains about."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from knowledge.embedding.minilm import MiniLM
from knowledge.embedding.onnx_eight_bit import REVISION
from knowledge.embedding.processor import has_eight_bit
from serve.doctor import question_precision
from serve.machine import bf16
from tests.conftest import Refdesk


def by_name(text: str) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(text)}


def test_a_sound_installation_has_nothing_to_complain_about(refdesk: Refdesk, handbook: Path) -> None:
    done = refdesk(["--root", str(handbook), "doctor"])
    assert done.code == 0, done.out
    assert "Nothing to complain about." in done.out
    assert str(handbook / "refdesk.yaml") in done.out


def test_the_same_as_json(refdesk: Refdesk, handbook: Path) -> None:
    found = by_name(refdesk(["--root", str(handbook), "doctor", "--json"]).out)
    assert platform.python_version() in found["python"]["value"]
    assert found["telemetry"]["value"] == "off"
    assert found["bank hr"]["value"].startswith("2 documents")
    assert (found["questions"]["value"] == "embedded in 8 bits") is has_eight_bit()


def test_what_questions_are_embedded_in_is_said_and_why(tmp_path: Path) -> None:
    MiniLM(tmp_path, eight_bit=False).embed_query("a question")
    embedder = MiniLM(tmp_path, eight_bit=True)
    (full,) = tmp_path.rglob("*.onnx")
    blocking = full.parent / f"{full.stem}-eight-bit-{REVISION}.bin.part"
    blocking.mkdir()
    embedder.embed_query("a question")
    said = question_precision(embedder)
    assert said.startswith("embedded in full precision, not in 8 bits: The embedding model cannot be kept")
    blocking.rmdir()
    embedder = MiniLM(tmp_path, eight_bit=True)
    embedder.embed_query("a question")
    assert question_precision(embedder) == "embedded in 8 bits"


def test_a_key_is_reported_and_never_shown(refdesk: Refdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-words")
    done = refdesk(["--root", str(tmp_path), "doctor"])
    assert "only with a named model" in done.out
    assert "secret-words" not in done.out


def test_offline_is_reported(refdesk: Refdesk, tmp_path: Path) -> None:
    found = by_name(refdesk(["--offline", "--root", str(tmp_path), "doctor", "--json"]).out)
    assert found["connections"]["value"] == "none: --offline"


def test_a_broken_configuration_and_a_broken_bank_are_problems(refdesk: Refdesk, own_handbook: Path) -> None:
    (own_handbook / "refdesk.yaml").write_text("banks: [", "utf-8")
    (own_handbook / "banks" / "hr" / "catalog.sqlite").write_bytes(b"not a database, by any means" * 100)
    done = refdesk(["--root", str(own_handbook), "doctor", "--json"])
    found = by_name(done.out)
    assert done.code == 1
    assert "refdesk.yaml" in found["configuration"]["problem"]
    assert found["bank hr"]["problem"]
    assert not found["bank travel"]["problem"]


@pytest.mark.parametrize(
    ("text", "native"),
    [
        ("processor: 0\nflags\t\t: fpu avx512_bf16 sse\n", True),
        ("processor: 0\nflags\t\t: fpu sse\n", False),
        ("processor: 0\nFeatures\t: fp asimd bf16\n", True),
    ],
)
def test_native_bfloat16_is_read_from_the_processor_flags(tmp_path: Path, text: str, native: bool) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(text, "utf-8")
    assert bf16(cpuinfo) is native
    assert bf16(tmp_path / "missing") is None
