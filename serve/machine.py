"""What this machine is and which packages it runs."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
BF16 = {"avx512_bf16", "amx_bf16", "bf16"}


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


def bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool | None:
    """Whether the processor multiplies bfloat16 natively; None where the system does not tell."""
    try:
        text = cpuinfo.read_text("utf-8", errors="replace")
    except OSError:
        return None
    flags = next((line for line in text.splitlines() if line.lower().startswith(("flags", "features"))), "")
    return not BF16.isdisjoint(flags.partition(":")[2].split())
