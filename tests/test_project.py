"""What holds for the project as a whole: packaging, layout, and what importing it may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import distributions, entry_points, packages_distributions
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from serve.cli import Refdesk

ROOT = Path(__file__).parent.parent
PACKAGES = ("knowledge", "ingest", "agents", "eval", "serve")
HEAVY = {
    "chromadb",
    "llama_index",
    "numpy",
    "onnxruntime",
    "openai",
    "opentelemetry",
    "pydantic",
    "rich",
    "sentence_transformers",
    "sqlite3",
    "tantivy",
    "torch",
    "transformers",
    "unstructured",
    "yaml",
}
LIGHT = {"numpy", "pydantic", "rich", "sqlite3", "yaml"}
ONE_ADAPTER = {
    "ahocorasick_rs",
    "authlib",
    "chromadb",
    "docx",
    "joserfc",
    "onnx",
    "onnxruntime",
    "opentelemetry",
    "pypdf",
    "pypdfium2",
    "sentence_transformers",
    "tantivy",
    "torch",
    "unstructured",
}
EXPORTS = {
    "agents": ["AgentBase", "DialogAgent", "LlamaIndexAgent", "Msg", "ReActAgent", "UserAgent", "init"],
    "eval": ["Case", "Gold", "Turn", "load_cases"],
    "knowledge": [
        "ANYONE",
        "Answer",
        "Citation",
        "Document",
        "KnowledgeBank",
        "Library",
        "Passage",
        "Reader",
        "RefdeskError",
    ],
    "ingest": [
        "FileResult",
        "IngestOptions",
        "IngestReport",
        "IngestStopped",
        "Outcome",
        "Progress",
        "ingest",
        "ingest_documents",
        "planned",
    ],
}
LONGEST_FILE = 400
LONGEST_FUNCTION = 50


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_names_belong_to_this_distribution_alone() -> None:
    owners = packages_distributions()
    assert {name: set(owners[name]) for name in PACKAGES} == {name: {"refdesk"} for name in PACKAGES}


def test_every_package_is_listed_and_every_listed_package_exists() -> None:
    listed = project()["tool"]["setuptools"]["packages"]  # type: ignore[index]  # the file's shape is known
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in sources(*PACKAGES) if path.name == "__init__.py"}
    assert set(listed) == found


@pytest.mark.parametrize("package", PACKAGES)
def test_what_a_package_exports_changes_only_on_purpose(package: str) -> None:
    module = import_module(package)
    exported = getattr(module, "__all__", [])
    assert exported == EXPORTS.get(package, [])
    assert all(hasattr(module, name) for name in exported)


def test_no_index_would_accept_an_upload_by_mistake() -> None:
    assert "Private :: Do Not Upload" in project()["project"]["classifiers"]  # type: ignore[index]  # as above


def test_the_command_is_installed() -> None:
    assert [script.value for script in entry_points(group="console_scripts", name="refdesk")] == ["serve.cli:main"]


def test_the_constraints_pin_every_direct_dependency() -> None:
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines("constraints.txt")}
    table: dict[str, list[str]] = project()["project"]  # type: ignore[assignment]  # as above
    wanted = {requirement.partition(">=")[0].lower() for requirement in table["dependencies"]}
    assert wanted <= pinned


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_the_first_release_of_every_python_that_is_supported_can_install_what_is_pinned(python: str) -> None:
    """Debian 12 stays at Python 3.11.2, and pip takes what a later one needs for a conflict that it cannot resolve."""
    known = {f"{it.name}=={it.version}": it.metadata for it in distributions()}
    needs = {pin: held["Requires-Python"] for pin, held in known.items() if "Requires-Python" in held}
    assert not [pin for pin in lines("constraints.txt") if python not in SpecifierSet(needs.get(pin, ""))]


def lines(name: str) -> list[str]:
    return [line for line in (ROOT / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_a_package_loads_no_model_and_no_index(package: str) -> None:
    assert not loaded_by(f"import {package}") & (HEAVY - LIGHT)


def test_the_help_loads_nothing_heavy() -> None:
    assert not loaded_by("from serve.cli import main\nmain(['--help'])") & HEAVY


@pytest.mark.parametrize("command", [*Refdesk.table])
def test_the_help_of_a_command_loads_no_model_and_no_index(command: str) -> None:
    assert not loaded_by(f"from serve.cli import main\nmain(['{command}', '--help'])") & (HEAVY - LIGHT)


@pytest.mark.parametrize("vendor", sorted(ONE_ADAPTER))
def test_a_vendor_library_has_one_adapter(vendor: str) -> None:
    importing = [path for path in sources(*PACKAGES) if vendor in imported(path)]
    named_for_it = all(path.stem.startswith(f"{vendor}_") for path in importing)
    assert len(importing) <= 1 or named_for_it, importing


def test_only_the_edge_of_the_process_touches_the_environment() -> None:
    touching = {
        str(path.relative_to(ROOT))
        for path in sources(*PACKAGES)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "putenv")
    }
    assert touching <= {"knowledge/settings.py", "serve/cli.py", "ingest/worker_process.py"}


def test_no_file_and_no_function_is_too_long() -> None:
    for path in sources(*PACKAGES):
        assert len(path.read_text("utf-8").splitlines()) <= LONGEST_FILE, path
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.body[-1].end_lineno or 0) - node.body[0].lineno < LONGEST_FUNCTION, f"{path}: {node.name}"


def test_no_file_carries_a_name_that_says_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager"}
    assert not [path for path in sources(*PACKAGES) if path.stem in vague]


def test_nothing_names_a_registry_or_a_place_on_one_machine() -> None:
    words = ["pypi." + "org", "python" + "hosted", "download." + "pytorch", "/wor" + "k/", "/roo" + "t/"]
    texts = [
        path
        for path in (*ROOT.glob("*.*"), *ROOT.glob(".ci/*"), *ROOT.glob("docs/*"), ROOT / "Makefile")
        if path.is_file() and not path.name.startswith(".coverage")
    ]
    for path in (*texts, *sources(*PACKAGES, "tests", "bench", "examples")):
        text = path.read_text("utf-8")
        assert not [word for word in words if word in text], path
