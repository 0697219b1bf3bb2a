"""What this machine is and which packages it runs."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from knowledge.embedding.processor import BFLOAT16, CPUINFO, flags

PACKAGES = (
    "chromadb",
    "llama-index-core",
    "numpy",
    "onnxruntime",
    "openai",
    "pydantic",
    "pypdf",
    "pypdfium2",
    "python-docx",
    "sentence-transformers",
    "tantivy",
    "tokenizers",
    "torch",
    "unstructured",
)
# The last one is ARM's.
BF16 = BFLOAT16 | {"bf16"}


def package_versions() -> dict[str, str | None]:
    """The installed version of each package that matters; None for one that is missing."""
    return {name: package_version(name) for name in PACKAGES}


def package_version(name: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def python() -> str:
    """Version and place of the interpreter."""
    return f"{platform.python_version()} ({sys.executable})"


def system() -> str:
    """Operating system and processor family."""
    return f"{platform.system()} {platform.release()}, {platform.machine()}"


def memory_gib() -> float:
    """The machine's memory in GiB."""
    import psutil  # only `doctor` and the workers' limits need it

    return float(psutil.virtual_memory().total) / 2**30


def bf16(cpuinfo: Path = CPUINFO) -> bool | None:
    """Whether the processor multiplies bfloat16 natively; None where the system does not tell."""
    known = flags(cpuinfo)
    return None if known is None else not BF16.isdisjoint(known)
