"""The sections of refdesk.yaml that say what goes into banks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.settings import read_settings
from knowledge.card import RerankerSpec
from knowledge.embedding.embedder import EmbedderIdentity
from knowledge.errors import ConfigError
from knowledge.settings import load_config

IDENTITY = EmbedderIdentity("hashing", 64, "none", 256)


def complaint(folder: Path, text: str) -> str:
    path = folder / "refdesk.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_settings(load_config(path), path)
    return caught.value.sentence.removeprefix(str(path))


def test_a_bank_is_declared_with_sources_and_access(tmp_path: Path) -> None:
    text = """
banks:
  hr:
    title: Handbook
    sources: [docs, "notes/**/*.md"]
    access:
      - {title: "*Internal*", allow: [staff]}
      - {path: "private/*", allow: [board]}
    chunking: {tokens: 128}
ingest: {workers: 2, max_file_mb: 10, suffixes: [.md]}
model: {name: none}
"""
    (tmp_path / "refdesk.yaml").write_text(text)
    settings = read_settings(load_config(tmp_path / "refdesk.yaml"), tmp_path / "refdesk.yaml")
    card = settings.banks["hr"].card("hr", IDENTITY, tmp_path)
    assert (card.title, card.chunking.tokens) == ("Handbook", 128)
    assert card.allow("Internal: pay", "/x") == {"staff"}
    assert card.allow("Pay", f"{tmp_path}/private/a.md") == {"board"}
    assert card.allow("Pay", "/elsewhere/private/a.md") == {"public"}
    assert (settings.ingest.workers, settings.ingest.limits.max_file_mb, settings.ingest.suffixes) == (2, 10, [".md"])


def test_mistakes_are_named_with_their_line_and_what_was_expected(tmp_path: Path) -> None:
    assert complaint(tmp_path, "banks:\n  hr:\n    sources: docs\n") == (
        ", line 3: banks.hr.sources should be a list, as in ['docs']."
    )
    assert complaint(tmp_path, "banks:\n  hr:\n    titel: x\n").startswith(
        ", line 3: banks.hr.titel is not a setting; write one of title, description, sources"
    )
    assert ", line 4: banks.hr.access.0.alow is not a setting; write one of allow, title, path." in complaint(
        tmp_path, "banks:\n  hr:\n    access:\n      - alow: [staff]\n        allow: [staff]\n"
    )
    assert complaint(tmp_path, "ingest:\n  workers: many\n").startswith(", line 2: ingest.workers should be a valid")
    assert complaint(tmp_path, "banks:\n  h/r: {}\n").startswith(", line 2: 'h/r' cannot name a bank")
    assert ", line 3: banks.hr.reranker.passages should be" in complaint(
        tmp_path, "banks:\n  hr:\n    reranker: {model: m, passages: 1}\n"
    )
    assert complaint(tmp_path, "banks: [a]\n").startswith(", line 1: banks should hold `name: value` lines")


def test_chunks_may_not_be_longer_than_the_model_reads(tmp_path: Path) -> None:
    settings = read_settings({"banks": {"hr": {"chunking": {"tokens": 512}}}}, None)
    with pytest.raises(ConfigError, match="reads at most 256 tokens"):
        settings.banks["hr"].card("hr", IDENTITY, tmp_path)


def test_a_bank_has_a_reranker_where_one_is_named(tmp_path: Path) -> None:
    settings = read_settings({"banks": {"hr": {"reranker": {"model": "models/order"}}, "it": {}}}, None)
    assert settings.banks["hr"].card("hr", IDENTITY, tmp_path).reranker == RerankerSpec("models/order", 30, "auto")
    assert settings.banks["it"].card("it", IDENTITY, tmp_path).reranker is None
