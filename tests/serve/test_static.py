"""What is served as the page is what `make web` makes of web/, as it is now."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
STATIC = ROOT / "serve" / "static"
WEB = ROOT / "web"
UNBUILT = {"node_modules", "dev"}
FIRST_LOAD = 300_000
FAULT = "Run `make web` and commit serve/static with it."


def digests(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder): path for path in paths}
    return {
        name.as_posix(): sha256(path.read_bytes()).hexdigest()
        for name, path in found.items()
        if name.parts[0] not in UNBUILT and name.name != "built.json"
    }


@pytest.mark.parametrize(("kind", "folder"), [("sources", WEB), ("built", STATIC)])
def test_the_page_is_what_its_sources_make(kind: str, folder: Path) -> None:
    recorded = json.loads((STATIC / "built.json").read_text("utf-8"))[kind]
    assert recorded == digests(folder), FAULT


def test_the_page_names_no_other_host_and_carries_no_script_of_its_own() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    assert "http" not in page
    assert "<script>" not in page
    assert "style=" not in page


def test_the_first_load_is_small() -> None:
    page = (STATIC / "index.html").read_text("utf-8")
    linked = [name for name in digests(STATIC) if f'"./{name}"' in page and not name.endswith(".svg")]
    fonts = [path for path in STATIC.glob("assets/*-latin-wght-normal-*.woff2")]
    assert len(linked) >= 3
    assert len(fonts) == 2
    copies = [path if (path := STATIC / f"{name}.gz").exists() else STATIC / name for name in linked]
    assert sum(path.stat().st_size for path in [*copies, *fonts]) < FIRST_LOAD


def test_the_packages_of_the_page_name_no_registry() -> None:
    assert '"resolved"' not in (WEB / "package-lock.json").read_text("utf-8")
