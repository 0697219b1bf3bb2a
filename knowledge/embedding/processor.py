"""What this machine's processor can do, told without importing anything heavy."""

from __future__ import annotations

import os
import sys
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# AVX-512 BF16 (AMD since Zen 4, Intel since Cooper Lake) and AMX (Intel since Sapphire Rapids).
BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
# Products of 8-bit numbers added up without overflow (Intel since Cascade Lake and Alder Lake, AMD since Zen 4).
EIGHT_BIT = frozenset({"avx512_vnni", "avx_vnni"})


def processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def has_bfloat16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether it multiplies bfloat16 natively; elsewhere that is emulated, slowly."""
    return not BFLOAT16.isdisjoint(flags(cpuinfo) or ())


def has_eight_bit(cpuinfo: Path = CPUINFO) -> bool:
    """Whether it multiplies 8-bit numbers exactly and several times as fast as float32."""
    return not EIGHT_BIT.isdisjoint(flags(cpuinfo) or ())


def flags(cpuinfo: Path = CPUINFO) -> frozenset[str] | None:
    """What it can do, as Linux names it; None elsewhere, so that there the ways are taken that are right everywhere."""
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    # "Features" on ARM.
    named = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(named.partition(":")[2].split())
