from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from serve.sources.originals import Originals

DATA = b"%PDF-1.4 the report"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(DATA)
    return path


@pytest.fixture
def originals() -> Originals:
    return Originals(max_file_mb=1)


def test_a_file_that_was_ingested_is_given_out(originals: Originals, report: Path) -> None:
    found = originals.read(str(report), DIGEST)
    assert found is not None
    assert (found.name, found.data) == ("report.pdf", DATA)
    assert originals.read(str(report), DIGEST) is found


def test_a_file_that_was_changed_is_not(originals: Originals, report: Path) -> None:
    assert originals.read(str(report), DIGEST)
    report.write_bytes(b"%PDF-1.4 the secret")
    assert originals.read(str(report), DIGEST) is None
    report.unlink()
    assert originals.read(str(report), DIGEST) is None


def test_a_link_to_something_else_in_its_place_is_not(originals: Originals, report: Path) -> None:
    secret = report.with_name("secret.txt")
    secret.write_text("the key of the house")
    report.unlink()
    report.symlink_to(secret)
    assert originals.read(str(report), DIGEST) is None
    report.unlink()
    report.symlink_to("/dev/zero")
    assert originals.read(str(report), DIGEST) is None
    report.unlink()
    os.mkfifo(report)
    assert originals.read(str(report), DIGEST) is None


@pytest.mark.parametrize("uri", ["", "report.pdf", "https://example.org/a.pdf", "stdin:x", "/etc/passwd", "/nul\0l"])
def test_nothing_else_is(originals: Originals, uri: str) -> None:
    assert originals.read(uri, DIGEST) is None


def test_a_file_beyond_the_limit_is_not(report: Path) -> None:
    assert Originals(max_file_mb=0.00001).read(str(report), DIGEST) is None


def test_memory_is_bounded(tmp_path: Path) -> None:
    originals = Originals(max_file_mb=1, kept_bytes=100)
    first = None
    for at in range(4):
        data = bytes([at]) * 60
        (tmp_path / f"{at}.pdf").write_bytes(data)
        found = originals.read(str(tmp_path / f"{at}.pdf"), hashlib.sha256(data).hexdigest())
        assert found is not None
        first = first or found
    again = originals.read(str(tmp_path / "0.pdf"), hashlib.sha256(bytes(60)).hexdigest())
    assert again == first
    assert again is not first
